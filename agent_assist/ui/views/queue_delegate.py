"""Draws one row of the queue: who, what, where from, since when, and how far the draft is."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import NamedTuple

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QFontMetrics, QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from agent_assist.domain.ticket import Channel
from agent_assist.ui import icons, tokens, words
from agent_assist.ui.plain import one_line
from agent_assist.ui.theme import Theme
from agent_assist.ui.tokens import TextSize
from agent_assist.ui.views.queue_model import QueueModel, Row

_PAD = tokens.SPACE_3
_MARGIN = tokens.SPACE_1
_ICON = 14
_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
_CHANNEL_ICONS = {channel: str(channel) for channel in Channel}


class _Box(NamedTuple):
    """A QRect whose numbers need no call."""

    x: int
    y: int
    width: int
    height: int


class _Face:
    """A font and its measures, remembered: a row is painted far oftener than it changes, and each question to
    Qt is a moment in which another thread may take the interpreter."""

    def __init__(self, font: QFont) -> None:
        self.font = font
        self._metrics = QFontMetrics(font)
        self.height = self._metrics.height()
        self.width = lru_cache(1024)(self._metrics.horizontalAdvance)
        self.shown = lru_cache(4096)(self._shown)

    def _shown(self, text: str, width: int) -> str:
        """As much of a text as a line of that width takes."""
        return self._metrics.elidedText(one_line(text), Qt.TextElideMode.ElideRight, width)


class QueueDelegate(QStyledItemDelegate):
    """Draws a `Row` of a `QueueModel` in three lines; all rows have one height, so that long queues scroll
    fast."""

    def __init__(self, theme: Theme, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        theme.changed.connect(self._measure)
        self._measure()

    def _measure(self) -> None:
        theme = self._theme
        self._small, self._body = _Face(theme.font(TextSize.SMALL)), _Face(theme.font())
        self._bold = _Face(theme.font(bold=True))
        self._small_bold = _Face(theme.font(TextSize.SMALL, bold=True))
        self._colour, self._tone = cache(theme.colour), cache(theme.tone)
        self._height = 2 * _PAD + self._body.height + 2 * self._small.height + 2 * tokens.SPACE_1

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(200, self._height)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        model = index.model()
        assert isinstance(model, QueueModel)  # noqa: S101 - for the type checker
        row = model.row(index.row())
        area: QRect = option.rect
        x, y, width = area.x(), area.y(), area.width()
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._ground(painter, area, option.state)
        inset = _PAD + tokens.SPACE_3
        first = _Box(x + inset, y + _PAD, width - inset - _PAD - 1, self._body.height)
        second = first._replace(y=first.y + first.height + tokens.SPACE_1, height=self._small.height)
        third = second._replace(y=second.y + second.height + tokens.SPACE_1)
        if row.summary.unread:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._colour("accent"))
            painter.drawEllipse(QPointF(x + _PAD + 2.5, first.y + first.height / 2), 3.5, 3.5)
        self._first_line(painter, first, row)
        self._second_line(painter, second, row)
        self._third_line(painter, third, row)
        painter.restore()

    def _ground(self, painter: QPainter, area: QRect, state: QStyle.StateFlag) -> None:
        box = QRectF(area).adjusted(_MARGIN + 0.5, 1.5, -_MARGIN - 0.5, -1.5)
        selected = bool(state & QStyle.StateFlag.State_Selected)
        hovered = bool(state & QStyle.StateFlag.State_MouseOver)
        if selected or hovered:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._colour("accent_soft" if selected else "hover"))
            painter.drawRoundedRect(box, tokens.RADIUS, tokens.RADIUS)
        if selected and state & QStyle.StateFlag.State_HasFocus:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(self._colour("accent"), 2))
            painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), tokens.RADIUS, tokens.RADIUS)

    def _first_line(self, painter: QPainter, line: _Box, row: Row) -> None:
        summary = row.summary
        since = words.waiting(summary.updated_at)
        face = self._small_bold if summary.waiting else self._small
        self._text(painter, line, since, face, "text" if summary.waiting else "muted", _RIGHT)
        room = line._replace(width=line.width - face.width(since) - tokens.SPACE_2)
        name = summary.customer_name or "Customer"
        self._text(painter, room, name, self._bold if summary.unread else self._body, "text")

    def _second_line(self, painter: QPainter, line: _Box, row: Row) -> None:
        summary = row.summary
        colour = "text" if summary.unread else "muted"
        self._text(painter, line, summary.subject or summary.excerpt, self._small, colour)

    def _third_line(self, painter: QPainter, line: _Box, row: Row) -> None:
        summary, note = row.summary, row.note
        top = line.y + (line.height - _ICON) / 2
        icons.paint(painter, _CHANNEL_ICONS[summary.channel], self._colour("muted"), line.x, top, _ICON)
        place = f"#{summary.id}" if len(summary.id) <= 12 else words.CHANNELS[summary.channel]
        if summary.language:
            place += f" · {summary.language.upper()[:5]}"
        beside = _ICON + tokens.SPACE_1
        room = line._replace(x=line.x + beside, width=line.width - beside)
        self._text(painter, room, place, self._small, "muted")
        if not note.text:
            return
        colour = self._tone(note.tone)
        wide = self._small.width(note.text)
        start = line.x + line.width - 1 - wide
        painter.setPen(colour)
        painter.setFont(self._small.font)
        painter.drawText(start, line.y, wide + 2, line.height, _LEFT, note.text)
        if note.icon:
            icons.paint(painter, note.icon, colour, start - beside, top, _ICON)

    def _text(
        self, painter: QPainter, line: _Box, text: str, face: _Face, colour: str, side: int = _LEFT
    ) -> None:
        painter.setFont(face.font)
        painter.setPen(self._colour(colour))
        painter.drawText(*line, side, face.shown(text, line.width))
