"""Files and folders dropped on a widget, with a ground that says they may be dropped."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QEvent, QObject, QRectF, Qt, Signal
from PySide6.QtGui import QDropEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from agent_assist.ui.theme import Theme
from agent_assist.ui.tokens import RADIUS_LARGE, SPACE_2


class FileDrop(QObject):
    """Makes `target` take local files and folders; `dropped` carries their paths."""

    dropped = Signal(list)

    def __init__(self, theme: Theme, target: QWidget, sentence: str) -> None:
        super().__init__(target)
        self._target = target
        self.overlay = _Overlay(theme, sentence, target)
        target.setAcceptDrops(True)
        target.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is not self._target:
            return False
        kind = event.type()
        if kind in (QEvent.Type.DragEnter, QEvent.Type.DragMove) and isinstance(event, QDropEvent):
            return self._offer(event)
        if kind == QEvent.Type.DragLeave:
            self.overlay.hide()
        elif kind == QEvent.Type.Drop and isinstance(event, QDropEvent):
            self.overlay.hide()
            paths = local_paths(event)
            if paths:
                event.acceptProposedAction()
                self.dropped.emit(paths)
                return True
        return False

    def _offer(self, event: QDropEvent) -> bool:
        if not local_paths(event):
            return False
        event.acceptProposedAction()
        self.overlay.setGeometry(self._target.rect())
        self.overlay.show()
        self.overlay.raise_()
        return True


def local_paths(event: QDropEvent) -> list[Path]:
    """The local files of a drop; addresses of other machines are left out."""
    return [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]


class _Overlay(QWidget):
    def __init__(self, theme: Theme, sentence: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme, self._sentence = theme, sentence
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ground = self._theme.colour("accent_soft")
        ground.setAlpha(235)
        painter.setBrush(ground)
        painter.setPen(QPen(self._theme.colour("accent"), 2, Qt.PenStyle.DashLine))
        area = QRectF(self.rect()).adjusted(SPACE_2, SPACE_2, -SPACE_2, -SPACE_2)
        painter.drawRoundedRect(area, RADIUS_LARGE, RADIUS_LARGE)
        painter.setPen(self._theme.colour("text"))
        painter.drawText(
            area, int(Qt.AlignmentFlag.AlignCenter) | int(Qt.TextFlag.TextWordWrap), self._sentence
        )
