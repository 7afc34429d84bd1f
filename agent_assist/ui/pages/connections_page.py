"""The helpdesks that tickets come from and replies go to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from PySide6.QtWidgets import QVBoxLayout, QWidget

from agent_assist.domain.access import Permission
from agent_assist.domain.helpdesk import Connection, ConnectorKind, FieldKind, SyncStatus
from agent_assist.ui.context import UiContext
from agent_assist.ui.dialogs.connection_dialog import ConnectionDialog
from agent_assist.ui.pages.connection_card import ConnectionCard
from agent_assist.ui.pages.page import Page
from agent_assist.ui.permission import allow, barred
from agent_assist.ui.tokens import SPACE_2, Tone
from agent_assist.ui.widgets.button import Button, Kind
from agent_assist.ui.widgets.card import READING_WIDTH, Column, clear
from agent_assist.ui.widgets.empty import EmptyState

FACTS = "Only the helpdesks that you connect here are ever contacted."


@dataclass(frozen=True, slots=True)
class _Shown:
    connections: Sequence[Connection]
    kinds: Sequence[ConnectorKind]
    statuses: Mapping[str, SyncStatus]
    why_not: str
    """Why the person may not connect helpdesks; empty where they may."""


class ConnectionsPage(Page):
    """One card for each connection, kept up to date by the events of synchronising."""

    title: ClassVar[str] = "Connections"
    icon: ClassVar[str] = "web"
    widest: ClassVar[int] = READING_WIDTH

    def __init__(self, ui: UiContext, parent: QWidget | None = None) -> None:
        super().__init__(ui, parent)
        if ui.desk.connections is None or ui.desk.sync is None:
            raise RuntimeError("this desk was made without connections")
        self._connections, self._sync = ui.desk.connections, ui.desk.sync
        self.cards: dict[str, ConnectionCard] = {}
        self._kinds: Sequence[ConnectorKind] = ()
        self.add = Button(ui.theme, "Connect a helpdesk", Kind.PRIMARY, "plus")
        self.add.setEnabled(False)
        self.add.clicked.connect(lambda: self.ask())
        self.tools.addWidget(self.add)
        self.say_facts(FACTS)
        column = Column()
        self._list = QVBoxLayout()
        self._list.setSpacing(SPACE_2)
        self.nothing = EmptyState(
            ui.theme,
            "web",
            "No helpdesk is connected",
            "Connect Request Tracker, a shared mailbox, Zendesk and others. Your tickets then come by "
            "themselves, and replies go out from here.",
        )
        self.nothing.hide()
        column.body.addLayout(self._list)
        column.body.addWidget(self.nothing)
        column.body.addStretch(1)
        self.body.addWidget(column)
        self.setFocusProxy(self.add)
        ui.bridge.connections_changed.connect(self.refresh)
        ui.bridge.sync_changed.connect(self._on_sync_changed)
        self.refresh()

    def refresh(self) -> None:
        """Read what is connected."""
        desk, connections, sync = self.ui.desk, self._connections, self._sync

        def read() -> _Shown:
            statuses = {status.connection_id: status for status in sync.statuses()}
            why_not = barred(desk, Permission.CONNECT)
            return _Shown(connections.all(), connections.kinds(), statuses, why_not)

        self.ui.bridge.run(read, self._show, self.retrying(self.refresh), latest="connections")

    def _show(self, shown: _Shown) -> None:
        self._kinds = shown.kinds
        allow(self.add, shown.why_not)
        self.say_facts(" ".join(filter(None, (FACTS, shown.why_not))))
        clear(self._list)
        self.cards = {}
        titles = {kind.name: kind.title for kind in shown.kinds}
        for connection in shown.connections:
            card = ConnectionCard(self.ui.theme, connection, titles.get(connection.kind, connection.kind))
            card.synced.connect(lambda name: self.ui.bridge.run(lambda: self._sync.sync_now(name)))
            card.edited.connect(self._on_edit)
            card.removed.connect(self._on_remove)
            card.switched.connect(self._on_switched)
            card.bar(shown.why_not)
            if connection.id in shown.statuses:
                card.show_status(shown.statuses[connection.id])
            self.cards[connection.id] = card
            self._list.addWidget(card)
        self.nothing.setVisible(not shown.connections)

    def ask(self, connection: Connection | None = None, kept: Sequence[str] = ()) -> ConnectionDialog:
        """Open the form for a new connection, or for one that is there."""
        dialog = ConnectionDialog(self.ui, self._connections, self._kinds, connection, kept, self)
        dialog.saved.connect(self._on_saved)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
        return dialog

    # --- slots --------------------------------------------------------------------------------------

    def _on_saved(self, connection: Connection) -> None:
        self.toast.say(f"{connection.title} is connected.")
        self.refresh()

    def _on_edit(self, name: str) -> None:
        connection = self.cards[name].connection
        connections = self._connections
        kind = next((k for k in self._kinds if k.name == connection.kind), None)
        secret = [f.name for f in kind.fields if f.kind is FieldKind.SECRET] if kind else []

        def read() -> list[str]:
            return [field for field in secret if connections.has_secret(name, field)]

        def ask(kept: list[str]) -> None:
            self.ask(connection, kept)

        self.ui.bridge.run(read, ask, self.show_error)

    def _on_switched(self, name: str, on: bool) -> None:
        connections = self._connections
        self.ui.bridge.run(lambda: connections.enable(name, on), None, self.show_error)

    def _on_remove(self, name: str) -> None:
        title = self.cards[name].connection.title
        self.banner.show_message(
            Tone.ATTENTION,
            f"Remove {title}?",
            "Its tickets and its password leave this machine. Nothing changes in the helpdesk.",
            [("Remove", lambda: self._remove(name, title))],
            closable=True,
        )

    def _remove(self, name: str, title: str) -> None:
        self.banner.hide()
        connections = self._connections

        def done(_: object) -> None:
            self.toast.say(f"{title} removed.")
            self.refresh()

        self.ui.bridge.run(lambda: connections.remove(name), done, self.show_error)

    def _on_sync_changed(self, status: SyncStatus) -> None:
        if (card := self.cards.get(status.connection_id)) is not None:
            card.show_status(status)
