"""A reply on its way to the customer; written down before anything is sent."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

_FILLERS = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters and symbols that are drawn as nothing."""


class OutboxState(StrEnum):
    """Where a reply is on its way; only SENT and WITHDRAWN are final."""

    QUEUED = "queued"
    """Held for the undo time."""
    SENDING = "sending"
    """Being handed over; found so after a crash, it becomes UNKNOWN."""
    SENT = "sent"
    """It stands in the thread."""
    UNKNOWN = "unknown"
    """Handed over, not confirmed; looked for in the thread before any retry."""
    CHANGED = "changed"
    """Held back: something was written after the agent sent it.  Waits for the agent's word."""
    FAILED = "failed"
    """Not sent, and nothing arrived; tried again by itself."""
    WITHDRAWN = "withdrawn"
    """Taken back by the agent within the undo time."""


class OutboxKind(StrEnum):
    """Whom it is for."""

    REPLY = "reply"
    NOTE = "note"
    """Internal: never reaches the customer."""


def is_empty(text: str) -> bool:
    """Whether a person would see nothing: white space, control, format and filler characters only.

    Request Tracker posts an empty reply without a word, so every layer asks this.
    """
    return all(
        c.isspace() or c in _FILLERS or unicodedata.category(c) in ("Cc", "Cf", "Zs", "Zl", "Zp")
        for c in text
    )


@dataclass(frozen=True, slots=True)
class OutboxItem:
    """A reply or note as the agent left it."""

    id: str
    """Random; goes with it where the helpdesk can keep it, so that it can be found again."""
    ticket_id: str
    text: str
    thread_hash: str
    """The thread as the agent saw it when sending."""
    state: OutboxState
    created_at: datetime
    due_at: datetime
    """When the undo time ends."""
    suggestion_id: str = ""
    """The draft that it was made from; empty for a reply of the agent's own."""
    error: str = ""
    """Why it did not leave the last time, in a sentence."""
    kind: OutboxKind = OutboxKind.REPLY
    seen: tuple[str, ...] | None = None
    """Ids of the public messages that the agent had before them; None where that was not kept."""
    message_id: str = ""
    """What it became in the thread; empty until it has arrived."""
