"""A small panel that opens beside what it belongs to, takes the keyboard and closes on Escape."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from agent_assist.ui import tokens


class Popover(QWidget):
    """Put the content into `body`; `open_at` shows it below, or above where there is no room."""

    def __init__(self, name: str, parent: QWidget | None = None, width: int = 320) -> None:
        super().__init__(parent, Qt.WindowType.Popup | Qt.WindowType.FramelessWindowHint)
        self.setAttribute(Qt.WidgetAttribute.WA_TranslucentBackground)
        self.setAccessibleName(name)
        self._frame = QFrame(self)
        self._frame.setProperty("panel", "popover")
        self._frame.setFixedWidth(width)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self._frame)
        self.body = QVBoxLayout(self._frame)
        self.body.setContentsMargins(tokens.SPACE_4, tokens.SPACE_3, tokens.SPACE_4, tokens.SPACE_4)
        self.body.setSpacing(tokens.SPACE_2)

    def open_at(self, anchor: QWidget) -> None:
        self.adjustSize()
        self.move(self._place(QRect(anchor.mapToGlobal(QPoint(0, 0)), anchor.size())))
        self.show()
        first = self.focusWidget() or self.nextInFocusChain()
        if first is not None:
            first.setFocus(Qt.FocusReason.PopupFocusReason)

    def _place(self, anchor: QRect) -> QPoint:
        screen = QGuiApplication.screenAt(anchor.center()) or QGuiApplication.primaryScreen()
        room = screen.availableGeometry()
        size = self.sizeHint()
        x = min(max(anchor.left(), room.left()), max(room.left(), room.right() - size.width()))
        below = anchor.bottom() + tokens.SPACE_1
        above = anchor.top() - size.height() - tokens.SPACE_1
        y = below if below + size.height() <= room.bottom() or above < room.top() else above
        return QPoint(x, y)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.close()
            return
        super().keyPressEvent(event)
