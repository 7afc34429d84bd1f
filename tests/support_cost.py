"""What work costs, told so that a busy machine changes nothing: calls, and generous processor time."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any


def calls(work: Callable[[], object]) -> int:
    """How many functions `work` calls in this thread, those written in C included."""
    count = 0

    def on_event(_: FrameType, event: str, __: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(on_event)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


@contextmanager
def processor_seconds(limit: float) -> Iterator[None]:
    """The work within takes this thread less than `limit` seconds of its processor.

    For work that takes a fraction of a second, and minutes where it is done in a naive way: it is no
    benchmark, and the limit is far from both.
    """
    started = time.thread_time()
    yield
    assert time.thread_time() - started < limit
