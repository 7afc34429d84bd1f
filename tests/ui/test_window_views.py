"""Queue, evidence, palette, status, undo bar, folding, names for screen readers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import support_window as sample
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QApplication,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QScrollArea,
    QWidget,
)
from pytestqt.qtbot import QtBot

from agent_assist import settings
from agent_assist.domain.jobs import JobState, JobStatus
from agent_assist.domain.model import ModelState, ModelStatus
from agent_assist.domain.outbox import OutboxItem, OutboxState
from agent_assist.domain.suggestion import DraftState
from agent_assist.domain.ticket import QueueFilter
from agent_assist.ui.actions import Action, ActionRegistry
from agent_assist.ui.main_window import MainWindow
from agent_assist.ui.theme import Theme
from agent_assist.ui.tokens import SIDE_WIDTH
from agent_assist.ui.views.cheat_sheet import CheatSheet
from agent_assist.ui.views.palette import CommandPalette, Entry
from agent_assist.ui.views.queue_model import describe, note_of
from agent_assist.ui.widgets.spinner import Spinner


def open_ticket(window: MainWindow, state: DraftState = DraftState.READY) -> None:
    desk, ticket = window.desk_view, sample.ticket()
    desk.queue.show_tickets(sample.summaries())
    desk.show_ticket_area(True)
    desk.header.show_ticket(ticket)
    desk.conversation.show_ticket(ticket)
    desk.draft.show_ticket(ticket.id)
    draft = sample.draft(state)
    desk.draft.show_draft(draft)
    desk.evidence.show_draft(draft, desk.draft.suggestion, ticket)
    desk.show_count(len(draft.hits))


# --- queue ----------------------------------------------------------------------------------------


def test_keys_step_through_the_queue(window: MainWindow, qtbot: QtBot) -> None:
    queue = window.desk_view.queue
    queue.show_tickets(sample.summaries())
    with qtbot.waitSignal(queue.opened) as opened:
        queue.step(1)
    assert opened.args == ["1042"]
    with qtbot.waitSignal(queue.opened) as opened:
        queue.step(1)
    assert opened.args == ["1043"]
    with qtbot.waitSignal(queue.opened) as opened:
        queue.step(-1)
    assert opened.args == ["1042"]


def test_typing_filters_after_a_moment(window: MainWindow, qtbot: QtBot) -> None:
    queue = window.desk_view.queue
    with qtbot.waitSignal(queue.filter_changed) as changed:
        qtbot.keyClicks(queue.search, "size")
    assert isinstance(changed.args[0], QueueFilter)
    assert changed.args[0].text == "size"
    with qtbot.waitSignal(queue.filter_changed) as changed:
        queue._unread.click()
    assert changed.args[0].unread_only
    queue.show_tickets([])
    with qtbot.waitSignal(queue.filter_changed) as changed:
        queue._empty.acted.emit()
    assert changed.args[0] == QueueFilter(limit=queue.filter.limit)


def test_a_row_says_all_of_it_to_a_screen_reader(window: MainWindow) -> None:
    model = window.desk_view.queue.model
    model.set_tickets(sample.summaries())
    model.set_note("1043", note_of(sample.draft()))
    said = model.index(1).data(Qt.ItemDataRole.AccessibleTextRole)
    for part in ("unread", "Jonas Weber", "e-mail", "German", "check facts"):
        assert part in said
    assert said == describe(model.row(1))


def test_refreshing_keeps_the_selection(window: MainWindow) -> None:
    queue = window.desk_view.queue
    queue.show_tickets(sample.summaries())
    queue.set_current("1045")
    queue.show_tickets(sample.summaries()[2:])
    assert queue.current_id == "1045"
    assert queue.list.currentIndex().row() == 1
    assert queue.model.ids_after("1045", 2) == ["1046", "1047"]


def test_nothing_is_typed_into_a_ticket_that_is_still_being_fetched(window: MainWindow, qtbot: QtBot) -> None:
    """Its frames are on the screen before it is; what went into them would be nobody's."""
    desk = window.desk_view
    desk.expect_ticket()
    qtbot.waitUntil(desk.draft.editor.isVisible)
    qtbot.keyClicks(desk.draft.editor, "Hello")
    qtbot.keyClicks(desk.draft.steer.edit, "shorter")
    assert desk.draft.text == desk.draft.steer.edit.text() == ""
    QApplication.clipboard().setText("pasted")
    qtbot.keySequence(desk.draft.editor, QKeySequence.StandardKey.Paste)
    assert desk.draft.text == ""
    open_ticket(window)
    qtbot.keyClicks(desk.draft.steer.edit, "shorter")
    assert desk.draft.steer.edit.text() == "shorter"
    assert not desk.draft.editor.isReadOnly()


