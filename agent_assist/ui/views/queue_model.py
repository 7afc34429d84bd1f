"""The rows of the queue for Qt's model/view."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from agent_assist.domain.suggestion import Decision, Draft, DraftState
from agent_assist.domain.ticket import TicketSummary
from agent_assist.ui import words
from agent_assist.ui.plain import one_line, tooltip
from agent_assist.ui.tokens import Tone

RowRole = Qt.ItemDataRole.UserRole + 1
Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True, slots=True)
class Note:
    """What the queue says of a ticket's draft."""

    text: str = ""
    tone: Tone = Tone.NEUTRAL
    icon: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    summary: TicketSummary
    note: Note = Note()


NOTHING = Note()


def note_of(draft: Draft) -> Note:
    """The queue's words for a draft; nothing while it is idle."""
    suggestion = draft.suggestion
    match draft.state:
        case DraftState.READY:
            if suggestion is not None and suggestion.marks:
                return Note("check facts", Tone.ATTENTION, "triangle")
            return Note("draft ready", Tone.OK, "check-circle")
        case DraftState.ABSTAINED:
            if suggestion is not None and suggestion.decision is Decision.ESCALATE:
                return Note("hand over?", Tone.ATTENTION, "handover")
            return Note("ask customer?", Tone.ACCENT, "question")
        case DraftState.FAILED:
            return Note("no draft", Tone.DANGER, "octagon")
        case DraftState.STALE:
            return Note("wrote again", Tone.ATTENTION, "redo")
        case DraftState.IDLE:
            return NOTHING
        case _:
            return Note("writing…", Tone.NEUTRAL, "")


class QueueModel(QAbstractListModel):
    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: list[Row] = []
        self._at: dict[str, int] = {}
        self._notes: dict[str, Note] = {}

    # --- content --------------------------------------------------------------------------------

    def set_tickets(self, summaries: Sequence[TicketSummary]) -> None:
        """Show these; keeps the model's identity where the ids stay the same, so nothing flickers."""
        rows = [Row(s, self._notes.get(s.id, NOTHING)) for s in summaries]
        if [r.summary.id for r in rows] == [r.summary.id for r in self._rows]:
            before, self._rows = self._rows, rows
            changed = [i for i, (old, new) in enumerate(zip(before, rows)) if old != new]
            if changed:
                self.dataChanged.emit(self.index(changed[0]), self.index(changed[-1]))
            return
        self.beginResetModel()
        self._rows = rows
        self._at = {row.summary.id: number for number, row in enumerate(rows)}
        self.endResetModel()

    def set_note(self, ticket_id: str, note: Note) -> None:
        self._notes[ticket_id] = note
        row = self._at.get(ticket_id)
        if row is None or self._rows[row].note == note:
            return
        self._rows[row] = Row(self._rows[row].summary, note)
        self.dataChanged.emit(self.index(row), self.index(row))

    def row_of(self, ticket_id: str) -> int:
        """The row of a ticket; -1 where it is not shown."""
        return self._at.get(ticket_id, -1)

    def ticket_id(self, row: int) -> str:
        return self._rows[row].summary.id if 0 <= row < len(self._rows) else ""

    def ids_after(self, ticket_id: str, count: int) -> list[str]:
        """The next tickets below one, for prefetching."""
        start = self.row_of(ticket_id) + 1
        return [row.summary.id for row in self._rows[start : start + count]]

    @property
    def summaries(self) -> list[TicketSummary]:
        return [row.summary for row in self._rows]

    # --- Qt -------------------------------------------------------------------------------------

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        row = self._rows[index.row()]
        if role == RowRole:
            return row
        if role == Qt.ItemDataRole.DisplayRole:
            return row.summary.subject or row.summary.excerpt
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return describe(row)
        if role == Qt.ItemDataRole.ToolTipRole:
            return tooltip(row.summary.excerpt or row.summary.subject, 300)
        return None


def describe(row: Row) -> str:
    """One row in words, for screen readers."""
    summary = row.summary
    parts = [
        "unread" if summary.unread else "",
        summary.customer_name,
        one_line(summary.subject or summary.excerpt),
        words.CHANNELS[summary.channel],
        words.language(summary.language) if summary.language else "",
        f"waiting {words.waiting(summary.updated_at)}" if summary.waiting else "",
        row.note.text,
    ]
    return ", ".join(part for part in parts if part)
