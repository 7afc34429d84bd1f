"""Names where a letter puts them, and postal addresses: what rules can see without a model."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from agent_assist.adapters.privacy.placeholders import Found

_NAME_WORD = r"(?:[^\W\d_](?:[^\W\d_]|['’.-](?=[^\W\d_])){1,24}|[^\W\d_]\.)"
_NAME = rf"{_NAME_WORD}(?:[ \t]+(?:(?:van|von|de|der|den|da|do|dos|di|del|la|le|el|bin|al|ter|zu)[ \t]+){{0,2}}{_NAME_WORD}){{0,3}}"
_GREETING = re.compile(
    rf"^[ \t>]*(?:hi|hello|hey|dear|good (?:morning|afternoon|evening)|hallo|liebe[r]?|sehr geehrte[r]?|guten (?:tag|morgen)|hola"
    rf"|estimad[oa]|querid[oa]|bonjour|salut|ch[eè]re?|ol[áa]|oi|caro|cara|ciao|gentile|beste|hej|dag)[ \t]+"
    rf"(?:(?:mr|mrs|ms|miss|dr|prof|herr|frau|señor|señora|sr|sra|monsieur|madame|m|mme)\.?[ \t]+)?(?P<name>{_NAME})[ \t]*[,!.:;–-]?[ \t]*$",
    re.IGNORECASE | re.MULTILINE,
)
_TITLE = re.compile(
    r"\b(?:Mr|Mrs|Ms|Miss|Dr|Prof|Herrn?|Frau|Señora?|Sra?|Monsieur|Madame|Mme|mr|mrs|ms|dr)\.?[ \t]+"
    r"(?P<name>(?-i:[^\W\d_a-z\u00df-\u00ff])[^\W\d_]{1,24}(?:[ -](?-i:[^\W\d_a-z\u00df-\u00ff])[^\W\d_]{1,24}){0,2})"
)
_CLOSING = re.compile(
    rf"^[ \t>]*(?:(?:kind|best|warm|many)?[ \t]*regards|best|best wishes|thanks(?: (?:again|in advance|so much|a lot))?|thank you(?: very much)?"
    rf"|many thanks|sincerely|yours(?: (?:sincerely|faithfully|truly))?|cheers|mit freundlichen grüßen|freundliche grüße|viele grüße"
    rf"|(?:beste|liebe) grüße|mfg|lg|vg|saludos(?: cordiales)?|un saludo|atentamente|gracias|cordialement|bien à vous|merci"
    rf"|atenciosamente|obrigad[oa]|abraços|cordiali saluti|grazie|met vriendelijke groet)[ \t]*[,.!–-]{{0,2}}[ \t]*(?:\r?\n[ \t>]*){{1,3}}"
    rf"(?=(?P<name>{_NAME})[ \t]*[,.]?[ \t]*$)",
    re.IGNORECASE | re.MULTILINE,
)
_SIGNED = re.compile(
    r"^[ \t]*(?:--?|—|–|~)[ \t]?(?P<name>(?-i:[^\W\d_a-z])[^\W\d_]{1,24}(?:[ ](?-i:[^\W\d_a-z])[^\W\d_]{1,24}){0,2})[ \t]*\Z",
    re.MULTILINE,
)
_INTRODUCED = re.compile(
    rf"\b(?:my (?:full |first |last |sur|maiden )?name(?:'s|s)?(?: is|:)|name(?: is)?:|the name is|i go by|me llamo|mi nombre es|ich hei(?:ß|ss)e"
    rf"|mein name ist|je m'appelle|mon nom est|meu nome é|me chamo|mi chiamo|mijn naam is)[ \t]+(?P<name>{_NAME_WORD}(?:[ \t]+{_NAME_WORD}){{0,2}})",
    re.IGNORECASE,
)
_I_AM = re.compile(
    r"\b(?:[Tt]his is|I am|I'm|I’m|[Ii]ch bin|[Ss]oy|[Hh]ier ist|[Ss]peaking with|[Aa]sk for)[ \t]+"
    r"(?P<name>(?-i:[^\W\d_a-z])[^\W\d_]{1,24}(?:[ -](?-i:[^\W\d_a-z])[^\W\d_]{1,24}){1,2})"
)
_ORDINARY: Final = frozenset(
    re.findall(
        r"\S+",
        " good morning afternoon evening day night ssn card policy claim booking confirmation member username user contact"
        " kind regards best warm many yours sincerely cheers greetings wishes love sent mit freundlichen freundliche viele"
        " liebe beste grüße saludos atentamente cordialement cordiali atenciosamente abraços merci gracias grazie obrigado"
        " a account address again agent all am an and are as at back be been but by can colleague"
        " colleagues correct could customer damen dear do does e email et eu everybody everyone folks for"
        " friend friends from guys had has have he hello help here herren hi how i ich if in incorrect"
        " info is ist it its je just madam mate misspelled much my nicht no not number o oder of off ok"
        " okay on on-file or order ou out password phone please sales service she sir so sorry spelled"
        " support support's team thank thanks that the there they this to und up very was we were what"
        " when where which who why will with would wrong y yes you your",
    )
)
"""Words after a greeting that are nobody's name."""

