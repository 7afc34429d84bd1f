"""The feedback page over the real feedback service and store: figures, difference, export."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton
from pytestqt.qtbot import QtBot
from support_knowledge import library as knowledge_library
from support_pages import NOW, Surface, picture, suggestion, texts, unnamed

from agent_assist.adapters.privacy.rules import RuleRedactor
from agent_assist.adapters.storage.remembered import RememberedStore
from agent_assist.adapters.storage.suggestions import SuggestionStore
from agent_assist.adapters.storage.tickets import TicketStore
from agent_assist.adapters.workspace import Workspace
from agent_assist.domain.feedback import Action, ExportFormat, FeedbackStats, Reason
from agent_assist.domain.ticket import Customer, Message, Role, Ticket
from agent_assist.services.events import EventBus
from agent_assist.services.feedback.remembered import RememberedService
from agent_assist.services.feedback.service import FeedbackService
from agent_assist.services.options import OptionsService
from agent_assist.services.tickets import TicketService
from agent_assist.ui.pages.feedback_page import FeedbackPage, did_words, figures_words
from agent_assist.ui.pages.share_bar import shares

DRAFT = "Hi Crystal, thanks for your message. You can send the shoes back within 90 days. Kind regards"
EDITED = (
    "Hi Crystal, thanks for your message! You can send the shoes back within 60 days, for free. Kind regards"
)


class Clock:
    def now(self) -> object:
        return NOW


def ticket(number: int) -> Ticket:
    message = Message("m1", Role.CUSTOMER, "I got the wrong size, can I still return it?", NOW)
    return Ticket(
        f"T-{number}", (message,), "Wrong size", customer=Customer("c", "Crystal Minh", "cm@example.com")
    )


@pytest.fixture
def surface(qtbot: QtBot, tmp_path: Path) -> Iterator[Surface]:
    workspace = Workspace.demo()
    events = EventBus()
    options = OptionsService(None, events)
    tickets = TicketService(TicketStore(workspace.database), events, Clock())  # type: ignore[arg-type]
    store = SuggestionStore(workspace.database)
    feedback = FeedbackService(store, tickets, options, events, Clock(), RuleRedactor())  # type: ignore[arg-type]
    made = Surface(tmp_path, events=events, options=options, tickets=tickets, feedback=feedback)
    yield made
    made.close()
    workspace.close()


@pytest.fixture
def worked(surface: Surface) -> Surface:
    """A morning's work."""
    feedback = surface.desk.feedback
    surface.desk.tickets.save([ticket(n) for n in range(12)], "test")
    for number in range(12):
        feedback.shown(suggestion(number, DRAFT, f"T-{number}"))
    for number in range(5):
        feedback.decide(f"s{number}", DRAFT, Action.SENT)
    for number in range(5, 8):
        feedback.decide(f"s{number}", EDITED, Action.INSERTED)
    feedback.decide("s8", "Please call us, we will sort it out together on the phone.", Action.SENT)
    feedback.reject("s9", [Reason.WRONG_FACT, Reason.TOO_LONG], "It is 60 days now.")
    feedback.ignore("s10")
    feedback.report_missing("s9", "Returns of sale items")
    feedback.mark_relevance("s1", "help/returns", True)
    return surface


@pytest.fixture
def page(qtbot: QtBot, worked: Surface) -> FeedbackPage:
    made = FeedbackPage(worked.ui)
    qtbot.addWidget(made)
    made.resize(1000, 860)
    made.show()
    qtbot.waitUntil(lambda: made.model.rowCount() == 12)
    return made


def test_the_split_reasons_and_effect_are_shown(page: FeedbackPage, worked: Surface) -> None:
    shown = texts(page)
    assert [text for text in shown if "%  (" in text] == ["45 %  (5)", "27 %  (3)", "9 %  (1)", "18 %  (2)"]
    assert "Wrong fact 1" in shown
    assert "9 replies to learn from" in page.did.text()
    assert "1 question that no article answers" in page.did.text()
    assert unnamed(page) == []
    picture(page, worked.theme, "feedback", (1000, 860))
    picture(page, worked.theme, "feedback-narrow", (420, 860))


def test_the_difference_of_the_chosen_draft_is_shown(qtbot: QtBot, page: FeedbackPage) -> None:
    page.table.setFocus()
    page.table.selectRow(page.model.row_of("s6"))
    qtbot.waitUntil(lambda: "added" in page.difference.summary.text())
    inline = page.difference.inline.toPlainText()
    assert "60" in inline
    assert "90" in inline
    qtbot.mouseClick(page.difference.two, Qt.MouseButton.LeftButton)
    assert page.difference.left.isVisible()
    assert page.difference.left.toPlainText() == DRAFT
    assert page.difference.right.toPlainText() == EDITED
    page.table.selectRow(page.model.row_of("s9"))
    assert page.difference.summary.text() == "Rejected"
    assert "It is 60 days now." in page.note.text()
    assert "Missing: Returns of sale items" in page.note.text()
    page.table.selectRow(page.model.row_of("s11"))
    assert "not decided" in page.difference.summary.text()


