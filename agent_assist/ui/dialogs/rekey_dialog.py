"""Gives the workspace a new data key: everything is encrypted anew."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from agent_assist.services.protection.keys import KeyService
from agent_assist.ui.context import UiContext
from agent_assist.ui.dialogs.key_dialog import KeyDialog
from agent_assist.ui.dialogs.passphrase_strength import Strength, passphrase_strength
from agent_assist.ui.tokens import SPACE_2, SPACE_3, SPACE_6, TextSize
from agent_assist.ui.widgets.label import Label

WIDTH = 460


class RekeyDialog(KeyDialog):
    """`agreed` carries the passphrase that opens it now and the new one, which may be empty."""

    agreed = Signal(str, str)

    def __init__(self, ui: UiContext, keys: KeyService, parent: QWidget | None = None) -> None:
        super().__init__(ui, keys, "Encrypt the workspace anew", "Encrypt anew", parent)
        self._sealed = keys.source == "passphrase"
        self.setFixedWidth(WIDTH)
        self.now = self._field("Passphrase now, or the recovery key")
        self.new = self._field("New passphrase, empty to keep it")
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
        for field in self._fields if self._sealed else ():
            label = Label(field.accessibleName(), TextSize.SMALL, bold=True)
            label.setBuddy(field)
            layout.addWidget(label)
            layout.addWidget(field)
            field.textChanged.connect(self._on_typed)
        layout.addSpacing(SPACE_3)
        layout.addLayout(self._foot())
        self._on_typed()

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
        self._ui.bridge.run(lambda: keys.begin_rekey(now, new), self._on_tried, self._on_failed)

    def _on_tried(self, _: object) -> None:
        now, new = self.now.text(), self.new.text()
        self._set_busy(False)
        self._clear()
        self.accept()
        self.agreed.emit(now, new)
