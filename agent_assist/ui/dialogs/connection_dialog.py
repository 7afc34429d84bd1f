"""Connects a helpdesk, or changes one that is connected: its kind, its fields, a test, saved."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from PySide6.QtCore import Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QFrame,
    QLineEdit,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)
from shiboken6 import isValid

from agent_assist.domain.helpdesk import Account, Connection, ConnectorKind
from agent_assist.errors import ErrorInfo
from agent_assist.services.helpdesks.connections import ConnectionService
from agent_assist.services.jobs import Job, JobContext
from agent_assist.ui.context import UiContext
from agent_assist.ui.dialogs.connection_form import ConnectionForm
from agent_assist.ui.tokens import SPACE_1, SPACE_3, SPACE_4, TextSize, Tone
from agent_assist.ui.widgets.banner import Banner
from agent_assist.ui.widgets.button import Button, Kind
from agent_assist.ui.widgets.foot import foot_of
from agent_assist.ui.widgets.label import Label
from agent_assist.ui.widgets.spinner import Spinner

T = TypeVar("T")

WIDTH, HEIGHT = 520, 620
PLACES = {"keyring": "the system's keyring", "database": "the encrypted workspace"}


class ConnectionDialog(QDialog):
    """`saved` carries the connection.  Nothing is saved before "Save"; a test saves nothing."""

    saved = Signal(object)
    page_wanted = Signal(str)
    """The address to sign in at; comes from the service's thread."""

    def __init__(
        self,
        ui: UiContext,
        connections: ConnectionService,
        kinds: Sequence[ConnectorKind],
        connection: Connection | None = None,
        kept: Sequence[str] = (),
        parent: QWidget | None = None,
    ) -> None:
        """`kept` names the secret fields for which `connection` has a value."""
        super().__init__(parent)
        self.ui, self._connections = ui, connections
        self._connection, self._kept = connection, kept
        self._kinds = {kind.name: kind for kind in kinds}
        self._busy = False
        self._signed_in: dict[str, str] = {}
        self._waiting: Job[None] | None = None
        self.page_wanted.connect(self._on_page_wanted)
        self.finished.connect(lambda _: self._stop())
        self.setWindowTitle(f"Change {connection.title}" if connection else "Connect a helpdesk")
        self.resize(WIDTH, HEIGHT)
        self.kind = QComboBox()
        self.kind.setAccessibleName("Helpdesk")
        for kind in kinds:
            if not kind.problem:
                self.kind.addItem(kind.title, kind.name)
        self.name = QLineEdit(connection.title if connection else "")
        self.name.setAccessibleName("Name")
        self.banner = Banner(ui.theme)
        self._spinner = Spinner(ui.theme)
        self._spinner.hide()
        self.test = Button(ui.theme, "Test connection")
        self.test.clicked.connect(self._on_test)
        self.sign_in = Button(ui.theme, "Sign in")
        self.sign_in.clicked.connect(self._on_sign_in)
        self.save = Button(ui.theme, "Save" if connection else "Connect", Kind.PRIMARY)
        self.save.setDefault(True)
        self.save.clicked.connect(self._on_save)
        self.cancel = Button(ui.theme, "Cancel")
        self.cancel.clicked.connect(self.reject)
        self.form = ConnectionForm(ui.theme, (), {})
        self._fill()
        if connection is not None:
            self.kind.setCurrentIndex(self.kind.findData(connection.kind))
            self.kind.setEnabled(False)
        self.kind.currentIndexChanged.connect(lambda _: self._show_form())
        self._show_form()

    def _fill(self) -> None:
        inner = QWidget()
        inner.setProperty("panel", "clear")
        self._column = QVBoxLayout(inner)
        self._column.setContentsMargins(0, 0, SPACE_3, 0)
        self._column.setSpacing(SPACE_3)
        for title, editor in (("Helpdesk", self.kind), ("Name", self.name)):
            label = Label(title)
            label.setBuddy(editor)
            group = QVBoxLayout()
            group.setSpacing(SPACE_1)
            group.addWidget(label)
            group.addWidget(editor)
            self._column.addLayout(group)
        self._column.addWidget(self.form)
        place = PLACES.get(self._connections.secrets_in, "the encrypted workspace")
        note = f"Tokens and passwords are kept in {place}. Only this helpdesk is contacted."
        self._column.addWidget(Label(note, TextSize.SMALL, "muted", wrap=True))
        self._column.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidget(inner)
        foot = foot_of(self.cancel, self.save, left=(self.sign_in, self.test, self._spinner))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACE_4, SPACE_4, SPACE_4, SPACE_4)
        layout.setSpacing(SPACE_3)
        layout.addWidget(scroll, 1)
        layout.addWidget(self.banner)
        layout.addLayout(foot)

    def _show_form(self) -> None:
        kind = self._kinds.get(str(self.kind.currentData()))
        values: Mapping[str, str] = self._connection.values if self._connection else {}
        form = ConnectionForm(self.ui.theme, kind.fields if kind else (), values, self._kept)
        form.changed.connect(self._on_changed)
        self._column.replaceWidget(self.form, form)
        self.form.hide()
        self.form.deleteLater()
        self.form = form
        self.name.setPlaceholderText(kind.title if kind else "")
        self._signed_in = {}
        self._on_changed()

    def _on_changed(self) -> None:
        """What a test said holds for what was in the form then."""
        self.banner.hide()
        kind = self._kinds.get(str(self.kind.currentData()))
        server = kind.sign_in.server(self.form.values()) if kind and kind.sign_in else None
        self.sign_in.setVisible(kind is not None and kind.sign_in is not None)
        self.sign_in.setEnabled(server is not None)
        self.sign_in.setText(f"Sign in to {server.title}" if server else "Sign in")

    # --- signing in in the browser ------------------------------------------------------------------

    def _on_sign_in(self) -> None:
        kind, values, secrets = str(self.kind.currentData()), self.form.values(), self.form.secrets()
        known = self._connection.id if self._connection else ""
        connections = self._connections

        def work(context: JobContext) -> dict[str, str]:
            return connections.sign_in(kind, values, secrets, self.page_wanted.emit, context.cancel, known)

        # It takes as long as the person does: in the job queue it holds up no other call.
        self._set_busy(True)
        self._waiting = self.ui.bridge.submit(
            "Sign in", work, self._on_signed_in, self._on_sign_in_failed, visible=False
        )

    def _stop(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()

    def _on_page_wanted(self, address: str) -> None:
        opened = QDesktopServices.openUrl(QUrl(address))
        told = "Sign in in your browser; this form goes on by itself."
        if not opened:
            told = "No browser could be opened. Copy the address and open it in one."
        self.banner.show_message(
            Tone.ATTENTION,
            "Waiting for your browser",
            told,
            [
                ("Copy address", lambda: QGuiApplication.clipboard().setText(address)),
                ("Stop", self._stop),
            ],
        )

    def _on_sign_in_failed(self, error: ErrorInfo) -> None:
        if not isValid(self):
            return
        stopped = self._waiting is not None and self._waiting.cancel_token.is_set()
        self._waiting = None
        self._set_busy(False)
        self.banner.hide() if stopped else self.banner.show_error(error)

    def _on_signed_in(self, secrets: dict[str, str]) -> None:
        if not isValid(self):
            return
        self._waiting = None
        self._set_busy(False)
        self._signed_in = secrets
        self.banner.show_message(Tone.OK, "You are signed in", "Test the connection, or save it.")

    def _secrets(self) -> dict[str, str]:
        """What was typed, and what signing in has left."""
        return {**self.form.secrets(), **self._signed_in}

    # --- trying and saving --------------------------------------------------------------------------

    def _on_test(self) -> None:
        kind, values, secrets = str(self.kind.currentData()), self.form.values(), self._secrets()
        known = self._connection.id if self._connection else ""
        connections, signed_in = self._connections, self._signed_in

        def work() -> tuple[dict[str, str], Account | None]:
            problems = connections.problems(kind, values, secrets, known)
            try:
                return problems, None if problems else connections.test(kind, values, secrets, known)
            finally:  # what the test has renewed is what holds from now on
                signed_in.update({name: secrets[name] for name in signed_in})

        self._run(work, self._on_tested)

    def _on_tested(self, found: tuple[dict[str, str], Account | None]) -> None:
        problems, account = found
        self.form.show_problems(problems)
        if account is not None:
            who = account.name or account.email or account.id
            self.banner.show_message(Tone.OK, "It works", f"Signed in as {who}.")

    def _on_save(self) -> None:
        kind, values, secrets = str(self.kind.currentData()), self.form.values(), self._secrets()
        title, known = self.name.text().strip(), self._connection
        connections = self._connections

        def work() -> tuple[dict[str, str], Connection | None]:
            problems = connections.problems(kind, values, secrets, known.id if known else "")
            if problems:
                return problems, None
            if known is not None:
                return {}, connections.change(known.id, title=title, values=values, secrets=secrets)
            return {}, connections.add(kind, title, values, secrets)

        self._run(work, self._on_saved)

    def _on_saved(self, found: tuple[dict[str, str], Connection | None]) -> None:
        problems, connection = found
        self.form.show_problems(problems)
        if connection is not None:
            self.saved.emit(connection)
            self.accept()

    def _run(self, work: Callable[[], T], done: Callable[[T], None]) -> None:
        """Call the service off the UI thread; the form waits, and Cancel closes it all the same."""
        if self._busy:
            return
        self._set_busy(True)

        def finished(result: T) -> None:
            if isValid(self):  # else the form was closed meanwhile
                self._set_busy(False)
                done(result)

        def failed(error: ErrorInfo) -> None:
            if isValid(self):
                self._set_busy(False)
                self.banner.show_error(error)

        self.ui.bridge.run(work, finished, failed)

    def _set_busy(self, busy: bool) -> None:
        self._busy = busy
        self._spinner.setVisible(busy)
        for widget in (self.form, self.name, self.test, self.save, self.sign_in):
            widget.setEnabled(not busy)
