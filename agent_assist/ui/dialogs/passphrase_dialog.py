"""Changes the passphrase of the open workspace."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLineEdit, QProgressBar, QVBoxLayout, QWidget

from agent_assist.errors import ErrorInfo
from agent_assist.services.keys import KeyService
from agent_assist.ui.context import UiContext
from agent_assist.ui.dialogs.passphrase_strength import STRENGTH_TEXT, Strength, passphrase_strength
from agent_assist.ui.tokens import SPACE_2, SPACE_3, SPACE_6, TextSize, Tone
from agent_assist.ui.widgets.banner import Banner
from agent_assist.ui.widgets.button import Button, IconButton, Kind
from agent_assist.ui.widgets.label import Label
from agent_assist.ui.widgets.spinner import Spinner

WIDTH = 440
_TONES = {Strength.SHORT: "muted", Strength.WEAK: Tone.ATTENTION, Strength.FAIR: "muted"}


class PassphraseDialog(QDialog):
    """`changed` is emitted when the new passphrase opens the workspace."""

    changed = Signal()

    def __init__(self, ui: UiContext, keys: KeyService, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ui, self._keys, self._busy = ui, keys, False
        self.setWindowTitle("Change the passphrase")
        self.setFixedWidth(WIDTH)
        self.banner = Banner(ui.theme)
        self.old = self._field("Passphrase now, or the recovery key")
        self.new = self._field("New passphrase")
        self.again = self._field("The new one again")
        self.meter = QProgressBar()
        self.meter.setRange(0, int(Strength.STRONG))
        self.meter.setTextVisible(False)
        self.meter.setAccessibleName("How hard the new passphrase is to guess")
        self.said = Label("", TextSize.SMALL, "muted", wrap=True)
        self.reveal = IconButton(ui.theme, "eye", "Show what is typed", checkable=True)
        self.reveal.toggled.connect(self._on_reveal)
        self.go = Button(ui.theme, "Change it", Kind.PRIMARY)
        self.go.setDefault(True)
        self.go.clicked.connect(self._on_go)
        self.cancel = Button(ui.theme, "Cancel")
        self.cancel.clicked.connect(self.reject)
        self._spinner = Spinner(ui.theme)
        self._spinner.hide()
        self._fill()
        for field in (self.old, self.new, self.again):
            field.textChanged.connect(self._on_typed)
        self._on_typed()

    def _fill(self) -> None:
        in_keyring = self._keys.source == "keyring"
        note = (
            f"The key is in the system's keyring ({self._keys.keyring}) now. With a passphrase the workspace "
            "asks for it at every start."
            if in_keyring
            else "Nobody can set it back for you. A recovery key opens the workspace where it is forgotten."
        )
        # What was never set cannot be asked for.
        self.old.setVisible(not in_keyring)
        foot = QHBoxLayout()
        foot.setSpacing(SPACE_2)
        foot.addWidget(self._spinner)
        foot.addStretch(1)
        foot.addWidget(self.cancel)
        foot.addWidget(self.go)
        first = QHBoxLayout()
        first.setSpacing(SPACE_2)
        first.addWidget(self.new, 1)
        first.addWidget(self.reveal)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACE_6, SPACE_6, SPACE_6, SPACE_6)
        layout.setSpacing(SPACE_2)
        title = "Set a passphrase" if in_keyring else "Change the passphrase"
        layout.addWidget(Label(title, TextSize.TITLE, wrap=True))
        layout.addWidget(Label(note, tone="muted", wrap=True))
        layout.addWidget(self.banner)
        layout.addSpacing(SPACE_2)
        for field, name in ((self.old, "Passphrase now, or the recovery key"), (self.new, "New passphrase")):
            label = Label(name, TextSize.SMALL, bold=True)
            label.setBuddy(field)
            label.setVisible(field is self.new or not in_keyring)
            layout.addWidget(label)
            if field is self.old:
                layout.addWidget(field)
        layout.addLayout(first)
        layout.addWidget(self.meter)
        layout.addWidget(self.said)
        layout.addWidget(Label("The new one again", TextSize.SMALL, bold=True))
        layout.addWidget(self.again)
        layout.addSpacing(SPACE_3)
        layout.addStretch(1)
        layout.addLayout(foot)

    def _field(self, name: str) -> QLineEdit:
        field = QLineEdit()
        field.setEchoMode(QLineEdit.EchoMode.Password)
        field.setAccessibleName(name)
        return field

    # --- slots --------------------------------------------------------------------------------------

    def _on_reveal(self, shown: bool) -> None:
        mode = QLineEdit.EchoMode.Normal if shown else QLineEdit.EchoMode.Password
        for field in (self.old, self.new, self.again):
            field.setEchoMode(mode)

    def _on_typed(self) -> None:
        strength = passphrase_strength(self.new.text())
        same = self.new.text() == self.again.text()
        self.meter.setValue(int(strength))
        if strength > Strength.SHORT and self.again.text() and not same:
            self.said.setText("The two are not the same yet.")
            self.said.set_tone(Tone.ATTENTION)
        else:
            self.said.setText(STRENGTH_TEXT[strength])
            self.said.set_tone(_TONES.get(strength, Tone.OK))
        self.meter.setAccessibleDescription(self.said.text())
        asked = bool(self.old.text()) or self.old.isHidden()
        self.go.setEnabled(asked and strength > Strength.SHORT and same and not self._busy)

    def _on_go(self) -> None:
        keys, old, new = self._keys, self.old.text(), self.new.text()
        self._set_busy(True)
        self.banner.hide()
        # scrypt takes about a second on purpose, so it runs off the UI thread.
        self._ui.bridge.run(lambda: keys.change_passphrase(old, new), self._on_done, self._on_failed)

    def _on_done(self, _: object) -> None:
        self._set_busy(False)
        for field in (self.old, self.new, self.again):
            field.clear()
        self.changed.emit()
        self.accept()

    def _on_failed(self, error: ErrorInfo) -> None:
        self._set_busy(False)
        self.banner.show_message(Tone.DANGER, error.title, f"{error.sentence} {error.remedy}".strip())
        self.adjustSize()
        self.old.setFocus(Qt.FocusReason.OtherFocusReason)
        self.old.selectAll()

    def _set_busy(self, busy: bool) -> None:
        self._busy = busy
        for field in (self.old, self.new, self.again):
            field.setReadOnly(busy)
        self._spinner.setVisible(busy)
        self.cancel.setEnabled(not busy)
        self._on_typed()

    def reject(self) -> None:
        if not self._busy:
            super().reject()
