"""What the stage `prepare` has made, before it is written."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from training.prepare.ageing import Aged
from training.prepare.examples import Example
from training.prepare.record import Bad

Row = dict[str, Any]


@dataclass
class Prepared:
    """Everything that was found: what may be learnt, what is held out, and what was left out."""

    read: int = 0
    bad: list[Bad] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)
    entities: Counter[str] = field(default_factory=Counter)
    before: list[Example] = field(default_factory=list)
    kept: list[Example] = field(default_factory=list)
    train: list[Row] = field(default_factory=list)
    held: list[Row] = field(default_factory=list)
    cases: list[Row] = field(default_factory=list)
    """The held-out replies with their tickets, for `evaluate`."""
    intents: list[Row] = field(default_factory=list)
    """Tickets of the training part with what their customers wanted, to learn intents from."""
    pairs: list[Row] = field(default_factory=list)
    unpaired: list[Row] = field(default_factory=list)
    aged: Aged = field(default_factory=Aged)

    @property
    def new(self) -> int:
        """Of what may be learnt, how much is younger than the watermark."""
        return self.aged.new
