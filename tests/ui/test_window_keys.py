"""The keys of the window, pressed on the real window of the demo desk."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot
from support_pages import caught_up

from agent_assist import opening as root
from agent_assist.ui.session import Session
from agent_assist.ui.theme import Theme
from agent_assist.ui.views.cheat_sheet import CheatSheet

pytestmark = [pytest.mark.real_model, pytest.mark.timeout(480)]
PATIENCE = 200_000
CTRL, ALT, NONE = (
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.AltModifier,
    Qt.KeyboardModifier.NoModifier,
)


@pytest.fixture
def session(qtbot: QtBot) -> Iterator[Session]:
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    made = Session(Theme(app), root.window_opener(None, demo=True))
    made.start()
    qtbot.addWidget(made.window)
    qtbot.waitExposed(made.window)
    made.window.activateWindow()
    qtbot.waitUntil(lambda: made.window.isActiveWindow())
    qtbot.waitUntil(lambda: bool(current(made)), timeout=PATIENCE)
    focus_queue(made)
    yield made
    made.close()


def focus_queue(session: Session) -> None:
    session.window.desk_view.queue.list.setFocus()


def current(session: Session) -> str:
    return session.controllers.tickets.current_id if session.controllers is not None else ""


def press(session: Session, key: Qt.Key, modifier: Qt.KeyboardModifier = NONE) -> None:
    """To the widget that has the focus, as a real key goes."""
    target: QWidget = QApplication.focusWidget() or session.window
    QTest.keyClick(target, key, modifier)


def shown(kind: type[QWidget]) -> Callable[[], bool]:
    return lambda: any(isinstance(w, kind) and w.isVisible() for w in QApplication.topLevelWidgets())


def test_j_and_k_step_and_letters_stay_letters_while_typing(session: Session, qtbot: QtBot) -> None:
    first = current(session)
    press(session, Qt.Key.Key_J)
    qtbot.waitUntil(lambda: current(session) != first, timeout=PATIENCE)
    press(session, Qt.Key.Key_K)
    qtbot.waitUntil(lambda: current(session) == first, timeout=PATIENCE)
    view = session.window.desk_view
    press(session, Qt.Key.Key_R)
    assert view.draft.editor.hasFocus()
    for field in (view.draft.editor, view.draft.steer.edit, view.queue.search):
        field.setFocus()
        for key in (Qt.Key.Key_J, Qt.Key.Key_K, Qt.Key.Key_U, Qt.Key.Key_S, Qt.Key.Key_R):
            press(session, key)
        press(session, Qt.Key.Key_Question, Qt.KeyboardModifier.ShiftModifier)
        press(session, Qt.Key.Key_Slash)
        assert field.hasFocus()
        text = field.text() if hasattr(field, "text") else field.toPlainText()
        assert "jkusr?/" in text
        field.clear()
    assert session.ui is not None
    caught_up(qtbot, session.ui.bridge)
    assert current(session) == first
    assert not shown(CheatSheet)()


def test_the_keys_of_the_reply(session: Session, qtbot: QtBot) -> None:
    view = session.window.desk_view
    assert session.desk is not None
    draft = view.draft
    draft.expect_new()
    draft.editor.selectAll()
    draft.editor.textCursor().insertText("Hello, we will look into it.")
    QApplication.clipboard().clear()
    focus_queue(session)
    press(session, Qt.Key.Key_I, CTRL)
    qtbot.waitUntil(lambda: QApplication.clipboard().text() == "Hello, we will look into it.")
    draft.editor.setFocus()
    press(session, Qt.Key.Key_Return, CTRL)
    qtbot.waitUntil(lambda: view.undo.item is not None and not draft.text, timeout=PATIENCE)
    press(session, Qt.Key.Key_Z, CTRL | Qt.KeyboardModifier.ShiftModifier)
    qtbot.waitUntil(lambda: draft.text == "Hello, we will look into it.", timeout=PATIENCE)


def test_a_redo_and_the_evidence_by_keys(session: Session, qtbot: QtBot) -> None:
    view = session.window.desk_view
    focus_queue(session)
    qtbot.waitUntil(lambda: view.draft.draft is not None and view.draft.draft.state.final, timeout=PATIENCE)
    seen: list[bool] = []
    view.draft.state_changed.connect(
        lambda: seen.append(view.draft.draft is not None and view.draft.draft.state.working)
    )
    press(session, Qt.Key.Key_R, CTRL)
    qtbot.waitUntil(lambda: any(seen), timeout=PATIENCE)
    qtbot.waitUntil(lambda: len(view.evidence.cards) >= 2, timeout=PATIENCE)
    for number, key in ((1, Qt.Key.Key_1), (2, Qt.Key.Key_2)):
        view.draft.editor.setFocus()
        press(session, key, ALT)
        card = view.evidence.cards[number - 1]
        assert card.hasFocus() or card.isAncestorOf(QApplication.focusWidget())
    qtbot.waitUntil(lambda: view.draft.draft is not None and view.draft.draft.state.final, timeout=PATIENCE)


def test_the_evidence_in_focus_is_drafted_from_by_a_key(session: Session, qtbot: QtBot) -> None:
    view = session.window.desk_view

    def drafted(passage: int | None = None) -> bool:
        draft = view.draft.draft
        chosen = draft.chosen.passage.id if draft is not None and draft.chosen is not None else None
        return draft is not None and draft.state.final and chosen == passage

    qtbot.waitUntil(lambda: drafted() and len(view.evidence.cards) >= 2, timeout=PATIENCE)
    second = view.evidence.cards[1].hit.passage
    press(session, Qt.Key.Key_2, ALT)
    press(session, Qt.Key.Key_D)
    qtbot.waitUntil(lambda: drafted(second.id), timeout=PATIENCE)
    qtbot.waitUntil(lambda: view.evidence.cards[0].hit.passage.id == second.id, timeout=PATIENCE)
    assert view.evidence.cards[0]._yes.isChecked(), "what was chosen counts as relevant"
    assert session.ui is not None
    feedback = session.ui.desk.feedback
    qtbot.waitUntil(lambda: feedback.stats().relevance_marks == 1, timeout=PATIENCE)


def test_palette_macros_and_the_sheet_by_keys(session: Session, qtbot: QtBot) -> None:
    assert session.window is not None
    view = session.window.desk_view
    palette = session._actions._palette
    for place in (view.queue.list, view.draft.editor):
        place.setFocus()
        press(session, Qt.Key.Key_K, CTRL)
        qtbot.waitUntil(palette.isVisible)
        palette.close()
        session.window.activateWindow()
        qtbot.waitUntil(session.window.isActiveWindow)
    focus_queue(session)
    press(session, Qt.Key.Key_Slash)
    qtbot.waitUntil(lambda: view.draft.steer.edit.text() == "/")
    view.draft.steer._popup.hide()
    view.draft.steer.edit.clear()
    focus_queue(session)
    press(
        session, Qt.Key.Key_Question
    )  # the test driver has no keyboard on which it is Shift and another key
    qtbot.waitUntil(shown(CheatSheet))
    sheet = next(w for w in QApplication.topLevelWidgets() if isinstance(w, CheatSheet) and w.isVisible())
    sheet.accept()
