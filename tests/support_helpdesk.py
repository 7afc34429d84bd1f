"""A helpdesk in memory with faults on demand, its connector, and the real services around it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, ClassVar

from support_store import START, FixedClock, Listener, with_message
from support_workspace import MemoryKeyring

from agent_assist.adapters.storage.connections import ConnectionStore
from agent_assist.adapters.storage.database import Database
from agent_assist.adapters.storage.outbox import OutboxStore
from agent_assist.adapters.storage.tickets import TicketStore
from agent_assist.adapters.storage.vault import Vault
from agent_assist.domain.helpdesk import (
    Ability,
    Account,
    Changes,
    Connection,
    ConnectionField,
    ConnectorKind,
    FieldKind,
    Queue,
)
from agent_assist.domain.ticket import Customer, Message, Role, Ticket, TicketStatus
from agent_assist.errors import BadInput, LoginRefused, TicketGone
from agent_assist.services.events import EventBus
from agent_assist.services.helpdesks.connections import ConnectionService
from agent_assist.services.helpdesks.delivery import HelpdeskDelivery
from agent_assist.services.helpdesks.outbox import OutboxService
from agent_assist.services.helpdesks.sync import SyncService
from agent_assist.services.options import OptionsService
from agent_assist.services.tickets import TicketService

TOKEN = "s3cret-token"
FIELDS = (
    ConnectionField("url", "Address", kind=FieldKind.URL, required=True),
    ConnectionField("token", "Token", kind=FieldKind.SECRET, required=True),
    ConnectionField("only_mine", "Only mine", kind=FieldKind.SWITCH, default="true"),
    ConnectionField("queues", "Queues", kind=FieldKind.LIST),
    ConnectionField("count", "Count", kind=FieldKind.NUMBER, default="5"),
    ConnectionField("size", "Size", kind=FieldKind.CHOICE, choices=("small", "large"), default="small"),
    ConnectionField("file", "File", kind=FieldKind.PATH),
)


@dataclass
class FakeHelpdesk:
    """The server's side: tickets with a log of what changed, and errors to raise."""

    tickets: dict[str, Ticket] = field(default_factory=dict)
    log: list[tuple[str, bool]] = field(default_factory=list)
    """(ticket id, gone), in the order of events; a cursor is a place in it."""
    page: int = 50
    before: list[Exception] = field(default_factory=list)
    """Raised by the next replies, nothing having happened."""
    after: list[Exception] = field(default_factory=list)
    """Raised by the next replies, which have arrived."""
    reading: list[Exception] = field(default_factory=list)
    """Raised by the next reads of changes or of a ticket."""
    finding: list[Exception] = field(default_factory=list)
    keeps_tokens: bool = True
    tokens: dict[str, str] = field(default_factory=dict)
    """Token to message id."""
    calls: list[str] = field(default_factory=list)
    clock: FixedClock = field(default_factory=FixedClock)
    pushed: threading.Event = field(default_factory=threading.Event)

    def put(self, ticket: Ticket) -> None:
        self.tickets[ticket.id] = ticket
        self.log.append((ticket.id, False))

    def drop(self, ticket_id: str) -> None:
        del self.tickets[ticket_id]
        self.log.append((ticket_id, True))

    def write(self, ticket_id: str, text: str, role: Role = Role.CUSTOMER) -> Message:
        ticket = self.tickets[ticket_id]
        message = Message(f"h{len(ticket.messages)}", role, text, self.clock.now())
        self.put(with_message(ticket, message))
        return message

    def texts(self, ticket_id: str = "1") -> list[str]:
        return [m.text for m in self.tickets[ticket_id].messages]


class FakeConnector:
    kind: ClassVar[str] = "fake"
    title: ClassVar[str] = "Fake Desk"
    fields: ClassVar[Sequence[ConnectionField]] = FIELDS
    abilities: ClassVar[frozenset[Ability]] = frozenset({Ability.NOTE, Ability.STATUS, Ability.TAGS})

    def __init__(self, connection: Connection, secrets: Mapping[str, str], server: FakeHelpdesk) -> None:
        self.connection, self.secrets, self.server = connection, secrets, server
        self.closed = False

    def check(self) -> Account:
        if self.secrets.get("token") != TOKEN:
            raise LoginRefused("The helpdesk refused the login.")
        return Account("7", "Ann", "ann@example.com")

    def queues(self) -> list[Queue]:
        return [Queue("1", "Support")]

    def changes(self, cursor: str, cancel: threading.Event) -> Changes:
        self.server.calls.append(f"changes {cursor}")
        self._fail(self.server.reading)
        start = int(cursor or 0)
        rows = self.server.log[start : start + self.server.page]
        names = dict.fromkeys(name for name, _ in rows)
        end = start + len(rows)
        return Changes(
            tickets=tuple(self.server.tickets[n] for n in names if n in self.server.tickets),
            gone=tuple(n for n in names if n not in self.server.tickets),
            cursor=str(end),
            more=end < len(self.server.log),
        )

    def ticket(self, ticket: str) -> Ticket:
        self.server.calls.append(f"ticket {ticket}")
        self._fail(self.server.reading)
        if ticket not in self.server.tickets:
            raise TicketGone(f"There is no ticket {ticket} in the helpdesk.")
        return self.server.tickets[ticket]

    def find_reply(self, ticket: str, token: str, text: str, since: datetime) -> Message | None:
        self.server.calls.append(f"find {ticket}")
        self._fail(self.server.finding)
        messages = self.server.tickets[ticket].messages
        if self.server.keeps_tokens:
            return next((m for m in messages if m.id == self.server.tokens.get(token)), None)
        fit = [m for m in messages if m.text == text and m.created_at and m.created_at >= since]
        return fit[0] if fit else None

    def reply(self, ticket: str, text: str, token: str) -> Message:
        return self._post("reply", ticket, text, token, Role.AGENT)

    def note(self, ticket: str, text: str, token: str) -> Message:
        return self._post("note", ticket, text, token, Role.NOTE)

    def set_status(self, ticket: str, status: TicketStatus) -> None:
        self.server.put(replace(self.server.tickets[ticket], status=status))

    def set_tags(self, ticket: str, tags: Sequence[str]) -> None:
        self.server.put(replace(self.server.tickets[ticket], tags=tuple(tags)))

    def wait(self, seconds: float, cancel: threading.Event) -> bool:
        while not cancel.wait(0.02):
            if self.server.pushed.is_set():
                self.server.pushed.clear()
                return True
        return False

    def ticket_of(self, url: str) -> str | None:
        start = f"{self.connection.values['url']}/ticket/"
        return url.removeprefix(start) if url.startswith(start) else None

    def page_of(self, ticket: str) -> str:
        return f"{self.connection.values['url']}/ticket/{ticket}"

    def close(self) -> None:
        self.closed = True

    def _post(self, what: str, ticket: str, text: str, token: str, role: Role) -> Message:
        self.server.calls.append(f"{what} {ticket}")
        if not text.strip():
            raise BadInput("An empty reply was not sent.")
        self._fail(self.server.before)
        message = self.server.write(ticket, text, role)
        self.server.tokens[token] = message.id
        self._fail(self.server.after)
        return message

    @staticmethod
    def _fail(errors: list[Exception]) -> None:
        if errors:
            raise errors.pop(0)


