"""The page Security on a whole, encrypted workspace."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot
from support_pages import Surface
from support_store import ticket
from support_workspace import PASSPHRASE

from agent_assist import app
from agent_assist.domain.access import TeamRole
from agent_assist.services.access import AccessService
from agent_assist.services.desk import Desk
from agent_assist.ui.pages.security_page import PARTS, SecurityPage

OTHER = "agent-0123456789ab"


def surface_of(desk: Desk, folder: Path) -> Surface:
    return Surface(
        folder,
        events=desk.events,
        options=desk.options,
        tickets=desk.tickets,
        access=desk.access,
        audit=desk.audit,
        privacy=desk.privacy,
        keys=desk.keys,
    )


def opened(qtbot: QtBot, surface: Surface, part: str = PARTS[0]) -> SecurityPage:
    page = SecurityPage(surface.ui)
    qtbot.addWidget(page)
    page.resize(980, 820)
    page.show()
    qtbot.waitExposed(page)
    page.open_part(part)
    return page


def button(page: SecurityPage, text: str) -> QPushButton:
    return next(b for b in page.banner.findChildren(QPushButton) if b.text() == text)


def desk_of(folder: Path) -> Iterator[Desk]:
    """A workspace of an admin, with a lead and two tickets, for a fixture."""
    made = app.open_desk(folder, passphrase=lambda: PASSPHRASE)
    assert made.access is not None
    made.access.set_role(OTHER, TeamRole.LEAD)
    made.tickets.save([ticket("T-1", "Hello", "Hi"), ticket("T-2", "Again", "Yes")])
    yield made
    made.close()


def become_agent(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The person at this machine is an agent."""
    del desk  # made by an admin, before
    monkeypatch.setattr(AccessService, "role", property(lambda _: TeamRole.AGENT))
