"""National identity numbers and wallets, known by their check digits; keys, known by their shape.

Each rule is a pattern and, where the number has one, its check: a plain number of the same length is
left alone.  Sources: the issuing authorities' published algorithms.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from typing import Final

from agent_assist.adapters.privacy.placeholders import Found

_SSN = re.compile(r"(?<![\w-])(?!000|666|9)\d{3}([- ])(?!00)\d{2}\1(?!0000)\d{4}(?![\w-])")
_NINO = re.compile(
    r"\b(?!BG|GB|NK|KN|TN|NT|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D]\b",
    re.IGNORECASE,
)
_DNI = re.compile(r"\b(?:[XYZ][ -]?\d{7}|\d{8})[ -]?[A-Z]\b", re.IGNORECASE)
_CPF = re.compile(r"(?<![\w.-])\d{3}\.?\d{3}\.?\d{3}-?\d{2}(?![\w-])")
_ELEVEN = re.compile(r"(?<![\w.,-])\d{2} ?\d{3} ?\d{3} ?\d{3}(?![\w,-])")
_AADHAAR = re.compile(r"(?<![\w-])[2-9]\d{3}[ -]?\d{4}[ -]?\d{4}(?![\w-])")
_PAN = re.compile(r"\b[A-Z]{3}[ABCFGHLJPT][A-Z]\d{4}[A-Z]\b")
_FISCAL = re.compile(r"\b[A-Z]{6}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}[A-Z]\b", re.IGNORECASE)
_ID_WORD = re.compile(
    r"steuer|tax id|tax number|\btin\b|\btfn\b|idnr|aadhaar|aadhar|uidai|cpf|\bpan\b|\bnie?\b|\bdni\b|\bssn\b|social"
    r"|national id|identity|nhs|passport|reisepass|ausweis|licen[cs]e|nif\b|sozialversicherung",
    re.IGNORECASE,
)
_REACH: Final = 40
"""Characters before a number in which a word may say what it is."""

_KEY = re.compile(
    r"\b(?:sk-(?:proj-|ant-)?[\w-]{16,200}|sk_(?:live|test)_\w{10,200}|[rp]k_(?:live|test)_\w{10,200}|gh[pousr]_\w{20,255}"
    r"|github_pat_\w{20,255}|glpat-[\w-]{16,100}|xox[abposr]-[\w-]{10,200}|AKIA[0-9A-Z]{16}|ASIA[0-9A-Z]{16}"
    r"|AIza[\w-]{30,45}|hf_\w{20,100}|SG\.[\w-]{16,64}\.[\w-]{16,64}|npm_\w{30,50}|pypi-[\w-]{40,300}"
    r"|eyJ[\w-]{8,2000}\.eyJ[\w-]{8,4000}\.[\w-]{8,1000})"
)
_PRIVATE_KEY = re.compile(
    r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[\s\S]{0,8000}?-----END [A-Z ]{0,30}PRIVATE KEY-----"
)
_BITCOIN = re.compile(r"(?<!\w)(?:[13][1-9A-HJ-NP-Za-km-z]{25,34}|bc1[02-9ac-hj-np-z]{11,71})(?!\w)")
_ETHEREUM = re.compile(r"(?<!\w)0x[0-9a-fA-F]{40}(?!\w)")
_MAC = re.compile(r"(?<![\w:-])(?:[0-9A-F]{2}[:-]){5}[0-9A-F]{2}(?![\w:-])", re.IGNORECASE)
_DRIVER = re.compile(
    r"\b(?:driver'?s?'? licen[cs]e|driving licen[cs]e|licen[cs]e (?:no|number)|passport|führerschein|reisepass)"
    r"(?: (?:no|number|nummer|nr))?\.?(?: is)?[:# ]{1,3}([A-Z]{0,3}\d[A-Z0-9-]{4,14})\b",
    re.IGNORECASE,
)


def identifiers(text: str) -> Iterator[Found]:
    """Numbers of persons.  Call it for texts that hold a digit."""
    for match in _SSN.finditer(text):
        yield "NATIONAL_ID", match.start(), match.end()
    for pattern, valid in _CHECKED:
        for match in pattern.finditer(text):
            if valid(re.sub(r"[^0-9A-Za-z]", "", match.group()).upper()):
                yield "NATIONAL_ID", match.start(), match.end()
    for pattern, valid in _IN_CONTEXT:
        for match in pattern.finditer(text):
            before = text[max(0, match.start() - _REACH) : match.start()]
            if valid(re.sub(r"\D", "", match.group())) and _ID_WORD.search(before):
                yield "NATIONAL_ID", match.start(), match.end()
    for match in _DRIVER.finditer(text):
        yield "NATIONAL_ID", match.start(1), match.end(1)


def secrets(text: str) -> Iterator[Found]:
    """API keys, private keys, tokens, wallets and hardware addresses."""
    for pattern in (_PRIVATE_KEY, _KEY):
        for match in pattern.finditer(text):
            yield "API_KEY", match.start(), match.end()
    for match in _ETHEREUM.finditer(text):
        yield "CRYPTO", match.start(), match.end()
    for match in _BITCOIN.finditer(text):
        if _wallet(match.group()):
            yield "CRYPTO", match.start(), match.end()
    for match in _MAC.finditer(text):
        yield "MAC_ADDRESS", match.start(), match.end()


# --- check digits ---------------------------------------------------------------------------------


def spanish(value: str) -> bool:
    """DNI and NIE: the letter is the number modulo 23."""
    number = value[:-1].translate(str.maketrans("XYZ", "012"))
    return number.isdigit() and "TRWAGMYFPDXBNJZSQVHLCKE"[int(number) % 23] == value[-1]


def brazilian(value: str) -> bool:
    """CPF: two digits, each eleven's complement of a weighted sum."""
    if len(set(value)) == 1:
        return False
    for length in (9, 10):
        total = sum(int(d) * (length + 1 - n) for n, d in enumerate(value[:length]))
        if int(value[length]) != total * 10 % 11 % 10:
            return False
    return True


