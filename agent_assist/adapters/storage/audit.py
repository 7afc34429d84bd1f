"""The audit log in the workspace database; what `append` returned from is on the disk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlite_utils import Database as Tables

from agent_assist.adapters.storage.database import Database
from agent_assist.adapters.storage.rows import clean, stamp
from agent_assist.domain.audit import (
    START,
    AuditAction,
    AuditEntry,
    AuditNote,
    AuditReport,
    Head,
    belongs,
    check_chain,
    details_text,
    entry_mac,
)

BATCH = 2000
_COLUMNS = "number, at, agent, action, details, mac"


class AuditStore:
    """Implements ports.AuditRepository."""

    def __init__(self, database: Database, key: bytes) -> None:
        """`key` signs the entries; it is not the key that opens the database."""
        self._database = database
        self._key = key

    def append(self, notes: Sequence[AuditNote]) -> Head:
        """Several processes may append: the last entry is read inside the transaction that follows it."""

        def work(tables: Tables) -> Head:
            head = _head(tables.conn)
            rows = []
            for note in notes:
                number, at = head.number + 1, stamp(note.at) or ""
                details, agent = details_text(note.details), clean(note.agent)
                mac = entry_mac(self._key, head.mac, number, at, agent, note.action.value, details)
                rows.append((number, at, agent, note.action.value, details, mac))
                head = Head(number, mac)
            tables.conn.executemany(f"INSERT INTO audit ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)", rows)  # noqa: S608
            return head

        return self._database.write(work)

    def head(self) -> Head:
        return self._database.read(lambda tables: _head(tables.conn))

    def entries(
        self, since: int = 0, action: AuditAction | None = None, newest_first: bool = False
    ) -> Iterator[AuditEntry]:
        """Entries after number `since` (before it, newest first, where that is asked), page by page."""
        last = since
        order, step = ("DESC", "<") if newest_first else ("ASC", ">")
        if newest_first and not since:
            last = 2**62
        which, values = ("AND action = ?", [action.value]) if action else ("", [])
        while True:
            statement = f"""SELECT {_COLUMNS} FROM audit WHERE number {step} ? {which}
                ORDER BY number {order} LIMIT {BATCH}"""  # noqa: S608 -- fixed words
            rows = self._rows(statement, [last, *values])
            yield from (AuditEntry(*row) for row in rows)
            if len(rows) < BATCH:
                return
            last = rows[-1][0]

    def role_changes(self) -> list[AuditEntry]:
        """The entries that gave or took a role, oldest first; one that was tampered with is left out."""
        rows = self._rows(
            f"""SELECT {", ".join("a." + c.strip() for c in _COLUMNS.split(","))}, coalesce(b.mac, '')
                FROM audit a LEFT JOIN audit b ON b.number = a.number - 1
                WHERE a.action = ? ORDER BY a.number""",  # noqa: S608 -- fixed words
            [AuditAction.ROLE_CHANGED.value],
        )
        return [entry for *parts, before in rows if belongs(self._key, before, entry := AuditEntry(*parts))]

    def check(self, anchors: dict[str, Head]) -> AuditReport:
        return check_chain(self._key, self.entries(), anchors)

    def _rows(self, statement: str, values: Sequence[Any]) -> list[Any]:
        return self._database.read(lambda t: t.conn.execute(statement, values).fetchall())


def _head(conn: Any) -> Head:
    row = conn.execute("SELECT number, mac FROM audit ORDER BY number DESC LIMIT 1").fetchone()
    return Head(row[0], row[1]) if row else Head(0, START)
