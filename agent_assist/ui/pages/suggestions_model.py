"""Recent drafts and what became of them, as a Qt model."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject

from agent_assist.domain.feedback import Outcome, OutcomeKind
from agent_assist.domain.suggestion import Suggestion
from agent_assist.ui.plain import one_line
from agent_assist.ui.widgets.table import TextModel
from agent_assist.ui.words import OUTCOMES, REASONS, ago, percent

Entry = tuple[Suggestion, Outcome | None]
_USED = (OutcomeKind.ACCEPTED, OutcomeKind.EDITED, OutcomeKind.REWRITTEN)


class SuggestionsModel(TextModel):
    """One row for each entry, in the order given."""

    columns = ("Draft", "Became", "Changed", "When")

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._entries: list[Entry] = []

    def show(self, entries: Sequence[Entry]) -> None:
        self._entries = list(entries)
        self.set_cells([cells(entry) for entry in self._entries])

    def entry(self, row: int) -> Entry:
        return self._entries[row]

    def row_of(self, suggestion_id: str) -> int:
        """-1 where it is not there."""
        return next((row for row, (s, _) in enumerate(self._entries) if s.id == suggestion_id), -1)


def cells(entry: Entry) -> tuple[str, str, str, str]:
    """What the row shows."""
    suggestion, outcome = entry
    changed = percent(outcome.edit_distance) if outcome and outcome.kind in _USED else ""
    moment = (outcome.created_at if outcome else None) or suggestion.created_at
    return (one_line(suggestion.text, 120), became_words(outcome), changed, ago(moment))


def became_words(outcome: Outcome | None) -> str:
    """ "Rejected: wrong fact, too long"."""
    if outcome is None:
        return "Not decided yet"
    words = OUTCOMES[outcome.kind]
    reasons = ", ".join(REASONS[reason].lower() for reason in outcome.reasons)
    return f"{words}: {reasons}" if reasons else words
