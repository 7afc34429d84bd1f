"""How gently a helpdesk is asked: pauses that it orders, pauses of our own, and when to stop asking."""

from __future__ import annotations

import math
import random
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

FIRST_PAUSE = 0.5
"""Seconds: the upper end of the first pause before a second try; it doubles with each further try."""
LONGEST_PAUSE = 30.0
LONGEST_ORDER = 86_400.0
"""More than a day is no pause but a mistake."""
FAILURES_TO_OPEN = 5
FIRST_BREAK = 15.0
LONGEST_BREAK = 300.0


def retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds to wait, from a Retry-After header (RFC 9110, 10.2.3): a number of seconds or a date.

    None where there is none or it cannot be read; 0.0 for a date that is past.
    """
    text = (value or "").strip()
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        try:
            moment = parsedate_to_datetime(text)
        except (TypeError, ValueError):
            return None
        seconds = ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now).total_seconds()
    return min(max(0.0, seconds), LONGEST_ORDER) if math.isfinite(seconds) else None


def backoff(attempt: int, source: Callable[[float, float], float] = random.uniform) -> float:
    """Seconds before try number `attempt` + 1: exponential with full jitter.

    Full jitter (anything from zero to the bound) spreads the clients of one server best: AWS Architecture
    Blog, "Exponential Backoff And Jitter", 2015.
    """
    return source(0.0, min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(attempt, 16)))


class Breaker:
    """A circuit breaker: after some failures in a row a server is left alone, each time for longer.

    When the pause is over one call is let through; its success closes the breaker again.
    (M. Nygard, Release It!, "Circuit Breaker".)
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._failures = 0
        self._opened = 0
        self._until = 0.0

    def remaining(self) -> float:
        """Seconds for which no call should be made; 0.0 where one may."""
        with self._lock:
            return max(0.0, self._until - self._monotonic())

    def succeeded(self) -> None:
        with self._lock:
            self._failures = self._opened = 0
            self._until = 0.0

    def failed(self) -> None:
        with self._lock:
            self._failures += 1
            # After a pause the first failure opens it again: the one call that was let through.
            if self._failures >= FAILURES_TO_OPEN or self._opened:
                self._failures = 0
                pause = min(LONGEST_BREAK, FIRST_BREAK * 2.0 ** min(self._opened, 16))
                self._until = self._monotonic() + pause
                self._opened += 1
