"""BM25 over the passages' words: FTS5 scores each word once, its scores are kept and added up.

FTS5's BM25 of a query is the sum over its words, and a word's share depends on the passages alone.  So
what FTS5 says of a word is asked for once and held until the index changes; a query of known words is a
sum over a few arrays, where FTS5 would read, for every passage of every word, that passage's length.
"""
# ruff: noqa: S608 - only this module's own words and question marks are put into statements

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from agent_assist.adapters.storage.database import Database

COLUMN_WEIGHTS: Final = (1.6, 1.2, 1.0)
"""Title, heading, text in bm25(): a word in the title says more about what a passage answers."""

MAX_QUERY_WORDS: Final = 32
"""More words make BM25 slower and no better: the first ones of a query are its most telling ones."""

STOP_WORDS: Final = frozenset(
    """
    a an the and or but if then of at by for with about to from in on off is are was were be been being
    am do does did doing have has had having i me my we our you your he him his she her it its they them
    their this that these those there here what which who whom how when where why can could will would
    shall should may might must not no so too very just also as than into over under again please thanks
    thank hello hi hey ok okay yes yeah um uh el la los las un una de del y o en que por para con es son
    mi su se le lo al como der die das ein eine und oder ist sind ich sie wir mir mich mein ihr zu im in
    den dem mit von auf fur nicht le les des du et ou est sont je nous vous il elle mon ma mes ce cette
    dans pour avec sur pas au aux os as um uma do da dos das em no na com eu voce meu minha nao
    """.split()  # noqa: SIM905 - a list this long is easier to read as text
)
"""Words that say nothing about the subject, in the languages of the demo desk."""

MOST_POSTINGS: Final = 3000
"""Entries of the word index that one search reads: BM25 reads some 1,000 in a millisecond, and the words
that stand in most passages say least about which of them is meant."""

REMEMBERED_POSTINGS: Final = 2_000_000
"""Entries held in memory, 16 bytes each."""
_REMEMBERED_COUNTS: Final = 50_000

_WORD: Final = re.compile(r"\w+", re.UNICODE)
_STATE: Final = "SELECT block FROM passages_fts_data WHERE id IN (1, 10) ORDER BY id"
"""FTS5's own records of its totals and of its structure: each change of the index writes both."""

Postings = tuple[NDArray[np.int64], NDArray[np.float64]]


def telling_words(text: str) -> list[str]:
    """The words of any text that say what it is about; all of them where none does."""
    words = dict.fromkeys(w for w in _WORD.findall(text.lower()) if not w.isspace())
    telling = [w for w in words if w not in STOP_WORDS and (len(w) > 1 or w.isdigit())]
    return (telling or list(words))[:MAX_QUERY_WORDS]


def match_expression(words: Iterable[str]) -> str:
    """An FTS5 query for any words: each quoted, joined by OR; "" where there is none."""
    return " OR ".join(f'"{w}"' for w in words)


class LexicalIndex:
    """Search by words in `passages_fts`; thread-safe.  Sees what other processes write, too."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._state: list[Any] = []
        self._counts: dict[str, int] = {}
        self._postings: dict[str, Postings] = {}
        self._held = 0

    def search(self, query: str, k: int, collections: Sequence[str] | None = None) -> list[tuple[int, float]]:
        """(passage id, BM25), best first; BM25 here is positive."""
        with self._lock:
            self._refresh()
            found = [self._postings_of(word) for word in self._rarest(telling_words(query))]
        if not found:
            return []
        ids, scores = _added(found)
        if collections is not None:
            within = np.isin(ids, self._ids_in(collections))
            ids, scores = ids[within], scores[within]
        if len(ids) > k:  # only those that may be among the first are sorted
            least = np.partition(scores, len(scores) - k)[len(scores) - k]
            ids, scores = ids[scores >= least], scores[scores >= least]
        best = np.lexsort((ids, -scores))[:k]
        return list(zip(ids[best].tolist(), scores[best].tolist(), strict=True))

    def counts(self, query: str) -> list[int]:
        """For each telling word of the query, the passages that it stands in."""
        with self._lock:
            self._refresh()
            return [self._count(word) for word in telling_words(query)]

    def _refresh(self) -> None:
        """Forget everything where the index changed since the last search."""
        state = self._rows(_STATE, [])
        if state != self._state:
            self._state = state
            self._counts, self._postings, self._held = {}, {}, 0

    def _count(self, word: str) -> int:
        """By the index's own stemming."""
        if word not in self._counts:
            if len(self._counts) >= _REMEMBERED_COUNTS:
                self._counts = {}
            statement = "SELECT count(*) FROM passages_fts WHERE passages_fts MATCH ?"
            self._counts[word] = int(self._rows(statement, [match_expression([word])])[0][0])
        return self._counts[word]

    def _rarest(self, words: Sequence[str]) -> list[str]:
        """The rarest of the words that stand somewhere, as many as may be read; one in any case."""
        kept: list[str] = []
        read = 0
        for word in sorted(words, key=self._count):
            count = self._count(word)
            if count and (not kept or read + count <= MOST_POSTINGS):
                kept.append(word)
                read += count
        return kept

    def _postings_of(self, word: str) -> Postings:
        known = self._postings.get(word)
        if known is not None:
            return known
        weights = ", ".join(map(str, COLUMN_WEIGHTS))
        rows = self._rows(
            "SELECT rowid, -rank FROM passages_fts WHERE passages_fts MATCH ? "
            f"AND rank MATCH 'bm25({weights})'",
            [match_expression([word])],
        )
        made = (
            np.fromiter((row[0] for row in rows), np.int64, len(rows)),
            np.fromiter((row[1] for row in rows), np.float64, len(rows)),
        )
        if self._held + len(rows) > REMEMBERED_POSTINGS:
            self._postings, self._held = {}, 0
        if len(rows) <= REMEMBERED_POSTINGS // 4:
            self._postings[word] = made
            self._held += len(rows)
        return made

    def _ids_in(self, collections: Sequence[str]) -> NDArray[np.int64]:
        marks = ",".join("?" * len(collections))
        rows = self._rows(
            "SELECT p.id FROM passages p JOIN articles a ON a.id = p.article_id "
            f"WHERE a.collection IN ({marks})",
            collections,
        )
        return np.fromiter((row[0] for row in rows), np.int64, len(rows))

    def _rows(self, sql: str, values: Sequence[Any]) -> list[Any]:
        return self._database.reader.execute(sql, list(values)).fetchall()


def _added(found: Sequence[Postings]) -> Postings:
    """The passages of several words, each once with the sum of its scores."""
    ids = np.concatenate([part for part, _ in found])
    scores = np.concatenate([part for _, part in found])
    order = np.argsort(ids, kind="stable")
    ids = ids[order]
    starts = np.flatnonzero(np.concatenate(([True], ids[1:] != ids[:-1])))
    return ids[starts], np.add.reduceat(scores[order], starts)
