"""Patterns that a person writes in the settings, checked before they are used.

Uses the `regex` package: it can stop a match that takes too long, which the standard library cannot.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

MOST: Final = 50
_LONGEST: Final = 500
_NAME: Final = re.compile(r"[A-Z][A-Z0-9_]{1,30}")
_TRIAL_SECONDS: Final = 0.2
_TRIALS: Final = (
    "a" * 3000 + "!",
    "1" * 3000 + "x",
    "a1 " * 1000 + "!",
    "-_." * 1000 + "!",
    " " * 3000 + "x",
)


def compiled(text: str) -> Iterator[tuple[str, Any]]:
    """(type, pattern) of `TYPE=pattern` entries, one a line or separated by ";;".

    Raises ValueError with a sentence for one that does not parse, matches the empty text, or takes
    longer than a moment on texts made to slow patterns down (catastrophic backtracking).
    """
    entries = [e.strip() for line in text.splitlines() for e in line.split(";;") if e.strip()]
    if not entries:
        return
    if len(entries) > MOST:
        raise ValueError(f"at most {MOST} patterns can be used")
    import regex

    for entry in entries:
        kind, equals, written = entry.partition("=")
        kind, written = kind.strip(), written.strip()
        if not equals or not _NAME.fullmatch(kind) or not written or len(written) > _LONGEST:
            raise ValueError(f"“{entry[:40]}” is not of the form TYPE=pattern, such as STAFF_ID=S\\d{{6}}")
        try:
            pattern = regex.compile(written)
        except regex.error as error:
            raise ValueError(f"the pattern {kind} cannot be read: {error}") from None
        if pattern.search("") is not None:
            raise ValueError(f"the pattern {kind} fits the empty text; make it say what must be there")
        try:
            for trial in _TRIALS:
                for _ in pattern.finditer(trial, timeout=_TRIAL_SECONDS):
                    pass
        except TimeoutError:
            raise ValueError(
                f"the pattern {kind} takes too long on some texts; avoid repeats inside repeats"
            ) from None
        yield kind, pattern
