"""Helpdesks: what a connector can do, how it is found, and what is kept of a connection.

`HelpdeskConnector` is the contract for a connector of one's own.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from datetime import datetime
from typing import ClassVar, Protocol, runtime_checkable

from agent_assist.domain.helpdesk import (
    Ability,
    Account,
    Changes,
    Connection,
    ConnectionField,
    ConnectorKind,
    Queue,
    TicketChange,
)
from agent_assist.domain.ticket import Message, Ticket, TicketStatus
from agent_assist.ports.work import CancelToken, Clock


class HelpdeskConnector(Protocol):
    """One connection to one helpdesk.

    A connector is a class in one file, registered under the entry point group
    `agent_assist.helpdesks` (the built-in ones too) and constructed as
    `Connector(connection, secrets, clock)`: a domain `Connection`, a mapping of the secret fields'
    names to their values, and a Clock.  The mapping is mutable: a value that is set (a refreshed OAuth
    token) is kept where the secrets are.  Construction opens nothing.  Methods may be called from any
    one thread at a time, and raise the errors below `HelpdeskProblem`.  Ticket ids that it takes and
    gives are the helpdesk's own, without the connection's prefix.
    """

    kind: ClassVar[str]
    title: ClassVar[str]
    """The helpdesk's name as people know it."""
    fields: ClassVar[Sequence[ConnectionField]]
    abilities: ClassVar[frozenset[Ability]]

    def check(self) -> Account:
        """Sign in and say as whom: what "Test connection" calls."""

    def queues(self) -> list[Queue]:
        """Those that this account may read; empty where the helpdesk has none."""

    def changes(self, cursor: str, cancel: CancelToken) -> Changes:
        """The next page of what changed since `cursor` ("" for the first look) among the tickets that are
        assigned to this account or lie in the connection's chosen queues.  Nothing is left out when it is
        called again with the cursor that it gave; the same ticket may come twice."""

    def ticket(self, ticket: str) -> Ticket:
        """The ticket as it is now.  Raises TicketGone."""

    def find_reply(self, ticket: str, token: str, text: str, since: datetime) -> Message | None:
        """The reply or note that was sent with this token, or else, where the helpdesk keeps no token, one
        by this account with this text and not older than `since`."""

    def reply(self, ticket: str, text: str, token: str) -> Message:
        """Send a public reply, once; returns it as it stands in the thread.

        `token` goes with it where the helpdesk can keep one, for `find_reply`.  Raises DeliveryUncertain
        where the request left and its answer did not come; any other error means that nothing was sent.
        Raises BadInput for an empty text.
        """

    def note(self, ticket: str, text: str, token: str) -> Message:
        """As `reply`, internal: never reaches the customer.  Only with Ability.NOTE."""

    def set_status(self, ticket: str, status: TicketStatus) -> None:
        """Only with Ability.STATUS."""

    def set_tags(self, ticket: str, tags: Sequence[str]) -> None:
        """Only with Ability.TAGS."""

    def wait(self, seconds: float, cancel: CancelToken) -> bool:
        """True as soon as something may have changed, False after `seconds`; only with Ability.PUSH."""

    def ticket_of(self, url: str) -> str | None:
        """The id of the ticket that this page of the helpdesk shows; None for any other page."""

    def page_of(self, ticket: str) -> str:
        """The address of the ticket's page; "" where it has none."""

    def close(self) -> None:
        """Give up connections to the server; a later call may open them again."""


@runtime_checkable
class KnowsLeavers(Protocol):
    """A connector whose `changes` does not see that a ticket was given to somebody else: it is asked."""

    def left(self, tickets: Sequence[str], cancel: CancelToken) -> Sequence[str]:
        """Those of these (at most a hundred) that are not this account's any more, or were deleted."""


class ConnectorRegistry(Protocol):
    """The helpdesk systems that can be connected: found by entry points."""

    def kinds(self) -> list[ConnectorKind]:
        """By title; one that cannot be imported says so in its `problem`."""

    def make(self, connection: Connection, secrets: Mapping[str, str], clock: Clock) -> HelpdeskConnector:
        """A connector that has opened nothing yet.  Raises HelpdeskProblem for an unknown kind, BadInput for
        values that it cannot use."""

    def sign_in(
        self,
        kind: str,
        values: Mapping[str, str],
        secrets: Mapping[str, str],
        open_page: Callable[[str], object],
        cancel: CancelToken,
    ) -> dict[str, str]:
        """Have a person sign in in the browser, as the kind's `sign_in` declares; returns the secrets to
        keep.  `open_page` gets the address.  Raises BadInput where it declares none, LoginRefused, Cancelled
        and the other HelpdeskProblems."""


class ConnectionRepository(Protocol):
    """The helpdesks that are connected, each with the cursor up to which its changes were read."""

    def all(self) -> list[Connection]:
        """In the order in which they were added."""

    def get(self, connection_id: str) -> Connection | None:
        """None where it was removed."""

    def save(self, connection: Connection) -> Connection:
        """Insert or replace, the cursor included; returns it with its new revision."""

    def remove(self, connection_id: str) -> None:
        """With its tickets, except those that a reply is still to leave for."""

    def apply(
        self,
        connection_id: str,
        tickets: Sequence[Ticket],
        gone: Sequence[str] = (),
        cursor: str | None = None,
    ) -> Future[tuple[TicketChange, ...]]:
        """Save tickets (their ids with the connection's prefix), drop those that are gone, then move the
        cursor, in one transaction; without waiting for it.

        A ticket that a reply is still to leave for is not dropped.  None leaves the cursor where it is.
        Nothing is saved where the connection itself was removed meanwhile.
        """

    def unsolved(self, connection_id: str, after: str, limit: int) -> list[str]:
        """Ids of its tickets that are not solved, ascending, from the one behind `after`."""


@runtime_checkable
class SharedSecrets(Protocol):
    """A connection's secrets as its connectors share them: a value that is set is kept."""

    lock: threading.RLock
    """For whoever renews a token: only one may."""
    transient: dict[str, str]
    """What is shared and kept nowhere: the access token of the hour."""

    def reload(self) -> None:
        """Take over what another process has kept meanwhile."""

    def get(self, name: str, default: str, /) -> str:
        """The value of a field, or `default` where it has none."""

    def __setitem__(self, name: str, value: str, /) -> None: ...


class SecretVault(Protocol):
    """Where the secrets of connections are."""

    @property
    def place(self) -> str:
        """`keyring` or `database`: where a secret that is saved now goes."""

    def get(self, connection_id: str) -> dict[str, str]:
        """Raises KeyUnavailable where they are in a keyring that does not answer."""

    def put(self, connection_id: str, secrets: Mapping[str, str]) -> None:
        """Replace those named; an empty value removes one."""

    def remove(self, connection_id: str) -> None:
        """Forget all secrets of a connection; nothing happens where there are none."""
