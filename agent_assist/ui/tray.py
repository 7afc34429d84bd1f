"""The icon in the system's tray: state at a glance, and a way back to the window."""

from __future__ import annotations

from enum import Enum

from PySide6.QtCore import QObject, QRectF, Qt, Signal
from PySide6.QtGui import QAction, QGuiApplication, QIcon, QPainter, QPainterPath, QPen, QPixmap
from PySide6.QtWidgets import QMenu, QSystemTrayIcon

from agent_assist.domain.model import ModelState, ModelStatus
from agent_assist.domain.suggestion import Draft
from agent_assist.ui.plain import notice
from agent_assist.ui.theme import Theme

SIZES = (16, 22, 24, 32, 48)


class TrayState(Enum):
    """The value is what the tooltip says."""

    READY = "Ready"
    WRITING = "Writing a draft"
    ATTENTION = "Needs your attention"


def tray_icon(theme: Theme, state: TrayState) -> QIcon:
    """A speech bubble; while writing with three dots, on attention with a triangle: shape before colour."""
    result = QIcon()
    for size in SIZES:
        result.addPixmap(_drawn(theme, state, size))
    return result


class Tray(QObject):
    """Does nothing where the system has no tray: `available` says so."""

    open_requested = Signal()
    side_layout_requested = Signal(bool)
    pause_requested = Signal(bool)
    quit_requested = Signal()
    ticket_requested = Signal(str)
    """The notification of this ticket was clicked."""

    def __init__(self, theme: Theme, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._state = TrayState.READY
        self._problem = ""
        self._writing: set[str] = set()
        self._told = ""
        self.menu = QMenu()
        self.open_action = self._add("Open Agent Assist")
        self.open_action.triggered.connect(lambda: self.open_requested.emit())
        self.side_action = self._add("Side layout", checkable=True)
        self.side_action.triggered.connect(self.side_layout_requested)
        self.pause_action = self._add("Pause drafts ahead", checkable=True)
        self.pause_action.triggered.connect(self.pause_requested)
        self.menu.addSeparator()
        self.quit_action = self._add("Quit")
        self.quit_action.triggered.connect(lambda: self.quit_requested.emit())
        self._icon: QSystemTrayIcon | None = None
        if QSystemTrayIcon.isSystemTrayAvailable():
            self._icon = QSystemTrayIcon(self)
            self._icon.setContextMenu(self.menu)
            self._icon.activated.connect(self._on_activated)
            self._icon.messageClicked.connect(lambda: self.ticket_requested.emit(self._told))
        theme.changed.connect(self._draw)
        self._draw()

    @property
    def available(self) -> bool:
        """False where the window must not hide itself, because nothing would bring it back."""
        return self._icon is not None

    @property
    def state(self) -> TrayState:
        return self._state

    @property
    def tooltip(self) -> str:
        return f"Agent Assist: {self._problem or self._state.value}"

    def show(self) -> None:
        if self._icon is not None:
            self._icon.show()

    def hide(self) -> None:
        if self._icon is not None:
            self._icon.hide()

    def set_side_layout(self, side: bool) -> None:
        self.side_action.setChecked(side)

    def on_customer_wrote(self, ticket_id: str, title: str, excerpt: str) -> None:
        """Tell of a new message; the window has it in its queue either way."""
        self._told = ticket_id
        if self._icon is not None:
            self._icon.showMessage(notice(title), notice(excerpt), self._icon.icon())

    def on_draft_changed(self, draft: Draft) -> None:
        if draft.state.working:
            self._writing.add(draft.ticket_id)
        else:
            self._writing.discard(draft.ticket_id)
        self._settle()

    def on_model_changed(self, status: ModelStatus) -> None:
        self._problem = (
            (status.reason or "The model could not be loaded.") if status.state is ModelState.FAILED else ""
        )
        self._settle()

    def _settle(self) -> None:
        if self._problem:
            state = TrayState.ATTENTION
        else:
            state = TrayState.WRITING if self._writing else TrayState.READY
        if state is not self._state:
            self._state = state
            self._draw()

    def _draw(self) -> None:
        if self._icon is not None:
            self._icon.setIcon(tray_icon(self._theme, self._state))
            self._icon.setToolTip(self.tooltip)

    def _on_activated(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        if reason in (QSystemTrayIcon.ActivationReason.Trigger, QSystemTrayIcon.ActivationReason.DoubleClick):
            self.open_requested.emit()

    def _add(self, text: str, checkable: bool = False) -> QAction:
        action = QAction(text, self.menu)
        action.setCheckable(checkable)
        self.menu.addAction(action)
        return action


def _drawn(theme: Theme, state: TrayState, size: int) -> QPixmap:
    ratio = QGuiApplication.primaryScreen().devicePixelRatio() if QGuiApplication.primaryScreen() else 1.0
    pixmap = QPixmap(round(size * ratio), round(size * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.scale(size / 16, size / 16)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.colour("accent"))
    bubble = QPainterPath()
    bubble.addRoundedRect(QRectF(1, 2, 14, 10), 3, 3)
    tail = QPainterPath()
    tail.moveTo(4, 11)
    tail.lineTo(4, 15)
    tail.lineTo(8.5, 11)
    painter.drawPath(bubble.united(tail))
    painter.setBrush(theme.colour("on_accent"))
    if state is TrayState.WRITING:
        for x in (4.6, 8.0, 11.4):
            painter.drawEllipse(QRectF(x - 1.1, 5.9, 2.2, 2.2))
    elif state is TrayState.ATTENTION:
        triangle = QPainterPath()
        triangle.moveTo(11.5, 7)
        triangle.lineTo(16, 15.5)
        triangle.lineTo(7, 15.5)
        triangle.closeSubpath()
        painter.setBrush(theme.colour("attention_line"))
        painter.setPen(QPen(theme.colour("surface"), 1))
        painter.drawPath(triangle)
    else:
        painter.setPen(QPen(theme.colour("on_accent"), 1.4, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        painter.drawLine(4, 6, 12, 6)
        painter.drawLine(4, 9, 9, 9)
    painter.end()
    return pixmap
