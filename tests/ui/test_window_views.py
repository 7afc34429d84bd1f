"""Queue, conversation, evidence, palette, status, undo bar, folding, names for screen readers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import support_window as sample
from PySide6.QtCore import QPoint, Qt
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
from support_store import with_message

from agent_assist import settings
from agent_assist.domain.jobs import JobState, JobStatus
from agent_assist.domain.model import ModelState, ModelStatus
from agent_assist.domain.outbox import OutboxItem, OutboxState
from agent_assist.domain.suggestion import DraftState
from agent_assist.domain.ticket import Attachment, Message, QueueFilter, Role
from agent_assist.ui.actions import Action, ActionRegistry
from agent_assist.ui.main_window import MainWindow
from agent_assist.ui.theme import Theme
from agent_assist.ui.tokens import SIDE_WIDTH
from agent_assist.ui.views.cheat_sheet import CheatSheet
from agent_assist.ui.views.conversation_view import FIRST, MOST, PIECE, STEP
from agent_assist.ui.views.message_view import LongText, MessageView
from agent_assist.ui.views.palette import CommandPalette, Entry
from agent_assist.ui.views.queue_model import RowRole, describe, note_of
from agent_assist.ui.widgets.spinner import Spinner


@pytest.fixture
def window(qtbot: QtBot, theme: Theme) -> MainWindow:
    made = MainWindow(theme)
    qtbot.addWidget(made)
    made.show()
    qtbot.waitExposed(made)
    return made


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
    assert said == describe(model.index(1).data(RowRole))


def test_refreshing_keeps_the_selection(window: MainWindow) -> None:
    queue = window.desk_view.queue
    queue.show_tickets(sample.summaries())
    queue.set_current("1045")
    queue.show_tickets(sample.summaries()[2:])
    assert queue.current_id == "1045"
    assert queue.list.currentIndex().row() == 1
    assert queue.model.ids_after("1045", 2) == ["1046", "1047"]


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


# --- conversation ---------------------------------------------------------------------------------


def test_only_a_stretch_of_a_long_thread_exists(window: MainWindow, qtbot: QtBot) -> None:
    view = window.desk_view.conversation
    window.desk_view.show_ticket_area(True)
    view.show_ticket(sample.long_ticket(2000))
    assert view.shown_range == (2000 - PIECE, 2000), "the newest are there at once"
    qtbot.waitUntil(lambda: view.shown_range == (2000 - FIRST, 2000))
    assert len(view.message_views()) == FIRST
    low = 2000 - FIRST
    for _ in range(8):
        view.show_earlier()
        low -= STEP
        high = min(2000, low + MOST)
        qtbot.waitUntil(lambda wanted=(low, high): view.shown_range == wanted)
    assert high < 2000
    assert [m.message.text for m in view.message_views()] == [
        m.text for m in sample.long_ticket(2000).messages[low:high]
    ]
    view.show_later()
    qtbot.waitUntil(lambda: view.shown_range == (high + STEP - MOST, high + STEP))
    view.show_newest()
    qtbot.waitUntil(lambda: view.shown_range == (2000 - FIRST, 2000))


def test_what_is_read_stays_in_its_place_while_earlier_messages_come(
    window: MainWindow, qtbot: QtBot
) -> None:
    view = window.desk_view.conversation
    window.desk_view.show_ticket_area(True)
    view.show_ticket(sample.long_ticket(300))
    qtbot.waitUntil(lambda: view._top is not None)
    bar = view.verticalScrollBar()
    qtbot.waitUntil(lambda: bar.maximum() > 0 and bar.value() == bar.maximum())
    steps = [(view.show_earlier, 0)] * 5 + [(view.show_later, -1)]
    for more, place in steps:
        # A wheel that turns: what arrives no longer pulls the view to the end.
        view._stick = False
        bar.setValue(bar.minimum() if place == 0 else bar.maximum())
        read = view.message_views()[place]
        before = read.mapTo(view.viewport(), QPoint(0, 0)).y()
        more()
        qtbot.waitUntil(lambda: view.shown_range == view._wanted and view._kept is None)
        qtbot.wait(50)
        assert abs(read.mapTo(view.viewport(), QPoint(0, 0)).y() - before) <= 2


def test_each_day_stands_above_its_first_message_once(window: MainWindow, qtbot: QtBot) -> None:
    view = window.desk_view.conversation
    window.desk_view.show_ticket_area(True)
    began = datetime(2025, 3, 1, 9, tzinfo=UTC)
    messages = tuple(
        Message(f"m{n}", Role.CUSTOMER, "Hello", began + timedelta(hours=9 * n)) for n in range(FIRST)
    )
    view.show_ticket(replace(sample.ticket(), id="days", messages=messages))
    qtbot.waitUntil(lambda: view.shown_range == (0, FIRST))
    days = list(dict.fromkeys(m.created_at.astimezone().date() for m in messages if m.created_at))
    shown = [label.text() for label in view.findChildren(QLabel) if " 2025" in label.text()]
    column = [view._column.itemAt(place).widget() for place in range(view._column.count() - 1)]
    assert len(column) == FIRST + len(days)
    assert len(shown) >= len(days)
    assert isinstance(column[-1], MessageView)


def test_the_first_message_takes_the_place_of_the_note_that_there_is_none(window: MainWindow) -> None:
    view, ticket = window.desk_view.conversation, replace(sample.ticket(), id="new", messages=())
    view.show_ticket(ticket)
    assert any("no messages yet" in label.text() for label in view._content.findChildren(QLabel))
    view.show_ticket(with_message(ticket, Message("m1", Role.CUSTOMER, "Hello?")))
    assert [m.message.text for m in view.message_views()] == ["Hello?"]
    assert not any(
        "no messages" in label.text() for label in view._content.findChildren(QLabel) if not label.isHidden()
    )


def test_a_mail_names_its_writer_its_files_and_folds_its_quote(window: MainWindow) -> None:
    view = window.desk_view.conversation
    files = tuple(Attachment(f"photo-{n}.jpg", "image/jpeg", 240_000) for n in range(14))
    message = Message(
        "m1", Role.AGENT, "See below.", author="Ana Ruiz", folded="> Where is it?", attachments=files
    )
    silent = Message("m2", Role.CUSTOMER, "", attachments=files[:1])
    view.show_ticket(replace(sample.ticket(), id="mail", messages=(message, silent)))
    first, second = view.message_views()
    said = [label.text() for label in first.findChildren(QLabel)]
    assert "Ana Ruiz" in said
    assert "photo-0.jpg · 240 kB" in said
    assert "and 2 more files" in said
    assert "Where is it" not in first._text.text
    first._quoted.click()
    assert any("Where is it?" in block.text for block in first.findChildren(type(first._text)))
    assert second._text.text == "(only files)"


def test_a_new_message_is_added_without_rebuilding(window: MainWindow) -> None:
    view, ticket = window.desk_view.conversation, sample.ticket()
    view.show_ticket(ticket)
    before = view.message_views()
    view.show_ticket(with_message(ticket, Message("m9", Role.CUSTOMER, "Hello?", datetime.now(UTC))))
    after = view.message_views()
    assert after[: len(before)] == before
    assert after[-1].message.text == "Hello?"


def test_nothing_a_customer_writes_becomes_markup(window: MainWindow) -> None:
    view = window.desk_view.conversation
    text = "<b>bold</b> <img src='file:///etc/hosts'> \u202egnp.exe"
    view.show_ticket(replace(sample.ticket(), id="x", messages=(Message("a", Role.CUSTOMER, text),)))
    shown = view.message_views()[0]
    assert "<b>bold</b>" in shown._text.text
    assert "‹RLO›" in shown._text.text
    assert any("invisible" in label.text() for label in shown.findChildren(QLabel))
    for label in window.findChildren(QLabel):
        assert label.textFormat() is Qt.TextFormat.PlainText or not label.text() or label.pixmap()


def test_a_long_message_folds_and_unfolds(window: MainWindow, qtbot: QtBot) -> None:
    view = window.desk_view.conversation
    window.desk_view.show_ticket_area(True)
    long, huge = "word " * 2000, "x" * 600_000
    messages = (Message("a", Role.CUSTOMER, long), Message("b", Role.CUSTOMER, huge))
    view.show_ticket(replace(sample.ticket(), id="y", messages=messages))
    first, second = view.message_views()
    assert len(first._text.text) < 2000
    first._more.click()
    assert first._text.text.replace("\n", "") == long
    second._more.click()
    box = second.findChild(LongText)
    assert box is not None
    qtbot.waitUntil(lambda: box.toPlainText().count("x") == 600_000)


def test_quoted_text_unfolds(window: MainWindow) -> None:
    view = window.desk_view.conversation
    view.show_ticket(sample.ticket())
    message: MessageView = view.message_views()[-1]
    assert "Maya wrote" not in message._text.text
    message._quoted.click()
    assert any("Maya wrote" in block.text for block in message.findChildren(type(message._text)))


def test_text_is_selected_and_copied(window: MainWindow, qtbot: QtBot) -> None:
    window.desk_view.show_ticket_area(True)
    view = window.desk_view.conversation
    view.show_ticket(sample.ticket())
    block = view.message_views()[0]._text
    qtbot.waitUntil(lambda: block.width() > 100)
    qtbot.mouseDClick(block, Qt.MouseButton.LeftButton, pos=QPoint(40, 8))
    assert block.selected_text.strip()
    block.select(0, 3)
    qtbot.keyClick(block, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QApplication.clipboard().text() == block.text[:3]
    qtbot.keyClick(block, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    assert block.selected_text == block.text


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
    theme.set_mode(settings.Theme.DARK)
    assert theme.dark
    assert theme.colours.surface in theme.style_sheet()
    assert theme.style_sheet().count("{") == light.count("{")


def test_reduced_motion_moves_nothing(theme: Theme, qtbot: QtBot) -> None:
    theme.set_options(settings.Appearance(theme=settings.Theme.LIGHT, reduced_motion=True))
    spinner = Spinner(theme)
    qtbot.addWidget(spinner)
    spinner.show()
    assert not spinner._timer.isActive()
    theme.set_options(settings.Appearance(theme=settings.Theme.LIGHT))
    assert spinner._timer.isActive()


def test_the_status_bar_says_model_jobs_and_news(window: MainWindow) -> None:
    status = window.status
    status.show_model(ModelStatus(ModelState.READY, "Smol", tokens_per_second=98.4))
    assert status._model.text() == "Smol · CPU · 98 tokens/s"
    status.show_model(ModelStatus(ModelState.LOADING, "Smol", progress=0.4))
    assert "40 %" in status._model.text()
    status.show_job(JobStatus("j", "Import articles", JobState.RUNNING, 3, 12))
    assert status._work.text() == "Import articles 25 %"
    status.show_job(JobStatus("j", "Import articles", JobState.DONE))
    assert not status._work.isVisible()
    status.say("This edit is now 1 of 34 training examples.")
    assert status.said.startswith("This edit")


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
