"""Read-only wrapped text that can be selected and copied, with marked stretches; plain text only.

Lighter than a text editor for each message, and unlike a label it breaks words that are too long for
the line, marks stretches, and never reads markup.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPoint, QPointF, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QFocusEvent,
    QFont,
    QFontMetrics,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QTextCharFormat,
    QTextLayout,
    QTextOption,
)
from PySide6.QtWidgets import QMenu, QSizePolicy, QWidget

from agent_assist.ui.theme import Theme
from agent_assist.ui.tokens import TextSize

Stretch = tuple[int, int, str]
"""(start, end, token): `match` and `…_soft` colour the ground, any other token the text."""


class TextBlock(QWidget):
    """As high as its text at the width that it is given; `set_line_limit` folds it."""

    def __init__(
        self,
        theme: Theme,
        size: TextSize = TextSize.BODY,
        colour: str = "text",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._theme, self._size, self._colour = theme, size, colour
        self._text = ""
        self._stretches: tuple[Stretch, ...] = ()
        self._layouts: list[tuple[QTextLayout, int]] = []
        self._width = -1
        self._height = 0
        self._heights: dict[int, int] = {}
        self._font: QFont | None = None
        self._natural = 0
        self._anchor = self._caret = 0
        self._limit = 0
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setCursor(Qt.CursorShape.IBeamCursor)
        theme.changed.connect(self._on_theme)

    # --- content --------------------------------------------------------------------------------

    @property
    def text(self) -> str:
        return self._text

    def set_text(self, text: str, stretches: Sequence[Stretch] = ()) -> None:
        self._text, self._stretches = text, tuple(stretches)
        self._anchor = self._caret = 0
        self._forget()
        self._natural = 0
        self.setAccessibleName(text[:4000])
        self._fit()

    def set_stretches(self, stretches: Sequence[Stretch]) -> None:
        if tuple(stretches) != self._stretches:
            self._stretches = tuple(stretches)
            self._width = -1
            self.update()

    def set_line_limit(self, lines: int) -> None:
        """Show at most so many lines, fading the rest by an ellipsis; 0 shows all."""
        if lines != self._limit:
            self._limit = lines
            self._forget()
            self._fit()

    @property
    def selected_text(self) -> str:
        low, high = sorted((self._anchor, self._caret))
        return self._text[low:high]

    def select(self, start: int, end: int) -> None:
        self._anchor, self._caret = start, end
        self.update()

    # --- layout ---------------------------------------------------------------------------------

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        height = self._heights.get(width)
        if height is None:
            self._lay_out(width)
            height = self._heights[width] = self._height
        return height

    def natural_width(self) -> int:
        """The width at which nothing wraps."""
        if not self._natural:
            metrics = self._metrics()
            lines = self._text[:4000].split("\n")
            self._natural = max((metrics.horizontalAdvance(line[:400]) for line in lines), default=0) + 2
        return self._natural

    def sizeHint(self) -> QSize:
        width = self.width() if self.width() > 40 else 320
        return QSize(min(self.natural_width(), 560), self.heightForWidth(width))

    def minimumSizeHint(self) -> QSize:
        return QSize(40, self._metrics().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.oldSize().width() != event.size().width():
            self._fit()

    @property
    def shortened(self) -> bool:
        """True where the line limit hides some of the text."""
        self._lay_out(max(1, self.width()))
        last, start = self._layouts[-1] if self._layouts else (None, 0)
        if last is None or not last.lineCount():
            return False
        line = last.lineAt(last.lineCount() - 1)
        return start + line.textStart() + line.textLength() < len(self._text)

    def _fit(self) -> None:
        """Take the height that the text needs: a layout would squeeze it below that."""
        if self.width() > 0:
            self.setMinimumHeight(self.heightForWidth(self.width()))
        self.updateGeometry()
        self.update()

    def _forget(self) -> None:
        self._width = -1
        self._heights = {}

    def _metrics(self) -> QFontMetrics:
        if self._font is None:
            self._font = self._theme.font(self._size)
        return QFontMetrics(self._font)

    def _lay_out(self, width: int) -> None:
        if width == self._width:
            return
        self._width = width
        self._layouts = []
        option = QTextOption()
        option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        metrics = self._metrics()
        font = self._font or self._theme.font(self._size)
        spacing = round(metrics.height() * 0.1)
        y, start, lines = 0.0, 0, 0
        for paragraph in self._text.split("\n"):
            layout = QTextLayout(paragraph, font)
            layout.setTextOption(option)
            layout.setCacheEnabled(True)
            layout.setFormats(self._formats(start, start + len(paragraph)))
            layout.beginLayout()
            while (line := layout.createLine()).isValid():
                line.setLineWidth(max(1, width))
                line.setPosition(QPointF(0, y))
                y += line.height() + spacing
                lines += 1
                if self._limit and lines >= self._limit:
                    break
            layout.endLayout()
            self._layouts.append((layout, start))
            start += len(paragraph) + 1
            if self._limit and lines >= self._limit:
                break
        self._height = max(1, round(y - spacing))

    def _formats(self, start: int, end: int) -> list[QTextLayout.FormatRange]:
        result = []
        for low, high, look in self._stretches:
            first, last = max(low, start), min(high, end)
            if first >= last:
                continue
            span = QTextLayout.FormatRange()
            span.start, span.length = first - start, last - first
            style = QTextCharFormat()
            if look == "match" or look.endswith("_soft"):
                style.setBackground(self._theme.colour(look))
            else:
                style.setForeground(self._theme.colour(look))
            span.format = style
            result.append(span)
        return result

    # --- drawing --------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        self._lay_out(self.width())
        painter = QPainter(self)
        painter.setPen(self._theme.colour(self._colour))
        low, high = sorted((self._anchor, self._caret))
        clip = event.rect()
        for layout, start in self._layouts:
            bounds = layout.boundingRect()
            if bounds.bottom() < clip.top() or bounds.top() > clip.bottom():
                continue
            layout.draw(painter, QPointF(0, 0), self._selection(layout, low - start, high - start))

    def _selection(self, layout: QTextLayout, low: int, high: int) -> list[QTextLayout.FormatRange]:
        first, last = max(0, low), min(len(layout.text()), high)
        if first >= last:
            return []
        span = QTextLayout.FormatRange()
        span.start, span.length = first, last - first
        style = QTextCharFormat()
        style.setBackground(QColor(self._theme.colours.accent))
        style.setForeground(QColor(self._theme.colours.on_accent))
        span.format = style
        return [span]

    # --- selecting ------------------------------------------------------------------------------

    def _position_at(self, point: QPoint) -> int:
        for layout, start in self._layouts:
            for number in range(layout.lineCount()):
                line = layout.lineAt(number)
                if point.y() < line.y() + line.height() + 4:
                    found = line.xToCursor(float(point.x()))
                    # The stubs also know the form that takes a cursor; this one gives one number.
                    return start + (found if isinstance(found, int) else found[0])
        return len(self._text)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._caret = self._position_at(event.position().toPoint())
            if not event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
                self._anchor = self._caret
            self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._caret = self._position_at(event.position().toPoint())
            self.update()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        at = self._position_at(event.position().toPoint())
        start = end = at
        while start > 0 and not self._text[start - 1].isspace():
            start -= 1
        while end < len(self._text) and not self._text[end].isspace():
            end += 1
        self.select(start, end)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy()
        elif event.matches(QKeySequence.StandardKey.SelectAll):
            self.select(0, len(self._text))
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        if event.reason() != Qt.FocusReason.PopupFocusReason:
            self.select(0, 0)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        menu = QMenu(self)
        menu.addAction("Copy", self.copy).setEnabled(self._anchor != self._caret)
        menu.addAction("Copy all", lambda: QGuiApplication.clipboard().setText(self._text))
        menu.exec(event.globalPos())

    def copy(self) -> None:
        if self.selected_text:
            QGuiApplication.clipboard().setText(self.selected_text)

    def _on_theme(self) -> None:
        self._font = None
        self._forget()
        self._natural = 0
        self._fit()
