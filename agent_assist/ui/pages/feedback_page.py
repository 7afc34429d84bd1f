"""What became of the drafts, and what the agent's feedback did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import ClassVar

from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QWidget

from agent_assist.domain.feedback import FeedbackStats, Outcome
from agent_assist.domain.suggestion import Suggestion
from agent_assist.ui.context import UiContext
from agent_assist.ui.dialogs.diff_view import DiffView
from agent_assist.ui.dialogs.export_dialog import ExportDialog
from agent_assist.ui.pages.page import Page
from agent_assist.ui.pages.rules_card import RulesCard
from agent_assist.ui.pages.share_bar import ShareBar
from agent_assist.ui.pages.suggestions_model import Entry, SuggestionsModel
from agent_assist.ui.tokens import SPACE_1, SPACE_2, TextSize, Tone
from agent_assist.ui.widgets.button import Button, Kind
from agent_assist.ui.widgets.card import Card, Column, clear
from agent_assist.ui.widgets.chip import Chip, Tag
from agent_assist.ui.widgets.empty import EmptyState
from agent_assist.ui.widgets.label import Label
from agent_assist.ui.widgets.table import RowTable
from agent_assist.ui.words import OUTCOMES, REASONS, count, percent, seconds, series

RECENT = 200
PERIODS: tuple[tuple[str, int], ...] = (("7 days", 7), ("30 days", 30), ("All", 0))
WIDTH = 1080
_REASONS = {reason.value: words for reason, words in REASONS.items()}


@dataclass(frozen=True, slots=True)
class _Shown:
    stats: FeedbackStats
    entries: Sequence[Entry]


class FeedbackPage(Page):
    """Figures of a period and the latest drafts; a chosen row shows what the agent changed."""

    title: ClassVar[str] = "Feedback"
    icon: ClassVar[str] = "feedback"
    widest: ClassVar[int] = WIDTH

    def __init__(self, ui: UiContext, parent: QWidget | None = None) -> None:
        super().__init__(ui, parent)
        self._days = 30
        self._make_actions()
        self.bar = ShareBar(ui.theme)
        self.did = Label("", wrap=True)
        self.latest = Label("", TextSize.SMALL, Tone.OK, wrap=True)
        self.latest.hide()
        self.model = SuggestionsModel(self)
        self.table = self._make_table()
        self.difference = DiffView(ui.theme, "Draft", "What left the editor")
        self.difference.setMinimumHeight(220)
        self.note = Label("", TextSize.SMALL, "muted", wrap=True, selectable=True)
        self.empty = EmptyState(
            ui.theme,
            "feedback",
            "No drafts yet",
            "Send, edit or reject a draft, and what you did stands here.",
        )
        self._column = Column(WIDTH)
        self._fill(self._column)
        self.body.addWidget(self._column, 1)
        self.body.addWidget(self.empty, 1)
        self.empty.hide()
        self.setFocusProxy(self.table)
        ui.bridge.feedback_recorded.connect(self._on_recorded)
        ui.bridge.rules_changed.connect(self._on_rules)
        self.refresh()

    def _make_actions(self) -> None:
        group = QButtonGroup(self)
        self.periods: dict[int, Chip] = {}
        for words, days in PERIODS:
            chip = Chip(words, checkable=True)
            chip.setChecked(days == self._days)
            chip.clicked.connect(lambda _=False, wanted=days: self._on_period(wanted))
            group.addButton(chip)
            self.tools.addWidget(chip)
            self.periods[days] = chip
        self.export = Button(self.ui.theme, "Export", Kind.SECONDARY, "download")
        self.export.clicked.connect(self.open_export)
        self.tools.addWidget(self.export)

    def _fill(self, column: Column) -> None:
        became = Card("What became of the drafts")
        became.body.addWidget(self.bar)
        self._figures = Label("", TextSize.SMALL, "muted", wrap=True)
        became.body.addWidget(self._figures)
        self._reasons = QHBoxLayout()
        self._reasons.setSpacing(SPACE_1)
        became.body.addLayout(self._reasons)
        did = Card("What your feedback did")
        did.body.addWidget(self.did)
        did.body.addWidget(self.latest)
        self.recent = recent = Card("Recent drafts")
        recent.body.addWidget(self.table)
        recent.body.addSpacing(SPACE_2)
        recent.body.addWidget(self.difference)
        recent.body.addWidget(self.note)
        self.rules = RulesCard(self)
        for card in (became, did, self.rules, recent):
            column.body.addWidget(card)
        column.body.addStretch(1)

    def _make_table(self) -> RowTable:
        table = RowTable(self.model, "Recent drafts", stretched=0)
        for place, width in ((1, 220), (2, 84), (3, 110)):
            table.setColumnWidth(place, width)
        table.setMinimumHeight(230)
        table.selectionModel().currentRowChanged.connect(lambda now, _before: self._on_row(now.row()))
        return table

    # --- reading ------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Read the figures and the recent drafts again."""
        feedback = self.ui.desk.feedback
        since = datetime.now(UTC) - timedelta(days=self._days) if self._days else None
        self.ui.bridge.run(
            lambda: _Shown(feedback.stats(since=since), feedback.entries(RECENT, since=since)),
            self._show,
            self.retrying(self.refresh),
            latest="feedback",
        )
        self.rules.refresh()

    def _show(self, shown: _Shown) -> None:
        stats = shown.stats
        nothing = not shown.entries and self._days == 0
        self.empty.setVisible(nothing)
        self._column.setVisible(not nothing)
        self.recent.setVisible(bool(shown.entries))
        drafts = f"{count(stats.suggestions, 'draft')}, {stats.decided:,} of them decided"
        self.say_facts(drafts if stats.suggestions else "No drafts in this time")
        self.bar.show_stats(stats)
        self._figures.setText(figures_words(stats))
        self._show_reasons(stats)
        self.did.setText(did_words(stats))
        selected = self.table.currentIndex().row()
        chosen = self.model.entry(selected)[0].id if selected >= 0 else ""
        self.model.show(shown.entries)
        row = self.model.row_of(chosen)
        if row >= 0 or shown.entries:
            self.table.selectRow(max(0, row))
        self._on_row(max(0, row) if shown.entries else -1)

    def _show_reasons(self, stats: FeedbackStats) -> None:
        clear(self._reasons)
        for name, number in sorted(stats.by_reason.items(), key=lambda pair: -pair[1])[:5]:
            self._reasons.addWidget(Tag(f"{_REASONS.get(name, name)} {number:,}"))
        self._reasons.addStretch(1)

    def _show_outcome(self, suggestion: Suggestion, outcome: Outcome | None) -> None:
        self.note.setText(note_words(suggestion, outcome))
        self.note.setVisible(bool(self.note.text()))
        if outcome is None or not outcome.final_text:
            self.difference.show_difference([("equal", suggestion.text)])
            self.difference.summary.setText(
                OUTCOMES[outcome.kind] if outcome else "You have not decided about this draft."
            )
            return
        feedback, final = self.ui.desk.feedback, outcome.final_text
        self.ui.bridge.run(
            lambda: feedback.difference(suggestion.id, final),
            self.difference.show_difference,
            self.show_error,
            latest="difference",
        )

    # --- slots --------------------------------------------------------------------------------------

    def on_width(self, width: int) -> None:
        self.table.setColumnHidden(2, width < 620)
        self.table.setColumnHidden(3, width < 520)
        self.table.setColumnWidth(1, 220 if width >= 760 else 120)

    def _on_row(self, row: int) -> None:
        self.difference.setVisible(row >= 0)
        if row >= 0:
            self._show_outcome(*self.model.entry(row))

    def _on_period(self, days: int) -> None:
        self._days = days
        self.refresh()

    def _on_recorded(self, _suggestion_id: str, sentence: str) -> None:
        if sentence:
            self.latest.setText(sentence)
            self.latest.show()
        self.refresh()

    def _on_rules(self, sentence: str) -> None:
        if sentence:
            self.latest.setText(sentence)
            self.latest.show()

    def open_export(self) -> ExportDialog:
        """Ask what to export and where to."""
        dialog = ExportDialog(self.ui, self)
        dialog.exported.connect(lambda sentence: self.toast.say(sentence))
        dialog.open()
        return dialog


