"""Replies on their way, in the workspace database."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlite_utils import Database as Tables

from agent_assist.adapters.storage.database import Database
from agent_assist.adapters.storage.rows import clean, stamp
from agent_assist.domain.outbox import OutboxItem, OutboxState
from agent_assist.errors import BadInput

_COLUMNS = "id, ticket_id, text, thread_hash, suggestion_id, state, error, created_at, due_at"
_OPEN = (OutboxState.QUEUED, OutboxState.SENDING, OutboxState.UNKNOWN, OutboxState.FAILED)


class OutboxStore:
    """Implements ports.OutboxRepository."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, item: OutboxItem) -> None:
        values = (
            item.id,
            clean(item.ticket_id),
            clean(item.text),
            item.thread_hash,
            item.suggestion_id,
            item.state.value,
            clean(item.error),
            stamp(item.created_at),
            stamp(item.due_at),
        )

        def work(tables: Tables) -> None:
            tables.conn.execute(
                f"INSERT OR REPLACE INTO outbox ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 -- columns
                values,
            )

        self._database.write(work)

    def get(self, item_id: str) -> OutboxItem | None:
        return self._database.read(lambda tables: _get(tables.conn, item_id))

    def set_state(self, item_id: str, state: OutboxState, error: str = "") -> OutboxItem:
        item = self.move(item_id, tuple(OutboxState), state, error)
        if item is None:
            raise BadInput(f"There is no reply {item_id} in the outbox.")
        return item

    def move(
        self, item_id: str, expected: Collection[OutboxState], state: OutboxState, error: str = ""
    ) -> OutboxItem | None:
        def work(tables: Tables) -> OutboxItem | None:
            marks = ", ".join("?" * len(expected))
            changed = tables.conn.execute(
                f"UPDATE outbox SET state = ?, error = ? WHERE id = ? AND state IN ({marks})",  # noqa: S608 -- marks
                (state.value, clean(error), item_id, *(s.value for s in expected)),
            ).rowcount
            return _get(tables.conn, item_id) if changed else None

        return self._database.write(work)

    def pending(self) -> list[OutboxItem]:
        marks = ", ".join("?" * len(_OPEN))
        statement = f"SELECT {_COLUMNS} FROM outbox WHERE state IN ({marks}) ORDER BY created_at, rowid"  # noqa: S608
        rows = self._database.read(
            lambda tables: tables.conn.execute(statement, [s.value for s in _OPEN]).fetchall()
        )
        return [_item(row) for row in rows]


def _get(conn: Any, item_id: str) -> OutboxItem | None:
    row = conn.execute(f"SELECT {_COLUMNS} FROM outbox WHERE id = ?", (item_id,)).fetchone()  # noqa: S608
    return _item(row) if row else None


def _item(row: Any) -> OutboxItem:
    return OutboxItem(
        id=row[0],
        ticket_id=row[1],
        text=row[2],
        thread_hash=row[3],
        suggestion_id=row[4],
        state=OutboxState(row[5]),
        error=row[6],
        created_at=datetime.fromisoformat(row[7]),
        due_at=datetime.fromisoformat(row[8]),
    )
