"""Articles, passages and vectors in the workspace database, with FTS5 for BM25."""
# ruff: noqa: S608 - only this module's own words and question marks are put into statements

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import sqlite_utils

from agent_assist.adapters.storage.database import Database
from agent_assist.adapters.storage.lexical import LexicalIndex
from agent_assist.domain.knowledge import Article, KnowledgeStats, Passage
from agent_assist.domain.ticket import format_time, parse_time

_BATCH: Final = 500
"""Ids in one statement; SQLite's oldest limit is 999 variables."""


class SqlKnowledgeRepository:
    """`ports.KnowledgeRepository` on the workspace database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lexical = LexicalIndex(database)

    def content_hashes(self, collection: str | None = None) -> dict[str, str]:
        where, values = ("WHERE collection = ?", [collection]) if collection else ("", [])
        rows = self._rows(f"SELECT id, content_hash FROM articles {where}", values)
        return {row[0]: row[1] for row in rows}

    def save_articles(self, articles: Sequence[tuple[Article, Sequence[tuple[str, str]]]]) -> list[list[int]]:
        """Replace several articles in one transaction: one wait for the disk instead of one each."""

        def work(db: sqlite_utils.Database) -> list[list[int]]:
            _delete(db, [article.id for article, _ in articles])
            return [_insert(db, article, passages) for article, passages in articles]

        return self._database.write(work)

    def remove(self, article_ids: Iterable[str]) -> list[int]:
        wanted = list(article_ids)
        return self._database.write(lambda db: _delete(db, wanted))

    def articles(self, collection: str | None = None) -> list[Article]:
        where, values = ("WHERE collection = ?", [collection]) if collection else ("", [])
        return [
            _article(row)
            for row in self._rows(f"SELECT {_ARTICLE} FROM articles {where} ORDER BY id", values)
        ]

    def article(self, article_id: str) -> Article | None:
        rows = self._rows(f"SELECT {_ARTICLE} FROM articles WHERE id = ?", [article_id])
        return _article(rows[0]) if rows else None

    def passages(self, ids: Iterable[int]) -> dict[int, Passage]:
        found: dict[int, Passage] = {}
        for part in _parts(list(ids)):
            rows = self._rows(f"SELECT {_PASSAGE} WHERE p.id IN ({_marks(part)})", part)
            found.update((row[0], _passage(row)) for row in rows)
        return found

    def passages_of(self, article_id: str) -> list[Passage]:
        """One article's passages in reading order."""
        rows = self._rows(f"SELECT {_PASSAGE} WHERE p.article_id = ? ORDER BY p.position", [article_id])
        return [_passage(row) for row in rows]

    def unencoded(self, encoder: str, limit: int) -> list[Passage]:
        return [_passage(row) for row in self._rows(f"{_UNENCODED} ORDER BY p.id LIMIT ?", [encoder, limit])]

    def save_vectors(self, encoder: str, vectors: Sequence[tuple[int, bytes]]) -> None:
        rows = [(encoder, passage_id, vector) for passage_id, vector in vectors]

        def work(db: sqlite_utils.Database) -> None:
            # A passage may have been removed while it was being encoded: such a vector is dropped.
            db.conn.executemany(
                "INSERT OR REPLACE INTO vectors (encoder, passage_id, vector) "
                "SELECT ?1, ?2, ?3 WHERE EXISTS (SELECT 1 FROM passages WHERE id = ?2)",
                rows,
            )

        self._database.write(work)

    def drop_vectors(self, encoder: str | None = None) -> None:
        """Forget the vectors of one encoder, or all of them."""
        where, values = ("WHERE encoder = ?", [encoder]) if encoder else ("", [])
        self._database.write(lambda db: db.execute(f"DELETE FROM vectors {where}", values))

    def vectors(self, encoder: str, batch: int = 4096) -> Iterator[tuple[list[int], bytes]]:
        last = -1
        while True:
            rows = self._rows(
                "SELECT passage_id, vector FROM vectors WHERE encoder = ? AND passage_id > ? "
                "ORDER BY passage_id LIMIT ?",
                [encoder, last, batch],
            )
            if not rows:
                return
            last = rows[-1][0]
            yield [row[0] for row in rows], b"".join(row[1] for row in rows)

    def lexical_search(
        self, query: str, k: int, collections: Sequence[str] | None = None
    ) -> list[tuple[int, float]]:
        return self._lexical.search(query, k, collections)

    def word_counts(self, query: str) -> list[int]:
        return self._lexical.counts(query)

    def topics(self) -> list[tuple[str, str, list[int]]]:
        rows = self._rows(
            "SELECT a.context, group_concat(p.id) FROM articles a JOIN passages p ON p.article_id = a.id "
            "WHERE a.context != '{}' GROUP BY a.context",
            [],
        )
        found: dict[tuple[str, str], list[int]] = {}
        for context, ids in rows:
            numbers = [int(i) for i in ids.split(",")]
            for key, value in json.loads(context).items():
                found.setdefault((key, value), []).extend(numbers)
        return [(key, value, sorted(ids)) for (key, value), ids in found.items()]

    def texts(self) -> Iterator[tuple[int, str, str]]:
        cursor = self._database.reader.execute(
            "SELECT p.id, a.title, p.text FROM passages p "
            "JOIN articles a ON a.id = p.article_id ORDER BY p.id"
        )
        yield from cursor

    def vector_ids(self, encoder: str) -> list[int]:
        rows = self._rows("SELECT passage_id FROM vectors WHERE encoder = ? ORDER BY passage_id", [encoder])
        return [row[0] for row in rows]

    def stats(self, encoder: str) -> KnowledgeStats:
        collections = {
            row[0]: row[1]
            for row in self._rows(
                "SELECT collection, count(*) FROM articles GROUP BY collection ORDER BY 1", []
            )
        }
        passages, encoded = self._rows(
            "SELECT (SELECT count(*) FROM passages), (SELECT count(*) FROM vectors WHERE encoder = ?)",
            [encoder],
        )[0]
        sample = self._rows("SELECT length(vector) FROM vectors WHERE encoder = ? LIMIT 1", [encoder])
        updated = self._rows("SELECT max(updated_at) FROM articles", [])[0][0]
        return KnowledgeStats(
            articles=sum(collections.values()),
            passages=passages,
            encoded=encoded,
            encoder=encoder,
            dimension=sample[0][0] // 4 if sample else 0,
            collections=collections,
            updated_at=parse_time(updated),
        )

    def _rows(self, sql: str, values: Sequence[Any]) -> list[Any]:
        return self._database.reader.execute(sql, list(values)).fetchall()


