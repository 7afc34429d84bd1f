"""Suggestions and what became of them, in the workspace database."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from sqlite_utils import Database as Tables

from agent_assist.adapters.storage.database import Database
from agent_assist.adapters.storage.records import dump, parse
from agent_assist.adapters.storage.rows import clean, stamp
from agent_assist.domain.feedback import Outcome, OutcomeKind
from agent_assist.domain.suggestion import Decision, Suggestion
from agent_assist.errors import BadInput

BATCH = 200
"""Rows read at once by `history`: a long export must not hold a read transaction open."""


class SuggestionStore:
    """Implements ports.SuggestionRepository."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, suggestion: Suggestion) -> None:
        row = {
            "id": clean(suggestion.id),
            "ticket_id": clean(suggestion.ticket_id),
            "created_at": stamp(suggestion.created_at or datetime.now(UTC)),
            "decision": suggestion.decision.value,
            "model_sha256": suggestion.model_sha256,
            "prompt_version": suggestion.prompt_version,
            "record": dump(suggestion),
        }

        def work(tables: Tables) -> None:
            # Not INSERT OR REPLACE: that would delete the outcome with the row it belongs to.
            tables.conn.execute(
                """INSERT INTO suggestions VALUES
                    (:id, :ticket_id, :created_at, :decision, :model_sha256, :prompt_version, :record)
                    ON CONFLICT (id) DO UPDATE SET decision = excluded.decision, record = excluded.record""",
                row,
            )

        self._database.write(work)

    def get(self, suggestion_id: str) -> Suggestion | None:
        text = self._value("SELECT record FROM suggestions WHERE id = ?", suggestion_id)
        return parse(Suggestion, text) if text else None

    def record(self, outcome: Outcome) -> None:
        def work(tables: Tables) -> None:
            conn = tables.conn
            if not conn.execute(
                "SELECT 1 FROM suggestions WHERE id = ?", (outcome.suggestion_id,)
            ).fetchone():
                raise BadInput(f"There is no suggestion {outcome.suggestion_id}.")
            conn.execute(
                """INSERT OR REPLACE INTO outcomes (suggestion_id, kind, created_at, team, record)
                    VALUES (?, ?, ?, ?, ?)""",
                (
                    outcome.suggestion_id,
                    outcome.kind.value,
                    stamp(outcome.created_at or datetime.now(UTC)),
                    clean(outcome.team),
                    dump(outcome),
                ),
            )

        self._database.write(work)

    def outcome(self, suggestion_id: str) -> Outcome | None:
        text = self._value("SELECT record FROM outcomes WHERE suggestion_id = ?", suggestion_id)
        return parse(Outcome, text) if text else None

    def tally(self) -> dict[tuple[OutcomeKind, Decision], int]:
        rows = self._database.read(
            lambda tables: tables.conn.execute(
                """SELECT o.kind, s.decision, count(*) FROM outcomes o
                    JOIN suggestions s ON s.id = o.suggestion_id GROUP BY 1, 2"""
            ).fetchall()
        )
        return {(OutcomeKind(kind), Decision(decision)): count for kind, decision, count in rows}

    def count(self) -> int:
        return int(
            self._database.read(lambda t: t.conn.execute("SELECT count(*) FROM suggestions").fetchone())[0]
        )

    def history(
        self,
        since: datetime | None = None,
        until: datetime | None = None,
        team: str | None = None,
        *,
        newest_first: bool = False,
    ) -> Iterator[tuple[Suggestion, Outcome | None]]:
        for suggestion, outcome in self._pages("s.record", since, until, team, newest_first):
            yield parse(Suggestion, suggestion), parse(Outcome, outcome) if outcome else None

    def outcomes(
        self, since: datetime | None = None, until: datetime | None = None, team: str | None = None
    ) -> Iterator[tuple[Decision, Outcome | None]]:
        for decision, outcome in self._pages("s.decision", since, until, team, False):
            yield Decision(decision), parse(Outcome, outcome) if outcome else None

    def _pages(
        self,
        column: str,
        since: datetime | None,
        until: datetime | None,
        team: str | None,
        newest_first: bool,
    ) -> Iterator[tuple[str, str | None]]:
        """(`column` of the suggestion, record of its outcome), page by page."""
        conditions, values = ["1"], []
        for condition, value in (("s.created_at >= ?", stamp(since)), ("s.created_at < ?", stamp(until))):
            if value:
                conditions.append(condition)
                values.append(value)
        if team is not None:
            conditions.append("o.team = ?")
            values.append(team)
        step, order = ("<", "DESC") if newest_first else (">", "ASC")
        after: list[Any] = []
        while True:
            where = [*conditions, f"(s.created_at, s.id) {step} (?, ?)"] if after else conditions
            statement = f"""SELECT {column}, o.record, s.created_at, s.id FROM suggestions s
                LEFT JOIN outcomes o ON o.suggestion_id = s.id WHERE {" AND ".join(where)}
                ORDER BY s.created_at {order}, s.id {order} LIMIT {BATCH}"""  # noqa: S608 -- fixed conditions
            rows = self._rows(statement, (*values, *after))
            yield from ((row[0], row[1]) for row in rows)
            if len(rows) < BATCH:
                return
            after = [rows[-1][2], rows[-1][3]]

    def _rows(self, statement: str, parameters: tuple[Any, ...]) -> list[Any]:
        return self._database.read(lambda t: t.conn.execute(statement, parameters).fetchall())

    def _value(self, statement: str, suggestion_id: str) -> str | None:
        row = self._database.read(lambda t: t.conn.execute(statement, (suggestion_id,)).fetchone())
        return row[0] if row else None
