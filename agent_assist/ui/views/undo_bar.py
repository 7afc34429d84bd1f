"""A sent reply that can still be taken back, with the seconds left."""

from __future__ import annotations

from datetime import UTC, datetime

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QProgressBar, QWidget

from agent_assist.domain.outbox import OutboxItem, OutboxState
from agent_assist.ui import icons, tokens
from agent_assist.ui.theme import Theme
from agent_assist.ui.widgets.button import Button, IconButton, Kind
from agent_assist.ui.widgets.label import ElidedLabel, restyle

_TICK_MS = 200


class UndoBar(QFrame):
    """Shows the reply sent last; older ones leave on their own."""

    withdraw_wanted = Signal(str)
    retry_wanted = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._item: OutboxItem | None = None
        self._to = ""
        self._icon = QLabel()
        self._text = ElidedLabel("")
        self._left = QProgressBar()
        self._left.setFixedWidth(72)
        self._left.setTextVisible(False)
        self._left.setAccessibleName("Time left to undo")
        self._undo = Button(theme, "Undo", Kind.SECONDARY, "undo")
        self._undo.clicked.connect(self._on_act)
        close = IconButton(theme, "close", "Dismiss")
        close.clicked.connect(self.hide)
        row = QHBoxLayout(self)
        row.setContentsMargins(tokens.SPACE_3, tokens.SPACE_1, tokens.SPACE_1, tokens.SPACE_1)
        row.setSpacing(tokens.SPACE_2)
        row.addWidget(self._icon)
        row.addWidget(self._text, 1)
        for widget in (self._left, self._undo, close):
            row.addWidget(widget)
        self._timer = QTimer(self)
        self._timer.setInterval(_TICK_MS)
        self._timer.timeout.connect(self._on_tick)
        theme.changed.connect(self._tint)
        self.hide()

    @property
    def item(self) -> OutboxItem | None:
        return self._item

    def show_item(self, item: OutboxItem, to: str) -> None:
        """`to` names whom the reply goes to."""
        self._item, self._to = item, to
        self._refresh()

    def update_item(self, item: OutboxItem) -> None:
        """A later state of the reply on show; of others only a failure is news."""
        if self._item is None or (item.id != self._item.id and item.state is not OutboxState.FAILED):
            return
        self._item = item
        self._refresh()

    def _seconds_left(self) -> float:
        return (self._item.due_at - datetime.now(UTC)).total_seconds() if self._item else 0.0

    def _refresh(self) -> None:
        item = self._item
        if item is None or item.state in (OutboxState.WITHDRAWN, OutboxState.CHANGED, OutboxState.UNKNOWN):
            self._timer.stop()
            self.hide()
            return
        left = self._seconds_left()
        waiting = item.state is OutboxState.QUEUED and left > 0
        failed = item.state is OutboxState.FAILED
        if failed:
            text = f"The reply to {self._to} was not sent. {item.error}".strip()
        elif waiting:
            text = f"Sending to {self._to} in {max(1, round(left))} s"
        elif item.state is OutboxState.SENT:
            text = f"Sent to {self._to}"
        elif item.error:
            text = f"Waiting to be sent. {item.error}"
        else:
            text = f"Sending to {self._to}…"
        self._text.setText(text)
        self._left.setVisible(waiting)
        total = max(0.1, (item.due_at - item.created_at).total_seconds())
        self._left.setRange(0, 1000)
        self._left.setValue(max(0, min(1000, round(1000 * left / total))))
        self._undo.setVisible(waiting or failed)
        self._undo.setText("Try again" if failed else "Undo")
        self._undo.setAccessibleName(self._undo.text())
        restyle(self, banner="danger" if failed else "accent")
        self._tint()
        self.show()
        if waiting:
            self._timer.start()
        else:
            self._timer.stop()
            if item.state is OutboxState.SENT:
                QTimer.singleShot(2500, self, lambda sent=item.id: self._leave(sent))

    def _leave(self, item_id: str) -> None:
        if self._item is not None and self._item.id == item_id and self._item.state is OutboxState.SENT:
            self.hide()

    def _on_tick(self) -> None:
        self._refresh()

    def _on_act(self) -> None:
        if self._item is None:
            return
        signal = self.retry_wanted if self._item.state is OutboxState.FAILED else self.withdraw_wanted
        signal.emit(self._item.id)

    def _tint(self) -> None:
        failed = self._item is not None and self._item.state is OutboxState.FAILED
        name, colour = ("octagon", "danger") if failed else ("send", "accent")
        self._icon.setPixmap(icons.pixmap(name, getattr(self._theme.colours, colour)))
