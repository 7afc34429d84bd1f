"""Replies on their way: what is kept of each, and who carries it to the customer."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Protocol

from agent_assist.domain.outbox import OutboxItem, OutboxState
from agent_assist.domain.ticket import Message, Ticket


class OutboxRepository(Protocol):
    """Replies and notes from the moment they are accepted; a returned call is on the disk."""

    def put(self, item: OutboxItem) -> None:
        """Insert or replace by id.  Raises BadInput for an empty text."""

    def get(self, item_id: str) -> OutboxItem | None:
        """None where there is no such item."""

    def set_state(self, item_id: str, state: OutboxState, error: str = "") -> OutboxItem:
        """From any state to `state`.  Raises BadInput where there is no such item."""

    def move(
        self, item_id: str, expected: Collection[OutboxState], state: OutboxState, error: str = ""
    ) -> OutboxItem | None:
        """As set_state, if the item is in one of the `expected` states now; None where it is not.

        In one step, so that of two who want an item (to send it, to withdraw it) only one gets it.
        """

    def arrived(self, item_id: str, message_id: str) -> OutboxItem:
        """Mark as sent, with the id of the message that it became."""

    def of_ticket(self, ticket_id: str) -> list[OutboxItem]:
        """All of one ticket in every state, oldest first."""

    def pending(self) -> list[OutboxItem]:
        """All but those sent and withdrawn, oldest first."""


class Delivery(Protocol):
    """Brings a reply to the customer.  The item's id goes with it, so that it can be found again."""

    def find(self, item: OutboxItem) -> Message | None:
        """The message that this item became, where it has arrived; asked before anything is sent twice."""

    def deliver(self, item: OutboxItem, ticket: Ticket) -> Message:
        """Send it; returns the message as it stands in the thread now.

        Raises DeliveryUncertain where it may have arrived; any other AgentAssistError means that nothing
        was sent.
        """

    def current(self, item: OutboxItem) -> Ticket | None:
        """The ticket as it is in the helpdesk now, saved here too; None where there is no other place."""

    def ready(self, item: OutboxItem) -> str:
        """Why it cannot leave now, in a sentence; empty where it can.  Asks nobody."""

    @property
    def settle(self) -> timedelta:
        """How long after an uncertain send the helpdesk may still be taking it in: only looked for, not sent
        again, until then."""
