"""Two drafts beside each other: which is better, and by how much."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QButtonGroup,
    QDialog,
    QHBoxLayout,
    QPlainTextEdit,
    QVBoxLayout,
    QWidget,
)

from agent_assist.domain.feedback import Preference, Strength
from agent_assist.domain.suggestion import Suggestion
from agent_assist.ui.plain import reveal, soft_break
from agent_assist.ui.theme import Theme
from agent_assist.ui.tokens import SPACE_2, SPACE_3, SPACE_4, TextSize
from agent_assist.ui.widgets.button import Button, Kind
from agent_assist.ui.widgets.card import Card
from agent_assist.ui.widgets.chip import Chip
from agent_assist.ui.widgets.label import Label, restyle
from agent_assist.ui.words import STRENGTHS, origin

NARROW = 560


@dataclass(frozen=True, slots=True)
class _Side:
    suggestion: Suggestion
    card: Card
    pick: Chip


class PairDialog(QDialog):
    """Left and Right pick a draft, 1 to 3 say how much better, Enter records; Escape skips.

    `preferred` carries a domain.feedback.Preference.
    """

    preferred = Signal(object)

    def __init__(
        self, theme: Theme, left: Suggestion, right: Suggestion, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Compare two drafts")
        self.resize(820, 460)
        self._chosen: int | None = None
        picks = QButtonGroup(self)
        self.sides = tuple(self._side(s, name) for s, name in ((left, "Left"), (right, "Right")))
        self._columns = QHBoxLayout()
        self._columns.setSpacing(SPACE_3)
        for place, side in enumerate(self.sides):
            picks.addButton(side.pick)
            side.pick.clicked.connect(lambda _=False, which=place: self.choose(which))
            self._columns.addWidget(side.card, 1)
        self.strengths: dict[Strength, Chip] = {}
        strengths = QHBoxLayout()
        strengths.setSpacing(SPACE_2)
        group = QButtonGroup(self)
        for number, (strength, words) in enumerate(STRENGTHS.items(), 1):
            chip = Chip(f"{number}  {words}", checkable=True)
            chip.setAccessibleName(words)
            group.addButton(chip)
            strengths.addWidget(chip)
            self.strengths[strength] = chip
        self.strengths[Strength.BETTER].setChecked(True)
        strengths.addStretch(1)
        self.record = Button(theme, "Record", Kind.PRIMARY)
        self.record.setEnabled(False)
        self.record.clicked.connect(self._on_record)
        skip = Button(theme, "Skip", Kind.QUIET)
        skip.clicked.connect(self.reject)
        strengths.addWidget(skip)
        strengths.addWidget(self.record)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACE_4, SPACE_4, SPACE_4, SPACE_4)
        layout.setSpacing(SPACE_3)
        layout.addWidget(Label("Which would you rather send?", TextSize.TITLE, wrap=True))
        note = "Your choice teaches the model. Arrow keys pick a draft, a number says how much better it is."
        layout.addWidget(Label(note, TextSize.SMALL, "muted", wrap=True))
        layout.addLayout(self._columns, 1)
        layout.addLayout(strengths)

    def choose(self, place: int) -> None:
        """0 is the left draft, 1 the right one."""
        self._chosen = place
        for number, side in enumerate(self.sides):
            side.pick.setChecked(number == place)
            restyle(side.card, current=number == place)
        self.record.setEnabled(True)

    def preference(self) -> Preference | None:
        if self._chosen is None:
            return None
        strength = next(s for s, chip in self.strengths.items() if chip.isChecked())
        chosen, other = self.sides[self._chosen], self.sides[1 - self._chosen]
        return Preference(chosen.suggestion.id, other.suggestion.id, strength)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        if key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            self.choose(int(key == Qt.Key.Key_Right))
        elif 0 <= key - Qt.Key.Key_1 < len(self.strengths):
            list(self.strengths.values())[key - Qt.Key.Key_1].setChecked(True)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._on_record()
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        narrow = event.size().width() < NARROW
        self._columns.setDirection(
            QBoxLayout.Direction.TopToBottom if narrow else QBoxLayout.Direction.LeftToRight
        )

    def _side(self, suggestion: Suggestion, name: str) -> _Side:
        card = Card()
        text = QPlainTextEdit()
        text.setReadOnly(True)
        text.setTabChangesFocus(True)
        text.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        text.setProperty("bare", True)
        text.setPlainText(soft_break(reveal(suggestion.text).text))
        text.setAccessibleName(f"{name} draft")
        pick = Chip("This one", checkable=True)
        pick.setAccessibleName(f"{name} draft: this one")
        head = QHBoxLayout()
        head.addWidget(Label(origin(suggestion)[0], TextSize.SMALL, "muted"), 1)
        head.addWidget(pick)
        card.body.addLayout(head)
        card.body.addWidget(text, 1)
        return _Side(suggestion, card, pick)

    def _on_record(self) -> None:
        preference = self.preference()
        if preference is not None:
            self.accept()
            self.preferred.emit(preference)
