"""One spawned worker process and the requests that it is working on.

Requests are frames `{"id", "op", …}`; answers carry the same id and an `event`.  Every request ends
in exactly one of the events `finished`, `cancelled` and `failed`; a pipe that closes before that is a
dead worker and raises WorkerCrashed.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import os
import queue
import runpy
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

import agent_assist
from agent_assist.adapters.workers.frames import BrokenFrame, Header, read_frame, write_frame
from agent_assist.errors import AgentAssistError, Cancelled, WorkerCrashed
from agent_assist.ports import CancelToken

log = logging.getLogger(__name__)

CANCEL_GRACE: Final = 0.08
"""Seconds that a cancelled request may take to say so before the caller is let go."""
_POLL: Final = 0.02
_CLOSE_GRACE: Final = 1.0
_SECRETS: Final = ("TOKEN", "KEY", "SECRET", "PASSPHRASE", "PASSWORD", "CREDENTIAL", "PROXY", "DBUS", "SSH_")
"""A worker has no use for a proxy, the session's bus or an agent that holds keys either."""
_OFFLINE: Final = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
    "TOKENIZERS_PARALLELISM": "false",
}

Event = tuple[Header, bytes]


def worker_command(name: str) -> list[str]:
    """How to start the worker `name` (`inference`, `knowledge`, `conversion`) of this installation.

    A frozen application has no interpreter to hand a module to: it starts itself with `--worker`.
    """
    if getattr(sys, "frozen", False):
        return [sys.executable, "--worker", name]
    # -P: the folder we happen to stand in is not a place to import from.
    return [sys.executable, "-P", "-m", f"agent_assist.adapters.{name}.worker"]


def run_worker(name: str) -> None:
    """Be the worker `name`: what a frozen application does when it is started with `--worker NAME`."""
    if name not in ("inference", "knowledge", "conversion"):
        raise ValueError(f"there is no worker {name}")
    runpy.run_module(f"agent_assist.adapters.{name}.worker", run_name="__main__")


def worker_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment without its secrets, with the hub switched off."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not any(word in name.upper() for word in _SECRETS)
    }
    root = str(Path(agent_assist.__file__).resolve().parents[1])
    paths = [root, *(p for p in kept.get("PYTHONPATH", "").split(os.pathsep) if p and p != root)]
    kept["PYTHONPATH"] = os.pathsep.join(paths)
    kept["PYTHONIOENCODING"] = "utf-8"
    kept.update(_OFFLINE)
    kept.update(extra or {})
    return kept


def error_from(fields: Mapping[str, Any]) -> AgentAssistError:
    """The error that a worker reported, as the class its code names."""
    sentence = str(fields.get("sentence") or "The worker reported an error.")
    remedy = fields.get("remedy")
    kind = _error_class(str(fields.get("code", "")), AgentAssistError) or AgentAssistError
    return kind(sentence, None if remedy is None else str(remedy))


def _error_class(code: str, kind: type[AgentAssistError]) -> type[AgentAssistError] | None:
    if kind.code == code:
        return kind
    return next((found for sub in kind.__subclasses__() if (found := _error_class(code, sub))), None)


class Call:
    """The answers to one request; iterate once.

    Yields every event, `finished` as the last.  Raises Cancelled within about 100 ms of `cancel`
    being set, the worker's error where it failed, WorkerCrashed where it died.
    """

    def __init__(self, process: WorkerProcess, request_id: int, cancel: CancelToken | None) -> None:
        self.id = request_id
        self._process = process
        self._cancel = cancel
        self._events: queue.SimpleQueue[Event | WorkerCrashed] = queue.SimpleQueue()

    def put(self, event: Event | WorkerCrashed) -> None:
        self._events.put(event)

    def stop(self) -> None:
        """Ask the worker to stop; whoever iterates gets Cancelled when it has."""
        self._process.cancel(self.id)

    def __iter__(self) -> Iterator[Event]:
        ended = False
        try:
            while not ended:
                event = self._next()
                if isinstance(event, WorkerCrashed):
                    ended = True
                    raise event
                kind = event[0].get("event")
                ended = kind in ("finished", "cancelled", "failed")
                if kind == "cancelled":
                    raise Cancelled("The request was stopped.")
                if kind == "failed":
                    raise error_from(event[0].get("error") or {})
                yield event
        finally:
            self._process.forget(self, cancel=not ended)

    def _next(self) -> Event | WorkerCrashed:
        deadline: float | None = None
        while True:
            if deadline is None and self._cancel is not None and self._cancel.is_set():
                self._process.cancel(self.id)
                deadline = time.monotonic() + CANCEL_GRACE
            try:
                event = self._events.get(timeout=_POLL if self._cancel is not None else None)
            except queue.Empty:
                if deadline is not None and time.monotonic() >= deadline:
                    raise Cancelled("The request was stopped.") from None
                continue
            if deadline is not None and isinstance(event, tuple):
                if event[0].get("event") not in ("finished", "cancelled", "failed"):
                    continue
                raise Cancelled("The request was stopped.")
            return event

    def result(self) -> Event:
        """Wait for the `finished` event."""
        last: Event = ({}, b"")
        for event in self:
            last = event
        return last


