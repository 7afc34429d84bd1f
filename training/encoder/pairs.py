"""Questions with the articles that answer them: what an encoder is tuned and measured on."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from agent_assist.adapters.knowledge.chunking import passage_input, passages_of
from agent_assist.domain.knowledge import Article
from agent_assist.domain.text import words
from agent_assist.errors import BadInput
from training.prepare.read import Bad

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Pair:
    """One question; `articles` answer it, `irrelevant` were marked as not helping."""

    question: str
    articles: tuple[str, ...]
    irrelevant: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    """What the conversation is about (a hotel, a product), where the question does not say it."""
    group: str = ""
    """What must not stand on both sides of the split: the customer, the thing that is asked about."""


@dataclass(frozen=True, slots=True)
class Texts:
    """The knowledge base as the encoder reads it, passage by passage."""

    passages: tuple[str, ...]
    articles: tuple[str, ...]
    """Article id of each passage."""
    of_article: Mapping[str, tuple[int, ...]] = field(default_factory=dict)


def read_texts(path: Path) -> Texts:
    """Articles (JSON Lines: id, title, body, other columns) cut and worded as the product does it.

    Raises BadInput where the file is not there or holds no article.
    """
    passages: list[str] = []
    articles: list[str] = []
    of_article: dict[str, tuple[int, ...]] = {}
    for article in _articles(path):
        cut = [passage_input(article.title, heading, text) for heading, text in passages_of(article)]
        of_article[article.id] = tuple(range(len(passages), len(passages) + len(cut)))
        passages += cut
        articles += [article.id] * len(cut)
    if not passages:
        raise BadInput(f"{path} holds no articles.", "Check `encoder.knowledge` in the configuration.")
    return Texts(tuple(passages), tuple(articles), of_article)


def _articles(path: Path) -> Iterable[Article]:
    """As `agent-assist kb add` reads them, by the product's own reader."""
    from threading import Event

    from agent_assist.adapters.knowledge.parsing import FileReader

    if not path.exists():
        raise BadInput(f"{path} is not there.", "Check `encoder.knowledge` in the configuration.")
    for found in FileReader().read([path], None, Event()):
        if isinstance(found, Article):
            yield found


def read_pairs(paths: Sequence[Path], known: Iterable[str]) -> tuple[list[Pair], list[Bad]]:
    """Pairs of JSON Lines files and what could not be used of them.

    Rows are {"question", "article_id" or "articles"} with, where known, "irrelevant", "names" (or
    "entity") and "group": pairs written by hand, or `agent-assist feedback export --format retrieval`.
    """
    there = set(known)
    pairs: dict[tuple[str, tuple[str, ...]], Pair] = {}
    bad: list[Bad] = []
    for path in paths:
        if not path.exists():
            raise BadInput(f"{path} is not there.", "Check `encoder.pairs` in the configuration.")
        with path.open(encoding="utf-8", errors="replace") as file:
            for number, line in enumerate(file, 1):
                if not line.strip():
                    continue
                place = f"{path.name}:{number}"
                try:
                    pair = _pair(json.loads(line))
                except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
                    bad.append(Bad(place, "It is no question with its articles."))
                    continue
                kept = tuple(a for a in pair.articles if a in there)
                if not kept:
                    bad.append(Bad(place, "None of its articles is in the knowledge base."))
                    continue
                irrelevant = tuple(a for a in pair.irrelevant if a in there)
                key = (_folded(pair.question), pair.names)
                before = pairs.get(key)
                if before is not None:  # asked before: all of its articles are right
                    kept = tuple(dict.fromkeys((*before.articles, *kept)))
                    irrelevant = tuple(a for a in (*before.irrelevant, *irrelevant) if a not in kept)
                pairs[key] = replace(pair, articles=kept, irrelevant=irrelevant)
    return list(pairs.values()), bad


def _pair(row: Row) -> Pair:
    question = " ".join(str(row["question"]).split())
    if len(words(question)) < 2:
        raise ValueError
    given = row.get("articles") or [row["article_id"]]
    names = row.get("names") or ([row["entity"]] if row.get("entity") else [])
    if not all(isinstance(a, str) for a in (*given, *names, *row.get("irrelevant", ()))):
        raise TypeError
    group = str(row.get("group") or row.get("entity") or "")
    return Pair(question, tuple(given), tuple(row.get("irrelevant", ())), tuple(names), group)


def _folded(question: str) -> str:
    return " ".join(words(question))


def split(pairs: Sequence[Pair], share: float, seed: int) -> tuple[list[Pair], list[Pair]]:
    """(to learn from, held out): what shares a group, an article or a question stays on one side."""
    parent: dict[str, str] = {}

    def root(key: str) -> str:
        while parent.setdefault(key, key) != key:
            key = parent[key]
        return key

    for pair in pairs:
        keys = [f"q:{_folded(pair.question)}|{'|'.join(pair.names)}", *(f"a:{a}" for a in pair.articles)]
        keys += [f"g:{pair.group}"] if pair.group else []
        for key in keys[1:]:
            parent[root(key)] = root(keys[0])
    sides: dict[str, list[Pair]] = {}
    for pair in pairs:
        sides.setdefault(root(f"a:{pair.articles[0]}"), []).append(pair)
    # By the hash of a name that does not change with the order of the file, and that no two groups share.
    groups = sorted(sides.values(), key=lambda some: _rank(min(min(p.articles) for p in some), seed))
    learn: list[Pair] = []
    held: list[Pair] = []
    for group in groups:
        (held if len(held) < share * len(pairs) else learn).extend(group)
    random.Random(seed).shuffle(learn)
    return learn, held


def _rank(text: str, seed: int) -> str:
    return hashlib.sha256(f"{seed} {text}".encode()).hexdigest()


def asked(pair: Pair) -> str:
    """The question as search asks it: with the names that the conversation is about."""
    missing = [n for n in pair.names if n.casefold() not in pair.question.casefold()]
    return f"{', '.join(missing)}: {pair.question}" if missing else pair.question
