"""The window's end of the browser companion, and what its tests in every browser share."""

from __future__ import annotations

from pathlib import Path

from pytestqt.qtbot import QtBot

from agent_assist.domain.companion import (
    FromBrowser,
    Hello,
    Mode,
    PageLeft,
    PageShown,
    PutOutcome,
    Result,
)
from agent_assist.domain.helpdesk import Connection
from agent_assist.services.helpdesks.companion import CompanionService, Put
from agent_assist.ui.companion_link import CompanionLink

LOOKED = 900
"""Milliseconds in which a page's script has looked three times whether there is anything to tell."""

PATIENCE = 20_000
REPLY = "Hello Crystal,\n\nyour parcel is at the depot. It comes on Monday.\n\nKind regards\nMaya"
PATHS = {
    "zendesk": "/agent/tickets/41",
    "freshdesk": "/a/tickets/41",
    "zammad": "/#ticket/zoom/41",
    "chatwoot": "/app/accounts/7/conversations/41",
    "django-helpdesk": "/tickets/41/",
    "pasting": "/app/accounts/7/conversations/41",
}
NOT_ALLOWED = "closed"
"""A helpdesk that is connected, and that the person has not allowed in the browser."""


class Window:
    """What the window does with the companion, without the window."""

    def __init__(self, folder: Path, port: int) -> None:
        self.port = port
        self.service = CompanionService(self)
        self.link = CompanionLink(folder)
        self.puts: list[Put] = []
        self.heard: list[FromBrowser] = []
        self.peer = 0
        self._folder = folder
        self._listen()

    def _listen(self) -> None:
        self.link.arrived.connect(self._on)
        assert self.link.listen()

    def start_again(self) -> None:
        """As if the window had been closed and another one opened."""
        self.link.close()
        self.service.lost(self.peer)
        self.link = CompanionLink(self._folder)
        self._listen()

    def all(self) -> list[Connection]:
        kinds = {name: name.replace("-", "_") for name in PATHS}
        kinds |= {"pasting": "chatwoot", NOT_ALLOWED: "django_helpdesk"}
        return [
            Connection(name, kind, name, {"url": f"http://{name}.localhost:{self.port}", "account": "7"})
            for name, kind in kinds.items()
        ]

    def _on(self, peer: int, message: FromBrowser) -> None:
        self.peer = peer
        self.heard.append(message)
        match message:
            case Hello():
                self.link.send(peer, self.service.sites())
            case PageShown():
                self.service.shown(peer, message)
            case PageLeft():
                self.service.left(peer, message)
            case Result():
                if put := self.service.result(peer, message):
                    self.puts.append(put)

    @property
    def front(self) -> str:
        return self.service.front.ticket_id if self.service.front else ""


def put(window: Window, qtbot: QtBot, ticket: str, text: str = REPLY, mode: Mode = Mode.FILL) -> PutOutcome:
    before = len(window.puts)
    window.link.send(*window.service.insert(ticket, text, mode=mode))
    qtbot.waitUntil(lambda: len(window.puts) > before, timeout=PATIENCE)
    outcome = window.puts[-1].outcome
    assert outcome is not None
    return outcome


def words(text: str) -> list[str]:
    return text.split()
