"""One message of the conversation: who, when, the text, its folded quote, its files; long texts fold."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPlainTextEdit, QSizePolicy, QVBoxLayout, QWidget

from agent_assist.domain.ticket import Attachment, Message, Role
from agent_assist.ui import icons, tokens, words
from agent_assist.ui.message_text import ShownText, message_text, shown_text
from agent_assist.ui.plain import one_line, reveal, soft_break
from agent_assist.ui.theme import Theme
from agent_assist.ui.tokens import TextSize
from agent_assist.ui.widgets.button import Button, Kind
from agent_assist.ui.widgets.label import Label
from agent_assist.ui.widgets.text_block import TextBlock

BUBBLE_WIDTH = 620
INLINE_LIMIT = 20_000
"""Characters that are laid out inside the conversation; more open in a scrolling box of their own."""
_PIECE = 100_000
_FILES = 12
"""Names of attachments that are listed; the rest is counted."""
_NAME = 64
_GROUNDS = {Role.CUSTOMER: "customer", Role.AGENT: "agent", Role.NOTE: "note"}


class LongText(QPlainTextEdit):
    """All of a very long text, filled piece by piece so that the window stays alive."""

    def __init__(self, text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setReadOnly(True)
        self.setUndoRedoEnabled(False)
        self.setFixedHeight(360)
        self.setAccessibleName("Whole message")
        self._text, self._at = text, 0
        self._timer = QTimer(self)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self._on_piece)
        self._on_piece()
        self._timer.start()

    def loadResource(self, kind: int, name: object) -> None:
        return None

    def _on_piece(self) -> None:
        end = self._text.find("\n", self._at + _PIECE)
        end = len(self._text) if end < 0 else end
        piece = soft_break(reveal(self._text[self._at : min(end, self._at + 2 * _PIECE)]).text)
        self._at = min(end, self._at + 2 * _PIECE)
        self.appendPlainText(piece.removeprefix("\n"))
        if self._at >= len(self._text):
            self._timer.stop()
        if self.verticalScrollBar().value() and not self.hasFocus():
            self.verticalScrollBar().setValue(0)


class Bubble(QWidget):
    """The ground of a message; a note has a dashed edge as well as another colour."""

    def __init__(self, theme: Theme, role: Role, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme, self._role = theme, role
        theme.changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(self._theme.colour(_GROUNDS[self._role]))
        painter.setPen(self._theme.colour(_GROUNDS[self._role]))
        if self._role is Role.NOTE:
            pen = painter.pen()
            pen.setColor(self._theme.colour("attention"))
            pen.setDashPattern([3, 3])
            painter.setPen(pen)
        box = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.drawRoundedRect(box, tokens.RADIUS_LARGE, tokens.RADIUS_LARGE)


class MessageView(QWidget):
    """A bubble whose text can be selected; a copy of the thread's message, never changed."""

    grown = Signal()
    """Something was folded or unfolded: its height is another one."""

    def __init__(self, theme: Theme, message: Message, author: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme, self._message = theme, message
        mine = message.role is Role.AGENT
        self._read = message_text(message)
        self._warned: set[str] = set()
        self._signs: list[tuple[QLabel, str, str]] = []
        theme.changed.connect(self._tint)
        self._bubble = Bubble(theme, message.role)
        self._column = QVBoxLayout(self._bubble)
        self._column.setContentsMargins(tokens.SPACE_3, tokens.SPACE_2, tokens.SPACE_3, tokens.SPACE_2)
        self._column.setSpacing(tokens.SPACE_1)
        head = self._head(author)
        self._column.addLayout(head)
        self._text = TextBlock(theme)
        self._column.addWidget(self._text)
        self._fill()
        words_width = max(self._text.natural_width() + 4, head.sizeHint().width())
        width = max(words_width + 2 * tokens.SPACE_3, 200)
        self._bubble.setMaximumWidth(min(width, BUBBLE_WIDTH))
        self._bubble.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        if mine:
            row.addSpacing(tokens.SPACE_8)
            row.addStretch(1)
        row.addWidget(self._bubble, 1000)
        if not mine:
            row.addStretch(1)
            row.addSpacing(tokens.SPACE_8)
        kind = "Internal note" if message.role is Role.NOTE else "Message"
        self.setAccessibleName(f"{kind} by {author} {words.clock(message.created_at)}")

    @property
    def message(self) -> Message:
        return self._message

    def _head(self, author: str) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(tokens.SPACE_2)
        row.addWidget(Label(author, TextSize.SMALL, bold=True))
        if self._message.role is Role.NOTE:
            row.addWidget(Label("Internal note", TextSize.SMALL, "attention"))
        row.addStretch(1)
        time = Label(words.clock(self._message.created_at), TextSize.SMALL, "muted")
        if self._message.created_at:
            time.setToolTip(self._message.created_at.astimezone().strftime("%A %d %B %Y, %H:%M:%S"))
        row.addWidget(time)
        return row

    def _fill(self) -> None:
        read = self._read
        if not read.own.strip():
            self._text.set_text(self._instead())
        else:
            self._show(read.first)
        if read.shortened:
            self._more = self._link(f"Show all ({words.text_size(len(read.own))})", self._on_more)
        if read.quote:
            self._quoted = self._link("Show quoted text", self._on_quote)
        for attachment in self._message.attachments[:_FILES]:
            self._list_file(_named(attachment))
        if len(self._message.attachments) > _FILES:
            self._list_file(f"and {len(self._message.attachments) - _FILES} more files")

    def _instead(self) -> str:
        """What stands where a message has no words of its own."""
        if self._read.quote:
            return "(only quoted text)"
        return "(only files)" if self._message.attachments else "(no text)"

    def _show(self, shown: ShownText) -> None:
        self._text.set_text(shown.text, shown.stretches)
        if shown.hidden:
            self._warn("Has invisible or direction-changing characters", "danger", "eye")
        if shown.reasons:
            reasons = " ".join(shown.reasons)
            self._warn(f"The marked text was not shown to the model. {reasons}", "attention", "triangle")

    def _list_file(self, text: str) -> None:
        """Name a file that came along; it is never opened, fetched or previewed."""
        row = QHBoxLayout()
        row.setSpacing(tokens.SPACE_1)
        row.addWidget(self._sign("attachment", "muted"), 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(Label(text, TextSize.SMALL, "muted", wrap=True), 1)
        self._column.addLayout(row)

    def _warn(self, text: str, tone: str, icon: str) -> None:
        """A line above the text, once however much of the message is shown."""
        if text in self._warned:
            return
        self._warned.add(text)
        row = QHBoxLayout()
        row.setSpacing(tokens.SPACE_1)
        row.addWidget(self._sign(icon, tone), 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(Label(text, TextSize.SMALL, tone, wrap=True), 1)
        self._column.insertLayout(len(self._warned), row)

    def _sign(self, icon: str, tone: str) -> QLabel:
        sign = QLabel()
        self._signs.append((sign, icon, tone))
        sign.setPixmap(icons.pixmap(icon, self._theme.colour(tone)))
        return sign

    def _tint(self) -> None:
        for sign, icon, tone in self._signs:
            sign.setPixmap(icons.pixmap(icon, self._theme.colour(tone)))

    def _link(self, text: str, slot: object) -> Button:
        button = Button(self._theme, text, Kind.LINK)
        button.setProperty("textSize", "small")
        button.clicked.connect(slot)
        row = QHBoxLayout()
        row.addWidget(button)
        row.addStretch(1)
        self._column.addLayout(row)
        return button

    def _on_more(self) -> None:
        self._more.hide()
        self._bubble.setMaximumWidth(BUBBLE_WIDTH)
        if len(self._read.own) <= INLINE_LIMIT:
            self._show(shown_text(self._read.own, self._message.role))
        else:
            self._text.hide()
            self._column.insertWidget(self._column.indexOf(self._text) + 1, LongText(self._read.own))
        self.grown.emit()

    def _on_quote(self) -> None:
        self._quoted.hide()
        self._bubble.setMaximumWidth(BUBBLE_WIDTH)
        if len(self._read.quote) <= INLINE_LIMIT:
            block = TextBlock(self._theme, TextSize.SMALL, "muted")
            block.set_text(reveal(soft_break(self._read.quote)).text)
            self._column.addWidget(block)
        else:
            self._column.addWidget(LongText(self._read.quote))
        self.grown.emit()


def _named(attachment: Attachment) -> str:
    """ "photo.jpg · 240 kB"; the size where the helpdesk says it."""
    name = one_line(attachment.name, 2000) or attachment.media_type or "a file"
    if len(name) > _NAME:
        # Both ends count: the extension says what it is.
        name = f"{name[: _NAME - 20].rstrip()}…{name[-20:].lstrip()}"
    return f"{name} · {words.file_size(attachment.size)}" if attachment.size else name
