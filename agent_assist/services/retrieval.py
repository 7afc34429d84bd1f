"""Search: BM25 and meaning together, for a typed query or for what a conversation asks."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, Protocol

from agent_assist.domain.knowledge import Collection, Hit, Passage
from agent_assist.domain.ticket import Ticket
from agent_assist.ports import KnowledgeRepository, SemanticIndex
from agent_assist.services import inquiry, names, ranking
from agent_assist.services.inquiry import Inquiry
from agent_assist.services.ranking import Signs
from agent_assist.services.topics import Mention, TopicIndex
from agent_assist.settings import Settings

DEPTH: Final = 50
"""Passages that each kind of search brings in before ranking."""
MAX_TOPIC_PASSAGES: Final = 240
"""Passages of the named things that are ranked even where neither search found them."""
MOST_READ: Final = 200_000
"""Passages up to which names are looked for in the text itself: 12,000 take 0.3 s, once."""
LANGUAGE_PENALTY: Final = 0.7
"""What is left of a passage's score when it is in a language other than the customer's."""


class HasSettings(Protocol):
    @property
    def current(self) -> Settings: ...


@dataclass(frozen=True, slots=True)
class _Prepared:
    inquiry: Inquiry
    mentions: list[Mention]
    texts: tuple[str, str, str]
    """Question, last turns, question with names: the rows of `ranking.signs_of`."""


class RetrievalService:
    """Finds passages; thread-safe."""

    def __init__(self, repository: KnowledgeRepository, index: SemanticIndex, options: HasSettings) -> None:
        self._repository = repository
        self._index = index
        self._options = options
        self._topics: TopicIndex | None = None
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="lexical-search")

    def close(self) -> None:
        self._pool.shutdown(wait=True)

    def forget_topics(self) -> None:
        """The articles changed: what they are about is read again at the next search."""
        with self._lock:
            self._topics = None

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

    def query_of(self, ticket: Ticket) -> str:
        """What is searched for: the customer's question with the names it is about."""
        return self._prepare(inquiry.from_ticket(ticket)).texts[2]

    def _find(
        self, inquiries: Sequence[Inquiry], k: int, collections: Sequence[str] | None
    ) -> list[list[Hit]]:
        prepared = [self._prepare(i) for i in inquiries]
        lexical = self._pool.submit(self._lexical, prepared, collections)
        texts = [text for p in prepared for text in p.texts]
        dense = self._index.search(texts, DEPTH)
        results = []
        for number, (one, by_words) in enumerate(zip(prepared, lexical.result(), strict=True)):
            found = [passage for part in dense[3 * number : 3 * number + 3] for passage, _ in part]
            results.append(self._rank(one, found, by_words, k, collections))
        return results

    def _lexical(
        self, prepared: Iterable[_Prepared], collections: Sequence[str] | None
    ) -> list[dict[int, float]]:
        return [dict(self._repository.lexical_search(p.texts[2], DEPTH, collections)) for p in prepared]

    def _prepare(self, one: Inquiry) -> _Prepared:
        mentions = self._topic_index().mentions(one.turns)
        strongest = [m for m in mentions if m.clarity >= ranking.NAMED and m.topic.naming][:1]
        named = inquiry.with_names(one.question, [m.topic.value for m in strongest])
        return _Prepared(one, mentions, (one.question, one.recent or one.question, named))

    def _rank(
        self,
        one: _Prepared,
        dense: Iterable[int],
        lexical: dict[int, float],
        k: int,
        collections: Sequence[str] | None,
    ) -> list[Hit]:
        candidates = dict.fromkeys([*dense, *lexical, *self._of_topics(one.mentions)])
        ids = list(candidates)
        if not ids:
            return []
        cosines = self._index.cosines(one.texts, ids)
        signs = ranking.signs_of(ids, cosines, lexical, one.mentions, self._topic_index())
        scored = sorted(((ranking.score(s), i) for i, s in signs.items()), reverse=True)
        passages = self._repository.passages(i for _, i in scored[: max(4 * k, DEPTH)])
        if collections is not None:
            passages = {i: p for i, p in passages.items() if p.collection in collections}
            if len(passages) < k:
                passages = self._repository.passages(ids)
                passages = {i: p for i, p in passages.items() if p.collection in collections}
        hits = [_hit(passages[i], value, signs[i], one.inquiry) for value, i in scored if i in passages]
        return _distinct(sorted(hits, key=lambda h: -h.score), k)

    def _of_topics(self, mentions: Sequence[Mention]) -> list[int]:
        """Passages about what was named: many of them read like those about its neighbours."""
        found: list[int] = []
        for mention in mentions[:4]:
            if mention.clarity >= ranking.NAMED and len(mention.topic.passages) <= MAX_TOPIC_PASSAGES:
                found.extend(mention.topic.passages)
        return found[:MAX_TOPIC_PASSAGES]

    def _topic_index(self) -> TopicIndex:
        with self._lock:
            if self._topics is None:
                total = self._repository.stats(self._index.encoder).passages
                self._topics = self._read_topics(total)
            return self._topics

    def _read_topics(self, total: int) -> TopicIndex:
        """What articles say they are about; for those that do not say, the names in their text."""
        declared = TopicIndex(self._repository.topics(), total)
        if total > MOST_READ:
            return declared
        told = {i for t in declared.topics if t.naming for i in t.passages}
        untold = (row for row in self._repository.texts() if row[0] not in told)
        found = [(t.key, t.value, sorted(t.passages)) for t in declared.topics]
        return TopicIndex([*found, *names.topics_in(untold)], total)


def _hit(passage: Passage, value: float, signs: Signs, one: Inquiry) -> Hit:
    if passage.collection == Collection.MACROS:
        value = min(1.0, value * ranking.APPROVED_FACTOR)
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
