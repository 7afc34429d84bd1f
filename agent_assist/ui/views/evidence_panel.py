"""The right panel: the passages, what was understood, and what knowledge is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QApplication, QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from agent_assist.domain.knowledge import Hit
from agent_assist.domain.suggestion import Draft, DraftState, Suggestion
from agent_assist.domain.ticket import Ticket
from agent_assist.ui import tokens, words
from agent_assist.ui.theme import Theme
from agent_assist.ui.tokens import TextSize
from agent_assist.ui.views.evidence_card import EvidenceCard
from agent_assist.ui.views.understanding import Understanding
from agent_assist.ui.widgets.label import Label
from agent_assist.ui.widgets.line import Line

SHOWN = 9
"""Cards at most; each has a key, Alt+1 to Alt+9."""


class EvidencePanel(QWidget):
    """Cards for the hits of the draft that is shown; it keeps the marks of relevance across redraws."""

    relevance_changed = Signal(str, object)
    """As that of the card."""
    open_wanted = Signal(str, int)
    """(article id, passage id)."""
    draft_wanted = Signal(int)
    """As that of the card."""
    missing_wanted = Signal()
    passage_entered = Signal(int)
    """As `entered` of the card."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._cards: list[EvidenceCard] = []
        self._shown: tuple[tuple[int, ...], frozenset[int]] = ((), frozenset())
        self._relevance: dict[str, bool] = {}
        self.setProperty("panel", "window")
        self.setAccessibleName("Evidence")
        self._count = Label("", TextSize.SMALL, "muted")
        head = QHBoxLayout()
        head.setContentsMargins(tokens.SPACE_4, tokens.SPACE_3, tokens.SPACE_4, tokens.SPACE_2)
        head.addWidget(Label("Evidence", TextSize.TITLE))
        head.addStretch(1)
        head.addWidget(self._count)
        self._hint = Label("", TextSize.BODY, "muted", wrap=True)
        self.understanding = Understanding(theme)
        self.understanding.missing_wanted.connect(self.missing_wanted)
        content = QWidget()
        content.setProperty("panel", "clear")
        self._column = QVBoxLayout(content)
        self._column.setContentsMargins(tokens.SPACE_4, 0, tokens.SPACE_3, tokens.SPACE_4)
        self._column.setSpacing(tokens.SPACE_2)
        self._column.addWidget(self._hint)
        self._column.addSpacing(tokens.SPACE_1)
        self._column.addWidget(Line())
        self._column.addSpacing(tokens.SPACE_1)
        self._column.addWidget(self.understanding)
        self._column.addStretch(1)
        self._area = QScrollArea()
        self._area.setWidget(content)
        self._area.setWidgetResizable(True)
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setAccessibleName("Passages")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(head)
        layout.addWidget(self._area, 1)
        self.clear()

    # --- showing --------------------------------------------------------------------------------

    @property
    def cards(self) -> list[EvidenceCard]:
        return self._cards

    def clear(self, ticket: Ticket | None = None) -> None:
        self._relevance = {}
        self._show_hits((), frozenset())
        self._hint.setText("The passages that a draft rests on appear here." if ticket is None else "")
        self._hint.setVisible(ticket is None)
        self.understanding.show_suggestion(None, ticket)

    def show_draft(self, draft: Draft, shown: Suggestion | None, ticket: Ticket | None) -> None:
        """`shown` is the suggestion in the editor; its citations are the ones marked."""
        current = shown if shown is not None else draft.suggestion
        hits = current.hits if current is not None and current.hits else draft.hits
        cited = (
            frozenset(p for s in current.sentences for p in s.passages)
            if current is not None
            else frozenset()
        )
        self._show_hits(hits[:SHOWN], cited)
        if hits:
            self._hint.hide()
        else:
            waits = draft.state in (DraftState.GATHERING, DraftState.RETRIEVING)
            self._hint.setText("Looking…" if waits else "Nothing fitting was found in the articles.")
            self._hint.setVisible(draft.state is not DraftState.IDLE)
        self.understanding.show_suggestion(current, ticket)

    def show_relevance(self, relevance: Mapping[str, bool]) -> None:
        self._relevance = dict(relevance)
        for card in self._cards:
            card.set_relevance(self._relevance.get(card.hit.passage.article_id))

    def show_sentence(self, passages: Sequence[int], sentence: str) -> None:
        """Mark the passages that a sentence rests on and bring the first into view."""
        first = True
        for card in self._cards:
            used = card.hit.passage.id in passages
            card.show_match(sentence if used else "")
            if used and first:
                self._area.ensureWidgetVisible(card, 0, tokens.SPACE_2)
                first = False

    def open_number(self, number: int) -> bool:
        """Bring one card forward, unfolded and focused; False where there is none."""
        if not 1 <= number <= len(self._cards):
            return False
        card = self._cards[number - 1]
        card.set_open(True)
        card.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._area.ensureWidgetVisible(card, 0, tokens.SPACE_2)
        return True

    def use(self, passage_id: int) -> None:
        """Have the reply rest on this passage, which is then marked as relevant too."""
        card = next((c for c in self._cards if c.hit.passage.id == passage_id), None)
        if card is None:
            return
        if self._relevance.get(card.hit.passage.article_id) is not True:
            self._on_relevance(card.hit.passage.article_id, True)
        self.draft_wanted.emit(passage_id)

    def use_number(self, number: int) -> None:
        """As `use`, by the number on the card."""
        if 1 <= number <= len(self._cards):
            self.use(self._cards[number - 1].hit.passage.id)

    def use_focused(self) -> None:
        """As `use`, for the card that has the focus, or the first one."""
        at = QApplication.focusWidget()
        focused = (c for c in self._cards if at is not None and (c is at or c.isAncestorOf(at)))
        card = next(focused, self._cards[0] if self._cards else None)
        if card is not None:
            self.use(card.hit.passage.id)

    # --- inside ---------------------------------------------------------------------------------

    def _show_hits(self, hits: Sequence[Hit], cited: frozenset[int]) -> None:
        wanted = (tuple(hit.passage.id for hit in hits), cited)
        if wanted == self._shown and len(hits) == len(self._cards):
            return
        same = wanted[0] == self._shown[0] and len(hits) == len(self._cards)
        self._shown = wanted
        self._say_count(hits, cited)
        if same:
            # Only what is cited changed: making the cards anew would be felt while a draft streams.
            for card in self._cards:
                card.set_cited(card.hit.passage.id in cited)
            return
        for card in self._cards:
            self._column.removeWidget(card)
            card.hide()
            card.deleteLater()
        self._cards = []
        for place, hit in enumerate(hits):
            card = EvidenceCard(self._theme, place + 1, hit, hit.passage.id in cited)
            card.set_relevance(self._relevance.get(hit.passage.article_id))
            card.relevance_changed.connect(self._on_relevance)
            card.open_wanted.connect(
                lambda article, passage=hit.passage.id: self.open_wanted.emit(article, passage)
            )
            card.draft_wanted.connect(self.use)
            card.entered.connect(self.passage_entered)
            self._column.insertWidget(place + 1, card)
            self._cards.append(card)

    def _say_count(self, hits: Sequence[Hit], cited: frozenset[int]) -> None:
        used = sum(hit.passage.id in cited for hit in hits)
        text = words.count(len(hits), "passage") if hits else ""
        self._count.setText(f"{text}, {used} used" if used else text)

    def _on_open(self, passage: int, article_id: str) -> None:
        self.open_wanted.emit(article_id, passage)

    def _on_relevance(self, article_id: str, relevant: bool | None) -> None:
        if relevant is None:
            self._relevance.pop(article_id, None)
        else:
            self._relevance[article_id] = relevant
        self.show_relevance(self._relevance)
        self.relevance_changed.emit(article_id, relevant)
