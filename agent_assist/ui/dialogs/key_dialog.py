"""What the dialogs that ask for passphrases share."""

from __future__ import annotations

from PySide6.QtWidgets import QDialog, QHBoxLayout, QLineEdit, QWidget

from agent_assist.errors import ErrorInfo
from agent_assist.services.protection.keys import KeyService
from agent_assist.ui.context import UiContext
from agent_assist.ui.tokens import Tone
from agent_assist.ui.widgets.banner import Banner
from agent_assist.ui.widgets.button import Button, Kind
from agent_assist.ui.widgets.foot import foot_of
from agent_assist.ui.widgets.spinner import Spinner


class KeyDialog(QDialog):
    """Passphrases are tried off the UI thread, as scrypt takes about a second on purpose; until it is known
    what became of them the dialog stays open and its fields as they are."""

    def __init__(
        self, ui: UiContext, keys: KeyService, title: str, go: str, parent: QWidget | None = None
    ) -> None:
        """`go` is what the button says that begins."""
        super().__init__(parent)
        self._ui, self._keys, self._busy = ui, keys, False
        self._fields: list[QLineEdit] = []
        self.setWindowTitle(title)
        self.banner = Banner(ui.theme)
        self.go = Button(ui.theme, go, Kind.PRIMARY)
        self.go.setDefault(True)
        self.go.clicked.connect(self._on_go)
        self.cancel = Button(ui.theme, "Cancel")
        self.cancel.clicked.connect(self.reject)
        self._spinner = Spinner(ui.theme)
        self._spinner.hide()

    def _field(self, name: str) -> QLineEdit:
        """A field for a passphrase, which is not shown while it is typed; Tab goes in the layout's order."""
        field = QLineEdit()
        field.setEchoMode(QLineEdit.EchoMode.Password)
        field.setAccessibleName(name)
        self._fields.append(field)
        return field

    def _foot(self) -> QHBoxLayout:
        return foot_of(self.cancel, self.go, left=(self._spinner,))

    def _set_busy(self, busy: bool) -> None:
        self._busy = busy
        for field in self._fields:
            field.setReadOnly(busy)
        self._spinner.setVisible(busy)
        self.cancel.setEnabled(not busy)
        self._on_typed()

    def _clear(self) -> None:
        for field in self._fields:
            field.clear()

    def reject(self) -> None:
        if not self._busy:
            super().reject()

    # --- slots --------------------------------------------------------------------------------------

    def _on_typed(self) -> None:
        """Whether `go` can be pressed; nothing that is typed leaves."""
        raise NotImplementedError

    def _on_go(self) -> None:
        raise NotImplementedError

    def _on_failed(self, error: ErrorInfo) -> None:
        self._set_busy(False)
        self.banner.show_message(Tone.DANGER, error.title, f"{error.sentence} {error.remedy}".strip())
        self.adjustSize()
