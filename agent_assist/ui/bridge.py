"""The only crossing between the services' threads and the window's.

Events of the bus become Qt signals, one for each type, always emitted on the UI thread.  Service
calls block, so the window makes them through `run` (short ones, on two threads of its own, so that a
read never waits behind an import) or `submit` (long ones that a person can see and stop, through the
job queue); results arrive on the UI thread.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

from PySide6.QtCore import QObject, Qt, Signal, Slot

from agent_assist.errors import AgentAssistError, Cancelled, ErrorInfo
from agent_assist.services import events
from agent_assist.services.events import EventBus

if TYPE_CHECKING:
    from agent_assist.services.jobs import Job, JobContext, JobQueue

log = logging.getLogger(__name__)

T = TypeVar("T")
OnError = Callable[[ErrorInfo], None]


def info_of(error: BaseException) -> ErrorInfo:
    """What is shown for any exception; the details of an unexpected one go to the log only."""
    if isinstance(error, AgentAssistError):
        return error.info
    log.error("unexpected error", exc_info=error)
    return AgentAssistError("Something unexpected happened.", "Try again. The log has the details.").info


class Bridge(QObject):
    """Made on the UI thread; `close` it before the desk."""

    draft_changed = Signal(object)  # domain.suggestion.Draft
    ticket_changed = Signal(str)
    queue_changed = Signal()
    model_changed = Signal(object)  # domain.model.ModelStatus
    knowledge_changed = Signal(object)  # domain.knowledge.KnowledgeStats
    job_changed = Signal(object)  # domain.jobs.JobStatus
    outbox_changed = Signal(object)  # domain.outbox.OutboxItem
    feedback_recorded = Signal(str, str)  # suggestion id, sentence
    rules_changed = Signal(str)  # sentence, or empty
    settings_changed = Signal(object)  # frozenset of dotted names
    ticket_followed = Signal(str)
    connections_changed = Signal()
    sync_changed = Signal(object)  # domain.helpdesk.SyncStatus
    customer_wrote = Signal(str, str, str)  # ticket id, title, excerpt
    learning_changed = Signal(object)  # domain.learning.RunView
    error_raised = Signal(object)  # errors.ErrorInfo

    _wake = Signal()

    def __init__(self, bus: EventBus, jobs: JobQueue | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._pool = ThreadPoolExecutor(2, thread_name_prefix="window")
        self._arrived: deque[events.Event | Callable[[], None]] = deque()
        self._newest: dict[str, int] = {}
        self._open = True
        self._wake.connect(self._deliver, Qt.ConnectionType.QueuedConnection)
        self._unsubscribe = bus.subscribe(self._put)

    # --- calls to services ----------------------------------------------------------------------

    def run(
        self,
        work: Callable[[], T],
        on_done: Callable[[T], None] | None = None,
        on_error: OnError | None = None,
        *,
        latest: str = "",
    ) -> None:
        """Call a service off the UI thread and hand the result back on it.

        With `latest`, a result is dropped when another call of the same name was made after it.
        Without `on_error` an error goes to `error_raised`.
        """
        current = self._fresh(latest)

        def call() -> None:
            self._finish(work, on_done, on_error, current)

        if self._open:
            self._pool.submit(call)

    def submit(
        self,
        title: str,
        work: Callable[[JobContext], T],
        on_done: Callable[[T], None] | None = None,
        on_error: OnError | None = None,
        *,
        priority: int = 0,
        visible: bool = True,
    ) -> Job[None]:
        """Start long work through the job queue; its progress comes as `job_changed`."""
        if self._jobs is None:
            raise RuntimeError("this bridge was made without a job queue")

        def call(context: JobContext) -> None:
            try:
                result = work(context)
            except BaseException as error:
                self._fail(error, on_error)
                raise
            if on_done is not None:
                self._post(lambda: on_done(result))

        return self._jobs.submit(title, call, priority=priority, visible=visible)

    def post(self, callback: Callable[[], None]) -> None:
        """Call `callback` on the UI thread soon; safe from any thread."""
        self._post(callback)

    def close(self) -> None:
        """Wait for the calls that run, deliver nothing more."""
        self._unsubscribe()
        self._open = False
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._arrived.clear()

    # --- inside ---------------------------------------------------------------------------------

    def _fresh(self, latest: str) -> Callable[[], bool]:
        if not latest:
            return lambda: True
        number = self._newest.get(latest, 0) + 1
        self._newest[latest] = number
        return lambda: self._newest.get(latest) == number

    def _finish(
        self,
        work: Callable[[], T],
        on_done: Callable[[T], None] | None,
        on_error: OnError | None,
        current: Callable[[], bool],
    ) -> None:
        if not current():
            return
        try:
            result = work()
        except Exception as error:
            if current():
                self._fail(error, on_error)
            return
        if on_done is not None:

            def deliver() -> None:
                if current():
                    on_done(result)

            self._post(deliver)

    def _fail(self, error: BaseException, on_error: OnError | None) -> None:
        info = info_of(error)
        if on_error is not None:
            self._post(lambda: on_error(info))
        elif not isinstance(error, Cancelled):
            self._post(lambda: self.error_raised.emit(info))

    def _put(self, event: events.Event) -> None:
        self._arrived.append(event)
        self._signal_arrival()

    def _post(self, callback: Callable[[], None]) -> None:
        self._arrived.append(callback)
        self._signal_arrival()

    def _signal_arrival(self) -> None:
        if self._open:
            self._wake.emit()

    @Slot()
    def _deliver(self) -> None:
        batch: list[Any] = []
        while self._arrived:
            batch.append(self._arrived.popleft())
        newest = {self._merge_key(item): position for position, item in enumerate(batch)}
        for position, item in enumerate(batch):
            # Of several states of one draft or job that wait together only the last is worth drawing.
            if newest[self._merge_key(item)] != position:
                continue
            if callable(item):
                item()
            else:
                self._emit(item)

    @staticmethod
    def _merge_key(item: Any) -> object:
        match item:
            case events.DraftChanged(draft):
                return ("draft", draft.ticket_id)
            case events.JobChanged(job):
                return ("job", job.id)
            case events.QueueChanged():
                return "queue"
            case events.ModelChanged():
                return "model"
            case events.KnowledgeChanged():
                return "knowledge"
            case events.LearningChanged():
                return "learning"
            case events.SyncChanged(status):
                return ("sync", status.connection_id)
            case _:
                return id(item)

    def _emit(self, event: events.Event) -> None:
        match event:
            case events.DraftChanged(draft):
                self.draft_changed.emit(draft)
            case events.TicketChanged(ticket_id):
                self.ticket_changed.emit(ticket_id)
            case events.QueueChanged():
                self.queue_changed.emit()
            case events.ModelChanged(status):
                self.model_changed.emit(status)
            case events.KnowledgeChanged(stats):
                self.knowledge_changed.emit(stats)
            case events.JobChanged(job):
                self.job_changed.emit(job)
            case events.OutboxChanged(item):
                self.outbox_changed.emit(item)
            case events.FeedbackRecorded(suggestion_id, sentence):
                self.feedback_recorded.emit(suggestion_id, sentence)
            case events.RulesChanged(sentence):
                self.rules_changed.emit(sentence)
            case events.SettingsChanged(names):
                self.settings_changed.emit(names)
            case events.TicketFollowed(ticket_id):
                self.ticket_followed.emit(ticket_id)
            case events.ConnectionsChanged():
                self.connections_changed.emit()
            case events.SyncChanged(status):
                self.sync_changed.emit(status)
            case events.NewCustomerMessage(ticket_id, title, excerpt):
                self.customer_wrote.emit(ticket_id, title, excerpt)
            case events.LearningChanged(run):
                self.learning_changed.emit(run)
            case events.ErrorRaised(error):
                self.error_raised.emit(error)
