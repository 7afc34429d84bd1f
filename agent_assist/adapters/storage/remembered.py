"""Remembered edits in the workspace database."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from sqlite_utils import Database as Tables

from agent_assist.adapters.storage.database import Database
from agent_assist.adapters.storage.records import dump, parse
from agent_assist.adapters.storage.rows import clean, stamp
from agent_assist.domain.remembered import Rule, RuleState


class RememberedStore:
    """Implements ports.RememberedRepository."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, rule: Rule) -> None:
        values = (
            clean(rule.id),
            clean(rule.ticket_id),
            rule.state.value,
            stamp(rule.created_at or datetime.now(UTC)),
            dump(rule),
        )

        def work(tables: Tables) -> None:
            tables.conn.execute("INSERT OR REPLACE INTO remembered VALUES (?, ?, ?, ?, ?)", values)

        self._database.write(work)

    def get(self, rule_id: str) -> Rule | None:
        rows = self._rows("SELECT record FROM remembered WHERE id = ?", rule_id)
        return parse(Rule, rows[0]) if rows else None

    def all(self, states: Iterable[RuleState] | None = None) -> list[Rule]:
        wanted = [s.value for s in (RuleState if states is None else states)]
        marks = ",".join("?" * len(wanted))
        rows = self._rows(
            f"SELECT record FROM remembered WHERE state IN ({marks}) ORDER BY created_at DESC, id",  # noqa: S608
            *wanted,
        )
        return [parse(Rule, row) for row in rows]

    def forget(self, rule_id: str) -> None:
        def work(tables: Tables) -> None:
            tables.conn.execute("DELETE FROM remembered WHERE id = ?", (rule_id,))

        self._database.write(work)

    def _rows(self, statement: str, *values: str) -> list[str]:
        return [row[0] for row in self._database.read(lambda t: t.conn.execute(statement, values).fetchall())]