class WorkerProcess:
    """A running worker; made by a Supervisor."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        on_death: Callable[[WorkerProcess], None],
    ) -> None:
        self.name = name
        self._on_death = on_death
        self._numbers = itertools.count(1)
        self._calls: dict[int, Call] = {}
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._closing = False
        self.dead = False
        self.last_words: deque[str] = deque(maxlen=20)
        """The last lines of its standard error, for the log and for `doctor`."""
        flags = getattr(subprocess, "CREATE_NO_WINDOW", 0)
        try:
            self._popen = subprocess.Popen(
                list(command),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=dict(environment),
                creationflags=flags,
            )
        except OSError as error:
            raise WorkerCrashed(
                f"The {name} process cannot be started: {error.strerror}.", "Install Agent Assist again."
            ) from error
        # Popen gives what was asked for with PIPE; its types cannot say so.
        self._stdin = cast("BinaryIO", self._popen.stdin)
        self._stdout = cast("BinaryIO", self._popen.stdout)
        self._stderr = cast("BinaryIO", self._popen.stderr)
        self._ended = threading.Event()
        self._threads = [
            threading.Thread(target=self._read, name=f"{name}-reader", daemon=True),
            threading.Thread(target=self._listen, name=f"{name}-stderr", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    @property
    def pid(self) -> int:
        return self._popen.pid

    def call(
        self,
        op: str,
        fields: Mapping[str, Any] | None = None,
        block: bytes | memoryview = b"",
        cancel: CancelToken | None = None,
    ) -> Call:
        """Send a request; raises WorkerCrashed where the worker is gone."""
        call = Call(self, next(self._numbers), cancel)
        with self._lock:
            if self.dead:
                raise self._crashed()
            self._calls[call.id] = call
        try:
            with self._writing:
                write_frame(self._stdin, {**(fields or {}), "id": call.id, "op": op}, block)
        except (OSError, ValueError) as error:
            self.forget(call)
            # The pipe breaks a moment before the reader learns of the end.  Until it has, this process
            # passes for a living one, and whoever asks again at once would be given it again.
            self._ended.wait(_CLOSE_GRACE)
            raise self._crashed() from error
        return call

    def ask(
        self,
        op: str,
        fields: Mapping[str, Any] | None = None,
        block: bytes | memoryview = b"",
        cancel: CancelToken | None = None,
    ) -> Event:
        """Send a request and wait for its `finished` event."""
        return self.call(op, fields, block, cancel).result()

    def cancel(self, request_id: int) -> None:
        with contextlib.suppress(OSError, ValueError), self._writing:
            write_frame(self._stdin, {"op": "cancel", "target": request_id})

    def forget(self, call: Call, *, cancel: bool = False) -> None:
        with self._lock:
            known = self._calls.pop(call.id, None)
        if cancel and known is not None and not self.dead:
            self.cancel(call.id)

    def close(self) -> None:
        """End the process: it is asked by closing its input, and killed where it does not listen."""
        self._closing = True
        with contextlib.suppress(OSError), self._writing:
            self._stdin.close()
        try:
            self._popen.wait(_CLOSE_GRACE)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            self._popen.wait()
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(2.0)
        if not any(t.is_alive() for t in self._threads):
            self._stdout.close()
            self._stderr.close()

    def _crashed(self) -> WorkerCrashed:
        return WorkerCrashed(f"The {self.name} process stopped unexpectedly.")

    def _read(self) -> None:
        try:
            while (frame := read_frame(self._stdout)) is not None:
                header, block = frame
                with self._lock:
                    call = self._calls.get(header.get("id", 0))
                if call is not None:
                    call.put((header, block))
        except (BrokenFrame, OSError, ValueError) as error:
            log.warning("%s worker: %s", self.name, error)
            # Out of step with each other: nothing after this can be trusted.
            self._popen.kill()
        code = self._popen.wait()
        with self._lock:
            self.dead = True
            calls = list(self._calls.values())
            self._calls.clear()
        # First the bookkeeping, then the callers: one that asks again at once meets the back-off.
        if not self._closing:
            log.warning("%s worker %d ended with code %s", self.name, self.pid, code)
            self._on_death(self)
        self._ended.set()
        for call in calls:
            call.put(self._crashed())

    def _listen(self) -> None:
        for raw in self._stderr:
            line = raw.decode("utf-8", "replace").rstrip()
            self.last_words.append(line)
            log.debug("%s: %s", self.name, line)
