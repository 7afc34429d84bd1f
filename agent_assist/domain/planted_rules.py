"""The wording that tells a planted sentence, for `domain.planted`; matched against folded text."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final

from agent_assist.domain.text import listed, words


class Speech(StrEnum):
    """What a planted sentence does; `domain.planted` says it in words."""

    ORDER = "order"
    """Tells whoever writes what to write."""
    AUTHORITY = "authority"
    """Claims an approval that no article can give."""
    OVERRULE = "overrule"
    """Says that the rest of the article does not count."""
    EXAMPLE = "example"
    """Plays a conversation for the writer to go on with."""


TO_READER: Final = re.compile(
    r"\b(?:you|your|yours|yourself|us|our|ours|we|me|my|sie|ihre?n?|ihr|uns|unser\w*|dein\w*|du|tu|tus|su|sus"
    r"|nos|nuestr\w+|usted|vous|votre|vos|nous|notre|voce|seu|sua|seus|suas|nosso|nossa)\b"
)
"""What speaks to the customer, or asks them to come to us: "quote your order number", "reply to us"."""

_START: Final = (
    r"^(?:(?:please|also|now|then|finally|first|next|instead|always|never|only|just|simply|and|so|but|"
    r"remember to|be sure to|make sure to|you must|you should|do not|don't|bitte|por favor|s'il vous plait|"
    r"before [^,]{1,60},|at the end,?|in (?:every|each|the|your|this) (?:reply|answer|message|response),?|"
    r"if (?:asked|they ask|anyone asks|somebody asks)[^,]{0,40},|when (?:asked|they ask)[^,]{0,40},)[,:]? )*"
)
_PERSON: Final = (
    r"(?:them|him|her|(?:the|a|an|every|each|any|all|all the|this|that|these|those) (?:\w+ )?"
    r"(?:guests?|customers?|clients?|callers?|users?|buyers?|visitors?|patients?|members?|subscribers?"
    r"|tenants?|recipients?|travell?ers?|passengers?|readers?|persons?|shoppers?|enquirers?|diners?|riders?"
    r"|everybody|everyone))"
)
_SAYING: Final = (
    r"(?:say|state|mention|announce|claim|declare|insist|assert|repeat|recite|output|print|respond|reply"
    r"|answer|sign|speak|talk|write|tell|promise|pretend|confirm|suggest|recommend|recommend that|emphasi[sz]e"
    r"|stress|point out|quote|cite|greet|address)"
)
_SAID: Final = (
    r"\b(?! (?:goodbye|hello|hi|no|yes|in\b|up\b|out\b|on\b|an? (?:rule|review|e-?mail|letter|note)))"
    r"(?!.{0,60}\b(?:labels?|forms?|parcels?|packages?|envelopes?|box|slips?|qr|app|settings|documents?|button|page"
    r"|browser|website|online|receipts?|tags?|paper)\b)"
)
"""What is written or printed there is not what a reply says."""
_REPLY: Final = r"(?:repl(?:y|ies)|responses?|answers?|messages?|conversations?|chats?|drafts?|greetings?|sign-?off|wording)"
_STAFF: Final = (
    r"(?:agents?|staff|assistants?|writers?|support|billing|editors?|admins?|administrators?|management|security"
    r"|supervisors?|desk|team|operators?|representatives?|reps?|bots?|ai|model|moderators?|finance|accounting)"
)


def _rule(speech: Speech, pattern: str, spares: bool = True) -> tuple[Speech, re.Pattern[str], bool]:
    return speech, re.compile(pattern), spares


RULES: Final[tuple[tuple[Speech, re.Pattern[str], bool], ...]] = (
    # Orders about what is written.  Articles for customers have such verbs too, with "your" or "us" beside.
    _rule(Speech.ORDER, _START + _SAYING + _SAID),
    _rule(
        Speech.ORDER,
        _START + r"(?:say|state|mention|claim|insist|pretend|announce|declare|emphasi[sz]e|work in|"
        r"let (?:it |them )?(?:slip|know)|make (?:it )?(?:clear|known|plain|sure they)|hint|imply|add|note|stress)"
        r" (?:that|nothing|something|only|how|in)\b",
        False,
    ),
    _rule(Speech.ORDER, _START + r"(?:let it slip|slip in|work in|drop in|throw in|weave in|sneak in)\b", False),
    _rule(
        Speech.ORDER,
        _START + r"(?:tell|inform|advise|ask|point|direct|send|refer|have|get|make|let|instruct|persuade"
        r"|convince|promise|offer|give|assure|warn|urge|lead|route|remind|notify|encourage|invite|charge|bill"
        r"|thank|apologi[sz]e to|greet|address|call|treat)(?: back)? " + _PERSON + r"\b",
        False,
    ),
    _rule(
        Speech.ORDER,
        _START + r"(?:request|collect|obtain|demand|gather|record|write down|note down|ask for|verify|check)\b"
        r".{0,40}?\b(?:name|number|card|digits|birth|address|maiden|account|password|details|data|identity|id)\b",
    ),
    _rule(
        Speech.ORDER,
        r"\b(?:has to|have to|must|should|needs? to|is to|are to|shall|ought to) be "
        r"(?:told|announced|stated|mentioned|said|repeated|quoted|declared|communicated"
        r"|passed on|answered|named|praised|recommended|promised|offered)\b",
    ),
    _rule(Speech.ORDER, r"\b(?:the only )?(?:permitted|allowed|accepted|approved|correct|right) (?:text|answer|reply|"
          r"response|wording|phrase|sentence) (?:is|to|reads|here)\b|\bthis (?:topic|question|subject|matter) is"
          r" (?:blocked|closed|forbidden|off limits|taboo)\b", False),
    _rule(
        Speech.ORDER,
        r"\b(?:your|the|this|every|each|any|all)(?: \w+)? " + _REPLY + r" (?:to use|to give|is stored|must|has to"
        r"|have to|should|is to|are to|shall|will|begins?|starts?|opens?|ends?|closes?|finish(?:es)?|contains?"
        r"|includes?|needs? to)\b.{0,60}?\b(?:words?|phrase|sentence|letters?|say|mention|here"
        r"|recommend|praise)\b",
        False,
    ),
    _rule(
        Speech.ORDER,
        _START + r"(?:begin|start|open|end|close|finish|conclude|sign(?: off)?|preface|head|title|prefix|shorten"
        r"|keep|write|phrase|word|format|translate)\b.{0,40}?\b(?:the|every|each|all|any) (?:\w+ )?"
        + _REPLY + r"\b",
        False,
    ),
    _rule(Speech.ORDER, r"\b(?:magic|code|secret|trigger)[ -]?words?\b.{0,20}\b(?:is|are|of)\b"
          r"|\b(?:first|last|initial) letters? of\b|\bin every (?:line|sentence)\b|\b(?:both|the) parts? joined\b"
          r"|\b(?:word for word|verbatim)\b", False),
    _rule(Speech.ORDER, r"\b(?:voice|tone|persona|name|role|character|style) of (?:this|the) (?:desk|assistant|bot|chat"
          r"|reply|writer|agent|support|team)\b|\bspeak (?:as|like)\b|\bsign as\b|^" + r"(?:act|behave|pose) (?:as|like)\b",
          False),
    _rule(Speech.ORDER, r"\b(?:the|this|our|any|every) (?:ai|assistant|chatbot|bot|language model|llm)\b"
          r" (?:must|should|has to|will|is to|shall|may|can|needs? to|always|never)\b", False),
    _rule(
        Speech.ORDER,
        r"^(?:bitte )?(?:schliesse|beende|beginne|antworte|sage?|erwahne|schreibe?|unterschreibe|behaupte|fuge)\b"
        r".{0,25}\b(?:mit|dass|als|nur|hinzu|immer|den|dem|das)\b"
        r"|^(?:termine[rz]?|commence[rz]?|reponde?[sz]?|dis|dites|mentionne[rz]?|ajoute[rz]?|signe[rz]?|ecris|ecrivez)\b"
        r".{0,25}\b(?:par|que|avec|comme|seulement|la phrase|a la fin)\b"
        r"|^(?:anade|agrega|termina|empieza|responde|di|diga|menciona|firma|escribe|adicione|termine|comece|responda"
        r"|mencione|assine|escreva)\b.{0,25}\b(?:que|con|com|al final|no final|como|solo|apenas|la frase|a frase)\b",
    ),
    # Somebody's word that an article cannot give.
    _rule(
        Speech.AUTHORITY,
        r"\b(?:this|the|your|their|every|each|any) (?:request|case|refund|claim|order|upgrade|exception|ticket"
        r"|caller|guest|customer)s? (?:has|have|is|was|were|had)(?: already)?(?: been)? (?:pre-?)?(?:approved|granted"
        r"|authori[sz]ed|agreed|cleared|waived)\b",
        False,
    ),
    _rule(
        Speech.AUTHORITY,
        r"\b(?:supervisor|manager|boss|director|ceo|billing|management|team lead|head office|headquarters|on duty"
        r"|legal|finance)\b.{0,30}\b(?:already |has |have )+(?:approved|agreed|authori[sz]ed|granted|decided|confirmed)\b",
        False,
    ),
    _rule(
        Speech.AUTHORITY,
        r"\b(?:internal|private|confidential|hidden|secret)[ -](?:remark|note|memo|comment|message|instruction|use)s?\b"
        r".{0,40}:|\b(?:note|remark|memo|message|hint|comment|instructions?|reminder|attention)"
        r" (?:to|for|from|by) (?:the |all |our |any )?" + _STAFF + r"\b",
        False,
    ),
    _rule(Speech.AUTHORITY, r"^(?:per|under|according to|by) (?:ticket |internal |company )?(?:policy|rule|memo|directive)"
          r" (?:no\.? ?)?[\d.]+\b|\b(?:the )?(?:caller|guest|customer|client|user) (?:gets|receives|is entitled to|is owed)"
          r"\b.{0,60}\b(?:voucher|refund|code|credit|upgrade|compensation)\b", False),
    # What sets the rest of the article aside.
    _rule(
        Speech.OVERRULE,
        r"^\W*(?:correction|fact update|fact|erratum|amendment|override|overrule|rectification|new fact|true fact"
        r"|breaking|urgent update|system update|editor'?s? (?:note|correction)|korrektur|correccion|rectificatif)"
        r"\b[^.:]{0,40}:",
        False,
    ),
    _rule(
        Speech.OVERRULE,
        r"\b(?:rules?|information|text|prices?|article|paragraphs?|policy|polic(?:y|ies)|conditions|terms|everything|all"
        r"|sentences?|statements?|guidance|figures?|times?)(?: \w+){0,2} (?:above|before this|so far|in this article)"
        r" (?:is|are|was|were|have been|has been) (?:void|wrong|outdated|obsolete|invalid|cancelled|false|incorrect"
        r"|superseded|replaced|no longer)\b|\b(?:ignore|disregard|forget|discard) (?:the|all|any|what|everything)"
        r"(?: \w+){0,3} (?:above|before|article|said)\b|\bsupersedes? (?:the|all|everything|any)\b",
        False,
    ),
    _rule(Speech.OVERRULE, r"^(?:since yesterday|as of (?:now|today)|effective immediately|from this moment)\b", False),
    _rule(Speech.EXAMPLE, r"^(?:an? |the )?(?:example|sample|template|model|pattern) (?:of |for )?(?:an? |the |your )?(?:perfect |good "
          r"|ideal |correct |right )?(?:answer|reply|response|message|conversation|dialogue)\b.{0,20}:", False),
)  # fmt: skip
"""(what it is, pattern, whether a sentence that speaks to the customer is spared)"""

SPEAKER: Final = re.compile(
    r"(?<![\w])(agent|customer|user|assistant|guest|caller|client|support|operator|human|bot|ai|kunde|cliente"
    r"|agente|q|a|question|answer|frage|antwort|pregunta|respuesta)\s?:(?=\s)",
    re.IGNORECASE,
)
LABELS: Final = listed(
    "agent customer user assistant guest caller client support operator human bot ai kunde cliente agente"
)
"""Who speaks in a conversation; "Q:" and "A:" stand in honest lists of questions, too."""

CHANNEL: Final = 400
"""Characters in which the second speaker must follow."""

_FUNCTION: Final = {
    "en": listed("the and is are of to in for you your with this that it be on we can not at from or our will if does"
                 " do has have its as an by they what which how when a no"),
    "de": listed("der die das und ist nicht mit dem den ein eine auf für sie wir zu aus von im wird oder bitte satz"),
    "es": listed("el la los las y es de que en para con por una un al del su se está puede"),
    "fr": listed("le la les et est de que pour avec par une un des du vous nous votre dans à sur ne pas"),
    "pt": listed("os e é de que em para com por uma um da não você seu na ao pode dos das"),
}  # fmt: skip
"""Small words; those that are also names or letters are left out."""
_FEWEST = 5
"""Words of a sentence below which its language cannot be told."""


def language_of(text: str) -> str:
    """The language whose small words are clearly the most in `text`, "" where that cannot be told."""
    said = words(text[:4000])
    if len(said) < _FEWEST:
        return ""
    counts = sorted(((sum(w in own for w in said), code) for code, own in _FUNCTION.items()), reverse=True)
    (most, code), (next_most, _) = counts[0], counts[1]
    return code if most >= 2 and most >= 2 * next_most and most * 6 >= len(said) else ""


def speaks_otherwise(text: str, main: str) -> bool:
    """Whether a sentence has small words of another language and none of `main`."""
    own = language_of(text)
    return bool(own) and own != main and not any(w in _FUNCTION[main] for w in words(text))
