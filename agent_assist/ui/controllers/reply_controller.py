"""The reply leaves: sent through the outbox, inserted, copied, taken back, or the draft rejected."""

from __future__ import annotations

from PySide6.QtCore import QObject
from PySide6.QtGui import QGuiApplication

from agent_assist.domain.feedback import Action
from agent_assist.domain.outbox import OutboxItem, OutboxState
from agent_assist.errors import AgentAssistError, ErrorInfo
from agent_assist.ui.context import UiContext
from agent_assist.ui.controllers.ticket_controller import TicketController
from agent_assist.ui.main_window import MainWindow
from agent_assist.ui.plain import one_line
from agent_assist.ui.tokens import Tone


class ReplyController(QObject):
    def __init__(self, ui: UiContext, window: MainWindow, tickets: TicketController) -> None:
        super().__init__(window)
        self._ui, self._window, self._tickets = ui, window, tickets
        self._view = window.desk_view
        self._sending = False
        panel = self._view.draft
        panel.reply.send_wanted.connect(self.send)
        panel.reply.insert_wanted.connect(self.insert)
        panel.reply.copy_wanted.connect(self.copy)
        self._view.undo.withdraw_wanted.connect(self.withdraw)
        self._view.undo.retry_wanted.connect(self.retry)
        ui.bridge.outbox_changed.connect(self._on_outbox)

    # --- leaving --------------------------------------------------------------------------------

    def send(self) -> None:
        self._send(force=False)

    def insert(self) -> None:
        """Until the browser companion is there: onto the clipboard, counted as inserted."""
        if self._blocked():
            return
        QGuiApplication.clipboard().setText(self._view.draft.text)
        self._decide(Action.INSERTED)
        self._window.status.say("Copied. Paste it into your helpdesk's reply box.")

    def copy(self) -> None:
        text = self._view.draft.editor.textCursor().selectedText().replace("\u2029", "\n")
        whole = not text
        QGuiApplication.clipboard().setText(text or self._view.draft.text)
        if whole and not self._view.draft.document.open_facts:
            self._decide(Action.COPIED)
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

    def _send(self, *, force: bool) -> None:
        ticket = self._tickets.current
        if ticket is None or self._sending or self._blocked():
            return
        self._sending = True
        text, suggestion = self._view.draft.text, self._view.draft.suggestion
        suggestion_id = suggestion.id if suggestion is not None else ""
        seen, desk = ticket.thread_hash, self._ui.desk

        def work() -> OutboxItem:
            item = desk.outbox.send(ticket.id, text, suggestion_id, thread_hash=seen, force=force)
            try:
                desk.unsent.forget(ticket.id)
                if suggestion_id:
                    desk.feedback.decide(suggestion_id, text, Action.SENT)
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

    def _decide(self, action: Action) -> None:
        suggestion, text = self._view.draft.suggestion, self._view.draft.text
        if suggestion is not None and text.strip():
            suggestion_id = suggestion.id
            self._ui.bridge.run(
                lambda: self._ui.desk.feedback.decide(suggestion_id, text, action), None, self._on_error
            )

    def _on_outbox(self, item: OutboxItem) -> None:
        self._view.undo.update_item(item)

    def _on_error(self, error: ErrorInfo) -> None:
        self._view.banner.show_error(error)
