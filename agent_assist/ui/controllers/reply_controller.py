"""The reply leaves: sent through the outbox, inserted, copied, taken back, or the draft rejected."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QGuiApplication

from agent_assist.domain.feedback import Action
from agent_assist.domain.outbox import OutboxItem, OutboxState
from agent_assist.errors import AgentAssistError, ErrorInfo
from agent_assist.ui.context import UiContext
from agent_assist.ui.controllers.ticket_controller import TicketController
from agent_assist.ui.main_window import MainWindow
from agent_assist.ui.plain import one_line
from agent_assist.ui.tokens import Tone


class ReplyPage(Protocol):
    """The ticket's page in the browser; `CompanionController` is one."""

    def is_open(self, ticket_id: str) -> bool: ...

    def takes_send_key(self, ticket_id: str) -> bool: ...

    def put(self, ticket_id: str, text: str, suggestion_id: str, confirmed: frozenset[str]) -> None: ...


class ReplyController(QObject):
    """Brings the reply out of the editor; its text stays there until a service has accepted it."""

    held_back = Signal()
    """A service refused the reply because something in it is not confirmed."""

    def __init__(self, ui: UiContext, window: MainWindow, tickets: TicketController) -> None:
        super().__init__(window)
        self._ui, self._window, self._tickets = ui, window, tickets
        self._view = window.desk_view
        self._sending = False
        self.page: ReplyPage | None = None
        """Where the browser companion can be reached."""
        panel = self._view.draft
        panel.reply.send_wanted.connect(self.send)
        panel.reply.deliver_wanted.connect(self.deliver)
        panel.reply.insert_wanted.connect(self.insert)
        panel.reply.copy_wanted.connect(self.copy)
        self._view.undo.withdraw_wanted.connect(self.withdraw)
        self._view.undo.retry_wanted.connect(self.retry)
        ui.bridge.outbox_changed.connect(self._on_outbox)

    # --- leaving --------------------------------------------------------------------------------

    def send(self) -> None:
        """What the send key does: send, or put the reply into the page where the agent set it so."""
        ticket_id = self._tickets.current_id
        if self.page is None or not self.page.takes_send_key(ticket_id):
            self._send(force=False)
        elif self.page.is_open(ticket_id):
            self.insert()
        else:
            self._window.status.say(
                "This ticket is not open in your browser. Ctrl+Shift+Enter sends from here."
            )

    def deliver(self) -> None:
        """Send from here, whatever the send key does."""
        self._send(force=False)

    def insert(self) -> None:
        """Into the reply box of the ticket's page, or onto the clipboard where none is open."""
        if self._blocked():
            return
        text, confirmed = self._view.draft.text, self._view.draft.document.confirmed
        page, ticket_id, suggestion = self.page, self._tickets.current_id, self._view.draft.suggestion

        def insert() -> None:
            if page is not None and page.is_open(ticket_id):
                page.put(ticket_id, text, suggestion.id if suggestion is not None else "", confirmed)
                return
            QGuiApplication.clipboard().setText(text)
            self._decide(Action.INSERTED, text, confirmed)
            self._window.status.say("Copied. Paste it into your helpdesk's reply box.")

        self._released(text, confirmed, insert)

    def copy(self) -> None:
        text = self._view.draft.editor.textCursor().selectedText().replace("\u2029", "\n")
        whole = not text
        if whole and any(f.mark.kind.blocks for f in self._view.draft.document.open_facts):
            self._blocked()
            return
        QGuiApplication.clipboard().setText(text or self._view.draft.text)
        if whole and not self._view.draft.document.open_facts:
            document = self._view.draft.document
            self._decide(Action.COPIED, self._view.draft.text, document.confirmed)
        self._window.status.say("Copied.")

    def withdraw(self, item_id: str) -> None:
        item = self._view.undo.item
        suggestion_id = item.suggestion_id if item is not None else ""

        def work() -> str:
            text = self._ui.desk.outbox.withdraw(item_id)
            if suggestion_id:
                self._ui.desk.feedback.decide(suggestion_id, text, Action.NONE)
            return text

        def done(text: str) -> None:
            if item is not None:
                self._give_back(item.ticket_id, text)

        self._ui.bridge.run(work, done, self._on_error)

    def retry(self, item_id: str) -> None:
        self._ui.bridge.run(lambda: self._ui.desk.outbox.retry(item_id), None, self._on_error)

    def withdraw_last(self) -> None:
        item = self._view.undo.item
        if item is not None and self._view.undo.isVisible() and item.state is OutboxState.QUEUED:
            self.withdraw(item.id)

    @property
    def can_withdraw(self) -> bool:
        item = self._view.undo.item
        return item is not None and item.state is OutboxState.QUEUED and not self._view.undo.isHidden()

    # --- inside ---------------------------------------------------------------------------------

    def _blocked(self) -> bool:
        """Bring the agent to what stands against sending; True where something does."""
        panel = self._view.draft
        if panel.document.open_facts:
            panel.editor.go_to_fact()
            self._window.status.say("Confirm or remove this first.")
            return True
        return not panel.can_send

    def _released(self, text: str, confirmed: frozenset[str], then: Callable[[], None]) -> None:
        """Call `then` once the service has looked the text over; say what is in the way otherwise."""
        ticket, suggestion, safety = self._tickets.current, self._view.draft.suggestion, self._ui.desk.safety
        if ticket is None or safety is None:
            then()
            return
        self._ui.bridge.run(
            lambda: safety.require(ticket, text, suggestion, confirmed), lambda _: then(), self._on_send_error
        )

    def _send(self, *, force: bool) -> None:
        ticket = self._tickets.current
        if ticket is None or self._sending or self._blocked():
            return
        self._sending = True
        text, suggestion = self._view.draft.text, self._view.draft.suggestion
        suggestion_id = suggestion.id if suggestion is not None else ""
        seen, desk, confirmed = ticket.thread_hash, self._ui.desk, self._view.draft.document.confirmed

        def work() -> OutboxItem:
            item = desk.outbox.send(
                ticket.id, text, suggestion_id, thread_hash=seen, force=force, confirmed=confirmed
            )
            try:
                desk.unsent.forget(ticket.id)
                if suggestion_id:
                    desk.feedback.decide(suggestion_id, text, Action.SENT, confirmed=sorted(confirmed))
            except AgentAssistError as error:
                # The reply is on its way; that its record failed is said, and must not undo it.
                info = error.info
                self._ui.bridge.post(lambda: self._on_error(info))
            return item

        def done(item: OutboxItem) -> None:
            self._sending = False
            self._view.draft.document_of(item.ticket_id).reset()
            if item.ticket_id == self._tickets.current_id:
                self._view.draft.show_sent()
            self._view.undo.show_item(item, one_line(ticket.customer.name, 40) or f"#{ticket.id}")

        self._ui.bridge.run(work, done, self._on_send_error)

    def _on_send_error(self, error: ErrorInfo) -> None:
        self._sending = False
        if error.code == "stale_thread":
            self._view.banner.show_message(
                Tone.ATTENTION, "The customer wrote again", error.sentence,
                [("Look first", self._view.banner.hide), ("Send anyway", self._send_anyway)], icon="redo",
            )  # fmt: skip
        elif error.code == "unconfirmed":
            self._view.banner.show_message(Tone.DANGER, error.title, error.sentence)
            self.held_back.emit()
        else:
            self._view.banner.show_error(error, self.send)

    def _send_anyway(self) -> None:
        self._view.banner.hide()
        self._send(force=True)

    def _give_back(self, ticket_id: str, text: str) -> None:
        self._view.draft.document_of(ticket_id).restore(text)
        if ticket_id != self._tickets.current_id:
            self._tickets.open(ticket_id)
        else:
            self._tickets.show_draft_again()
        self._window.status.say("Taken back. The text is in the editor again.")

    def _decide(self, action: Action, text: str, confirmed: frozenset[str]) -> None:
        suggestion = self._view.draft.suggestion
        if suggestion is not None and text.strip():
            suggestion_id = suggestion.id
            self._ui.bridge.run(
                lambda: self._ui.desk.feedback.decide(
                    suggestion_id, text, action, confirmed=sorted(confirmed)
                ),
                None,
                self._on_error,
            )

    def _on_outbox(self, item: OutboxItem) -> None:
        self._view.undo.update_item(item)

    def _on_error(self, error: ErrorInfo) -> None:
        self._view.banner.show_error(error)
