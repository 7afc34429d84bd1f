"""The demo desk: a company that does not exist, its knowledge, and a queue of its customers.

All of it stands in `resources/demo` as plain files, so that a team can look up how its own would have
to look: articles as Markdown, the rest as JSON Lines.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent_assist.adapters.knowledge.chunking import passage_input
from agent_assist.adapters.knowledge.precomputed import read_vectors
from agent_assist.domain.knowledge import Article, Collection
from agent_assist.domain.ticket import Ticket, parse_time, ticket_from_json
from agent_assist.ports import KnowledgeRepository
from agent_assist.resources import resource

COMPANY = "Larchwheel"
"""The demo desk's company."""
VECTORS = "vectors.npz"
"""Beside the articles: what `packaging/demo_vectors.py` wrote of them."""
MOST_PASSAGES = 5000
"""More than the demo desk will ever have."""


@dataclass(frozen=True, slots=True)
class DemoDesk:
    """The demo desk as it is read from `resources/demo`."""

    articles: tuple[Article, ...]
    macros: tuple[Article, ...]
    """Approved replies with the slots {customer_name}, {agent_name} and {company}."""
    solved: tuple[Article, ...]
    """Body: "Question: …", an empty line, "Reply: …"."""
    tickets: tuple[Ticket, ...]
    """The open queue; the first one is the best to begin with."""
    follow_ups: Mapping[str, str]
    """Ticket id to what its customer writes after the first reply."""

    @property
    def knowledge(self) -> tuple[Article, ...]:
        """Everything that search is to find, of all three collections."""
        return (*self.articles, *self.macros, *self.solved)


def load_demo(folder: Path | None = None) -> DemoDesk:
    """Read the demo desk from `folder`; the built-in one where none is given."""
    folder = folder or resource("demo")
    rows = list(_rows(folder / "tickets.jsonl"))
    return DemoDesk(
        articles=tuple(_article(path) for path in sorted((folder / "articles").glob("*.md"))),
        macros=tuple(_row(row, Collection.MACROS) for row in _rows(folder / "macros.jsonl")),
        solved=tuple(_row(row, Collection.SOLVED) for row in _rows(folder / "solved.jsonl")),
        tickets=tuple(ticket_from_json(row) for row in rows),
        follow_ups={row["id"]: row["follow_up"] for row in rows if row.get("follow_up")},
    )


def save_known_vectors(repository: KnowledgeRepository, encoder: str, path: Path | None = None) -> int:
    """Give the demo desk's passages the vectors that came with them, which saves the newcomer the encoding.

    Returns how many had one; the others are encoded by the first warm-up.
    """
    passages = repository.unencoded(encoder, MOST_PASSAGES)
    texts = [passage_input(p.title, p.heading, p.text) for p in passages]
    known = read_vectors(path or resource("demo", VECTORS), encoder, texts)
    rows = [(passages[place].id, vector) for place, vector in known]
    repository.save_vectors(encoder, rows)
    return len(rows)


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            if line.strip():
                yield json.loads(line)


def _row(row: Mapping[str, Any], collection: str) -> Article:
    return Article(
        id=row["id"],
        title=row["title"],
        body=row["body"],
        collection=collection,
        url=row.get("url", ""),
        language=row.get("language"),
        updated_at=parse_time(row.get("updated_at")),
    )


def _article(path: Path) -> Article:
    """A Markdown file whose first lines, between two `---`, hold `name: value` pairs."""
    _, head, body = path.read_text(encoding="utf-8").split("---\n", 2)
    values = dict(line.split(": ", 1) for line in head.splitlines() if ": " in line)
    return _row({**values, "body": body.strip()}, Collection.ARTICLES)
