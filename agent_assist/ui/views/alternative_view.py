"""Another draft of the same reply, read-only, beside the editor."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from agent_assist.domain.suggestion import Suggestion
from agent_assist.ui import tokens, words
from agent_assist.ui.theme import Theme
from agent_assist.ui.tokens import TextSize
from agent_assist.ui.widgets.button import Button, IconButton, Kind
from agent_assist.ui.widgets.label import ElidedLabel, Label
from agent_assist.ui.widgets.text_block import TextBlock


class AlternativeView(QFrame):
    """A suggestion to compare with; taking it over is the panel's part."""

    chosen = Signal(object)
    """The Suggestion."""
    closed = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._suggestion: Suggestion | None = None
        self.setProperty("panel", "window")
        self.setAccessibleName("The other draft")
        self._title = Label("Other draft", TextSize.SMALL, bold=True)
        self._origin = ElidedLabel("", TextSize.SMALL, "muted")
        close = IconButton(theme, "close", "Close the other draft")
        close.clicked.connect(self.closed)
        head = QHBoxLayout()
        head.addWidget(self._title)
        head.addWidget(self._origin, 1)
        head.addWidget(close)
        self._text = TextBlock(theme)
        holder = QWidget()
        holder.setProperty("panel", "clear")
        inner = QVBoxLayout(holder)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.addWidget(self._text)
        inner.addStretch(1)
        area = QScrollArea()
        area.setWidget(holder)
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setAccessibleName("Text of the other draft")
        use = Button(theme, "Use this one", Kind.SECONDARY)
        use.clicked.connect(self._on_use)
        column = QVBoxLayout(self)
        column.setContentsMargins(tokens.SPACE_3, tokens.SPACE_1, tokens.SPACE_1, tokens.SPACE_2)
        column.setSpacing(tokens.SPACE_1)
        column.addLayout(head)
        column.addWidget(area, 1)
        column.addWidget(use)

    def show_suggestion(self, suggestion: Suggestion, place: str) -> None:
        """`place` is "2 of 3"."""
        self._suggestion = suggestion
        self._title.setText(f"Draft {place}")
        open_marks = len(suggestion.marks)
        checks = f", {words.count(open_marks, 'fact')} to check" if open_marks else ""
        self._origin.setText(words.origin(suggestion)[0] + checks)
        marks = [(mark.start, mark.end, "attention") for mark in suggestion.marks]
        self._text.set_text(suggestion.text, marks)

    def _on_use(self) -> None:
        if self._suggestion is not None:
            self.chosen.emit(self._suggestion)
