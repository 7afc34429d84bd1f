"""The tickets of a desk, and what an agent has written for one and not sent."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from agent_assist.domain.ticket import Message, QueueFilter, Ticket, TicketStatus, TicketSummary
from agent_assist.domain.unsent import Unsent


class TicketRepository(Protocol):
    """The tickets of the workspace with their whole threads."""

    def save(self, tickets: Iterable[Ticket], *, source: str = "") -> None:
        """Insert or replace; a ticket whose thread grew by a customer message becomes unread."""

    def get(self, ticket_id: str) -> Ticket | None:
        """The whole thread; None where the ticket is not here."""

    def queue(self, wanted: QueueFilter) -> list[TicketSummary]:
        """Newest first; `wanted.text` searches subject, customer and messages."""

    def add_message(self, ticket_id: str, message: Message) -> Ticket:
        """Append and return the ticket as it is now; the same message id twice adds nothing."""

    def set_read(self, ticket_id: str, read: bool = True) -> None:
        """Nothing happens where the ticket is not here."""

    def set_status(self, ticket_id: str, status: TicketStatus) -> None:
        """Here only: the helpdesk is told by `SyncService`."""

    def count(self) -> int:
        """All of them, whatever their status."""


class UnsentRepository(Protocol):
    """What an agent has written and not sent, one text for each ticket."""

    def put(self, unsent: Unsent) -> None:
        """Insert or replace what is kept of that ticket."""

    def get(self, ticket_id: str) -> Unsent | None:
        """None where nothing is kept of this ticket."""

    def all(self) -> list[Unsent]:
        """By the tickets' ids."""

    def remove(self, ticket_id: str) -> None:
        """Nothing happens where nothing is kept."""
