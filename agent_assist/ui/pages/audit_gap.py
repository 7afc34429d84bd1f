"""Going on after a gap in the audit log that is known: a restored backup."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from agent_assist.ui.permission import allow
from agent_assist.ui.theme import Theme
from agent_assist.ui.tokens import SPACE_1, SPACE_2, TextSize
from agent_assist.ui.widgets.button import Button, Kind
from agent_assist.ui.widgets.label import Label

NO_REASON = "Write why there is a gap; it stays in the log."


class AuditGap(QWidget):
    """Shown while the log has a finding."""

    accepted = Signal(str)
    """Why there is a gap."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._why_not = ""
        note = Label(
            "Where a backup was restored, go on from here: the gap and your reason stay in the log for ever."
            " Changed entries cannot be accepted.",
            TextSize.SMALL,
            "muted",
            wrap=True,
        )
        self.why = QLineEdit()
        self.why.setPlaceholderText("Why there is a gap, such as: backup of 12 November restored")
        self.why.setAccessibleName("Why there is a gap")
        self.why.setMaxLength(200)
        self.go = Button(theme, "Accept the gap", Kind.SECONDARY, "check-circle")
        self.go.clicked.connect(self._on_go)
        self.why.textChanged.connect(self._on_typed)
        self.why.returnPressed.connect(self._on_go)
        line = QHBoxLayout()
        line.setSpacing(SPACE_2)
        line.addWidget(self.why, 1)
        line.addWidget(self.go)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, SPACE_1, 0, 0)
        layout.setSpacing(SPACE_2)
        layout.addWidget(note)
        layout.addLayout(line)
        self.hide()

    def offer(self, why_not: str) -> None:
        """Show it; `why_not` says why the person may not accept a gap, empty where they may."""
        self._why_not = why_not
        allow(self.why, why_not)
        self._on_typed()
        self.show()

    def _on_typed(self) -> None:
        allow(self.go, self._why_not or ("" if self.why.text().strip() else NO_REASON))

    def _on_go(self) -> None:
        if self.go.isEnabled():
            allow(self.go, "The log is being read.")
            self.accepted.emit(self.why.text().strip())
