"""What to do with the reply: send, insert, copy, reject."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from agent_assist.ui import tokens
from agent_assist.ui.actions import ActionRegistry
from agent_assist.ui.theme import Theme
from agent_assist.ui.tokens import TextSize
from agent_assist.ui.widgets.button import Button, Kind
from agent_assist.ui.widgets.label import ElidedLabel

INTO_PAGE = "Put into page"


class ReplyBar(QWidget):
    """Emits wishes; which of sending and inserting comes first follows the option of the send key."""

    send_wanted = Signal()
    deliver_wanted = Signal()
    """Send from here, whatever the send key does."""
    insert_wanted = Signal()
    copy_wanted = Signal()
    reject_wanted = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.send = Button(theme, "Send", Kind.PRIMARY, "send")
        self.insert = Button(theme, "Insert", Kind.SECONDARY, "insert")
        self.copy = Button(theme, "Copy", Kind.QUIET, "copy")
        self.reject = Button(theme, "Reject", Kind.QUIET, "reject")
        self._why = ElidedLabel("", TextSize.SMALL, "attention")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(tokens.SPACE_2)
        for button in (self.send, self.insert, self.copy):
            row.addWidget(button)
        row.addWidget(self._why, 1)
        row.addWidget(self.reject)
        self._page_first = False
        self._actions: ActionRegistry | None = None
        self.send.clicked.connect(self._on_first)
        self.insert.clicked.connect(self._on_second)
        self.copy.clicked.connect(self.copy_wanted)
        self.reject.clicked.connect(self.reject_wanted)

    def show_page(self, there: bool, first: bool = False) -> None:
        """`there`: the ticket's page is open in the browser; `first`: the send key puts the reply into it."""
        self._page_first = first
        for button, text, icon in (
            (self.send, INTO_PAGE if first else "Send", "insert" if first else "send"),
            (
                self.insert,
                "Send" if first else INTO_PAGE if there else "Insert",
                "send" if first else "insert",
            ),
        ):
            button.setText(text)
            button.setAccessibleName(text)
            button.set_icon(icon)
        if self._actions is not None:
            self.name_keys(self._actions)

    def _on_first(self) -> None:
        (self.insert_wanted if self._page_first else self.send_wanted).emit()

    def _on_second(self) -> None:
        (self.deliver_wanted if self._page_first else self.insert_wanted).emit()

    def set_state(self, *, can_send: bool, has_text: bool, can_reject: bool, why: str = "") -> None:
        """`why` says what stands against sending."""
        self.send.setEnabled(can_send)
        self.insert.setEnabled(can_send)
        self.copy.setEnabled(has_text)
        self.reject.setEnabled(can_reject)
        self._why.setText(why)

    def set_compact(self, compact: bool) -> None:
        self.copy.setVisible(not compact)
        self._why.setVisible(not compact)

    def name_keys(self, actions: ActionRegistry) -> None:
        self._actions = actions
        for button, action in (
            (self.send, "reply.send"),
            (self.insert, "reply.deliver" if self._page_first else "reply.insert"),
            (self.copy, "reply.copy"),
            (self.reject, "reply.reject"),
        ):
            button.setToolTip(actions.tooltip(action))
