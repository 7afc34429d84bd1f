"""The product's services on the small helpdesk of `support_small_helpdesk`, and what kills them midway."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import EntryPoint
from typing import Any, ClassVar

from support_small_helpdesk import PATIENCE

from agent_assist.adapters.helpdesks.http import HttpSession
from agent_assist.adapters.helpdesks.pace import Breaker
from agent_assist.adapters.helpdesks.registry import EntryPointRegistry
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
    FieldKind,
    Queue,
)
from agent_assist.domain.ticket import Customer, Message, Role, Ticket, parse_time
from agent_assist.errors import BadInput
from agent_assist.ports import CancelToken, Clock, Delivery, OutboxRepository
from agent_assist.services.events import EventBus
from agent_assist.services.helpdesks.connections import ConnectionService
from agent_assist.services.helpdesks.delivery import HelpdeskDelivery
from agent_assist.services.helpdesks.outbox import OutboxService
from agent_assist.services.helpdesks.sync import SyncService
from agent_assist.services.options import OptionsService
from agent_assist.services.tickets import TicketService


class SmallConnector:
    """Implements ports.HelpdeskConnector for the small helpdesk."""

    kind = "small"
    title = "Small helpdesk"
    fields: ClassVar[Sequence[ConnectionField]] = (
        ConnectionField("url", "Address", kind=FieldKind.URL, required=True),
    )
    abilities: ClassVar[frozenset[Ability]] = frozenset({Ability.NOTE})

    def __init__(self, connection: Connection, secrets: Mapping[str, str], clock: Clock) -> None:
        self._http = HttpSession(
            connection.values["url"], timeout=PATIENCE, clock=clock, sleep=lambda _: None, tries=2
        )
        # In the test's time: a server that is left alone for minutes would take minutes.
        self._http._breaker = Breaker(lambda: clock.now().timestamp())

    def check(self) -> Account:
        return Account("agent")

    def queues(self) -> list[Queue]:
        return []

    def changes(self, cursor: str, cancel: CancelToken) -> Changes:
        return Changes((), cursor)

    def ticket(self, ticket: str) -> Ticket:
        rows = self._http.get(f"tickets/{ticket}").json()["messages"]
        messages = tuple(self._message(row) for row in rows)
        return Ticket(ticket, messages, f"Ticket {ticket}", customer=Customer("c", "Carla"))

    def find_reply(self, ticket: str, token: str, text: str, since: datetime) -> Message | None:
        for row in reversed(self._http.get(f"tickets/{ticket}").json()["messages"]):
            if row["token"] == token:
                return self._message(row)
            at = parse_time(row["at"])
            if not row["token"] and row["role"] == "agent" and row["text"] == text and at and at >= since:
                return self._message(row)
        return None

    def reply(self, ticket: str, text: str, token: str) -> Message:
        if not text.strip():
            raise BadInput("An empty reply was not sent.")
        answer = self._http.send("POST", f"tickets/{ticket}/replies", json={"text": text, "token": token})
        return self._message(answer.json())

    note = reply

    def ticket_of(self, url: str) -> str | None:
        return None

    def page_of(self, ticket: str) -> str:
        return ""

    def close(self) -> None:
        self._http.close()

    @staticmethod
    def _message(row: Mapping[str, Any]) -> Message:
        return Message(row["id"], Role(row["role"]), row["text"], parse_time(row["at"]))


class PassingClock:
    """Real time, which a test can let pass faster."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self._ahead

    def pass_time(self, seconds: float) -> None:
        self._ahead += timedelta(seconds=seconds)


class Killed(BaseException):
    """Stands for kill -9 in this process: nothing catches it, and what it leaves is thrown away."""


@dataclass
class Fuse:
    """Kills at the n-th moment from now; 0 is never."""

    left: int = 0

    def burn(self) -> None:
        if self.left:
            self.left -= 1
            if not self.left:
                raise Killed


class Fused:
    """A repository or delivery whose calls may be the last ones, before or after they took effect."""

    def __init__(self, inner: object, fuse: Fuse, names: Sequence[str]) -> None:
        self._inner, self._fuse, self._names = inner, fuse, names

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        return self._wrapped(found) if name in self._names else found

    def _wrapped(self, work: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            self._fuse.burn()
            done = work(*arguments, **options)
            self._fuse.burn()
            return done

        return call


@dataclass
class Services:
    outbox: OutboxService
    sync: SyncService
    connections: ConnectionService
    tickets: TicketService

    def close(self) -> None:
        self.sync.close()
        self.connections.close()


SMALL = EntryPoint("small", "support_faulty:SmallConnector", "agent_assist.helpdesks")


def services(
    database: Database,
    clock: Clock,
    settle: float = 30.0,
    fuse: Fuse | None = None,
    connector: EntryPoint = SMALL,
) -> Services:
    """The product's own outbox, delivery and connections on the small helpdesk, or on that of `connector`."""
    events = EventBus()
    options = OptionsService(None, events)
    options.change({"outbox.undo_seconds": 0})
    tickets = TicketService(TicketStore(database), events, clock)
    store = ConnectionStore(database)
    vault = Vault(database, bytes(32), lambda: None, "")
    connections = ConnectionService(store, vault, EntryPointRegistry([connector]), events, clock)
    sync = SyncService(connections, store, tickets, events, clock, options)
    repository: OutboxRepository = OutboxStore(database)
    delivery: Delivery = HelpdeskDelivery(
        connections, sync, tickets, repository, clock, timedelta(seconds=settle)
    )
    if fuse is not None:
        repository = Fused(repository, fuse, ("put", "move", "arrived"))  # type: ignore[assignment]
        delivery = Fused(delivery, fuse, ("find", "deliver", "current"))  # type: ignore[assignment]
    outbox = OutboxService(repository, tickets, delivery, events, clock, options)
    return Services(outbox, sync, connections, tickets)
