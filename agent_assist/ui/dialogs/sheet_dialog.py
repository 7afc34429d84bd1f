"""Two drafts side by side, and nothing says whose is whose: a person judges, pair after pair."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QCloseEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QButtonGroup,
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from agent_assist.ui.theme import Theme
from agent_assist.ui.tokens import SPACE_1, SPACE_2, SPACE_3, SPACE_4, TextSize
from agent_assist.ui.widgets.button import Button, Kind
from agent_assist.ui.widgets.chip import Chip
from agent_assist.ui.widgets.label import Label

QUESTIONS = ("accuracy", "appropriateness", "tone")
SEND = "would send (A, B, both, neither)"
BETTER = "better (A, B, same)"
_QUESTION_WORDS = {
    "accuracy": "Is it right?",
    "appropriateness": "Does it answer?",
    "tone": "Is the tone right?",
}
_SEND_WORDS = (("A", "Only A"), ("B", "Only B"), ("both", "Both"), ("neither", "Neither"))
_BETTER_WORDS = (("A", "A is better"), ("same", "Same"), ("B", "B is better"))


class SheetDialog(QDialog):
    """`judged` has all rows with what was chosen so far; every close emits it, so that nothing is lost."""

    judged = Signal(object)

    def __init__(
        self, theme: Theme, rows: Sequence[Mapping[str, str]], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Judge blind")
        self.resize(860, 620)
        self.rows = [dict(row) for row in rows]
        self._at = 0
        self.place = Label("", TextSize.SMALL, "muted")
        self.asked = Label("", wrap=True, selectable=True)
        self.asked.setAccessibleName("The customer wrote")
        self.texts = {side: Label("", wrap=True, selectable=True) for side in "AB"}
        self.groups: dict[str, dict[str, Chip]] = {}
        self.back = Button(theme, "Back", Kind.QUIET, "chevron-left")
        self.forward = Button(theme, "Next", Kind.PRIMARY)
        self.save = Button(theme, "Save and close")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACE_4, SPACE_4, SPACE_4, SPACE_4)
        layout.setSpacing(SPACE_3)
        layout.addLayout(self._head())
        layout.addWidget(self._scrolled(self._drafts()), 1)
        layout.addWidget(self._questions())
        foot = QHBoxLayout()
        foot.addWidget(self.save)
        foot.addStretch(1)
        foot.addWidget(self.back)
        foot.addWidget(self.forward)
        layout.addLayout(foot)
        self.back.clicked.connect(lambda: self.go(self._at - 1))
        self.forward.clicked.connect(self._on_next)
        self.save.clicked.connect(self.close)
        for keys, step in (("Alt+Right", 1), ("Alt+Left", -1)):
            QShortcut(QKeySequence(keys), self, lambda step=step: self.go(self._at + step))
        first = next((n for n, row in enumerate(self.rows) if not row.get(BETTER)), 0)
        self.go(first)

    def _head(self) -> QVBoxLayout:
        head = QVBoxLayout()
        head.setSpacing(SPACE_1)
        top = QHBoxLayout()
        top.addWidget(Label("Which would you send?", TextSize.TITLE))
        top.addStretch(1)
        top.addWidget(self.place)
        head.addLayout(top)
        head.addWidget(
            Label(
                "Nothing tells which model wrote which. 1 is no, 5 is yes; leave open what you cannot say.",
                TextSize.SMALL,
                "muted",
            )
        )
        return head

    def _drafts(self) -> QWidget:
        inner = QWidget()
        inner.setProperty("panel", "clear")
        grid = QGridLayout(inner)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(SPACE_4)
        grid.setVerticalSpacing(SPACE_2)
        grid.addWidget(Label("The customer wrote", TextSize.SMALL, "muted"), 0, 0, 1, 2)
        grid.addWidget(self.asked, 1, 0, 1, 2)
        for column, side in enumerate("AB"):
            self.texts[side].setAccessibleName(f"Draft {side}")
            self.texts[side].setAlignment(Qt.AlignmentFlag.AlignTop)
            grid.addWidget(Label(f"Draft {side}", bold=True), 2, column)
            grid.addWidget(self.texts[side], 3, column)
            grid.setColumnStretch(column, 1)
        grid.setRowStretch(3, 1)
        return inner

    @staticmethod
    def _scrolled(inner: QWidget) -> QScrollArea:
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(inner)
        return area

    def _questions(self) -> QWidget:
        panel = QWidget()
        grid = QGridLayout(panel)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(SPACE_4)
        grid.setVerticalSpacing(SPACE_2)
        for row, question in enumerate(QUESTIONS):
            grid.addWidget(Label(_QUESTION_WORDS[question]), row, 0)
            for column, side in enumerate("AB", 1):
                name = f"{question} {side} (1-5)"
                choices = [(str(n), str(n)) for n in range(1, 6)]
                grid.addLayout(
                    self._choice(name, choices, f"{_QUESTION_WORDS[question]} Draft {side}", side),
                    row,
                    column,
                )
        grid.addWidget(Label("Would you send it?"), 3, 0)
        grid.addLayout(self._choice(SEND, _SEND_WORDS, "Would you send it?"), 3, 1, 1, 2)
        grid.addWidget(Label("On the whole"), 4, 0)
        grid.addLayout(self._choice(BETTER, _BETTER_WORDS, "On the whole"), 4, 1, 1, 2)
        grid.setColumnStretch(3, 1)
        return panel

    def _choice(
        self, name: str, choices: Sequence[tuple[str, str]], said: str, side: str = ""
    ) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(SPACE_1)
        if side:
            row.addWidget(Label(side, TextSize.SMALL, "muted"))
        group = QButtonGroup(self)
        self.groups[name] = {}
        for value, words in choices:
            chip = Chip(words, checkable=True)
            chip.setAccessibleName(f"{said} {words}")
            chip.clicked.connect(lambda _=False, value=value: self._on_chosen(name, value))
            group.addButton(chip)
            row.addWidget(chip)
            self.groups[name][value] = chip
        row.addStretch(1)
        return row

    def go(self, place: int) -> None:
        """Show a pair, with what was said of it before."""
        if not self.rows:
            return
        self._at = max(0, min(place, len(self.rows) - 1))
        row = self.rows[self._at]
        self.asked.setText(row.get("customer wrote", ""))
        for side, label in self.texts.items():
            label.setText(row.get(side, ""))
        for name, chips in self.groups.items():
            for value, chip in chips.items():
                group = chip.group()
                group.setExclusive(False)
                chip.setChecked(row.get(name) == value)
                group.setExclusive(True)
        self._say()

    def _say(self) -> None:
        said = sum(1 for row in self.rows if row.get(BETTER))
        self.place.setText(f"{self._at + 1} of {len(self.rows)} · {said} judged")
        self.back.setEnabled(self._at > 0)
        last = self._at == len(self.rows) - 1
        self.forward.setText("Finish" if last else "Next")
        self.forward.setAccessibleName(self.forward.text())

    def _on_chosen(self, name: str, value: str) -> None:
        self.rows[self._at][name] = value
        self._say()

    def _on_next(self) -> None:
        if self._at == len(self.rows) - 1:
            self.close()
        else:
            self.go(self._at + 1)

    def reject(self) -> None:
        self.close()

    def closeEvent(self, event: QCloseEvent) -> None:
        self.judged.emit(self.rows)
        super().closeEvent(event)
