"""What the other side asked for: a bare "4577" after "last four digits of your ssn?" is one.

The question tells the type of what answers it: of numbers that no rule knows, and of words that the
classifier found but could only guess the type of.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final

from agent_assist.adapters.privacy.placeholders import Found

_NUM: Final = r"(?:number|numbers|num|no|nr|id|code|digits?|#|reference|ref|nummer|numéro|número|numero)\b"
_OF: Final = r"(?:digits?|numbers?|four|4|zahlen|ziffern|dígitos|chiffres)\s+(?:of|on|from|for|in|der|de|da|du)\s+(?:[\w'’]+\s+){0,5}?"
_END: Final = r"\s*(?:please|pls)?\s*[?.]?\s*$"


def _numbered(words: str) -> str:
    """Asks for a thing's number: "policy number", "last four digits of the card", "and the policy?"."""
    return (
        rf"\b(?:{words})(?:['’]?s)?\s*{_NUM}|{_OF}(?:{words})\b|\b(?:your|the|what)\s+(?:{words}){_END}"
        rf"|\b(?:nummer|número|numéro|numero)\s+(?:de|du|da|der|di)\s+(?:[\w'’]+\s+)?(?:{words})\b"
    )


_ASKED: Final = tuple(
    (kind, re.compile(pattern, re.IGNORECASE))
    for kind, pattern in (
        ("NATIONAL_ID", (r"\bssn\b|\bsocials?\b(?!\s+media)|national insurance|\bnino\b|tax (?:id|file|payer)|taxpayer|passport|driver'?s'? licen"
            r"|driving licen|aadhaa?r|\bpan card|\bid card|identity card|national id|sozialversicherung|steuer-?id|ausweis|\bdni\b|\bnie\b|\bcpf\b"
            r"|sécurité sociale|codice fiscale|burgerservice|personnummer|pesel")),
        ("CARD", _numbered(r"(?:(?:credit|debit|bank|gift)\s+)?card|visa|mastercard|amex|kreditkarte|karte|tarjeta|carte|cartão")
            + r"|\bwhich card|\bcard\b[^.?!]{0,30}\b(?:end|last)|\b(?:last|final)\b[^.?!]{0,40}\bcard|kartennummer"),
        ("ACCOUNT", _numbered(r"(?:(?:bank|savings|checking|customer)\s+)?(?:account|acct)|a/c|customer|member|konto|cuenta|compte|conta")
            + r"|\b(?:which|what) account|kontonummer|kundennummer|\biban\b|\baccount\s+ending"),
        ("POLICY", _numbered(r"(?:insurance\s+)?polic(?:y|ies)|contract|vertrag|póliza|police") + r"|policyid|versicherungsnummer|vertragsnummer"),
        ("CLAIM", _numbered(r"claims?|schaden") + r"|claimid|schadennummer"),
        ("ORDER", _numbered(r"(?<!in )orders?(?! to)|booking(?:\s+confirmation)?|confirmation|reservation|invoice|tracking|shipment|ticket|bestellung|pedido|commande")
            + r"|\b(?:booking|reservation|confirmation)\s+(?:reference|number)|\bpnr\b|bestellnummer|buchungsnummer|rechnungsnummer|reference number"),
        ("PASSWORD", (r"pass ?words?|pass ?phrase|pass ?code|passwort|kennwort|contraseña|mot de passe|senha|\bpin\b(?! ?code\s+of)|\botp\b|one[- ]time"
            r"|(?:security|verification|access|login|sms|2fa)\s+code|code (?:we|i|that)\b|\bcvv\b|\bcvc\b")),
        ("DATE_OF_BIRTH", r"date of birth|birth ?da(?:te|y)|\bd\.?o\.?b\b|were you born|geburt|fecha de nacimiento|date de naissance|data de nascimento"),
        ("PHONE", r"\b(?:phone|mobile|cell|contact|telephone|call ?back)(?:\s+phone)?\s*(?:number|no\b|#)|number (?:can|should|do|may|to) (?:we|i|you)|telefonnummer"
            r"|handynummer|número de teléfono|numéro de téléphone|reach you (?:at|on)|best number|\byour (?:phone|mobile|cell)" + _END),
        ("ADDRESS", r"zip|post(?:al)? ?code|postleitzahl|\bplz\b|código postal|code postal"),
    )
)  # fmt: skip
_ASKS: Final = re.compile(
    r"\?|\b(?:may|can|could|would|will|please|pls|provide|confirm|tell|give|share|enter|verify|need|require|what|which|send|let me"
    r"|bitte|nennen|welche|por favor|indique|cuál|quel|veuillez|qual|informe|last (?:four|4))\b",
    re.IGNORECASE,
)
_SENTENCE: Final = re.compile(r"[^.?!\n]*(?:[?!\n]|\.(?!\w)|$)")
_NUMBER: Final = re.compile(
    r"(?<![\w.,$€£@/-])(?:[A-Za-z]{1,4}[- ]?)?#?\d(?:[\dA-Za-z]|[- ](?=\d)){1,24}(?![\w%@€$£/-]|[.,:]\d)"
)
_DATE: Final = re.compile(
    r"(?<![\w.,/-])(?:\d{1,2}(?:st|nd|rd|th)?[ ./-]{1,2}(?:\d{1,2}|[A-Za-zäéû]{3,10}\.?)[ ./,-]{1,3}(?:19|20)?\d{2}"
    r"|(?:19|20)\d{2}[-/. ]\d{1,2}[-/. ]\d{1,2}|[A-Za-zäéû]{3,10}\.? \d{1,2}(?:st|nd|rd|th)?,? (?:19|20)\d{2}|\d{6}|\d{8})(?![\w]|[./-]\d)"
)
_FIRST_WORDS: Final = frozenset(
    re.findall(r"\S+", "is its it are no number and the to at in on of was for id or my")
)
_DATE_LIKE: Final = re.compile(r"(?:19|20)\d{2}-\d{1,2}-\d{1,2}|\d{1,2}-\d{1,2}-(?:19|20)\d{2}")
_PREFIX: Final = re.compile(r"([A-Za-z]+)[- ]")
_CODES: Final = frozenset({"ORDER", "POLICY", "CLAIM"})
"""Numbers of which a word before may be a part: "abc 4577"."""
_LONG: Final = 12
"""Words of an answer beyond which a number in it may be anything."""
_READ: Final = 600
"""Characters at the end of a message that may hold the question."""
_LEAST: Final = {"PHONE": 6, "ADDRESS": 4, "NATIONAL_ID": 3, "CARD": 3, "DATE_OF_BIRTH": 5}
_MOST: Final = {"ADDRESS": 6, "NATIONAL_ID": 14, "CARD": 19}
"""Digits; 3 and 20 for the others."""


