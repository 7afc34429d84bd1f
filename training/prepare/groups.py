"""Near-duplicates, balance, and a split that lets nothing of the held-out part into the rest."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from datetime import UTC, datetime

from datasketch import MinHash, MinHashLSH

from agent_assist.domain.text import words
from training.prepare.examples import Example

_PERMUTATIONS = 64
_SCHEME = "affine32"
"""How datasketch permutes; named, so that signatures from other machines fit."""
_SHORT = 6
"""Words under which a reply is compared whole: three of four shared words say little."""


class Components:
    """Union-find: what belongs together, however it is connected."""

    def __init__(self) -> None:
        self._parent: dict[Hashable, Hashable] = {}

    def root(self, item: Hashable) -> Hashable:
        self._parent.setdefault(item, item)
        while self._parent[item] != item:
            self._parent[item] = self._parent[self._parent[item]]
            item = self._parent[item]
        return item

    def join(self, one: Hashable, other: Hashable) -> None:
        self._parent[self.root(one)] = self.root(other)


def signature(text: str) -> MinHash:
    """MinHash of a text's word 3-grams (Broder, 1997)."""
    tokens = words(text)
    size = 3 if len(tokens) >= _SHORT else max(1, len(tokens))
    made = MinHash(num_perm=_PERMUTATIONS, seed=1, scheme=_SCHEME)
    for start in range(max(1, len(tokens) - size + 1)):
        made.update(" ".join(tokens[start : start + size]).encode())
    return made


def key_of(text: str) -> str:
    """The same for texts that differ in case, spaces and punctuation only."""
    return " ".join(words(text))


def clusters(
    texts: Sequence[str], threshold: float, marks: Mapping[str, Sequence[int]] | None = None
) -> list[int]:
    """The number of each text's cluster of near-duplicates; a cluster is named by its first text.

    `marks` are signatures that were made before, by `key_of` their text.
    """
    marks = marks or {}
    index = MinHashLSH(threshold=threshold, num_perm=_PERMUTATIONS)
    parts = Components()
    same: dict[str, int] = {}
    for place, text in enumerate(texts):
        key = key_of(text)
        parts.root(place)
        if key in same:
            parts.join(place, same[key])
            continue
        same[key] = place
        made = marks.get(key)
        mark = signature(text) if made is None else MinHash(seed=1, hashvalues=made, scheme=_SCHEME)
        for near in index.query(mark):
            parts.join(place, near)
        index.insert(place, mark)
    first: dict[Hashable, int] = {}
    return [first.setdefault(parts.root(place), place) for place in range(len(texts))]


def capped(
    examples: Sequence[Example], cluster: Sequence[int], per_cluster: int, per_agent: float, seed: int
) -> tuple[list[int], Counter[str]]:
    """Places that stay after the caps, and how many left for which reason.

    Rare intents are raised by leaving them alone: the caps take from what is frequent, the newest first
    to stay.  The cap for agents applies from four agents on.
    """
    rng = random.Random(seed)
    order = sorted(range(len(examples)), key=lambda i: (-_when(examples[i]), rng.random()))
    agents = Counter(e.agent for e in examples if e.agent)
    most = max(1, int(per_agent * len(examples))) if len(agents) >= 4 else len(examples)
    by_cluster: Counter[int] = Counter()
    by_agent: Counter[str] = Counter()
    kept: list[int] = []
    left: Counter[str] = Counter()
    for place in order:
        one = examples[place]
        if by_cluster[cluster[place]] >= per_cluster:
            left["one more near-duplicate"] += 1
        elif one.agent and by_agent[one.agent] >= most:
            left["one agent has enough"] += 1
        else:
            by_cluster[cluster[place]] += 1
            by_agent[one.agent] += 1
            kept.append(place)
    return sorted(kept), left


def components(examples: Sequence[Example], cluster: Sequence[int]) -> list[Hashable]:
    """What may not be torn apart: same ticket, same customer, near-duplicate replies."""
    parts = Components()
    for place, one in enumerate(examples):
        parts.join(("example", place), ("ticket", one.ticket))
        parts.join(("example", place), ("cluster", cluster[place]))
        if one.customer:
            parts.join(("example", place), ("customer", one.customer))
    return [parts.root(("example", place)) for place in range(len(examples))]


def split(examples: Sequence[Example], component: Sequence[Hashable], share: float) -> list[bool]:
    """Which examples are held out: whole components, those whose newest example is newest first.

    A component larger than twice the share stays in the training part: holding it out would leave too little.
    """
    groups: dict[Hashable, list[int]] = defaultdict(list)
    for place, root in enumerate(component):
        groups[root].append(place)
    wanted = share * len(examples)
    held = [False] * len(examples)
    taken = 0
    for places in sorted(groups.values(), key=lambda g: (-max(_when(examples[i]) for i in g), g[0])):
        if taken >= wanted:
            break
        if len(places) > max(1.0, 2 * wanted) or taken + len(places) > max(1.0, 1.5 * wanted):
            continue
        for place in places:
            held[place] = True
        taken += len(places)
    return held


def leaks(examples: Sequence[Example], cluster: Sequence[int], held: Sequence[bool]) -> list[str]:
    """What stands on both sides; empty where nothing does."""
    found: list[str] = []
    for what, keys in (
        ("ticket", [e.ticket for e in examples]),
        ("customer", [e.customer for e in examples]),
        ("near-duplicate", [str(c) for c in cluster]),
        ("reply", [" ".join(words(e.reply)) for e in examples]),
    ):
        mine = {k for k, h in zip(keys, held) if h and k}
        theirs = {k for k, h in zip(keys, held) if not h and k}
        if both := mine & theirs:
            found.append(f"{len(both)} {what}")
    return found


def shares(values: Iterable[str], most: int = 12) -> list[tuple[str, int]]:
    """The most frequent values, the others together."""
    counted = Counter(v or "unknown" for v in values)
    top = counted.most_common(most)
    rest = sum(counted.values()) - sum(n for _, n in top)
    return [*top, ("others", rest)] if rest else top


def _when(example: Example) -> float:
    moment = example.moment or datetime.min.replace(tzinfo=UTC)
    return moment.timestamp() if moment.year > 1970 else 0.0
