"""Which ticket is open in the agent's browser, and accepted texts on their way into its page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit
from uuid import uuid4

from agent_assist.domain.companion import (
    KINDS,
    LONGEST_TEXT,
    Insert,
    Mode,
    PageLeft,
    PageShown,
    PutOutcome,
    Result,
    Site,
    Sites,
)
from agent_assist.domain.helpdesk import Connection, ticket_id
from agent_assist.errors import BadInput

KEPT = 50
"""Texts under way that are remembered; a browser that never answers leaves its own behind."""


class ConnectionList(Protocol):
    """What is needed of `ConnectionService`."""

    def all(self) -> Sequence[Connection]: ...


@dataclass(frozen=True, slots=True)
class TicketPage:
    """A ticket's page in a browser that is connected now."""

    peer: int
    """Which browser: the number of its link."""
    shown: PageShown

    @property
    def ticket_id(self) -> str:
        return ticket_id(self.shown.connection, self.shown.ticket)


@dataclass(frozen=True, slots=True)
class Put:
    """A text on its way into a page, and what became of it."""

    request: str
    ticket_id: str
    text: str
    suggestion_id: str
    outcome: PutOutcome | None = None


def site_of(connection: Connection) -> Site | None:
    """The helpdesk's pages as the extension needs to know them; None where it has none that it knows."""
    url = connection.values.get("url", "").strip().rstrip("/")
    parts = urlsplit(url)
    if connection.kind not in KINDS or not connection.enabled:
        return None
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        return None
    # One Chatwoot serves many companies: its pages name the account.
    account = connection.values.get("account", "").strip() if connection.kind == "chatwoot" else ""
    address = f"{parts.scheme}://{parts.netloc}{parts.path}" + (f"/app/accounts/{account}" if account else "")
    return Site(connection.id, connection.title or parts.hostname, connection.kind, address)


class CompanionService:
    """Belongs to one thread: the window's.  Only `sites` may be called from another."""

    def __init__(self, connections: ConnectionList | None = None) -> None:
        self._connections = connections
        self._known: frozenset[str] = frozenset()
        self._pages: dict[tuple[int, int], TicketPage] = {}
        """By browser and tab; the one that came to the front last stands last."""
        self._under_way: dict[str, tuple[int, Put]] = {}

    def sites(self) -> Sites:
        """The connected helpdesks whose pages the extension knows; reads the database."""
        connections = self._connections.all() if self._connections is not None else ()
        found = tuple(site for c in connections if (site := site_of(c)) is not None)
        self._known = frozenset(site.connection for site in found)
        return Sites(found)

    def has_pages(self, connection: str) -> bool:
        """Whether this is a helpdesk whose pages the extension knows."""
        return connection in self._known

    @property
    def front(self) -> TicketPage | None:
        """The ticket's page that came to the front last and is still there."""
        return next(reversed(self._pages.values()), None)

    def page_of(self, ticket: str) -> TicketPage | None:
        """The page of this ticket that was in front last."""
        return next((page for page in reversed(self._pages.values()) if page.ticket_id == ticket), None)

    def shown(self, peer: int, message: PageShown) -> TicketPage | None:
        """A page came to the front; None for a helpdesk that is not connected here."""
        self._pages.pop((peer, message.tab), None)
        if message.connection not in self._known:
            return None
        page = TicketPage(peer, message)
        self._pages[peer, message.tab] = page
        return page

    def left(self, peer: int, message: PageLeft) -> None:
        """The tab shows no ticket any more: nothing is put into it from now on."""
        self._pages.pop((peer, message.tab), None)

    def lost(self, peer: int) -> list[Put]:
        """A browser is gone; returns the texts whose fate nobody will tell any more."""
        self._pages = {key: page for key, page in self._pages.items() if page.peer != peer}
        lost = [put for link, put in self._under_way.values() if link == peer]
        for put in lost:
            del self._under_way[put.request]
        return lost

    def insert(
        self, ticket: str, text: str, suggestion_id: str = "", mode: Mode = Mode.FILL
    ) -> tuple[int, Insert]:
        """The message that puts a text into the ticket's page, and for which browser.

        Raises BadInput for an empty or endless text, or where no page of the ticket is open.
        """
        text = text.replace("\0", "").replace("\r\n", "\n")
        if not text.strip():
            raise BadInput("An empty reply was not put into the page.", "Write something first.")
        if len(text) > LONGEST_TEXT:
            raise BadInput(
                "The reply is too long for a page's reply box.", "Shorten it, or send it from here."
            )
        page = self.page_of(ticket)
        if page is None:
            raise BadInput("This ticket is not open in your browser.", "Open it there, then try again.")
        request, shown = uuid4().hex, page.shown
        put = Put(request, ticket, text, suggestion_id)
        self._under_way[request] = (page.peer, put)
        while len(self._under_way) > KEPT:
            self._under_way.pop(next(iter(self._under_way)))
        return page.peer, Insert(request, shown.tab, shown.page, shown.connection, shown.ticket, text, mode)

    def result(self, peer: int, message: Result) -> Put | None:
        """What became of a text; None for an answer that nobody asked this browser for."""
        link, put = self._under_way.get(message.request, (-1, None))
        if put is None or link != peer:
            return None
        del self._under_way[message.request]
        return Put(put.request, put.ticket_id, put.text, put.suggestion_id, message.outcome)
