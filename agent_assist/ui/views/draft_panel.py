"""The reply of one ticket: state, notices, editor, steering, actions.  Shows drafts, emits wishes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QSplitter, QVBoxLayout, QWidget

from agent_assist.domain.knowledge import Article, Hit
from agent_assist.domain.suggestion import Draft, DraftState, Suggestion
from agent_assist.domain.unsent import Unsent
from agent_assist.ui import tokens
from agent_assist.ui.theme import Theme
from agent_assist.ui.tokens import Tone
from agent_assist.ui.views.abstained_card import AbstainedCard
from agent_assist.ui.views.alternative_view import AlternativeView
from agent_assist.ui.views.draft_document import DraftDocument, Fact
from agent_assist.ui.views.draft_editor import DraftEditor
from agent_assist.ui.views.draft_header import DraftHeader
from agent_assist.ui.views.fact_bar import FactBar
from agent_assist.ui.views.reply_bar import ReplyBar
from agent_assist.ui.views.steer_line import SteerLine
from agent_assist.ui.widgets.banner import Banner


def numbering(hits: Sequence[Hit]) -> dict[int, int]:
    """Passage id to the number that stands for it, in the order of the evidence."""
    return {hit.passage.id: number for number, hit in enumerate(hits, 1)}


class DraftPanel(QWidget):
    """Keeps one document for each ticket, so that what the agent wrote and undo survive a change of
    ticket."""

    regenerate_wanted = Signal(str)
    """The steer line; empty for none."""
    stop_wanted = Signal()
    alternative_wanted = Signal()
    suggestion_shown = Signal(object)
    """Another suggestion stands in the editor."""
    best_match_wanted = Signal()
    """The reply is to rest on the best match, though it seemed too weak."""
    hand_over_wanted = Signal()
    missing_wanted = Signal()
    sentence_entered = Signal(object)
    """(passage ids, sentence text), or None."""
    citation_activated = Signal(int)
    """The number of the evidence, from 1."""
    state_changed = Signal()
    """Whether the reply can be sent may have changed."""
    words_changed = Signal(str)
    """The reply of this ticket, or its steer line, may have changed."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._draft: Draft | None = None
        self._fact: Fact | None = None
        self._notice = ("", "")
        self._documents: dict[str, DraftDocument] = {}
        self._steers: dict[str, str] = {}
        """What stands in the steer line of the other tickets."""
        self._ticket = ""
        self._blank = DraftDocument(theme, self)
        self.document = self._blank
        self.setProperty("panel", "surface")
        self.setAccessibleName("Reply")
        self._build()
        self._connect()
        self._let_write(False)
        self._show_state()

    # --- building -------------------------------------------------------------------------------

    def _build(self) -> None:
        theme = self._theme
        self.header = DraftHeader(theme)
        self.banner = Banner(theme)
        self.abstained = AbstainedCard(theme)
        self.editor = DraftEditor(theme, self.document)
        self.facts = FactBar(theme)
        self.other = AlternativeView(theme)
        self.other.hide()
        self.steer = SteerLine(theme)
        self.reply = ReplyBar(theme)
        frame = QFrame()
        frame.setProperty("panel", "card")
        inside = QVBoxLayout(frame)
        inside.setContentsMargins(2, 2, 2, 2)
        inside.setSpacing(0)
        self.editor.setProperty("bare", True)
        inside.addWidget(self.editor, 1)
        inside.addWidget(self.facts)
        self._frame = frame
        self._pair = QSplitter(Qt.Orientation.Horizontal)
        self._pair.addWidget(frame)
        self._pair.addWidget(self.other)
        self._pair.setChildrenCollapsible(False)
        self._pair.setHandleWidth(tokens.SPACE_2)
        self._pair.setProperty("bare", True)
        column = QVBoxLayout(self)
        column.setContentsMargins(tokens.SPACE_4, tokens.SPACE_2, tokens.SPACE_4, tokens.SPACE_3)
        column.setSpacing(tokens.SPACE_2)
        for widget in (self.header, self.banner, self.abstained):
            column.addWidget(widget)
        column.addWidget(self._pair, 1)
        column.addWidget(self.steer)
        column.addWidget(self.reply)

    def _connect(self) -> None:
        self.header.regenerate_wanted.connect(lambda: self.regenerate_wanted.emit(""))
        self.header.stop_wanted.connect(self.stop_wanted)
        self.header.alternative_wanted.connect(self.alternative_wanted)
        self.header.stepped.connect(self.step)
        self.header.beside_toggled.connect(self.show_beside)
        self.abstained.draft_wanted.connect(self.best_match_wanted)
        self.abstained.hand_over_wanted.connect(self.hand_over_wanted)
        self.abstained.missing_wanted.connect(self.missing_wanted)
        self.editor.sentence_entered.connect(self._on_sentence)
        self.editor.citation_activated.connect(self.citation_activated)
        self.editor.fact_entered.connect(self._on_fact)
        self.editor.textChanged.connect(self._show_reply)
        self.facts.confirmed.connect(self._on_confirm)
        self.facts.removed.connect(self._on_remove)
        self.facts.next_wanted.connect(self.editor.go_to_fact)
        self.other.chosen.connect(self.use)
        self.other.closed.connect(lambda: self.header.beside.setChecked(False))
        self.steer.steered.connect(self.regenerate_wanted)
        self.steer.macro_chosen.connect(self.insert_macro)
        self.steer.edit.textChanged.connect(lambda _: self.words_changed.emit(self._ticket))

    # --- showing --------------------------------------------------------------------------------

    def _let_write(self, on: bool) -> None:
        """Before the first ticket is there its frames may be: what went into them would be nobody's.

        Read-only rather than disabled: a disabled part is styled anew, with all that is in it.
        """
        self.editor.setReadOnly(not on)
        self.steer.edit.setReadOnly(not on)

    def show_ticket(self, ticket_id: str) -> None:
        """Bring up the reply of this ticket as it was left."""
        self._show_steer(ticket_id)
        self._ticket, self._draft, self._fact = ticket_id, None, None
        self._notice = ("", "")
        self._attach(self._document_of(ticket_id))
        self._let_write(True)
        self.header.beside.setChecked(False)
        self.banner.hide()
        self._show_state()

    def show_draft(self, draft: Draft) -> None:
        """Show a draft of the current ticket at any moment of its life."""
        if draft.ticket_id != self._ticket:
            return
        self._draft = draft
        if draft.state is DraftState.GENERATING:
            self.editor.stream(draft.text)
        elif draft.suggestion is not None and draft.state in (DraftState.READY, DraftState.ABSTAINED):
            before = self.document.suggestion
            shown = self.document.finish(draft.suggestion, numbering(draft.hits))
            if shown and self.document.suggestion is not before:
                self.suggestion_shown.emit(self.document.suggestion)
        self._show_state()

    def show_notice(self, title: str, text: str) -> None:
        """A standing remark on this ticket: the model does not speak the customer's language."""
        self._notice = (title, text)
        self._show_state()

    def expect_new(self) -> None:
        """The agent asked for a new draft; it may replace the text, undoably."""
        self.document.expect()

    def use(self, suggestion: Suggestion) -> None:
        """Put one of the alternatives into the editor."""
        hits = suggestion.hits or (self._draft.hits if self._draft else ())
        self.document.use(suggestion, numbering(hits))
        self.suggestion_shown.emit(suggestion)
        self._show_state()

    def step(self, by: int) -> None:
        """Show the next (1) or previous (-1) alternative."""
        others = self._draft.alternatives if self._draft is not None else ()
        shown = self.document.suggestion
        ids = [s.id for s in others]
        if not ids:
            return
        at = ids.index(shown.id) if shown is not None and shown.id in ids else len(ids) - 1
        target = min(max(at + by, 0), len(ids) - 1)
        if target != at or shown is None:
            self.use(others[target])

    def show_beside(self, beside: bool) -> None:
        """Show the newest draft that is not in the editor beside it."""
        others = self._draft.alternatives if self._draft is not None else ()
        shown = self.document.suggestion
        rest = [(n, s) for n, s in enumerate(others, 1) if shown is None or s.id != shown.id]
        self.other.setVisible(beside and bool(rest))
        if beside and rest:
            number, suggestion = rest[-1]
            self.other.show_suggestion(suggestion, f"{number} of {len(others)}")
            half = max(1, self._pair.width() // 2)
            self._pair.setSizes([half, half])

    def insert_macro(self, macro: Article) -> None:
        """Put an approved text at the caret, as one edit that can be undone."""
        cursor = self.editor.textCursor()
        cursor.insertText(macro.body.strip())
        self.editor.setTextCursor(cursor)
        self.editor.setFocus()

    def show_sent(self) -> None:
        """The reply is on its way: empty the editor, ready for a further one."""
        self.document.reset()
        self._draft = None
        self.header.beside.setChecked(False)
        self._show_state()

    def set_compact(self, compact: bool) -> None:
        """The side layout: only the reply and Send / Insert."""
        self.steer.set_compact(compact)
        self.reply.set_compact(compact)

    # --- reading --------------------------------------------------------------------------------

    @property
    def draft(self) -> Draft | None:
        return self._draft

    @property
    def text(self) -> str:
        return self.document.text

    @property
    def suggestion(self) -> Suggestion | None:
        return self.document.suggestion

    @property
    def can_send(self) -> bool:
        """Text is there, nothing streams into it, and every fact is confirmed or gone."""
        writing = self._draft is not None and self._draft.state.working and not self.document.dirty
        return bool(self._ticket and self.text.strip()) and not writing and not self.document.open_facts

    @property
    def unsent(self) -> dict[str, str]:
        """Ticket id to text for every reply that the agent wrote and has not sent."""
        return {ticket: document.text for ticket, document in self._documents.items() if document.dirty}

    def unsent_of(self, ticket_id: str) -> Unsent:
        """What the agent typed for a ticket and has not sent; an empty one where there is nothing."""
        document = self._documents.get(ticket_id)
        steer = self.steer.edit.text() if ticket_id == self._ticket else self._steers.get(ticket_id, "")
        steer = "" if steer.startswith("/") else steer
        if document is None or not document.dirty:
            return Unsent(ticket_id, "", steer)
        suggestion = document.suggestion
        return Unsent(ticket_id, document.text, steer, suggestion.id if suggestion is not None else "")

    def knows(self, ticket_id: str) -> bool:
        """Whether this ticket's reply has been on the screen: what is here is newer than what is stored."""
        return ticket_id in self._documents

    def restore(self, unsent: Unsent, suggestion: Suggestion | None) -> None:
        """Give back what was typed before the window was closed, to the ticket that is shown."""
        if unsent.text.strip():
            hits = suggestion.hits if suggestion is not None else ()
            self.document.restore(unsent.text, suggestion, numbering(hits))
        self.steer.edit.setText(unsent.steer)
        self._show_state()

    def document_of(self, ticket_id: str) -> DraftDocument:
        return self._document_of(ticket_id)

    # --- inside ---------------------------------------------------------------------------------

    def _document_of(self, ticket_id: str) -> DraftDocument:
        document = self._documents.get(ticket_id)
        if document is None:
            document = DraftDocument(self._theme, self)
            document.facts_changed.connect(partial(self._on_facts, document))
            document.held_changed.connect(self._show_state)
            document.contentsChanged.connect(lambda: self.words_changed.emit(ticket_id))
            self._documents[ticket_id] = document
            self._forget_old()
        return document

    def _forget_old(self) -> None:
        """Keep the documents of the last tickets, and all that hold the agent's own words."""
        clean = [t for t, d in self._documents.items() if not d.dirty and d is not self.document]
        for ticket in clean[: max(0, len(self._documents) - 60)]:
            self._documents.pop(ticket).deleteLater()

    def _show_steer(self, ticket_id: str) -> None:
        """Each ticket has a steer line of its own."""
        if ticket_id == self._ticket:
            return
        self._steers[self._ticket] = self.steer.edit.text()
        was, self._ticket = self._ticket, ticket_id
        self.steer.edit.setText(self._steers.pop(ticket_id, ""))
        self.words_changed.emit(was)

    def _attach(self, document: DraftDocument) -> None:
        self.document = document
        self.editor.show_document(document)
        self.facts.show_facts(None, document.open_facts)

    def _show_state(self) -> None:
        draft, document = self._draft, self.document
        self.header.show_draft(draft, document.suggestion)
        shows_card = (
            draft is not None and draft.state is DraftState.ABSTAINED and draft.suggestion is not None
        )
        if shows_card and draft is not None and draft.suggestion is not None:
            self.abstained.show_suggestion(draft.suggestion)
        else:
            self.abstained.hide()
        self._show_banner(draft)
        self.steer.set_rewrites_enabled(draft is not None and not draft.state.working)
        self._show_reply()

    def _show_reply(self) -> None:
        self.reply.set_state(
            can_send=self.can_send,
            has_text=bool(self.text.strip()),
            can_reject=self.document.suggestion is not None,
            why=self._why(),
        )
        self.state_changed.emit()

    def _why(self) -> str:
        """What stands against sending, where it is more than a fact to check."""
        blocking = [f for f in self.document.open_facts if f.mark.kind.blocks]
        return f"{len(blocking)} to confirm first  (F8)" if blocking else ""

    def _show_banner(self, draft: Draft | None) -> None:
        title, text = self._notice
        if self.document.held is not None:
            self.banner.show_message(
                Tone.ACCENT, "A new draft is ready", "Your own text was left as it is.",
                [("Use the draft", self._on_use_held), ("Keep mine", self.document.keep_mine)],
            )  # fmt: skip
        elif draft is not None and draft.state is DraftState.STALE:
            redo = ("Redo the draft", lambda: self.regenerate_wanted.emit(draft.steer))
            self.banner.show_message(
                Tone.ATTENTION, "", "The customer wrote again. Redo?", [redo], icon="redo"
            )
        elif draft is not None and draft.state is DraftState.FAILED and draft.error is not None:
            error = draft.error
            retry = ("Try again", lambda: self.regenerate_wanted.emit(draft.steer))
            self.banner.show_message(
                Tone.DANGER, error.title, f"{error.sentence} {error.remedy}".strip(), [retry]
            )
        elif title:
            self.banner.show_message(Tone.NEUTRAL, title, text)
        else:
            self.banner.hide()

    def _on_use_held(self) -> None:
        if self.document.held is not None:
            self.use(self.document.held)

    def _on_sentence(self, index: int) -> None:
        span = next((s for s in self.document.spans if s.index == index), None)
        self.sentence_entered.emit((span.passages, span.text) if span is not None else None)

    def _on_fact(self, fact: Fact | None) -> None:
        self._fact = fact
        self.facts.show_facts(fact, self.document.open_facts)

    def _on_facts(self, document: DraftDocument) -> None:
        if document is self.document:
            self.facts.show_facts(self._fact, document.open_facts)
            self._show_state()

    def _on_confirm(self, fact: Fact) -> None:
        self.document.confirm(fact)
        self.editor.setFocus()

    def _on_remove(self, fact: Fact) -> None:
        self.document.remove_fact(fact)
        self.editor.setFocus()
