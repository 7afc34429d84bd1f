"""The window on a connected helpdesk: a ticket comes by itself, a reply goes over nothing newer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from support_http import serving
from support_pages import picture, texts
from support_zammad import SmallZammad, stamp

from agent_assist.app import open_desk
from agent_assist.services.desk import Desk, DeskOpener, KeyNeed
from agent_assist.ui.session import Session
from agent_assist.ui.theme import Theme
from agent_assist.ui.widgets.button import Button

pytestmark = [pytest.mark.real_model, pytest.mark.timeout(240)]
PATIENCE = 60_000


class Opened:
    """Gives a desk that is open already."""

    demo = False

    def __init__(self, desk: Desk) -> None:
        self.desk, self.folder = desk, desk.folder

    def need(self) -> KeyNeed:
        return KeyNeed.NOTHING

    def open(self, passphrase: str = "") -> Desk:
        return self.desk

    def own(self) -> DeskOpener:
        return self

    def demo_desk(self) -> DeskOpener:
        return self


@pytest.fixture
def small() -> SmallZammad:
    return SmallZammad()


@pytest.fixture
def session(tmp_path: Path, small: SmallZammad, qtbot: QtBot) -> Iterator[Session]:
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    desk = open_desk(tmp_path / "workspace", passphrase=lambda: "four plain words together")
    desk.options.change({"first_run_done": True, "outbox.undo_seconds": 0, "helpdesk.poll_seconds": 600})
    assert desk.connections is not None
    assert desk.sync is not None
    with serving(small.answer) as server:
        desk.connections.add("zammad", "Desk", {"url": server.url}, {"token": "secret"})
        desk.sync.start()
        desk.outbox.start()
        made = Session(Theme(app), Opened(desk))
        made.start()
        qtbot.addWidget(made.window)
        qtbot.waitUntil(lambda: desk.tickets.get("desk:9") is not None, timeout=PATIENCE)
        qtbot.waitUntil(lambda: made.controllers is not None, timeout=PATIENCE)
        assert made.controllers is not None
        made.controllers.tickets.open("desk:9")
        qtbot.waitUntil(lambda: not made.window.desk_view.draft.editor.isReadOnly(), timeout=PATIENCE)
        yield made
        made.close()


def _write(session: Session, qtbot: QtBot, text: str) -> None:
    draft = session.window.desk_view.draft
    draft.expect_new()
    draft.editor.selectAll()
    draft.editor.textCursor().insertText(text)
    assert session.ui is not None
    qtbot.waitUntil(lambda: draft.can_send, timeout=PATIENCE)
    assert session.ui.actions.trigger("reply.send")


def _press(session: Session, text: str) -> None:
    buttons = session.window.desk_view.held.findChildren(Button)
    next(b for b in buttons if b.text() == text and b.isVisible()).click()


def test_a_reply_over_a_newer_message_asks_first(session: Session, small: SmallZammad, qtbot: QtBot) -> None:
    held = session.window.desk_view.held
    newer = dict(small.articles[0], id=30, body="It has just arrived, thank you.", created_at=stamp(60))
    small.articles.append(newer)  # nobody has told the window yet
    _write(session, qtbot, "We are looking for your parcel.")
    qtbot.waitUntil(held.isVisible, timeout=PATIENCE)
    assert any("It has just arrived" in text for text in texts(held))
    assert small.posted == []
    assert session.ui is not None
    picture(session.window, session.ui.theme, "reply-held-back", (1200, 760))
    _press(session, "Take it back")
    qtbot.waitUntil(
        lambda: session.window.desk_view.draft.text == "We are looking for your parcel.", timeout=PATIENCE
    )
    assert not held.isVisible()
    assert small.posted == []


def test_a_held_back_reply_leaves_once_when_told_to(
    session: Session, small: SmallZammad, qtbot: QtBot
) -> None:
    held = session.window.desk_view.held
    small.articles.append(dict(small.articles[0], id=30, body="And a second question.", created_at=stamp(60)))
    _write(session, qtbot, "Your parcel arrives tomorrow.")
    qtbot.waitUntil(held.isVisible, timeout=PATIENCE)
    _press(session, "Send it anyway")
    qtbot.waitUntil(lambda: len(small.posted) == 1, timeout=PATIENCE)
    qtbot.waitUntil(lambda: not held.isVisible(), timeout=PATIENCE)
    assert "Your parcel arrives tomorrow." in small.posted[0]["body"]
    assert session.ui is not None
    outbox = session.ui.desk.outbox
    qtbot.waitUntil(lambda: outbox.pending() == [], timeout=PATIENCE)
    assert len(small.posted) == 1
