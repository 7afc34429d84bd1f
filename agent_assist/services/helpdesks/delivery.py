"""Brings replies and notes into the helpdesk that their ticket comes from."""

from __future__ import annotations

from datetime import timedelta

from agent_assist.domain.helpdesk import Ability, Connection, remote_id
from agent_assist.domain.outbox import OutboxItem, OutboxKind, is_empty
from agent_assist.domain.ticket import Message, Role, Ticket
from agent_assist.errors import BadInput, HelpdeskProblem, PermissionMissing
from agent_assist.ports import Clock, OutboxRepository
from agent_assist.services.helpdesks.connections import ConnectionService
from agent_assist.services.helpdesks.sync import SyncService
from agent_assist.services.tickets import TicketService

SETTLE = timedelta(seconds=30)
"""A request whose answer was lost is in the helpdesk by then, or will never be."""
CLOCKS = timedelta(minutes=10)
"""How much later than the helpdesk's this machine's clock may be."""
_ROLES = {OutboxKind.REPLY: Role.AGENT, OutboxKind.NOTE: Role.NOTE}
NO_DELIVERY = "No helpdesk is connected: the reply is kept here until one is."


class HelpdeskDelivery:
    """Implements ports.Delivery for the tickets of connections.

    A reply to a ticket of no connection stays in the outbox; a note to one is kept here.
    """

    def __init__(
        self,
        connections: ConnectionService,
        sync: SyncService,
        tickets: TicketService,
        repository: OutboxRepository,
        clock: Clock,
        settle: timedelta = SETTLE,
    ) -> None:
        self._connections = connections
        self._sync = sync
        self._tickets = tickets
        self._repository = repository
        self._clock = clock
        self._settle = settle

    @property
    def settle(self) -> timedelta:
        return self._settle

    def ready(self, item: OutboxItem) -> str:
        connection, _ = self._route(item)
        if connection is None:
            return "" if item.kind is OutboxKind.NOTE else NO_DELIVERY
        if not connection.enabled:
            return f"{connection.title} is switched off: the reply is kept here until it is on."
        return ""

    def find(self, item: OutboxItem) -> Message | None:
        """Asks the helpdesk for the item's id, or for its words where the helpdesk keeps no ids.

        A message with the same words that is known to be another one does not count.
        """
        connection, remote = self._route(item)
        if connection is None:
            ticket = self._tickets.get(item.ticket_id)
            return next((m for m in ticket.messages if m.id == item.id), None) if ticket else None
        known = self._other_ids(item)
        since = item.created_at - CLOCKS
        with self._connections.use(connection.id) as connector:
            found = connector.find_reply(remote, item.id, item.text, since)
            if found is None or found.id not in known:
                return found
            # The newest one with these words is another one; this one may stand before it.
            thread = connector.ticket(remote)
        words, role = item.text.split(), _ROLES[item.kind]
        return next(
            (
                m
                for m in reversed(thread.messages)
                if m.id not in known
                and m.role is role
                and m.text.split() == words
                and (m.created_at is None or m.created_at >= since)
            ),
            None,
        )

    def deliver(self, item: OutboxItem, ticket: Ticket) -> Message:
        """Send the reply or note.  Raises BadInput for an empty text, HelpdeskProblem where no connection
        takes it."""
        if is_empty(item.text):
            raise BadInput("An empty reply is not sent.", "Take it back.")
        connection, remote = self._route(item)
        note = item.kind is OutboxKind.NOTE
        if connection is None:
            if note:
                return Message(item.id, Role.NOTE, item.text, self._clock.now())
            raise HelpdeskProblem(NO_DELIVERY, "Connect it in Connections, or copy the reply.")
        with self._connections.use(connection.id) as connector:
            if not note:
                return connector.reply(remote, item.text, item.id)
            if Ability.NOTE not in connector.abilities:
                raise PermissionMissing(f"{connection.title} has no internal notes.", "Take the note back.")
            return connector.note(remote, item.text, item.id)

    def current(self, item: OutboxItem) -> Ticket | None:
        connection, remote = self._route(item)
        return self._sync.fetch(connection.id, remote) if connection else None

    def _route(self, item: OutboxItem) -> tuple[Connection | None, str]:
        name, remote = remote_id(item.ticket_id)
        return (self._connections.get(name) if name else None), remote

    def _other_ids(self, item: OutboxItem) -> set[str]:
        """Ids of messages that are not this item: seen before it was sent, or what others became."""
        others = self._repository.of_ticket(item.ticket_id)
        return {o.message_id for o in others if o.id != item.id and o.message_id} | set(item.seen or ())
