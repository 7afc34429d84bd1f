"""The thread of a ticket: built piece by piece, never jumping, plain text, quotes and files."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import support_window as sample
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot
from support_store import with_message

from agent_assist.domain.ticket import Attachment, Message, Role, Ticket
from agent_assist.ui.main_window import MainWindow
from agent_assist.ui.views.conversation_view import FIRST, MOST, PIECE, STEP, ConversationView
from agent_assist.ui.views.message_view import LongText, MessageView


def stretch(view: ConversationView) -> tuple[int, int]:
    """First and past-the-last message that exist as widgets; the ids end with a message's place."""
    places = [int(v.message.id[1:]) for v in view.message_views()]
    assert places == sorted(places)
    return (places[0], places[-1] + 1) if places else (0, 0)


def show(window: MainWindow, ticket: Ticket, qtbot: QtBot) -> None:
    """Open a thread and wait until the stretch at its end stands."""
    view = window.desk_view.conversation
    window.desk_view.show_ticket_area(True)
    view.show_ticket(ticket)
    qtbot.waitUntil(
        lambda: (
            not view._filling.isActive()
            and not view._settle.isActive()
            and (view._low, view._high) == view._wanted
        )
    )


def test_only_a_stretch_of_a_long_thread_exists(window: MainWindow, qtbot: QtBot) -> None:
    view = window.desk_view.conversation
    window.desk_view.show_ticket_area(True)
    view.show_ticket(sample.long_ticket(2000))
    qtbot.waitUntil(lambda: stretch(view) == (2000 - PIECE, 2000))
    qtbot.waitUntil(lambda: stretch(view) == (2000 - FIRST, 2000))
    assert len(view.message_views()) == FIRST
    low = 2000 - FIRST
    for _ in range(8):
        view.show_earlier()
        low -= STEP
        high = min(2000, low + MOST)
        qtbot.waitUntil(lambda wanted=(low, high): stretch(view) == wanted)
    assert high < 2000
    assert [m.message.text for m in view.message_views()] == [
        m.text for m in sample.long_ticket(2000).messages[low:high]
    ]
    view.show_later()
    qtbot.waitUntil(lambda: stretch(view) == (high + STEP - MOST, high + STEP))
    view.show_newest()
    qtbot.waitUntil(lambda: stretch(view) == (2000 - FIRST, 2000))


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
        bar.setValue(bar.minimum() if place == 0 else bar.maximum())
        read = view.message_views()[place]
        before = read.mapTo(view.viewport(), QPoint(0, 0)).y()
        more()
        qtbot.waitUntil(lambda: stretch(view) == view._wanted and view._kept is None)
        qtbot.waitUntil(lambda: not view._settle.isActive())
        QApplication.processEvents()
        assert abs(read.mapTo(view.viewport(), QPoint(0, 0)).y() - before) <= 2


def test_who_reads_further_up_is_not_pulled_to_the_end(window: MainWindow, qtbot: QtBot) -> None:
    view, ticket = window.desk_view.conversation, sample.long_ticket(40)
    window.desk_view.show_ticket_area(True)
    view.show_ticket(ticket)
    bar = view.verticalScrollBar()
    qtbot.waitUntil(lambda: view._top is not None and bar.maximum() > 500 and bar.value() == bar.maximum())
    qtbot.keyClick(view, Qt.Key.Key_PageUp)
    assert bar.value() < bar.maximum() - 100
    read = next(v for v in view.message_views() if v.mapTo(view.viewport(), QPoint(0, 0)).y() > 0)
    place = read.mapTo(view.viewport(), QPoint(0, 0)).y()
    grown = with_message(ticket, Message("new", Role.CUSTOMER, "Still there?", datetime.now(UTC)))
    view.show_ticket(grown)
    qtbot.waitUntil(lambda: view.message_views()[-1].message.id == "new" and not view._settle.isActive())
    QApplication.processEvents()
    assert abs(read.mapTo(view.viewport(), QPoint(0, 0)).y() - place) <= 2
    bar.setValue(bar.maximum())
    view.show_ticket(with_message(grown, Message("two", Role.CUSTOMER, "Hello?", datetime.now(UTC))))
    qtbot.waitUntil(lambda: view.message_views()[-1].message.id == "two" and bar.value() == bar.maximum())


