"""Draws one row of the queue: who, what, where from, since when, and how far the draft is."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QFontMetrics, QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from agent_assist.domain.ticket import Channel
from agent_assist.ui import icons, tokens, words
from agent_assist.ui.plain import one_line
from agent_assist.ui.theme import Theme
from agent_assist.ui.tokens import TextSize
from agent_assist.ui.views.queue_model import Row, RowRole

_PAD = tokens.SPACE_3
_MARGIN = tokens.SPACE_1
_CHANNEL_ICONS = {channel: str(channel) for channel in Channel}


class QueueDelegate(QStyledItemDelegate):
    """Draws a `Row` in three lines; all rows have one height, so that long queues scroll fast."""

    def __init__(self, theme: Theme, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        theme.changed.connect(self._measure)
        self._measure()

    def _measure(self) -> None:
        theme = self._theme
        self._small, self._body = theme.font(TextSize.SMALL), theme.font()
        self._bold = theme.font(bold=True)
        self._small_bold = theme.font(TextSize.SMALL, bold=True)
        self._small_line = QFontMetrics(self._small).height()
        self._body_line = QFontMetrics(self._body).height()
        self._height = 2 * _PAD + self._body_line + 2 * self._small_line + 2 * tokens.SPACE_1

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(200, self._height)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        row: Row = index.data(RowRole)
        area: QRect = option.rect
        state = option.state
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._ground(painter, area, state)
        left = area.left() + _PAD + tokens.SPACE_3
        inner = QRect(left, area.top() + _PAD, area.right() - _PAD - left, area.height() - 2 * _PAD)
        if row.summary.unread:
            self._unread(painter, area, inner)
        self._first_line(painter, inner, row)
        second = inner.top() + self._body_line + tokens.SPACE_1
        self._second_line(painter, QRect(inner.left(), second, inner.width(), self._small_line), row)
        third = second + self._small_line + tokens.SPACE_1
        self._third_line(painter, QRect(inner.left(), third, inner.width(), self._small_line), row)
        painter.restore()

    def _ground(self, painter: QPainter, area: QRect, state: QStyle.StateFlag) -> None:
        box = QRectF(area).adjusted(_MARGIN + 0.5, 1.5, -_MARGIN - 0.5, -1.5)
        selected = bool(state & QStyle.StateFlag.State_Selected)
        hovered = bool(state & QStyle.StateFlag.State_MouseOver)
        if selected or hovered:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._theme.colour("accent_soft" if selected else "hover"))
            painter.drawRoundedRect(box, tokens.RADIUS, tokens.RADIUS)
        if selected and state & QStyle.StateFlag.State_HasFocus:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(self._theme.colour("accent"), 2))
            painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), tokens.RADIUS, tokens.RADIUS)

    def _unread(self, painter: QPainter, area: QRect, inner: QRect) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.colour("accent"))
        middle = inner.top() + self._body_line / 2
        painter.drawEllipse(QPointF(area.left() + _PAD + 2.5, middle), 3.5, 3.5)

    def _first_line(self, painter: QPainter, area: QRect, row: Row) -> None:
        summary = row.summary
        since = words.waiting(summary.updated_at)
        font = self._small_bold if summary.waiting else self._small
        wide = QFontMetrics(font).horizontalAdvance(since)
        colour = "text" if summary.waiting else "muted"
        line = QRect(area.left(), area.top(), area.width(), self._body_line)
        self._text(painter, line, since, font, colour, Qt.AlignmentFlag.AlignRight)
        name = summary.customer_name or "Customer"
        room = line.adjusted(0, 0, -wide - tokens.SPACE_2, 0)
        self._text(painter, room, one_line(name, 80), self._bold if summary.unread else self._body, "text")

    def _second_line(self, painter: QPainter, area: QRect, row: Row) -> None:
        summary = row.summary
        text = one_line(summary.subject or summary.excerpt)
        self._text(painter, area, text, self._small, "text" if summary.unread else "muted")

    def _third_line(self, painter: QPainter, area: QRect, row: Row) -> None:
        theme, summary, note = self._theme, row.summary, row.note
        y = area.top() + (area.height() - 14) / 2
        icons.paint(painter, _CHANNEL_ICONS[summary.channel], theme.colour("muted"), area.left(), y, 14)
        x = area.left() + 14 + tokens.SPACE_1
        place = f"#{summary.id}" if len(summary.id) <= 12 else words.CHANNELS[summary.channel]
        if summary.language:
            place += f" · {summary.language.upper()[:5]}"
        room = QRect(x, area.top(), area.right() - x, area.height())
        self._text(painter, room, place, self._small, "muted")
        if not note.text:
            return
        colour = theme.tone(note.tone)
        wide = QFontMetrics(self._small).horizontalAdvance(note.text)
        start = area.right() - wide
        painter.setPen(colour)
        painter.setFont(self._small)
        painter.drawText(
            QRect(start, area.top(), wide + 2, area.height()), int(Qt.AlignmentFlag.AlignVCenter), note.text
        )
        if note.icon:
            icons.paint(painter, note.icon, colour, start - 14 - tokens.SPACE_1, y, 14)

    def _text(
        self,
        painter: QPainter,
        area: QRect,
        text: str,
        font: QFont,
        colour: str,
        side: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignLeft,
    ) -> None:
        painter.setFont(font)
        painter.setPen(self._theme.colour(colour))
        elided = QFontMetrics(font).elidedText(text, Qt.TextElideMode.ElideRight, area.width())
        painter.drawText(area, int(side | Qt.AlignmentFlag.AlignVCenter), elided)
