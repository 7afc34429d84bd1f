"""The recovery key as its owner prints it: nine groups of four letters and digits.

Crockford's Base32 (https://www.crockford.com/base32.html): no I, L, O or U, and the first three are read
as the digits that they look like.  160 random bits, and 20 bits of a digest that catch a slip of the pen.
"""

from __future__ import annotations

import hashlib
import os
from typing import Final

GIVE_NEW: Final = "Give a new passphrase."
_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_READ: Final = str.maketrans("OIL", "011")
_SECRET: Final = 20
"""Bytes."""
_LENGTH: Final = 36
_GROUP: Final = 4


def fresh() -> str:
    """A new recovery key."""
    secret_bytes = os.urandom(_SECRET)
    letters = _letters(int.from_bytes(secret_bytes), 32) + _check(secret_bytes)
    return "-".join(letters[i : i + _GROUP] for i in range(0, _LENGTH, _GROUP))


def is_one(printed: str) -> bool:
    """Whether it is a recovery key without a slip, of whatever workspace."""
    try:
        secret(printed)
    except ValueError:
        return False
    return True


def secret(printed: str) -> bytes:
    """The 20 bytes behind a printed key; case, spaces and dashes do not matter.  Raises ValueError."""
    letters = "".join(c for c in printed.upper().translate(_READ) if c not in "- \t\n")
    if len(letters) != _LENGTH or any(c not in _ALPHABET for c in letters):
        raise ValueError("not a recovery key")
    number = 0
    for letter in letters[:32]:
        number = number * 32 + _ALPHABET.index(letter)
    found = number.to_bytes(_SECRET)
    if _check(found) != letters[32:]:
        raise ValueError("mistyped")
    return found


def _check(secret_bytes: bytes) -> str:
    return _letters(int.from_bytes(hashlib.sha256(secret_bytes).digest()[:3]) >> 4, 4)


def _letters(number: int, count: int) -> str:
    letters = ""
    for _ in range(count):
        number, place = divmod(number, 32)
        letters = _ALPHABET[place] + letters
    return letters
