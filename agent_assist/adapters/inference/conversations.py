"""Which tokens are in the KV cache, and the conversations that were put aside.

One conversation is in the cache; others are kept as state blocks in main memory, because cells of
other conversations in one cache slow every token down, while bringing a block back takes
milliseconds (measured: 361 tokens in 2 ms, against 2.5 s to read them again).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

B = TypeVar("B")
WORTH = 32
"""Fewer shared tokens than this are read again rather than fetched."""


@dataclass(frozen=True)
class Parked(Generic[B]):
    """The KV cache of one conversation."""

    tokens: list[int]
    """What the cache holds, from the start of the prompt."""
    state: B
    size: int
    """Bytes of `state`."""


class ParkedConversations(Generic[B]):
    """State blocks by conversation, the least recently used dropped first."""

    def __init__(self, budget: int) -> None:
        """Keep at most `budget` bytes."""
        self._budget = budget
        self._blocks: OrderedDict[str, Parked[B]] = OrderedDict()
        self.bytes = 0

    def __len__(self) -> int:
        return len(self._blocks)

    def fits(self, size: int) -> bool:
        return 0 < size <= self._budget

    def put(self, name: str, tokens: Sequence[int], state: B, size: int) -> None:
        self.drop(name)
        if not self.fits(size):
            return
        self._blocks[name] = Parked(list(tokens), state, size)
        self.bytes += size
        while self.bytes > self._budget:
            self.drop(next(iter(self._blocks)))

    def drop(self, name: str) -> None:
        old = self._blocks.pop(name, None)
        if old is not None:
            self.bytes -= old.size

    def best(self, prompt: Sequence[int], at_least: int) -> tuple[str, Parked[B]] | None:
        """The block that shares the most tokens with `prompt`, if more than `at_least` + WORTH."""
        found, longest = None, at_least + WORTH
        for name, block in self._blocks.items():
            shared = common_prefix(block.tokens, prompt)
            if shared > longest:
                found, longest = name, shared
        if found is None:
            return None
        self._blocks.move_to_end(found)
        return found, self._blocks[found]


def common_prefix(one: Sequence[int], other: Sequence[int]) -> int:
    """How many tokens both start with."""
    for at, (a, b) in enumerate(zip(one, other)):
        if a != b:
            return at
    return min(len(one), len(other))
