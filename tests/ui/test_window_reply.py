"""The reply: streaming, undo, trust marks, blocking, alternatives."""

from __future__ import annotations

from dataclasses import replace

import pytest
import support_window as sample
from PySide6.QtCore import QMimeData, Qt
from PySide6.QtGui import QTextCursor
from pytestqt.qtbot import QtBot

from agent_assist.domain.knowledge import Article
from agent_assist.domain.suggestion import DraftState, MarkKind
from agent_assist.ui.theme import Theme
from agent_assist.ui.views.draft_document import DraftDocument, utf16
from agent_assist.ui.views.draft_panel import DraftPanel, numbering

NUMBERS = numbering(sample.HITS)


def typed(panel: DraftPanel, text: str) -> None:
    panel.editor.textCursor().insertText(text)


def test_streaming_keeps_caret_selection_and_scrolling(panel: DraftPanel) -> None:
    panel.show_draft(sample.draft(DraftState.GENERATING, text="Hi Crystal,\n" + "word " * 400))
    cursor = panel.editor.textCursor()
    cursor.setPosition(3)
    cursor.setPosition(10, QTextCursor.MoveMode.KeepAnchor)
    panel.editor.setTextCursor(cursor)
    for count in range(401, 460, 7):
        panel.show_draft(sample.draft(DraftState.GENERATING, text="Hi Crystal,\n" + "word " * count))
    assert panel.editor.textCursor().selectedText() == "Crystal"
    assert panel.editor.verticalScrollBar().value() == 0


def test_a_caret_at_the_end_does_not_run_along(panel: DraftPanel) -> None:
    panel.show_draft(sample.draft(DraftState.GENERATING, text="Hi"))
    panel.editor.moveCursor(QTextCursor.MoveOperation.End)
    panel.show_draft(sample.draft(DraftState.GENERATING, text="Hi Crystal, thanks"))
    assert panel.editor.textCursor().position() == 2
    assert panel.text == "Hi Crystal, thanks"


def test_one_undo_takes_a_whole_stream_back(panel: DraftPanel) -> None:
    for count in (5, 20, 60):
        panel.show_draft(sample.draft(DraftState.GENERATING, text=sample.DRAFT_TEXT[:count]))
    panel.show_draft(sample.draft())
    assert panel.text == sample.DRAFT_TEXT
    panel.editor.undo()
    assert panel.text == ""
    panel.editor.redo()
    assert panel.text == sample.DRAFT_TEXT


def test_what_the_agent_typed_is_not_overwritten(panel: DraftPanel) -> None:
    typed(panel, "My own words.")
    panel.show_draft(sample.draft(DraftState.GENERATING))
    assert panel.text == "My own words."
    panel.show_draft(sample.draft())
    assert panel.text == "My own words."
    assert panel.document.held is not None
    assert panel.banner.isVisible()


def test_a_held_draft_is_used_on_demand_and_undo_brings_the_text_back(panel: DraftPanel) -> None:
    typed(panel, "My own words.")
    panel.show_draft(sample.draft())
    panel._on_use_held()
    assert panel.text == sample.DRAFT_TEXT
    assert panel.document.held is None
    panel.editor.undo()
    assert panel.text == "My own words."


def test_regenerating_replaces_edited_text_as_one_undoable_edit(panel: DraftPanel) -> None:
    panel.show_draft(sample.draft(suggestion=sample.clean()))
    typed(panel, "PS. ")
    edited = panel.text
    panel.expect_new()
    other = sample.clean(id="s2")
    other = replace(other, text="Another draft.", sentences=())
    panel.show_draft(sample.draft(DraftState.GENERATING, text="Another"))
    panel.show_draft(sample.draft(suggestion=other))
    assert panel.text == "Another draft."
    panel.editor.undo()
    assert panel.text == edited


def test_typing_while_it_streams_stops_the_stream_into_the_editor(panel: DraftPanel) -> None:
    panel.show_draft(sample.draft(DraftState.GENERATING, text="Hi Crystal,"))
    panel.editor.moveCursor(QTextCursor.MoveOperation.End)
    typed(panel, " thank you")
    panel.show_draft(sample.draft(DraftState.GENERATING, text="Hi Crystal, the parcel"))
    assert panel.text == "Hi Crystal, thank you"


def test_each_ticket_keeps_its_text_and_undo(panel: DraftPanel) -> None:
    typed(panel, "For Crystal")
    panel.show_ticket("1043")
    assert panel.text == ""
    typed(panel, "For Jonas")
    panel.show_ticket("1042")
    assert panel.text == "For Crystal"
    panel.editor.undo()
    assert panel.text == ""
    panel.editor.redo()
    assert panel.unsent == {"1042": "For Crystal", "1043": "For Jonas"}