@lru_cache(maxsize=512)
def asked_for(question: str) -> tuple[str, ...]:
    """The types that a message asks for, in its order.  Empty for one that asks for nothing."""
    kinds: dict[str, int] = {}
    for sentence in _SENTENCE.finditer(question[-_READ:]):
        if _ASKS.search(sentence.group()):
            for kind, pattern in _ASKED:
                if at := pattern.search(sentence.group()):
                    kinds.setdefault(kind, sentence.start() + at.start())
    return tuple(sorted(kinds, key=lambda k: kinds[k]))


def answers(text: str, asked: Sequence[str]) -> Iterator[Found]:
    """Bare numbers that answer what was asked for.  Call it for texts that hold a digit."""
    if not asked or len(text.split(maxsplit=_LONG + 1)) > _LONG:
        return
    left = list(asked)
    if "DATE_OF_BIRTH" in left:
        for match in _DATE.finditer(text):
            yield "DATE_OF_BIRTH", match.start(), match.end()
            left.remove("DATE_OF_BIRTH")
            break
    for match in _NUMBER.finditer(text):
        word = _PREFIX.match(match.group())
        after = match.start() + word.end() if word else match.start()
        if _DATE_LIKE.fullmatch(text[after : match.end()]):
            continue
        joined = word is not None and word.group(1).lower() not in _FIRST_WORDS
        for kind in left:
            start = match.start() if joined and kind in _CODES else after
            if fits(kind, text[start : match.end()]):
                yield kind, start, match.end()
                if len(left) > 1:
                    left.remove(kind)
                break


def typed(text: str, found: Sequence[Found], asked: Sequence[str]) -> list[Found]:
    """What the classifier found, with the type that was asked for where its own was not."""
    if not asked:
        return list(found)
    left = [k for k in asked if all(k != own for own, _, _ in found)] or list(asked)
    result: list[Found] = []
    for kind, start, end in found:
        if kind not in asked and kind not in ("NAME", "EMAIL"):
            value = text[start:end]
            kind = next((k for k in left if fits(k, value)), kind)
        result.append((kind, start, end))
    return result


def fits(kind: str, value: str) -> bool:
    """Whether the value may be what was asked for."""
    digits = sum(c.isdigit() for c in value)
    if kind == "DATE_OF_BIRTH":
        return _DATE.fullmatch(value) is not None
    letters = sum(c.isalpha() for c in value)
    if kind in ("CARD", "PHONE") and letters:
        return False
    return _LEAST.get(kind, 3) <= digits <= _MOST.get(kind, 20)
