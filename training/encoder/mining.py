"""Hard negatives: passages that the present encoder takes for an answer and that are none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent_assist.domain.text import words
from training.encoder.pairs import Pair, Texts, asked

SAME = 0.9
"""Share of two passages' words that both have from which the one says what the other says: no negative."""
_LOOKED = 50
"""Passages looked at for each question."""
_ROWS = 512
"""Questions compared at once: 512 by 100,000 passages are 200 MB."""

Vectors = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Example:
    """What one step of training sees of a pair."""

    anchor: str
    positive: str
    negatives: tuple[str, ...]

    def row(self) -> Mapping[str, str]:
        """Columns as the trainer wants them; their order is what the loss goes by."""
        more = {f"negative_{n}": text for n, text in enumerate(self.negatives, 1)}
        return {"anchor": self.anchor, "positive": self.positive, **more}


def mine(
    encoder: Any, pairs: Sequence[Pair], texts: Texts, passages: Vectors, negatives: int
) -> list[Example]:
    """One example for each pair: the passage of its articles that is nearest, and `negatives` others.

    Those that an agent marked as not helping come first, then what the encoder ranks highest.  A passage
    that says the same as the right one is left out: it would be punished for being right.
    """
    anchors = [asked(p) for p in pairs]
    queries = np.asarray(encoder.encode(anchors, query=True), np.float32)
    found: list[Example] = []
    for start in range(0, len(pairs), _ROWS):
        cosines = queries[start : start + _ROWS] @ passages.T
        for row, place in zip(cosines, range(start, start + len(cosines))):
            one = _example(anchors[place], pairs[place], row, texts, negatives)
            if one is not None:
                found.append(one)
    return found


def _example(anchor: str, pair: Pair, cosines: Vectors, texts: Texts, negatives: int) -> Example | None:
    own = [n for article in pair.articles for n in texts.of_article.get(article, ())]
    if not own:
        return None
    # Passages that are alike to the encoder stay in their order, whatever the last digits say.
    cosines = np.round(cosines, 5)
    right = max(own, key=lambda n: cosines[n])
    marked = [n for article in pair.irrelevant for n in texts.of_article.get(article, ())]
    near = np.argsort(-cosines, kind="stable")[:_LOOKED]
    ranked = [*marked, *(int(n) for n in near)]
    chosen: list[int] = []
    for n in dict.fromkeys(ranked):
        if n in own or texts.articles[n] in pair.articles:
            continue
        if n not in marked and _alike(texts.passages[n], texts.passages[right]) >= SAME:
            continue
        chosen.append(n)
        if len(chosen) == negatives:
            break
    if len(chosen) < negatives:
        return None
    return Example(anchor, texts.passages[right], tuple(texts.passages[n] for n in chosen))


def _alike(one: str, other: str) -> float:
    """Jaccard similarity of the words."""
    a, b = set(words(one)), set(words(other))
    return len(a & b) / max(1, len(a | b))
