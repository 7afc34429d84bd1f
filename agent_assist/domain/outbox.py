"""A reply on its way to the customer; written down before anything is sent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class OutboxState(StrEnum):
    QUEUED = "queued"
    """Held for the undo time."""
    SENDING = "sending"
    SENT = "sent"
    UNKNOWN = "unknown"
    """Handed over, not confirmed; looked for in the thread before any retry."""
    FAILED = "failed"
    WITHDRAWN = "withdrawn"
    """Taken back by the agent within the undo time."""


@dataclass(frozen=True, slots=True)
class OutboxItem:
    id: str
    ticket_id: str
    text: str
    thread_hash: str
    """The thread as the agent saw it when sending."""
    state: OutboxState
    created_at: datetime
    due_at: datetime
    """When the undo time ends."""
    suggestion_id: str = ""
    error: str = ""
