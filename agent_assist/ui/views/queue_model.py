"""The rows of the queue for Qt's model/view."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QStringListModel, Qt

from agent_assist.domain.suggestion import Decision, Draft, DraftState
from agent_assist.domain.ticket import TicketSummary
from agent_assist.ui import words
from agent_assist.ui.plain import one_line, tooltip
from agent_assist.ui.tokens import Tone

Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True, slots=True)
class Note:
    """What the queue says of a ticket's draft."""

    text: str = ""
    tone: Tone = Tone.NEUTRAL
    icon: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A ticket with what is said of its draft."""

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


class QueueModel(QStringListModel):
    """Qt's own list of ids, to which `data` adds the rest.

    A view asks for the number of rows once for each row that it lays out.  Asked in Python, thousands of rows
    are thousands of waits for the interpreter while other threads have it: seconds, when a helpdesk is read.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._summaries: list[TicketSummary] = []
        self._at: dict[str, int] = {}
        self._notes: dict[str, Note] = {}

    # --- content --------------------------------------------------------------------------------

    def set_tickets(self, summaries: Sequence[TicketSummary]) -> None:
        """Show these; keeps the model's identity where the ids stay the same, so nothing flickers."""
        before, self._summaries = self._summaries, list(summaries)
        if [s.id for s in self._summaries] == list(self._at):
            pairs = zip(before, self._summaries, strict=True)
            if changed := [row for row, (one, other) in enumerate(pairs) if one != other]:
                self.dataChanged.emit(self.index(changed[0]), self.index(changed[-1]))
            return
        self._at = {summary.id: number for number, summary in enumerate(self._summaries)}
        self.setStringList(list(self._at))

    def set_note(self, ticket_id: str, note: Note) -> None:
        before, self._notes[ticket_id] = self._notes.get(ticket_id, NOTHING), note
        row = self._at.get(ticket_id)
        if row is not None and before != note:
            self.dataChanged.emit(self.index(row), self.index(row))

    def row_of(self, ticket_id: str) -> int:
        """The row of a ticket; -1 where it is not shown."""
        return self._at.get(ticket_id, -1)

    def ticket_id(self, row: int) -> str:
        return self._summaries[row].id if 0 <= row < len(self._summaries) else ""

    def ids_after(self, ticket_id: str, count: int) -> list[str]:
        """The next tickets below one, for prefetching."""
        start = self.row_of(ticket_id) + 1
        return [summary.id for summary in self._summaries[start : start + count]]

    def row(self, number: int) -> Row:
        """What stands in that row; IndexError where there is none."""
        summary = self._summaries[number]
        return Row(summary, self._notes.get(summary.id, NOTHING))

    @property
    def summaries(self) -> list[TicketSummary]:
        return list(self._summaries)

    # --- Qt -------------------------------------------------------------------------------------

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self._summaries):
            return None
        row = self.row(index.row())
        summary = row.summary
        if role == Qt.ItemDataRole.DisplayRole:
            return summary.subject or summary.excerpt
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
