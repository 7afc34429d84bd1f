"""Work that Ctrl+C stops between two steps and not in the middle of one."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from agent_assist.ports import CancelToken

T = TypeVar("T")


def stoppable(work: Callable[[CancelToken], T]) -> T:
    """Do `work` on a thread of its own and wait for it; Ctrl+C sets the token that it is given.

    Returns what it made, stopped or not.  Raises what it raises, Cancelled included.
    """
    cancel, ended = threading.Event(), threading.Event()
    made: list[T] = []
    failure: list[BaseException] = []

    def run() -> None:
        try:
            made.append(work(cancel))
        except BaseException as error:  # handed to the caller below
            failure.append(error)
        finally:
            ended.set()

    thread = threading.Thread(target=run, name="command")
    thread.start()
    while not ended.is_set():
        try:
            # Not by `join`: interrupted, it takes a thread that runs for one that has ended (CPython 3.11).
            # With a limit: without one, Windows hears no Ctrl+C meanwhile.
            ended.wait(0.2)
        except KeyboardInterrupt:
            cancel.set()
    thread.join()
    if failure:
        raise failure[0]
    return made[0]
