"""The address of this machine that the browser comes back to after signing in (RFC 8252, 7.3)."""

from __future__ import annotations

import hmac
import html
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlsplit

from agent_assist.errors import Cancelled, HelpdeskProblem
from agent_assist.ports import CancelToken

LONGEST = 8000
"""Characters of an address that is read."""
_STEP = 0.1
_PAGE = (
    "<!doctype html><html lang=en><meta charset=utf-8><title>Agent Assist</title>"
    "<p>{text} You can close this tab.</p></html>"
)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    # Else the port is taken for a minute after a sign-in; on Windows it would let another program in too.
    allow_reuse_address = sys.platform != "win32"
    query: str | None = None
    state = host = title = ""

    def handle_error(self, *_: Any) -> None:
        """Whoever breaks off is not our business."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = 5  # seconds for one that says nothing

    def do_GET(self) -> None:
        parts = urlsplit(self.path[:LONGEST])
        given = parse_qs(parts.query)
        states = given.get("state", [])
        # The name it was called by: no web page may make a browser believe that another name is this machine.
        ours = self.headers.get("Host", "") == self.server.host and parts.path == "/"
        if (
            not ours
            or len(states) != 1
            or not hmac.compare_digest(states[0].encode(), self.server.state.encode())
        ):
            self._answer(400, "This does not belong to a sign-in that is under way.")
            return
        refused = "error" in given
        if self.server.query is None:  # the first one counts
            self.server.query = parts.query
        self._answer(
            200, "Signing in was refused." if refused else f"Agent Assist goes on with {self.server.title}."
        )

    def _answer(self, status: int, text: str) -> None:
        body = _PAGE.format(text=html.escape(text)).encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", "default-src 'none'")
        self.send_header("Cache-Control", "no-store")
        self.send_header("Referrer-Policy", "no-referrer")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Addresses hold the code."""


class Redirect:
    """Listens on this machine only, while the block runs."""

    def __init__(self, host: str, port: int, state: str, title: str) -> None:
        """`port` is 0 for any free one.  Raises HelpdeskProblem where it is taken."""
        try:
            self._server = _Server(("127.0.0.1", port), _Handler)
        except OSError:
            raise HelpdeskProblem(
                f"Another program uses port {port}, to which the browser would come back.",
                "End the other sign-in, or that program, and try again.",
            ) from None
        self._server.state, self._server.title = state, title
        self._server.host = f"{host}:{self._server.server_port}"
        self.url = f"http://{self._server.host}/"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(_STEP,), name="sign-in", daemon=True
        )

    def __enter__(self) -> Redirect:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def wait(self, seconds: float, cancel: CancelToken) -> str:
        """The query of the address that the browser came back with.  Raises Cancelled, HelpdeskProblem."""
        end = time.monotonic() + seconds
        while self._server.query is None:
            if cancel.is_set():
                raise Cancelled("Signing in was stopped.")
            if time.monotonic() > end:
                raise HelpdeskProblem(
                    f"Nobody signed in to {self._server.title} within {seconds / 60:.0f} minutes.",
                    "Choose “Sign in” again.",
                )
            cancel.wait(_STEP)
        return self._server.query
