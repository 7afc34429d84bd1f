"""What `sync` is made of: the loop that looks at one helpdesk, and the saving of what it brings."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import replace
from datetime import timedelta
from typing import Protocol

from agent_assist.domain.helpdesk import (
    Ability,
    Changes,
    Connection,
    SyncState,
    SyncStatus,
    TicketChange,
    ticket_id,
)
from agent_assist.domain.ticket import Ticket
from agent_assist.errors import AgentAssistError, Cancelled, ErrorInfo, LoginRefused, ServerBusy
from agent_assist.ports import CancelToken, Clock, ConnectionRepository, Progress
from agent_assist.services.helpdesks.connections import SYNC, ConnectionService
from agent_assist.services.options import OptionsService

log = logging.getLogger(__name__)

FIRST_BACKOFF = 5.0
LONGEST_BACKOFF = 600.0
LOGIN_BACKOFF = 1800.0
"""After a refused login: a wrong password tried more often can lock the account."""
JITTER = 0.1
"""Part of the interval by which each look is moved at random: clients started together drift apart."""
PUSH_SECONDS = 300.0
"""With a helpdesk that tells what happens, the longest time between two looks."""
LEAST_SECONDS = 1.0
"""Between two looks, however often a helpdesk says that something happened."""
BATCH_TICKETS = 250
BATCH_SECONDS = 1.0
"""Pages are saved together up to so many tickets or so long: each transaction waits for the disk."""
AHEAD = 2
"""Batches that may wait to be saved while the next page is read; this bounds the memory."""


class PageSaver:
    """Saves pages in batches while the next one is read, and tells of them in their order.

    A batch and the cursor behind its last page are one transaction.
    """

    def __init__(
        self,
        connection: Connection,
        repository: ConnectionRepository,
        tell: Callable[[Sequence[TicketChange], int], int],
        most: int,
    ) -> None:
        """`tell` publishes changes with at most so many notifications; `most` is for all of them."""
        self.changed = 0
        """How many tickets changed here."""
        self._connection = connection.id
        self._saved_cursor = connection.cursor
        self._repository = repository
        self._tell = tell
        self._most = most
        self._tickets: dict[str, Ticket] = {}
        self._gone: dict[str, None] = {}
        self._cursor: str | None = None
        self._since = 0.0
        self._waiting: list[Future[tuple[TicketChange, ...]]] = []

    def add(self, page: Changes) -> None:
        """Raises what kept an earlier page from the disk."""
        if self._cursor is None:
            self._since = time.monotonic()
        for ticket in page.tickets:
            local = ticket_id(self._connection, ticket.id)
            self._gone.pop(local, None)
            self._tickets[local] = replace(ticket, id=local)
        for remote in page.gone:
            local = ticket_id(self._connection, remote)
            self._tickets.pop(local, None)
            self._gone[local] = None
        self._cursor = page.cursor
        late = time.monotonic() - self._since > BATCH_SECONDS
        if late or len(self._tickets) + len(self._gone) >= BATCH_TICKETS:
            self._hand_over()
        while len(self._waiting) > AHEAD or (self._waiting and self._waiting[0].done()):
            self._settle()

    def finish(self) -> None:
        """Save the rest and wait for it.  Raises what kept it from the disk."""
        self._hand_over()
        while self._waiting:
            self._settle()

    def _hand_over(self) -> None:
        moved = self._cursor is not None and self._cursor != self._saved_cursor
        if self._cursor is not None and (moved or self._tickets or self._gone):
            self._saved_cursor = self._cursor
            batch = (list(self._tickets.values()), list(self._gone), self._cursor)
            self._waiting.append(self._repository.apply(self._connection, *batch))
        self._tickets, self._gone, self._cursor = {}, {}, None

    def _settle(self) -> None:
        changes = self._waiting.pop(0).result()
        self.changed += len(changes)
        self._most -= self._tell(changes, self._most)


class Looker(Protocol):
    """What the loop needs of the sync service."""

    def look(self, connection: str, cancel: CancelToken, progress: Progress) -> int:
        """Take over what has changed at one helpdesk; returns how many tickets.  Raises HelpdeskProblem,
        Cancelled."""

    def status_of(self, connection: str) -> SyncStatus:
        """The status that was set last."""

    def set_status_of(self, status: SyncStatus) -> None:
        """Keep a status and tell whoever listens."""

    def told(self, error: ErrorInfo) -> None:
        """Show an error that the person has to act on."""


class SyncLoop:
    """Looks at one helpdesk again and again, on a thread of its own."""

    def __init__(
        self,
        sync: Looker,
        connections: ConnectionService,
        clock: Clock,
        options: OptionsService,
        connection: str,
    ) -> None:
        self.revision = 0
        """Of the connection's values that it last looked with."""
        self._sync = sync
        self._connections = connections
        self._clock = clock
        self._options = options
        self._connection = connection
        self._cancel = threading.Event()
        self._wake = threading.Event()
        """Set to look at once; also ends a connector's `wait`."""
        self._failures = 0
        self._told = ""
        self._thread = threading.Thread(target=self._run, name=f"sync-{connection}", daemon=True)

    def start(self, revision: int) -> None:
        """Begin looking; `revision` is that of the connection which this loop works for."""
        self.revision = revision
        self._thread.start()

    def wake(self) -> None:
        """Look at once, or again when the look that is under way has ended."""
        self._wake.set()

    def stop(self) -> None:
        """Ask it to end, also out of a running look; does not wait."""
        self._cancel.set()
        self._wake.set()

    def join(self, timeout: float) -> None:
        """Wait at most `timeout` seconds for its end; at once on its own thread."""
        if self._thread is not threading.current_thread():
            self._thread.join(timeout)

    def _run(self) -> None:
        while not self._cancel.is_set():
            self._wake.clear()
            try:
                seconds = self._look()
            except Cancelled:
                seconds = LEAST_SECONDS
            except AgentAssistError as error:
                seconds = self._failed(error)
            except Exception as error:
                log.exception("looking at %s failed", self._connection)
                seconds = self._failed(
                    AgentAssistError(f"Looking for changes failed ({type(error).__name__}).")
                )
            if not self._cancel.is_set():
                self._rest(seconds)

    def _look(self) -> float:
        """Read what changed; returns the seconds until the next look."""
        sync, name = self._sync, self._connection
        sync.set_status_of(replace(sync.status_of(name), state=SyncState.SYNCING, done=0, next_at=None))

        def progress(done: int, _total: int, _note: str) -> None:
            if done:
                sync.set_status_of(replace(sync.status_of(name), done=done))

        sync.look(name, self._cancel, progress)
        self._failures, self._told = 0, ""
        poll = float(self._options.current.helpdesk.poll_seconds)
        seconds = poll * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 -- no secret
        now = self._clock.now()
        status = replace(sync.status_of(name), state=SyncState.WAITING, sentence="", last_at=now)
        sync.set_status_of(replace(status, next_at=now + timedelta(seconds=seconds)))
        return seconds

    def _failed(self, error: AgentAssistError) -> float:
        """Keep the error, tell it once; returns the seconds until the next try."""
        self._failures += 1
        refused = isinstance(error, LoginRefused)
        seconds = min(LONGEST_BACKOFF, FIRST_BACKOFF * 2.0 ** min(self._failures - 1, 16))
        if refused:
            seconds = LOGIN_BACKOFF
        elif isinstance(error, ServerBusy):
            seconds = max(seconds, error.wait_seconds)
        seconds *= random.uniform(1, 1 + JITTER)  # noqa: S311 -- no secret
        status = replace(
            self._sync.status_of(self._connection),
            state=SyncState.REFUSED if refused else SyncState.ERROR,
            sentence=str(error),
            next_at=self._clock.now() + timedelta(seconds=seconds),
        )
        self._sync.set_status_of(status)
        if self._told != error.code:  # the same trouble again is the same message
            self._told = error.code
            self._sync.told(error.info)
        return seconds

    def _rest(self, seconds: float) -> None:
        """Sleep until it is time, the helpdesk tells of something, or somebody asks for a look."""
        began = time.monotonic()
        if self._failures or not self._pushed(seconds):
            self._wake.wait(seconds)
        if not self._wake.is_set() and (left := LEAST_SECONDS - (time.monotonic() - began)) > 0:
            self._wake.wait(left)

    def _pushed(self, seconds: float) -> bool:
        """Wait for the helpdesk to say that something happened; False where it does not say so."""
        try:
            with self._connections.use(self._connection, SYNC) as connector:
                if Ability.PUSH not in connector.abilities:
                    return False
                connector.wait(max(seconds, PUSH_SECONDS), self._wake)
                return True
        except AgentAssistError as error:
            log.info("%s: %s", self._connection, error.sentence)
        except Exception:
            log.exception("waiting for %s failed", self._connection)
        return False
