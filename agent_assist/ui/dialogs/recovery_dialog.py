"""Shows a new recovery key, once."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QFontDatabase, QFontMetrics, QGuiApplication
from PySide6.QtWidgets import QCheckBox, QDialog, QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from agent_assist.ui.context import UiContext
from agent_assist.ui.tokens import SPACE_2, SPACE_3, SPACE_6, TextSize
from agent_assist.ui.widgets.button import Button, Kind
from agent_assist.ui.widgets.label import Label

WIDTH = 480
GROUPS = 5
"""Groups of the key in a line."""


class _KeyText(QPlainTextEdit):
    """The whole key, in lines of a few groups that can be copied by hand without losing the place."""

    def __init__(self, printed: str) -> None:
        groups = printed.split("-")
        lines = ["-".join(groups[at : at + GROUPS]) for at in range(0, len(groups), GROUPS)]
        super().__init__("-\n".join(lines))
        self.setReadOnly(True)
        self.setObjectName("recovery")
        self.setAccessibleName("The recovery key")
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.setTabChangesFocus(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        font.setPixelSize(16)
        self.setFont(font)
        metrics = QFontMetrics(font)
        self.setFixedHeight(metrics.lineSpacing() * len(lines) + 24)
        self.setMinimumWidth(metrics.horizontalAdvance(lines[0] + "--") + 32)


class RecoveryDialog(QDialog):
    """It closes only once the person says that the key is written down: it is kept nowhere."""

    def __init__(self, ui: UiContext, printed: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Recovery key")
        self.setMinimumWidth(WIDTH)
        self.key = _KeyText(printed)
        self.copy = Button(ui.theme, "Copy", Kind.SECONDARY, "copy")
        self.copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(printed))
        self.kept = QCheckBox("It is printed or written down")
        self.done_ = Button(ui.theme, "Done", Kind.PRIMARY)
        self.done_.setEnabled(False)
        self.kept.toggled.connect(self.done_.setEnabled)
        self.done_.clicked.connect(self.accept)
        line = QHBoxLayout()
        line.setSpacing(SPACE_2)
        line.addWidget(self.key, 1)
        line.addWidget(self.copy, 0, Qt.AlignmentFlag.AlignTop)
        foot = QHBoxLayout()
        foot.addWidget(self.kept, 1)
        foot.addWidget(self.done_)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACE_6, SPACE_6, SPACE_6, SPACE_6)
        layout.setSpacing(SPACE_2)
        layout.addWidget(Label("Your recovery key", TextSize.TITLE))
        layout.addWidget(
            Label(
                "It opens this workspace where the passphrase is forgotten or the keyring is lost. It is "
                "shown this once and kept nowhere; an older one no longer opens. Keep it on paper, away from "
                "this machine.",
                tone="muted",
                wrap=True,
            )
        )
        layout.addSpacing(SPACE_2)
        layout.addLayout(line)
        layout.addSpacing(SPACE_3)
        layout.addStretch(1)
        layout.addLayout(foot)

    def reject(self) -> None:
        if self.kept.isChecked():
            super().reject()

    def done(self, code: int) -> None:
        self.key.clear()
        super().done(code)
