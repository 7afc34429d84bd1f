"""What the company knows: articles with their passages and vectors, the search worker, documents to read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol

from agent_assist.domain.knowledge import Article, KnowledgeStats, Passage
from agent_assist.domain.planted import HeldSentence
from agent_assist.ports.work import CancelToken


class KnowledgeRepository(Protocol):
    """Articles, the passages that they are cut into, and the vectors that an encoder made of those."""

    def content_hashes(self, collection: str | None = None) -> dict[str, str]:
        """Article id to content hash."""

    def save_articles(self, articles: Sequence[tuple[Article, Sequence[tuple[str, str]]]]) -> list[list[int]]:
        """Replace articles and their passages, given as (heading, text), in one transaction; returns the
        passage ids of each."""

    def remove(self, article_ids: Iterable[str]) -> list[int]:
        """Remove articles with their passages and vectors; returns the removed passage ids."""

    def articles(self, collection: str | None = None) -> list[Article]:
        """By id, those of one collection or all; with their whole bodies."""

    def article(self, article_id: str) -> Article | None:
        """None where it is not there."""

    def passages(self, ids: Iterable[int]) -> dict[int, Passage]:
        """By id; ids of passages that are gone are left out."""

    def passages_of(self, article_id: str) -> list[Passage]:
        """One article's passages in reading order."""

    def unencoded(self, encoder: str, limit: int) -> list[Passage]:
        """Passages that have no vector of this encoder yet."""

    def save_vectors(self, encoder: str, vectors: Sequence[tuple[int, bytes]]) -> None:
        """(passage id, float32 little-endian) pairs."""

    def vectors(self, encoder: str, batch: int = 4096) -> Iterator[tuple[list[int], bytes]]:
        """All vectors in batches: passage ids and their vectors joined."""

    def lexical_search(
        self, query: str, k: int, collections: Sequence[str] | None = None
    ) -> list[tuple[int, float]]:
        """(passage id, BM25 score, larger is better), best first; any text is a valid query."""

    def word_counts(self, query: str) -> list[int]:
        """For each telling word of a query, how many passages it stands in."""

    def topics(self) -> list[tuple[str, str, list[int]]]:
        """What articles are about: (key, value, passage ids) for each value of `Article.context`."""

    def texts(self) -> Iterator[tuple[int, str, str]]:
        """(passage id, article title, text) of every passage."""

    def vector_ids(self, encoder: str) -> list[int]:
        """The ids of all passages that have a vector of this encoder, ascending."""

    def drop_vectors(self, encoder: str | None = None) -> None:
        """Forget the vectors of one encoder, or all of them; they can be made again."""

    def stats(self, encoder: str) -> KnowledgeStats:
        """Counts; `encoded` is that of this encoder."""


class HeldRepository(Protocol):
    """Sentences of articles that are held back, and what of them was approved."""

    def held(self, article_ids: Sequence[str] | None = None) -> list[HeldSentence]:
        """Of these articles, or of all that are here; approved ones too."""

    def replace(self, article_ids: Sequence[str], sentences: Sequence[HeldSentence]) -> None:
        """What was found in these articles now, instead of what was before; approvals stay."""

    def approve(self, ids: Sequence[str], by: str, at: datetime) -> None:
        """Note who approved them; with an empty `by` they are held back again."""

    def rules(self) -> str:
        """The version of the rules that all articles were looked through with; "" for none."""

    def set_rules(self, version: str) -> None:
        """Keep the version of the rules that all articles have been looked through with."""


class SemanticIndex(Protocol):
    """The retrieval worker, seen from the services: encoder and vector index."""

    @property
    def encoder(self) -> str:
        """The name under which vectors are stored; changes when the encoder changes."""

    def encode(self, texts: Sequence[str], *, query: bool = False) -> tuple[int, bytes]:
        """(dimension, float32 little-endian vectors of unit length, joined)."""

    def load(self, vectors: Iterable[tuple[list[int], bytes]], ids: Sequence[int] | None = None) -> None:
        """Fill the index from the database; uses the cache file where it still fits.

        With `ids` (those of all vectors, ascending) the cache can be checked before a vector is read.
        """

    def use(self, encoder: str) -> None:
        """Change to another encoder, from the next call on; the index is then empty until `load`."""

    def start(self) -> None:
        """Start the worker and wait until it can answer; raises EncoderMissing."""

    def add(self, ids: Sequence[int], vectors: bytes) -> None:
        """Vectors (float32 little-endian, joined, of unit length) of ids that are not there yet."""

    def remove(self, ids: Sequence[int]) -> None:
        """Ids that are not there are passed over."""

    def search(self, texts: Sequence[str], k: int) -> list[list[tuple[int, float]]]:
        """For each text (passage id, cosine), best first; encodes and searches in one round trip."""

    def cosines(self, texts: Sequence[str], ids: Sequence[int]) -> list[list[float]]:
        """Cosines of texts with indexed passages, one row a text; 0.0 where a passage has no vector."""

    def candidates(
        self,
        groups: Sequence[Sequence[str]],
        k: int,
        also: Callable[[], Sequence[Sequence[int]]],
    ) -> list[tuple[list[int], list[list[float]]]]:
        """For each group of texts (passage ids, cosines): those near any of the texts, then those of `also`,
        with one row of cosines for each text.

        `also` gives further ids for each group; it is called while the texts are being encoded.
        """

    def similarity(self, texts: Sequence[str], others: Sequence[str]) -> list[list[float]]:
        """Cosines, one row for each of `texts`; what the support check uses."""

    @property
    def index_kind(self) -> str:
        """`flat`, `half` (16-bit) or `lists` (inverted lists with 8-bit codes), by the number of vectors."""

    def close(self) -> None:
        """Keep the index in the cache file where that is worth it, and end the worker."""


class DocumentReader(Protocol):
    """Makes articles of files; one that cannot be read stops no other."""

    def read(
        self, paths: Sequence[Path], collection: str | None, cancel: CancelToken
    ) -> Iterator[Article | tuple[str, str]]:
        """Articles of files and folders, or (path, sentence) for what could not be read."""
