"""Entries of the audit log as a Qt model, in words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from PySide6.QtCore import QObject, Qt

from agent_assist.domain.audit import AuditAction, AuditEntry
from agent_assist.ui.plain import one_line
from agent_assist.ui.widgets.table import Index, TextModel

WORDS = {
    AuditAction.DRAFTED: "A draft was written",
    AuditAction.DRAFT_CONFIRMED: "A held reply was confirmed",
    AuditAction.SENT: "A reply was sent",
    AuditAction.WITHDRAWN: "A reply was taken back",
    AuditAction.DELIVERED: "A reply was delivered",
    AuditAction.EXPORTED: "Feedback was exported",
    AuditAction.READ_RAW: "Feedback was exported with personal data",
    AuditAction.MODEL_ADDED: "A model was added",
    AuditAction.MODEL_CHANGED: "Another model writes",
    AuditAction.MODEL_REMOVED: "A model was removed",
    AuditAction.MODEL_PROMOTED: "A model was promoted",
    AuditAction.CANARY_CHANGED: "A model writes for a share",
    AuditAction.SETTINGS_CHANGED: "Settings were changed",
    AuditAction.POLICY_CHANGED: "The policy was changed",
    AuditAction.CONNECTION_CHANGED: "A helpdesk connection was changed",
    AuditAction.ROLE_CHANGED: "A role was given",
    AuditAction.ERASED: "A person was erased",
    AuditAction.PERSON_EXPORTED: "A person's data was exported",
    AuditAction.RETENTION: "Old records were removed",
    AuditAction.KEY_CHANGED: "A key was changed",
    AuditAction.TRAINED: "A model was trained",
    AuditAction.ARTICLE_APPROVED: "A held-back sentence was approved",
    AuditAction.AUDIT_EXPORTED: "This log was exported",
    AuditAction.AUDIT_ACCEPTED: "A gap in this log was accepted",
    AuditAction.REFUSED: "Something was refused",
}


def action_words(action: str) -> str:
    """The sentence for an action; one that a newer version wrote is shown by its name."""
    try:
        return WORDS[AuditAction(action)]
    except (ValueError, KeyError):
        return action.replace("_", " ").capitalize()


def cells(entry: AuditEntry, me: str) -> tuple[str, str, str, str, str]:
    """Number, local time, who, what and details of an entry; `me` is the reader's pseudonym."""
    details = " · ".join(f"{name} {value}" for name, value in entry.facts.items() if value != "")
    who = "You" if entry.agent == me else entry.agent
    return (str(entry.number), _moment(entry.at), who, action_words(entry.action), one_line(details, 300))


def _moment(text: str) -> str:
    try:
        return datetime.fromisoformat(text).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    except ValueError:
        return text[:19]


class AuditModel(TextModel):
    """Newest first; `filter` keeps the rows that have all words."""

    columns = ("No.", "When", "Who", "What", "Details")

    def __init__(self, me: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._me = me
        self._every: list[tuple[str, str, str, str, str]] = []
        self._words: list[str] = []

    def show(self, entries: Sequence[AuditEntry]) -> None:
        self._every = [cells(entry, self._me) for entry in entries]
        self._choose()

    def filter(self, words: str) -> None:
        self._words = words.casefold().split()
        self._choose()

    def _choose(self) -> None:
        self.set_cells(
            [row for row in self._every if all(w in " ".join(row).casefold() for w in self._words)]
        )

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if role == Qt.ItemDataRole.ToolTipRole and index.column() == self.columns.index("Details"):
            return self.cells[index.row()][index.column()] or None
        return super().data(index, role)
