"""The worker's side of the pipe: reads requests, runs them one after the other, answers each once.

A worker's module ends with

    if __name__ == "__main__":
        serve({"load": load, "generate": generate})

where each handler takes a Request and returns the fields of its `finished` event (and bytes).
"""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO

from agent_assist.adapters.privacy.logs import protect_logs
from agent_assist.adapters.workers.confinement import confine
from agent_assist.adapters.workers.frames import BrokenFrame, Header, read_frame, write_frame
from agent_assist.errors import AgentAssistError, Cancelled

log = logging.getLogger(__name__)

_EXIT_GRACE = 0.3
Answer = Header | tuple[Header, bytes] | None


class Request:
    """One request: its header, its bytes, and how to answer while it runs."""

    def __init__(self, pipe: Pipe, header: Header, block: bytes) -> None:
        self.header = header
        self.block = block
        self.id = int(header["id"])
        self.cancelled = threading.Event()
        self.on_cancel: Callable[[], None] | None = None
        """Called on the reader thread when the request is cancelled while it runs."""
        self._pipe = pipe

    def emit(self, event: str, fields: Mapping[str, Any] | None = None, block: bytes = b"") -> None:
        """Send an event that is not the last one."""
        self._pipe.send({**(fields or {}), "id": self.id, "event": event}, block)

    def check(self) -> None:
        """Raise Cancelled where the application has asked for it."""
        if self.cancelled.is_set():
            raise Cancelled("The request was stopped.")

    def cancel(self) -> None:
        self.cancelled.set()
        if self.on_cancel is not None:
            self.on_cancel()


class Pipe:
    """The two ends of the pipe, taken away from everything else in the process."""

    def __init__(self) -> None:
        # Libraries print; their prints must not get between two frames.
        self._out = os.fdopen(os.dup(1), "wb")
        self.input: BinaryIO = os.fdopen(os.dup(0), "rb")
        os.dup2(2, 1)
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, 0)
        os.close(null)
        sys.stdout = sys.stderr
        if os.name == "nt":  # pragma: no cover
            import msvcrt

            for stream in (self._out, self.input):
                msvcrt.setmode(stream.fileno(), os.O_BINARY)  # type: ignore[attr-defined,unused-ignore]
        self._lock = threading.Lock()

    def send(self, header: Header, block: bytes = b"") -> None:
        with self._lock:
            write_frame(self._out, header, block)


def serve(handlers: Mapping[str, Callable[[Request], Answer]]) -> None:
    """Answer requests until the application closes the pipe or dies; then end the process.

    Before the first one the process gives up the network; `protection` answers what it could give up.
    """
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")
    protect_logs()
    # Ctrl+C in a terminal reaches the whole group; the application decides when a worker ends.
    with contextlib.suppress(ValueError):
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    pipe = Pipe()
    given_up = confine()
    known = {**handlers, "protection": lambda _: dict(given_up)}
    waiting: queue.SimpleQueue[Request | None] = queue.SimpleQueue()
    requests: dict[int, Request] = {}
    idle = threading.Event()
    reader = threading.Thread(
        target=_read, args=(pipe, waiting, requests, idle), name="requests", daemon=True
    )
    reader.start()
    while True:
        idle.set()
        request = waiting.get()
        if request is None:
            break
        idle.clear()
        try:
            _answer(pipe, known, request)
        except OSError:
            break  # the application is gone
        finally:
            requests.pop(request.id, None)
    idle.set()


def _read(
    pipe: Pipe,
    waiting: queue.SimpleQueue[Request | None],
    requests: dict[int, Request],
    idle: threading.Event,
) -> None:
    try:
        while (frame := read_frame(pipe.input)) is not None:
            header, block = frame
            if header.get("op") == "cancel":
                target = requests.get(header.get("target", 0))
                if target is not None:
                    target.cancel()
                continue
            request = Request(pipe, header, block)
            requests[request.id] = request
            waiting.put(request)
    except (BrokenFrame, OSError, ValueError):
        log.warning("the pipe broke")
    for request in list(requests.values()):
        request.cancel()
    waiting.put(None)
    if not idle.wait(_EXIT_GRACE):
        os._exit(0)  # in the middle of something that does not listen


def _answer(pipe: Pipe, handlers: Mapping[str, Callable[[Request], Answer]], request: Request) -> None:
    try:
        request.check()
        handler = handlers.get(str(request.header.get("op")))
        if handler is None:
            raise AgentAssistError(f"The worker has no operation {request.header.get('op')}.")
        answer = handler(request)
    except Cancelled:
        pipe.send({"id": request.id, "event": "cancelled"})
    except AgentAssistError as error:
        pipe.send({"id": request.id, "event": "failed", "error": _fields(error)})
    except Exception as error:
        log.exception("request %s failed", request.header.get("op"))
        fields = {"code": "internal", "sentence": f"The worker reported: {type(error).__name__}: {error}."}
        pipe.send({"id": request.id, "event": "failed", "error": fields})
    else:
        header, block = answer if isinstance(answer, tuple) else (answer or {}, b"")
        pipe.send({**header, "id": request.id, "event": "finished"}, block)


def _fields(error: AgentAssistError) -> dict[str, str]:
    return {"code": error.code, "sentence": error.sentence, "remedy": error.remedy}