def german_tax(value: str) -> bool:
    """Steuer-ID: ISO 7064 MOD 11,10; its first ten digits repeat one digit and leave none but one out."""
    if value[0] == "0" or not 8 <= len(set(value[:10])) <= 9:
        return False
    product = 10
    for digit in value[:10]:
        total = (int(digit) + product) % 10 or 10
        product = total * 2 % 11
    return (11 - product) % 10 == int(value[10])


_D = ("0123456789", "1234067895", "2340178956", "3401289567", "4012395678",
      "5987604321", "6598710432", "7659821043", "8765932104", "9876543210")  # fmt: skip
_P = (
    "0123456789",
    "1576283094",
    "5803796142",
    "8916043527",
    "9453126870",
    "4286573901",
    "2793806415",
    "7046913258",
)


def verhoeff(value: str) -> bool:
    """Aadhaar: the dihedral group of order ten."""
    check = 0
    for place, digit in enumerate(reversed(value)):
        check = int(_D[check][int(_P[place % 8][int(digit)])])
    return check == 0


def _any(_: str) -> bool:
    return True


def _wallet(value: str) -> bool:
    if value.startswith("bc1"):
        return any(c.isdigit() for c in value[3:]) and len(value) in (42, 62)
    number = 0
    for character in value:
        number = number * 58 + "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz".index(character)
    raw = number.to_bytes(26, "big")[-25:] if number < 1 << 200 else b""
    return len(raw) == 25 and hashlib.sha256(hashlib.sha256(raw[:21]).digest()).digest()[:4] == raw[21:]


_Rule = tuple[re.Pattern[str], Callable[[str], bool]]
_CHECKED: Final[tuple[_Rule, ...]] = (
    (_NINO, _any),
    (_DNI, spanish),
    (_PAN, _any),
    (_FISCAL, _any),
    (re.compile(r"(?<![\w.-])\d{3}\.\d{3}\.\d{3}-\d{2}(?![\w-])"), brazilian),
)
_IN_CONTEXT: Final[tuple[_Rule, ...]] = ((_CPF, brazilian), (_ELEVEN, german_tax), (_AADHAAR, verhoeff))
