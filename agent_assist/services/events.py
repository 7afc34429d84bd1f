"""What services tell whoever listens; the window's bridge turns these into queued Qt signals."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from agent_assist.domain.helpdesk import SyncStatus
from agent_assist.domain.jobs import JobStatus
from agent_assist.domain.knowledge import KnowledgeStats
from agent_assist.domain.learning import RunView
from agent_assist.domain.model import ModelStatus
from agent_assist.domain.outbox import OutboxItem
from agent_assist.domain.suggestion import Draft
from agent_assist.errors import ErrorInfo

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DraftChanged:
    """A draft has moved on; while the model writes, many times a second."""

    draft: Draft


@dataclass(frozen=True, slots=True)
class TicketChanged:
    """The thread, status or read mark of a ticket changed."""

    ticket_id: str


@dataclass(frozen=True, slots=True)
class QueueChanged:
    """Tickets came or went."""


@dataclass(frozen=True, slots=True)
class ModelChanged:
    """Another model, or another state of the same one."""

    status: ModelStatus


@dataclass(frozen=True, slots=True)
class KnowledgeChanged:
    """Articles or vectors were added or removed."""

    stats: KnowledgeStats


@dataclass(frozen=True, slots=True)
class JobChanged:
    """A job was added, went on or ended."""

    job: JobStatus


@dataclass(frozen=True, slots=True)
class OutboxChanged:
    """A reply has another state, or is new."""

    item: OutboxItem


@dataclass(frozen=True, slots=True)
class FeedbackRecorded:
    """`sentence` tells the agent what the feedback did."""

    suggestion_id: str
    sentence: str


@dataclass(frozen=True, slots=True)
class SettingsChanged:
    """`names` are the dotted names of the options that changed."""

    names: frozenset[str]


@dataclass(frozen=True, slots=True)
class NewCustomerMessage:
    """A customer wrote: what a notification shows."""

    ticket_id: str
    title: str
    excerpt: str


@dataclass(frozen=True, slots=True)
class TicketFollowed:
    """The agent opened this ticket in the helpdesk: show it."""

    ticket_id: str


@dataclass(frozen=True, slots=True)
class ConnectionsChanged:
    """A helpdesk was added, changed, switched or removed."""


@dataclass(frozen=True, slots=True)
class SyncChanged:
    """Synchronising one connection has another state, or went on."""

    status: SyncStatus


@dataclass(frozen=True, slots=True)
class RulesChanged:
    """An edit was remembered, or a remembered one changed; `sentence` tells the agent, or is empty."""

    sentence: str = ""


@dataclass(frozen=True, slots=True)
class LearningChanged:
    """A training run went on."""

    run: RunView


@dataclass(frozen=True, slots=True)
class ErrorRaised:
    """An error that belongs to no draft and no job."""

    error: ErrorInfo


Event = (
    DraftChanged
    | TicketChanged
    | QueueChanged
    | ModelChanged
    | KnowledgeChanged
    | JobChanged
    | OutboxChanged
    | FeedbackRecorded
    | SettingsChanged
    | ErrorRaised
    | RulesChanged
    | LearningChanged
    | NewCustomerMessage
    | TicketFollowed
    | ConnectionsChanged
    | SyncChanged
)


class EventBus:
    """Delivers each event to every subscriber, on the publisher's thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._subscribers: tuple[Callable[[Event], None], ...] = ()

    def subscribe(self, listener: Callable[[Event], None]) -> Callable[[], None]:
        """Add a listener; call the result to remove it."""
        with self._lock:
            self._subscribers = (*self._subscribers, listener)

        def unsubscribe() -> None:
            with self._lock:
                self._subscribers = tuple(s for s in self._subscribers if s is not listener)

        return unsubscribe

    def publish(self, event: Event) -> None:
        """Call every listener on this thread; what one raises is logged and stops no other."""
        for listener in self._subscribers:
            try:
                listener(event)
            except Exception:
                # One listener's fault must not take the service, or the other listeners, down.
                log.exception("a listener failed on %s", type(event).__name__)
