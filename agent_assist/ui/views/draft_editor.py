"""The reply being written: streams without moving the caret, and shows in place what it rests on."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QMimeData, QPoint, QRectF, Qt, Signal
from PySide6.QtGui import QHelpEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent, QTextCursor
from PySide6.QtWidgets import QFrame, QPlainTextEdit, QTextEdit, QToolTip, QWidget

from agent_assist.ui.plain import soft_break, tooltip
from agent_assist.ui.theme import Theme
from agent_assist.ui.tokens import TextSize
from agent_assist.ui.views.draft_document import BADGE, DraftDocument, Fact, Span

_PASTE_LIMIT = 20_000


class DraftEditor(QPlainTextEdit):
    """`sentence_entered` carries the index of the sentence under pointer or caret, -1 for none."""

    sentence_entered = Signal(int)
    citation_activated = Signal(int)
    fact_entered = Signal(object)
    """Fact or None: the one under the caret, else under the pointer."""

    def __init__(self, theme: Theme, document: DraftDocument, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._hovered: Span | None = None
        self._active = -1
        self._fact: Fact | None = None
        self._badges: list[tuple[QRectF, int]] = []
        self.draft = document
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setAccessibleName("Reply")
        self.setPlaceholderText("Write a reply, or let the draft appear here.")
        self.setTabChangesFocus(True)
        self.setMouseTracking(True)
        self.viewport().setMouseTracking(True)
        self.setCenterOnScroll(False)
        self.show_document(document)
        self.cursorPositionChanged.connect(self._on_caret)
        theme.changed.connect(self.viewport().update)

    def show_document(self, document: DraftDocument) -> None:
        """Edit another ticket's document; its undo history comes with it."""
        self.draft = document
        self.setDocument(document)
        self.setTabStopDistance(4 * self.fontMetrics().horizontalAdvance(" "))
        self._hovered, self._active, self._fact = None, -1, None
        self._highlight(-1)

    def loadResource(self, kind: int, name: object) -> None:
        return None

    def insertFromMimeData(self, source: QMimeData) -> None:
        text = source.text()
        if len(text) > _PASTE_LIMIT:
            self.textCursor().insertText(soft_break(text))
        elif text:
            self.textCursor().insertText(text)

    def stream(self, text: str) -> None:
        """Append what is new; the caret and the scrolling stay where they are."""
        cursor, at = self.textCursor(), self.textCursor().position()
        anchor = cursor.anchor()
        place = self.verticalScrollBar().value()
        self.draft.stream(text)
        if self.textCursor().position() != at and at <= self.draft.characterCount() - 1:
            cursor.setPosition(min(anchor, self.draft.characterCount() - 1))
            cursor.setPosition(at, QTextCursor.MoveMode.KeepAnchor)
            self.setTextCursor(cursor)
        self.verticalScrollBar().setValue(place)

    def go_to_fact(self) -> bool:
        """Put the caret into the next fact to check; False where there is none."""
        facts = sorted(self.draft.open_facts, key=lambda f: f.cursor.selectionStart())
        if not facts:
            return False
        here = self.textCursor().selectionEnd()
        fact = next((f for f in facts if f.cursor.selectionStart() >= here), facts[0])
        cursor = self.textCursor()
        cursor.setPosition(fact.cursor.selectionStart())
        cursor.setPosition(fact.cursor.selectionEnd(), QTextCursor.MoveMode.KeepAnchor)
        self.setTextCursor(cursor)
        self.setFocus()
        self._on_caret()
        return True

    def highlight_sentences(self, passage: int) -> None:
        """Show which sentences rest on a passage; -1 for none."""
        self._highlight(self._active, passage)

    # --- what is under caret and pointer --------------------------------------------------------

    def _on_caret(self) -> None:
        position = self.textCursor().position()
        span = self._hovered or self.draft.span_at(position)
        self._set_active(span.index if span is not None else -1)
        self._set_fact(self.draft.fact_at(position))

    def _set_active(self, index: int) -> None:
        if index != self._active:
            self._active = index
            self._highlight(index)
            self.sentence_entered.emit(index)

    def _set_fact(self, fact: Fact | None) -> None:
        if fact is not self._fact:
            self._fact = fact
            self.fact_entered.emit(fact)

    def _highlight(self, index: int, passage: int = -1) -> None:
        selections = []
        for span in self.draft.spans:
            wanted = (span.index == index and span.numbers) or (passage >= 0 and passage in span.passages)
            if wanted and span.intact:
                selection = QTextEdit.ExtraSelection()
                selection.cursor = QTextCursor(span.cursor)
                selection.format.setBackground(self._theme.colour("accent_soft"))
                selections.append(selection)
        self.setExtraSelections(selections)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        super().mouseMoveEvent(event)
        point = event.position().toPoint()
        over = self._badge_at(point)
        shape = Qt.CursorShape.PointingHandCursor if over else Qt.CursorShape.IBeamCursor
        self.viewport().setCursor(shape)
        position = self.cursorForPosition(point).position()
        self._hovered = self.draft.span_at(position)
        if not event.buttons():
            self._set_active(self._hovered.index if self._hovered is not None else -1)
            fact = self.draft.fact_at(position)
            self._set_fact(fact if fact is not None else self.draft.fact_at(self.textCursor().position()))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        number = self._badge_at(event.position().toPoint())
        if number and event.button() == Qt.MouseButton.LeftButton:
            self.citation_activated.emit(number)
            return
        super().mousePressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._fact is not None and self.draft.fact_at(self.textCursor().position()) is self._fact:
            self.ensureCursorVisible()  # the bar that asks about it takes some of the room

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._hovered = None
        self._on_caret()

    def viewportEvent(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent):
            fact = self.draft.fact_at(self.cursorForPosition(event.pos()).position())
            if fact is not None and not fact.confirmed:
                QToolTip.showText(event.globalPos(), tooltip(fact.mark.reason), self.viewport())
            else:
                QToolTip.hideText()
            return True
        return super().viewportEvent(event)

    def _badge_at(self, point: QPoint) -> int:
        return next((number for area, number in self._badges if area.contains(point)), 0)

    # --- drawing --------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        self._badges = []
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(self._theme.font(TextSize.SMALL, bold=True))
        for span in self.draft.spans:
            if span.numbers and span.intact:
                self._paint_badges(painter, span)

    def _paint_badges(self, painter: QPainter, span: Span) -> None:
        end = QTextCursor(self.draft)
        end.setPosition(span.cursor.selectionEnd())
        after = self.cursorRect(end)
        if after.bottom() < 0 or after.top() > self.viewport().height():
            return
        active = span.index == self._active
        # Room was made after the last letter, so the caret behind it stands at the right end of it.
        left = float(after.left()) - BADGE * len(span.numbers)
        for place, number in enumerate(span.numbers):
            box = QRectF(left + place * BADGE + 1, after.top() + (after.height() - 16) / 2, BADGE - 2, 16)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._theme.colour("accent" if active else "accent_soft"))
            painter.drawRoundedRect(box, 4, 4)
            painter.setPen(QPen(self._theme.colour("on_accent" if active else "accent")))
            painter.drawText(box, int(Qt.AlignmentFlag.AlignCenter), str(number))
            self._badges.append((box, number))
