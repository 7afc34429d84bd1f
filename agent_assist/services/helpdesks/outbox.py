"""Replies on their way out: written down first, held for the undo time, delivered once."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import uuid4

from agent_assist.domain.audit import AuditAction
from agent_assist.domain.helpdesk import remote_id
from agent_assist.domain.outbox import OutboxItem, OutboxKind, OutboxState, is_empty
from agent_assist.domain.ticket import Message, Role, Ticket
from agent_assist.errors import AgentAssistError, BadInput, ErrorInfo, StaleThread
from agent_assist.ports import Clock, Delivery, OutboxRepository, SuggestionRepository
from agent_assist.services.audit import AuditService
from agent_assist.services.events import ConnectionsChanged, ErrorRaised, Event, EventBus, OutboxChanged
from agent_assist.services.helpdesks.courier import FIRST_RETRY, Courier, newer
from agent_assist.services.helpdesks.delivery import NO_DELIVERY
from agent_assist.services.options import OptionsService
from agent_assist.services.safety.service import SafetyService
from agent_assist.services.tickets import TicketService

log = logging.getLogger(__name__)

CLOSE_SECONDS = 5.0


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
        self._acting = threading.Lock()
        self._unsubscribe: Callable[[], None] | None = None
        self._courier: Courier | None = None
        if delivery is not None:
            self._courier = Courier(
                repository, tickets, delivery, clock, on_change=self._on_change, on_error=self._on_error
            )

    def send(
        self,
        ticket_id: str,
        text: str,
        suggestion_id: str = "",
        *,
        thread_hash: str = "",
        force: bool = False,
        confirmed: Collection[str] = (),
        kind: OutboxKind = OutboxKind.REPLY,
    ) -> OutboxItem:
        """Write the reply down; it leaves when the undo time is over.

        `thread_hash` is that of the thread on the screen; without it, that of the thread which the
        suggestion answers.  `confirmed` are ids of marks (`suggestion.mark_id`) that the agent has looked
        at.  Raises BadInput for an empty text or an unknown ticket, StaleThread where the thread has
        changed since (unless `force`), Unconfirmed where the text holds what must be confirmed.
        """
        text = text.replace("\0", "")
        if is_empty(text):
            raise BadInput(f"An empty {kind} was not sent.", "Write something first.")
        ticket = self._tickets.get(ticket_id)
        if ticket is None:
            raise BadInput(
                f"There is no ticket {ticket_id}.", "It may have been removed; choose another one."
            )
        public = kind is OutboxKind.REPLY
        seen = thread_hash or self._answered_thread(suggestion_id)
        if public and seen and seen != ticket.thread_hash and not force:
            raise StaleThread("There is a newer message than the one this reply answers.")
        if public and self._safety is not None:
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
            due_at=now + timedelta(seconds=self._options.current.outbox.undo_seconds if public else 0),
            suggestion_id=suggestion_id,
            kind=kind,
            seen=_public_ids(ticket),
        )
        item = replace(item, error=self._delivery.ready(item) if self._delivery else NO_DELIVERY)
        # Before: a reply must not be on its way unrecorded.
        self._note(AuditAction.SENT, item, wait=True, confirmed=confirmed)
        self._repository.put(item)
        self._changed(item)
        return item

    def send_note(self, ticket_id: str, text: str) -> OutboxItem:
        """Write an internal note, which goes to the helpdesk the same way as a reply, at once."""
        return self.send(ticket_id, text, kind=OutboxKind.NOTE)

    def note(self, ticket_id: str, text: str) -> None:
        """Add an internal note: into the helpdesk that the ticket comes from, else to the thread here."""
        if self._delivery is not None and remote_id(ticket_id)[0]:
            self.send_note(ticket_id, text)
        else:
            self._tickets.add_note(ticket_id, text)

    def withdraw(self, item_id: str, *, give_up: bool = False) -> str:
        """Take a reply back that has not left; returns its text for the editor.

        With `give_up` also one of which it is not known whether it arrived: nothing more is done for it.
        Raises BadInput where it is too late.
        """
        states = [OutboxState.QUEUED, OutboxState.FAILED, OutboxState.CHANGED]
        with self._acting:
            item = self._repository.move(
                item_id, [*states, OutboxState.UNKNOWN] if give_up else states, OutboxState.WITHDRAWN
            )
        if item is None:
            known = self._repository.get(item_id)
            if known is not None and known.state in (OutboxState.UNKNOWN, OutboxState.SENDING):
                raise BadInput(
                    "It is not known yet whether this reply has arrived.",
                    "Wait until it was looked for, or look into the helpdesk yourself.",
                )
            raise BadInput("The reply has already been sent.", "Write a further one to correct it.")
        self._note(AuditAction.WITHDRAWN, item)
        self._forget(item_id)
        self._changed(item)
        return item.text

    def changes(self, item_id: str) -> tuple[Message, ...]:
        """What was written in the thread after the agent sent this reply; for one that is held back."""
        item = self._repository.get(item_id)
        ticket = self._tickets.get(item.ticket_id) if item else None
        if item is None or ticket is None:
            return ()
        return newer(item, ticket, self._repository.of_ticket(item.ticket_id))

    def send_anyway(self, item_id: str) -> OutboxItem:
        """The agent has seen what changed and sends a reply that was held back.

        Raises BadInput where it is not held back.
        """
        with self._acting:
            item = self._repository.get(item_id)
            ticket = self._tickets.get(item.ticket_id) if item else None
            if item is None or ticket is None or item.state is not OutboxState.CHANGED:
                raise BadInput("This reply is not waiting for your word.", "")
            self._note(AuditAction.SENT, item, wait=True)
            seen = replace(item, seen=_public_ids(ticket), thread_hash=ticket.thread_hash, error="")
            self._repository.put(seen)
            queued = self._repository.move(item_id, (OutboxState.CHANGED,), OutboxState.QUEUED)
        self._forget(item_id)
        item = queued or seen
        self._changed(item)
        return item

    def pending(self) -> list[OutboxItem]:
        """What has not arrived yet, oldest first."""
        return self._repository.pending()

    def get(self, item_id: str) -> OutboxItem | None:
        return self._repository.get(item_id)

    def retry(self, item_id: str) -> None:
        """Try a failed reply again now, or look again for one of which it is not known whether it arrived.

        Raises BadInput where there is nothing to retry.
        """
        item = self._repository.get(item_id)
        if item is None or item.state not in (OutboxState.FAILED, OutboxState.UNKNOWN):
            raise BadInput("This reply is not waiting for another try.", "")
        if self._courier is not None:
            self._courier.hurry(item_id)
        self._changed(item)

    def deliver_due(self, now: datetime | None = None) -> int:
        """Deliver what is due; returns how many replies arrived.

        Never raises for one reply: its error is kept with it.
        """
        if self._courier is None:
            return 0
        now = now or self._clock.now()
        sent, tried = 0, set[str]()
        with self._delivering:
            # Asked anew after each: one that became uncertain holds up the others of its ticket.
            while True:
                due = self._courier.due(self._repository.pending())
                item = next((i for moment, i in due if moment <= now and i.id not in tried), None)
                if item is None:
                    return sent
                tried.add(item.id)
                sent += self._courier.carry(item)

    def start(self) -> None:
        """Deliver in the background from now on; what an earlier run left half-way is settled first.

        Only one process may do so for a workspace: the one that has the window.
        """
        if self._thread is None:
            self._settle()
            self._unsubscribe = self._events.subscribe(self._on_event)
            self._thread = threading.Thread(target=self._run, name="outbox", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Stop; what is queued stays for the next start.

        A reply that is just being sent gets a few seconds; after that it counts as unknown, and the next
        start looks for it in the thread.
        """
        with self._wake:
            self._stopping = True
            self._wake.notify_all()
        if self._thread is not None:
            self._thread.join(CLOSE_SECONDS)
            self._thread = None
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None

    def _answered_thread(self, suggestion_id: str) -> str:
        suggestion = self._suggestions.get(suggestion_id) if self._suggestions and suggestion_id else None
        return suggestion.thread_hash if suggestion else ""

    def _settle(self) -> None:
        for item in self._repository.pending():
            if item.state is OutboxState.SENDING:
                moved = self._repository.move(
                    item.id, (OutboxState.SENDING,), OutboxState.UNKNOWN, item.error
                )
                if moved is not None:
                    self._changed(moved)

    def _note(
        self, action: AuditAction, item: OutboxItem, *, wait: bool = False, confirmed: Collection[str] = ()
    ) -> None:
        if self._audit is not None:
            kinds = ",".join(sorted({i.split(":")[0] for i in confirmed}))
            more = {"confirmed": kinds} if kinds else {}
            self._audit.record(action, wait=wait, reply=item.id, suggestion=item.suggestion_id, **more)

    def _forget(self, item_id: str) -> None:
        if self._courier is not None:
            self._courier.forget(item_id)

    def _on_change(self, item: OutboxItem) -> None:
        if item.state is OutboxState.SENT:
            self._note(AuditAction.DELIVERED, item)
        self._changed(item)

    def _on_error(self, error: ErrorInfo) -> None:
        self._events.publish(ErrorRaised(error))

    def _on_event(self, event: Event) -> None:
        if isinstance(event, ConnectionsChanged):  # a reply may have waited for it
            if self._courier is not None:
                self._courier.hurry_all()
            with self._wake:
                self._wake.notify_all()

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
        if self._courier is None:
            return None
        try:
            waiting = [moment for moment, _ in self._courier.due(self._repository.pending())]
        except AgentAssistError:
            return FIRST_RETRY.total_seconds()
        if not waiting:
            return None
        return max(0.05, (min(waiting) - self._clock.now()).total_seconds())


def _public_ids(ticket: Ticket) -> tuple[str, ...]:
    return tuple(m.id for m in ticket.messages if m.role is not Role.NOTE)
