"""Replies on their way out: written down first, held for the undo time, delivered once."""

from __future__ import annotations

import logging
import threading
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import uuid4

from agent_assist.domain.audit import AuditAction
from agent_assist.domain.outbox import OutboxItem, OutboxState
from agent_assist.domain.ticket import Message
from agent_assist.errors import AgentAssistError, BadInput, ErrorInfo, StaleThread
from agent_assist.ports import Clock, Delivery, OutboxRepository, SuggestionRepository
from agent_assist.services.audit import AuditService
from agent_assist.services.events import ErrorRaised, EventBus, OutboxChanged
from agent_assist.services.options import OptionsService
from agent_assist.services.safety import SafetyService
from agent_assist.services.tickets import TicketService

log = logging.getLogger(__name__)

FIRST_RETRY = timedelta(seconds=15)
LONGEST_RETRY = timedelta(minutes=10)
NO_DELIVERY = "No helpdesk is connected: the reply is kept here until one is."


class OutboxService:
    """Sends replies.  The id of an item is the id of the message it becomes: a retry looks for it
    in the thread first, so that no reply can go out twice."""

    def __init__(
        self,
        repository: OutboxRepository,
        tickets: TicketService,
        delivery: Delivery | None,
        events: EventBus,
        clock: Clock,
        options: OptionsService,
        suggestions: SuggestionRepository | None = None,
        audit: AuditService | None = None,
        safety: SafetyService | None = None,
    ) -> None:
        """`delivery` is None where no helpdesk is connected; `suggestions` tells which thread a
        draft was written for; `safety` looks at each reply before it is taken."""
        self._repository = repository
        self._tickets = tickets
        self._delivery = delivery
        self._events = events
        self._clock = clock
        self._options = options
        self._suggestions = suggestions
        self._audit = audit
        self._safety = safety
        self._wake = threading.Condition()
        self._stopping = False
        self._thread: threading.Thread | None = None
        self._delivering = threading.Lock()
        self._retries: dict[str, tuple[int, datetime]] = {}
        """Item id to how often it failed and when it is tried again."""

    def send(
        self,
        ticket_id: str,
        text: str,
        suggestion_id: str = "",
        *,
        thread_hash: str = "",
        force: bool = False,
        confirmed: Collection[str] = (),
    ) -> OutboxItem:
        """Write the reply down; it leaves when the undo time is over.

        `thread_hash` is that of the thread on the screen; without it, that of the thread which the
        suggestion answers.  `confirmed` are ids of marks (`suggestion.mark_id`) that the agent has looked
        at.  Raises BadInput for an empty text or an unknown ticket, StaleThread where the thread has
        changed since (unless `force`), Unconfirmed where the text holds what must be confirmed.
        """
        text = text.replace("\0", "")
        if not text.strip():
            raise BadInput("An empty reply was not sent.", "Write something first.")
        ticket = self._tickets.get(ticket_id)
        if ticket is None:
            raise BadInput(
                f"There is no ticket {ticket_id}.", "It may have been removed; choose another one."
            )
        seen = thread_hash or self._answered_thread(suggestion_id)
        if seen and seen != ticket.thread_hash and not force:
            raise StaleThread("There is a newer message than the one this reply answers.")
        if self._safety is not None:
            draft = self._suggestions.get(suggestion_id) if self._suggestions and suggestion_id else None
            self._safety.require(ticket, text, draft, confirmed)
        now = self._clock.now()
        item = OutboxItem(
            id=uuid4().hex,
            ticket_id=ticket_id,
            text=text,
            thread_hash=ticket.thread_hash,
            state=OutboxState.QUEUED,
            created_at=now,
            due_at=now + timedelta(seconds=self._options.current.outbox.undo_seconds),
            suggestion_id=suggestion_id,
            error="" if self._delivery else NO_DELIVERY,
        )
        # Before: a reply must not be on its way unrecorded.
        self._note(AuditAction.SENT, item, wait=True, confirmed=confirmed)
        self._repository.put(item)
        self._changed(item)
        return item

    def withdraw(self, item_id: str) -> str:
        """Take a reply back that has not left; returns its text for the editor.

        Raises BadInput where it is too late.
        """
        item = self._repository.move(item_id, (OutboxState.QUEUED, OutboxState.FAILED), OutboxState.WITHDRAWN)
        if item is None:
            raise BadInput("The reply has already been sent.", "Write a further one to correct it.")
        self._note(AuditAction.WITHDRAWN, item)
        self._retries.pop(item_id, None)
        self._changed(item)
        return item.text

    def pending(self) -> list[OutboxItem]:
        """What has not arrived yet, oldest first."""
        return self._repository.pending()

    def get(self, item_id: str) -> OutboxItem | None:
        return self._repository.get(item_id)

    def retry(self, item_id: str) -> None:
        """Try a failed reply again now.  Raises BadInput where there is nothing to retry."""
        item = self._repository.move(item_id, (OutboxState.FAILED,), OutboxState.UNKNOWN)
        if item is None:
            raise BadInput("This reply is not waiting for another try.", "")
        self._retries.pop(item_id, None)
        self._changed(item)

    def deliver_due(self, now: datetime | None = None) -> int:
        """Deliver what is due; returns how many replies went out.

        Never raises for one reply: its error is kept with it.
        """
        if self._delivery is None:
            return 0
        now = now or self._clock.now()
        sent = 0
        with self._delivering:
            for item in self._repository.pending():
                if self._due(item) <= now:
                    sent += self._deliver(self._delivery, item, now)
        return sent

    def start(self) -> None:
        """Deliver in the background from now on; what an earlier run left half-way is settled first.

        Only one process may do so for a workspace: the one that has the window.
        """
        if self._thread is None:
            self._settle()
            self._thread = threading.Thread(target=self._run, name="outbox", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Stop; what is queued stays for the next start."""
        with self._wake:
            self._stopping = True
            self._wake.notify_all()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _answered_thread(self, suggestion_id: str) -> str:
        suggestion = self._suggestions.get(suggestion_id) if self._suggestions and suggestion_id else None
        return suggestion.thread_hash if suggestion else ""

    def _settle(self) -> None:
        for item in self._repository.pending():
            if item.state is OutboxState.SENDING:
                self._move(item, OutboxState.UNKNOWN)

    def _due(self, item: OutboxItem) -> datetime:
        _, moment = self._retries.get(item.id, (0, item.due_at))
        return moment

    def _deliver(self, delivery: Delivery, item: OutboxItem, now: datetime) -> bool:
        """One reply; anything but a plain queued one is looked for first."""
        first_time = item.state is OutboxState.QUEUED
        if item.state is OutboxState.SENDING or self._move(item, OutboxState.SENDING) is None:
            return False  # withdrawn, or in other hands
        try:
            message = None if first_time else delivery.find(item)
            if message is None:
                message = self._hand_over(delivery, item)
        except AgentAssistError as error:
            self._failed(item, error.info, now)
            return False
        except Exception as error:
            log.exception("delivery of %s failed", item.id)
            self._failed(item, AgentAssistError(f"The reply could not be delivered ({error}).").info, now)
            return False
        self._tickets.add_message(item.ticket_id, message)
        self._retries.pop(item.id, None)
        self._note(AuditAction.DELIVERED, item)
        self._changed(self._repository.set_state(item.id, OutboxState.SENT))
        return True

    def _hand_over(self, delivery: Delivery, item: OutboxItem) -> Message:
        ticket = self._tickets.get(item.ticket_id)
        if ticket is None:
            raise BadInput(f"The ticket {item.ticket_id} is gone.", "Take the reply back to keep its text.")
        return delivery.deliver(item, ticket)

    def _note(
        self, action: AuditAction, item: OutboxItem, *, wait: bool = False, confirmed: Collection[str] = ()
    ) -> None:
        if self._audit is not None:
            kinds = ",".join(sorted({i.split(":")[0] for i in confirmed}))
            more = {"confirmed": kinds} if kinds else {}
            self._audit.record(action, wait=wait, reply=item.id, suggestion=item.suggestion_id, **more)

    def _failed(self, item: OutboxItem, error: ErrorInfo, now: datetime) -> None:
        tries = self._retries.get(item.id, (0, now))[0] + 1
        wait = min(FIRST_RETRY * 2 ** min(tries - 1, 10), LONGEST_RETRY)
        self._retries[item.id] = (tries, now + wait)
        self._move(replace(item, state=OutboxState.SENDING), OutboxState.FAILED, str(error))
        if tries == 1:
            self._events.publish(ErrorRaised(error))

    def _move(self, item: OutboxItem, state: OutboxState, error: str = "") -> OutboxItem | None:
        moved = self._repository.move(item.id, (item.state,), state, error)
        if moved is not None:
            self._changed(moved)
        return moved

    def _changed(self, item: OutboxItem) -> None:
        with self._wake:
            self._wake.notify_all()
        self._events.publish(OutboxChanged(item))

    def _run(self) -> None:
        while not self._stopping:
            try:
                self.deliver_due()
            except Exception:
                log.exception("the outbox could not be read")
            with self._wake:
                if not self._stopping:
                    self._wake.wait(self._pause())

    def _pause(self) -> float | None:
        """Seconds until something is due; None to sleep until told."""
        if self._delivery is None:
            return None
        try:
            waiting = [self._due(i) for i in self._repository.pending() if i.state is not OutboxState.SENDING]
        except AgentAssistError:
            return FIRST_RETRY.total_seconds()
        if not waiting:
            return None
        return max(0.05, (min(waiting) - self._clock.now()).total_seconds())
