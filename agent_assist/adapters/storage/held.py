"""Sentences of articles that are held back, in the workspace database."""
# ruff: noqa: S608 - only this module's own words and question marks are put into statements

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import sqlite_utils

from agent_assist.adapters.storage.database import Database
from agent_assist.domain.planted import HeldSentence
from agent_assist.domain.ticket import format_time

_BATCH: Final = 500
"""Ids in one statement; SQLite's oldest limit is 999 variables."""
_COLUMNS: Final = "h.id, h.article_id, h.text, h.reason, h.approved_by"


class HeldStore:
    """Implements ports.HeldRepository."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def held(self, article_ids: Sequence[str] | None = None) -> list[HeldSentence]:
        if article_ids is None:
            # Of articles that were removed, approvals are remembered and nothing is listed.
            sql = f"SELECT {_COLUMNS} FROM held_sentences h JOIN articles a ON a.id = h.article_id"
            rows = self._database.reader.execute(f"{sql} ORDER BY h.article_id, h.rowid").fetchall()
            return [HeldSentence(*row) for row in rows]
        found: list[HeldSentence] = []
        for start in range(0, len(article_ids), _BATCH):
            part = list(article_ids[start : start + _BATCH])
            marks = ",".join("?" * len(part))
            sql = f"SELECT {_COLUMNS} FROM held_sentences h WHERE h.article_id IN ({marks}) ORDER BY h.rowid"
            found += [HeldSentence(*row) for row in self._database.reader.execute(sql, part).fetchall()]
        return found

    def replace(self, article_ids: Sequence[str], sentences: Sequence[HeldSentence]) -> None:
        rows = [(s.id, s.article_id, s.text, s.reason) for s in sentences]
        if not rows and not self.held(article_ids):
            return

        def work(db: sqlite_utils.Database) -> None:
            db.conn.executemany(
                "DELETE FROM held_sentences WHERE article_id = ? AND approved_by = ''",
                [(i,) for i in article_ids],
            )
            db.conn.executemany(
                "INSERT OR IGNORE INTO held_sentences (id, article_id, text, reason) VALUES (?, ?, ?, ?)",
                rows,
            )

        self._database.write(work)

    def approve(self, ids: Sequence[str], by: str, at: datetime) -> None:
        rows: list[Any] = [(by, format_time(at) if by else "", i) for i in ids]
        self._database.write(
            lambda db: db.conn.executemany(
                "UPDATE held_sentences SET approved_by = ?, approved_at = ? WHERE id = ?", rows
            )
        )

    def rules(self) -> str:
        row = self._database.reader.execute("SELECT version FROM article_rules WHERE id = 1").fetchone()
        return str(row[0]) if row else ""

    def set_rules(self, version: str) -> None:
        self._database.write(
            lambda db: db.execute(
                "INSERT OR REPLACE INTO article_rules (id, version) VALUES (1, ?)", [version]
            )
        )
