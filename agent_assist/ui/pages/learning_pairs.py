"""Wins and losses: what both models wrote to the same ticket, side by side."""

from __future__ import annotations

from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from agent_assist.domain.learning import Comparison, Pair
from agent_assist.ui.theme import Theme
from agent_assist.ui.tokens import SPACE_1, SPACE_4, TextSize
from agent_assist.ui.widgets.button import IconButton
from agent_assist.ui.widgets.card import Card
from agent_assist.ui.widgets.chip import Chip
from agent_assist.ui.widgets.flow import Flow
from agent_assist.ui.widgets.label import Label

_LONGEST = 1500
"""Characters of a text that are shown here; the report has all of it."""


class PairsCard(Card):
    """Steps through the pairs of a comparison, the largest differences first."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self.setAccessibleName("Wins and losses")
        self.wins = Chip("", checkable=True)
        self.losses = Chip("", checkable=True)
        self.wins.setChecked(True)
        group = QButtonGroup(self)
        self.back = IconButton(theme, "chevron-left", "The pair before")
        self.forward = IconButton(theme, "chevron-right", "The next pair")
        self.place = Label("", TextSize.SMALL, "muted")
        top = Flow()
        top.addWidget(Label("Wins and losses", bold=True))
        for chip in (self.wins, self.losses):
            group.addButton(chip)
            chip.clicked.connect(lambda: self._go(0))
            top.addWidget(chip)
        top.add_gap()
        steps = QWidget()
        row = QHBoxLayout(steps)
        row.setContentsMargins(0, 0, 0, 0)
        for widget in (self.back, self.place, self.forward):
            row.addWidget(widget)
        top.addWidget(steps)
        self.asked = _Told("The customer wrote")
        self.replied = _Told("The agent sent")
        self.old = _Told("Model in use")
        self.new = _Told("New model")
        sides = QHBoxLayout()
        sides.setSpacing(SPACE_4)
        sides.addWidget(self.old, 1)
        sides.addWidget(self.new, 1)
        self.body.addLayout(top)
        self.body.addWidget(self.asked)
        self.body.addLayout(sides)
        self.body.addWidget(self.replied)
        self._at = 0
        self._pairs: dict[bool, tuple[Pair, ...]] = {True: (), False: ()}
        self.back.clicked.connect(lambda: self._go(self._at - 1))
        self.forward.clicked.connect(lambda: self._go(self._at + 1))

    def show_comparison(self, found: Comparison) -> None:
        self._pairs = {True: found.wins, False: found.losses}
        self.wins.setText(f"Better ({len(found.wins)})")
        self.losses.setText(f"Worse ({len(found.losses)})")
        for chip in (self.wins, self.losses):
            chip.setAccessibleName(chip.text())
        self.wins.setEnabled(bool(found.wins))
        self.losses.setEnabled(bool(found.losses))
        if not found.wins and found.losses:
            self.losses.setChecked(True)
        self._go(0)
        self.setVisible(bool(found.wins or found.losses))

    def _go(self, place: int) -> None:
        pairs = self._pairs[self.wins.isChecked()]
        self._at = max(0, min(place, len(pairs) - 1))
        self.back.setEnabled(self._at > 0)
        self.forward.setEnabled(self._at < len(pairs) - 1)
        self.place.setText(f"{self._at + 1} of {len(pairs)}" if pairs else "none")
        if not pairs:
            return
        one = pairs[self._at]
        for told, text in (
            (self.asked, one.asked),
            (self.replied, one.replied),
            (self.old, one.champion or "It gave no draft."),
            (self.new, one.challenger or "It gave no draft."),
        ):
            told.say(text)


class _Told(QWidget):
    """A title with a text below it, whoever wrote it."""

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.text = Label("", wrap=True, selectable=True)
        self.text.setAccessibleName(title)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE_1)
        layout.addWidget(Label(title, TextSize.SMALL, "muted"))
        layout.addWidget(self.text)
        layout.addStretch(1)

    def say(self, text: str) -> None:
        self.text.setText(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…")
