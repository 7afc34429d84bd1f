"""Two models on the same cases: differences with the bootstrap's intervals, by slices."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

DRAWS = 2000
LEAST = 5
"""Cases below which a slice is not shown: its interval would say nothing."""

Figures = Mapping[str, float]


@dataclass(frozen=True)
class Difference:
    """One measure: the mean of each side over the cases that both have, and the gain with its interval."""

    name: str
    cases: int
    champion: float
    challenger: float
    low: float
    high: float

    @property
    def gain(self) -> float:
        return self.challenger - self.champion

    @property
    def better(self) -> bool:
        """The whole interval lies above zero."""
        return self.low > 0


def differences(
    champion: Sequence[Figures], challenger: Sequence[Figures], seed: int = 7
) -> list[Difference]:
    """Paired bootstrap (Efron & Tibshirani 1993; Koehn 2004 for translation): the cases are drawn again
    with replacement, both sides with the same ones; 95 % percentile intervals of the mean's gain."""
    names = sorted({name for row in (*champion, *challenger) for name in row})
    found = []
    for name in names:
        pairs = [
            (a[name], b[name]) for a, b in zip(champion, challenger, strict=True) if name in a and name in b
        ]
        if pairs:
            values = np.array(pairs)
            low, high = interval(values[:, 1] - values[:, 0], seed)
            means = values.mean(0)
            found.append(Difference(name, len(pairs), float(means[0]), float(means[1]), low, high))
    return found


def interval(gains: np.ndarray[Any, Any], seed: int = 7) -> tuple[float, float]:
    """The 95 % interval of the mean."""
    chance = np.random.default_rng(seed)
    means = gains[chance.integers(0, len(gains), (DRAWS, len(gains)))].mean(1)
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)


def slices(
    cases: Sequence[Mapping[str, Any]], key: Callable[[Mapping[str, Any]], str]
) -> dict[str, list[int]]:
    """Places of the cases by what `key` says of them; small groups are left out."""
    found: dict[str, list[int]] = defaultdict(list)
    for place, case in enumerate(cases):
        found[key(case) or "unknown"].append(place)
    return {name: places for name, places in sorted(found.items()) if len(places) >= LEAST}
