"""The registry of language models in the workspace database."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sqlite_utils import Database as Tables

from agent_assist.adapters.storage.database import Database
from agent_assist.adapters.storage.records import dump, parse
from agent_assist.adapters.storage.rows import stamp
from agent_assist.domain.model import Canary, ModelRecord
from agent_assist.errors import BadInput


class ModelStore:
    """Implements ports.ModelRepository.

    Which model is active is a history of its own: the record's `active` is filled in on reading and
    ignored on saving.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, record: ModelRecord) -> None:
        text = dump(replace(record, active=False))

        def work(tables: Tables) -> None:
            tables.conn.execute(
                "INSERT OR REPLACE INTO models (name, record) VALUES (?, ?)", (record.name, text)
            )

        self._database.write(work)

    def get(self, name: str) -> ModelRecord | None:
        return self._database.read(lambda tables: _get(tables.conn, name))

    def all(self) -> list[ModelRecord]:
        """By name."""

        def work(tables: Tables) -> list[ModelRecord]:
            active = _active(tables.conn)
            rows = tables.conn.execute("SELECT name, record FROM models ORDER BY name").fetchall()
            return [replace(parse(ModelRecord, text), active=name == active) for name, text in rows]

        return self._database.read(work)

    def remove(self, name: str) -> None:
        """Forget a model; where it was the active one, the one before becomes active again."""

        def work(tables: Tables) -> None:
            tables.conn.execute("DELETE FROM models WHERE name = ?", (name,))
            tables.conn.execute("DELETE FROM activations WHERE name = ?", (name,))

        self._database.write(work)

    def activate(self, name: str) -> ModelRecord:
        def work(tables: Tables) -> ModelRecord:
            if not tables.conn.execute("SELECT 1 FROM models WHERE name = ?", (name,)).fetchone():
                raise BadInput(f"There is no model {name}.", "`agent-assist model list` shows the names.")
            if _active(tables.conn) != name:
                tables.conn.execute(
                    "INSERT INTO activations (name, activated_at) VALUES (?, ?)",
                    (name, stamp(datetime.now(UTC))),
                )
            text = tables.conn.execute("SELECT record FROM models WHERE name = ?", (name,)).fetchone()[0]
            return replace(parse(ModelRecord, text), active=True)

        return self._database.write(work)

    def active(self) -> ModelRecord | None:
        def work(tables: Tables) -> ModelRecord | None:
            name = _active(tables.conn)
            return _get(tables.conn, name) if name else None

        return self._database.read(work)

    def canary(self) -> Canary | None:
        row = self._database.read(
            lambda t: t.conn.execute("SELECT name, share, started_at, failures FROM canary").fetchone()
        )
        return Canary(row[0], row[1], datetime.fromisoformat(row[2]), row[3]) if row else None

    def set_canary(self, canary: Canary | None) -> None:
        def work(tables: Tables) -> None:
            tables.conn.execute("DELETE FROM canary")
            if canary is not None:
                tables.conn.execute(
                    "INSERT INTO canary VALUES (1, ?, ?, ?, ?)",
                    (canary.name, canary.share, canary.started_at.isoformat(), canary.failures),
                )

        self._database.write(work)

    def canary_failed(self) -> int:
        def work(tables: Tables) -> int:
            tables.conn.execute("UPDATE canary SET failures = failures + 1")
            row = tables.conn.execute("SELECT failures FROM canary").fetchone()
            return int(row[0]) if row else 0

        return self._database.write(work)

    def before(self) -> ModelRecord | None:
        def work(tables: Tables) -> ModelRecord | None:
            before = _before(tables.conn)
            return _get(tables.conn, before[1]) if before is not None else None

        return self._database.read(work)

    def rollback(self) -> ModelRecord | None:
        def work(tables: Tables) -> ModelRecord | None:
            before = _before(tables.conn)
            if before is None:
                return None
            tables.conn.execute("DELETE FROM activations WHERE id > ?", (before[0],))
            return _get(tables.conn, before[1])

        return self._database.write(work)


def _active(conn: Any) -> str | None:
    row = conn.execute("SELECT name FROM activations ORDER BY id DESC LIMIT 1").fetchone()
    return row[0] if row else None


def _before(conn: Any) -> tuple[int, str] | None:
    """(id, model) of the activation before the active model's."""
    row = conn.execute(
        "SELECT id, name FROM activations WHERE name != ? ORDER BY id DESC LIMIT 1", (_active(conn) or "",)
    ).fetchone()
    return (row[0], row[1]) if row else None


def _get(conn: Any, name: str) -> ModelRecord | None:
    row = conn.execute("SELECT record FROM models WHERE name = ?", (name,)).fetchone()
    return replace(parse(ModelRecord, row[0]), active=_active(conn) == name) if row else None
