"""A turning arc while something is under way; three still dots with reduced motion."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QHideEvent, QPainter, QPaintEvent, QPen, QShowEvent
from PySide6.QtWidgets import QWidget

from agent_assist.ui import tokens
from agent_assist.ui.theme import Theme


class Spinner(QWidget):
    """Runs only while it is visible: hidden, it costs nothing."""

    def __init__(self, theme: Theme, size: int = tokens.ICON, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._angle = 0
        self.setFixedSize(QSize(size, size))
        self.setAccessibleName("Working")
        self._timer = QTimer(self)
        self._timer.setInterval(50)
        self._timer.timeout.connect(self._on_tick)
        theme.changed.connect(self._on_theme)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._on_theme()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._timer.stop()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colour = self._theme.colour("accent")
        side = self.width()
        if self._theme.reduced_motion:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colour)
            dot = side / 5
            for place in range(3):
                painter.drawEllipse(QRectF(place * 2 * dot, (side - dot) / 2, dot, dot))
            return
        pen = QPen(colour, max(1.5, side / 9))
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        painter.setPen(pen)
        edge = pen.widthF()
        painter.drawArc(QRectF(edge, edge, side - 2 * edge, side - 2 * edge), -self._angle * 16, 270 * 16)

    def _on_theme(self) -> None:
        if self.isVisible() and not self._theme.reduced_motion:
            self._timer.start()
        else:
            self._timer.stop()
        self.update()

    def _on_tick(self) -> None:
        self._angle = (self._angle + 24) % 360
        self.update()
