"""The frame that all secondary pages share: heading, a line of facts, actions, a banner, a toast."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from agent_assist.errors import ErrorInfo
from agent_assist.ui.context import UiContext
from agent_assist.ui.popovers.toast import Toast
from agent_assist.ui.tokens import SPACE_2, SPACE_3, SPACE_4, SPACE_6, TextSize
from agent_assist.ui.widgets.banner import Banner
from agent_assist.ui.widgets.card import SCROLL_GUTTER
from agent_assist.ui.widgets.label import Label

NARROW = 620
"""Below this width the actions stand under the heading and columns under each other."""


class Page(QWidget):
    """A page of the rail: `title` and `icon` are what the rail shows of it."""

    title: ClassVar[str] = ""
    icon: ClassVar[str] = ""
    widest: ClassVar[int] = 0
    """How wide heading and content grow, in the middle of the window; 0 uses all of it."""

    def __init__(self, ui: UiContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.ui = ui
        self.setProperty("panel", "window")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName(self.title)
        self.heading = Label(self.title, TextSize.TITLE)
        self.facts = Label("", TextSize.SMALL, "muted", wrap=True)
        self.facts.hide()
        actions = QWidget()
        actions.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self.tools = QHBoxLayout(actions)
        self.tools.setContentsMargins(0, 0, 0, 0)
        self.tools.setSpacing(SPACE_2)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self.heading)
        words.addWidget(self.facts)
        self._head = QHBoxLayout()
        self._head.setSpacing(SPACE_3)
        self._head.addLayout(words, 1)
        self._head.addWidget(actions)
        self.banner = Banner(ui.theme)
        self.body = QVBoxLayout()
        self.body.setSpacing(SPACE_3)
        self._outer = layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACE_6, SPACE_4, SPACE_6, SPACE_4)
        layout.setSpacing(SPACE_3)
        layout.addLayout(self._head)
        layout.addWidget(self.banner)
        layout.addLayout(self.body, 1)
        self.toast = Toast(ui.theme, self)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        narrow = event.size().width() < NARROW
        self._head.setDirection(
            QHBoxLayout.Direction.TopToBottom if narrow else QHBoxLayout.Direction.LeftToRight
        )
        edge = SPACE_3 if narrow else SPACE_6
        if self.widest:
            edge = max(edge, (event.size().width() - self.widest) // 2)
        # A column keeps room for its scroll bar on the right; the actions above end where its cards do.
        gutter = SCROLL_GUTTER if self.widest else 0
        self._head.setContentsMargins(0, 0, gutter, 0)
        self._outer.setContentsMargins(edge, SPACE_4, edge - gutter, SPACE_4)
        self.on_width(event.size().width())

    def on_width(self, width: int) -> None:
        """Rearrange for a new width; pages with columns put them below each other when narrow."""

    def say_facts(self, text: str) -> None:
        self.facts.setText(text)
        self.facts.setVisible(bool(text))

    def show_error(self, error: ErrorInfo) -> None:
        """The sentence and the remedy above the content, until dismissed."""
        self.banner.show_error(error)

    def retrying(self, retry: Callable[[], None]) -> Callable[[ErrorInfo], None]:
        """An error handler whose banner offers to do it again where that may help."""
        return lambda error: self.banner.show_error(error, retry)