def test_sending_waits_for_every_fact(panel: DraftPanel, qtbot: QtBot) -> None:
    panel.show_draft(sample.draft())
    assert [f.text for f in panel.document.open_facts] == ["We will refund", "$94"]
    assert not panel.can_send
    assert not panel.reply.send.isEnabled()
    assert panel.facts.isVisible()
    assert panel.editor.go_to_fact()
    assert panel.editor.textCursor().selectedText() == "We will refund"
    panel.facts._confirm.click()
    assert not panel.can_send
    panel.editor.go_to_fact()
    panel.facts._confirm.click()
    assert panel.can_send
    assert panel.reply.send.isEnabled()
    assert not panel.facts.isVisible()
    assert not panel.editor.go_to_fact()


def test_the_reason_is_shown_when_the_caret_comes_to_a_fact(panel: DraftPanel, qtbot: QtBot) -> None:
    panel.show_draft(sample.draft())
    with qtbot.waitSignal(panel.editor.fact_entered, check_params_cb=lambda f: f is not None):
        panel.editor.go_to_fact()
    assert "No passage allows this promise." in panel.facts.accessibleName()


def test_removing_the_sentence_opens_the_way(panel: DraftPanel) -> None:
    panel.show_draft(sample.draft())
    panel.editor.go_to_fact()
    panel.facts._remove.click()
    assert "$94" not in panel.text
    assert "  " not in panel.text
    assert panel.can_send
    panel.editor.undo()
    assert "$94" in panel.text
    assert not panel.can_send


def test_editing_a_fact_away_removes_its_mark(panel: DraftPanel) -> None:
    panel.show_draft(sample.draft())
    fact = next(f for f in panel.document.facts if f.mark.kind is MarkKind.AMOUNT)
    cursor = QTextCursor(panel.document)
    cursor.setPosition(fact.cursor.selectionStart())
    cursor.setPosition(fact.cursor.selectionEnd(), QTextCursor.MoveMode.KeepAnchor)
    cursor.insertText("the price")
    assert [f.text for f in panel.document.open_facts] == ["We will refund"]


def test_citations_follow_their_sentence_and_go_with_an_edit(panel: DraftPanel) -> None:
    panel.show_draft(sample.draft())
    cited = [s for s in panel.document.spans if s.numbers]
    assert [s.numbers for s in cited] == [(1,), (2, 1)]
    cursor = QTextCursor(panel.document)
    cursor.insertText("Good morning. 👋 ")
    assert all(s.intact for s in cited)
    assert panel.document.span_at(cited[0].cursor.selectionStart() + 5) is cited[0]
    cursor.setPosition(cited[0].cursor.selectionStart() + 3)
    cursor.insertText("really ")
    assert not cited[0].intact
    assert cited[1].intact


def test_the_sentence_at_the_caret_names_its_passages(panel: DraftPanel, qtbot: QtBot) -> None:
    panel.show_draft(sample.draft())
    cursor = panel.editor.textCursor()
    with qtbot.waitSignal(panel.sentence_entered) as entered:
        cursor.setPosition(sample.DRAFT_TEXT.index("within 90"))
        panel.editor.setTextCursor(cursor)
    assert entered.args is not None
    assert entered.args[0][0] == (11,)


def test_a_click_on_a_number_opens_its_passage(panel: DraftPanel, qtbot: QtBot) -> None:
    panel.show_draft(sample.draft())
    qtbot.waitUntil(lambda: bool(panel.editor._badges))
    area, number = panel.editor._badges[0]
    with qtbot.waitSignal(panel.citation_activated) as activated:
        qtbot.mouseClick(panel.editor.viewport(), Qt.MouseButton.LeftButton, pos=area.center().toPoint())
    assert activated.args == [number]


def test_offsets_count_as_qt_counts() -> None:
    assert utf16("a👋b", 2) == 3
    assert utf16("abc", 2) == 2


def test_marks_stand_right_behind_emoji(theme: Theme) -> None:
    text = "👋👋 You get $5."
    sentence = sample._sentence(text, "You get $5.", (), (sample._mark(text, "$5", MarkKind.AMOUNT, "why"),))
    document = DraftDocument(theme)
    document.finish(sample.suggestion(text=text, sentences=(sentence,)), NUMBERS)
    assert [f.text for f in document.open_facts] == ["$5"]
    assert document.open_facts[0].cursor.selectedText() == "$5"


def test_no_break_spaces_survive(theme: Theme) -> None:
    document = DraftDocument(theme)
    text = "Le prix est de 12\u00a0€."
    document.finish(sample.suggestion(text=text, sentences=()), NUMBERS)
    assert document.text == text


