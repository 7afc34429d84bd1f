"""A small helpdesk that goes wrong in every way a real one does, and the product's services on it.

The helpdesk is a real HTTP server.  What arrives is recorded under the token that came with it, whether or
not the helpdesk shows tokens, so that a test can count what was lost and what came twice.
"""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import EntryPoint
from typing import Any, ClassVar

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
from agent_assist.services.connections import ConnectionService
from agent_assist.services.delivery import HelpdeskDelivery
from agent_assist.services.events import EventBus
from agent_assist.services.options import OptionsService
from agent_assist.services.outbox import OutboxService
from agent_assist.services.sync import SyncService
from agent_assist.services.tickets import TicketService

PATIENCE = 0.12
"""Seconds of silence that the connector bears."""
BIG = 21_000_000
PAGE = b"<!doctype html><html><body><form action='/login'>Please sign in</form></body></html>"
LATE = 0.1
"""Seconds by which a request whose connection is lost may be taken in later."""

# Each can meet any request; of those in MAY_RECORD it is a toss whether a reply was taken in before.
MAY_RECORD = ("reset", "silent", "500", "page", "huge", "loris", "short", "garbage")
FAULTS = (*MAY_RECORD, "late", "busy", "limit", "login")


@dataclass(frozen=True)
class Fault:
    kind: str
    recorded: bool = False


@dataclass
class SmallHelpdesk:
    """Tickets with their threads; `plan` is what befalls the next requests."""

    keeps_tokens: bool = True
    plan: deque[Fault] = field(default_factory=deque)
    met: Counter[str] = field(default_factory=Counter)
    """How many requests each fault has met."""
    arrived: Counter[str] = field(default_factory=Counter)
    """How often a reply with each token was taken in."""
    threads: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    port: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _busy: int = 0
    _server: ThreadingHTTPServer | None = None
    _last: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def listen(self) -> None:
        if self._server is None:
            self._server = _Server(("127.0.0.1", self.port), _handler(self))
            self.port = self._server.server_port
            loop = {"poll_interval": 0.01}
            threading.Thread(target=self._server.serve_forever, kwargs=loop, daemon=True).start()

    def go_away(self) -> None:
        """No connection is taken until `listen`."""
        server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            server.server_close()

    def rest(self) -> None:
        """Wait until everything that has arrived is taken in or dropped."""
        end = time.monotonic() + 10
        while self._busy and time.monotonic() < end:
            time.sleep(0.002)

    def write(self, ticket: str, role: str, text: str, token: str = "") -> dict[str, Any]:
        with self._lock:
            self._last += 1
            at = datetime.now(UTC).isoformat()
            row = {"id": str(self._last), "role": role, "text": text, "token": token, "at": at}
            self.threads.setdefault(ticket, []).append(row)
            if token:
                self.arrived[token] += 1
            return row

    def thread(self, ticket: str) -> list[dict[str, Any]]:
        with self._lock:
            rows = list(self.threads.get(ticket, ()))
        return [{**row, "token": row["token"] if self.keeps_tokens else ""} for row in rows]

    def next_fault(self) -> Fault:
        with self._lock:
            fault = self.plan.popleft() if self.plan else Fault("")
            if fault.kind:
                self.met[fault.kind] += 1
            return fault

    @contextlib.contextmanager
    def busy(self) -> Iterator[None]:
        with self._lock:
            self._busy += 1
        try:
            yield
        finally:
            with self._lock:
                self._busy -= 1


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, *_: Any) -> None:
        pass


def _handler(desk: SmallHelpdesk) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            with desk.busy(), contextlib.suppress(OSError):
                fault = desk.next_fault()
                if not self._goes_wrong(fault):
                    self._answer(200, {"messages": desk.thread(self.path.split("/")[2])})

        def do_POST(self) -> None:
            with desk.busy(), contextlib.suppress(OSError):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                ticket, fault = self.path.split("/")[2], desk.next_fault()
                if fault.kind == "late":
                    self._reset()
                    time.sleep(LATE)
                    desk.write(ticket, "agent", body["text"], body["token"])
                    return
                row: dict[str, Any] = {}
                if not fault.kind or fault.recorded:
                    row = desk.write(ticket, "agent", body["text"], body["token"])
                if not self._goes_wrong(fault):
                    self._answer(201, row)

        def _goes_wrong(self, fault: Fault) -> bool:
            if fault.kind in ("reset", "late"):
                self._reset()
            elif fault.kind == "silent":
                time.sleep(1.5 * PATIENCE)
                self._reset()
            elif fault.kind == "500":
                self._answer(500, {"message": "Internal error"})
            elif fault.kind == "page":
                self._answer(200, PAGE, "text/html")
            elif fault.kind == "garbage":
                self._answer(201, b"Thank you")
            elif fault.kind == "busy":
                self._answer(503, {}, retry_after="1")
            elif fault.kind == "limit":
                self._answer(429, {}, retry_after="1")
            elif fault.kind == "login":
                self._answer(401, {})
            elif fault.kind == "huge":
                self._begin("Connection", "close")
                for _ in range(BIG // 100_000):
                    self.wfile.write(b" " * 100_000)
            elif fault.kind == "loris":
                self._begin("Content-Length", "1000")
                for _ in range(100):
                    self.wfile.write(b" ")
                    time.sleep(0.4 * PATIENCE)
            elif fault.kind == "short":
                self._begin("Content-Length", "1000")
                self.wfile.write(b'{"id": "1')
            else:
                return False
            if fault.kind in ("huge", "short"):
                self.close_connection = True
            return True

        def _begin(self, name: str, value: str) -> None:
            self.send_response(201 if self.command == "POST" else 200)
            self.send_header("Content-Type", "application/json")
            self.send_header(name, value)
            self.end_headers()

        def _answer(
            self, status: int, body: Any, media: str = "application/json", retry_after: str = ""
        ) -> None:
            raw = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", media)
            self.send_header("Content-Length", str(len(raw)))
            if retry_after:
                self.send_header("Retry-After", retry_after)
            self.end_headers()
            self.wfile.write(raw)

        def _reset(self) -> None:
            """The end as a killed server leaves it: no answer, the connection reset."""
            self.close_connection = True
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.shutdown(socket.SHUT_RD)
            self.rfile.close()
            self.connection.close()

        def log_message(self, *_: Any) -> None:
            pass

    return Handler


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
