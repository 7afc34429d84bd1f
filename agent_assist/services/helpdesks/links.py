"""Which ticket a link, a page's address or a copied number means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from agent_assist.domain.helpdesk import Connection, remote_id, ticket_id
from agent_assist.domain.links import PageLink, TicketLink, read_link, ticket_number
from agent_assist.services.tickets import TicketService


class Helpdesks(Protocol):
    """What is needed of `ConnectionService`."""

    def all(self) -> Sequence[Connection]: ...

    def ticket_of_url(self, url: str) -> tuple[str, str] | None: ...


@dataclass(frozen=True, slots=True)
class Found:
    """`connection` is empty for a ticket that came from no helpdesk."""

    connection: str
    remote: str

    @property
    def ticket_id(self) -> str:
        return ticket_id(self.connection, self.remote) if self.connection else self.remote


class LinkService:
    """Thread-safe; asks the database, never a server."""

    def __init__(self, tickets: TicketService, helpdesks: Helpdesks | None = None) -> None:
        self._tickets = tickets
        self._helpdesks = helpdesks

    def find(self, text: str) -> Found | None:
        """The ticket that a text as a whole points to; None where it points to none that can be shown."""
        link = read_link(text)
        if isinstance(link, PageLink):
            pair = self._helpdesks.ticket_of_url(link.url) if self._helpdesks else None
            return Found(*pair) if pair else None
        if isinstance(link, TicketLink):
            return self._known(link.ticket_id)
        number = ticket_number(text)
        return self._numbered(number) if number else None

    def _known(self, local: str) -> Found | None:
        """A ticket of a connection may still have to be fetched; any other one is here or nowhere."""
        connection, remote = remote_id(local)
        if connection and connection in self._connections():
            return Found(connection, remote)
        return Found("", local) if self._tickets.get(local) is not None else None

    def _numbered(self, number: str) -> Found | None:
        """Only a ticket that is here, and only where the number means one: digits are copied all day."""
        found = [Found(c, number) for c in ("", *self._connections())]
        here = [f for f in found if self._tickets.get(f.ticket_id) is not None]
        return here[0] if len(here) == 1 else None

    def _connections(self) -> list[str]:
        return [c.id for c in self._helpdesks.all() if c.enabled] if self._helpdesks else []
