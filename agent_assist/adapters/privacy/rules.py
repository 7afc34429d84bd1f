"""Personal data found by rules: patterns with their check digits, and what the ticket itself names.

Fast enough to run on every message (thousands of short texts a second): one cheap look for a digit,
an @ or a scheme decides whether the dearer rules run at all.  Names that only the text mentions are
out of a rule's reach; what the ticket knows (its customer, its fields) is found wherever it stands.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

import phonenumbers

from agent_assist.adapters.privacy.identifiers import identifiers, secrets
from agent_assist.adapters.privacy.normal import folded
from agent_assist.adapters.privacy.placeholders import Entity, Found, Numbering, canonical, without_overlaps
from agent_assist.domain.privacy import name_forms

_EMAIL = re.compile(r"[\w.+%'-]{1,64}@(?:[^\W_](?:[\w-]{0,62}[^\W_])?\.)+[^\W\d_]{2,24}")
_URL = re.compile(r"(?:https?|ftp)://[^\s<>\"'\]\[{}|]+|\bwww\.[^\s<>\"'\]\[{}|]+", re.IGNORECASE)
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]{4}){2,7}(?:[ -]?[A-Z0-9]{1,3})?\b", re.IGNORECASE)
_CARD = re.compile(r"(?<![\w-])\d(?:[ -]?\d){11,18}(?![\w-])")
_IPV4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.]*\w)")
_IPV6 = re.compile(r"(?<![\w:.])(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}(?![\w:])", re.IGNORECASE)
_PHONE = re.compile(r"(?<![\w.,/#-])(?:\+|00)?\(?\d(?:(?:[ \u00a0().\-]{0,3}|/)\d){6,14}(?![\w#]|[.,-]\d)")
_PHONE_WORD = re.compile(
    r"phone|call|mobile|cell|tel\b|tel[.:é]|text me|whats|number is|reach|ring|fax|ruf|anruf|handy|mobil"
    r"|nummer|telefon|llam|móvil|movil|celular|número|numero|appel|portable|joindre|ligar|ligue|contact",
    re.IGNORECASE,
)
_DATE = re.compile(
    r"(?:\d{4}[-/. ]\d{1,2}[-/. ]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4})(?:[ T]\d{1,2}(?:[:.]\d{2})?)?"
)
_TRAILING = ".,;:!?)'\"»”’"

REGIONS = ("US", "GB", "DE", "FR", "ES", "BR", "PT", "MX", "IT", "NL", "IN", "AU", "CH", "AT")
"""Where a number without a country code may be from."""

_SHAPES = {"3-3-4": ("US",), "3-3-3": ("ES", "PT"), "3-2-2-2": ("ES",)}
_PHONE_WORD_REACH = 32
"""Characters before the digits in which a word may say that they are a telephone number."""


class RuleRedactor:
    """Implements ports.Redactor with the rules that rest on a check or an unmistakable shape.

    Cautious: for what a reply is blocked for.  `redactor.TicketRedactor` finds more.
    """

    def redact(self, text: str, known: Sequence[tuple[str, str]] = ()) -> tuple[str, list[Entity]]:
        """Placeholders are `[TYPE_n]`; within one call the same value has the same number."""
        return self.redact_all([text], known)[0]

    def redact_all(
        self, texts: Sequence[str], known: Sequence[tuple[str, str]] = ()
    ) -> list[tuple[str, list[Entity]]]:
        pattern, names = known_pattern(tuple(known))
        numbers = Numbering(names, texts)
        results = []
        for text in texts:
            plain = folded(text)
            found = without_overlaps(
                [*sure_first(plain.text), *named(plain.text, pattern, names), *personal_numbers(plain.text)]
            )
            results.append(numbers.replaced(text, plain.back_all(found)))
        return results


def named(text: str, pattern: re.Pattern[str] | None, names: dict[str, tuple[str, str]]) -> Iterator[Found]:
    """What the ticket knows, wherever it stands."""
    for match in pattern.finditer(text) if pattern else ():
        kind = names.get(" ".join(match.group().casefold().split()))
        if kind:
            yield kind[0], match.start(), match.end()


@lru_cache(maxsize=64)
def known_pattern(
    known: tuple[tuple[str, str], ...],
) -> tuple[re.Pattern[str] | None, dict[str, tuple[str, str]]]:
    """What finds the known values, and for each its type and the value it is counted as: a first
    name counts as the full name it is part of."""
    values = sorted(
        ((k, folded(v).text.strip()) for k, v in known if v.strip()), key=lambda pair: -len(pair[1])
    )
    names: dict[str, tuple[str, str]] = {}
    for kind, value in values:
        spelled = " ".join(value.casefold().split())
        whole = next((w for k, w in names.values() if k == kind and spelled in w.split()), None)
        names.setdefault(spelled, (kind, whole or canonical(kind, value)))
        if kind == "NAME":
            for form in name_forms(value):
                names.setdefault(form.casefold(), (kind, whole or canonical(kind, value)))
    if not names:
        return None, names
    choices = "|".join(re.escape(v).replace(r"\ ", r"\s{1,3}") for v in sorted(names, key=len, reverse=True))
    return re.compile(rf"(?<!\w)(?:{choices})(?!\w)", re.IGNORECASE), names


def sure_first(text: str) -> Iterator[Found]:
    """Keys and addresses that hold names or numbers and are one thing."""
    if any(character.isdigit() for character in text) or "-----BEGIN" in text:
        yield from secrets(text)
    yield from _addresses_of_people(text)


def _addresses_of_people(text: str) -> Iterator[Found]:
    if "://" in text or "www." in text.lower():
        yield from _urls(text)
    if "@" in text:
        yield from (("EMAIL", m.start(), m.end()) for m in _EMAIL.finditer(text))


def personal_numbers(text: str) -> Iterator[Found]:
    """Bank, card, identity and telephone numbers by their form and check digits, IP addresses."""
    if any(character.isdigit() for character in text):
        yield from _ibans(text)
        yield from _cards(text)
        yield from identifiers(text)
        yield from _addresses(text)
        yield from _phones(text)


def _urls(text: str) -> Iterator[Found]:
    """Links that carry something of a person: an account, a query, a fragment, a long token."""
    for match in _URL.finditer(text):
        link = match.group().rstrip(_TRAILING)
        after_scheme = link.split("://", 1)[-1]
        host, _, path = after_scheme.partition("/")
        token = any(len(part) >= 16 and any(c.isdigit() for c in part) for part in path.split("/"))
        if "@" in host or "?" in link or "#" in path or token:
            yield "URL", match.start(), match.start() + len(link)


def _ibans(text: str) -> Iterator[Found]:
    for match in _IBAN.finditer(text):
        value = re.sub(r"[ -]", "", match.group()).upper()
        # The pattern is greedy and may have taken the next short word along: try without it too.
        for end in (match.end(), match.start() + match.group().rfind(" ")):
            value = re.sub(r"[ -]", "", text[match.start() : end]).upper()
            if 15 <= len(value) <= 34 and _iban_digits(value) % 97 == 1:
                yield "IBAN", match.start(), end
                break


def _iban_digits(value: str) -> int:
    return int("".join(str(int(c, 36)) for c in value[4:] + value[:4]))


def _cards(text: str) -> Iterator[Found]:
    for match in _CARD.finditer(text):
        digits = re.sub(r"\D", "", match.group())
        if 12 <= len(digits) <= 19 and len(set(digits)) > 1 and digits[0] in "23456" and _luhn(digits):
            yield "CARD", match.start(), match.end()


def _luhn(digits: str) -> bool:
    total = 0
    for index, character in enumerate(reversed(digits)):
        number = int(character) * (1 + index % 2)
        total += number - 9 if number > 9 else number
    return total % 10 == 0


def _addresses(text: str) -> Iterator[Found]:
    for pattern in (_IPV4, _IPV6):
        for match in pattern.finditer(text):
            value = match.group()
            if pattern is _IPV6 and (value.count(":") < 3 or not any(c.isdigit() for c in value)):
                continue  # "12:30:15" and "::" are no addresses
            try:
                ipaddress.ip_address(value)
            except ValueError:
                continue
            yield "IP", match.start(), match.end()


def _phones(text: str) -> Iterator[Found]:
    for match in _PHONE.finditer(text):
        value = match.group()
        if _DATE.fullmatch(value):
            continue
        before = text[max(0, match.start() - _PHONE_WORD_REACH) : match.start()]
        if value[0] in "+0(" or _PHONE_WORD.search(before):
            regions: tuple[str, ...] = REGIONS
        else:
            # Digits alone are far more often an order or article number: only the grouping that is
            # usual for telephone numbers makes them one.
            shape = "-".join(str(len(group)) for group in re.findall(r"\d+", value))
            regions = _SHAPES.get(shape, ())
        if _is_phone(value, regions):
            yield "PHONE", match.start(), match.end()


@lru_cache(maxsize=4096)
def _is_phone(value: str, regions: tuple[str, ...]) -> bool:
    international = value.startswith(("+", "00"))
    number = "+" + value[2:] if value.startswith("00") else value
    for region in (None,) if international else regions:
        try:
            parsed = phonenumbers.parse(number, region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(parsed):
            return True
    return False
