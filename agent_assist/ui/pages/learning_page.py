"""For leads: learn from what the team sent, compare, try out, put into use, go back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from PySide6.QtCore import QTimer, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QWidget

from agent_assist.domain.canary import CanaryReport
from agent_assist.domain.learning import LearningOverview, RunState, RunView
from agent_assist.ui.context import UiContext
from agent_assist.ui.dialogs.sheet_dialog import SheetDialog
from agent_assist.ui.pages.learning_canary import CanaryCard
from agent_assist.ui.pages.learning_comparison import ComparisonCard
from agent_assist.ui.pages.learning_how import HowCard
from agent_assist.ui.pages.learning_pairs import PairsCard
from agent_assist.ui.pages.learning_run import RunCard
from agent_assist.ui.pages.page import Page
from agent_assist.ui.tokens import Tone
from agent_assist.ui.widgets.button import Button, Kind
from agent_assist.ui.widgets.card import READING_WIDTH, Column
from agent_assist.ui.widgets.empty import EmptyState
from agent_assist.ui.words import percent

_LOOK_AGAIN = 60_000
"""Milliseconds between two looks at a trial."""


@dataclass(frozen=True, slots=True)
class _Shown:
    overview: LearningOverview
    canary: CanaryReport | None
    report: str


class LearningPage(Page):
    """Asks the learning service for its state, while a run goes on again and again, and shows it on cards."""

    title: ClassVar[str] = "Learning"
    icon: ClassVar[str] = "sparkle"
    widest: ClassVar[int] = READING_WIDTH

    def __init__(self, ui: UiContext, parent: QWidget | None = None) -> None:
        super().__init__(ui, parent)
        self.say_facts(
            "A model that writes as your team does: tuned here, compared here, never sent anywhere."
        )
        self.rollback = Button(ui.theme, "Go back to the model before", Kind.QUIET, "undo")
        self.tools.addWidget(self.rollback)
        self.how = HowCard()
        self.run = RunCard(ui.theme)
        self.comparison = ComparisonCard(ui.theme)
        self.canary = CanaryCard(ui.theme)
        self.pairs = PairsCard(ui.theme)
        self.refused = EmptyState(ui.theme, "lock", "For leads", "")
        self._column = Column()
        for card in (self.canary, self.run, self.how, self.comparison, self.pairs):
            self._column.body.addWidget(card)
        self._column.body.addStretch(1)
        self.body.addWidget(self._column, 1)
        self.body.addWidget(self.refused, 1)
        for widget in (self.refused, self.comparison, self.canary, self.pairs, self._column, self.rollback):
            widget.hide()
        self.setFocusProxy(self.run.start)
        self.sheet: SheetDialog | None = None
        self._state = RunState.NONE
        self._report = ""
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK_AGAIN)
        self._timer.timeout.connect(self.refresh)
        self._connect()
        self.refresh()

    def _connect(self) -> None:
        self.run.start_requested.connect(self._on_start)
        self.run.stop_requested.connect(self._on_stop)
        self.comparison.promote_requested.connect(self._on_promote)
        self.comparison.trial_requested.connect(self._on_trial)
        self.comparison.judge_requested.connect(self._on_judge)
        self.comparison.report_requested.connect(self._on_report)
        self.canary.promote_requested.connect(self._on_canary_promote)
        self.canary.stop_requested.connect(self._on_canary_stop)
        self.canary.share_requested.connect(self._on_canary_share)
        self.rollback.clicked.connect(self._on_rollback)
        self.ui.bridge.learning_changed.connect(self._on_learning)

    # --- reading ------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Read the run, what it made and the trial."""
        learning, canary = self.ui.desk.learning, self.ui.desk.canary
        if learning is None or canary is None:
            return

        def work() -> _Shown:
            found = learning.overview()
            trial = canary.report() if found.may_train else None
            return _Shown(found, trial, learning.report_path())

        self.ui.bridge.run(work, self._show, self.retrying(self.refresh), latest="learning")

    def _show(self, shown: _Shown) -> None:
        found = shown.overview
        self._report = shown.report
        self.refused.set("For leads", "Only a lead may train on the team’s feedback.", icon="lock")
        self.refused.setVisible(not found.may_train)
        self._column.setVisible(found.may_train)
        self.rollback.setVisible(found.may_change and bool(found.before))
        self.rollback.setToolTip(f"{found.before} writes the drafts again." if found.before else "")
        if not found.may_train:
            return
        self._state = found.run.state
        self.run.show_overview(found)
        made = found.comparison
        self.how.setVisible(made is None and found.run.state is RunState.NONE)
        self.comparison.setVisible(made is not None)
        self.pairs.setVisible(made is not None)
        if made is not None:
            self.comparison.show_comparison(
                made, may_change=found.may_change, sheet=found.sheet, trying=shown.canary is not None
            )
            self.pairs.show_comparison(made)
        self.canary.setVisible(shown.canary is not None)
        if shown.canary is not None:
            self.canary.show_report(shown.canary, may_change=found.may_change)
            self._timer.start()
        else:
            self._timer.stop()

    def _on_learning(self, run: RunView) -> None:
        self.run.show_run(run)
        if run.state is not self._state:
            self._state = run.state
            self.refresh()

    # --- changing -----------------------------------------------------------------------------------

    def _do(self, work: Callable[[], Any], said: str) -> None:
        def done(_: object) -> None:
            self.toast.say(said)
            self.refresh()

        self.ui.bridge.run(work, done, self.show_error)

    def _on_start(self, preferences: bool) -> None:
        learning = self.ui.desk.learning
        if learning is None:
            return
        self.banner.hide()
        self.run.start.setEnabled(False)

        def done(_: object) -> None:
            self.run.start.setEnabled(True)
            self.refresh()

        def failed(error: Any) -> None:
            self.run.start.setEnabled(True)
            self.show_error(error)

        self.ui.bridge.run(lambda: learning.start(preferences=preferences), done, failed)

    def _on_stop(self) -> None:
        if (learning := self.ui.desk.learning) is not None:
            self._do(learning.stop, "Stopped. It goes on from there when you start it again.")

    def _on_promote(self) -> None:
        if (learning := self.ui.desk.learning) is not None:
            self._undoable(learning.promote, "The new model writes the drafts now.")

    def _on_canary_promote(self) -> None:
        if (canary := self.ui.desk.canary) is not None:
            self._undoable(canary.promote, "The new model writes the drafts now.")

    def _undoable(self, work: Callable[[], Any], said: str) -> None:
        def done(_: object) -> None:
            self.toast.say(said, "Go back", self._on_rollback)
            self.refresh()

        self.ui.bridge.run(work, done, self.show_error)

    def _on_trial(self, share: float) -> None:
        if (learning := self.ui.desk.learning) is not None:
            self._do(lambda: learning.try_out(share), f"It writes for {percent(share)} of the tickets now.")

    def _on_canary_share(self, share: float) -> None:
        if (canary := self.ui.desk.canary) is not None:
            self._do(lambda: canary.resize(share), f"It writes for {percent(share)} of the tickets now.")

    def _on_canary_stop(self) -> None:
        if (canary := self.ui.desk.canary) is not None:
            self._do(canary.stop, "The model in use writes for all tickets again.")

    def _on_rollback(self) -> None:
        if (learning := self.ui.desk.learning) is not None:
            self._do(learning.roll_back, "The model before this one writes the drafts again.")

    def _on_report(self) -> None:
        if self._report:
            QDesktopServices.openUrl(QUrl.fromLocalFile(self._report))

    # --- judging ------------------------------------------------------------------------------------

    def _on_judge(self) -> None:
        if (learning := self.ui.desk.learning) is not None:
            self.ui.bridge.run(learning.sheet, self._open_sheet, self.show_error)

    def _open_sheet(self, rows: list[dict[str, str]]) -> None:
        self.sheet = SheetDialog(self.ui.theme, rows, self)
        self.sheet.judged.connect(self._on_judged)
        self.sheet.open()

    def _on_judged(self, rows: list[dict[str, str]]) -> None:
        learning = self.ui.desk.learning
        if learning is None or not any(row.get("better (A, B, same)") for row in rows):
            return
        self.ui.bridge.run(lambda: learning.judge(rows), self._show_judged, self.show_error)

    def _show_judged(self, found: dict[str, Any]) -> None:
        self.banner.show_message(Tone.NEUTRAL, "What people say", judged_words(found), closable=True)


def judged_words(found: dict[str, Any]) -> str:
    """What the filled-in sheets say together, in a sentence or two."""
    better = found.get("better")
    if not better:
        return "Nobody has chosen between two drafts yet."
    low, high, number = better["low"], better["high"], better["n"]
    if low > 0:
        verdict = "The new model’s drafts are preferred"
    elif high < 0:
        verdict = "The drafts of the model in use are preferred"
    else:
        verdict = "No clear preference"
    sends = found.get("would_send", {})
    said = (
        f"{verdict}, over {number} pairs ({low:+.2f} to {high:+.2f}; 1 would be always). "
        f"They would send {sends.get('challenger', 0)} of the new model’s and "
        f"{sends.get('champion', 0)} of the other’s."
    )
    agreement = found.get("agreement")
    return said if agreement is None else f"{said} Agreement of those who judged: {agreement:.2f}."
