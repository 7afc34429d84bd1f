"""Small surfaces: reasons, comparison, missing knowledge, running jobs, toast, tray."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QPushButton, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot
from support_pages import picture, suggestion, texts, unnamed

from agent_assist.domain.feedback import Preference, Reason, Strength
from agent_assist.domain.jobs import JobState, JobStatus
from agent_assist.domain.model import ModelState, ModelStatus
from agent_assist.domain.suggestion import Draft, DraftState
from agent_assist.errors import HubUnreachable
from agent_assist.ui.popovers.job_row import progress_words
from agent_assist.ui.popovers.jobs_popover import JobsPopover
from agent_assist.ui.popovers.missing_popover import MissingPopover
from agent_assist.ui.popovers.pair_dialog import PairDialog
from agent_assist.ui.popovers.reject_popover import RejectPopover
from agent_assist.ui.popovers.toast import Toast
from agent_assist.ui.theme import Theme
from agent_assist.ui.tray import SIZES, Tray, TrayState, tray_icon


@pytest.fixture
def host(qtbot: QtBot) -> QWidget:
    window = QWidget()
    layout = QVBoxLayout(window)
    layout.addWidget(QPushButton("Reject"))
    layout.addStretch(1)
    window.resize(600, 420)
    qtbot.addWidget(window)
    window.show()
    qtbot.waitExposed(window)
    return window


def anchor(host: QWidget) -> QWidget:
    button = host.findChild(QPushButton)
    assert button is not None
    return button


def test_reasons_are_picked_with_number_keys(qtbot: QtBot, theme: Theme, host: QWidget) -> None:
    popover = RejectPopover(theme, host)
    popover.open_at(anchor(host))
    assert popover.isVisible()
    assert unnamed(popover) == []
    for key in (Qt.Key.Key_1, Qt.Key.Key_4, Qt.Key.Key_8, Qt.Key.Key_8):
        qtbot.keyClick(popover, key)
    picture(popover, theme, "reject")
    popover.text.setText(" It is 60 days. ")
    with qtbot.waitSignal(popover.rejected) as told:
        qtbot.keyClick(popover, Qt.Key.Key_Return)
    assert told.args == [(Reason.WRONG_FACT, Reason.TOO_LONG), "It is 60 days."]
    assert not popover.isVisible()
    popover.open_at(anchor(host))
    assert popover.reasons() == ()
    with qtbot.waitSignal(popover.rejected) as told:
        qtbot.mouseClick(popover.reject_button, Qt.MouseButton.LeftButton)
    assert told.args == [(), ""]


def test_digits_in_the_text_are_text(qtbot: QtBot, theme: Theme, host: QWidget) -> None:
    popover = RejectPopover(theme, host)
    popover.open_at(anchor(host))
    popover.text.setFocus()
    qtbot.keyClicks(popover.text, "60 days")
    assert popover.text.text() == "60 days"
    assert popover.reasons() == ()
    qtbot.keyClick(popover, Qt.Key.Key_Escape)
    assert not popover.isVisible()


def test_a_missing_note_survives_escape(qtbot: QtBot, theme: Theme, host: QWidget) -> None:
    popover = MissingPopover(theme, host)
    popover.open_at(anchor(host))
    qtbot.keyClicks(popover.note, "Sale items")
    qtbot.keyClick(popover, Qt.Key.Key_Escape)
    popover.open_at(anchor(host))
    assert popover.note.toPlainText() == "Sale items"
    picture(popover, theme, "missing")
    with qtbot.waitSignal(popover.reported) as told:
        qtbot.keyClick(popover, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert told.args == ["Sale items"]
    assert popover.note.toPlainText() == ""


def test_two_drafts_are_compared_with_the_keyboard(qtbot: QtBot, theme: Theme) -> None:
    left = suggestion(1, "Hi Crystal,\n\nyou can send the shoes back within 90 days.\n\nKind regards")
    right = suggestion(2, "Hello Crystal,\n\nsorry about that! We send the right size first.\n\nKind regards")
    dialog = PairDialog(theme, left, right)
    qtbot.addWidget(dialog)
    dialog.show()
    assert not dialog.record.isEnabled()
    assert unnamed(dialog) == []
    qtbot.keyClick(dialog, Qt.Key.Key_Return)
    assert dialog.isVisible()
    qtbot.keyClick(dialog, Qt.Key.Key_Right)
    qtbot.keyClick(dialog, Qt.Key.Key_3)
    picture(dialog, theme, "pair")
    picture(dialog, theme, "pair-narrow", (380, 620))
    with qtbot.waitSignal(dialog.preferred) as told:
        qtbot.keyClick(dialog, Qt.Key.Key_Return)
    assert told.args == [Preference("s2", "s1", Strength.MUCH)]


def test_a_comparison_can_be_clicked_or_skipped(qtbot: QtBot, theme: Theme) -> None:
    dialog = PairDialog(theme, suggestion(1, "a"), suggestion(2, "b"))
    qtbot.addWidget(dialog)
    dialog.show()
    heard: list[object] = []
    dialog.preferred.connect(heard.append)
    qtbot.mouseClick(dialog.sides[0].pick, Qt.MouseButton.LeftButton)
    qtbot.mouseClick(dialog.strengths[Strength.SLIGHTLY], Qt.MouseButton.LeftButton)
    assert dialog.preference() == Preference("s1", "s2", Strength.SLIGHTLY)
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()
    assert heard == []


def test_jobs_show_progress_stop_and_failure(qtbot: QtBot, theme: Theme, host: QWidget) -> None:
    popover = JobsPopover(theme, host)
    counts: list[int] = []
    popover.counted.connect(counts.append)
    popover.open_at(anchor(host))
    assert "Nothing runs in the background." in texts(popover)
    picture(popover, theme, "jobs-none")
    popover.on_job_changed(JobStatus("a", "Add 45 files", JobState.RUNNING, 12, 45, "returns.md"))
    popover.on_job_changed(
        JobStatus("b", "Download Qwen3 4B", JobState.RUNNING, 1_200_000_000, 2_500_000_000)
    )
    popover.on_job_changed(JobStatus("c", "Rebuild the search index", JobState.WAITING))
    popover.on_job_changed(JobStatus("d", "Save", JobState.RUNNING, visible=False))
    error = HubUnreachable("The model hub did not answer.").info
    popover.on_job_changed(JobStatus("e", "Download Ministral", JobState.FAILED, error=error))
    assert popover.rows["a"].words == "12 of 45 · returns.md"
    assert popover.rows["b"].words == "1.2 of 2.5 GB"
    assert "did not answer" in popover.rows["e"].words
    assert "d" not in popover.rows
    assert popover.running == 3
    picture(popover, theme, "jobs")
    with qtbot.waitSignal(popover.cancelled) as told:
        qtbot.mouseClick(popover.rows["a"].stop, Qt.MouseButton.LeftButton)
    assert told.args == ["a"]
    popover.on_job_changed(JobStatus("a", "Add 45 files", JobState.CANCELLED))
    assert "a" not in popover.rows
    for number in range(9):
        popover.on_job_changed(JobStatus(f"n{number}", "Add a file", JobState.DONE))
    assert len(popover.rows) == 2 + 5
    assert counts == [1, 2, 3, 2]
    popover.close()


def test_progress_in_words() -> None:
    assert progress_words(JobStatus("a", "t", JobState.WAITING)) == "Waiting"
    assert progress_words(JobStatus("a", "t", JobState.RUNNING, note="Reading")) == "Reading"
    assert progress_words(JobStatus("a", "t", JobState.RUNNING, 40_000_000, 98_000_000)) == "40.0 of 98.0 MB"
    assert progress_words(JobStatus("a", "t", JobState.RUNNING, 1000, 12000)) == "1,000 of 12,000"


def test_the_toast_undoes_goes_and_never_takes_the_keyboard(
    qtbot: QtBot, theme: Theme, host: QWidget
) -> None:
    toast = Toast(theme, host)
    undone: list[bool] = []
    before = host.focusWidget()
    toast.say("“Returns and refunds” removed.", "Undo", lambda: undone.append(True))
    assert host.focusWidget() is before
    assert host.rect().contains(toast.geometry())
    picture(host, theme, "toast")
    host.resize(300, 300)
    QApplication.processEvents()
    assert host.rect().contains(toast.geometry())
    qtbot.mouseClick(toast.button, Qt.MouseButton.LeftButton)
    assert undone == [True]
    assert not toast.isVisible()
    with qtbot.waitSignal(toast.gone):
        toast.say("This edit is now 1 of 34 training examples.", seconds=0.05)
    assert not toast.isVisible()


def test_the_tray_says_its_state_and_copes_without_a_tray(qtbot: QtBot, theme: Theme) -> None:
    tray = Tray(theme)
    tray.show()
    assert tray.available in (True, False)
    assert tray.state is TrayState.READY
    tray.on_draft_changed(Draft("t1", state=DraftState.GENERATING))
    tray.on_draft_changed(Draft("t2", state=DraftState.PREFILLING))
    tray.on_draft_changed(Draft("t2", state=DraftState.READY))
    assert tray.state is TrayState.WRITING
    tray.on_model_changed(ModelStatus(ModelState.FAILED, reason="The model file is damaged."))
    assert tray.state is TrayState.ATTENTION
    assert tray.tooltip == "Agent Assist: The model file is damaged."
    tray.on_model_changed(ModelStatus(ModelState.READY))
    tray.on_draft_changed(Draft("t1", state=DraftState.READY))
    assert tray.state is TrayState.READY
    assert [a.text() for a in tray.menu.actions() if a.text()] == [
        "Open Agent Assist",
        "Side layout",
        "Pause drafts ahead",
        "Quit",
    ]
    with qtbot.waitSignals([tray.open_requested, tray.quit_requested]):
        tray.open_action.trigger()
        tray.quit_action.trigger()
    with qtbot.waitSignal(tray.pause_requested) as told:
        tray.pause_action.trigger()
    assert told.args == [True]
    tray.hide()


def test_the_tray_icon_differs_in_shape_in_every_state(qtbot: QtBot, theme: Theme) -> None:
    drawn = [tray_icon(theme, state).pixmap(SIZES[-1]).toImage() for state in TrayState]
    grey = [image.convertToFormat(image.Format.Format_Grayscale8) for image in drawn]
    assert grey[0] != grey[1]
    assert grey[1] != grey[2]
    assert grey[0] != grey[2]
