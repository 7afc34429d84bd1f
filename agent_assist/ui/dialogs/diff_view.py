"""The draft and what was sent, beside each other or in one text."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from agent_assist.ui.dialogs.diff_text import DiffText, Pieces, Side, difference_words
from agent_assist.ui.theme import Theme
from agent_assist.ui.tokens import SPACE_1, SPACE_2, TextSize
from agent_assist.ui.widgets.chip import Chip
from agent_assist.ui.widgets.label import Label

NARROW = 480
"""Below this width two columns are too narrow to read."""


class DiffView(QWidget):
    """`before` and `after` are what the two texts are called."""

    def __init__(
        self, theme: Theme, before: str = "Draft", after: str = "Sent", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.inline = DiffText(theme, Side.BOTH)
        self.left = DiffText(theme, Side.BEFORE)
        self.right = DiffText(theme, Side.AFTER)
        for text, name in ((self.inline, "Difference"), (self.left, before), (self.right, after)):
            text.setAccessibleName(name)
        self._sides = QSplitter(Qt.Orientation.Horizontal)
        self._sides.setHandleWidth(1)
        self._sides.setChildrenCollapsible(False)
        for title, text in ((before, self.left), (after, self.right)):
            panel = QWidget()
            column = QVBoxLayout(panel)
            edge = SPACE_2 if text is self.right else 0
            column.setContentsMargins(edge, 0, 0 if edge else SPACE_2, 0)
            column.setSpacing(SPACE_1)
            column.addWidget(Label(title, TextSize.SMALL, "muted"))
            column.addWidget(text, 1)
            self._sides.addWidget(panel)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.inline)
        self._stack.addWidget(self._sides)
        self.one = Chip("In one text", checkable=True)
        self.two = Chip("Side by side", checkable=True)
        group = QButtonGroup(self)
        for chip in (self.one, self.two):
            group.addButton(chip)
        self.one.clicked.connect(lambda: self._stack.setCurrentWidget(self.inline))
        self.two.clicked.connect(lambda: self._stack.setCurrentWidget(self._sides))
        self.summary = Label("", TextSize.SMALL, "muted", wrap=True)
        head = QHBoxLayout()
        head.setSpacing(SPACE_1)
        head.addWidget(self.summary, 1)
        head.addWidget(self.one)
        head.addWidget(self.two)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE_2)
        layout.addLayout(head)
        layout.addWidget(self._stack, 1)
        self.one.setChecked(True)

    def show_difference(self, pieces: Pieces) -> None:
        """(`equal` | `delete` | `insert`, text) in reading order."""
        for text in (self.inline, self.left, self.right):
            text.show_difference(pieces)
        self.summary.setText(difference_words(pieces))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        narrow = event.size().width() < NARROW
        self._sides.setOrientation(Qt.Orientation.Vertical if narrow else Qt.Orientation.Horizontal)