_ARTICLE: Final = "id, title, body, collection, url, language, updated_at, content_hash, context"
_PASSAGE: Final = (
    "p.id, p.article_id, p.position, p.heading, p.text, "
    "a.title, a.collection, a.url, a.language, a.updated_at "
    "FROM passages p JOIN articles a ON a.id = p.article_id"
)
_UNENCODED: Final = (
    f"SELECT {_PASSAGE} WHERE NOT EXISTS "
    "(SELECT 1 FROM vectors v WHERE v.encoder = ? AND v.passage_id = p.id)"
)


def _article(row: Any) -> Article:
    return Article(
        id=row[0],
        title=row[1],
        body=row[2],
        collection=row[3],
        url=row[4],
        language=row[5],
        updated_at=parse_time(row[6]),
        content_hash=row[7],
        context=json.loads(row[8]),
    )


def _passage(row: Any) -> Passage:
    return Passage(
        id=row[0],
        article_id=row[1],
        position=row[2],
        heading=row[3],
        text=row[4],
        title=row[5],
        collection=row[6],
        url=row[7],
        language=row[8],
        updated_at=parse_time(row[9]),
    )


def _insert(db: sqlite_utils.Database, article: Article, passages: Sequence[tuple[str, str]]) -> list[int]:
    db.execute(
        f"INSERT INTO articles ({_ARTICLE}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            article.id,
            article.title,
            article.body,
            str(article.collection),
            article.url,
            article.language,
            format_time(article.updated_at),
            article.content_hash,
            json.dumps(dict(article.context), ensure_ascii=False),
        ],
    )
    ids: list[int] = []
    for position, (heading, text) in enumerate(passages):
        cursor = db.execute(
            "INSERT INTO passages (article_id, position, heading, text) VALUES (?, ?, ?, ?)",
            [article.id, position, heading, text],
        )
        ids.append(int(cursor.lastrowid or 0))
        db.execute(
            "INSERT INTO passages_fts (rowid, title, heading, text) VALUES (?, ?, ?, ?)",
            [ids[-1], article.title, heading, text],
        )
    return ids


def _delete(db: sqlite_utils.Database, article_ids: Sequence[str]) -> list[int]:
    removed: list[int] = []
    for part in _parts(list(article_ids)):
        rows = db.execute(f"SELECT id FROM passages WHERE article_id IN ({_marks(part)})", part).fetchall()
        removed += [row[0] for row in rows]
        db.conn.executemany("DELETE FROM passages_fts WHERE rowid = ?", rows)
        # Passages and vectors go with the article: their foreign keys cascade.
        db.execute(f"DELETE FROM articles WHERE id IN ({_marks(part)})", part)
    return removed


def _parts(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(values), _BATCH):
        yield values[start : start + _BATCH]


def _marks(values: Sequence[Any]) -> str:
    return ",".join("?" * len(values))