def test_alternatives_are_stepped_and_shown_beside(panel: DraftPanel, qtbot: QtBot) -> None:
    one, other = sample.clean(), sample.suggestion(id="s2")
    panel.show_draft(sample.draft(suggestion=other, alternatives=(one, other)))
    assert panel.text == other.text
    panel.step(-1)
    assert panel.text == one.text
    panel.header.beside.setChecked(True)
    assert panel.other.isVisible()
    assert panel.other._text.text == other.text
    with qtbot.waitSignal(panel.suggestion_shown):
        panel.other._on_use()
    assert panel.text == other.text


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (DraftState.GATHERING, "Reading the thread…"),
        (DraftState.GENERATING, "Writing…"),
        (DraftState.CHECKING, "Checking facts…"),
        (DraftState.READY, "Ready in 0.4 s"),
        (DraftState.ABSTAINED, "Not enough to answer"),
        (DraftState.FAILED, "No draft"),
    ],
)
def test_the_header_says_how_far_it_is(panel: DraftPanel, state: DraftState, expected: str) -> None:
    panel.show_draft(sample.draft(state))
    assert panel.header._words.text() == expected


def test_abstaining_says_what_is_missing(panel: DraftPanel, qtbot: QtBot) -> None:
    panel.show_draft(sample.draft(DraftState.ABSTAINED))
    assert panel.abstained.isVisible()
    assert "No article says" in panel.abstained.accessibleName()
    assert "length or its width" in panel.text
    with qtbot.waitSignal(panel.hand_over_wanted):
        panel.abstained._hand_over.click()


@pytest.mark.parametrize(("score", "offered"), [(0.6, True), (0.2, False)])
def test_a_match_that_seemed_too_weak_can_be_drafted_from(
    panel: DraftPanel, qtbot: QtBot, score: float, offered: bool
) -> None:
    made = sample.abstained()
    hits = tuple(replace(h, score=score) for h in made.hits)
    panel.show_draft(sample.draft(DraftState.ABSTAINED, suggestion=replace(made, hits=hits)))
    assert panel.abstained._draft.isVisible() is offered
    if offered:
        with qtbot.waitSignal(panel.best_match_wanted):
            panel.abstained._draft.click()


def test_failing_offers_to_try_again(panel: DraftPanel, qtbot: QtBot) -> None:
    panel.show_draft(sample.draft(DraftState.FAILED))
    assert "The model file is damaged" in panel.banner.accessibleName()
    with qtbot.waitSignal(panel.regenerate_wanted):
        panel.banner._buttons.itemAt(0).widget().click()


def test_a_stale_draft_says_so_and_stays(panel: DraftPanel) -> None:
    panel.show_draft(sample.draft())
    panel.show_draft(sample.draft(DraftState.STALE))
    assert "wrote again" in panel.banner.accessibleName()
    assert panel.text == sample.DRAFT_TEXT


def test_steering_sends_the_wish_on_enter(panel: DraftPanel, qtbot: QtBot) -> None:
    qtbot.keyClicks(panel.steer.edit, "mention the delay")
    with qtbot.waitSignal(panel.regenerate_wanted) as wish:
        qtbot.keyClick(panel.steer.edit, Qt.Key.Key_Return)
    assert wish.args == ["mention the delay"]
    assert panel.steer.edit.text() == ""


def test_a_macro_is_found_by_its_name_and_inserted(panel: DraftPanel, qtbot: QtBot) -> None:
    panel.steer.set_macros([Article("a", "Refund", "We refund."), Article("b", "Size swap", "Swap it.")])
    panel.steer.start_macro()
    qtbot.keyClicks(panel.steer.edit, "swap")
    qtbot.keyClick(panel.steer.edit, Qt.Key.Key_Return)
    assert panel.text == "Swap it."
    panel.editor.undo()
    assert panel.text == ""


def test_a_withdrawn_reply_comes_back(panel: DraftPanel) -> None:
    panel.show_draft(sample.draft(suggestion=sample.clean()))
    text = panel.text
    panel.show_sent()
    assert panel.text == ""
    assert not panel.can_send
    panel.document.restore(text)
    panel.show_draft(sample.draft(suggestion=sample.clean()))
    assert panel.text == text
    assert panel.document.held is None


def test_pasting_a_huge_line_leaves_the_window_alive(panel: DraftPanel) -> None:
    data = QMimeData()
    data.setText("x" * 300_000)
    panel.editor.insertFromMimeData(data)
    assert panel.text.count("x") == 300_000
    assert panel.document.blockCount() > 100
