"""A small helpdesk that goes wrong in every way a real one does.

It is a real HTTP server.  What arrives is recorded under the token that came with it, whether or not the
helpdesk shows tokens, so that a test can count what was lost and what came twice.
"""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import threading
import time
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

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
            self._server = _Server(self)
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

    def __init__(self, desk: SmallHelpdesk) -> None:
        super().__init__(("127.0.0.1", desk.port), _Handler)
        self.desk = desk

    def handle_error(self, *_: Any) -> None:
        pass


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    @property
    def _desk(self) -> SmallHelpdesk:
        return self.server.desk

    def do_GET(self) -> None:
        with self._desk.busy(), contextlib.suppress(OSError):
            fault = self._desk.next_fault()
            if not self._goes_wrong(fault):
                self._answer(200, {"messages": self._desk.thread(self.path.split("/")[2])})

    def do_POST(self) -> None:
        with self._desk.busy(), contextlib.suppress(OSError):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            ticket, fault = self.path.split("/")[2], self._desk.next_fault()
            if fault.kind == "late":
                self._reset()
                time.sleep(LATE)
                self._desk.write(ticket, "agent", body["text"], body["token"])
                return
            row: dict[str, Any] = {}
            if not fault.kind or fault.recorded:
                row = self._desk.write(ticket, "agent", body["text"], body["token"])
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

    def _answer(self, status: int, body: Any, media: str = "application/json", retry_after: str = "") -> None:
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