def figures_words(stats: FeedbackStats) -> str:
    """ "78 % accepted · 12 % changed on average · decided in 9.4 s"."""
    if not stats.decided:
        return "Nothing was decided in this time."
    parts = [f"{percent(stats.acceptance)} accepted"]
    if stats.mean_edit_distance:
        parts.append(f"{percent(stats.mean_edit_distance)} changed on average")
    if stats.median_decision_ms:
        parts.append(f"decided in {seconds(stats.median_decision_ms)}")
    return " · ".join(parts)


def did_words(stats: FeedbackStats) -> str:
    """One sentence about what the records are good for."""
    parts = [
        (stats.trainable, "reply to learn from", "replies to learn from"),
        (stats.preferences, "comparison of two drafts", "comparisons of two drafts"),
        (stats.relevance_marks, "mark on an article", "marks on articles"),
        (stats.missing_knowledge, "question that no article answers", "questions that no article answers"),
    ]
    said = [count(number, one, many) for number, one, many in parts if number]
    return f"So far: {series(said)}." if said else "Nothing yet. Each decision on a draft counts."


def note_words(suggestion: Suggestion, outcome: Outcome | None) -> str:
    """Where the draft belongs to, and what was said about it."""
    parts = [f"Ticket {suggestion.ticket_id}", suggestion.model_name]
    if outcome is not None:
        parts += [outcome.reason_text, f"Missing: {outcome.missing_note}" if outcome.missing_note else ""]
    return " · ".join(part for part in parts if part)
