"""What long work is given: a token that stops it, a listener for its progress, and the time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

CancelToken = threading.Event
"""Set it to stop the work that was given it."""


Progress = Callable[[int, int, str], None]
"""(done, total, note); total is 0 where it is not known."""


class Clock(Protocol):
    """The time of day, so that a test can say what it is."""

    def now(self) -> datetime:
        """Aware, UTC."""
