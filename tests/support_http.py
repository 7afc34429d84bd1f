"""A real HTTP server on this machine whose answers a test writes."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from support_certificates import self_signed
from support_store import FixedClock

from agent_assist.adapters.helpdesks.http import HttpSession


@dataclass
class Request:
    """One request as the server saw it, and the handler to answer by hand with."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    handler: BaseHTTPRequestHandler

    def answer(
        self, status: int = 200, body: Any = b"", headers: Mapping[str, str] | None = None, media: str = ""
    ) -> None:
        """Send a whole answer; a body that is not bytes goes out as JSON."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.handler.send_response(status)
        self.handler.send_header("Content-Type", media or "application/json")
        self.handler.send_header("Content-Length", str(len(raw)))
        for name, value in (headers or {}).items():
            self.handler.send_header(name, value)
        self.handler.end_headers()
        self.handler.wfile.write(raw)

    def hang_up(self) -> None:
        """Close the connection without an answer."""
        self.handler.close_connection = True


def own_certificate(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """A certificate for this machine that nobody else trusts: the server's context, and its file."""
    certificate, key = self_signed()
    public, whole = folder / "server.pem", folder / "server-key.pem"
    public.write_bytes(certificate)
    whole.write_bytes(key + certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(whole)
    return context, public


Answerer = Callable[[Request], None]


@dataclass
class TestServer:
    url: str
    answerer: Answerer
    requests: list[Request] = field(default_factory=list)

    @property
    def seen(self) -> list[str]:
        return [f"{request.method} {request.path}" for request in self.requests]


TestServer.__test__ = False  # type: ignore[attr-defined]


@contextmanager
def serving(answerer: Answerer, tls: ssl.SSLContext | None = None) -> Iterator[TestServer]:
    """A threaded HTTP/1.1 server on a free port; `answerer` is called with each request."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def _any(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            request = Request(self.command, self.path, dict(self.headers), self.rfile.read(size), self)
            server.requests.append(request)
            try:
                server.answerer(request)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _any  # noqa: N815 -- the base class calls them so

        def log_message(self, *_: Any) -> None:
            pass

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            pass

    http = Quiet(("127.0.0.1", 0), Handler)
    if tls is not None:
        http.socket = tls.wrap_socket(http.socket, server_side=True, do_handshake_on_connect=False)
    server = TestServer(f"http{'s' if tls else ''}://127.0.0.1:{http.server_port}", answerer)
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        thread.join()
        http.server_close()


class Pauses(list[float]):
    """Stands for sleep: notes the seconds and returns at once."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


@contextmanager
def session(
    answerer: Callable[[Request], None], **options: Any
) -> Iterator[tuple[HttpSession, TestServer, Pauses]]:
    pauses = Pauses()
    with serving(answerer) as server:
        made = HttpSession(server.url + "/api", clock=FixedClock(), sleep=pauses, **options)
        try:
            yield made, server, pauses
        finally:
            made.close()


def in_turn(*answers: tuple[int, Any, dict[str, str]]) -> Callable[[Request], None]:
    """Answers one after the other, the last one for ever."""
    left = list(answers)

    def answer(request: Request) -> None:
        status, body, headers = left.pop(0) if len(left) > 1 else left[0]
        request.answer(status, body, headers)

    return answer
