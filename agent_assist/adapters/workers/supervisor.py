"""Keeps a worker process running: starts it when it is first needed and again when it dies.

supervisor = Supervisor("knowledge", on_start=lambda worker: worker.ask("open", {"model": path}))
header, block = supervisor.ask("encode", {"texts": ["…"]})
for header, block in supervisor.call("generate", {...}, cancel=token): ...
supervisor.close()
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from agent_assist.adapters.workers.process import (
    Call,
    Event,
    WorkerProcess,
    worker_command,
    worker_environment,
)
from agent_assist.errors import AgentAssistError, Cancelled, WorkerCrashed
from agent_assist.ports import CancelToken

log = logging.getLogger(__name__)

_POLL = 0.02


class Supervisor:
    """One worker of the given kind; thread-safe."""

    def __init__(
        self,
        name: str,
        command: Sequence[str] | None = None,
        *,
        on_start: Callable[[WorkerProcess], None] | None = None,
        on_crash: Callable[[WorkerCrashed], None] | None = None,
        environment: Mapping[str, str] | None = None,
        backoff: Sequence[float] = (0.1, 0.5, 2.0),
        most_crashes: int = 5,
        window: float = 60.0,
    ) -> None:
        """Start nothing yet.

        `on_start` is run with every new process before any other request reaches it (load the
        model); what it raises, the waiting caller gets.  `on_crash` hears of every death.
        `backoff` are the seconds before the first, second, … restart; after `most_crashes` in
        `window` seconds it gives up until `start` is called.
        """
        self.name = name
        self._command = list(command) if command is not None else worker_command(name)
        self._on_start = on_start
        self._on_crash = on_crash
        self._environment = environment
        self._backoff = tuple(backoff)
        self._most_crashes = most_crashes
        self._window = window
        self._crashes: deque[float] = deque()
        self._process: WorkerProcess | None = None
        self._starting: WorkerProcess | None = None
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._reviver: threading.Thread | None = None

    @property
    def pid(self) -> int | None:
        """Process id of the running worker."""
        process = self._process
        return process.pid if process is not None and not process.dead else None

    @property
    def gave_up(self) -> bool:
        return len(self._crashes) >= self._most_crashes

    def start(self, cancel: CancelToken | None = None) -> None:
        """Start the worker and wait until it is ready; forgets earlier crashes."""
        self._crashes.clear()
        self._ready(cancel)

    def call(
        self,
        op: str,
        fields: Mapping[str, Any] | None = None,
        block: bytes | memoryview = b"",
        cancel: CancelToken | None = None,
    ) -> Call:
        """Send a request, starting the worker first where needed; iterate over the answer."""
        return self._ready(cancel).call(op, fields, block, cancel)

    def ask(
        self,
        op: str,
        fields: Mapping[str, Any] | None = None,
        block: bytes | memoryview = b"",
        cancel: CancelToken | None = None,
    ) -> Event:
        """Send a request and wait for its `finished` event: (header, bytes)."""
        return self.call(op, fields, block, cancel).result()

    def stop(self) -> None:
        """End the process; the next request starts a new one.  This is no crash."""
        with self._lock:
            process, self._process = self._process, None
        if process is not None:
            process.close()

    def close(self) -> None:
        """End the process for good and leave no thread behind."""
        self._closed.set()
        if (starting := self._starting) is not None:
            starting.close()  # whoever waits for it gets WorkerCrashed and lets the lock go
        self.stop()
        reviver = self._reviver
        if reviver is not None and reviver is not threading.current_thread():
            reviver.join(5.0)
        self.stop()

    def _ready(self, cancel: CancelToken | None) -> WorkerProcess:
        with self._locked(cancel):
            if self._closed.is_set():
                raise WorkerCrashed(f"The {self.name} process has been closed.", "")
            process = self._process
            if process is not None and not process.dead:
                return process
            self._wait_backoff(cancel)
            process = WorkerProcess(
                self.name, self._command, worker_environment(self._environment), self._on_death
            )
            self._starting = process
            try:
                if self._on_start is not None:
                    self._on_start(process)
            except BaseException:
                process.close()
                raise
            finally:
                self._starting = None
            self._process = process
            return process

    @contextlib.contextmanager
    def _locked(self, cancel: CancelToken | None) -> Iterator[None]:
        while not self._lock.acquire(timeout=_POLL):
            if cancel is not None and cancel.is_set():
                raise Cancelled("The request was stopped.")
        try:
            yield
        finally:
            self._lock.release()

    def _wait_backoff(self, cancel: CancelToken | None) -> None:
        now = time.monotonic()
        while self._crashes and now - self._crashes[0] > self._window:
            self._crashes.popleft()
        if self.gave_up:
            raise WorkerCrashed(
                f"The {self.name} process stopped {len(self._crashes)} times in {self._window:.0f} seconds.",
                "Choose another model or restart Agent Assist; `agent-assist doctor` shows what it reported.",
            )
        if not self._crashes or not self._backoff:
            return
        until = self._crashes[-1] + self._backoff[min(len(self._crashes), len(self._backoff)) - 1]
        while (left := until - time.monotonic()) > 0:
            if cancel is not None and cancel.is_set():
                raise Cancelled("The request was stopped.")
            if self._closed.wait(min(left, _POLL)):
                raise WorkerCrashed(f"The {self.name} process has been closed.", "")

    def _on_death(self, process: WorkerProcess) -> None:
        """Runs on the dead worker's reader thread."""
        self._crashes.append(time.monotonic())
        if self._on_crash is not None:
            self._on_crash(WorkerCrashed(f"The {self.name} process stopped unexpectedly."))
        if process is not self._process or self._closed.is_set():
            return  # it died while it was being started: whoever started it hears of it
        self._reviver = threading.Thread(target=self._revive, name=f"{self.name}-restart", daemon=True)
        self._reviver.start()

    def _revive(self) -> None:
        try:
            self._ready(None)
        except AgentAssistError as error:
            log.warning("the %s worker was not restarted: %s", self.name, error.sentence)
