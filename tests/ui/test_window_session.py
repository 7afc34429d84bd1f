"""The whole window on the real demo desk: places, sending, taking back, delivery, layouts."""

from __future__ import annotations

import gc

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from agent_assist.ui.session import Session

pytestmark = pytest.mark.real_model
PATIENCE = 60_000


def test_a_reply_is_sent_taken_back_and_delivered(session: Session, qtbot: QtBot) -> None:
    desk, actions = session.window.desk_view, session.ui.actions if session.ui else None
    assert actions is not None
    qtbot.waitUntil(lambda: bool(desk.conversation.message_views()), timeout=PATIENCE)
    before = len(desk.conversation.message_views())
    desk.draft.expect_new()
    desk.draft.editor.selectAll()
    desk.draft.editor.textCursor().insertText("Hello, we will change it.")
    mine = desk.draft.text
    assert actions.trigger("reply.send")
    qtbot.waitUntil(lambda: desk.undo.item is not None and not desk.draft.text, timeout=PATIENCE)
    assert actions.trigger("reply.undo_send")
    qtbot.waitUntil(lambda: desk.draft.text == mine, timeout=PATIENCE)
    assert actions.trigger("reply.insert")
    qtbot.waitUntil(lambda: QApplication.clipboard().text() == mine)
    assert actions.trigger("reply.send")
    qtbot.waitUntil(lambda: len(desk.conversation.message_views()) > before, timeout=PATIENCE)


def test_every_place_opens_and_the_layouts_change(session: Session, qtbot: QtBot) -> None:
    assert session.ui is not None
    actions, window = session.ui.actions, session.window
    for place in ("knowledge", "models", "feedback", "help", "settings", "queue"):
        assert actions.trigger(f"go.{place}")
        assert window.place == place
    actions.trigger("window.palette")
    assert len(session._actions._palette.titles) > 30
    session._actions._palette.close()
    first = session.controllers.tickets.current_id if session.controllers else ""
    actions.trigger("tickets.next")
    qtbot.waitUntil(
        lambda: session.controllers is not None and session.controllers.tickets.current_id != first,
        timeout=PATIENCE,
    )
    actions.trigger("window.side")
    qtbot.waitUntil(lambda: window.side and not window.rail.isVisible(), timeout=PATIENCE)
    actions.trigger("window.side")
    assert not window.side
    for action in actions.all():
        assert action.title
        assert action.title[0].isupper()


def test_what_the_window_is_made_of_is_not_collected_again(session: Session) -> None:
    """A full collection of all objects would hold the window up while a helpdesk synchronises."""
    assert gc.isenabled()
    assert gc.get_freeze_count() > len(gc.get_objects())
