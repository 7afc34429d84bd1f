"""The thread of one ticket, windowed: only a stretch of a long one exists as widgets."""

from __future__ import annotations

from datetime import date

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from agent_assist.domain.ticket import Role, Ticket
from agent_assist.ui import tokens, words
from agent_assist.ui.plain import one_line
from agent_assist.ui.theme import Theme
from agent_assist.ui.tokens import TextSize
from agent_assist.ui.views.message_view import MessageView
from agent_assist.ui.widgets.button import Button, Kind
from agent_assist.ui.widgets.label import Label
from agent_assist.ui.widgets.line import Line

FIRST = 24
STEP = 30
MOST = 120
"""Messages that exist as widgets at one time."""


class ConversationView(QScrollArea):
    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._ticket: Ticket | None = None
        self._low = self._high = 0
        self._stick = True
        self._content = QWidget()
        self._content.setProperty("panel", "clear")
        self._column = QVBoxLayout(self._content)
        self._column.setContentsMargins(tokens.SPACE_4, tokens.SPACE_3, tokens.SPACE_4, tokens.SPACE_3)
        self._column.setSpacing(tokens.SPACE_2)
        self.setWidget(self._content)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName("Conversation")
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(0)
        self._settle.timeout.connect(self._on_settled)
        self.verticalScrollBar().rangeChanged.connect(self._on_range)
        self.verticalScrollBar().valueChanged.connect(self._on_value)

    # --- content --------------------------------------------------------------------------------

    def show_ticket(self, ticket: Ticket) -> None:
        """Show a thread at its end; the same ticket grown by messages only gets those."""
        before, self._ticket = self._ticket, ticket
        count = len(ticket.messages)
        if before is not None and before.id == ticket.id and self._high == len(before.messages):
            old = len(before.messages)
            if ticket.messages[:old] == before.messages:
                if count > old:
                    self._stick = self._at_end()
                    self._append(old, count)
                return
        self._low, self._high = max(0, count - FIRST), count
        self._stick = True
        self._rebuild()

    def clear(self) -> None:
        self._ticket = None
        self._empty()

    @property
    def shown_range(self) -> tuple[int, int]:
        """First and past-the-last message that exist as widgets."""
        return self._low, self._high

    def message_views(self) -> list[MessageView]:
        items = (self._column.itemAt(place) for place in range(self._column.count()))
        widgets = [item.widget() for item in items if item is not None]
        return [widget for widget in widgets if isinstance(widget, MessageView)]

    def show_earlier(self) -> None:
        if self._ticket is None or self._low == 0:
            return
        anchor = self._low
        self._low = max(0, self._low - STEP)
        self._high = min(self._high, self._low + MOST)
        self._stick = False
        self._rebuild()
        QTimer.singleShot(0, self, lambda: self._scroll_to_message(anchor))

    def show_later(self) -> None:
        if self._ticket is None or self._high == len(self._ticket.messages):
            return
        anchor = self._high
        self._high = min(len(self._ticket.messages), self._high + STEP)
        self._low = max(self._low, self._high - MOST)
        self._stick = False
        self._rebuild()
        QTimer.singleShot(0, self, lambda: self._scroll_to_message(anchor))

    def show_newest(self) -> None:
        if self._ticket is not None:
            count = len(self._ticket.messages)
            self._low, self._high, self._stick = max(0, count - FIRST), count, True
            self._rebuild()

    # --- building -------------------------------------------------------------------------------

    def _empty(self) -> None:
        while (item := self._column.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()

    def _rebuild(self) -> None:
        ticket = self._ticket
        if ticket is None:
            return
        self._content.setUpdatesEnabled(False)
        self._empty()
        if self._low:
            earlier = min(STEP, self._low)
            text = f"Show {earlier} earlier of {self._low:,}"
            self._column.addWidget(self._jump(text, self.show_earlier))
        self._add_messages(self._low, self._high)
        rest = len(ticket.messages) - self._high
        if rest:
            self._column.addWidget(self._jump(f"Show later messages ({rest:,})", self.show_later))
            self._column.addWidget(self._jump("Go to the newest", self.show_newest))
        if not ticket.messages:
            label = Label("This ticket has no messages yet.", TextSize.BODY, "muted")
            self._column.addWidget(label)
        self._column.addStretch(1)
        self._content.setUpdatesEnabled(True)
        self._settle.start()

    def _append(self, low: int, high: int) -> None:
        self._high = high
        last = self._column.takeAt(self._column.count() - 1)
        del last
        self._add_messages(low, high)
        self._column.addStretch(1)
        self._settle.start()

    def _add_messages(self, low: int, high: int) -> None:
        assert self._ticket is not None  # noqa: S101 - for the type checker
        messages = self._ticket.messages
        day = self._day_of(low - 1) if low > self._low else None
        for number in range(low, high):
            message = messages[number]
            current = message.created_at.astimezone().date() if message.created_at else None
            if message.created_at and current != day:
                self._column.addWidget(self._separator(words.day(message.created_at)))
                day = current
            view = MessageView(self._theme, message, self._author(message.role))
            view.setProperty("number", number)
            view.grown.connect(self._on_grown)
            self._column.addWidget(view)

    def _day_of(self, number: int) -> date | None:
        if self._ticket is None or number < 0:
            return None
        moment = self._ticket.messages[number].created_at
        return moment.astimezone().date() if moment else None

    def _author(self, role: Role) -> str:
        if role is Role.CUSTOMER:
            name = self._ticket.customer.name if self._ticket else ""
            return one_line(name, 40) or "Customer"
        return "You" if role is Role.AGENT else "Your team"

    def _separator(self, text: str) -> QWidget:
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, tokens.SPACE_1, 0, tokens.SPACE_1)
        row.setSpacing(tokens.SPACE_2)
        row.addWidget(Line(), 1)
        row.addWidget(Label(text, TextSize.SMALL, "muted"))
        row.addWidget(Line(), 1)
        return holder

    def _jump(self, text: str, slot: object) -> Button:
        button = Button(self._theme, text, Kind.LINK)
        button.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        button.clicked.connect(slot)
        return button

    # --- scrolling ------------------------------------------------------------------------------

    def _at_end(self) -> bool:
        bar = self.verticalScrollBar()
        return bar.value() >= bar.maximum() - 24

    def _on_range(self, _low: int, high: int) -> None:
        if self._stick:
            self.verticalScrollBar().setValue(high)

    def _on_value(self, value: int) -> None:
        if value < self.verticalScrollBar().maximum() - 24:
            # The person has scrolled up: what arrives must not pull the text away.
            self._stick = self._stick and not self.verticalScrollBar().isSliderDown()

    def _on_grown(self) -> None:
        self._stick = False
        self._settle.start()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._settle.start()

    def _on_settled(self) -> None:
        """Give the messages the height they need once they are styled: a layout asked before that
        remembers less, and would squeeze them into the view instead of scrolling."""
        self._column.invalidate()
        height = self._column.totalHeightForWidth(self.viewport().width())
        self._content.setMinimumHeight(max(0, height))

    def wheelEvent(self, event: QWheelEvent) -> None:
        self._stick = False
        super().wheelEvent(event)

    def _scroll_to_message(self, number: int) -> None:
        for view in self.message_views():
            if view.property("number") == number:
                self.verticalScrollBar().setValue(max(0, view.y() - tokens.SPACE_8))
                return
