"""Replies on their way, in the workspace database."""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlite_utils import Database as Tables

from agent_assist.adapters.storage.database import Database
from agent_assist.adapters.storage.rows import clean, stamp
from agent_assist.domain.outbox import OutboxItem, OutboxKind, OutboxState, is_empty
from agent_assist.errors import BadInput

_NAMES = ("id", "ticket_id", "text", "thread_hash", "suggestion_id", "state", "error", "created_at", "due_at")
_COLUMNS = ", ".join((*_NAMES, "kind", "seen", "message_id"))
_OPEN = tuple(state for state in OutboxState if state not in (OutboxState.SENT, OutboxState.WITHDRAWN))
_MARKS = ", ".join("?" * len(_COLUMNS.split(",")))


class OutboxStore:
    """Implements ports.OutboxRepository."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, item: OutboxItem) -> None:
        if is_empty(item.text):
            raise BadInput("An empty reply was not kept.", "Write something first.")
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
            item.kind.value,
            None if item.seen is None else json.dumps(item.seen),
            item.message_id,
        )

        def work(tables: Tables) -> None:
            tables.conn.execute(
                f"INSERT OR REPLACE INTO outbox ({_COLUMNS}) VALUES ({_MARKS})",  # noqa: S608 -- columns
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

    def arrived(self, item_id: str, message_id: str) -> OutboxItem:
        def work(tables: Tables) -> OutboxItem | None:
            tables.conn.execute(
                "UPDATE outbox SET state = ?, error = '', message_id = ? WHERE id = ?",
                (OutboxState.SENT.value, clean(message_id), item_id),
            )
            return _get(tables.conn, item_id)

        item = self._database.write(work)
        if item is None:
            raise BadInput(f"There is no reply {item_id} in the outbox.")
        return item

    def of_ticket(self, ticket_id: str) -> list[OutboxItem]:
        statement = f"SELECT {_COLUMNS} FROM outbox WHERE ticket_id = ? ORDER BY created_at, rowid"  # noqa: S608
        rows = self._database.read(lambda tables: tables.conn.execute(statement, (ticket_id,)).fetchall())
        return [_item(row) for row in rows]

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
        kind=OutboxKind(row[9]),
        seen=None if row[10] is None else tuple(json.loads(row[10])),
        message_id=row[11],
    )
