"""What the drafting service keeps of one ticket."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from agent_assist.domain.jobs import JobState
from agent_assist.domain.knowledge import Hit
from agent_assist.domain.suggestion import Draft, Suggestion
from agent_assist.ports import CancelToken
from agent_assist.services.jobs import Job, JobQueue

INDEX_JOB = "index"
"""Key of the job that makes the search by meaning ready when a desk opens."""
INDEX_WAIT = 45.0
"""Seconds that a draft waits for it.  Without it the evidence looks weaker than it is and a draft would
be refused; after an interrupted import of thousands of articles it may take minutes."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked of one draft."""

    steer: str = ""
    chosen: Hit | None = None
    """The passage to answer from."""
    avoid: tuple[Suggestion, ...] = ()
    """Drafts that the agent has seen."""
    beside: str = ""
    """Id of the suggestion that it is an alternative to."""


@dataclass
class Entry:
    """One ticket's draft and the work that makes it; guarded by the service's lock."""

    draft: Draft
    turn: int = 0
    """Counts the starts; events of an earlier start are ignored."""
    cancel: CancelToken = field(default_factory=threading.Event)
    job: Job[None] | None = None
    spares: tuple[Suggestion, ...] = ()
    """Further drafts of the same reading, for whoever asks for an alternative."""
    timer: threading.Timer | None = None
    last_text: float = 0.0
    """When streamed text was last told, as `time.monotonic` has it."""

    def drop_work(self) -> None:
        """Stop what is being made; what it still tells is ignored."""
        self.cancel.set()
        self.turn += 1
        self.spares = ()
        if self.timer:
            self.timer.cancel()

    def hit_of(self, passage_id: int) -> Hit | None:
        """The passage as it was found for this ticket."""
        found = (*self.draft.hits, *(h for s in self.draft.alternatives for h in s.hits))
        return next((h for h in found if h.passage.id == passage_id), None)

    @property
    def useful(self) -> bool:
        """Whether the draft can be shown as it is: finished, or being written right now."""
        if self.draft.state.final:
            return True
        running = self.job is not None and self.job.status.state is JobState.RUNNING
        return self.draft.state.working and running


def wait_for(entries: Iterable[Entry], seconds: float) -> None:
    """Return when none of them is being written, or after that time."""
    deadline = time.monotonic() + seconds
    for entry in entries:
        if entry.job and entry.job.status.state is JobState.RUNNING:
            entry.job.wait(max(0.0, deadline - time.monotonic()))


def index_is_settled(jobs: JobQueue, cancel: CancelToken) -> bool:
    """Wait for the search by meaning, at most `INDEX_WAIT`; False where `cancel` was set meanwhile."""
    deadline = time.monotonic() + INDEX_WAIT
    while not cancel.is_set() and time.monotonic() < deadline and jobs.find(INDEX_JOB) is not None:
        cancel.wait(0.02)
    return not cancel.is_set()
