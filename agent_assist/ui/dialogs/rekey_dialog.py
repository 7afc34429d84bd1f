"""Gives the workspace a new data key: everything is encrypted anew."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from agent_assist.errors import ErrorInfo
from agent_assist.services.keys import KeyService
from agent_assist.ui.context import UiContext
from agent_assist.ui.dialogs.passphrase_strength import Strength, passphrase_strength
from agent_assist.ui.tokens import SPACE_2, SPACE_3, SPACE_6, TextSize, Tone
from agent_assist.ui.widgets.banner import Banner
from agent_assist.ui.widgets.button import Button, Kind
from agent_assist.ui.widgets.label import Label
from agent_assist.ui.widgets.spinner import Spinner

WIDTH = 460


class RekeyDialog(QDialog):
    """`agreed` carries the passphrase that opens it now and the new one, which may be empty."""

    agreed = Signal(str, str)

    def __init__(self, ui: UiContext, keys: KeyService, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ui, self._keys, self._busy = ui, keys, False
        self._sealed = keys.source == "passphrase"
        self.setWindowTitle("Encrypt the workspace anew")
        self.setFixedWidth(WIDTH)
        self.banner = Banner(ui.theme)
        self.now = self._field("Passphrase now, or the recovery key")
        self.new = self._field("New passphrase, empty to keep it")
        self.go = Button(ui.theme, "Encrypt anew", Kind.PRIMARY)
        self.go.setDefault(True)
        self.go.clicked.connect(self._on_go)
        self.cancel = Button(ui.theme, "Cancel")
        self.cancel.clicked.connect(self.reject)
        self._spinner = Spinner(ui.theme)
        self._spinner.hide()
        note = (
            "For when the recovery key or a copy of the folder got about. Everything is encrypted under a new"
            " key; the old recovery key opens nothing any more. The window closes and comes back when it is"
            " done, which takes about a minute for a large workspace."
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACE_6, SPACE_6, SPACE_6, SPACE_6)
        layout.setSpacing(SPACE_2)
        layout.addWidget(Label("Encrypt the workspace anew", TextSize.TITLE, wrap=True))
        layout.addWidget(Label(note, tone="muted", wrap=True))
        layout.addWidget(self.banner)
        for field in (self.now, self.new) if self._sealed else ():
            label = Label(field.accessibleName(), TextSize.SMALL, bold=True)
            label.setBuddy(field)
            layout.addWidget(label)
            layout.addWidget(field)
            field.textChanged.connect(self._on_typed)
        foot = QHBoxLayout()
        foot.setSpacing(SPACE_2)
        foot.addWidget(self._spinner)
        foot.addStretch(1)
        foot.addWidget(self.cancel)
        foot.addWidget(self.go)
        layout.addSpacing(SPACE_3)
        layout.addLayout(foot)
        self._on_typed()

    def _field(self, name: str) -> QLineEdit:
        field = QLineEdit(self)
        field.setEchoMode(QLineEdit.EchoMode.Password)
        field.setAccessibleName(name)
        field.setVisible(self._sealed)
        return field

    # --- slots --------------------------------------------------------------------------------------

    def _on_typed(self) -> None:
        new = self.new.text()
        strong = not new or passphrase_strength(new) > Strength.SHORT
        self.go.setEnabled((bool(self.now.text()) or not self._sealed) and strong and not self._busy)

    def _on_go(self) -> None:
        keys, new = self._keys, self.new.text()
        now = self.now.text() if self._sealed else None
        self._set_busy(True)
        self.banner.hide()
        # scrypt takes about a second on purpose, so the passphrase is tried off the UI thread.
        self._ui.bridge.run(lambda: keys.begin_rekey(now, new), self._on_tried, self._on_failed)

    def _on_tried(self, _: object) -> None:
        now, new = self.now.text(), self.new.text()
        self._set_busy(False)
        for field in (self.now, self.new):
            field.clear()
        self.accept()
        self.agreed.emit(now, new)

    def _on_failed(self, error: ErrorInfo) -> None:
        self._set_busy(False)
        self.banner.show_message(Tone.DANGER, error.title, f"{error.sentence} {error.remedy}".strip())
        self.adjustSize()

    def _set_busy(self, busy: bool) -> None:
        self._busy = busy
        for field in (self.now, self.new):
            field.setReadOnly(busy)
        self._spinner.setVisible(busy)
        self.cancel.setEnabled(not busy)
        self._on_typed()

    def reject(self) -> None:
        if not self._busy:
            super().reject()