def test_what_is_looked_at_in_the_queue_stays_while_tickets_come_in(window: MainWindow, qtbot: QtBot) -> None:
    queue = window.desk_view.queue
    made = [replace(sample.summaries()[0], id=f"t{number}") for number in range(200)]
    queue.show_tickets(made[100:])
    queue.set_current("t102")
    rows, bar = queue.list, queue.list.verticalScrollBar()

    def top_of(ticket_id: str) -> int:
        return rows.visualRect(queue.model.index(queue.model.row_of(ticket_id))).top()

    qtbot.waitUntil(lambda: bar.maximum() > 0)
    # At the top: what is new is seen, and the open ticket does not leave.
    queue.show_tickets(made[99:])
    assert bar.value() == 0
    assert top_of("t99") == 0
    queue.show_tickets(made[60:])
    assert bar.value() > 0
    assert 0 <= top_of("t102") < rows.viewport().height()
    # Further down: what is there stays where it is, to the pixel, and nobody is pulled back to the open one.
    bar.setValue(bar.maximum() - 37)
    read = queue.model.ticket_id(rows.indexAt(rows.viewport().rect().topLeft()).row())
    before = top_of(read)
    queue.show_tickets(made[20:])
    assert top_of(read) == before
    assert top_of("t102") < 0


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (DraftState.READY, "check facts"),
        (DraftState.ABSTAINED, "ask customer?"),
        (DraftState.FAILED, "no draft"),
        (DraftState.STALE, "wrote again"),
        (DraftState.GENERATING, "writing…"),
        (DraftState.IDLE, ""),
    ],
)
def test_what_the_queue_says_of_a_draft(state: DraftState, words: str) -> None:
    assert note_of(sample.draft(state)).text == words


# --- evidence ---------------------------------------------------------------------------------------


def test_evidence_numbers_marks_and_keys(window: MainWindow, qtbot: QtBot) -> None:
    open_ticket(window)
    panel = window.desk_view.evidence
    assert [card.number for card in panel.cards] == [1, 2, 3]
    assert panel._count.text() == "3 passages, 2 used"
    panel.show_sentence((11,), sample.sentences()[2].text)
    assert panel.cards[0].property("current") == "true"
    assert panel.cards[1].property("current") == "false"
    qtbot.waitUntil(panel.cards[1].isVisible)
    assert panel.open_number(2)
    assert window.focusWidget() is panel.cards[1]
    assert not panel.open_number(7)


def test_relevance_is_told_and_taken_back(window: MainWindow, qtbot: QtBot) -> None:
    open_ticket(window)
    panel = window.desk_view.evidence
    card = panel.cards[0]
    with qtbot.waitSignal(panel.relevance_changed) as told:
        card._yes.click()
    assert told.args == ["returns", True]
    with qtbot.waitSignal(panel.relevance_changed) as told:
        card._no.click()
    assert told.args == ["returns", False]
    assert not card._yes.isChecked()
    with qtbot.waitSignal(panel.relevance_changed) as told:
        card._no.click()
    assert told.args == ["returns", None]


# --- the window ---------------------------------------------------------------------------------------


def test_narrow_widths_fold_the_evidence_then_the_queue(window: MainWindow, qtbot: QtBot) -> None:
    open_ticket(window)
    desk = window.desk_view
    assert desk.queue.isVisible()
    assert desk.evidence.isVisible()
    window.resize(1000, 700)
    qtbot.waitUntil(lambda: not desk.evidence.isVisible())
    assert desk.queue.isVisible()
    window.resize(700, 700)
    qtbot.waitUntil(lambda: not desk.queue.isVisible())
    desk.toggle("queue")
    assert desk.queue.isVisible()


def test_the_side_layout_keeps_the_reply_and_send(window: MainWindow, qtbot: QtBot) -> None:
    open_ticket(window)
    window.set_side(True)
    qtbot.waitUntil(window.isVisible)
    desk = window.desk_view
    assert window.windowFlags() & Qt.WindowType.WindowStaysOnTopHint
    qtbot.waitUntil(lambda: window.width() == SIDE_WIDTH)
    assert desk.draft.isVisible()
    assert desk.draft.reply.send.isVisible()
    assert desk._count.isVisible()
    assert not desk.queue.isVisible()
    assert not desk.conversation.isVisible()
    assert not window.rail.isVisible()
    window.set_side(False)
    qtbot.waitUntil(desk.conversation.isVisible)
    assert window.rail.isVisible()


def test_dark_and_light_come_from_the_same_tokens(window: MainWindow, theme: Theme) -> None:
    light = theme.style_sheet()
    theme.set_mode(settings.ThemeMode.DARK)
    assert theme.dark
    assert theme.colours.surface in theme.style_sheet()
    assert theme.style_sheet().count("{") == light.count("{")


