"""Connected helpdesks, and what a look for changes brings, in the workspace database."""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

from sqlite_utils import Database as Tables

from agent_assist.adapters.storage import threads
from agent_assist.adapters.storage.database import Database
from agent_assist.adapters.storage.rows import clean
from agent_assist.domain.helpdesk import Connection, TicketChange
from agent_assist.domain.outbox import OutboxState
from agent_assist.domain.ticket import Ticket, TicketStatus

_COLUMNS = 'id, kind, title, "values", enabled, cursor, revision'
_CLOSED = (OutboxState.SENT.value, OutboxState.WITHDRAWN.value)


class ConnectionStore:
    """Implements ports.ConnectionRepository."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> list[Connection]:
        statement = f"SELECT {_COLUMNS} FROM connections ORDER BY rowid"  # noqa: S608 -- our names
        rows = self._database.read(lambda tables: tables.conn.execute(statement).fetchall())
        return [_connection(row) for row in rows]

    def get(self, connection_id: str) -> Connection | None:
        return self._database.read(lambda tables: _get(tables.conn, connection_id))

    def save(self, connection: Connection) -> Connection:
        def work(tables: Tables) -> Connection:
            known = _get(tables.conn, connection.id)
            saved = replace(connection, revision=known.revision + 1 if known else 1)
            tables.conn.execute(
                """INSERT INTO connections (id, kind, title, "values", enabled, cursor, revision)
                    VALUES (?, ?, ?, ?, ?, ?, ?)
                    ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, title = excluded.title,
                    "values" = excluded."values", enabled = excluded.enabled, cursor = excluded.cursor,
                    revision = excluded.revision""",
                (
                    *(saved.id, saved.kind, clean(saved.title), json.dumps(dict(saved.values))),
                    *(int(saved.enabled), saved.cursor, saved.revision),
                ),
            )
            return saved

        return self._database.write(work)

    def remove(self, connection_id: str) -> None:
        def work(tables: Tables) -> None:
            conn = tables.conn
            rows = conn.execute("SELECT id FROM tickets WHERE connection = ?", (connection_id,)).fetchall()
            for (ticket_id,) in rows:
                if not _awaited(conn, ticket_id):
                    threads.remove(conn, ticket_id)
            conn.execute("DELETE FROM connections WHERE id = ?", (connection_id,))

        self._database.write(work)

    def apply(
        self,
        connection_id: str,
        tickets: Sequence[Ticket],
        gone: Sequence[str] = (),
        cursor: str | None = None,
    ) -> Future[tuple[TicketChange, ...]]:
        def work(tables: Tables) -> tuple[TicketChange, ...]:
            conn = tables.conn
            if _get(conn, connection_id) is None:
                return ()
            found = [threads.save(conn, t, source="helpdesk", connection=connection_id) for t in tickets]
            changes = [change for change in found if change]
            changes += [
                TicketChange(ticket_id, "", gone=True)
                for ticket_id in gone
                if not _awaited(conn, ticket_id) and threads.remove(conn, ticket_id)
            ]
            if cursor is not None:
                conn.execute("UPDATE connections SET cursor = ? WHERE id = ?", (cursor, connection_id))
            return tuple(changes)

        return self._database.write_later(work)

    def unsolved(self, connection_id: str, after: str, limit: int) -> list[str]:
        rows = self._database.read(
            lambda tables: tables.conn.execute(
                "SELECT id FROM tickets WHERE connection = ? AND id > ? AND status != ? ORDER BY id LIMIT ?",
                (connection_id, after, TicketStatus.SOLVED.value, limit),
            ).fetchall()
        )
        return [str(row[0]) for row in rows]


def _get(conn: Any, connection_id: str) -> Connection | None:
    statement = f"SELECT {_COLUMNS} FROM connections WHERE id = ?"  # noqa: S608 -- our names
    row = conn.execute(statement, (connection_id,)).fetchone()
    return _connection(row) if row else None


def _connection(row: Any) -> Connection:
    return Connection(
        id=row[0],
        kind=row[1],
        title=row[2],
        values=json.loads(row[3]),
        enabled=bool(row[4]),
        cursor=row[5],
        revision=row[6],
    )


def _awaited(conn: Any, ticket_id: str) -> bool:
    """Whether a reply is still to leave for this ticket."""
    return bool(
        conn.execute(
            "SELECT 1 FROM outbox WHERE ticket_id = ? AND state NOT IN (?, ?)", (ticket_id, *_CLOSED)
        ).fetchone()
    )
