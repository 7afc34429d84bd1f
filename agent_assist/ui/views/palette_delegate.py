"""Draws one entry of the command palette: icon, title, and the keys at the right."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from agent_assist.ui import icons, tokens
from agent_assist.ui.theme import Theme
from agent_assist.ui.tokens import TextSize

KEYS, ICON = Qt.ItemDataRole.UserRole + 1, Qt.ItemDataRole.UserRole + 2


class PaletteDelegate(QStyledItemDelegate):
    """Draws with the theme's colours; the roles ICON and KEYS hold what stands beside the title."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(200, QFontMetrics(self._theme.font()).height() + tokens.SPACE_3)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        area: QRect = option.rect
        theme = self._theme
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour("accent_soft"))
            painter.drawRoundedRect(QRectF(area), tokens.RADIUS, tokens.RADIUS)
        inner = area.adjusted(tokens.SPACE_2, 0, -tokens.SPACE_2, 0)
        name = index.data(ICON) or "chevron-right"
        icons.paint(painter, name, theme.colour("muted"), inner.left(), inner.center().y() - 7)
        keys = index.data(KEYS) or ""
        small = theme.font(TextSize.SMALL)
        wide = QFontMetrics(small).horizontalAdvance(keys)
        side = int(Qt.AlignmentFlag.AlignVCenter)
        painter.setFont(small)
        painter.setPen(theme.colour("muted"))
        painter.drawText(QRect(inner.right() - wide, inner.top(), wide + 2, inner.height()), side, keys)
        painter.setFont(theme.font())
        painter.setPen(theme.colour("text"))
        room = inner.adjusted(tokens.SPACE_6, 0, -wide - tokens.SPACE_2, 0)
        text = QFontMetrics(theme.font()).elidedText(
            index.data() or "", Qt.TextElideMode.ElideRight, room.width()
        )
        painter.drawText(room, side, text)
        painter.restore()
