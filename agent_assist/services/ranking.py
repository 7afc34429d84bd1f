"""How well a passage answers an inquiry: one number between 0 and 1 from several signs.

The signs are cosines of the passage with the question, with the last turns and with the question
plus the names the conversation is about; BM25; and whether what the passage is about is what the
conversation is about.  A logistic function joins them, so that scores compare between queries and
"enough evidence" is one threshold.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from agent_assist.services.names import NAME_KEY
from agent_assist.services.topics import Mention, Topic, TopicIndex

BM25_HALF: Final = 9.0
"""The BM25 score that counts half: BM25 has no upper end, s / (s + half) has."""
NAMED: Final = 0.6
"""A mention of at least this clarity counts as naming something."""


@dataclass(frozen=True, slots=True)
class Signs:
    """What speaks for one passage."""

    question: float = 0.0
    """Cosine with the customer's question."""
    recent: float = 0.0
    """Cosine with the last turns where the conversation names nothing that articles are about, else 0."""
    named: float = 0.0
    """Cosine with the question plus names."""
    lexical: float = 0.0
    """BM25, brought to 0..1."""
    topic: float = 0.0
    """Clarity with which the conversation names what the passage is about, 0..1."""
    other: float = 0.0
    """1 where the conversation names something else of the kind that the passage is about."""
    general: float = 0.0
    """1 where the passage's source does not say what it is about and nothing in it was named, less the more
    was: such a passage answers without anything being named."""

    def values(self) -> tuple[float, ...]:
        return (
            self.question,
            self.recent,
            self.named,
            self.lexical,
            self.topic,
            self.other,
            self.general,
        )


WEIGHTS: Final = (6.6, 4.5, 8.3, 2.2, 2.4, -2.0, 2.0)
BIAS: Final = -13.9
"""Fitted on 560 conversations and 560 questions made from DSTC9's public FAQ (half of its hotels and
restaurants, questions as other houses word them, names mentioned up to ten turns before), and on each
hotel's FAQ as a knowledge base of its own: list-wise for the order, with a logistic loss for the right
passage against the best one left when it is removed.  On the other half of the houses (R@1): typed
question with its name 0.98, written conversation 0.88, spoken-style with typing errors 0.83; reciprocal
rank fusion of the last five turns reaches 0.46 and 0.43 there.  0.5 lets through nine of ten right
passages of written conversations and two of ten best wrong ones."""

APPROVED_FACTOR: Final = 1.05
"""What a macro is raised by; a factor, so that a poor match stays one: where an approved
text is about as good as an article, it comes first."""


def score(signs: Signs) -> float:
    """0..1: how likely the passage answers the inquiry."""
    total = BIAS + sum(w * v for w, v in zip(WEIGHTS, signs.values(), strict=True))
    return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, total))))


def bounded_bm25(value: float) -> float:
    return value / (value + BM25_HALF) if value > 0 else 0.0


class _Named:
    """What a conversation names, looked up by passage."""

    def __init__(self, mentions: Sequence[Mention], index: TopicIndex) -> None:
        self._index = index
        self._mentions: dict[tuple[str, str], Mention] = {}
        self._strongest: dict[str, Mention] = {}
        for mention in mentions:  # strongest first
            self._strongest.setdefault(mention.topic.key, mention)
            self._mentions.setdefault((mention.topic.key, mention.topic.value), mention)

    def signs(self, passage_id: int) -> tuple[float, float]:
        """(topic, other) of one passage; see Signs."""
        topic = other = 0.0
        if self._mentions:
            for held in self._index.of_passage.get(passage_id, ()):
                mine, top = self._mentions.get((held.key, held.value)), self._strongest.get(held.key)
                if mine is not None:
                    topic = max(topic, _weight(held) * mine.clarity)
                elif top is not None and held.key != NAME_KEY:
                    other = max(other, _weight(top.topic) * top.clarity)
        return topic, other


def _weight(topic: Topic) -> float:
    """A name counts fully, a kind ("hotel") a little: the conversation may have moved on within it."""
    return 1.0 if topic.naming else 0.5 * topic.rarity


def signs_of(
    ids: Sequence[int],
    cosines: Sequence[Sequence[float]],
    lexical: Mapping[int, float],
    mentions: Sequence[Mention],
    index: TopicIndex,
) -> dict[int, Signs]:
    """Signs of each candidate; `cosines` has the rows question, recent, named."""
    question, recent, named = cosines
    found: dict[int, Signs] = {}
    about = _Named(mentions, index)
    # Where something was named, what is about it goes before what is about nothing in particular.
    unnamed = (
        0.6
        if any(m.clarity >= NAMED and m.topic.naming and m.topic.key != NAME_KEY for m in mentions)
        else 1.0
    )
    nameless = not any(m.clarity >= NAMED and m.topic.naming for m in mentions)
    for place, passage_id in enumerate(ids):
        topic, other = about.signs(passage_id)
        told = any(t.key != NAME_KEY and t.naming for t in index.of_passage.get(passage_id, ()))
        found[passage_id] = Signs(
            question=question[place],
            recent=recent[place] if nameless else 0.0,
            named=named[place],
            lexical=bounded_bm25(lexical.get(passage_id, 0.0)),
            topic=topic,
            other=other,
            general=0.0 if told else unnamed * (1.0 - min(1.0, topic)),
        )
    return found
