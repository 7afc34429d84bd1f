"""Search: BM25 and meaning together, for a typed query or for what a conversation asks."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from agent_assist.domain.knowledge import Collection, Hit, Passage
from agent_assist.domain.ticket import Ticket
from agent_assist.ports import KnowledgeRepository, SemanticIndex
from agent_assist.services.knowledge import inquiry, names, ranking
from agent_assist.services.knowledge.inquiry import Inquiry
from agent_assist.services.knowledge.ranking import Setting, Signs
from agent_assist.services.knowledge.topics import Mention, TopicIndex
from agent_assist.services.options import OptionsService

DEPTH: Final = 50
"""Passages that each kind of search brings in before ranking."""
MAX_TOPIC_PASSAGES: Final = 240
"""Passages of the named things that are ranked even where neither search found them."""
MOST_READ: Final = 200_000
"""Passages up to which names are looked for in the text itself: 12,000 take 0.3 s, once."""
LANGUAGE_PENALTY: Final = 0.7
"""What is left of a passage's score when it is in a language other than the customer's."""


@dataclass(frozen=True, slots=True)
class _Prepared:
    inquiry: Inquiry
    mentions: list[Mention]
    texts: tuple[str, str, str]
    """Question, last turns, question with names: the rows of `ranking.signs_of`."""


@dataclass(frozen=True, slots=True)
class _Known:
    """What was read of the knowledge base as a whole."""

    topics: TopicIndex
    lengths: Mapping[int, int]
    """Characters of each passage."""
    total: int
    declared: bool
    """See `ranking.Setting.declared`."""


@dataclass(frozen=True, slots=True)
class _Words:
    """What the lexical search found for one query."""

    scores: dict[int, float]
    counts: Sequence[int]
    """For each telling word, the passages that it stands in."""


class RetrievalService:
    """Finds passages; thread-safe."""

    def __init__(
        self, repository: KnowledgeRepository, index: SemanticIndex, options: OptionsService
    ) -> None:
        self._repository = repository
        self._index = index
        self._options = options
        self.prefer: Callable[[Sequence[Hit]], list[Hit]] = list
        """Has the last word on the order of the passages that a draft rests on: remembered edits go first."""
        self._known: _Known | None = None
        self._lock = threading.Lock()

    def forget_topics(self) -> None:
        """The articles changed: what they are about is read again at the next search."""
        with self._lock:
            self._known = None

    def search(
        self, query: str, k: int = 5, collections: Sequence[str] | None = None, language: str | None = None
    ) -> list[Hit]:
        """The `k` best passages for a typed query, best first."""
        return self.search_many([query], k, collections, language)[0]

    def search_many(
        self,
        queries: Sequence[str | Ticket],
        k: int = 5,
        collections: Sequence[str] | None = None,
        language: str | None = None,
    ) -> list[list[Hit]]:
        """As `search`, for many queries or tickets with one round trip to the encoder."""
        inquiries = [
            inquiry.from_ticket(q) if isinstance(q, Ticket) else inquiry.from_text(q, language)
            for q in queries
        ]
        return self._find(inquiries, k, collections)

    def for_ticket(self, ticket: Ticket, k: int | None = None) -> list[Hit]:
        """The passages that a reply to this ticket can rest on, best first."""
        wanted = self._options.current.knowledge.passages if k is None else k
        return self._find([inquiry.from_ticket(ticket)], wanted, None)[0]

    def for_questions(self, ticket: Ticket, questions: Sequence[str], k: int) -> list[list[Hit]]:
        """As `for_ticket`, for each of the questions that the customer asks."""
        return self._find(inquiry.for_questions(ticket, questions), k, None)

    def passages_of(self, article_id: str) -> list[Passage]:
        """One article's passages in reading order."""
        return self._repository.passages_of(article_id)

    def query_of(self, ticket: Ticket) -> str:
        """What is searched for: the customer's question with the names it is about."""
        return self._prepare(inquiry.from_ticket(ticket)).texts[2]

    def _find(
        self, inquiries: Sequence[Inquiry], k: int, collections: Sequence[str] | None
    ) -> list[list[Hit]]:
        known = self._read()
        prepared = [self._prepare(i) for i in inquiries]
        words: list[_Words] = []

        def by_words_and_names() -> list[list[int]]:
            words[:] = [self._by_words(p.texts[2], collections) for p in prepared]
            return [
                list(dict.fromkeys([*found.scores, *self._of_topics(p.mentions)]))
                for p, found in zip(prepared, words, strict=True)
            ]

        groups = [list(dict.fromkeys(p.texts)) for p in prepared]
        found = self._index.candidates(groups, DEPTH, by_words_and_names)
        results = []
        for one, (ids, rows), by_words in zip(prepared, found, words, strict=True):
            cosines = dict(zip(dict.fromkeys(one.texts), rows, strict=True))
            results.append(
                self._rank(one, ids, [cosines[t] for t in one.texts], by_words, k, collections, known)
            )
        return results

    def _by_words(self, text: str, collections: Sequence[str] | None) -> _Words:
        return _Words(
            dict(self._repository.lexical_search(text, DEPTH, collections)),
            self._repository.word_counts(text),
        )

    def _prepare(self, one: Inquiry) -> _Prepared:
        mentions = self._read().topics.mentions(one.turns)
        strongest = [m for m in mentions if m.clarity >= ranking.NAMED and m.topic.naming][:1]
        named = inquiry.with_names(one.question, [m.topic.value for m in strongest])
        if not one.recent:
            # A typed query holds its name itself: one text to encode, with the name spelt right.
            return _Prepared(one, mentions, (named, named, named))
        return _Prepared(one, mentions, (one.question, one.recent, named))

    def _rank(
        self,
        one: _Prepared,
        ids: Sequence[int],
        cosines: Sequence[Sequence[float]],
        words: _Words,
        k: int,
        collections: Sequence[str] | None,
        known: _Known,
    ) -> list[Hit]:
        if not ids:
            return []
        setting = _setting(one, words, known)
        signs = ranking.signs_of(
            ids, cosines, words.scores, one.mentions, known.topics, setting, known.lengths
        )
        weights = {i: ranking.weight(s) for i, s in signs.items()}
        scored = sorted(((w, i) for i, w in weights.items()), reverse=True)
        passages = self._repository.passages(i for _, i in scored[: 6 * k])
        if collections is not None:
            passages = {i: p for i, p in passages.items() if p.collection in collections}
        if len(passages) < 4 * k < len(ids):
            passages = self._repository.passages(ids)
            if collections is not None:
                passages = {i: p for i, p in passages.items() if p.collection in collections}
        level = setting.level()
        hits = [_hit(p, signs[i], level + weights[i], one.inquiry) for i, p in passages.items()]
        return _distinct(sorted(hits, key=lambda h: -h.score), k)

    def _of_topics(self, mentions: Sequence[Mention]) -> list[int]:
        """Passages about what was named: many of them read like those about its neighbours."""
        found: list[int] = []
        for mention in mentions[:4]:
            if mention.clarity >= ranking.NAMED and len(mention.topic.passages) <= MAX_TOPIC_PASSAGES:
                found.extend(mention.topic.passages)
        return found[:MAX_TOPIC_PASSAGES]

    def _read(self) -> _Known:
        with self._lock:
            if self._known is None:
                total = self._repository.stats(self._index.encoder).passages
                self._known = self._read_all(total)
            return self._known

    def _read_all(self, total: int) -> _Known:
        """What articles say they are about; for those that do not say, the names in their text."""
        topics = TopicIndex(self._repository.topics(), total)
        told = {i for t in topics.topics if t.naming for i in t.passages}
        lengths: dict[int, int] = {}
        if total <= MOST_READ:
            untold: list[tuple[int, str, str]] = []
            for passage, title, text in self._repository.texts():
                lengths[passage] = len(text)
                if passage not in told:
                    untold.append((passage, title, text))
            found = [(t.key, t.value, sorted(t.passages)) for t in topics.topics]
            topics = TopicIndex([*found, *names.topics_in(untold)], total)
        return _Known(topics, lengths, total, 2 * len(told) > total)