def test_reduced_motion_moves_nothing(theme: Theme, qtbot: QtBot) -> None:
    theme.set_options(settings.Appearance(theme=settings.ThemeMode.LIGHT, reduced_motion=True))
    spinner = Spinner(theme)
    qtbot.addWidget(spinner)
    spinner.show()
    assert not spinner._timer.isActive()
    theme.set_options(settings.Appearance(theme=settings.ThemeMode.LIGHT))
    assert spinner._timer.isActive()


def test_the_status_bar_says_model_jobs_and_news(window: MainWindow, qtbot: QtBot) -> None:
    status = window.status
    status.show_model(ModelStatus(ModelState.READY, "Smol", tokens_per_second=98.4))
    assert status._model.text() == "Smol · Processor · 98 tokens/s"
    status.show_model(ModelStatus(ModelState.LOADING, "Smol", progress=0.4))
    assert "40 %" in status._model.text()
    status.show_job(JobStatus("j", "Import articles", JobState.RUNNING, 3, 12))
    assert status._work.text() == "Import articles 25 %"
    status.show_job(JobStatus("j", "Import articles", JobState.DONE))
    assert not status._work.isVisible()
    status.say("In the reply box. Send it there.")
    status.say("This edit is now 1 of 34 training examples.")
    assert status.said == "In the reply box. Send it there. This edit is now 1 of 34 training examples."
    status._quiet.start(1)  # as if six seconds had passed
    qtbot.waitUntil(lambda: status.said == "")
    for _ in range(2):
        status.say("Copied.")
    assert status.said == "Copied."


def test_the_undo_bar_counts_down_and_gives_back(window: MainWindow, qtbot: QtBot) -> None:
    bar, now = window.desk_view.undo, datetime.now(UTC)
    item = OutboxItem("o", "1042", "text", "h", OutboxState.QUEUED, now, now + timedelta(seconds=6))
    bar.show_item(item, "Crystal")
    assert bar._text.text() == "Sending to Crystal in 6 s"
    with qtbot.waitSignal(bar.withdraw_wanted) as wanted:
        bar._undo.click()
    assert wanted.args == ["o"]
    bar.update_item(replace(item, state=OutboxState.FAILED, error="No network."))
    assert bar.property("banner") == "danger"
    with qtbot.waitSignal(bar.retry_wanted):
        bar._undo.click()
    bar.update_item(replace(item, state=OutboxState.SENT))
    assert bar._text.text() == "Sent to Crystal"
    bar.update_item(replace(item, state=OutboxState.WITHDRAWN))
    assert not bar.isVisible()


def test_the_palette_finds_and_runs(window: MainWindow, theme: Theme, qtbot: QtBot) -> None:
    ran: list[str] = []
    actions = ActionRegistry()
    actions.add(Action("send", "Send the reply", lambda: ran.append("send"), ("Ctrl+Return",)))
    actions.add(Action("off", "Stop writing", lambda: None, enabled=lambda: False))
    palette = CommandPalette(theme, actions, window)
    palette.open_over(window, [Entry("#1042  Wrong size", lambda: ran.append("ticket"))])
    assert palette.titles == ["Send the reply", "#1042  Wrong size"]
    qtbot.keyClicks(palette.edit, "wrong")
    assert palette.titles == ["#1042  Wrong size"]
    qtbot.keyClick(palette.edit, Qt.Key.Key_Return)
    assert ran == ["ticket"]
    assert not palette.isVisible()


def test_the_sheet_lists_every_key(window: MainWindow, theme: Theme, qtbot: QtBot) -> None:
    actions = ActionRegistry()
    actions.add(Action("a", "Next ticket", lambda: None, ("J",), "Tickets"))
    actions.add(Action("b", "Import", lambda: None, (), "Tickets"))
    sheet = CheatSheet(theme, actions)
    qtbot.addWidget(sheet)
    shown = {label.text() for label in sheet.findChildren(QLabel)}
    assert {"Next ticket", "J", "Tickets"} <= shown
    assert "Import" not in shown


def unnamed(root: QWidget) -> list[str]:
    kinds = (QAbstractButton, QLineEdit, QAbstractItemView, QPlainTextEdit, QScrollArea)
    found = []
    for widget in root.findChildren(QWidget):
        asks = widget.focusPolicy() is not Qt.FocusPolicy.NoFocus and widget.isVisibleTo(root)
        if (
            isinstance(widget, kinds)
            and asks
            and not widget.accessibleName()
            and not widget.objectName().startswith("qt_")
        ):
            text = widget.text() if isinstance(widget, QAbstractButton) else ""
            if not text:
                found.append(f"{type(widget).__name__} in {type(widget.parent()).__name__}")
    return found


@pytest.mark.parametrize("state", [DraftState.READY, DraftState.ABSTAINED, DraftState.FAILED])
def test_everything_that_takes_the_focus_has_a_name(window: MainWindow, state: DraftState) -> None:
    open_ticket(window, state)
    window.rail.add("knowledge", "Knowledge", "book")
    assert unnamed(window) == []