_STREET = (
    r"street|str|st|road|rd|avenue|ave|av|lane|ln|drive|dr|boulevard|blvd|court|ct|place|pl|terrace|square|sq|way|close|crescent|cres"
    r"|highway|hwy|parkway|pkwy|circle|cir|alley|nagar|colony|trail|loop|row|gardens?|mews|quay|walk|grove|hill|park|plaza|gate|ridge|run|path"
)
_UNIT = r"(?:[ ,]{1,2}(?:apt|apartment|suite|ste|unit|flat|floor|fl|room|rm|block|door|#)\.?[ ]?#?\w{1,6})?"
_WORD = r"[^\W\d_][\w.'’-]{0,24}"
_TAIL = (
    rf"{_UNIT}(?:[ \t]*[,\n][ \t]*(?-i:[^\W\d_a-z])[\w.'’-]{{1,24}}(?: {_WORD}){{0,2}}){{0,3}}(?:[ ,\n]{{1,3}}(?-i:[A-Z]{{2}}))?"
    r"(?:[ ,\n]{1,3}(?:\d{5,6}(?:-\d{4})?|(?-i:[A-Z]{1,2}\d[\dA-Z]? ?\d[A-Z]{2})))?"
)
_ENGLISH = re.compile(
    rf"(?<![\w.,$€£-])(?:(?:no|door no|flat|house|plot)\.?[ ]?)?\d{{1,6}}[a-z]?(?:[ ,]{{1,2}}(?:\d{{1,5}}|[nsew])\.?)?[ ,]{{1,2}}"
    rf"(?:{_WORD}[ ]){{1,4}}?(?:{_STREET})\b\.?{_TAIL}",
    re.IGNORECASE,
)
_CONTINENTAL = re.compile(
    rf"\b(?:{_WORD}(?:stra(?:ß|ss)e|str\.|weg|gasse|allee|platz|damm|ufer|ring|straat|laan|gracht|plein|gatan|vägen|vej|gata|veien|utca|gade|katu|tie)"
    rf"|(?:am|im|an der|auf der|zum|zur) (?-i:[A-ZÄÖÜ])[\w-]{{2,24}}(?:weg|platz|straße|strasse|berg|ring)?"
    rf"|(?:rue|avenue|boulevard|calle|avenida|paseo|plaza|via|viale|piazza|rua|travessa|ulica|ul\.|náměstí)(?: (?:de|del|de la|des|du|di|da|do|dos))?(?: {_WORD}){{1,3}}?),?"
    rf" (?:n[º°.]? ?)?\d{{1,5}}(?: ?[a-z](?![\w]))?(?:[ ,\n]{{1,3}}\d{{4,6}} (?-i:[^\W\d_a-z])[\w-]{{2,24}})?",
    re.IGNORECASE,
)
_ABROAD: Final = (
    "str", "weg", "gasse", "allee", "platz", "damm", "ufer", "ring", "laan", "gracht", "plein", "gat", "vägen", "vej", "veien",
    "utca", "gade", "katu", "tie ", "am ", "im ", "auf ", "zu", "rue", "avenue", "boul", "calle", "avenida", "paseo", "plaza", "via",
    "piazza", "rua", "travessa", "ul.", "ulica", "nám", "place", "chemin", "allée", "impasse", "quai",
)  # fmt: skip
"""What a street of another country has in its name: a look for these is cheaper than the pattern."""
_FRENCH = re.compile(
    rf"(?<![\w.,-])\d{{1,4}}(?: ?(?:bis|ter))?,? (?:rue|avenue|boulevard|place|chemin|allée|impasse|quai|calle|via)"
    rf"(?: (?:de|du|des|del|della|di|da|do)(?: (?:la|las|los|le|les))?)?(?: {_WORD}){{1,2}}?"
    r"(?:,? \d{5}(?: (?-i:[A-ZÉ])[\w-]{2,24})?|(?=[\s,.;]|$))",
    re.IGNORECASE,
)
_BOX = re.compile(r"\b(?:p\.? ?o\.? ?box|postfach|apartado)[ #]{1,2}\d{1,8}\b", re.IGNORECASE)
_POSTCODE = re.compile(
    r"\b(?:zip(?: ?code)?|post(?:al)? ?code|plz|postleitzahl|código postal|cep|pin ?code)(?: (?:is|ist|es))?[ :=#]{1,3}"
    r"([A-Z]{1,2}\d[\dA-Z]? ?\d[A-Z]{2}|\d{5}-\d{3,4}|\d{4,6})\b",
    re.IGNORECASE,
)
_SAID = re.compile(
    r"\b(?:address|adresse|anschrift|dirección|endereço|live at|lives at|living at|deliver(?:ed)? (?:it )?to|ship(?:ped)? (?:it )?to|moved to|located at)"
    r"(?:[ ](?:is|ist|es|lautet))?[ :]{1,3}(\d{1,5}(?:(?! and | please | to | change )[^\n.;!?@]){5,80})",
    re.IGNORECASE,
)
_NO_STREET = re.compile(
    r"\b(?:days?|weeks?|months?|years?|hours?|minutes?|times?|percent|items?|pieces?|euros?|dollars?|am|pm|is|was|the|and"
    r"|please|to|my|your|then|change|for|with|from|account|number|you|we|i|it|that|this|have|need|want)\b",
    re.IGNORECASE,
)