class PushConnector(FakeConnector):
    abilities: ClassVar[frozenset[Ability]] = frozenset({Ability.PUSH})


class FakeRegistry:
    """Implements ports.ConnectorRegistry with one kind."""

    def __init__(self, server: FakeHelpdesk, connector: type[FakeConnector] = FakeConnector) -> None:
        self.server, self.connector = server, connector
        self.made: list[FakeConnector] = []

    def kinds(self) -> list[ConnectorKind]:
        c = self.connector
        broken = ConnectorKind("broken", "Broken", problem="The connector broken cannot be imported.")
        return [ConnectorKind("fake", c.title, tuple(c.fields), c.abilities), broken]

    def make(self, connection: Connection, secrets: Mapping[str, str], clock: Any) -> FakeConnector:
        made = self.connector(connection, secrets, self.server)
        self.made.append(made)
        return made


class HelpdeskDesk:
    """The real services on a real database, with one connected fake helpdesk."""

    def __init__(
        self,
        database: Database,
        connector: type[FakeConnector] = FakeConnector,
        *,
        keyring: MemoryKeyring | None = None,
        settle: float = 30,
        connect: bool = True,
    ) -> None:
        self.clock = FixedClock()
        self.server = FakeHelpdesk(clock=self.clock)
        self.events = EventBus()
        self.listener = Listener(self.events)
        self.options = OptionsService(None, self.events)
        self.options.change({"outbox.undo_seconds": 0, "helpdesk.poll_seconds": 5})
        self.tickets = TicketService(TicketStore(database), self.events, self.clock)
        self.store = ConnectionStore(database)
        self.vault = Vault(database, bytes(range(32)), lambda: keyring, "w1")
        self.registry = FakeRegistry(self.server, connector)
        self.connections = ConnectionService(self.store, self.vault, self.registry, self.events, self.clock)
        self.sync = SyncService(
            self.connections, self.store, self.tickets, self.events, self.clock, self.options
        )
        self.replies = OutboxStore(database)
        self.delivery = HelpdeskDelivery(
            self.connections, self.sync, self.tickets, self.replies, self.clock, timedelta(seconds=settle)
        )
        self.outbox = self.new_outbox()
        if connect:
            self.connection = self.connections.add(
                "fake", "Acme", {"url": "https://acme.example"}, {"token": TOKEN}
            )

    def new_outbox(self) -> OutboxService:
        """As after a restart: what it knows is what the database has."""
        return OutboxService(self.replies, self.tickets, self.delivery, self.events, self.clock, self.options)

    def close(self) -> None:
        self.sync.close()
        self.outbox.close()
        self.connections.close()

    def thread(self, ticket_id: str = "acme:1") -> list[str]:
        found = self.tickets.get(ticket_id)
        assert found is not None
        return [m.text for m in found.messages]


def remote(identity: str = "1", *texts: str, **changes: Any) -> Ticket:
    """A ticket as the helpdesk gives it; its messages alternate between customer and agent."""
    roles = (Role.CUSTOMER, Role.AGENT)
    messages = tuple(
        Message(f"h{i}", roles[i % 2], text, START + timedelta(seconds=i))
        for i, text in enumerate(texts or ("Where is my parcel?",))
    )
    values: dict[str, Any] = {"subject": f"Parcel {identity}", "customer": Customer("c", "Crystal", "c@e.x")}
    return Ticket(identity, messages, **(values | changes))


def eventually(done: Callable[[], object], seconds: float = 10) -> None:
    deadline = datetime.now() + timedelta(seconds=seconds)  # noqa: DTZ005 -- a span, not a moment
    pause = threading.Event()
    while not done():
        assert datetime.now() < deadline, "it did not happen in time"  # noqa: DTZ005
        pause.wait(0.01)
