"""How well a passage answers an inquiry: one number between 0 and 1 from several signs.

The signs are cosines of the passage with the question, with the last turns and with the question
plus the names the conversation is about; BM25; and whether what the passage is about is what the
conversation is about.  A logistic function joins them, so that scores compare between queries and
"enough evidence" is one threshold.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from operator import attrgetter, mul
from typing import Final

from agent_assist.services.knowledge.names import NAME_KEY
from agent_assist.services.knowledge.topics import Mention, Topic, TopicIndex

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
    """Cosine with the last turns; with the question plus names where the conversation names something."""
    named: float = 0.0
    """Cosine with the question plus names."""
    lexical: float = 0.0
    """BM25, brought to 0..1."""
    coverage: float = 0.0
    """BM25 as a share of what a passage with every word of the query once would have."""
    topic: float = 0.0
    """Clarity with which the conversation names what the passage's source says it is about, 0..1."""
    name: float = 0.0
    """Clarity with which the conversation names something that stands in the passage's text, 0..1."""
    other: float = 0.0
    """1 where the conversation names something else of the kind that the passage is about."""
    general: float = 0.0
    """1 where the passage's source does not say what it is about, less where something else was named:
    such a passage answers without anything being named."""
    length: float = 0.0
    """Logarithm of the text's length over a short answer's: long passages have lower cosines."""

    def values(self) -> tuple[float, ...]:
        return _values(self)


_values: Final = attrgetter(*(field.name for field in fields(Signs)))


@dataclass(frozen=True, slots=True)
class Setting:
    """What one search was made in; the same for all its passages, so it changes no order."""

    size: int = 1
    """Passages in the knowledge base: the best of many is near by chance."""
    words: int = 0
    """Words of the question: a long one has lower cosines."""
    unknown: float = 0.0
    """Share of the query's telling words that stand nowhere in the knowledge base."""
    declared: bool = False
    """True where most passages' sources say what they are about: there a missing name tells much."""
    ideal: float = 0.0
    """BM25 of a passage of average length that has every telling word of the query once."""

    def level(self) -> float:
        """What is added to the weighted signs before they become a likelihood."""
        size = min(1.0, math.log10(max(1, self.size)) / 4)
        words = min(MOST_WORDS, self.words) / 30
        return -2.9 - 5.05 * size + 2.8 * words - 1.5 * self.unknown - (2.3 if self.declared else 0.0)


WEIGHTS: Final = (6.4, 0.8, 1.75, 1.05, 0.7, 3.2, 0.35, -0.73, 0.5, 0.55)
"""Fitted, with `Setting.level`, on several kinds of knowledge base at once, each with equal weight: 564
conversations and 282 typed questions made from DSTC9's public FAQ (half of its houses), the same answers
joined to prose without titles or columns, one house's FAQ alone, the demo desk's articles with half of
its solved questions; against these questions with their article removed, and against questions of other
domains (CLINC150, STAR).  List-wise for the order, with a logistic loss for the level.

On the other halves: R@1 0.88 for written conversations, 0.85 spoken-style, 0.97 typed, 0.70 for the demo
desk's questions (0.75 among its articles alone); 0.5 lets through 83 to 100 of a hundred right first
passages, 28 to 57 of the best ones left when the article is removed (85 where another house's answer to
the same question remains), and at most 7 for questions of other domains."""

APPROVED_BONUS: Final = 0.15
"""Added to a macro's weighted signs: where an approved text is about as good as an article, it comes
first, and nowhere else."""
SHORT_ANSWER: Final = 150
"""Characters; see Signs.length."""
MOST_WORDS: Final = 20
"""Beyond these, more words of a question change no level: few longer ones were fitted on."""
LEAST_IDEAL: Final = 4.0
MOST_COVERAGE: Final = 1.2


def weight(signs: Signs) -> float:
    """The weighted signs: what decides the order within one search."""
    total: float = sum(map(mul, WEIGHTS, _values(signs)))
    return total


def score(signs: Signs, setting: Setting, *, approved: bool = False) -> float:
    """0..1: how likely the passage answers the inquiry."""
    return likelihood(setting.level() + weight(signs), approved=approved)


def likelihood(total: float, *, approved: bool = False) -> float:
    """0..1 from the weighted signs with the setting's level added."""
    total += APPROVED_BONUS if approved else 0.0
    return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, total))))


def ideal_bm25(counts: Sequence[int], total: int) -> float:
    """BM25 of a passage with each word once; `counts` are the passages that each word stands in."""
    return sum(max(0.0, math.log((total - n + 0.5) / (n + 0.5))) for n in counts if n <= total)


def bounded_bm25(value: float) -> float:
    """A BM25 score brought to 0..1; BM25_HALF becomes 0.5."""
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

    def signs(self, passage_id: int) -> tuple[float, float, float]:
        """(topic, name, other) of one passage; see Signs."""
        topic = name = other = 0.0
        if self._mentions:
            for held in self._index.of_passage.get(passage_id, ()):
                mine, top = self._mentions.get((held.key, held.value)), self._strongest.get(held.key)
                if held.key == NAME_KEY:
                    name = max(name, mine.clarity if mine is not None else 0.0)
                elif mine is not None:
                    topic = max(topic, _weight(held) * mine.clarity)
                elif top is not None:
                    other = max(other, _weight(top.topic) * top.clarity)
        return topic, name, other


def _weight(topic: Topic) -> float:
    """A name counts fully, a kind ("hotel") a little: the conversation may have moved on within it."""
    return 1.0 if topic.naming else 0.5 * topic.rarity


def signs_of(
    ids: Sequence[int],
    cosines: Sequence[Sequence[float]],
    lexical: Mapping[int, float],
    mentions: Sequence[Mention],
    index: TopicIndex,
    setting: Setting,
    lengths: Mapping[int, int],
) -> dict[int, Signs]:
    """Signs of each candidate; `cosines` has the rows question, recent, named; `lengths` in characters."""
    question, recent, named = cosines
    found: dict[int, Signs] = {}
    about = _Named(mentions, index)
    clear = [m for m in mentions if m.clarity >= NAMED and m.topic.naming]
    # Where something was named, what is about it goes before what is about nothing in particular.
    unnamed = 0.6 if any(m.topic.key != NAME_KEY for m in clear) else 1.0
    ideal = max(LEAST_IDEAL, setting.ideal)
    for place, passage_id in enumerate(ids):
        topic, name, other = about.signs(passage_id)
        bm25 = lexical.get(passage_id, 0.0)
        length = lengths.get(passage_id, SHORT_ANSWER)
        found[passage_id] = Signs(
            question=question[place],
            recent=named[place] if clear else recent[place],
            named=named[place],
            lexical=bounded_bm25(bm25),
            coverage=min(MOST_COVERAGE, bm25 / ideal),
            topic=topic,
            name=name,
            other=other,
            general=0.0 if passage_id in index.told else unnamed * (1.0 - min(1.0, topic)),
            length=math.log(max(40, length) / SHORT_ANSWER),
        )
    return found
