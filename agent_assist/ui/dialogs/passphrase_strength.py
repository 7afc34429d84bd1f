"""How hard a passphrase is to guess, in words."""

from __future__ import annotations

import math
import re
from enum import IntEnum

MINIMUM_LENGTH = 8
"""Characters; a shorter passphrase is not accepted."""

_CLASSES = ((r"[a-z]", 26), (r"[A-Z]", 26), (r"\d", 10), (r"[^\w]|_", 33), (r"[^\x00-\x7f]", 60))
_COMMON = re.compile(
    r"pass(word|phrase)?|qwert[yz]|letmein|welcome|admin|support|secret|abc|123|000|111|(19|20)\d\d",
    re.IGNORECASE,
)


class Strength(IntEnum):
    """In ascending order; only SHORT is refused."""

    SHORT = 0
    WEAK = 1
    FAIR = 2
    GOOD = 3
    STRONG = 4


STRENGTH_TEXT = {
    Strength.SHORT: f"Too short: use at least {MINIMUM_LENGTH} characters.",
    Strength.WEAK: "Weak: easily guessed. Add a few unrelated words.",
    Strength.FAIR: "Fair. Another word makes it good.",
    Strength.GOOD: "Good.",
    Strength.STRONG: "Strong.",
}


def passphrase_strength(text: str) -> Strength:
    """A rough estimate: variety and length, less what repeats, runs in order or is common."""
    if len(text) < MINIMUM_LENGTH:
        return Strength.SHORT
    plain = _COMMON.sub("*", text)
    surprising = sum(
        1.0 if before is None or (after != before and abs(ord(after) - ord(before)) != 1) else 0.3
        for before, after in zip((None, *plain), plain)
    )
    alphabet = sum(size for pattern, size in _CLASSES if re.search(pattern, plain)) or 2
    bits = surprising * math.log2(alphabet)
    # Words are easier to guess than random letters: about 12 bits each.
    words = [word for word in re.split(r"[\W_]+", plain) if len(word) > 2]
    if len(words) > 1 and sum(map(len, words)) > 0.7 * len(plain):
        bits = min(bits, 14.0 * len(set(words)))
    for strength, needed in ((Strength.STRONG, 75), (Strength.GOOD, 54), (Strength.FAIR, 38)):
        if bits >= needed:
            return strength
    return Strength.WEAK
