"""Choosing the next token from one row of logits.

NumPy instead of llama.cpp's sampler chain: the penalty only touches tokens that were generated (the
chain looks up the whole vocabulary), and the row is read once for choice and log-probability.
"""

from __future__ import annotations

from collections import Counter, deque
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Logits = npt.NDArray[np.float32]

_FLOOR: Final = 14.0
"""Tokens this much below the best (a millionth of its probability) are never sampled."""
_NEGLIGIBLE: Final = 16.0
_WINDOW: Final = 64


class Sampler:
    """The sampling state of one candidate."""

    def __init__(
        self, *, temperature: float, top_p: float, min_p: float, repeat_penalty: float, seed: int
    ) -> None:
        """`temperature` 0 takes the best token; `repeat_penalty` weighs on the last 64 generated tokens."""
        self._temperature = temperature
        self._top_p = top_p
        self._min_p = min_p
        self._penalty = repeat_penalty
        self._random = np.random.default_rng(seed)
        self._recent: deque[int] = deque()
        self._counts: Counter[int] = Counter()
        self._total_logprob = 0.0
        self._accepted = 0

    @property
    def mean_logprob(self) -> float:
        """Of the accepted tokens, under the model's own distribution; 0 where there is none."""
        return self._total_logprob / self._accepted if self._accepted else 0.0

    def choose(self, logits: Logits) -> int:
        """The next token; the row is left as it is."""
        row = logits
        if self._penalty != 1.0 and self._counts:
            row = logits.copy()
            seen = np.fromiter(self._counts, dtype=np.intp, count=len(self._counts))
            values = row[seen]
            row[seen] = np.where(values > 0, values / self._penalty, values * self._penalty)
        if self._temperature <= 0:
            return int(row.argmax())
        return self._draw(row)

    def accept(self, token: int, logits: Logits) -> None:
        """Count `token`, which was chosen from `logits`, as part of the text."""
        best = float(logits.max())
        # What lies further below adds less than half a per cent to the sum, and most of the work.
        near = logits[logits > best - _NEGLIGIBLE]
        total = np.exp(near - np.float32(best), dtype=np.float32).sum(dtype=np.float64)
        self._total_logprob += float(logits[token]) - best - float(np.log(total))
        self._accepted += 1
        self._recent.append(token)
        self._counts[token] += 1
        if len(self._recent) > _WINDOW:
            old = self._recent.popleft()
            self._counts[old] -= 1
            if not self._counts[old]:
                del self._counts[old]

    def _draw(self, row: Logits) -> int:
        floor = min(_FLOOR, -float(np.log(self._min_p))) if self._min_p > 0 else _FLOOR
        kept = np.flatnonzero(row >= row.max() - floor)
        values: npt.NDArray[Any] = row[kept].astype(np.float64)
        order = np.argsort(-values, kind="stable")
        kept, values = kept[order], values[order]
        weights = np.exp(values - values[0])
        total = np.cumsum(weights)
        # The smallest set that holds top_p of the probability, never empty.
        count = int(np.searchsorted(total, self._top_p * total[-1])) + 1
        scaled = np.exp((values[:count] - values[0]) / self._temperature)
        at = np.searchsorted(np.cumsum(scaled), self._random.random() * scaled.sum(), side="right")
        return int(kept[min(int(at), len(scaled) - 1)])
