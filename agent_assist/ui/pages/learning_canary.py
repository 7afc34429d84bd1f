"""A challenger on trial: what agents make of its drafts, beside those of the model in use."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QWidget

from agent_assist.domain.canary import Arm, CanaryReport
from agent_assist.ui.theme import Theme
from agent_assist.ui.tokens import SPACE_3, TextSize, Tone
from agent_assist.ui.widgets.button import Button, Kind
from agent_assist.ui.widgets.card import Card
from agent_assist.ui.widgets.chip import Tag
from agent_assist.ui.widgets.flow import Flow
from agent_assist.ui.widgets.label import Label
from agent_assist.ui.words import percent, seconds

HEAD = ("", "Drafts", "Accepted", "Changed", "Time")


class CanaryCard(Card):
    """Both sides of the trial in figures, and what a lead can do about it."""

    promote_requested = Signal()
    stop_requested = Signal()
    share_requested = Signal(float)
    """Of the tickets, 0 to 1."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self.setAccessibleName("On trial")
        self.state = Tag()
        self.facts = Label("", TextSize.SMALL, "muted", wrap=True)
        self.gain = Label("", wrap=True)
        self.problems = Label("", TextSize.SMALL, Tone.DANGER, wrap=True)
        self.more = Button(theme, "More tickets", Kind.SECONDARY, "chevron-up")
        self.stop = Button(theme, "End the trial", Kind.SECONDARY, "undo")
        self.promote = Button(theme, "Put into use", Kind.PRIMARY, "check")
        self._share = 0.1
        top = QHBoxLayout()
        top.addWidget(Label("On trial", bold=True))
        top.addStretch(1)
        top.addWidget(self.state)
        self._cells = [[Label("") for _ in HEAD] for _ in range(2)]
        grid = QGridLayout()
        grid.setHorizontalSpacing(SPACE_3)
        grid.setColumnStretch(0, 1)
        for column, word in enumerate(HEAD):
            grid.addWidget(_right(Label(word, TextSize.SMALL, "muted"), column), 0, column)
            for row, cells in enumerate(self._cells, 1):
                grid.addWidget(_right(cells[column], column), row, column)
        foot = Flow()
        foot.add_gap()
        for button in (self.stop, self.more, self.promote):
            foot.addWidget(button)
        self.body.addLayout(top)
        self.body.addWidget(self.facts)
        self.body.addLayout(grid)
        self.body.addWidget(self.gain)
        self.body.addWidget(self.problems)
        self.body.addLayout(foot)
        self.promote.clicked.connect(self.promote_requested)
        self.stop.clicked.connect(self.stop_requested)
        self.more.clicked.connect(lambda: self.share_requested.emit(min(0.5, self._share * 2)))

    def show_report(self, found: CanaryReport, *, may_change: bool) -> None:
        self._share = found.canary.share
        self.state.set(f"{percent(found.canary.share)} of tickets", Tone.ACCENT)
        self.facts.setText(
            f"{found.challenger.name} writes for some tickets since {found.canary.started_at:%d %B}; "
            "each ticket keeps its model."
        )
        for cells, arm, title in zip(
            self._cells, (found.champion, found.challenger), ("In use", "New"), strict=True
        ):
            for cell, text in zip(cells, _row(arm, title), strict=True):
                cell.setText(text)
            cells[0].setAccessibleName(", ".join(f"{h} {c.text()}" for h, c in zip(HEAD, cells)).strip())
        self.gain.setText(_gain(found))
        self.problems.setText("\n".join(found.problems))
        self.problems.setVisible(bool(found.problems))
        for button in (self.more, self.stop, self.promote):
            button.setVisible(may_change)
        self.more.setText(f"Raise to {percent(min(0.5, 2 * self._share))}")
        self.more.setAccessibleName(self.more.text())
        self.more.setEnabled(found.canary.share < 0.5)
        self.promote.setEnabled(not found.problems)


def _row(arm: Arm, title: str) -> tuple[str, ...]:
    return (
        f"{title}: {arm.name}",
        str(arm.drafts),
        "–" if arm.acceptance is None else percent(arm.acceptance),
        "–" if arm.edit_cost is None else percent(arm.edit_cost),
        "–" if arm.median_ms is None else seconds(arm.median_ms),
    )


def _gain(found: CanaryReport) -> str:
    if found.acceptance_gain is None:
        return "Not decided often enough to compare."
    low, high = found.acceptance_gain
    span = f"{100 * low:+.0f} to {100 * high:+.0f} points".replace("-", "−")
    if low > 0:
        return f"Agents accept more of its drafts: {span}."
    if high < 0:
        return f"Agents accept fewer of its drafts: {span}."
    return f"No difference can be told yet: {span} of accepted drafts."


def _right(label: Label, column: int) -> Label:
    if column:
        label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    return label
