"""How many threads decode: all cores while they are free, fewer while others want them.

llama.cpp's threads wait for each other after every layer.  When another program holds one of the
cores, all of them wait for the one that was put aside: two threads on two contended cores wrote 1–3
tokens a second where one thread wrote 15–28.  So the fewer threads are tried now and then, and at
once when a token takes much longer than it did.
"""

from __future__ import annotations

from typing import Final

WINDOW: Final = 4
"""Steps that are averaged for one judgement."""
PAUSE: Final = 160
"""Steps between two trials of the other number: 4 slower steps in 160 cost 1–2 %."""
JUMP: Final = 2.5
"""A window this many times slower than the best one calls for a trial at once."""


class ThreadGovernor:
    """Chooses between `most` threads and half of them by what decoding takes."""

    def __init__(self, most: int) -> None:
        self._most = max(1, most)
        self._few = max(1, self._most // 2)
        self.threads = self._most
        self._latest: dict[int, float] = {}
        """Threads to seconds a token in their latest window."""
        self._best = float("inf")
        self._window: list[float] = []
        self._home = self._most
        self._since_trial = PAUSE - 2 * WINDOW
        # The first trial comes early: a desk that starts on a busy machine has no better time on record.

    def record(self, seconds: float, tokens: int) -> int:
        """Learn from one step that evaluated `tokens` tokens; returns the threads for the next step."""
        if self._few == self._most:
            return self.threads
        self._since_trial += 1
        self._window.append(seconds / max(1, tokens))
        if len(self._window) < WINDOW:
            return self.threads
        mean = sum(self._window) / WINDOW
        self._window.clear()
        self._latest[self.threads] = mean
        slower = mean > JUMP * self._best
        self._best = min(self._best, mean)
        if self.threads != self._home:
            self._end_trial()
        elif self._since_trial >= PAUSE or (slower and self._since_trial >= 4 * WINDOW):
            self._since_trial = 0
            self.threads = self._few if self._home == self._most else self._most
        return self.threads

    def _end_trial(self) -> None:
        """Stay with whichever was faster."""
        other = self._few if self.threads == self._most else self._most
        if self._latest[self.threads] > self._latest.get(other, float("inf")):
            self.threads = other
        self._home = self.threads
