"""Connected helpdesks: added, changed, tested, and handed to whoever talks to one."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TypeVar

from agent_assist.domain.access import Permission
from agent_assist.domain.audit import AuditAction
from agent_assist.domain.helpdesk import (
    Account,
    Connection,
    ConnectionField,
    ConnectorKind,
    Queue,
    connection_id,
    remote_id,
)
from agent_assist.errors import AgentAssistError, BadInput, HelpdeskProblem, InvalidSetting
from agent_assist.ports import (
    CancelToken,
    Clock,
    ConnectionRepository,
    ConnectorRegistry,
    HelpdeskConnector,
    SecretVault,
)
from agent_assist.services.access import AccessService
from agent_assist.services.audit import AuditService
from agent_assist.services.events import ConnectionsChanged, EventBus, QueueChanged
from agent_assist.services.helpdesks import fields as connection_fields
from agent_assist.services.helpdesks.secrets import Secrets, fields_of, settled

log = logging.getLogger(__name__)

T = TypeVar("T")
DESK, SYNC, PULL = "desk", "sync", "pull"
"""Connectors of one connection, each made when it is first used: what the loop waits for or reads at length
must not hold up a reply."""


@dataclass
class _Live:
    """A connector in use; `lock` gives it to one thread at a time."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    making: threading.Lock = field(default_factory=threading.Lock)
    revision: int = 0
    connector: HelpdeskConnector | None = None


