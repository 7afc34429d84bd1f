"""What the company knows: articles, macros and solved tickets, cut into passages that can be cited."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Collection(StrEnum):
    """The built-in collections; an import may name others."""

    ARTICLES = "articles"
    MACROS = "macros"
    SOLVED = "solved"
    """Solved tickets: a question and the reply that closed it."""
    REMEMBERED = "remembered"
    """Agents' edits: a question and the sentences that were corrected; see domain.remembered."""


FROM_REPLIES = frozenset({Collection.SOLVED, Collection.REMEMBERED})
"""Made of what agents sent to customers: no model may be measured with them on the same tickets."""


@dataclass(frozen=True, slots=True)
class Article:
    """One document as imported; `id` is the imported row's id, or the path for a file."""

    id: str
    title: str
    body: str
    """Markdown."""
    collection: str = Collection.ARTICLES
    url: str = ""
    language: str | None = None
    updated_at: datetime | None = None
    content_hash: str = ""
    context: Mapping[str, str] = field(default_factory=dict)
    """What the article is about, as far as its source says so in fields of its own ("entity",
    "product"): searched with every passage, and what a conversation's names are matched against."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A part of an article that is searched, shown and cited as one."""

    id: int
    article_id: str
    position: int
    """In its article, from 0."""
    heading: str
    """The heading path, outermost first, joined by ' › '; empty where there is none."""
    text: str
    title: str = ""
    collection: str = Collection.ARTICLES
    url: str = ""
    language: str | None = None
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that search found.

    `score` is between 0 and 1 and comparable between queries (see services.retrieval);
    `dense` and `lexical` are the parts it was made of, None where that side did not find it.
    """

    passage: Passage
    score: float
    dense: float | None = None
    lexical: float | None = None


@dataclass(frozen=True, slots=True)
class KnowledgeStats:
    """Counts for the Knowledge page and `agent-assist kb stats`."""

    articles: int = 0
    passages: int = 0
    encoded: int = 0
    """Passages that have a vector of the current encoder."""
    encoder: str = ""
    """The name that its vectors are stored under."""
    dimension: int = 0
    """Numbers in a vector."""
    index_kind: str = ""
    collections: Mapping[str, int] = field(default_factory=dict)
    """Collection to its count of articles."""
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What one `kb add` did."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    removed: int = 0
    """Articles whose source is there no more."""
    passages: int = 0
    failed: tuple[tuple[str, str], ...] = ()
    """(path or row id, sentence) for each document that could not be read."""
    held: int = 0
    """Sentences of what was read now that are held back until somebody approves them."""
    cancelled: bool = False
