"""One quiet line across the window that says where you are and offers one thing to do."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from agent_assist.ui import tokens
from agent_assist.ui.theme import Theme
from agent_assist.ui.tokens import TextSize
from agent_assist.ui.widgets.button import Button, Kind
from agent_assist.ui.widgets.label import ElidedLabel


class Strip(QWidget):
    """For what holds as long as the window is open, as that this is the demo desk; a Banner comes and
    goes."""

    acted = Signal()

    def __init__(self, theme: Theme, text: str, action: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("panel", "sunken")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName(text)
        self.button = Button(theme, action, Kind.LINK)
        self.button.setProperty("textSize", "small")
        self.button.clicked.connect(lambda: self.acted.emit())
        row = QHBoxLayout(self)
        row.setContentsMargins(tokens.SPACE_4, 2, tokens.SPACE_3, 2)
        row.setSpacing(tokens.SPACE_2)
        row.addWidget(ElidedLabel(text, TextSize.SMALL, "muted"), 1)
        row.addWidget(self.button)
