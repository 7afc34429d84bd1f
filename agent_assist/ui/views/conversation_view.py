"""The thread of one ticket, windowed: only a stretch of a long one exists as widgets.

Messages become widgets a few at a time, the newest first, so that the window answers to keys in between; what
is added above the part that is looked at does not move it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from email.utils import parseaddr
from itertools import pairwise

from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from agent_assist.domain.ticket import Message, Role, Ticket
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
PIECE = 3
"""Messages that are made in one go: about 8 ms, which other threads may double or triple."""


class ConversationView(QScrollArea):
    """Shows the ticket that it is given, read-only; at most MOST messages are widgets at one time."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._ticket: Ticket | None = None
        self._low = self._high = 0
        self._wanted = (0, 0)
        """The stretch that is to exist; the timer makes what is missing between it and low–high."""
        self._top: Button | None = None
        self._bottom: list[QWidget] = []
        self._stick = True
        self._kept: tuple[MessageView, int] | None = None
        """The message that is looked at and where it stands in the view, while others come and go."""
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
        self._filling = QTimer(self)
        self._filling.setSingleShot(True)
        self._filling.setInterval(0)
        self._filling.timeout.connect(self._on_fill)
        self.verticalScrollBar().rangeChanged.connect(self._on_range)
        self.verticalScrollBar().valueChanged.connect(self._on_value)

    # --- content --------------------------------------------------------------------------------

    def show_ticket(self, ticket: Ticket) -> None:
        """Show a thread at its end; the same ticket grown by messages only gets those."""
        before, self._ticket = self._ticket, ticket
        count = len(ticket.messages)
        if before is not None and before.id == ticket.id and self._wanted[1] == len(before.messages):
            old = len(before.messages)
            if ticket.messages[:old] == before.messages:
                if count > old:
                    self._stick = self._at_end()
                    self._want(self._wanted[0], count)
                return
        self.show_newest()

    def clear(self) -> None:
        self._ticket = None
        self._wanted = (0, 0)
        self._low = self._high = 0
        self._empty()

    def message_views(self) -> list[MessageView]:
        items = (self._column.itemAt(place) for place in range(self._column.count()))
        widgets = [item.widget() for item in items if item is not None]
        return [widget for widget in widgets if isinstance(widget, MessageView)]

    def show_earlier(self) -> None:
        low, high = self._wanted
        if self._ticket is not None and low > 0:
            low = max(0, low - STEP)
            self._stick = False
            self._want(low, min(high, low + MOST))

    def show_later(self) -> None:
        low, high = self._wanted
        if self._ticket is not None and high < len(self._ticket.messages):
            high = min(len(self._ticket.messages), high + STEP)
            self._stick = False
            self._want(max(low, high - MOST), high)

    def show_newest(self) -> None:
        if self._ticket is None:
            return
        count = len(self._ticket.messages)
        self._empty()
        self._low = self._high = count
        self._stick = True
        self._column.addStretch(1)
        self._wanted = (max(0, count - FIRST), count)
        # From the event loop's next turn on: in this one all that is around the conversation is filled.
        self._filling.start()

    # --- building -------------------------------------------------------------------------------

    def _empty(self) -> None:
        self._top, self._bottom, self._kept = None, [], None
        while (item := self._column.takeAt(0)) is not None:
            _drop(item.widget())

    def _want(self, low: int, high: int) -> None:
        """Make the messages low–high exist, the first few at once, and drop the others."""
        self._wanted = (low, high)
        self._drop_jumps()
        self._on_fill()

    def _on_fill(self) -> None:
        """One step towards what is wanted; the next comes when the heights of this one are known."""
        if self._ticket is None:
            return
        low, high = self._wanted
        if not self._stick:
            self._kept = self._looked_at()
        if self._high < high:
            self._add_below(min(high, self._high + PIECE))
        elif self._low > low:
            self._add_above(max(low, self._low - PIECE))
        elif (self._low, self._high) != self._wanted:
            self._trim()
        if (self._low, self._high) == self._wanted:
            self._finish()
        self._settle.start()

    def _trim(self) -> None:
        """Drop the messages that are no longer wanted."""
        low, high = self._wanted
        for place in reversed(range(self._column.count())):
            widget = _widget_at(self._column, place)
            number = widget.property("number") if widget is not None else None
            if number is not None and not low <= number < high:
                self._column.takeAt(place)
                _drop(widget)
        self._low, self._high = low, high

    def _finish(self) -> None:
        """Say what more there is, and let Tab go from the oldest message to the newest."""
        assert self._ticket is not None  # noqa: S101 - for the type checker
        if self._low and self._top is None:
            text = f"Show {min(STEP, self._low)} earlier of {self._low:,}"
            self._top = self._jump(text, self.show_earlier)
            self._column.insertWidget(0, self._top)
        rest = len(self._ticket.messages) - self._high
        if not self._ticket.messages:
            self._bottom = [Label("This ticket has no messages yet.", TextSize.BODY, "muted")]
            self._column.insertWidget(0, self._bottom[0])
        elif rest and not self._bottom:
            self._bottom = [
                self._jump(f"Show later messages ({rest:,})", self.show_later),
                self._jump("Go to the newest", self.show_newest),
            ]
            for button in self._bottom:
                self._column.insertWidget(self._column.count() - 1, button)
        stops = [b for view in self.message_views() for b in view.findChildren(QPushButton)]
        stops = [*([self._top] if self._top else []), *stops]
        for one, other in pairwise(stops):
            QWidget.setTabOrder(one, other)

    def _drop_jumps(self) -> None:
        for button in filter(None, (self._top, *self._bottom)):
            self._column.removeWidget(button)
            _drop(button)
        self._top, self._bottom = None, []

    def _add_above(self, low: int) -> None:
        first = _widget_at(self._column, 0)
        if first is not None and not isinstance(first, MessageView) and not self._begins_day(self._low):
            # The day stood above the first message that existed; it now goes on from the one before.
            self._column.takeAt(0)
            _drop(first)
        for place, widget in enumerate(self._made(low, self._low)):
            self._column.insertWidget(place, widget)
        self._low = low

    def _add_below(self, high: int) -> None:
        for widget in self._made(self._high, high):
            self._column.insertWidget(self._column.count() - 1, widget)
        self._high = high

    def _made(self, low: int, high: int) -> Iterator[QWidget]:
        """The messages low–high as widgets, each day's first below its date."""
        assert self._ticket is not None  # noqa: S101 - for the type checker
        for number in range(low, high):
            message = self._ticket.messages[number]
            if message.created_at and (number == self._wanted[0] or self._begins_day(number)):
                separator = self._separator(words.day(message.created_at))
                separator.setProperty("number", number)
                yield separator
            view = MessageView(self._theme, message, self._author(message))
            view.setProperty("number", number)
            view.grown.connect(self._on_grown)
            yield view

    def _begins_day(self, number: int) -> bool:
        return self._day_of(number) != self._day_of(number - 1)

    def _day_of(self, number: int) -> date | None:
        if self._ticket is None or number < 0:
            return None
        moment = self._ticket.messages[number].created_at
        return moment.astimezone().date() if moment else None

    def _author(self, message: Message) -> str:
        """Who wrote it: as the helpdesk names them, else by their role."""
        author = one_line(parseaddr(message.author)[0] or message.author, 40)
        if message.role is Role.CUSTOMER:
            name = self._ticket.customer.name if self._ticket else ""
            return author or one_line(name, 40) or "Customer"
        return author or ("You" if message.role is Role.AGENT else "Your team")

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

    def _looked_at(self) -> tuple[MessageView, int] | None:
        """The first message in the view that is going to stay, and its distance from the view's top."""
        low, high = self._wanted
        for view in self.message_views():
            top = view.mapTo(self.viewport(), QPoint(0, 0)).y()
            if top + view.height() > 0 and low <= view.property("number") < high:
                return view, top
        return None

    def _on_value(self, _value: int) -> None:
        """Whoever has scrolled up, by wheel, keys or bar, is not pulled to the end by what arrives."""
        self._stick = self._at_end()

    def _on_grown(self) -> None:
        self._stick = False
        self._settle.start()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._settle.start()

    def _on_settled(self) -> None:
        """Give the messages the height they need once they are styled: a layout asked before that
        remembers less, and would squeeze them into the view instead of scrolling."""
        if self._kept is None and not self._stick:
            self._kept = self._looked_at()
        self._column.invalidate()
        height = self._column.totalHeightForWidth(self.viewport().width())
        self._content.setMinimumHeight(max(0, height))
        if self._kept is not None:
            view, top = self._kept
            self._kept = None
            self._content.resize(self.viewport().width(), max(height, self.viewport().height()))
            self._column.activate()
            moved = view.mapTo(self.viewport(), QPoint(0, 0)).y() - top
            self.verticalScrollBar().setValue(self.verticalScrollBar().value() + moved)
        if (self._low, self._high) != self._wanted:
            self._filling.start()


def _widget_at(column: QVBoxLayout, place: int) -> QWidget | None:
    item = column.itemAt(place)
    return item.widget() if item is not None else None


def _drop(widget: QWidget | None) -> None:
    if widget is not None:
        widget.hide()
        widget.deleteLater()
