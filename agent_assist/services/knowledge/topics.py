"""Which of the things that the knowledge base has articles about a conversation is about.

Articles say in their own fields what they are about (`Article.context`: a hotel, a product, a plan).
A customer names it once and says "it" ten turns later, so the names are looked for in the whole
conversation; a later mention counts more than an earlier one, a customer's own more than one of
several that the agent offered.  Spoken and typed names are misspelt: words are matched loosely.
"""

from __future__ import annotations

import bisect
import math
import re
import threading
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from rapidfuzz import fuzz, process

from agent_assist.services.knowledge.names import NAME_KEY

RECENCY: Final = 0.8
"""What a mention keeps of its strength with each turn that follows it."""
AGENT_SHARE: Final = 0.9
"""A name that the agent brought up, against one that the customer did."""
MINIMUM_COVERAGE: Final = 0.5
"""Share of a name's telling words that must be there, each weighted by how rare it is among names."""
WORD_SIMILARITY: Final = 80.0
"""Least similarity (0..100, edit distance) at which two words of five letters or more may be the same."""
MISSPELT_SHARE: Final = 0.65
"""What a misspelt word counts: "price" is not "Curry Prince", but "fitzbilies" is "Fitzbillies"."""
SHORT_FORM_SHARE: Final = 0.85
"""A name that was said in full before and is now said by its most telling word alone."""
UNCASED_SHARE: Final = 0.6
"""What a name in small letters counts in a text that has capitals."""
LARGEST_NAMING_SHARE: Final = 0.42
COMMON_FROM: Final = 100
"""Names that share a word from which the word alone does not bring them all up ("… Branch")."""
MAX_TURNS: Final = 40
MAX_TOPIC_CHARS: Final = 80

_WORD: Final = re.compile(r"[^\W_]+", re.UNICODE)


@dataclass(frozen=True, slots=True)
class Topic:
    """A value of one of the fields that say what articles are about."""

    key: str
    value: str
    passages: frozenset[int]
    words: tuple[str, ...]
    rarity: float
    """0..1: near 1 for a topic of few passages, 0 for one that all passages share."""
    naming: bool
    """True for a name ("Grand Plaza"), False for a kind ("hotel") that large parts of all passages share."""


@dataclass(frozen=True, slots=True)
class Mention:
    """A topic that a conversation names."""

    topic: Topic
    clarity: float
    """0..1: how much of the name was there, at its clearest."""
    strength: float
    """0..1: clarity, less with each turn since; compares topics of one conversation."""


def words_of(text: str) -> list[str]:
    """Lower-case words without accents; "&" reads as "and", "O'Neill's" as one word."""
    plain = unicodedata.normalize("NFKD", text.casefold().replace("&", " and "))
    plain = "".join(c for c in plain if not unicodedata.combining(c) and c not in "'’`")
    return _WORD.findall(plain)


