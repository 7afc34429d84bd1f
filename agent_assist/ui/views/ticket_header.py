"""Above the conversation: what it is about, who it is with, where it came from."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QMenu, QVBoxLayout, QWidget

from agent_assist.domain.ticket import Role, Ticket, TicketStatus
from agent_assist.ui import tokens, words
from agent_assist.ui.plain import one_line
from agent_assist.ui.theme import Theme
from agent_assist.ui.tokens import TextSize
from agent_assist.ui.widgets.button import IconButton
from agent_assist.ui.widgets.chip import Tag
from agent_assist.ui.widgets.label import ElidedLabel


class TicketHeader(QWidget):
    """Shows the ticket that it is given; its menu emits wishes."""

    status_wanted = Signal(object)
    """The TicketStatus."""
    note_wanted = Signal()
    unread_wanted = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("panel", "surface")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._subject = ElidedLabel("", TextSize.TITLE)
        self._people = ElidedLabel("", TextSize.SMALL, "muted")
        self._channel, self._status = Tag(), Tag()
        for tag in (self._channel, self._status):
            tag.hide()
        self._more = IconButton(theme, "more", "More for this ticket")
        menu = QMenu(self._more)
        menu.addAction("Mark as solved", lambda: self.status_wanted.emit(TicketStatus.SOLVED))
        menu.addAction("Mark as pending", lambda: self.status_wanted.emit(TicketStatus.PENDING))
        menu.addAction("Mark as open", lambda: self.status_wanted.emit(TicketStatus.OPEN))
        menu.addSeparator()
        menu.addAction("Mark as unread", self.unread_wanted.emit)
        menu.addAction("Add an internal note", self.note_wanted.emit)
        self._more.setMenu(menu)
        first = QHBoxLayout()
        first.setSpacing(tokens.SPACE_2)
        first.addWidget(self._subject, 1)
        for widget in (self._channel, self._status, self._more):
            first.addWidget(widget)
        column = QVBoxLayout(self)
        column.setContentsMargins(tokens.SPACE_4, tokens.SPACE_2, tokens.SPACE_3, tokens.SPACE_2)
        column.setSpacing(0)
        column.addLayout(first)
        column.addWidget(self._people)

    def show_ticket(self, ticket: Ticket) -> None:
        first = next((m.text for m in ticket.messages if m.role is Role.CUSTOMER), "")
        subject = one_line(ticket.subject or first, 200) or "No subject"
        self._subject.setText(subject)
        language = f" · {ticket.language.upper()[:5]}" if ticket.language else ""
        self._channel.set(words.CHANNELS[ticket.channel] + language)
        self._channel.show()
        self._status.set(str(ticket.status))
        self._status.setVisible(ticket.status is not TicketStatus.OPEN)
        parts = [f"#{ticket.id}", one_line(ticket.customer.name, 60) or "Customer"]
        parts += [
            f"{one_line(k.replace('_', ' '), 20)}: {one_line(v, 40)}"
            for k, v in list(ticket.fields.items())[:3]
        ]
        parts.append(words.count(len(ticket.messages), "message"))
        self._people.setText("  ·  ".join(parts))
        self.setAccessibleName(f"Ticket {ticket.id}: {subject}")
