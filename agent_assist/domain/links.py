"""Links that open a ticket: `agentassist://ticket/…` and the address of a helpdesk's own page.

A link comes from anywhere: a chat, a mail, a web page.  It can open a ticket and nothing else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from agent_assist.domain.helpdesk import ticket_id

SCHEME = "agentassist"
LONGEST = 1000
"""Characters of a link."""
_CONNECTION = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_ID = re.compile(r"[^\s/\\?#\x00-\x1f\x7f]{1,120}")


@dataclass(frozen=True, slots=True)
class TicketLink:
    """A ticket by its id here."""

    ticket_id: str


@dataclass(frozen=True, slots=True)
class PageLink:
    """A page of a helpdesk; which ticket it shows, the connection knows."""

    url: str


def read_link(text: str) -> TicketLink | PageLink | None:
    """What a link leads to; None for anything that is no such link.

    `agentassist://ticket/ID` names a ticket by its id here, `agentassist://ticket/CONNECTION/ID` one
    of a helpdesk by the helpdesk's own id.
    """
    text = text.strip()
    if not text or len(text) > LONGEST or not text.isprintable() or " " in text:
        return None
    try:
        parts = urlsplit(text)
        host, named = parts.hostname, "@" in parts.netloc
        pieces = [unquote(piece, errors="strict") for piece in parts.path.removeprefix("/").split("/")]
    except ValueError:
        return None
    if parts.scheme in ("http", "https"):
        return PageLink(text) if host and not named else None
    if parts.scheme != SCHEME or parts.netloc != "ticket" or parts.query or parts.fragment:
        return None
    return _ticket(pieces)


def _ticket(pieces: list[str]) -> TicketLink | None:
    if not all(_ID.fullmatch(piece) and piece.isprintable() for piece in pieces):
        return None
    if len(pieces) == 1:
        return TicketLink(pieces[0])
    if len(pieces) == 2 and _CONNECTION.fullmatch(pieces[0]):
        return TicketLink(ticket_id(*pieces))
    return None


def ticket_number(text: str) -> str | None:
    """The number in a copied "#1042", "Ticket 1042" or "[rt.example #1042]"; None for other text."""
    match = re.fullmatch(r"\s*(?:\[[\w .-]{1,60} )?(?:[A-Za-z]{2,12}[ -]?)?#?(\d{1,10})\]?\s*", text[:200])
    return match.group(1) if match and len(text) < 100 else None
