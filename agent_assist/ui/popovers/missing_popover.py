"""No article answers this: a note on what one should say."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from agent_assist.ui.theme import Theme
from agent_assist.ui.tokens import TextSize
from agent_assist.ui.widgets.button import Button, Kind
from agent_assist.ui.widgets.foot import foot_of
from agent_assist.ui.widgets.label import Label
from agent_assist.ui.widgets.popover import Popover


class MissingPopover(Popover):
    """`reported` carries the note, which may be empty; what was typed stays when it is closed."""

    reported = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__("Missing knowledge", parent, 340)
        self.body.addWidget(Label("What should an article say?", bold=True))
        self.body.addWidget(
            Label("The question goes on the list of missing knowledge.", TextSize.SMALL, "muted", wrap=True)
        )
        self.note = QPlainTextEdit()
        self.note.setPlaceholderText("Sale items can be returned within …")
        self.note.setAccessibleName("What should an article say?")
        self.note.setTabChangesFocus(True)
        self.note.setFixedHeight(88)
        self.body.addWidget(self.note)
        self.report = Button(theme, "Report", Kind.PRIMARY)
        self.report.setToolTip("Ctrl+Return")
        self.report.clicked.connect(self._on_report)
        cancel = Button(theme, "Cancel", Kind.QUIET)
        cancel.clicked.connect(self.close)
        self.body.addLayout(foot_of(cancel, self.report))

    def open_at(self, anchor: QWidget) -> None:
        super().open_at(anchor)
        self.note.setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        control = event.modifiers() & Qt.KeyboardModifier.ControlModifier
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and control:
            self._on_report()
        else:
            super().keyPressEvent(event)

    def _on_report(self) -> None:
        self.close()
        self.reported.emit(self.note.toPlainText().strip())
        self.note.clear()
