"""Ends an exchange that takes too long or is no longer wanted.

The timeouts of HTTP libraries count the silence between two bytes: a server that sends one byte every few
seconds (slow-loris) holds its client for hours.  Here another thread shuts the socket down, which ends
the blocked read at once.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from enum import StrEnum
from typing import Any

TICK = 0.25
"""Seconds between two looks at the clock and the cancel token while an exchange is under way."""
IDLE = 10.0
"""Seconds without an exchange after which the thread ends; the next exchange starts another."""


class Verdict(StrEnum):
    """Why an exchange was ended here; NONE where it ended by itself."""

    NONE = ""
    LATE = "late"
    CANCELLED = "cancelled"


class Watch:
    """Looks after one exchange at a time over one connection."""

    def __init__(self) -> None:
        self._wake = threading.Condition()
        self._thread: threading.Thread | None = None
        self._deadline: float | None = None
        self._cancel: threading.Event | None = None
        self._stream: Any = None
        self._verdict = Verdict.NONE
        self._closed = False

    def connected(self, stream: Any) -> None:
        """The connection that exchanges use from now on: an httpcore NetworkStream."""
        with self._wake:
            self._stream = stream
            if self._verdict:
                self._shut()

    def begin(self, deadline: float, cancel: threading.Event | None) -> None:
        """An exchange begins; `deadline` is a time of `time.monotonic`."""
        with self._wake:
            self._deadline, self._cancel, self._verdict = deadline, cancel, Verdict.NONE
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._run, name="http-watch", daemon=True)
                self._thread.start()

    def end(self) -> Verdict:
        """The exchange is over; why it was ended, where it was."""
        with self._wake:
            self._deadline = self._cancel = None
            return self._verdict

    def close(self) -> None:
        with self._wake:
            self._closed = True
            if self._deadline is not None and not self._verdict:
                self._verdict = Verdict.CANCELLED
                self._shut()
            self._stream = None
            self._wake.notify_all()

    def _run(self) -> None:
        idle_since = time.monotonic()
        with self._wake:
            while not self._closed:
                now = time.monotonic()
                if self._deadline is not None:
                    idle_since = now
                    if not self._verdict and (verdict := self._look(self._deadline, now)):
                        self._verdict = verdict
                        self._shut()
                elif now - idle_since > IDLE:
                    break
                left = TICK if self._deadline is None or self._verdict else self._deadline - now
                self._wake.wait(min(TICK, max(0.01, left)))
            self._thread = None

    def _look(self, deadline: float, now: float) -> Verdict:
        if now >= deadline:
            return Verdict.LATE
        return Verdict.CANCELLED if self._cancel is not None and self._cancel.is_set() else Verdict.NONE

    def _shut(self) -> None:
        found = self._stream.get_extra_info("socket") if self._stream is not None else None
        if isinstance(found, socket.socket):
            with contextlib.suppress(OSError):
                # The plain socket's method: SSLSocket's own would drop the TLS state under the reader's feet.
                socket.socket.shutdown(found, socket.SHUT_RDWR)


class Wire:
    """A plain socket as `Watch.connected` takes it, for protocols other than HTTP."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end

    def get_extra_info(self, name: str) -> Any:
        return self._end if name == "socket" else None
