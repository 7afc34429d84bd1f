"""Which sentence of a passage a sentence of the draft rests on."""

from __future__ import annotations

import re

_WORD = re.compile(r"\w+")
_PART = re.compile(r"[^.!?\n]+[.!?]*")
_COMMON = frozenset(
    _WORD.findall(
        "a an the and or of to in on for is are be you your we our it this that with can will as at if not "
        "have has from by i"
    )
)


def _words(text: str) -> set[str]:
    return {w.casefold() for w in _WORD.findall(text)} - _COMMON


def best_stretch(passage: str, sentence: str) -> tuple[int, int] | None:
    """(start, end) of the passage's sentence that shares most with `sentence`; None for too little."""
    wanted = _words(sentence)
    if not wanted:
        return None
    best, top = None, 0.0
    for part in _PART.finditer(passage[:20_000]):
        have = _words(part.group())
        shared = len(wanted & have)
        score = shared / (len(wanted) ** 0.5 * len(have) ** 0.5) if have else 0.0
        if shared >= 2 and score > top:
            start = part.start() + len(part.group()) - len(part.group().lstrip())
            best, top = (start, part.end()), score
    return best
