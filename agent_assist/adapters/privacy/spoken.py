"""What people say in a chat in words of their own: "my password is …", "last four 4577", "jo at web dot de".

A word before the value says what it is.  Every pattern is bounded: no text makes one of them slow.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from agent_assist.adapters.privacy.placeholders import Found

_SECRET = re.compile(
    r"\b(?:my |the |new |old )?(?P<word>pass ?words?|pass ?phrase|pwd|pw|pass ?code|passwort|kennwort|contraseña"
    r"|mot de passe|senha|pin(?: code)?|otp|one[- ]time (?:code|password)|cvv|cvc|cvv2|tan|2fa code"
    r"|(?:security|verification|access|confirmation|login|sms) code|code (?:we|you|they) sent)"
    r"(?P<link>\s*(?:is|was|are|=|:|ist|lautet|es|est|é|->)\s*[:=]?\s*|\s+(?=\S*\d))"
    r"[\"'“”‘’`]?(?P<value>[^\s\"“”`,;]{3,64})",
    re.IGNORECASE,
)
_NO_SECRET = re.compile(
    r"(?:wrong|correct|incorrect|not|invalid|expired|required|needed|being|still|too|the|a|an|my|your|missing|weak|safe"
    r"|working|changed|reset|set|on|in|at|to|for|ok|okay|fine|sent|valid|stored|saved|shown|used|hashed|encrypted|never"
    r"|always|only|no|here|there|below|above|empty|blank|case|already|now|so|very|case-sensitive|what|that|this|it|if"
    r"|protected|lost|forgotten|unknown|new|different|longer|shorter|accepted|rejected|denied|secret|private)[.!?]*",
    re.IGNORECASE,
)
_NUMBER = r"[A-Za-z]{0,4}[-/ ]?\d[\dA-Za-z]{0,23}(?:[- /]\d[\dA-Za-z]{0,11}){0,5}"
_CONTEXT: Final = (
    (
        "NATIONAL_ID",
        (
            r"ssn|social(?: security)?(?: (?:number|no))?|national insurance(?: number)?|tax id|id card|identity card"
            r"|(?:national|thai|personal|citizen|resident) (?:id(?:entity|entification)?|registration)|isikukood|taj(?: szám)?|cnp"
            r"|снилс|инн|іпн|рнокпп|bürgernummer|burgerservicenummer|bsn|fødselsnummer|cpr|ahv|curp|rodné číslo|numer pesel|pesel"
            r"|sécurité sociale|numéro de sécu|sozialversicherungsnummer|sv-nummer|nino|nhs(?: number)?|medicare|aadhaa?r|tfn"
            r"|codice fiscale|personnummer|henkilötunnus|kimlik no|身份证号码?|주민등록번호"
        ),
    ),
    ("CARD", r"(?:credit |debit )?card(?: (?:number|no|nr))?|visa|mastercard|amex|kartennummer"),
    (
        "ACCOUNT",
        r"(?:bank |savings |checking )?(?:account|acct|a/c)|kontonummer|kundennummer|customer(?= (?:number|no|id))",
    ),
    (
        "POLICY",
        r"policy|polic[ey]id|insurance(?= (?:number|no|id))|police(?=nnummer)|versicherungsnummer|contract|vertragsnummer",
    ),
    ("CLAIM", r"claim|claimid|schadennummer"),
    (
        "ORDER",
        (
            r"order|booking(?: confirmation)?|confirmation|reservation|invoice|tracking|shipment|ticket|reference|pnr"
            r"|bestellnummer|bestellung|rechnungsnummer|sendungsnummer|pedido|commande|ref"
        ),
    ),
)
_MARK = r"(?:(?:\s*(?:number|numbers|num|no|nr|id|code|ref|reference|#)\.?)(?:\s+(?:is|was|ist|es|est))?|\s+(?:is|was|ending(?: in| with)?|ends(?: in| with)?))\s*[:=#]?\s*"
_LABELLED = tuple(
    (
        kind,
        re.compile(
            rf"\b(?:{words})(?:{_MARK}|\s*[:=#]\s*|\s+(?=\d{{4,}}))({_NUMBER})(?![\w%])", re.IGNORECASE
        ),
    )
    for kind, words in _CONTEXT
)
_NAMED_AFTER = tuple(
    (
        kind,
        re.compile(
            rf"(?<![\w-])({_NUMBER})\s+(?:is|ist|es|est|é)\s+(?:my|our|the|her|his|meine?|mi|mon|ma|minha|o meu)\s+(?:{words})(?!\w)",
            re.IGNORECASE,
        ),
    )
    for kind, words in _CONTEXT
)
"""The other way round: "4577 is my ssn"."""
_TELLS_AFTER = re.compile(
    r"[\dA-Z]\s+(?:is|ist|es|est|é)\s+(?:my|our|the|her|his|mein|mi|mon|ma|o meu)", re.IGNORECASE
)
_LAST_FOUR = re.compile(
    r"\b(?:last|final|letzten|últimos)\s+(?:four|4|vier|cuatro)(?:\s+(?:digits?|numbers?|ziffern|dígitos))?"
    r"(?P<of>(?:\s+[a-z]+){0,6}?)\s*(?:is|are|:|=|\?(?:\s*(?:customer|client|user|me)\s*:)?)?\s*(?P<value>\d(?:[ -]?\d){2,4})(?!\d)",
    re.IGNORECASE,
)
_ENDING = re.compile(
    r"\b(?:ending|ends|endet)\s+(?:in|with|auf|on)?\s*[x*•.]{0,16}\s*(\d{3,5})(?!\d)", re.IGNORECASE
)
_BIRTH = re.compile(
    r"\b(?:dob|d\.o\.b\.?|date of birth|birth ?date|birthday|born(?: on)?|geboren(?: am)?|geburtsdatum|geb\.|fecha de nacimiento"
    r"|nac[ií] el|date de naissance|née? le|data de nascimento|nasci em)"
    r"(?:\s*(?:is|was|ist|es|est|é|:|=|on|in))?\s*[:=]?\s*"
    r"(\d{1,2}(?:st|nd|rd|th)?[ ./-]{1,2}(?:\d{1,2}|[A-Za-zäéû]{3,10}\.?)[ ./,-]{1,3}\d{2,4}|\d{4}[-/. ]\d{1,2}[-/. ]\d{1,2}"
    r"|[A-Za-zäéû]{3,10}\.? \d{1,2}(?:st|nd|rd|th)?,? \d{4}|\d{6,8})(?!\d)",
    re.IGNORECASE,
)
_SPOKEN_EMAIL = re.compile(
    r"(?<![\w.])[a-z0-9][\w.+-]{0,40}(?: ?(?:\(|\[)? ?(?:dot|punkt|punto|point) ?(?:\)|\])? ?[\w+-]{1,30}){0,3}"
    r" ?(?:\(at\)|\[at\]|\{at\}| at | arroba | @ ) ?[a-z0-9-]{2,40}"
    r"(?: ?(?:\(|\[)? ?(?:dot|punkt|punto|point) ?(?:\)|\])? ?[a-z]{2,15}| ?\.[a-z]{2,10}){1,3}(?!\w)",
    re.IGNORECASE,
)
_RUN_TOGETHER = re.compile(
    r"(?<!\w)[a-z][a-z0-9._-]{1,40}? ?(?:\d{1,5} )?@? ?(?:gmail|g mail|yahoo|hotmail|outlook|rediffmail|protonmail|icloud|ymail|aol|gmx)"
    r"[ .]?(?:dot )?(?:co ?m|com|net|org|co ?in|co ?uk|in|de|fr|es)(?!\w)",
    re.IGNORECASE,
)
_PROVIDER = re.compile(r"mail|yahoo|outlook|icloud|aol|gmx", re.IGNORECASE)


def spoken(text: str) -> Iterator[Found]:
    """All of it; texts without a digit are looked at for passwords and spelled addresses only."""
    lowered = text.lower()
    if _mentions(lowered):
        yield from _secrets(text)
    if " at " in lowered or "at)" in lowered or "at]" in lowered or "arroba" in lowered or " @" in text:
        for match in _SPOKEN_EMAIL.finditer(text):
            yield "EMAIL", match.start(), match.end()
    if _PROVIDER.search(lowered):
        for match in _RUN_TOGETHER.finditer(text):
            yield "EMAIL", match.start(), match.end()


def labelled_numbers(text: str) -> Iterator[Found]:
    """Numbers that a word names.  Call it for texts that hold a digit."""
    for match in _BIRTH.finditer(text):
        yield "DATE_OF_BIRTH", match.start(1), match.end(1)
    for match in _LAST_FOUR.finditer(text):
        yield _whose(match.group("of")), match.start("value"), match.end("value")
    for kind, pattern in (*_LABELLED, *(_NAMED_AFTER if _TELLS_AFTER.search(text) else ())):
        for match in pattern.finditer(text):
            value = match.group(1)
            if sum(c.isdigit() for c in value) >= 3:
                yield kind, match.start(1), match.end(1)
    for match in _ENDING.finditer(text):
        yield "CARD", match.start(1), match.end(1)


def _mentions(lowered: str) -> bool:
    return any(
        word in lowered
        for word in ("pass", "pw", "pin", "otp", "code", "cv", "tan", "wort", "contras", "senha")
    )


def _secrets(text: str) -> Iterator[Found]:
    for match in _SECRET.finditer(text):
        value = match.group("value").rstrip(".!?)'’")
        plain = match.group("word").lower() in ("tan", "pin", "pw") or "code" in match.group("word").lower()
        if len(value) < 3 or _NO_SECRET.fullmatch(value) or (plain and not any(c.isdigit() for c in value)):
            continue
        yield "PASSWORD", match.start("value"), match.start("value") + len(value)


def _whose(words: str) -> str:
    lowered = words.lower()
    if "soc" in lowered or "ssn" in lowered:
        return "NATIONAL_ID"
    return "ACCOUNT" if "acc" in lowered else "CARD"
