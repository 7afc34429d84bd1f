"""How far the classifier is believed: it has learnt from English chats, written without capitals.

In another language nearly every word is strange to it, so that there only what it is sure of counts, and the
rules do the rest.  Dates of orders are no dates of birth, and in a text with capitals a name has one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Final

from agent_assist.adapters.language import PackagedLanguageDetector
from agent_assist.adapters.privacy.placeholders import Found

_LEAST_LETTERS: Final = 20
"""Letters below which a text's language is not asked for: "ok sam rodriguez" is Spanish to a detector."""
_SURE: Final = 0.8
"""Of the detector: an address without any English word is French to it by 0.6."""
_BIRTH: Final = re.compile(
    r"birth|\bborn\b|\bd\.?o\.?b\b|\bgeb(?:oren|urt|\.)|nacimiento|nacid[oa]|naissance|\bn[ée]e? le\b"
    r"|nascimento|nascid[oa]",
    re.IGNORECASE,
)
_OF_LATE: Final = re.compile(r"\d{1,2}|(?:.*[^\w])?20[1-9]\d|20[1-9]\d-\d\d-\d\d")
"""A day alone, and dates of these years: of an order, not of a customer."""
_SENTENCE_START: Final = re.compile(r"(?:\A|[.!?]\s+|\n\s*)([^\W\d_])")
_FEW_WORDS: Final = 8
"""Words below which a text does not show whether its writer uses capitals."""
_LABEL_WORDS: Final = frozenset(
    re.findall(
        r"\S+", "iban bic swift nino ssn cvv cvc pin otp vat id dob ref no nr customer order ip key wallet"
    )
)
"""Words that announce a value and are none."""


def is_foreign(text: str) -> bool:
    """Whether the text is surely not English; False for what is too short to tell."""
    if sum(c.isalpha() for c in text[:400]) < _LEAST_LETTERS:
        return False
    language, confidence = _detector().detect(text)
    return language not in ("", "en") and confidence >= _SURE


def plausible(text: str, found: Sequence[Found], question: str, company: str = "") -> list[Found]:
    """What of the classifier's finds in one text can be what it says.

    `question` is the text before; `company` the company's name, which is nobody's.
    """
    if not found:
        return []
    own = set(company.casefold().split())
    kept = [
        (kind, start, end)
        for kind, start, end in found
        if not _announces(kind, text[start:end])
        and not (kind == "NAME" and own and own.issuperset(text[start:end].casefold().split()))
    ]
    if not (_BIRTH.search(text) or _BIRTH.search(question)):
        kept = [f for f in kept if f[0] != "DATE_OF_BIRTH" or not _OF_LATE.fullmatch(text[f[1] : f[2]])]
    if any(f[0] == "NAME" and text[f[1]].islower() for f in kept) and _with_capitals(text):
        kept = [f for f in kept if f[0] != "NAME" or not text[f[1] : f[2]].islower()]
    return kept


def _announces(kind: str, value: str) -> bool:
    """Whether it is a word like "IBAN", which the number after it made likely."""
    return (kind == "NAME" or value.isupper()) and value.casefold().strip(".:#") in _LABEL_WORDS


def _with_capitals(text: str) -> bool:
    """Whether the writer begins sentences with a capital, and has written enough to show it."""
    starts = _SENTENCE_START.findall(text)
    return len(text.split()) >= _FEW_WORDS and all(letter.isupper() for letter in starts) and bool(starts)


@cache
def _detector() -> PackagedLanguageDetector:
    return PackagedLanguageDetector()