def names(text: str) -> Iterator[Found]:
    """Whom a letter greets, who signs it and who says their name."""
    for pattern in (_GREETING, _CLOSING, _SIGNED, _TITLE, _INTRODUCED, _I_AM):
        for match in pattern.finditer(text):
            span = _name_part(text, *match.span("name"))
            if span:
                yield "NAME", *span


def _name_part(text: str, start: int, end: int) -> tuple[int, int] | None:
    """The span up to the first word that is no part of a name; None where nothing is left."""
    last = start
    for match in re.finditer(r"\S+", text[start:end]):
        if match.group().strip(".,").lower() in _ORDINARY:
            break
        last = start + match.end()
    while last > start and text[last - 1] in ".,;: ":
        last -= 1
    return (start, last) if last - start > 1 else None


def addresses(text: str) -> Iterator[Found]:
    """Streets with a house number, boxes and post codes.  Call it for texts that hold a digit."""
    lowered = text.lower()
    abroad = any(hint in lowered for hint in _ABROAD)
    for pattern in (_ENGLISH, _FRENCH, _CONTINENTAL) if abroad else (_ENGLISH,):
        for match in pattern.finditer(text):
            if pattern is not _ENGLISH or not _NO_STREET.search(match.group()):
                yield "ADDRESS", match.start(), match.end()
    for match in _BOX.finditer(text):
        yield "ADDRESS", match.start(), match.end()
    for pattern in (_POSTCODE, _SAID):
        for match in pattern.finditer(text):
            yield "ADDRESS", match.start(1), match.end(1)
