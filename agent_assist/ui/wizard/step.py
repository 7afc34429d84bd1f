"""The frame that the steps of the first run share."""

from __future__ import annotations

from typing import ClassVar

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from agent_assist.ui.context import UiContext
from agent_assist.ui.tokens import SPACE_3, TextSize
from agent_assist.ui.widgets.banner import Banner
from agent_assist.ui.widgets.label import Label


class Step(QWidget):
    """`done` says that the step has what it needs; it can be left without in any case."""

    title: ClassVar[str] = ""
    note: ClassVar[str] = ""
    changed = Signal()

    def __init__(self, ui: UiContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.ui = ui
        self.setAccessibleName(self.title)
        self.banner = Banner(ui.theme)
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(0, 0, 0, 0)
        self.body.setSpacing(SPACE_3)
        self.body.addWidget(Label(self.title, TextSize.TITLE, wrap=True))
        self.body.addWidget(Label(self.note, tone="muted", wrap=True))
        self.body.addWidget(self.banner)

    @property
    def done(self) -> bool:
        return False

    def enter(self) -> None:
        """Called each time the step is shown."""
