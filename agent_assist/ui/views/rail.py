"""The left edge: one entry for each place in the window."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QToolButton, QVBoxLayout, QWidget

from agent_assist.ui import icons, tokens
from agent_assist.ui.theme import Theme


class Rail(QWidget):
    """One button is checked at a time: the place that is shown."""

    chosen = Signal(str)
    """The id of the place."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._buttons: dict[str, tuple[QToolButton, str]] = {}
        self._group = QButtonGroup(self)
        self.setProperty("panel", "sunken")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedWidth(tokens.RAIL_WIDTH + tokens.SPACE_3)
        self.setAccessibleName("Places")
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(tokens.SPACE_1, tokens.SPACE_3, tokens.SPACE_1, tokens.SPACE_2)
        self._column.setSpacing(tokens.SPACE_1)
        theme.changed.connect(self._tint)

    def add(self, place: str, title: str, icon: str) -> None:
        button = QToolButton()
        button.setText(title)
        button.setAccessibleName(title)
        button.setProperty("kind", "rail")
        button.setCheckable(True)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
        button.setIconSize(QSize(20, 20))
        button.setFixedSize(tokens.RAIL_WIDTH + tokens.SPACE_1, 56)
        button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        button.setCursor(Qt.CursorShape.PointingHandCursor)
        button.clicked.connect(lambda: self.chosen.emit(place))
        button.toggled.connect(self._tint)
        self._group.addButton(button)
        self._buttons[place] = (button, icon)
        self._column.addWidget(button)
        self._tint()

    def add_space(self) -> None:
        """What is added after it stands at the foot."""
        self._column.addStretch(1)

    def set_current(self, place: str) -> None:
        if place in self._buttons:
            self._buttons[place][0].setChecked(True)

    def button(self, place: str) -> QToolButton:
        return self._buttons[place][0]

    def _tint(self) -> None:
        for button, icon in self._buttons.values():
            colour = "accent" if button.isChecked() else "muted"
            button.setIcon(icons.icon(self._theme, icon, colour, 20))