def test_new_feedback_says_what_it_did_and_refreshes(
    qtbot: QtBot, page: FeedbackPage, worked: Surface
) -> None:
    worked.desk.feedback.decide("s11", EDITED, Action.SENT)
    qtbot.waitUntil(lambda: page.latest.text() == "This edit is now 1 of 10 training examples.")
    assert page.latest.isVisible()
    qtbot.waitUntil(lambda: "10 replies" in page.did.text())


def test_a_shorter_period_has_its_own_chip(qtbot: QtBot, page: FeedbackPage) -> None:
    qtbot.mouseClick(page.periods[7], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: page.facts.text().startswith("12 drafts"))
    assert page.periods[7].isChecked()
    assert not page.periods[30].isChecked()


def test_an_export_is_redacted_unless_asked_otherwise(
    qtbot: QtBot, page: FeedbackPage, worked: Surface, tmp_path: Path
) -> None:
    dialog = page.open_export()
    assert dialog.redacted.isChecked()
    assert dialog.path.text().endswith(".jsonl")
    dialog.formats[ExportFormat.CSV].click()
    assert dialog.path.text().endswith(".csv")
    dialog.formats[ExportFormat.SFT].click()
    assert unnamed(dialog) == []
    picture(dialog, worked.theme, "export")
    target = tmp_path / "out.jsonl"
    dialog.path.setText(str(target))
    dialog.path.textEdited.emit(str(target))
    with qtbot.waitSignal(dialog.exported):
        qtbot.mouseClick(dialog.export, Qt.MouseButton.LeftButton)
    rows = [json.loads(line) for line in target.read_text().splitlines()]
    assert len(rows) == 9
    assert "Crystal" not in target.read_text()
    assert target.with_name("out.jsonl.card.md").is_file()
    assert "9 rows" in page.toast.text


def test_raw_data_warns_and_a_bad_path_keeps_the_dialog_open(
    qtbot: QtBot, page: FeedbackPage, worked: Surface, tmp_path: Path
) -> None:
    dialog = page.open_export()
    dialog.raw.click()
    assert any("names, addresses" in text for text in texts(dialog))
    dialog.path.setText("")
    qtbot.mouseClick(dialog.export, Qt.MouseButton.LeftButton)
    assert dialog.banner.isVisible()
    dialog.path.setText(str(tmp_path / "no" / "such" / "folder" / "x.jsonl"))
    qtbot.mouseClick(dialog.export, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: dialog.export.isEnabled() and dialog.banner.isVisible())
    assert dialog.isVisible()
    dialog.reject()


def test_with_no_drafts_the_page_says_what_will_stand_here(qtbot: QtBot, surface: Surface) -> None:
    made = FeedbackPage(surface.ui)
    qtbot.addWidget(made)
    made.show()
    qtbot.mouseClick(made.periods[0], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(made.empty.isVisible)
    picture(made, surface.theme, "feedback-empty", (800, 500))
    assert "No drafts yet" in texts(made.empty)


def test_words() -> None:
    assert did_words(FeedbackStats()) == "Nothing yet. Each decision on a draft counts."
    assert figures_words(FeedbackStats()) == "Nothing was decided in this time."
    stats = FeedbackStats(
        decided=4, by_kind={"accepted": 1, "edited": 1, "rejected": 1, "ignored": 1}, acceptance=0.5
    )
    assert [round(share, 2) for _, _, share in shares(stats)] == [0.25, 0.25, 0.0, 0.5]
    assert figures_words(stats) == "50 % accepted"


def test_remembered_edits_are_listed_with_their_origin_and_removed(
    qtbot: QtBot, worked: Surface, tmp_path: Path
) -> None:
    # A worker of its own, which nothing here starts: using a rule is tested with the real encoder elsewhere.
    library = knowledge_library(tmp_path, own_worker=True)
    desk = worked.desk
    feedback = desk.feedback
    store = RememberedStore(library.database)
    remembered = RememberedService(
        store,
        feedback._suggestions,
        desk.tickets,
        library.service,
        RuleRedactor(),
        worked.events,
        worked.jobs,
    )
    object.__setattr__(desk, "remembered", remembered)
    try:
        page = FeedbackPage(worked.ui)
        qtbot.addWidget(page)
        page.show()
        assert page.rules.nothing.isVisible()
        feedback.decide("s11", "Sale items go back within 45 days, and the label is free.", Action.SENT)
        qtbot.waitUntil(lambda: "Waits for you" in texts(page))
        assert "Confirm it under Feedback" in page.latest.text()
        assert any("in ticket T-11" in text for text in texts(page))
        assert unnamed(page) == []
        picture(page, worked.theme, "feedback-rules", (1000, 1200))
        names = [b.text() for b in page.rules.findChildren(QAbstractButton) if b.isVisible()]
        assert names == ["Use it", "Remove"]
        remove = next(b for b in page.rules.findChildren(QAbstractButton) if b.text() == "Remove")
        qtbot.mouseClick(remove, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: page.rules.nothing.isVisible())
        assert remembered.all() == []
        assert store.all()[0].after == ""
    finally:
        remembered.close()
        library.close()
