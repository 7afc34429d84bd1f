"""Recent drafts and what became of them, as a Qt model."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from agent_assist.domain.feedback import Outcome, OutcomeKind
from agent_assist.domain.suggestion import Suggestion
from agent_assist.ui.plain import one_line
from agent_assist.ui.wording import OUTCOME_WORDS, REASON_WORDS, age_words
from agent_assist.ui.words import percent

Index = QModelIndex | QPersistentModelIndex
Entry = tuple[Suggestion, Outcome | None]
COLUMNS = ("Draft", "Became", "Changed", "When")
_NO_INDEX = QModelIndex()
_USED = (OutcomeKind.ACCEPTED, OutcomeKind.EDITED, OutcomeKind.REWRITTEN)


class SuggestionsModel(QAbstractTableModel):
    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._entries: list[Entry] = []
        self._cells: list[tuple[str, str, str, str]] = []

    def show(self, entries: Sequence[Entry]) -> None:
        self.beginResetModel()
        self._entries = list(entries)
        self._cells = [cells(entry) for entry in self._entries]
        self.endResetModel()

    def entry(self, row: int) -> Entry:
        return self._entries[row]

    def row_of(self, suggestion_id: str) -> int:
        """-1 where it is not there."""
        return next((row for row, (s, _) in enumerate(self._entries) if s.id == suggestion_id), -1)

    def rowCount(self, parent: Index = _NO_INDEX) -> int:
        return 0 if parent.isValid() else len(self._entries)

    def columnCount(self, parent: Index = _NO_INDEX) -> int:
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return COLUMNS[section]
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return self._cells[index.row()][index.column()]
        return None


def cells(entry: Entry) -> tuple[str, str, str, str]:
    """What the row shows."""
    suggestion, outcome = entry
    changed = percent(outcome.edit_distance) if outcome and outcome.kind in _USED else ""
    moment = (outcome.created_at if outcome else None) or suggestion.created_at
    return (one_line(suggestion.text, 120), became_words(outcome), changed, age_words(moment))


def became_words(outcome: Outcome | None) -> str:
    """ "Rejected: wrong fact, too long"."""
    if outcome is None:
        return "Not decided yet"
    words = OUTCOME_WORDS[outcome.kind]
    reasons = ", ".join(REASON_WORDS[reason].lower() for reason in outcome.reasons)
    return f"{words}: {reasons}" if reasons else words