class ConnectionService:
    """Thread-safe.  `connector` and `use` give live connectors, which are made again after a change, by
    whichever process made it."""

    def __init__(
        self,
        repository: ConnectionRepository,
        vault: SecretVault,
        registry: ConnectorRegistry,
        events: EventBus,
        clock: Clock,
        audit: AuditService | None = None,
        access: AccessService | None = None,
    ) -> None:
        """Without `access` everybody may connect; with it only who may is let near what is connected: each
        host here is one more that the program reaches."""
        self._access = access
        self._repository = repository
        self._vault = vault
        self._registry = registry
        self._events = events
        self._clock = clock
        self._audit = audit
        self._lock = threading.Lock()
        self._live: dict[tuple[str, str], _Live] = {}
        self._secrets: dict[str, tuple[int, Secrets]] = {}
        """For each connection the revision that its secrets are of, and they."""
        self._closed = False

    # --- what is connected ------------------------------------------------------------------------

    @property
    def secrets_in(self) -> str:
        """`keyring` or `database`: where tokens and passwords are kept."""
        return self._vault.place

    def kinds(self) -> list[ConnectorKind]:
        """The systems that can be connected, each with the fields of its form; imports all connectors."""
        return self._registry.kinds()

    def kind(self, name: str) -> ConnectorKind:
        """Raises BadInput for an unknown one."""
        found = next((kind for kind in self.kinds() if kind.name == name), None)
        if found is None:
            known = ", ".join(kind.name for kind in self.kinds() if not kind.problem)
            raise BadInput(f"There is no helpdesk of the kind {name}.", f"Choose one of {known}.")
        return found

    def all(self) -> list[Connection]:
        """In the order in which they were added."""
        return self._repository.all()

    def get(self, connection: str) -> Connection | None:
        """None where it was removed."""
        return self._repository.get(connection)

    def has_secret(self, connection: str, name: str) -> bool:
        """Whether a value is kept for this secret field: what a form shows as dots."""
        return bool(self._vault.get(connection).get(name))

    # --- changes ----------------------------------------------------------------------------------

    def problems(
        self, kind: str, values: Mapping[str, str], secrets: Mapping[str, str], connection: str = ""
    ) -> dict[str, str]:
        """For each field that is not right a sentence that names it; a form shows them beside the fields."""
        declared = self.kind(kind)
        return connection_fields.problems(fields_of(declared), values, self._known(connection, secrets))

    def add(
        self,
        kind: str,
        title: str,
        values: Mapping[str, str],
        secrets: Mapping[str, str] | None = None,
        *,
        enabled: bool = True,
    ) -> Connection:
        """Connect a helpdesk.  Raises PermissionDenied, or InvalidSetting with a sentence that names the
        field."""
        self._require()
        declared, secrets = self.kind(kind), secrets or {}
        if declared.problem:
            raise HelpdeskProblem(declared.problem)
        self._check(fields_of(declared), values, secrets)
        title = title.strip() or declared.title
        identity = self._free_id(title)
        self._vault.put(identity, secrets)
        kept = connection_fields.checked(declared.fields, values)
        saved = self._repository.save(Connection(identity, kind, title, kept, enabled))
        self._changed(saved.id, "added")
        return saved

    def change(
        self,
        connection: str,
        *,
        title: str | None = None,
        values: Mapping[str, str] | None = None,
        secrets: Mapping[str, str] | None = None,
    ) -> Connection:
        """Change what is given; other values and secrets stay.  An empty secret removes one.

        Other values make the next look begin from the start, for other tickets may be wanted now.
        """
        self._require()
        known = self._existing(connection)
        declared = self.kind(known.kind)
        wanted = {**known.values, **(values or {})}
        self._check(fields_of(declared), wanted, self._known(connection, secrets or {}))
        kept = connection_fields.checked(declared.fields, wanted)
        cursor = known.cursor if kept == dict(known.values) else ""
        if secrets:
            self._vault.put(connection, settled(declared, secrets))
        title = (title or "").strip() or known.title
        saved = self._repository.save(replace(known, title=title, values=kept, cursor=cursor))
        self._changed(connection, "changed")
        return saved

    def enable(self, connection: str, enabled: bool = True) -> Connection:
        """Switch looking for changes on or off; replies that wait leave when it is on again."""
        self._require()
        saved = self._repository.save(replace(self._existing(connection), enabled=enabled))
        self._changed(connection, "enabled" if enabled else "disabled")
        return saved

    def remove(self, connection: str) -> None:
        """Forget a helpdesk with its secrets and its tickets here; nothing changes in the helpdesk."""
        self._require()
        self._existing(connection)
        self._repository.remove(connection)
        self._vault.remove(connection)
        self._changed(connection, "removed")
        self._events.publish(QueueChanged())

    # --- signing in in the browser ----------------------------------------------------------------

    def sign_in(
        self,
        kind: str,
        values: Mapping[str, str],
        secrets: Mapping[str, str],
        open_page: Callable[[str], object],
        cancel: CancelToken,
        connection: str = "",
    ) -> dict[str, str]:
        """Have the person sign in in the browser; returns the secrets for `add`, `change` and `test`.

        Takes as long as the person does; `cancel` ends it.  `open_page` is called with the address, on this
        thread.  Raises PermissionDenied, BadInput, Cancelled, LoginRefused and the other HelpdeskProblems.
        """
        self._require()
        return self._registry.sign_in(kind, values, self._known(connection, secrets), open_page, cancel)

    # --- trying out -------------------------------------------------------------------------------

    def test(
        self,
        kind: str,
        values: Mapping[str, str],
        secrets: Mapping[str, str] | None = None,
        connection: str = "",
    ) -> Account:
        """Sign in with what is in the form and say as whom; nothing is saved.

        `connection` is the id of the one that is being changed: its secrets stand in for those not given.
        """
        return self._tried(kind, values, secrets or {}, connection, lambda connector: connector.check())

    def queues(
        self,
        kind: str,
        values: Mapping[str, str],
        secrets: Mapping[str, str] | None = None,
        connection: str = "",
    ) -> list[Queue]:
        """The queues that the account may read, for the form to choose from."""
        return self._tried(kind, values, secrets or {}, connection, lambda connector: connector.queues())

    # --- connectors -------------------------------------------------------------------------------

    def connector(self, connection: str, purpose: str = DESK) -> HelpdeskConnector:
        """The live connector; for what asks the helpdesk take `use`, which keeps other threads away.

        Raises BadInput where there is no such connection, HelpdeskProblem where it cannot be made.
        """
        found = self._existing(connection)
        live = self._live_of(connection, purpose)
        with live.making:
            known = live.connector
            if known is not None and live.revision == found.revision:
                return known
            return self._made(live, found)

    @contextmanager
    def use(self, connection: str, purpose: str = DESK) -> Iterator[HelpdeskConnector]:
        """The live connector for this thread alone, as long as the block runs."""
        live = self._live_of(connection, purpose)
        with live.lock:
            yield self.connector(connection, purpose)

    def ticket_of_url(self, url: str) -> tuple[str, str] | None:
        """(connection id, the helpdesk's ticket id) of a page; None where no connection knows it."""
        for connection in self.all():
            if connection.enabled:
                with contextlib.suppress(AgentAssistError):
                    remote = self.connector(connection.id).ticket_of(url)
                    if remote:
                        return connection.id, remote
        return None

    def page_of(self, ticket: str) -> str:
        """The address of a ticket's page in its helpdesk; "" where it has none."""
        connection, remote = remote_id(ticket)
        if not connection or self.get(connection) is None:
            return ""
        try:
            return self.connector(connection).page_of(remote)
        except AgentAssistError:
            return ""

    def close(self) -> None:
        """Close all connectors; whoever asks for one afterwards gets a HelpdeskProblem."""
        with self._lock:
            self._closed = True
            live = list(self._live.values())
            self._live.clear()
        for one in live:
            _shut(one)

    # --- inside -----------------------------------------------------------------------------------

    def _require(self) -> None:
        if self._access is not None:
            self._access.require(Permission.CONNECT)

    def _existing(self, connection: str) -> Connection:
        found = self._repository.get(connection)
        if found is None:
            raise BadInput(f"There is no connection {connection}.", "Look it up under Connections.")
        return found

    def _check(
        self, fields: tuple[ConnectionField, ...], values: Mapping[str, str], secrets: Mapping[str, str]
    ) -> None:
        for sentence in connection_fields.problems(fields, values, secrets).values():
            raise InvalidSetting(sentence)

    def _known(self, connection: str, secrets: Mapping[str, str]) -> dict[str, str]:
        return {**(self._vault.get(connection) if connection else {}), **secrets}

    def _free_id(self, title: str) -> str:
        wanted, taken = connection_id(title), {known.id for known in self.all()}
        names = (wanted if n == 1 else f"{wanted}-{n}" for n in range(1, len(taken) + 2))
        return next(name for name in names if name not in taken)

    def _tried(
        self,
        kind: str,
        values: Mapping[str, str],
        secrets: Mapping[str, str],
        connection: str,
        work: Callable[[HelpdeskConnector], T],
    ) -> T:
        self._require()
        declared = self.kind(kind)
        known = self._known(connection, secrets)
        self._check(fields_of(declared), values, known)
        trial = Connection(connection or "test", kind, declared.title, self._kept(declared, values))
        connector = self._registry.make(trial, self._on_trial(known, secrets, connection), self._clock)
        try:
            return work(connector)
        finally:
            connector.close()

    def _on_trial(self, known: Mapping[str, str], given: Mapping[str, str], connection: str) -> Secrets:
        """For a connector that is thrown away.  What it renews goes back to where the old one came from: many
        servers take a refresh token once only."""

        def keep(name: str, value: str) -> None:
            if name in given:
                if isinstance(given, MutableMapping):
                    given[name] = value
            elif connection:
                self._vault.put(connection, {name: value})

        return Secrets(known, keep)

    @staticmethod
    def _kept(declared: ConnectorKind, values: Mapping[str, str]) -> dict[str, str]:
        return connection_fields.checked(declared.fields, values)

    def _live_of(self, connection: str, purpose: str) -> _Live:
        with self._lock:
            if self._closed:
                raise HelpdeskProblem("The workspace has been closed.", "Open it again.")
            return self._live.setdefault((connection, purpose), _Live())

    def _made(self, live: _Live, connection: Connection) -> HelpdeskConnector:
        """Make the connector of these values; the one before is closed, whatever it does just now."""
        _shut(live)

        secrets = self._shared(connection)
        connector = self._registry.make(connection, secrets, self._clock)
        live.connector, live.revision = connector, connection.revision
        return connector

    def _shared(self, connection: Connection) -> Secrets:
        """One for all connectors of these values: a token that one of them renews is all of theirs."""
        vault, name = self._vault, connection.id
        with self._lock:
            revision, known = self._secrets.get(name, (0, None))
            if known is None or revision != connection.revision:
                known = Secrets(
                    vault.get(name), lambda n, v: vault.put(name, {n: v}), lambda: vault.get(name)
                )
                self._secrets[name] = (connection.revision, known)
            return known

    def _changed(self, connection: str, what: str) -> None:
        with self._lock:
            live = [one for (name, _), one in self._live.items() if name == connection]
            if what == "removed":
                self._live = {key: one for key, one in self._live.items() if key[0] != connection}
                self._secrets.pop(connection, None)
        if what in ("removed", "disabled"):
            for one in live:
                _shut(one)
        if self._audit is not None:
            self._audit.record(AuditAction.CONNECTION_CHANGED, connection=connection, change=what)
        self._events.publish(ConnectionsChanged())


def _shut(live: _Live) -> None:
    connector, live.connector = live.connector, None
    if connector is not None:
        try:
            connector.close()
        except Exception:
            # Someone else's code, or a connection that breaks while it is closed: it is gone either way.
            log.debug("a connector did not close", exc_info=True)
