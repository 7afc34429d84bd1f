"""Icons: the SVG files in `resources/icons`, tinted with a token colour and drawn for each screen."""

from __future__ import annotations

from functools import cache

from PySide6.QtCore import QByteArray, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QGuiApplication, QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from agent_assist.resources import resource
from agent_assist.ui import tokens
from agent_assist.ui.theme import Theme


@cache
def _source(name: str) -> str:
    return resource("icons", f"{name}.svg").read_text(encoding="utf-8")


@cache
def _drawn(name: str, colour: str, size: int, ratio: float) -> QPixmap:
    svg = _source(name).replace("currentColor", colour)
    pixmap = QPixmap(QSize(size, size) * ratio)
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    QSvgRenderer(QByteArray(svg.encode())).render(painter, QRectF(0, 0, size, size))
    painter.end()
    return pixmap


def pixmap(name: str, colour: QColor | str, size: int = tokens.ICON, ratio: float = 0.0) -> QPixmap:
    """One icon as a pixmap; `ratio` is the device's pixel ratio, 0 for the largest in use."""
    text = colour if isinstance(colour, str) else colour.name()
    if not ratio:
        app = QGuiApplication.instance()
        ratio = app.devicePixelRatio() if isinstance(app, QGuiApplication) else 1.0
    return _drawn(name, text, size, ratio)


def icon(theme: Theme, name: str, colour: str = "text", size: int = tokens.ICON) -> QIcon:
    """One icon for a button or a menu, in the token colour of that name, paler when disabled."""
    result = QIcon(pixmap(name, getattr(theme.colours, colour), size))
    result.addPixmap(pixmap(name, theme.colours.outline, size), QIcon.Mode.Disabled)
    return result


def paint(
    painter: QPainter, name: str, colour: QColor | str, x: float, y: float, size: int = tokens.ICON
) -> None:
    """Draw an icon in a delegate or a paint event."""
    device = painter.device()
    drawn = pixmap(name, colour, size, device.devicePixelRatio() if device else 1.0)
    painter.drawPixmap(round(x), round(y), drawn)
