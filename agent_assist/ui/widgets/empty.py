"""What a panel shows when it has nothing to show: what is so, and what to do about it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from agent_assist.ui import icons, tokens
from agent_assist.ui.theme import Theme
from agent_assist.ui.tokens import TextSize
from agent_assist.ui.widgets.button import Button, Kind
from agent_assist.ui.widgets.label import Label

LOW = 180
"""Pixels below which the words have the room of the picture, too."""


class EmptyState(QWidget):
    """`acted` is emitted by the button, which is there when `action` is given."""

    acted = Signal()

    def __init__(
        self,
        theme: Theme,
        icon: str,
        title: str,
        sentence: str = "",
        action: str = "",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._theme, self._icon = theme, icon
        self._picture = QLabel()
        self._title = Label(title, TextSize.BODY, bold=True, wrap=True)
        self._sentence = Label(sentence, TextSize.BODY, "muted", wrap=True)
        self._button = Button(theme, action, Kind.SECONDARY)
        self._button.clicked.connect(self.acted)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(tokens.SPACE_6, tokens.SPACE_6, tokens.SPACE_6, tokens.SPACE_6)
        layout.setSpacing(tokens.SPACE_2)
        layout.addStretch(2)
        layout.addWidget(self._picture, 0, Qt.AlignmentFlag.AlignHCenter)
        for label in (self._title, self._sentence):
            label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            layout.addWidget(label)
        layout.addSpacing(tokens.SPACE_1)
        layout.addWidget(self._button, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addStretch(3)
        self.set(title, sentence, action)
        theme.changed.connect(self._tint)
        self._tint()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._picture.setVisible(event.size().height() >= LOW)

    def set(self, title: str, sentence: str = "", action: str = "", icon: str = "") -> None:
        self._title.setText(title)
        self._sentence.setText(sentence)
        self._sentence.setVisible(bool(sentence))
        self._button.setText(action)
        self._button.setAccessibleName(action)
        self._button.setVisible(bool(action))
        if icon:
            self._icon = icon
            self._tint()

    def _tint(self) -> None:
        self._picture.setPixmap(icons.pixmap(self._icon, self._theme.colours.muted, 32))
