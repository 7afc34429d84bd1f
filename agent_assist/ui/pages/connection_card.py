"""One connected helpdesk on the connections page."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QWidget

from agent_assist.domain.helpdesk import Connection, SyncState, SyncStatus
from agent_assist.ui.permission import allow
from agent_assist.ui.theme import Theme
from agent_assist.ui.tokens import SPACE_1, SPACE_2, TextSize, Tone
from agent_assist.ui.widgets.button import Button, Kind
from agent_assist.ui.widgets.card import Card
from agent_assist.ui.widgets.chip import Tag
from agent_assist.ui.widgets.label import ElidedLabel, Label
from agent_assist.ui.words import clock, count

STATES = {
    SyncState.OFF: ("Off", Tone.NEUTRAL),
    SyncState.WAITING: ("Up to date", Tone.OK),
    SyncState.SYNCING: ("Reading", Tone.ACCENT),
    SyncState.ERROR: ("Trying again", Tone.ATTENTION),
    SyncState.REFUSED: ("Needs you", Tone.DANGER),
}


class ConnectionCard(Card):
    """Each signal carries the connection's id; `switched` also whether it is on now."""

    synced = Signal(str)
    edited = Signal(str)
    removed = Signal(str)
    switched = Signal(str, bool)

    def __init__(
        self, theme: Theme, connection: Connection, kind_title: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent=parent)
        self.connection = connection
        self._kind = kind_title
        self.setAccessibleName(f"Connected helpdesk {connection.title}")
        self.state = Tag()
        self.on = QCheckBox("On")
        self.on.setChecked(connection.enabled)
        self.on.setAccessibleName(f"Follow {connection.title}")
        self.on.clicked.connect(lambda on: self.switched.emit(connection.id, on))
        top = QHBoxLayout()
        top.setSpacing(SPACE_2)
        top.addWidget(ElidedLabel(connection.title, bold=True), 1)
        top.addWidget(self.state)
        top.addWidget(self.on)
        self._facts = Label("", TextSize.SMALL, "muted", wrap=True)
        self.problem = Label("", TextSize.SMALL, Tone.DANGER, wrap=True, selectable=True)
        self.problem.hide()
        self.sync = Button(theme, "Look now", Kind.QUIET, "redo")
        self.edit = Button(theme, "Change", Kind.QUIET, "settings")
        self.remove = Button(theme, "Remove", Kind.QUIET, "trash")
        foot = QHBoxLayout()
        foot.setSpacing(SPACE_1)
        for button, signal in (
            (self.sync, self.synced),
            (self.edit, self.edited),
            (self.remove, self.removed),
        ):
            button.setAccessibleName(f"{button.text()} {connection.title}")
            button.clicked.connect(lambda _=False, told=signal: told.emit(connection.id))
            foot.addWidget(button)
        foot.addStretch(1)
        self.body.addLayout(top)
        self.body.addWidget(self._facts)
        self.body.addWidget(self.problem)
        self.body.addLayout(foot)
        self.show_status(SyncStatus(connection.id, SyncState.OFF))

    def bar(self, why_not: str) -> None:
        """Disable what changes the connection, with the reason; "" enables it."""
        for control in (self.on, self.edit, self.remove):
            allow(control, why_not)

    def show_status(self, status: SyncStatus) -> None:
        text, tone = STATES[status.state]
        if status.state is SyncState.SYNCING and status.done:
            text = f"Reading, {count(status.done, 'ticket')}"
        if not self.connection.enabled:
            text, tone = STATES[SyncState.OFF]
        self.state.set(text, tone)
        self.problem.setText(status.sentence)
        self.problem.setVisible(bool(status.sentence) and self.connection.enabled)
        self.sync.setEnabled(self.connection.enabled and status.state is not SyncState.SYNCING)
        address = self.connection.values.get("url") or self.connection.values.get("host") or ""
        facts = [self._kind, address, f"looked at {clock(status.last_at)}" if status.last_at else ""]
        if status.state in (SyncState.ERROR, SyncState.REFUSED) and self.connection.enabled:
            facts.append(f"next try at {clock(status.next_at)}")
        self._facts.setText(" · ".join(filter(None, facts)))
