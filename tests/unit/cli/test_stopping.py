from __future__ import annotations

import _thread
import signal
import sys
import threading
import time
import traceback

import pytest

from agent_assist.cli.stopping import stoppable
from agent_assist.errors import Cancelled


def test_what_the_work_makes_and_raises_comes_back() -> None:
    assert stoppable(lambda cancel: cancel.is_set()) is False

    def fails(_: threading.Event) -> None:
        raise Cancelled("Stopped.")

    with pytest.raises(Cancelled):
        stoppable(fails)


def test_ctrl_c_tells_the_work_to_stop_and_waits_for_it() -> None:
    steps: list[str] = []

    def work(cancel: threading.Event) -> str:
        while not waited_for():
            time.sleep(0.01)
        _thread.interrupt_main()  # as Ctrl+C does
        steps.append("told" if cancel.wait(20) else "not told")
        return "half"

    # Whoever starts the tests in the background may have had them ignore the signal.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        assert stoppable(work) == "half"
    finally:
        signal.signal(signal.SIGINT, before)
    assert steps == ["told"]


def waited_for() -> bool:
    """Whether the main thread waits for the work, and does not start it any more."""
    main = threading.main_thread().ident
    assert main is not None
    return [entry.name for entry in traceback.extract_stack(sys._current_frames()[main])][-3:-1] == [
        "stoppable",
        "wait",
    ]
