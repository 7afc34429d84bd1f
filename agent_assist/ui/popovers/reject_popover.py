"""Why a draft is rejected: one key, a click, or nothing at all."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QGridLayout, QLineEdit, QWidget

from agent_assist.domain.feedback import Reason
from agent_assist.ui.theme import Theme
from agent_assist.ui.tokens import SPACE_1, TextSize
from agent_assist.ui.widgets.button import Button, Kind
from agent_assist.ui.widgets.chip import Chip
from agent_assist.ui.widgets.foot import foot_of
from agent_assist.ui.widgets.label import Label
from agent_assist.ui.widgets.popover import Popover
from agent_assist.ui.words import REASONS

WIDTH = 340


class RejectPopover(Popover):
    """`rejected` carries the reasons (none is fine) and the text; number keys pick, Enter rejects."""

    rejected = Signal(tuple, str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__("Reject the draft", parent, WIDTH)
        self.chips: dict[Reason, Chip] = {}
        self.body.addWidget(Label("What is wrong with it?", bold=True))
        self.body.addWidget(
            Label(
                "Optional. It helps the next drafts. Press a number to pick.",
                TextSize.SMALL,
                "muted",
                wrap=True,
            )
        )
        grid = QGridLayout()
        grid.setSpacing(SPACE_1)
        for place, (reason, words) in enumerate(REASONS.items()):
            chip = Chip(f"{place + 1}  {words}", checkable=True)
            chip.setAccessibleName(words)
            grid.addWidget(chip, place // 2, place % 2)
            self.chips[reason] = chip
        self.body.addLayout(grid)
        self.text = QLineEdit()
        self.text.setPlaceholderText("What should it have said?")
        self.text.setAccessibleName("What should it have said?")
        self.text.returnPressed.connect(self._on_reject)
        self.body.addWidget(self.text)
        self.reject_button = Button(theme, "Reject the draft", Kind.DANGER)
        self.reject_button.clicked.connect(self._on_reject)
        cancel = Button(theme, "Keep it", Kind.QUIET)
        cancel.clicked.connect(self.close)
        self.body.addLayout(foot_of(cancel, self.reject_button))

    def open_at(self, anchor: QWidget) -> None:
        for chip in self.chips.values():
            chip.setChecked(False)
        self.text.clear()
        super().open_at(anchor)
        self.chips[next(iter(self.chips))].setFocus()

    def reasons(self) -> tuple[Reason, ...]:
        return tuple(reason for reason, chip in self.chips.items() if chip.isChecked())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        place = event.key() - Qt.Key.Key_1
        if 0 <= place < len(self.chips) and not self.text.hasFocus():
            chip = list(self.chips.values())[place]
            chip.setChecked(not chip.isChecked())
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._on_reject()
        else:
            super().keyPressEvent(event)

    def _on_reject(self) -> None:
        self.close()
        self.rejected.emit(self.reasons(), self.text.text().strip())
