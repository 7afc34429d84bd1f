"""What the agent asks of a draft, and what is remembered about it."""

from __future__ import annotations

from PySide6.QtCore import QObject

from agent_assist.domain.knowledge import Article, Passage
from agent_assist.domain.suggestion import Decision, Draft, DraftState, Suggestion
from agent_assist.errors import ErrorInfo
from agent_assist.ui.context import UiContext
from agent_assist.ui.controllers.ticket_controller import TicketController
from agent_assist.ui.main_window import MainWindow
from agent_assist.ui.views.steer_line import REWRITES

_KINDS = {wish: kind for kind, wish in REWRITES.items()}


class DraftController(QObject):
    """Joins the reply's panel and the evidence with `DraftingService`; services run off the UI thread."""

    def __init__(self, ui: UiContext, window: MainWindow, tickets: TicketController) -> None:
        super().__init__(window)
        self._ui, self._window, self._tickets = ui, window, tickets
        self._view = window.desk_view
        panel = self._view.draft
        panel.regenerate_wanted.connect(self.steer)
        panel.stop_wanted.connect(self.stop)
        panel.alternative_wanted.connect(self.alternative)
        panel.suggestion_shown.connect(self._on_shown)
        panel.best_match_wanted.connect(lambda: self._view.evidence.use_number(1))
        panel.hand_over_wanted.connect(self.hand_over)
        panel.sentence_entered.connect(self._on_sentence)
        panel.citation_activated.connect(self._view.evidence.open_number)
        self._view.evidence.passage_entered.connect(panel.editor.highlight_sentences)
        self._view.evidence.draft_wanted.connect(self.draft_from)
        self._view.evidence.relevance_changed.connect(self._on_relevance)
        self._view.evidence.open_wanted.connect(self.open_article)
        tickets.leaving.connect(self._on_leaving)
        ui.bridge.draft_changed.connect(self._on_draft)
        ui.bridge.knowledge_changed.connect(lambda _: self.load_macros())
        ui.bridge.feedback_recorded.connect(self._on_feedback)

    # --- asking ---------------------------------------------------------------------------------

    def regenerate(self) -> None:
        self.steer("")

    def steer(self, wish: str) -> None:
        """Write again, following a wish; one of the rewrite chips changes the text that is there."""
        ticket_id, panel = self._tickets.current_id, self._view.draft
        if not ticket_id:
            return
        if wish in _KINDS and panel.suggestion is not None and panel.text.strip():
            kind, text = _KINDS[wish], panel.text
            self._ui.bridge.run(
                lambda: self._ui.desk.drafting.rewrite(ticket_id, kind, text),
                lambda made: self._on_rewritten(ticket_id, text, made),
                self._on_error,
                latest="rewrite",
            )
            return
        panel.expect_new()
        self._ui.bridge.run(lambda: self._ui.desk.drafting.regenerate(ticket_id, wish), None, self._on_error)

    def draft_from(self, passage_id: int) -> None:
        """Write again, from the passage that the agent chose."""
        ticket_id = self._tickets.current_id
        if ticket_id:
            self._view.draft.expect_new()
            self._ui.bridge.run(
                lambda: self._ui.desk.drafting.draft_from(ticket_id, passage_id), None, self._on_error
            )

    def alternative(self) -> None:
        ticket_id = self._tickets.current_id
        if ticket_id:
            self._view.draft.expect_new()
            self._ui.bridge.run(lambda: self._ui.desk.drafting.alternative(ticket_id), None, self._on_error)

    def stop(self) -> None:
        ticket_id = self._tickets.current_id
        if ticket_id:
            self._ui.bridge.run(lambda: self._ui.desk.drafting.cancel(ticket_id), None, self._on_error)

    def hand_over(self) -> None:
        draft = self._view.draft.draft
        suggestion = draft.suggestion if draft is not None else None
        reasons = " ".join(suggestion.reasons) if suggestion is not None else ""
        if suggestion is not None and suggestion.decision is Decision.ESCALATE and not suggestion.reasons:
            reasons = suggestion.text
        self._tickets.hand_over(reasons)

    def load_macros(self) -> None:
        self._ui.bridge.run(
            lambda: self._ui.desk.knowledge.articles("macros"),
            self._view.draft.steer.set_macros,
            latest="macros",
        )

    def open_article(self, article_id: str, passage_id: int) -> None:
        cards = self._view.evidence.cards
        passage = next((c.hit.passage for c in cards if c.hit.passage.id == passage_id), None)
        self._ui.bridge.run(
            lambda: self._ui.desk.knowledge.article(article_id),
            lambda article: self._show_article(article, passage),
            self._on_error,
            latest="article",
        )

    # --- what happens -----------------------------------------------------------------------------

    def _on_rewritten(self, ticket_id: str, before: str, made: Suggestion | None) -> None:
        panel = self._view.draft
        if ticket_id != self._tickets.current_id or panel.text != before:
            return
        if made is None or made.text == before:
            self._window.status.say("There is nothing to change without losing a fact.")
        else:
            panel.use(made)

    def _on_shown(self, suggestion: Suggestion) -> None:
        ticket, draft = self._tickets.current, self._view.draft.draft
        if draft is not None:
            self._view.evidence.show_draft(draft, suggestion, ticket)
        self._ui.bridge.run(lambda: self._ui.desk.feedback.shown(suggestion))

    def _on_draft(self, draft: Draft) -> None:
        if draft.state is DraftState.STALE and draft.suggestion is not None:
            # The thread moved on before the agent decided: the draft is out of date, not ignored.
            suggestion_id = draft.suggestion.id
            self._ui.bridge.run(lambda: self._ui.desk.feedback.expire(suggestion_id), None, lambda _: None)

    def _on_leaving(self, ticket_id: str) -> None:
        document = self._view.draft.document_of(ticket_id)
        if document.suggestion is not None and not document.dirty:
            suggestion_id = document.suggestion.id
            self._ui.bridge.run(lambda: self._ui.desk.feedback.ignore(suggestion_id), None, lambda _: None)

    def _on_sentence(self, entered: tuple[tuple[int, ...], str] | None) -> None:
        passages, text = entered if entered is not None else ((), "")
        self._view.evidence.show_sentence(passages, text)

    def _on_relevance(self, article_id: str, relevant: bool | None) -> None:
        draft = self._view.draft.draft
        suggestion = self._view.draft.suggestion or (draft.suggestion if draft is not None else None)
        if suggestion is not None:
            suggestion_id = suggestion.id
            self._ui.bridge.run(
                lambda: self._ui.desk.feedback.mark_relevance(suggestion_id, article_id, relevant),
                None,
                self._on_error,
            )

    def _on_feedback(self, _suggestion_id: str, sentence: str) -> None:
        if sentence:
            self._window.status.say(sentence)

    def _show_article(self, article: Article | None, passage: Passage | None) -> None:
        from agent_assist.ui.dialogs.article_dialog import ArticleDialog

        if article is None:
            self._window.status.say("This article has been removed.")
            return
        dialog = ArticleDialog(self._ui.theme, article, passage, self._window)
        dialog.open()

    def _on_error(self, error: ErrorInfo) -> None:
        self._view.banner.show_error(error)
