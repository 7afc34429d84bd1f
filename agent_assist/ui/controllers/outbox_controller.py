"""Replies that wait for the agent's word: held back because of news, or of unknown fate."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject

from agent_assist.domain.outbox import OutboxItem, OutboxState
from agent_assist.domain.ticket import Message, Role
from agent_assist.errors import ErrorInfo
from agent_assist.ui.context import UiContext
from agent_assist.ui.controllers.ticket_controller import TicketController
from agent_assist.ui.main_window import MainWindow
from agent_assist.ui.plain import one_line
from agent_assist.ui.tokens import Tone

_WAITING = (OutboxState.CHANGED, OutboxState.UNKNOWN)
_EXCERPT = 160


class OutboxController(QObject):
    """One reply at a time stands above the conversation, with what changed and what can be done."""

    def __init__(self, ui: UiContext, window: MainWindow, tickets: TicketController) -> None:
        super().__init__(window)
        self._ui, self._window, self._tickets = ui, window, tickets
        self._banner = window.desk_view.held
        self._waiting: dict[str, OutboxItem] = {}
        self._shown = ""
        ui.bridge.outbox_changed.connect(self._on_changed)
        ui.bridge.run(ui.desk.outbox.pending, self._on_pending, self._on_error)

    @property
    def waiting(self) -> Sequence[OutboxItem]:
        return tuple(self._waiting.values())

    def _on_pending(self, items: Sequence[OutboxItem]) -> None:
        for item in items:
            if item.state in _WAITING:
                self._waiting.setdefault(item.id, item)
        self._show_next()

    def _on_changed(self, item: OutboxItem) -> None:
        if item.state in _WAITING:
            again = self._waiting.get(item.id)
            self._waiting[item.id] = item
            if again is not None and again.state is not item.state and self._shown == item.id:
                self._shown = ""
        elif self._waiting.pop(item.id, None) is not None and self._shown == item.id:
            self._shown = ""
        self._show_next()

    def _show_next(self) -> None:
        if self._shown:
            return
        item = next(iter(self._waiting.values()), None)
        if item is None:
            self._banner.hide()
            return
        self._shown = item.id
        if item.state is OutboxState.UNKNOWN:
            self._show_unknown(item)
            return
        outbox = self._ui.desk.outbox
        self._ui.bridge.run(
            lambda: outbox.changes(item.id), lambda news: self._show_changed(item, news), self._on_error
        )

    def _show_changed(self, item: OutboxItem, news: Sequence[Message]) -> None:
        if self._shown != item.id:
            return
        who = {Role.CUSTOMER: "The customer", Role.AGENT: "A colleague", Role.NOTE: "A colleague"}
        lines = [f"{m.author or who[m.role]}: {one_line(m.text, _EXCERPT)}" for m in news[-3:]]
        text = "\n".join(lines) or "The conversation is another one than when you sent it."
        self._banner.show_message(
            Tone.ATTENTION,
            f"Your reply to {self._name(item)} was held back: something was written since",
            text,
            [
                ("Read it first", lambda: self._open(item)),
                ("Send it anyway", lambda: self._send(item)),
                ("Take it back", lambda: self._take_back(item, give_up=False)),
            ],
            icon="redo",
        )

    def _show_unknown(self, item: OutboxItem) -> None:
        self._banner.show_message(
            Tone.ATTENTION,
            f"It is not known whether your reply to {self._name(item)} arrived",
            f"It is looked for in the helpdesk, and sent again only if it is not there. {item.error}".strip(),
            [
                ("Look again now", lambda: self._retry(item)),
                ("Open the ticket", lambda: self._open(item)),
                ("Stop looking", lambda: self._take_back(item, give_up=True)),
            ],
            icon="question",
        )

    def _name(self, item: OutboxItem) -> str:
        ticket = self._tickets.current
        if ticket is not None and ticket.id == item.ticket_id and ticket.customer.name:
            return one_line(ticket.customer.name, 40)
        return f"#{item.ticket_id}"

    # --- what can be done ---------------------------------------------------------------------------

    def _open(self, item: OutboxItem) -> None:
        self._window.go_to("queue")
        self._tickets.open(item.ticket_id)

    def _send(self, item: OutboxItem) -> None:
        outbox = self._ui.desk.outbox
        self._ui.bridge.run(lambda: outbox.send_anyway(item.id), None, self._on_error)

    def _retry(self, item: OutboxItem) -> None:
        outbox = self._ui.desk.outbox
        self._ui.bridge.run(lambda: outbox.retry(item.id), None, self._on_error)

    def _take_back(self, item: OutboxItem, *, give_up: bool) -> None:
        outbox, view = self._ui.desk.outbox, self._window.desk_view

        def done(text: str) -> None:
            view.draft.document_of(item.ticket_id).restore(text)
            if item.ticket_id == self._tickets.current_id:
                self._tickets.show_draft_again()
            else:
                self._tickets.open(item.ticket_id)
            self._window.status.say("Taken back. The text is in the editor again.")

        self._ui.bridge.run(lambda: outbox.withdraw(item.id, give_up=give_up), done, self._on_error)

    def _on_error(self, error: ErrorInfo) -> None:
        self._window.desk_view.banner.show_error(error)
