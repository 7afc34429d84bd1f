"""How long the window's own thread is held up: a timer of its event loop that beats every millisecond."""

from __future__ import annotations

import os
import sys
import time

from PySide6.QtCore import QTimer

_TICKS = os.sysconf("SC_CLK_TCK") if sys.platform == "linux" else 0


class Heartbeat:
    """The times between two beats, in seconds, the idle millisecond included.

    `wall` is by the clock; `stolen` the part of it in which the host of a virtual machine let nobody run
    (`steal` in Linux's /proc/stat, in steps of 10 ms; of several processors the one that lost most); `cpu` is
    the thread's own processor time, which other programs on a busy machine do not inflate.
    """

    def __init__(self) -> None:
        self.wall: list[float] = []
        self.stolen: list[float] = []
        self.cpu: list[float] = []
        self._last: tuple[float, float, list[int]] | None = None
        self._stat = os.open("/proc/stat", os.O_RDONLY) if _TICKS else -1
        self._timer = QTimer()
        self._timer.setInterval(1)
        self._timer.timeout.connect(self._beat)
        self._timer.start()

    @property
    def own(self) -> list[float]:
        """The clock's times without the host's share."""
        return [max(0.0, whole - lost) for whole, lost in zip(self.wall, self.stolen, strict=True)]

    def _beat(self) -> None:
        now = (time.perf_counter(), time.thread_time(), self._steal())
        if self._last is not None:
            wall, cpu, steal = self._last
            self.wall.append(now[0] - wall)
            self.cpu.append(now[1] - cpu)
            lost = max(after - before for before, after in zip(steal, now[2], strict=True))
            self.stolen.append(lost / _TICKS if _TICKS else 0.0)
        self._last = now

    def _steal(self) -> list[int]:
        """Ticks since the machine's start, of each processor."""
        if self._stat < 0:
            return [0]
        lines = os.pread(self._stat, 4096, 0).decode().splitlines()
        return [int(line.split()[8]) for line in lines if line.startswith("cpu") and line[3].isdigit()]

    def stop(self) -> None:
        self._timer.stop()
        if self._stat >= 0:
            os.close(self._stat)
            self._stat = -1