def _setting(one: _Prepared, words: _Words, known: _Known) -> Setting:
    unknown = sum(not n for n in words.counts) / max(1, len(words.counts))
    # A subject says in few words what many would: it makes passages near, and the level was fitted without.
    subject = len(one.inquiry.subject.split())
    return Setting(
        size=known.total,
        words=max(0, len(one.texts[0].split()) - 2 * subject),
        unknown=unknown,
        declared=known.declared,
        ideal=ranking.ideal_bm25(words.counts, known.total),
    )


def _hit(passage: Passage, signs: Signs, weighted: float, one: Inquiry) -> Hit:
    value = ranking.likelihood(weighted, approved=passage.collection == Collection.MACROS)
    if one.language and passage.language and one.language[:2] != passage.language[:2]:
        value *= LANGUAGE_PENALTY
    return Hit(passage, value, dense=signs.question, lexical=signs.lexical or None)


def _distinct(hits: Iterable[Hit], k: int) -> list[Hit]:
    """The first `k`, at most two passages of one article: the third says little that is new."""
    kept: list[Hit] = []
    seen: dict[str, int] = {}
    for hit in hits:
        count = seen.get(hit.passage.article_id, 0)
        if count < 2:
            seen[hit.passage.article_id] = count + 1
            kept.append(hit)
        if len(kept) == k:
            break
    return kept
