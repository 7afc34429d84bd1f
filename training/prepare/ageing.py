"""What is old counts less: windows, a half-life, and what was learnt before.

Each example has a weight.  One below 1 is the chance by which it stays, drawn from the seed and its name, so
that the same configuration gives the same examples; one above 1 repeats it.  Held-out examples are not drawn:
they measure the company's tickets as they are, but for those in a window of weight 0, whose answers are wrong
by now.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from training.config import PrepareOptions
from training.prepare.examples import Example


@dataclass
class Aged:
    """What came of it, for the card and the report."""

    newest: datetime | None = None
    windows: Counter[str] = field(default_factory=Counter)
    """Examples in each window."""
    new: int = 0
    """Younger than the watermark; all where there is none."""
    replayed: int = 0
    faded: int = 0
    """Left out by chance: too old, or learnt before."""
    repeated: int = 0


def in_force(one: Example, options: PrepareOptions) -> bool:
    """Whether no window says that this answer no longer holds."""
    return all(w.weight > 0 for w in options.windows if w.holds(one.moment, one.tags))


def weight(one: Example, options: PrepareOptions, newest: datetime | None) -> float:
    """Of the windows and the half-life together."""
    found = 1.0
    for window in options.windows:
        if window.holds(one.moment, one.tags):
            found *= window.weight
    if options.half_life_days and newest and one.moment:
        days = max(0.0, (newest - one.moment).total_seconds() / 86400)
        found *= 0.5 ** (days / options.half_life_days)
    return found


def aged(
    examples: Sequence[Example], options: PrepareOptions, since: datetime | None, seed: int
) -> tuple[list[Example], Aged]:
    """The examples to train on, in their order; `since` is when what was learnt last ended."""
    told = Aged(newest=newest_of(examples))
    kept: list[Example] = []
    for one in examples:
        for window in options.windows:
            told.windows[window.name] += window.holds(one.moment, one.tags)
        chance = weight(one, options, told.newest)
        old = since is not None and one.moment is not None and one.moment <= since
        times = _drawn(chance * options.replay if old else chance, one, seed)
        told.new += not old
        told.replayed += old and times > 0
        told.faded += times == 0
        told.repeated += max(0, times - 1)
        kept += [one] * times
    return kept, told


def newest_of(examples: Sequence[Example]) -> datetime | None:
    """The time of the newest example; None where none has one."""
    return max((e.moment for e in examples if e.moment), default=None)


def _drawn(chance: float, one: Example, seed: int) -> int:
    """How often it is taken; the same for the same seed and example."""
    name = f"{seed}:{one.source}:{one.ticket}:{one.position}:{one.reply}"
    draw = int.from_bytes(hashlib.sha256(name.encode("utf-8", "replace")).digest()[:8]) / 2**64
    whole = int(chance)
    return whole + (draw < chance - whole)
