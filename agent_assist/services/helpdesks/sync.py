"""Keeps the queue in step with the connected helpdesks: one polite loop for each."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import timedelta

from agent_assist.domain.helpdesk import (
    Ability,
    Changes,
    Connection,
    SyncState,
    SyncStatus,
    TicketChange,
    remote_id,
    ticket_id,
)
from agent_assist.domain.ticket import Ticket, TicketStatus
from agent_assist.errors import (
    AgentAssistError,
    BadInput,
    Cancelled,
    ErrorInfo,
    TicketGone,
)
from agent_assist.ports import (
    CancelToken,
    Clock,
    ConnectionRepository,
    HelpdeskConnector,
    KnowsLeavers,
    Progress,
)
from agent_assist.services.events import (
    ConnectionsChanged,
    ErrorRaised,
    Event,
    EventBus,
    NewCustomerMessage,
    QueueChanged,
    SyncChanged,
    TicketChanged,
    TicketFollowed,
)
from agent_assist.services.helpdesks.connections import PULL, SYNC, ConnectionService
from agent_assist.services.helpdesks.sync_loop import PageSaver, SyncLoop
from agent_assist.services.options import OptionsService
from agent_assist.services.tickets import TicketService

log = logging.getLogger(__name__)

MOST_NOTIFICATIONS = 10
"""Of one look: after a weekend nobody reads forty of them."""
EXCERPT = 160
NEWS = timedelta(days=1)
"""An older message is no news: it came with the history of a ticket."""
ASKED_AT_ONCE = 100
"""Tickets of which one look asks whether they are still the agent's; the next look asks of the next ones."""


