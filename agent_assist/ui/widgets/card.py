"""Cards and the column that they stand in."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from agent_assist.ui.tokens import SPACE_1, SPACE_2, SPACE_3, SPACE_4, TextSize
from agent_assist.ui.widgets.label import Label

READING_WIDTH = 920
"""The widest a column of settings or cards grows; longer lines are hard to read."""
SCROLL_GUTTER = SPACE_3
"""Between a column's cards and its edge, where the scroll bar stands."""


class Card(QFrame):
    """A group on its own ground; put the content into `body`."""

    def __init__(self, title: str = "", note: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("panel", "card")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(SPACE_4, SPACE_3, SPACE_4, SPACE_3)
        self.body.setSpacing(SPACE_2)
        if title:
            self.setAccessibleName(title)
            self.body.addWidget(Label(title, bold=True))
        if note:
            self.body.addWidget(Label(note, TextSize.SMALL, "muted", wrap=True))


class Column(QScrollArea):
    """A scrolling column of cards that never grows wider than reads well and never scrolls sideways."""

    def __init__(self, width: int = READING_WIDTH, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        inner = QWidget()
        inner.setProperty("panel", "clear")
        inner.setMaximumWidth(width + SCROLL_GUTTER)
        inner.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.body = QVBoxLayout(inner)
        self.body.setSpacing(SPACE_3)
        self.setWidget(inner)
        self.verticalScrollBar().rangeChanged.connect(self._on_range)
        self._on_range(0, 0)

    def _on_range(self, _low: int, high: int) -> None:
        """Keep the cards' right edge where it is when a scroll bar comes."""
        bar = self.verticalScrollBar().sizeHint().width() if high else 0
        self.body.setContentsMargins(0, SPACE_1, max(0, SCROLL_GUTTER - bar), SPACE_4)


def clear(layout: QVBoxLayout | QHBoxLayout) -> None:
    """Take everything out of a layout and delete it."""
    while (item := layout.takeAt(0)) is not None:
        widget = item.widget()
        if widget is not None:
            widget.hide()
            widget.deleteLater()