def test_each_day_stands_above_its_first_message_once(window: MainWindow, qtbot: QtBot) -> None:
    view = window.desk_view.conversation
    window.desk_view.show_ticket_area(True)
    began = datetime(2025, 3, 1, 9, tzinfo=UTC)
    messages = tuple(
        Message(f"m{n}", Role.CUSTOMER, "Hello", began + timedelta(hours=9 * n)) for n in range(FIRST)
    )
    view.show_ticket(replace(sample.ticket(), id="days", messages=messages))
    qtbot.waitUntil(lambda: stretch(view) == (0, FIRST))
    days = list(dict.fromkeys(m.created_at.astimezone().date() for m in messages if m.created_at))
    shown = [label.text() for label in view.findChildren(QLabel) if " 2025" in label.text()]
    column = [view._column.itemAt(place).widget() for place in range(view._column.count() - 1)]
    assert len(column) == FIRST + len(days)
    assert len(shown) >= len(days)
    assert isinstance(column[-1], MessageView)


def test_the_first_message_takes_the_place_of_the_note_that_there_is_none(
    window: MainWindow, qtbot: QtBot
) -> None:
    view, ticket = window.desk_view.conversation, replace(sample.ticket(), id="new", messages=())
    show(window, ticket, qtbot)
    assert any("no messages yet" in label.text() for label in view._content.findChildren(QLabel))
    show(window, with_message(ticket, Message("m1", Role.CUSTOMER, "Hello?")), qtbot)
    assert [m.message.text for m in view.message_views()] == ["Hello?"]
    assert not any(
        "no messages" in label.text() for label in view._content.findChildren(QLabel) if not label.isHidden()
    )


def test_a_mail_names_its_writer_its_files_and_folds_its_quote(window: MainWindow, qtbot: QtBot) -> None:
    view = window.desk_view.conversation
    files = tuple(Attachment(f"photo-{n}.jpg", "image/jpeg", 240_000) for n in range(14))
    message = Message(
        "m1", Role.AGENT, "See below.", author="Ana Ruiz", folded="> Where is it?", attachments=files
    )
    silent = Message("m2", Role.CUSTOMER, "", attachments=files[:1])
    show(window, replace(sample.ticket(), id="mail", messages=(message, silent)), qtbot)
    first, second = view.message_views()
    said = [label.text() for label in first.findChildren(QLabel)]
    assert "Ana Ruiz" in said
    assert "photo-0.jpg · 240 kB" in said
    assert "and 2 more files" in said
    assert "Where is it" not in first._text.text
    first._quoted.click()
    assert any("Where is it?" in block.text for block in first.findChildren(type(first._text)))
    assert second._text.text == "(only files)"


def test_a_new_message_is_added_without_rebuilding(window: MainWindow, qtbot: QtBot) -> None:
    view, ticket = window.desk_view.conversation, sample.ticket()
    show(window, ticket, qtbot)
    before = view.message_views()
    show(window, with_message(ticket, Message("m9", Role.CUSTOMER, "Hello?", datetime.now(UTC))), qtbot)
    after = view.message_views()
    assert after[: len(before)] == before
    assert after[-1].message.text == "Hello?"


def test_nothing_a_customer_writes_becomes_markup(window: MainWindow, qtbot: QtBot) -> None:
    view = window.desk_view.conversation
    text = "<b>bold</b> <img src='file:///etc/hosts'> \u202egnp.exe"
    show(window, replace(sample.ticket(), id="x", messages=(Message("a", Role.CUSTOMER, text),)), qtbot)
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
    show(window, replace(sample.ticket(), id="y", messages=messages), qtbot)
    first, second = view.message_views()
    assert len(first._text.text) < 2000
    first._more.click()
    assert first._text.text.replace("\n", "") == long
    second._more.click()
    box = second.findChild(LongText)
    assert box is not None
    qtbot.waitUntil(lambda: box.toPlainText().count("x") == 600_000)


def test_quoted_text_unfolds(window: MainWindow, qtbot: QtBot) -> None:
    view = window.desk_view.conversation
    show(window, sample.ticket(), qtbot)
    message: MessageView = view.message_views()[-1]
    assert "Maya wrote" not in message._text.text
    message._quoted.click()
    assert any("Maya wrote" in block.text for block in message.findChildren(type(message._text)))


def test_text_is_selected_and_copied(window: MainWindow, qtbot: QtBot) -> None:
    window.desk_view.show_ticket_area(True)
    view = window.desk_view.conversation
    show(window, sample.ticket(), qtbot)
    block = view.message_views()[0]._text
    qtbot.waitUntil(lambda: block.width() > 100)
    qtbot.mouseDClick(block, Qt.MouseButton.LeftButton, pos=QPoint(40, 8))
    assert block.selected_text.strip()
    block.select(0, 3)
    qtbot.keyClick(block, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QApplication.clipboard().text() == block.text[:3]
    qtbot.keyClick(block, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    assert block.selected_text == block.text
