"""Changes the passphrase of the open workspace."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QProgressBar, QVBoxLayout, QWidget

from agent_assist.errors import ErrorInfo
from agent_assist.services.protection.keys import KeyService
from agent_assist.ui.context import UiContext
from agent_assist.ui.dialogs.key_dialog import KeyDialog
from agent_assist.ui.dialogs.passphrase_strength import STRENGTH_TEXT, Strength, passphrase_strength
from agent_assist.ui.tokens import SPACE_2, SPACE_3, SPACE_6, TextSize, Tone
from agent_assist.ui.widgets.button import IconButton
from agent_assist.ui.widgets.label import Label

WIDTH = 440
_TONES = {Strength.SHORT: "muted", Strength.WEAK: Tone.ATTENTION, Strength.FAIR: "muted"}


class PassphraseDialog(KeyDialog):
    """`changed` is emitted when the new passphrase opens the workspace."""

    changed = Signal()

    def __init__(self, ui: UiContext, keys: KeyService, parent: QWidget | None = None) -> None:
        super().__init__(ui, keys, "Change the passphrase", "Change it", parent)
        self.setFixedWidth(WIDTH)
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
        self._fill()
        for field in self._fields:
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
        layout.addLayout(self._foot())

    # --- slots --------------------------------------------------------------------------------------

    def _on_reveal(self, shown: bool) -> None:
        mode = QLineEdit.EchoMode.Normal if shown else QLineEdit.EchoMode.Password
        for field in self._fields:
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
        self._ui.bridge.run(lambda: keys.change_passphrase(old, new), self._on_done, self._on_failed)

    def _on_done(self, _: object) -> None:
        self._set_busy(False)
        self._clear()
        self.changed.emit()
        self.accept()

    def _on_failed(self, error: ErrorInfo) -> None:
        super()._on_failed(error)
        self.old.setFocus(Qt.FocusReason.OtherFocusReason)
        self.old.selectAll()
