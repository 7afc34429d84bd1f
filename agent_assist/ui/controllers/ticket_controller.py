"""The open ticket: its thread, its status, its draft's arrival, and the language it is in."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QInputDialog

from agent_assist.domain.suggestion import Draft, Suggestion
from agent_assist.domain.ticket import Ticket, TicketStatus
from agent_assist.domain.unsent import Unsent
from agent_assist.errors import ErrorInfo
from agent_assist.ui import words
from agent_assist.ui.context import UiContext
from agent_assist.ui.main_window import MainWindow
from agent_assist.ui.message_text import read_ahead
from agent_assist.ui.views.conversation_view import FIRST


@dataclass(frozen=True, slots=True)
class _Opened:
    ticket: Ticket
    draft: Draft
    spoken: bool
    """Whether the model writes the customer's language."""
    language: str
    unsent: Unsent | None
    """What was typed here before the window was closed, and below what it started from."""
    suggestion: Suggestion | None


class TicketController(QObject):
    """Knows which ticket is shown and which one is on its way to the screen; the others ask it."""

    ticket_shown = Signal(object)
    """A ticket that was opened now, with its draft about to be shown."""
    leaving = Signal(str)
    """Id of the ticket that is left for another one, before that one is fetched."""

    def __init__(self, ui: UiContext, window: MainWindow) -> None:
        super().__init__(window)
        self._ui, self._window = ui, window
        self._view = window.desk_view
        self.current: Ticket | None = None
        self._wanted = ""
        self.drafts: dict[str, Draft] = {}
        """The newest known draft of each ticket."""
        self._view.queue.opened.connect(self.open)
        self._view.header.status_wanted.connect(self.set_status)
        self._view.header.unread_wanted.connect(self.mark_unread)
        self._view.header.note_wanted.connect(self.add_note)
        ui.bridge.ticket_changed.connect(self._on_ticket_changed)
        ui.bridge.draft_changed.connect(self._on_draft_changed)
        ui.bridge.model_changed.connect(lambda _: self._check_language())

    @property
    def current_id(self) -> str:
        return self.current.id if self.current is not None else ""

    @property
    def wanted_id(self) -> str:
        """The ticket that is shown or on its way to the screen."""
        return self._wanted

    # --- opening --------------------------------------------------------------------------------

    def open(self, ticket_id: str) -> None:
        if self._wanted and self._wanted != ticket_id:
            self.leaving.emit(self._wanted)
        self._wanted = ticket_id
        self._view.queue.set_current(ticket_id)
        if self.current is None:
            # The frames are laid out and painted while the ticket is fetched; what is in them comes later.
            self._view.expect_ticket()
        desk = self._ui.desk

        def work() -> _Opened:
            ticket = desk.tickets.open(ticket_id)
            read_ahead(ticket, FIRST)
            draft = desk.drafting.open(ticket_id)
            language = self._language_of(ticket)
            spoken = not language or desk.models.speaks(language)
            unsent = desk.unsent.get(ticket_id)
            suggestion = desk.unsent.started_from(unsent) if unsent is not None else None
            return _Opened(ticket, draft, spoken, language, unsent, suggestion)

        self._ui.bridge.run(work, self._on_opened, self._on_not_opened, latest="open")

    def _on_opened(self, opened: _Opened) -> None:
        ticket = opened.ticket
        self.current = ticket
        self._view.show_ticket_area(True)
        self._view.header.show_ticket(ticket)
        self._view.conversation.show_ticket(ticket)
        known = self._view.draft.knows(ticket.id)
        self._view.draft.show_ticket(ticket.id)
        if opened.unsent is not None and not known:
            self._view.draft.restore(opened.unsent, opened.suggestion)
            self._window.status.say("What you typed here before is back.")
        self._view.evidence.clear(ticket)
        self._show_language(opened.language, opened.spoken)
        self.ticket_shown.emit(ticket)
        self.show_draft(self.drafts.get(ticket.id, opened.draft))

    def _on_not_opened(self, error: ErrorInfo) -> None:
        if self.current is None:
            self._view.show_ticket_area(False)
        self._on_error(error)

    def show_draft(self, draft: Draft) -> None:
        """Render a draft of the open ticket."""
        if self.current is None or draft.ticket_id != self.current.id:
            return
        self._view.draft.show_draft(draft)
        self._view.evidence.show_draft(draft, self._view.draft.suggestion, self.current)
        self._view.show_count(len(draft.hits))

    def show_draft_again(self) -> None:
        """Bring back what is known of the open ticket's draft, after its text came back."""
        draft = self.drafts.get(self.current_id)
        if draft is not None:
            self.show_draft(draft)

    # --- changing -------------------------------------------------------------------------------

    def set_status(self, status: TicketStatus) -> None:
        ticket_id = self.current_id
        if ticket_id:
            self._ui.bridge.run(
                lambda: (self._ui.desk.sync or self._ui.desk.tickets).set_status(ticket_id, status),
                lambda _: self._window.status.say(f"Ticket #{ticket_id} is {status}."),
                self._on_error,
            )

    def mark_unread(self) -> None:
        ticket_id = self.current_id
        if ticket_id:
            self._ui.bridge.run(
                lambda: self._ui.desk.tickets.set_read(ticket_id, False), None, self._on_error
            )

    def add_note(self) -> None:
        ticket_id = self.current_id
        if not ticket_id:
            return
        text, given = QInputDialog.getMultiLineText(self._window, "Internal note", "Only your team sees it.")
        if given and text.strip():
            self._ui.bridge.run(lambda: self._ui.desk.outbox.note(ticket_id, text), None, self._on_error)

    def hand_over(self, reasons: str) -> None:
        """Leave a note for whoever takes over and set the ticket to pending."""
        ticket_id = self.current_id
        if not ticket_id:
            return

        def work() -> None:
            self._ui.desk.outbox.note(ticket_id, f"Handed over. {reasons}".strip())
            (self._ui.desk.sync or self._ui.desk.tickets).set_status(ticket_id, TicketStatus.PENDING)

        self._ui.bridge.run(
            work,
            lambda _: self._window.status.say("Handed over: a note is added, the ticket is pending."),
            self._on_error,
        )

    # --- what happens -----------------------------------------------------------------------------

    def _on_draft_changed(self, draft: Draft) -> None:
        self.drafts[draft.ticket_id] = draft
        self.show_draft(draft)

    def _on_ticket_changed(self, ticket_id: str) -> None:
        if ticket_id == self.current_id:
            self._ui.bridge.run(
                lambda: self._ui.desk.tickets.get(ticket_id), self._on_reloaded, latest="reload"
            )

    def _on_reloaded(self, ticket: Ticket | None) -> None:
        if ticket is None or ticket.id != self.current_id or ticket == self.current:
            return
        self.current = ticket
        self._view.header.show_ticket(ticket)
        self._view.conversation.show_ticket(ticket)

    def _on_error(self, error: ErrorInfo) -> None:
        self._view.banner.show_error(error)

    # --- language -------------------------------------------------------------------------------

    def _language_of(self, ticket: Ticket) -> str:
        if ticket.language:
            return ticket.language
        message = ticket.last_customer_message
        if message is None:
            return ""
        code, sure = self._ui.desk.languages.detect(message.text[:2000])
        return code if sure >= 0.6 else ""

    def _check_language(self) -> None:
        ticket = self.current
        if ticket is None:
            return

        def work() -> tuple[str, str, bool]:
            language = self._language_of(ticket)
            return ticket.id, language, not language or self._ui.desk.models.speaks(language)

        def done(result: tuple[str, str, bool]) -> None:
            if result[0] == self.current_id:
                self._show_language(result[1], result[2])

        self._ui.bridge.run(work, done, lambda _: None, latest="language")

    def _show_language(self, language: str, spoken: bool) -> None:
        if spoken:
            self._view.draft.show_notice("", "")
            return
        name = words.language(language)
        text = "Use an approved macro (type / below), hand the ticket over, or choose another model."
        self._view.draft.show_notice(f"The model does not write {name}", text)
