"""The page Learning over the real service; only the training is played, which functional tests run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot
from support_learning import Place
from support_pages import picture, texts, unnamed

from agent_assist.domain.learning import RunState, StageState
from agent_assist.errors import PermissionDenied
from agent_assist.ui.dialogs.sheet_dialog import BETTER, SEND
from agent_assist.ui.pages.learning_page import judged_words


@pytest.fixture
def place(tmp_path: Path, qtbot: QtBot) -> Iterator[Place]:
    made = Place(tmp_path)
    yield made
    made.runs.over.set()
    made.learning.close()
    made.surface.close()


def test_a_run_is_started_watched_and_its_model_put_into_use(place: Place, qtbot: QtBot) -> None:
    page = place.page(qtbot)
    qtbot.waitUntil(lambda: "75 replies and 42 corrections" in page.run.facts.text())
    assert page.comparison.isHidden()
    assert page.how.isVisible(), "the first look says what learning is"
    assert page.rollback.isHidden(), "there is nothing to go back to"
    picture(page, place.surface.theme, "learning-before", (900, 420))
    qtbot.mouseClick(page.run.start, Qt.MouseButton.LeftButton)
    row = page.run.rows["sft"]
    qtbot.waitUntil(lambda: row.bar.isVisible() and row.bar.value() == 25)
    assert "4 min left" in row.said.text()
    assert "done" in page.run.rows["prepare"].title.accessibleName()
    assert place.runs.config["preference"] == {"method": "none"}
    page.run.details.click()
    assert "loss 1.213" in page.run.log.toPlainText()
    picture(page, place.surface.theme, "learning-running", (900, 620))
    page.run.details.click()
    place.runs.go_on.set()
    qtbot.waitUntil(lambda: page.comparison.isVisible())
    assert page.comparison.verdict.text() == "Better"
    assert page.run.state.text() == "Done"
    qtbot.waitUntil(lambda: "+12 points" in texts(page.comparison))
    picture(page, place.surface.theme, "learning-better", (900, 1180))
    picture(page, place.surface.theme, "learning-narrow", (420, 1180))
    assert not unnamed(page)
    page.comparison.promote.click()
    qtbot.waitUntil(lambda: place.models.used == ["desk-3f09ab12"])
    qtbot.waitUntil(lambda: page.rollback.isVisible())
    assert page.how.isHidden()
    page.rollback.click()
    qtbot.waitUntil(lambda: place.models.used[-1] == "before")


def test_wins_and_losses_stand_side_by_side(place: Place, qtbot: QtBot) -> None:
    place.runs.made = True
    page = place.page(qtbot)
    qtbot.waitUntil(lambda: page.pairs.isVisible())
    assert page.pairs.wins.text() == "Better (2)"
    assert page.pairs.asked.text.text() == "How long does 0 take?"
    page.pairs.forward.click()
    assert page.pairs.asked.text.text() == "How long does 1 take?"
    assert not page.pairs.forward.isEnabled()
    page.pairs.losses.click()
    assert page.pairs.asked.text.text() == "How long does 2 take?"
    assert page.pairs.place.text() == "1 of 1"


def test_slower_is_worse_and_what_is_not_clear_is_said(place: Place, qtbot: QtBot) -> None:
    place.runs.made, place.runs.promoted = True, False
    page = place.page(qtbot)
    qtbot.waitUntil(lambda: page.comparison.isVisible())
    said = texts(page.comparison)
    assert {"Better", "Worse", "Not clear"} <= set(said)
    assert page.comparison.verdict.text() == "Stays out"
    assert "not shown to be better" in page.comparison.reasons.text()
    assert not page.comparison.promote.isVisible()
    assert "Letters shared with the agent’s reply" not in said
    page.comparison.more.click()
    qtbot.waitUntil(lambda: "Letters shared with the agent’s reply" in texts(page.comparison))
    with pytest.raises(Exception, match="not shown to be better"):
        place.learning.promote()


def test_a_trial_is_begun_raised_and_ended(place: Place, qtbot: QtBot) -> None:
    place.runs.made = True
    page = place.page(qtbot)
    qtbot.waitUntil(lambda: page.comparison.isVisible())
    page.comparison.trial.click()
    qtbot.waitUntil(lambda: page.canary.isVisible())
    assert not page.comparison.promote.isVisible(), "the trial's own card decides"
    assert "No difference can be told yet" in page.canary.gain.text()
    picture(page, place.surface.theme, "learning-trial", (900, 1300))
    page.canary.more.click()
    qtbot.waitUntil(lambda: place.trial.canary is not None and place.trial.canary.share == 0.2)
    page.canary.stop.click()
    qtbot.waitUntil(lambda: page.canary.isHidden())
    assert place.trial.canary is None


def test_a_run_that_fails_says_why_and_one_that_is_stopped_can_go_on(place: Place, qtbot: QtBot) -> None:
    page = place.page(qtbot)
    qtbot.waitUntil(lambda: page.run.start.isEnabled() and bool(page.run.facts.text()))
    page.run.start.click()
    qtbot.waitUntil(lambda: page.run.stop.isVisible())
    page.run.stop.click()
    qtbot.waitUntil(lambda: page.run.state.text() == "Stopped")
    assert page.run.start.text() == "Go on"
    assert place.learning.run.stages[1].state is StageState.WAITING
    assert place.learning.run.state is RunState.STOPPED


def test_without_the_extra_it_says_what_to_type(place: Place, qtbot: QtBot) -> None:
    place.runs.lacking = "Training is not installed. Type: python -m pip install -e '.[training]'"
    page = place.page(qtbot)
    qtbot.waitUntil(lambda: page.run.missing.isVisible())
    assert "pip install" in page.run.missing.text()
    assert not page.run.start.isEnabled()


def test_an_agent_sees_nothing_and_may_do_nothing(place: Place, qtbot: QtBot) -> None:
    place.runs.made = True
    place.access.lead = False
    page = place.page(qtbot)
    qtbot.waitUntil(lambda: page.refused.isVisible())
    assert page.run.isHidden() or not page.run.isVisible()
    assert not page.comparison.isVisible()
    assert not page.rollback.isVisible()
    picture(page, place.surface.theme, "learning-refused", (900, 420))
    for forbidden in (
        place.learning.start,
        place.learning.promote,
        place.learning.stop,
        place.learning.sheet,
    ):
        with pytest.raises(PermissionDenied):
            forbidden()


def test_drafts_are_judged_blind_and_nothing_is_lost_on_the_way(place: Place, qtbot: QtBot) -> None:
    place.runs.made = True
    page = place.page(qtbot)
    qtbot.waitUntil(lambda: page.comparison.judge.isVisible())
    page.comparison.judge.click()
    qtbot.waitUntil(lambda: page.sheet is not None and page.sheet.isVisible())
    sheet = page.sheet
    assert sheet is not None
    assert not unnamed(sheet)
    sheet.groups["accuracy A (1-5)"]["5"].click()
    sheet.groups[SEND]["A"].click()
    sheet.groups[BETTER]["A"].click()
    picture(sheet, place.surface.theme, "learning-sheet", (860, 620))
    sheet.forward.click()
    assert not sheet.groups[BETTER]["A"].isChecked()
    sheet.back.click()
    assert sheet.groups[BETTER]["A"].isChecked()
    qtbot.keyClick(sheet, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: len(place.runs.sheets) == 1)
    assert place.runs.sheets[0][0][BETTER] == "A"
    assert place.runs.sheets[0][0]["accuracy A (1-5)"] == "5"
    qtbot.waitUntil(lambda: page.banner.isVisible())
    assert "preferred" in judged_words(place.runs.judged(Path(), 7))
    assert judged_words({}) == "Nobody has chosen between two drafts yet."