class SyncService:
    """Thread-safe; `start` begins the loops, the other calls work without it."""

    def __init__(
        self,
        connections: ConnectionService,
        repository: ConnectionRepository,
        tickets: TicketService,
        events: EventBus,
        clock: Clock,
        options: OptionsService,
    ) -> None:
        self._connections = connections
        self._repository = repository
        self._tickets = tickets
        self._events = events
        self._clock = clock
        self._options = options
        self._lock = threading.RLock()
        self._loops: dict[str, SyncLoop] = {}
        self._statuses: dict[str, SyncStatus] = {}
        self._visited: set[str] = set()
        """Tickets of others that the agent has opened: they stay, whoever has them."""
        self._asked: dict[str, str] = {}
        """For each connection the last ticket that was asked after."""
        self._unsubscribe: Callable[[], None] | None = None
        self._closed = False

    # --- what others call -------------------------------------------------------------------------

    def start(self) -> None:
        """Look for changes in the background from now on; follows what is connected and switched on."""
        if self._unsubscribe is None and not self._closed:
            self._unsubscribe = self._events.subscribe(self._on_event)
            self._follow_connections()

    def close(self, timeout: float = 5.0) -> None:
        """Stop; a look that is under way ends at the next page."""
        with self._lock:
            self._closed = True
            loops = list(self._loops.values())
            self._loops.clear()
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None
        for loop in loops:
            loop.stop()
        end = time.monotonic() + timeout
        for loop in loops:
            loop.join(max(0.0, end - time.monotonic()))

    def statuses(self) -> list[SyncStatus]:
        """One for each connection, in their order."""
        with self._lock:
            known = dict(self._statuses)
        off = SyncState.OFF
        return [known.get(c.id) or SyncStatus(c.id, off) for c in self._connections.all()]

    def sync_now(self, connection: str = "") -> None:
        """Look at once, at one helpdesk or at all; without waiting.  Also starts one that had stopped."""
        with self._lock:
            for name, loop in self._loops.items():
                if connection in ("", name):
                    loop.wake()

    def pull(
        self,
        connection: str,
        *,
        cancel: CancelToken | None = None,
        progress: Progress | None = None,
        notify: bool = True,
    ) -> int:
        """Read what changed, to the end; returns how many tickets changed here.

        The cursor moves with the tickets of its page, in one transaction, so that whatever stops this,
        the next call goes on from there.  Raises a HelpdeskProblem or Cancelled.
        """
        cancel = cancel or threading.Event()
        with self._lock:
            # A loop may hold its connector for minutes, waiting for the helpdesk to tell something.
            purpose = PULL if connection in self._loops else SYNC
        return self._pull(connection, cancel, progress, notify, purpose)

    def look(self, connection: str, cancel: CancelToken, progress: Progress) -> int:
        """As `pull`, for the loop itself."""
        return self._pull(connection, cancel, progress, True, SYNC)

    def _pull(
        self, connection: str, cancel: CancelToken, progress: Progress | None, notify: bool, purpose: str
    ) -> int:
        with self._connections.use(connection, purpose) as connector:
            known = self._connection(connection)
            most = MOST_NOTIFICATIONS if notify and known.cursor else 0
            saving = PageSaver(known, self._repository, self.tell, most)
            cursor, done = known.cursor, 0
            try:
                while not cancel.is_set():
                    page = self._without_visited(connection, connector.changes(cursor, cancel))
                    done += len(page.tickets)
                    saving.add(page)
                    if progress is not None:
                        progress(done, 0, known.title)
                    if not page.more or (page.cursor == cursor and not page.tickets):
                        break
                    cursor = page.cursor
                else:
                    raise Cancelled("Looking for changes was stopped.")
                if isinstance(connector, KnowsLeavers) and known.cursor:
                    self._let_go(connection, connector, saving, page.cursor, cancel)
            finally:
                saving.finish()
            return saving.changed

    def _let_go(
        self,
        connection: str,
        connector: KnowsLeavers,
        saving: PageSaver,
        cursor: str,
        cancel: CancelToken,
    ) -> None:
        """Drop what was given to somebody else, or deleted, without the helpdesk's list showing it."""
        after = self._asked.get(connection, "")
        here = self._repository.unsolved(connection, after, ASKED_AT_ONCE)
        self._asked[connection] = here[-1] if len(here) == ASKED_AT_ONCE else ""
        if here:
            left = connector.left([remote_id(local)[1] for local in here], cancel)
            saving.add(self._without_visited(connection, Changes((), cursor, gone=tuple(left))))

    def _without_visited(self, connection: str, page: Changes) -> Changes:
        gone = tuple(remote for remote in page.gone if ticket_id(connection, remote) not in self._visited)
        return page if gone == page.gone else replace(page, gone=gone)

    def refresh(self, ticket: str) -> Ticket:
        """Read one ticket again, now; returns it as it is here then.

        A ticket of no connection is returned as it is.  Raises TicketGone (it is dropped here, unless a
        reply is still to leave for it), BadInput for an unknown one, and the HelpdeskProblems.
        """
        connection, remote = remote_id(ticket)
        if not connection or self._connections.get(connection) is None:
            return self._local(ticket)
        return self.fetch(connection, remote)

    def fetch(self, connection: str, remote: str) -> Ticket:
        """As `refresh`, by connection and the helpdesk's own id; the ticket need not be here yet."""
        local = ticket_id(connection, remote)
        try:
            with self._connections.use(connection) as connector:
                found = connector.ticket(remote)
        except TicketGone:
            self.tell(self._repository.apply(connection, (), (local,)).result())
            raise
        own = ticket_id(connection, found.id)  # a merged ticket answers under the id it was merged into
        saved = self._repository.apply(connection, (replace(found, id=own),)).result()
        self.tell(saved)
        return self._local(own)

    def opened(self, connection: str, remote: str) -> str:
        """The agent opened this ticket in the helpdesk: show it here.  Returns its id here.

        One that is here is shown at once and read again behind; one that is not is fetched first.
        """
        local = ticket_id(connection, remote)
        if self._tickets.get(local) is not None:
            self._events.publish(TicketFollowed(local))
            thread = threading.Thread(target=self._read_again, args=(local,), name="refresh", daemon=True)
            thread.start()
            return local
        local = self.fetch(connection, remote).id
        self._visited.add(local)
        self._events.publish(TicketFollowed(local))
        return local

    def set_status(self, ticket: str, status: TicketStatus) -> None:
        """Set the status in the helpdesk, where it has one, and here."""
        self._in_helpdesk(ticket, Ability.STATUS, lambda c, remote: c.set_status(remote, status))
        self._tickets.set_status(ticket, status)

    def set_tags(self, ticket: str, tags: Iterable[str]) -> None:
        """Set the tags in the helpdesk and here.  Raises BadInput where it has none."""
        wanted = tuple(tags)
        if not self._in_helpdesk(ticket, Ability.TAGS, lambda c, remote: c.set_tags(remote, wanted)):
            raise BadInput("This helpdesk has no tags.", "")
        tagged = replace(self._local(ticket), tags=wanted)
        self.tell(self._repository.apply(remote_id(ticket)[0], (tagged,)).result())

    # --- for the loops ----------------------------------------------------------------------------

    def set_status_of(self, status: SyncStatus) -> None:
        """Keep and publish how far a connection is."""
        with self._lock:
            self._statuses[status.connection_id] = status
        self._events.publish(SyncChanged(status))

    def status_of(self, connection: str) -> SyncStatus:
        """OFF for a connection that nobody synchronises here."""
        with self._lock:
            return self._statuses.get(connection) or SyncStatus(connection, SyncState.OFF)

    def told(self, error: ErrorInfo) -> None:
        """Show an error that belongs to no call."""
        self._events.publish(ErrorRaised(error))

    def tell(self, changes: Sequence[TicketChange], most: int = 0) -> int:
        """Publish what a save changed, with at most `most` notifications; returns how many there were."""
        for change in changes:
            if not change.created:  # nobody looks at one that was not there
                self._events.publish(TicketChanged(change.ticket_id))
        if changes:
            self._events.publish(QueueChanged())
        if not self._options.current.helpdesk.notify:
            return 0
        oldest = self._clock.now() - NEWS
        news = [c for c in changes if c.news and (c.news[-1].created_at or oldest) >= oldest][:most]
        for change in news:
            excerpt = " ".join(change.news[-1].text.split())[:EXCERPT]
            self._events.publish(NewCustomerMessage(change.ticket_id, change.title, excerpt))
        return len(news)

    # --- inside -----------------------------------------------------------------------------------

    def _connection(self, connection: str) -> Connection:
        found = self._connections.get(connection)
        if found is None:
            raise BadInput(f"There is no connection {connection}.", "Look it up under Connections.")
        return found

    def _local(self, ticket: str) -> Ticket:
        found = self._tickets.get(ticket)
        if found is None:
            raise BadInput(f"There is no ticket {ticket}.", "It may have been removed; choose another one.")
        return found

    def _in_helpdesk(
        self, ticket: str, ability: Ability, work: Callable[[HelpdeskConnector, str], None]
    ) -> bool:
        """False where the ticket is of no connection or the helpdesk cannot do it."""
        connection, remote = remote_id(ticket)
        if not connection or self._connections.get(connection) is None:
            return False
        with self._connections.use(connection) as connector:
            if ability not in connector.abilities:
                return False
            work(connector, remote)
        return True

    def _read_again(self, ticket: str) -> None:
        try:
            self.refresh(ticket)
        except AgentAssistError as error:
            log.info("%s could not be read again: %s", ticket, error.sentence)
        except Exception:
            log.exception("%s could not be read again", ticket)

    def _on_event(self, event: Event) -> None:
        if isinstance(event, ConnectionsChanged):
            self._follow_connections()

    def _follow_connections(self) -> None:
        """Have one loop for each connection that is on, and none for others."""
        wanted = {c.id: c for c in self._connections.all() if c.enabled}
        with self._lock:
            if self._closed:
                return
            ended = [self._loops.pop(name) for name in list(self._loops) if name not in wanted]
            for name in list(self._statuses):
                if name not in wanted:
                    del self._statuses[name]
            for name, connection in wanted.items():
                loop = self._loops.get(name)
                if loop is None:
                    loop = SyncLoop(self, self._connections, self._clock, self._options, name)
                    self._loops[name] = loop
                    loop.start(connection.revision)
                elif loop.revision != connection.revision:
                    loop.revision = connection.revision
                    loop.wake()
        for loop in ended:
            loop.stop()
