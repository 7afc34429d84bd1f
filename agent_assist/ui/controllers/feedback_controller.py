"""Rejecting a draft, saying that knowledge is missing, and now and then comparing two drafts."""

from __future__ import annotations

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from agent_assist.domain.feedback import Preference, Reason
from agent_assist.domain.suggestion import Draft, DraftState, Suggestion
from agent_assist.errors import ErrorInfo
from agent_assist.ui.context import UiContext
from agent_assist.ui.controllers.ticket_controller import TicketController
from agent_assist.ui.main_window import MainWindow
from agent_assist.ui.popovers.missing_popover import MissingPopover
from agent_assist.ui.popovers.pair_dialog import PairDialog
from agent_assist.ui.popovers.reject_popover import RejectPopover
from agent_assist.ui.tokens import Tone


class FeedbackController(QObject):
    """Hands the agent's judgements to `FeedbackService`; services run off the UI thread."""

    def __init__(self, ui: UiContext, window: MainWindow, tickets: TicketController) -> None:
        super().__init__(window)
        self._ui, self._window, self._tickets = ui, window, tickets
        self._view = window.desk_view
        self._pair_for = ""
        self._reject = RejectPopover(ui.theme, window)
        self._missing = MissingPopover(ui.theme, window)
        self._reject.rejected.connect(self._on_rejected)
        self._missing.reported.connect(self._on_reported)
        panel = self._view.draft
        panel.reply.reject_wanted.connect(self.reject)
        panel.missing_wanted.connect(self.report_missing)
        panel.suggestion_shown.connect(self._on_shown)
        self._view.evidence.missing_wanted.connect(self.report_missing)
        ui.bridge.draft_changed.connect(self._on_draft)

    # --- asking ---------------------------------------------------------------------------------

    def reject(self) -> None:
        if self._suggestion() is not None:
            self._reject.open_at(self._view.draft.reply.reject)

    def report_missing(self) -> None:
        if self._suggestion() is not None:
            anchor: QWidget = self._view.evidence.understanding.missing
            self._missing.open_at(anchor if anchor.isVisible() else self._view.draft.header)

    def _suggestion(self) -> Suggestion | None:
        draft = self._view.draft.draft
        return self._view.draft.suggestion or (draft.suggestion if draft is not None else None)

    # --- answers --------------------------------------------------------------------------------

    def _on_rejected(self, reasons: tuple[Reason, ...], text: str) -> None:
        suggestion = self._suggestion()
        if suggestion is None:
            return
        suggestion_id, document = suggestion.id, self._view.draft.document

        def done(_: object) -> None:
            # The agent's own words stay; an untouched draft goes, and undo brings it back.
            if not document.dirty and document is self._view.draft.document:
                document.reset()
                self._view.draft.editor.setFocus()

        self._ui.bridge.run(
            lambda: self._ui.desk.feedback.reject(suggestion_id, reasons, text), done, self._on_error
        )

    def _on_reported(self, note: str) -> None:
        suggestion = self._suggestion()
        if suggestion is not None:
            suggestion_id = suggestion.id
            self._ui.bridge.run(
                lambda: self._ui.desk.feedback.report_missing(suggestion_id, note), None, self._on_error
            )

    # --- comparing ------------------------------------------------------------------------------

    def _on_shown(self, suggestion: Suggestion) -> None:
        if suggestion.alternative_of:
            return
        # Asked after `shown` was recorded: that is what decides whether this draft is one to compare.
        self._ui.bridge.run(
            lambda: self._wants_pair(suggestion),
            lambda wanted: self._on_wants(suggestion, wanted),
            latest="pair",
        )

    def _wants_pair(self, suggestion: Suggestion) -> bool:
        self._ui.desk.feedback.shown(suggestion)
        return self._ui.desk.feedback.wants_pair()

    def _on_wants(self, suggestion: Suggestion, wanted: bool) -> None:
        if wanted and suggestion.ticket_id == self._tickets.current_id:
            self._view.banner.show_message(
                Tone.ACCENT, "", "Compare two drafts? It takes a few seconds and teaches the model most.",
                [("Compare", lambda: self._compare(suggestion))], closable=True,
            )  # fmt: skip

    def _compare(self, suggestion: Suggestion) -> None:
        self._view.banner.hide()
        self._pair_for = suggestion.id
        ticket_id = suggestion.ticket_id
        self._ui.bridge.run(lambda: self._ui.desk.drafting.alternative(ticket_id), None, self._on_error)

    def _on_draft(self, draft: Draft) -> None:
        if (
            not self._pair_for
            or draft.state is not DraftState.READY
            or draft.ticket_id != self._tickets.current_id
        ):
            return
        first = next((s for s in draft.alternatives if s.id == self._pair_for), None)
        other = draft.suggestion
        if first is None or other is None or other.id == first.id:
            return
        self._pair_for = ""
        dialog = PairDialog(self._ui.theme, first, other, self._window)
        dialog.preferred.connect(self._on_preferred)
        dialog.open()

    def _on_preferred(self, preference: Preference) -> None:
        def work() -> None:
            self._ui.desk.feedback.prefer(preference.chosen, preference.rejected, preference.strength)

        self._ui.bridge.run(work, None, self._on_error)
        draft = self._view.draft.draft
        chosen = next((s for s in draft.alternatives if s.id == preference.chosen), None) if draft else None
        if chosen is not None and not self._view.draft.document.dirty:
            self._view.draft.use(chosen)

    def _on_error(self, error: ErrorInfo) -> None:
        self._view.banner.show_error(error)
