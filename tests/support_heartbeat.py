"""How long the window's own thread is held up: a timer of its event loop that beats every millisecond."""

from __future__ import annotations

import time

from PySide6.QtCore import QTimer


class Heartbeat:
    """The times between two beats, in seconds, the idle millisecond included.

    `wall` is by the clock; `cpu` is the thread's own processor time, which other programs on a busy machine
    do not inflate.
    """

    def __init__(self) -> None:
        self.wall: list[float] = []
        self.cpu: list[float] = []
        self._last: tuple[float, float] | None = None
        self._timer = QTimer()
        self._timer.setInterval(1)
        self._timer.timeout.connect(self._beat)
        self._timer.start()

    def _beat(self) -> None:
        now = (time.perf_counter(), time.thread_time())
        if self._last is not None:
            self.wall.append(now[0] - self._last[0])
            self.cpu.append(now[1] - self._last[1])
        self._last = now

    def stop(self) -> None:
        self._timer.stop()
