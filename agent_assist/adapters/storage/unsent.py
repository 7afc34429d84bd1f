"""Replies that are still being written, in the workspace database."""

from __future__ import annotations

from typing import Any

from sqlite_utils import Database as Tables

from agent_assist.adapters.storage.database import Database
from agent_assist.adapters.storage.rows import clean
from agent_assist.domain.unsent import Unsent


class UnsentStore:
    """Implements ports.UnsentRepository."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, unsent: Unsent) -> None:
        values = (clean(unsent.ticket_id), clean(unsent.text), clean(unsent.steer), unsent.suggestion_id)

        def work(tables: Tables) -> None:
            tables.conn.execute(
                "INSERT OR REPLACE INTO unsent (ticket_id, text, steer, suggestion_id) VALUES (?, ?, ?, ?)",
                values,
            )

        self._database.write(work)

    def get(self, ticket_id: str) -> Unsent | None:
        statement = "SELECT ticket_id, text, steer, suggestion_id FROM unsent WHERE ticket_id = ?"
        row = self._database.read(
            lambda tables: tables.conn.execute(statement, (clean(ticket_id),)).fetchone()
        )
        return _unsent(row) if row else None

    def all(self) -> list[Unsent]:
        statement = "SELECT ticket_id, text, steer, suggestion_id FROM unsent ORDER BY ticket_id"
        rows = self._database.read(lambda tables: tables.conn.execute(statement).fetchall())
        return [_unsent(row) for row in rows]

    def remove(self, ticket_id: str) -> None:
        def work(tables: Tables) -> None:
            tables.conn.execute("DELETE FROM unsent WHERE ticket_id = ?", (clean(ticket_id),))

        self._database.write(work)


def _unsent(row: Any) -> Unsent:
    return Unsent(row[0], row[1], row[2], row[3])
