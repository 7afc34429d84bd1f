"""Connects a helpdesk, or changes one that is connected: its kind, its fields, a test, saved."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from agent_assist.domain.helpdesk import Account, Connection, ConnectorKind
from agent_assist.errors import ErrorInfo
from agent_assist.services.connections import ConnectionService
from agent_assist.ui.context import UiContext
from agent_assist.ui.dialogs.connection_form import ConnectionForm
from agent_assist.ui.tokens import SPACE_1, SPACE_2, SPACE_3, SPACE_4, TextSize, Tone
from agent_assist.ui.widgets.banner import Banner
from agent_assist.ui.widgets.button import Button, Kind
from agent_assist.ui.widgets.label import Label
from agent_assist.ui.widgets.spinner import Spinner

T = TypeVar("T")

WIDTH, HEIGHT = 520, 620
PLACES = {"keyring": "the system's keyring", "database": "the encrypted workspace"}


class ConnectionDialog(QDialog):
    """`saved` carries the connection.  Nothing is saved before "Save"; a test saves nothing."""

    saved = Signal(object)

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
        foot = QHBoxLayout()
        foot.setSpacing(SPACE_2)
        foot.addWidget(self.test)
        foot.addWidget(self._spinner)
        foot.addStretch(1)
        foot.addWidget(self.cancel)
        foot.addWidget(self.save)
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
        self.banner.hide()

    def _on_changed(self) -> None:
        """What a test said holds for what was in the form then."""
        self.banner.hide()

    # --- trying and saving --------------------------------------------------------------------------

    def _on_test(self) -> None:
        kind, values, secrets = str(self.kind.currentData()), self.form.values(), self.form.secrets()
        known = self._connection.id if self._connection else ""
        connections = self._connections

        def work() -> tuple[dict[str, str], Account | None]:
            problems = connections.problems(kind, values, secrets, known)
            return problems, None if problems else connections.test(kind, values, secrets, known)

        self._run(work, self._on_tested)

    def _on_tested(self, found: tuple[dict[str, str], Account | None]) -> None:
        problems, account = found
        self.form.show_problems(problems)
        if account is not None:
            who = account.name or account.email or account.id
            self.banner.show_message(Tone.OK, "It works", f"Signed in as {who}.")

    def _on_save(self) -> None:
        kind, values, secrets = str(self.kind.currentData()), self.form.values(), self.form.secrets()
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
            self._set_busy(False)
            done(result)

        def failed(error: ErrorInfo) -> None:
            self._set_busy(False)
            self.banner.show_error(error)

        self.ui.bridge.run(work, finished, failed)

    def _set_busy(self, busy: bool) -> None:
        self._busy = busy
        self._spinner.setVisible(busy)
        for widget in (self.form, self.name, self.test, self.save):
            widget.setEnabled(not busy)