class TopicIndex:
    """The topics of a knowledge base, made once and asked for each conversation; thread-safe."""

    def __init__(self, topics: Iterable[tuple[str, str, Sequence[int]]], total: int) -> None:
        """`total` is the number of passages in the knowledge base."""
        topics = list(topics)
        sizes: dict[str, list[int]] = defaultdict(list)
        for key, _, ids in topics:
            sizes[key].append(len(ids))
        # How large a share of everything the typical value of a key holds: names divide, kinds lump.
        share = {k: sum(n * n for n in ns) / max(1, sum(ns) * total) for k, ns in sizes.items()}
        self.topics: list[Topic] = []
        self.of_passage: dict[int, list[Topic]] = defaultdict(list)
        self.told: set[int] = set()
        """Passages whose own source names what they are about."""
        self._by_word: dict[str, list[int]] = defaultdict(list)
        frequency: Counter[str] = Counter()
        for key, value, ids in topics:
            words = tuple(w for w in words_of(value)[:12] if w != "the") or tuple(words_of(value)[:1])
            if not words or len(value) > MAX_TOPIC_CHARS:
                continue
            rarity = _rarity(len(ids), total)
            topic = Topic(key, value, frozenset(ids), words, rarity, share[key] <= LARGEST_NAMING_SHARE)
            number = len(self.topics)
            self.topics.append(topic)
            for passage in ids:
                self.of_passage[passage].append(topic)
            if topic.naming and key != NAME_KEY:
                self.told.update(ids)
            for word in set(words):
                self._by_word[word].append(number)
                frequency[word] += 1
        count = max(1, len(self.topics))
        self._weight = {w: math.log(1 + count / n) for w, n in frequency.items()}
        self._whole = [sum(self._weight[w] for w in t.words) for t in self.topics]
        for numbers in self._by_word.values():
            numbers.sort(key=self._whole.__getitem__)
        self._joined = {a + b: (a, b) for t in self.topics for a, b in pairwise(t.words)}
        self._vocabulary = [w for w in self._weight if len(w) >= 4]
        self._similar: dict[str, str | None] = {}
        self._lock = threading.Lock()

    def mentions(self, turns: Sequence[tuple[bool, str]]) -> list[Mention]:
        """Topics named in a conversation, strongest first.

        `turns` are (from the customer, text), oldest first.
        """
        if not self.topics:
            return []
        best: dict[int, float] = {}
        clearest: dict[int, float] = {}
        considered = turns[-MAX_TURNS:]
        for number, (customer, text) in enumerate(considered):
            age = len(considered) - 1 - number
            found = self._in_turn(text, clearest)
            # Of several names that an agent offers, none is chosen yet.
            offered = max(1, len(found)) if not customer else 1
            share = RECENCY**age * (1.0 if customer else AGENT_SHARE / math.sqrt(offered))
            for topic, coverage in found.items():
                best[topic] = max(best.get(topic, 0.0), share * coverage)
                clearest[topic] = max(clearest.get(topic, 0.0), coverage)
        ranked = sorted(best.items(), key=lambda item: -item[1])
        return [Mention(self.topics[number], clearest[number], strength) for number, strength in ranked]

    def _in_turn(self, text: str, named: Mapping[int, float]) -> dict[int, float]:
        """Topics in one turn and how much of their name is there; `named` are those of earlier turns."""
        spoken = words_of(text[:4000])
        cased = _capitalised(text)
        places: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for place, word, share in self._known(spoken):
            places[word].append((place, share))
        candidates = self._candidates(list(places), named)
        found: dict[int, float] = {}
        for number in candidates:
            coverage = self._coverage(self.topics[number].words, places, cased)
            if named.get(number, 0.0) > SHORT_FORM_SHARE and self._short_form(number, places):
                coverage = max(coverage, SHORT_FORM_SHARE)
            if coverage >= MINIMUM_COVERAGE:
                found[number] = coverage
        return _most_specific(found, self.topics)

    def _candidates(self, spoken: Sequence[str], named: Mapping[int, float]) -> list[int]:
        """Topics of whose name enough may be there, by the words that were spoken.

        A word of a hundred names is looked for in those that rarer words brought up, and brings up by
        itself only those short enough to be named by such words alone.
        """
        rare = [w for w in spoken if len(self._by_word[w]) < COMMON_FROM]
        common = [w for w in spoken if len(self._by_word[w]) >= COMMON_FROM]
        possible: dict[int, float] = defaultdict(float)
        for word in rare:
            for number in self._by_word[word]:
                possible[number] += self._weight[word]
        alone = sum(self._weight[w] for w in common) / MINIMUM_COVERAGE
        for word in common:
            numbers = self._by_word[word]
            short = bisect.bisect_right(numbers, alone, key=self._whole.__getitem__)
            for number in numbers[:short]:
                possible.setdefault(number, 0.0)
        for number, clarity in named.items():
            if clarity > SHORT_FORM_SHARE:
                possible.setdefault(number, 0.0)
        found = []
        for number, most in possible.items():
            words = self.topics[number].words
            most += sum(self._weight[w] for w in common if w in words)
            if most >= MINIMUM_COVERAGE * self._whole[number] or (
                most and named.get(number, 0.0) > SHORT_FORM_SHARE
            ):
                found.append(number)
        return sorted(found)

    def _short_form(self, number: int, places: Mapping[str, Sequence[tuple[int, float]]]) -> bool:
        words = self.topics[number].words
        telling = 0.9 * max(self._weight[w] for w in words)
        return any(
            share == 1.0
            for word in words
            if len(word) >= 4 and self._weight[word] >= telling
            for _, share in places.get(word, ())
        )

    def _coverage(
        self,
        words: Sequence[str],
        places: Mapping[str, Sequence[tuple[int, float]]],
        cased: frozenset[str] | None,
    ) -> float:
        whole = sum(self._weight[w] for w in words)
        rarest = max(words, key=lambda w: self._weight[w])
        anchors = places.get(rarest) or [found for word in words for found in places.get(word, ())]
        best = 0.0
        for anchor, _ in anchors[:8]:
            window = range(anchor - len(words), anchor + len(words) + 1)
            shares = {w: max((s for p, s in places.get(w, ()) if p in window), default=0.0) for w in words}
            coverage = sum(self._weight[w] * share for w, share in shares.items()) / whole
            if cased is not None and not any(w in cased for w, share in shares.items() if share):
                # "ask" is a word and Ask a restaurant: in cased text a name has a capital.
                coverage *= UNCASED_SHARE
            best = max(best, coverage)
        return best

    def _known(self, spoken: Sequence[str]) -> Iterator[tuple[int, str, float]]:
        """(place, word of some topic, share) for the words of a turn, misspelt ones included."""
        for place, word in enumerate(spoken):
            if word in self._weight:
                yield place, word, 1.0
            elif parts := self._joined.get(word):  # "alphamilton" for "Alpha-Milton"
                yield from ((place, part, 1.0) for part in parts)
            elif len(word) >= 5 and not word.isdigit() and (match := self._misspelt(word)):
                yield place, match, MISSPELT_SHARE
            if place + 1 < len(spoken):
                joined = word + spoken[place + 1]  # "lens field" for "Lensfield"
                if len(joined) >= 6 and joined in self._weight:
                    yield place, joined, 1.0

    def _misspelt(self, word: str) -> str | None:
        with self._lock:
            if word in self._similar:
                return self._similar[word]
        match = process.extractOne(word, self._vocabulary, scorer=fuzz.ratio, score_cutoff=WORD_SIMILARITY)
        result = match[0] if match else None
        with self._lock:
            if len(self._similar) > 20_000:
                self._similar.clear()
            self._similar[word] = result
        return result


def _capitalised(text: str) -> frozenset[str] | None:
    """The words that are written with a capital, or None where the text is not cased at all."""
    letters = [c for c in text if c.isalpha()]
    capital = sum(c.isupper() for c in letters)
    if not capital or capital > 0.5 * len(letters):
        return None
    return frozenset(w.casefold() for w in _WORD.findall(text) if w[:1].isupper())


def _most_specific(found: Mapping[int, float], topics: Sequence[Topic]) -> dict[int, float]:
    """Without a topic whose words are a part of a longer one found: "Hotel du Vin" against "… and Bistro"."""
    kept = dict(found)
    for number in found:
        mine = set(topics[number].words)
        for other, coverage in found.items():
            theirs = set(topics[other].words)
            if (
                other != number
                and topics[other].key == topics[number].key
                and coverage > found[number] + 0.15
            ) and mine & theirs:
                kept[number] = min(kept[number], 0.5 * found[number])
    return kept


def _rarity(count: int, total: int) -> float:
    return 1.0 - math.sqrt(min(1.0, count / max(1, total)))
