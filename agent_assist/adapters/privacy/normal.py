"""Text as rules read it, with the way back to the text as it was written.

Full-width digits, digits of other scripts, combining marks and invisible characters hide a number from a
pattern.  Rules run on the folded text; what they find is told in code points of the original.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Folded:
    """`text` and, for each of its characters, where the original one starts and ends."""

    text: str
    starts: list[int] | None = None
    ends: list[int] | None = None

    def back(self, start: int, end: int) -> tuple[int, int]:
        """The original span of a non-empty span of `text`."""
        if self.starts is None or self.ends is None:
            return start, end
        return self.starts[start], self.ends[end - 1]

    def back_all(self, found: Iterable[tuple[str, int, int]]) -> list[tuple[str, int, int]]:
        """The original spans of ordered ones.  Two that stand in one character of the original (the ligature
        U+FDFA is four words) are one."""
        result: list[tuple[str, int, int]] = []
        last = 0
        for kind, start, end in found:
            start, end = self.back(start, end)
            if max(start, last) < end:
                result.append((kind, max(start, last), end))
                last = end
        return result


def folded(text: str) -> Folded:
    """NFKC cluster by cluster (a character with its combining marks), digits of every script as ASCII,
    invisible characters left out.  Linear in the length."""
    if text.isascii() or not _needs_folding(text):
        return Folded(text)
    out: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    at, length = 0, len(text)
    while at < length:
        begin = at
        at += 1
        while at < length and (unicodedata.combining(text[at]) or invisible(text[at])) and at - begin < 64:
            at += 1
        cluster = text[begin:at]
        if at - begin > 1 or cluster >= "\x7f":
            cluster = "".join(_plain(c) for c in unicodedata.normalize("NFKC", cluster) if not invisible(c))
        for character in cluster:
            out.append(character)
            starts.append(begin)
            ends.append(at)
    return Folded("".join(out), starts, ends)


def invisible(character: str) -> bool:
    """Whether a reader sees nothing there: format characters, tags and variation selectors."""
    if character < "\xad":
        return False
    return (
        unicodedata.category(character) == "Cf"
        or "\ufe00" <= character <= "\ufe0f"
        or ("\U000e0100" <= character <= "\U000e01ef")
    )


def _plain(character: str) -> str:
    if character < "\x7f":
        return character
    value = unicodedata.decimal(character, None)
    if value is not None:
        return str(value)
    return "-" if unicodedata.category(character) == "Pd" else " " if character.isspace() else character


def _needs_folding(text: str) -> bool:
    """Whether anything in the text reads otherwise than it is written."""
    return any(
        c > "\xa0"
        and (
            invisible(c)
            or unicodedata.combining(c)
            or c.isdecimal()
            or unicodedata.category(c) == "Pd"
            or not unicodedata.is_normalized("NFKC", c)
        )
        for c in set(text)
    )
