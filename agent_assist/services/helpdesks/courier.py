"""Carries one item of the outbox to its ticket: at most once, and never over something newer."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from agent_assist.domain.outbox import OutboxItem, OutboxKind, OutboxState, is_empty
from agent_assist.domain.ticket import Message, Role, Ticket
from agent_assist.errors import (
    AgentAssistError,
    BadInput,
    DeliveryUncertain,
    ErrorInfo,
    LoginRefused,
    ServerBusy,
    StaleThread,
)
from agent_assist.ports import Clock, Delivery, OutboxRepository
from agent_assist.services.tickets import TicketService

log = logging.getLogger(__name__)

FIRST_LOOK = timedelta(seconds=5)
"""After an uncertain send, until the thread is looked through."""
FIRST_RETRY = timedelta(seconds=15)
LONGEST_RETRY = timedelta(minutes=10)
AFTER_LOGIN = timedelta(minutes=30)
"""A wrong password tried more often can lock the account; a change of the connection tries at once."""
NEWER = "Something was written after you sent this reply."


@dataclass
class _Course:
    """What this process knows of an item beyond the database."""

    tries: int = 0
    next_at: datetime | None = None
    unsure_since: datetime | None = None
    """Since when it may have arrived; the helpdesk may still be taking it in."""
    arrived: Message | None = None
    """It is in the thread, and that could not be written down yet."""
    ours: bool = False
    """This process began to send it, and its end could not be written down."""


class Courier:
    """Used by one thread at a time."""

    def __init__(
        self,
        repository: OutboxRepository,
        tickets: TicketService,
        delivery: Delivery,
        clock: Clock,
        *,
        on_change: Callable[[OutboxItem], None],
        on_error: Callable[[ErrorInfo], None],
    ) -> None:
        self._repository = repository
        self._tickets = tickets
        self._delivery = delivery
        self._clock = clock
        self._on_change = on_change
        self._on_error = on_error
        self._courses: dict[str, _Course] = {}

    def due(self, pending: Sequence[OutboxItem]) -> list[tuple[datetime, OutboxItem]]:
        """What will leave by itself, each with when it is tried next; in the order of `pending`.

        Left out are those that wait for the agent or for a connection, and those to the same ticket as a
        reply of which it is not known whether it arrived: where the helpdesk keeps no ids, two with the
        same words could not be told apart.
        """
        found: list[tuple[datetime, OutboxItem]] = []
        unsure: dict[str, str] = {}
        for item in pending:
            if item.state in (OutboxState.UNKNOWN, OutboxState.SENDING):
                unsure.setdefault(item.ticket_id, item.id)
        for item in pending:
            course = self._courses.get(item.id, _Course())
            held = item.state is OutboxState.CHANGED or unsure.get(item.ticket_id, item.id) != item.id
            foreign = item.state is OutboxState.SENDING and not course.ours
            if not held and not foreign and not self._delivery.ready(item):
                found.append((course.next_at or item.due_at, item))
        return found

    def hurry(self, item_id: str) -> None:
        """The agent wants another try now."""
        if item_id in self._courses:
            self._courses[item_id].next_at = None

    def hurry_all(self) -> None:
        """A connection was changed: what failed may go now."""
        for course in list(self._courses.values()):
            course.next_at = None

    def forget(self, item_id: str) -> None:
        """Keep nothing more about the attempts at this item."""
        self._courses.pop(item_id, None)

    def carry(self, item: OutboxItem) -> bool:
        """Bring one item on its way; True where it has arrived.  Its errors are kept with it."""
        course = self._courses.setdefault(item.id, _Course())
        try:
            arrived = self._carry(item, course)
        except AgentAssistError as error:  # the database: nothing can be written down just now
            log.warning("%s could not be written down: %s", item.id, error.sentence)
            course.ours = True
            self._later(course, FIRST_RETRY)
            return False
        if arrived:
            self.forget(item.id)
        return arrived

    # --- inside -----------------------------------------------------------------------------------

    def _carry(self, item: OutboxItem, course: _Course) -> bool:
        if course.arrived is not None:
            return self._arrived(item, course.arrived, course)
        if course.ours and item.state is OutboxState.SENDING:
            settled = self._move(item, OutboxState.UNKNOWN, item.error)
            if settled is None:
                return False
            item = settled
        if item.state is OutboxState.UNKNOWN and course.unsure_since is None:
            course.unsure_since = self._clock.now()  # from an earlier run
        sending = self._move(item, OutboxState.SENDING)
        if sending is None:
            return False  # withdrawn, or in other hands
        course.ours = True
        message = self._attempt(item, sending, course)
        if message is None:
            course.ours = False
            return False
        course.arrived = message
        return self._arrived(sending, message, course)

    def _attempt(self, before: OutboxItem, item: OutboxItem, course: _Course) -> Message | None:
        """The message that it became; None where it did not leave, which is then written down."""
        unsure = before.state is OutboxState.UNKNOWN
        try:
            if before.state is not OutboxState.QUEUED:
                found = self._delivery.find(item)
                if found is not None:
                    return found
                if unsure and self._may_still_arrive(course):
                    self._unknown(item, course, before.error)
                    return None
                unsure = False  # it is not there and will not come: nothing has been sent
            ticket = self._ticket(item)
            if self._is_stale(item):
                self._stale(item)
                return None
        except Exception as problem:
            error = _explained(problem)
            if unsure:
                self._unknown(item, course, str(error))
            else:
                self._failed(item, course, error)
            return None
        return self._hand_over(item, ticket, course)

    def _hand_over(self, item: OutboxItem, ticket: Ticket, course: _Course) -> Message | None:
        try:
            return self._delivery.deliver(item, ticket)
        except DeliveryUncertain as error:
            self._uncertain(item, course, error)
        except StaleThread as error:
            # Written between our look and the sending.  What is no message (a status) stands in no way.
            if self._is_newer_now(item):
                self._stale(item)
            else:
                self._failed(item, course, error)
        except AgentAssistError as error:
            self._failed(item, course, error)
        except Exception as error:
            # Nobody knows how far it came: it is looked for, as after a lost connection.
            self._uncertain(item, course, _explained(error))
        return None

    def _ticket(self, item: OutboxItem) -> Ticket:
        if is_empty(item.text):
            raise BadInput("An empty reply is not sent.", "Take it back.")
        ticket = self._tickets.get(item.ticket_id)
        if ticket is None:
            raise BadInput(f"The ticket {item.ticket_id} is gone.", "Take the reply back to keep its text.")
        return ticket

    def _is_stale(self, item: OutboxItem) -> bool:
        if item.kind is OutboxKind.NOTE:
            return False
        current = self._delivery.current(item)
        return current is not None and bool(newer(item, current, self._repository.of_ticket(item.ticket_id)))

    def _is_newer_now(self, item: OutboxItem) -> bool:
        try:
            return self._is_stale(item)
        except AgentAssistError:
            return True

    def _may_still_arrive(self, course: _Course) -> bool:
        since = course.unsure_since
        return since is not None and self._clock.now() - since < self._delivery.settle

    def _arrived(self, item: OutboxItem, message: Message, course: _Course) -> bool:
        sent = self._repository.arrived(item.id, message.id)
        course.arrived = None
        try:
            self._tickets.add_message(item.ticket_id, message)
        except AgentAssistError as error:  # the ticket left this desk meanwhile
            log.info("%s is not in the thread here: %s", item.id, error.sentence)
        self._on_change(sent)
        return True

    def _stale(self, item: OutboxItem) -> None:
        self._move(item, OutboxState.CHANGED, NEWER)
        self._on_error(StaleThread(NEWER).info)

    def _uncertain(self, item: OutboxItem, course: _Course, error: AgentAssistError) -> None:
        course.unsure_since = self._clock.now()
        self._unknown(item, course, str(error))
        if course.tries == 1:
            self._on_error(error.info)

    def _unknown(self, item: OutboxItem, course: _Course, error: str) -> None:
        self._later(course, FIRST_LOOK)
        self._move(item, OutboxState.UNKNOWN, error)

    def _failed(self, item: OutboxItem, course: _Course, error: AgentAssistError) -> None:
        course.unsure_since = None
        self._later(course, FIRST_RETRY)
        if isinstance(error, ServerBusy) and error.wait_seconds:
            course.next_at = self._clock.now() + timedelta(seconds=error.wait_seconds)
        elif isinstance(error, LoginRefused):
            course.next_at = self._clock.now() + AFTER_LOGIN
        self._move(item, OutboxState.FAILED, str(error))
        if course.tries == 1:
            self._on_error(error.info)

    def _later(self, course: _Course, first: timedelta) -> None:
        course.tries += 1
        course.next_at = self._clock.now() + min(first * 2 ** min(course.tries - 1, 10), LONGEST_RETRY)

    def _move(self, item: OutboxItem, state: OutboxState, error: str = "") -> OutboxItem | None:
        moved = self._repository.move(item.id, (item.state,), state, error)
        if moved is not None:
            self._on_change(moved)
        return moved


def newer(item: OutboxItem, ticket: Ticket, own: Sequence[OutboxItem]) -> tuple[Message, ...]:
    """The public messages of a thread that the agent had not seen when they sent `item`.

    `own` are all items of that ticket: what this desk sent itself is no news.
    """
    ids = {i for other in own for i in (other.id, other.message_id)}
    texts = {tuple(other.text.split()) for other in own if other.state is OutboxState.SENT}
    return tuple(
        m
        for m in ticket.messages
        if m.role is not Role.NOTE
        and m.id not in ids
        and not _was_seen(item, m)
        and not (m.role is Role.AGENT and tuple(m.text.split()) in texts)
    )


def _was_seen(item: OutboxItem, message: Message) -> bool:
    if item.seen is not None:
        return message.id in item.seen
    return message.created_at is None or message.created_at <= item.created_at


def _explained(error: Exception) -> AgentAssistError:
    if isinstance(error, AgentAssistError):
        return error
    log.error("an unexpected fault in a delivery", exc_info=error)
    return AgentAssistError(f"The reply could not be delivered ({type(error).__name__}: {error}).")
