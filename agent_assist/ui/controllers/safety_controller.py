"""Looks the reply over again while the agent writes, off the window's thread."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer

from agent_assist.domain.suggestion import Mark
from agent_assist.errors import ErrorInfo
from agent_assist.ui.context import UiContext
from agent_assist.ui.controllers.ticket_controller import TicketController
from agent_assist.ui.main_window import MainWindow

QUIET = 350
"""Milliseconds without a key after which the text is looked over."""


class SafetyController(QObject):
    """Has `SafetyService` review the text QUIET milliseconds after the last key, and marks what it finds."""

    def __init__(self, ui: UiContext, window: MainWindow, tickets: TicketController) -> None:
        super().__init__(window)
        self._ui, self._window, self._tickets = ui, window, tickets
        self._panel = window.desk_view.draft
        self._looked: tuple[str, str] | None = None
        """Ticket and text that were looked over last."""
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(QUIET)
        self._timer.timeout.connect(self._look)
        self._panel.words_changed.connect(self._on_words)
        self._panel.suggestion_shown.connect(lambda _: self._timer.start())
        tickets.ticket_shown.connect(lambda _: self._timer.start())

    def show_why(self) -> None:
        """The reply was held back: mark what for, and go to it."""
        self._looked = None
        self._look(self._go)

    def _on_words(self, ticket_id: str) -> None:
        draft = self._panel.draft
        writing = draft is not None and draft.state.working and not self._panel.document.dirty
        if ticket_id == self._tickets.current_id and not writing:
            self._timer.start()

    def _look(self, then: Callable[[], None] | None = None) -> None:
        ticket, safety = self._tickets.current, self._ui.desk.safety
        text, suggestion = self._panel.text, self._panel.suggestion
        if ticket is None or safety is None or self._looked == (ticket.id, text):
            return
        document = self._panel.document

        def done(marks: tuple[Mark, ...]) -> None:
            self._looked = (ticket.id, text)
            document.mark_live(text, marks)
            if then is not None:
                then()

        self._ui.bridge.run(
            lambda: safety.review(ticket, text, suggestion), done, self._on_error, latest="safety"
        )

    def _go(self) -> None:
        if self._panel.editor.go_to_fact():
            self._window.status.say("Confirm this or take it out first.")

    def _on_error(self, error: ErrorInfo) -> None:
        self._window.desk_view.banner.show_error(error)
