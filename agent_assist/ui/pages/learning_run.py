"""A training run on the page Learning: what it learns from, its stages, its words."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QProgressBar,
    QSizePolicy,
    QWidget,
)

from agent_assist.domain.learning import STAGES, LearningOverview, RunState, RunView, StageState, StageView
from agent_assist.ui import icons
from agent_assist.ui.theme import Theme
from agent_assist.ui.tokens import SPACE_1, SPACE_2, SPACE_3, TextSize, Tone
from agent_assist.ui.widgets.button import Button, Kind
from agent_assist.ui.widgets.card import Card
from agent_assist.ui.widgets.chip import Tag
from agent_assist.ui.widgets.flow import Flow
from agent_assist.ui.widgets.label import ElidedLabel, Label
from agent_assist.ui.words import count

STAGE_WORDS = {
    "prepare": "Prepare the examples",
    "sft": "Learn from replies",
    "preference": "Learn from preferences",
    "export": "Convert and check",
    "evaluate": "Compare with the model in use",
    "promote": "Decide",
}
_ICONS = {
    StageState.WAITING: ("clock", "muted", "waiting"),
    StageState.RUNNING: ("bolt", "accent", "under way"),
    StageState.DONE: ("check-circle", "ok", "done"),
    StageState.SKIPPED: ("check", "muted", "nothing has changed"),
    StageState.FAILED: ("octagon", "danger", "failed"),
}
_STATES = {
    RunState.RUNNING: ("Under way", Tone.ACCENT),
    RunState.DONE: ("Done", Tone.OK),
    RunState.FAILED: ("Failed", Tone.DANGER),
    RunState.STOPPED: ("Stopped", Tone.ATTENTION),
}


class RunCard(Card):
    """Starts and stops a run and shows its stages and its last lines."""

    start_requested = Signal(bool)
    """Whether to learn from preferences, too."""
    stop_requested = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self.setAccessibleName("Learn from the team")
        self.state = Tag()
        self.facts = Label("", wrap=True)
        self.missing = Label("", TextSize.SMALL, Tone.ATTENTION, wrap=True, selectable=True)
        self.message = Label("", TextSize.SMALL, Tone.DANGER, wrap=True, selectable=True)
        self.preferences = QCheckBox("Learn from corrections as preferences, too")
        self.preferences.setToolTip(
            "Takes longer. The model learns to prefer what was sent over its own draft (DPO)."
        )
        self.start = Button(theme, "Start learning", Kind.PRIMARY, "sparkle")
        self.stop = Button(theme, "Stop", Kind.SECONDARY, "stop")
        self.details = Button(theme, "Details", Kind.QUIET, "chevron-down")
        self.details.setCheckable(True)
        self.log = QPlainTextEdit()
        self.log.setReadOnly(True)
        self.log.setAccessibleName("What the training says")
        self.log.setMaximumBlockCount(200)
        self.log.setFixedHeight(140)
        self.log.hide()
        self._said = 0
        self.rows = {name: StageRow(theme, name) for name in STAGES}
        self._lay_out()
        self.start.clicked.connect(lambda: self.start_requested.emit(self.preferences.isChecked()))
        self.stop.clicked.connect(self.stop_requested)
        self.details.toggled.connect(self.log.setVisible)
        self.show_run(RunView())

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(SPACE_2)
        top.addWidget(Label("Learn from the team", bold=True))
        top.addStretch(1)
        top.addWidget(self.state)
        self._stages = QWidget()
        grid = QGridLayout(self._stages)
        grid.setContentsMargins(0, SPACE_1, 0, SPACE_1)
        grid.setHorizontalSpacing(SPACE_2)
        grid.setVerticalSpacing(SPACE_2)
        grid.setColumnStretch(2, 1)
        for place, row in enumerate(self.rows.values()):
            row.put_into(grid, place)
        foot = Flow(spacing=SPACE_3)
        foot.addWidget(self.preferences)
        foot.addWidget(self.details)
        foot.add_gap()
        foot.addWidget(self.stop)
        foot.addWidget(self.start)
        self.body.addLayout(top)
        for widget in (self.facts, self.missing, self._stages, self.message, self.log):
            self.body.addWidget(widget)
        self.body.addLayout(foot)

    def show_overview(self, found: LearningOverview) -> None:
        replies = count(found.examples, "reply", "replies")
        corrections = count(found.pairs, "correction")
        if found.examples:
            self.facts.setText(
                f"{replies} and {corrections} to learn from. Personal data is replaced first. "
                "The model in use stays until you say so."
            )
        else:
            self.facts.setText("Nothing to learn from yet. What is sent, edited or rejected collects here.")
        self.missing.setText(found.missing)
        self.missing.setVisible(bool(found.missing))
        self.start.setEnabled(not found.missing and found.examples > 0)
        decided = found.comparison is not None and found.comparison.promotable and not found.comparison.in_use
        self.start.set_kind(Kind.SECONDARY if decided else Kind.PRIMARY)
        self.show_run(found.run)

    def show_run(self, run: RunView) -> None:
        running = run.state is RunState.RUNNING
        self.state.setVisible(run.state is not RunState.NONE)
        if run.state in _STATES:
            self.state.set(*_STATES[run.state])
        self._stages.setVisible(run.state is not RunState.NONE)
        for stage in run.stages:
            self.rows[stage.name].show_stage(stage)
        self.message.setText(run.message)
        self.message.setVisible(bool(run.message))
        self.stop.setVisible(running)
        self.start.setVisible(not running)
        self.start.setText("Start learning" if run.state in (RunState.NONE, RunState.DONE) else "Go on")
        self.start.setAccessibleName(self.start.text())
        self.preferences.setVisible(not running)
        self.details.setVisible(bool(run.lines))
        self._show_lines(run.lines)

    def _show_lines(self, lines: tuple[str, ...]) -> None:
        if len(lines) < self._said or not lines:
            self.log.clear()
            self._said = 0
        if self._said < len(lines):
            self.log.appendPlainText("\n".join(lines[self._said :]))
            self._said = len(lines)
        elif lines and not self.log.toPlainText().endswith(lines[-1]):
            self.log.appendPlainText(lines[-1])


class StageRow:
    """Icon, name, bar and last words of one stage, in a shared grid."""

    def __init__(self, theme: Theme, name: str) -> None:
        self._theme = theme
        self._name = name
        self._icon = ("clock", "muted")
        self.picture = QLabel()
        self.picture.setFixedSize(18, 18)
        self.title = Label(STAGE_WORDS[name])
        self.said = ElidedLabel("", TextSize.SMALL, "muted")
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedWidth(120)
        self.bar.setAccessibleName(f"Progress of: {STAGE_WORDS[name]}")
        policy = self.bar.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.bar.setSizePolicy(policy)
        self.title.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Preferred)
        theme.changed.connect(self._tint)

    def put_into(self, grid: QGridLayout, row: int) -> None:
        for column, widget in enumerate((self.picture, self.title, self.said, self.bar)):
            grid.addWidget(widget, row, column)

    def show_stage(self, stage: StageView) -> None:
        name, colour, words = _ICONS[stage.state]
        self._icon = (name, colour)
        self._tint()
        self.picture.setAccessibleName(words)
        self.title.setAccessibleName(f"{STAGE_WORDS[self._name]}: {words}")
        self.said.setText(stage.said)
        running = stage.state is StageState.RUNNING
        self.bar.setVisible(running)
        self.bar.setRange(0, 100 if stage.progress is not None else 0)
        self.bar.setValue(round(100 * (stage.progress or 0.0)))

    def _tint(self) -> None:
        name, colour = self._icon
        self.picture.setPixmap(icons.pixmap(name, self._theme.colour(colour), 16))
