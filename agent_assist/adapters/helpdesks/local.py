"""The demo desk: replies go into the thread on this machine, and some customers write back."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from datetime import timedelta
from typing import Protocol

from agent_assist.domain.outbox import OutboxItem, OutboxKind
from agent_assist.domain.ticket import Message, Role, Ticket, TicketStatus
from agent_assist.errors import AgentAssistError
from agent_assist.ports import Clock

log = logging.getLogger(__name__)


class Thread(Protocol):
    """What the demo desk needs of the tickets; the ticket service and the repository both have it."""

    def get(self, ticket_id: str) -> Ticket | None: ...

    def add_message(self, ticket_id: str, message: Message) -> Ticket: ...

    def set_status(self, ticket_id: str, status: TicketStatus) -> None: ...


class LocalDelivery:
    """Implements ports.Delivery on the tickets of this workspace.

    A reply sets the ticket to pending; a customer who has a follow-up writes it `delay_seconds`
    later, which opens the ticket again.
    """

    def __init__(
        self, tickets: Thread, follow_ups: Mapping[str, str], delay_seconds: float = 4.0, *, clock: Clock
    ) -> None:
        """`follow_ups` maps a ticket id to what its customer writes after the first reply."""
        self._tickets = tickets
        self._follow_ups = dict(follow_ups)
        self._delay = delay_seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._timers: set[threading.Timer] = set()
        self._closed = False

    def find(self, item: OutboxItem) -> Message | None:
        ticket = self._tickets.get(item.ticket_id)
        return next((m for m in ticket.messages if m.id == item.id), None) if ticket else None

    def deliver(self, item: OutboxItem, ticket: Ticket) -> Message:
        role = Role.NOTE if item.kind is OutboxKind.NOTE else Role.AGENT
        message = self.find(item) or Message(item.id, role, item.text, self._clock.now())
        self._tickets.add_message(ticket.id, message)
        if item.kind is OutboxKind.NOTE:
            return message
        self._tickets.set_status(ticket.id, TicketStatus.PENDING)
        with self._lock:
            text = self._follow_ups.pop(ticket.id, "")
            if text and not self._closed:
                timer = threading.Timer(self._delay, self._write_back, (ticket.id, text))
                timer.daemon = True
                self._timers.add(timer)
                timer.start()
        return message

    def current(self, item: OutboxItem) -> Ticket | None:
        return None

    def ready(self, item: OutboxItem) -> str:
        return ""

    @property
    def settle(self) -> timedelta:
        return timedelta(0)

    def close(self) -> None:
        """Nobody writes any more; waits for one who is just doing so."""
        with self._lock:
            self._closed = True
            timers = list(self._timers)
        for timer in timers:
            timer.cancel()
            timer.join()

    def _write_back(self, ticket_id: str, text: str) -> None:
        message = Message(f"{ticket_id}-follow-up", Role.CUSTOMER, text, self._clock.now())
        try:
            if not self._closed:
                self._tickets.add_message(ticket_id, message)
        except AgentAssistError:
            log.exception("the follow-up of %s could not be written", ticket_id)
        with self._lock:
            self._timers = {timer for timer in self._timers if timer is not threading.current_thread()}
