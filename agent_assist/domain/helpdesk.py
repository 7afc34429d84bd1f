"""Connections to helpdesks: what a connector declares, and what passes between it and the services.

A ticket of a connection has the id `CONNECTION:REMOTE`, so that two helpdesks may both have a ticket 1.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from agent_assist.domain.oauth import SignIn
from agent_assist.domain.ticket import Message, Ticket


class FieldKind(StrEnum):
    """How a field of a connection's settings form is shown and checked."""

    TEXT = "text"
    URL = "url"
    SECRET = "secret"
    """Kept in the system's keyring, never in the settings file or the database's plain columns."""
    NUMBER = "number"
    SWITCH = "switch"
    CHOICE = "choice"
    LIST = "list"
    """Several values, separated by commas."""
    PATH = "path"


@dataclass(frozen=True, slots=True)
class ConnectionField:
    """One field of a connection's settings form, declared by its connector."""

    name: str
    title: str
    description: str = ""
    kind: FieldKind = FieldKind.TEXT
    required: bool = False
    default: str = ""
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Connection:
    """One configured helpdesk; secrets are not in it."""

    id: str
    """Lower-case letters, digits and hyphens; begins the ids of its tickets."""
    kind: str
    """The connector's entry point name: `rt`, `mail`, `zendesk` …"""
    title: str
    values: Mapping[str, str] = field(default_factory=dict)
    enabled: bool = True
    cursor: str = ""
    """Where the next look for changes goes on; only the connector can read it."""
    revision: int = 0
    """Grows with every change but the cursor's."""


class Ability(StrEnum):
    """What a helpdesk can do beside reading tickets and sending public replies."""

    NOTE = "note"
    STATUS = "status"
    TAGS = "tags"
    PUSH = "push"
    """`wait` returns as soon as something happens, so that polling can be slow."""


@dataclass(frozen=True, slots=True)
class Account:
    """Who the connector is signed in as."""

    id: str
    name: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue, group, inbox or folder that tickets can be taken from."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Changes:
    """One page of what changed since a cursor: whole tickets, their threads included."""

    tickets: tuple[Ticket, ...]
    cursor: str
    """Where the next call goes on; saved only after these tickets have been."""
    more: bool = False
    """True where the next page can be asked for at once."""
    gone: tuple[str, ...] = ()
    """Ids of tickets that are no longer this agent's or were deleted."""


@dataclass(frozen=True, slots=True)
class ConnectorKind:
    """One helpdesk system that can be connected: what its connector declares."""

    name: str
    """The entry point's name."""
    title: str
    fields: tuple[ConnectionField, ...] = ()
    abilities: frozenset[Ability] = frozenset()
    problem: str = ""
    """Why it cannot be used here; empty where it can."""
    sign_in: SignIn | None = None
    """How its accounts sign in in the browser; None where they do not."""


@dataclass(frozen=True, slots=True)
class TicketChange:
    """What saving one ticket of a connection changed; not made where nothing did."""

    ticket_id: str
    title: str
    created: bool = False
    gone: bool = False
    news: tuple[Message, ...] = ()
    """Messages of the customer that were not there before and that nobody has answered yet."""


class SyncState(StrEnum):
    """How synchronising one connection stands."""

    OFF = "off"
    """Nobody synchronises it here: the window is not open, or it was paused."""
    WAITING = "waiting"
    """Up to date; waits for its next look or for word from the server."""
    SYNCING = "syncing"
    ERROR = "error"
    """Tried again by itself, later and later."""
    REFUSED = "refused"
    """The login was refused: needs the person.  By itself it is tried again only after half an hour, as a
    wrong password tried often can lock the account."""


@dataclass(frozen=True, slots=True)
class SyncStatus:
    """How far one connection is; `sentence` is the error's where there is one."""

    connection_id: str
    state: SyncState
    done: int = 0
    """Tickets read in this look."""
    last_at: datetime | None = None
    """When a look last came to its end."""
    next_at: datetime | None = None
    """When it is looked at again by itself."""
    sentence: str = ""


_NOT_IN_ID = re.compile(r"[^a-z0-9]+")


def connection_id(title: str) -> str:
    """An id made of a title: "Acme Support" gives `acme-support`."""
    return _NOT_IN_ID.sub("-", title.casefold()).strip("-")[:40] or "helpdesk"


def ticket_id(connection: str, remote: str) -> str:
    """The id that a remote ticket has here."""
    return f"{connection}:{remote}"


def remote_id(ticket: str) -> tuple[str, str]:
    """(connection id, the helpdesk's own id); ("", the id) for a ticket of no connection."""
    connection, colon, remote = ticket.partition(":")
    return (connection, remote) if colon else ("", ticket)
