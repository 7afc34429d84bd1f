"""Which models this machine's memory can hold."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

import psutil

from agent_assist.domain.model import Backend, CatalogueEntry

CPU_CLASS = 8
"""The largest class, in GB, that a processor alone runs at reading speed."""
_GB = 1024**3
_TOLERANCE = 0.9
"""A machine sold with 8 GB reports less, because the firmware and the graphics keep some."""


@cache
def machine_memory() -> int:
    """Bytes of main memory."""
    return int(psutil.virtual_memory().total)


def fits(entry: CatalogueEntry, memory: int) -> bool:
    """Whether a machine with `memory` bytes is of the class that the model is meant for."""
    return memory >= entry.memory_gb * _GB * _TOLERANCE


def fits_here(entry: CatalogueEntry) -> bool:
    """As `fits`, for the memory of this machine."""
    return fits(entry, machine_memory())


def best_first(entries: Iterable[CatalogueEntry], backend: Backend) -> list[CatalogueEntry]:
    """Those that fit, the most capable that also runs well on top; then those that do not fit."""
    comfortable = CPU_CLASS if backend is Backend.CPU else 1024

    def order(entry: CatalogueEntry) -> tuple[bool, bool, int, int]:
        here, slow = fits_here(entry), entry.memory_gb > comfortable
        ahead = -entry.memory_gb if here and not slow else entry.memory_gb
        return not here, slow, ahead, entry.size_bytes

    return sorted(entries, key=order)


def memory_words() -> str:
    """The sentence above lists of models."""
    return f"This machine has {machine_memory() / _GB:.0f} GB of memory."
