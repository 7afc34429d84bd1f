"""Opens the workspace with a passphrase, or has one chosen where the system keeps no keys."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QLineEdit, QProgressBar, QVBoxLayout, QWidget

from agent_assist.errors import ErrorInfo
from agent_assist.services.desk import Desk, DeskOpener, KeyNeed
from agent_assist.services.events import EventBus
from agent_assist.ui import icons
from agent_assist.ui.bridge import Bridge
from agent_assist.ui.dialogs.passphrase_strength import STRENGTH_TEXT, Strength, passphrase_strength
from agent_assist.ui.theme import Theme
from agent_assist.ui.tokens import SPACE_2, SPACE_3, SPACE_6, TextSize, Tone
from agent_assist.ui.widgets.banner import Banner
from agent_assist.ui.widgets.button import Button, IconButton, Kind
from agent_assist.ui.widgets.foot import foot_of
from agent_assist.ui.widgets.label import ElidedLabel, Label
from agent_assist.ui.widgets.spinner import Spinner

WIDTH = 420
_TONES = {Strength.SHORT: "muted", Strength.WEAK: Tone.ATTENTION, Strength.FAIR: "muted"}


class UnlockDialog(QDialog):
    """`opened` carries the desk.  A wrong passphrase stays in the field, selected, to be corrected."""

    opened = Signal(object)

    def __init__(
        self, theme: Theme, opener: DeskOpener, need: KeyNeed, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._theme, self._opener = theme, opener
        self._new = need is KeyNeed.NEW_PASSPHRASE
        self._busy = False
        self.desk: Desk | None = None
        # Before there is a desk there are no events; the bridge only carries the call to another thread.
        self._bridge = Bridge(EventBus(), parent=self)
        self.finished.connect(lambda _code: self._bridge.close())
        self.setWindowTitle("Agent Assist")
        self.setFixedWidth(WIDTH)
        self.first = self._field("Passphrase")
        self.second = self._field("The same again")
        self.second.setVisible(self._new)
        self.strength = Label("", TextSize.SMALL, "muted", wrap=True)
        self.meter = QProgressBar()
        self.meter.setRange(0, int(Strength.STRONG))
        self.meter.setTextVisible(False)
        self.meter.setAccessibleName("How hard the passphrase is to guess")
        self.banner = Banner(theme)
        self.go = Button(theme, "Make the workspace" if self._new else "Unlock", Kind.PRIMARY)
        self.go.setDefault(True)
        self.go.clicked.connect(self._on_go)
        self.quit = Button(theme, "Quit")
        self.quit.clicked.connect(self.reject)
        self._spinner = Spinner(theme)
        self._spinner.hide()
        self._fill()
        self.first.textChanged.connect(self._on_typed)
        self.second.textChanged.connect(self._on_typed)
        self._on_typed()

    def _fill(self) -> None:
        picture = QLabel()

        def tint() -> None:
            picture.setPixmap(icons.pixmap("lock", self._theme.colour("accent"), 28))

        tint()
        self._theme.changed.connect(tint)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACE_6, SPACE_6, SPACE_6, SPACE_6)
        layout.setSpacing(SPACE_2)
        layout.addWidget(picture)
        title = "Choose a passphrase" if self._new else "Unlock your workspace"
        layout.addWidget(Label(title, TextSize.TITLE, wrap=True))
        note = (
            "Your tickets and articles are kept encrypted on this machine. This system has no keyring, "
            "so a passphrase opens them."
            if self._new
            else "Your tickets and articles are encrypted. The passphrase opens them."
        )
        layout.addWidget(Label(note, tone="muted", wrap=True))
        if self._opener.folder is not None:
            layout.addWidget(ElidedLabel(str(self._opener.folder), TextSize.SMALL, "muted"))
        layout.addWidget(self.banner)
        layout.addSpacing(SPACE_2)
        layout.addLayout(self._first_line())
        if self._new:
            layout.addWidget(self.meter)
            layout.addWidget(self.strength)
            layout.addWidget(self.second)
            layout.addWidget(self._warning())
        foot = foot_of(self.quit, self.go, left=(self._spinner,))
        layout.addSpacing(SPACE_3)
        layout.addStretch(1)
        layout.addLayout(foot)
        self.first.setFocus()

    def _first_line(self) -> QHBoxLayout:
        line = QHBoxLayout()
        line.setSpacing(SPACE_2)
        line.addWidget(self.first, 1)
        self.reveal = IconButton(self._theme, "eye", "Show what is typed", checkable=True)
        self.reveal.toggled.connect(self._on_reveal)
        line.addWidget(self.reveal)
        return line

    def _warning(self) -> Banner:
        warning = Banner(self._theme)
        warning.show_message(
            Tone.ATTENTION,
            "It cannot be recovered",
            "Nobody can open this workspace without the passphrase. Keep it in a safe place.",
        )
        return warning

    def _field(self, name: str) -> QLineEdit:
        field = QLineEdit()
        field.setEchoMode(QLineEdit.EchoMode.Password)
        field.setPlaceholderText(name)
        field.setAccessibleName(name)
        return field

    # --- slots --------------------------------------------------------------------------------------

    def _on_reveal(self, shown: bool) -> None:
        mode = QLineEdit.EchoMode.Normal if shown else QLineEdit.EchoMode.Password
        self.first.setEchoMode(mode)
        self.second.setEchoMode(mode)

    def _on_typed(self) -> None:
        self.go.setEnabled(bool(self.first.text()) and not self._busy)
        if not self._new:
            return
        strength = passphrase_strength(self.first.text())
        self.meter.setValue(int(strength))
        same = self.first.text() == self.second.text()
        said = STRENGTH_TEXT[strength]
        if strength > Strength.SHORT and self.second.text() and not same:
            self.strength.setText("The two are not the same yet.")
            self.strength.set_tone(Tone.ATTENTION)
        else:
            self.strength.setText(said)
            self.strength.set_tone(_TONES.get(strength, Tone.OK))
        self.meter.setAccessibleDescription(said)
        self.go.setEnabled(strength > Strength.SHORT and same and not self._busy)

    def _on_go(self) -> None:
        if not self.go.isEnabled():
            return
        self._set_busy(True)
        self.banner.hide()
        passphrase, opener = self.first.text(), self._opener
        # scrypt takes about a second on purpose, so it runs off the UI thread.
        self._bridge.run(lambda: opener.open(passphrase), self._on_opened, self._on_failed)

    def _on_opened(self, desk: Desk) -> None:
        self.desk = desk
        self.first.clear()
        self.second.clear()
        self.opened.emit(desk)
        self.accept()

    def _on_failed(self, error: ErrorInfo) -> None:
        self._set_busy(False)
        self.banner.show_message(Tone.DANGER, error.title, str(error))
        self.adjustSize()
        self.first.setFocus(Qt.FocusReason.OtherFocusReason)
        self.first.selectAll()

    def _set_busy(self, busy: bool) -> None:
        self._busy = busy
        self.first.setReadOnly(busy)
        self.second.setReadOnly(busy)
        self._spinner.setVisible(busy)
        self.quit.setEnabled(not busy)
        self._on_typed()

    def reject(self) -> None:
        if not self._busy:
            super().reject()
