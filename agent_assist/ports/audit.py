"""The audit log and the places outside the database that remember its head."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from agent_assist.domain.audit import AuditAction, AuditEntry, AuditNote, AuditReport, Head


class AuditRepository(Protocol):
    """The log; a returned call is on the disk."""

    def append(self, notes: Sequence[AuditNote]) -> Head:
        """Write entries down in this order; returns the last one."""

    def head(self) -> Head:
        """Number and MAC of the last entry; number 0 for an empty log."""

    def entries(
        self, since: int = 0, action: AuditAction | None = None, newest_first: bool = False
    ) -> Iterator[AuditEntry]:
        """Those after number `since`; with `newest_first` those before it, 0 standing for all.  Read page by
        page: what is appended meanwhile may be among them."""

    def role_changes(self) -> list[AuditEntry]:
        """The untampered entries that gave or took a role, oldest first."""

    def check(self, anchors: dict[str, Head]) -> AuditReport:
        """Read the whole log: whether each entry follows the one before, and whether it reaches each of the
        `anchors` (place to head).  Slow for a long log."""


class AuditAnchor(Protocol):
    """A place outside the database that remembers the head of the log."""

    @property
    def place(self) -> str:
        """In words that complete "… remembers"."""

    @property
    def required(self) -> bool:
        """Whether its absence, where the log has entries, is tampering."""

    def read(self) -> Head | None:
        """None where it is not there.  Raises AuditDamaged where it was changed by hand."""

    def write(self, head: Head, *, back: bool = False) -> None:
        """Remember a head that is newer than the one there, or with `back` any; never raises."""
