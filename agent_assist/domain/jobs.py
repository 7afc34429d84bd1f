"""A piece of background work as the window shows it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from agent_assist.errors import ErrorInfo


class JobState(StrEnum):
    """From WAITING to RUNNING to one of the others, which are final."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class JobStatus:
    """A snapshot of one job."""

    id: str
    title: str
    """A verb phrase: "Import articles"."""
    state: JobState
    done: int = 0
    """Of `total`, in the job's own unit."""
    total: int = 0
    """0 where the amount of work is not known."""
    note: str = ""
    error: ErrorInfo | None = None
    """Only of a failed one."""
    visible: bool = True
    """False for work too small to show (saving a row)."""
