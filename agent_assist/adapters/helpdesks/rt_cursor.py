"""Where the next look for changes in Request Tracker goes on.

The cursor is a transaction's id and never a date: TicketSQL reads dates in the user's own time zone, and
takes `2026-11-22T18:12:38Z`, the form that RT itself answers with, for the beginning of that day.

Transactions become visible when they are committed, which need not be the order of their ids: what came
in the last minute is asked for again, and told from what is new by its ids.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from json import dumps, loads
from typing import Any

SETTLE_SECONDS = 60.0
"""By then every transaction that was begun before is committed."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """Immutable: each step gives a new one, and `text` is what the connection keeps."""

    settled: int
    """Transactions up to this one were seen, and none of them can come late."""
    first: int | None = None
    """The last ticket of the first look; None when that is done."""
    at: int = 0
    """Where this look goes on; 0 at the start of a look."""
    seen: frozenset[int] = frozenset()
    """Transactions above `settled` that were seen."""
    marks: tuple[tuple[float, int], ...] = ()
    """(seconds since the epoch, the newest transaction that was seen by then)."""

    @property
    def start(self) -> int:
        return max(self.at, self.settled)

    def after_tickets(self, last: int) -> Cursor:
        return replace(self, first=last)

    def first_done(self) -> Cursor:
        return replace(self, first=None)

    def took(self, ids: Iterable[int]) -> Cursor:
        """A page of transactions was worked off."""
        new = frozenset(ids)
        return replace(self, seen=self.seen | new, at=max(new, default=self.at))

    def finished(self, now: float) -> Cursor:
        """The look is at its end; `now` in seconds since the epoch."""
        newest = max(self.seen, default=self.settled)
        marks = self.marks
        if all(top != newest for _, top in marks):
            marks = (*marks, (now, newest))
        old = (top for moment, top in marks if moment <= now - SETTLE_SECONDS)
        settled = max(self.settled, *old, 0)
        return Cursor(
            settled,
            seen=frozenset(i for i in self.seen if i > settled),
            marks=tuple(mark for mark in marks if mark[1] > settled),
        )

    def text(self) -> str:
        data: dict[str, Any] = {"settled": self.settled}
        if self.first is not None:
            data["first"] = self.first
        if self.at:
            data["at"] = self.at
        if self.seen:
            data["seen"] = sorted(self.seen)
        if self.marks:
            data["marks"] = [list(mark) for mark in self.marks]
        return dumps(data)


def read_cursor(text: str) -> Cursor | None:
    """None for "" and for what is none of ours: then everything is looked through once more."""
    try:
        data = loads(text)
        first = data.get("first")
        return Cursor(
            int(data["settled"]),
            None if first is None else int(first),
            int(data.get("at", 0)),
            frozenset(int(i) for i in data.get("seen", ())),
            tuple((float(moment), int(top)) for moment, top in data.get("marks", ())),
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
