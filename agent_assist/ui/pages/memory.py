"""Which models this machine's memory can hold."""

from __future__ import annotations

from functools import cache

import psutil

from agent_assist.domain.model import CatalogueEntry

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
    return fits(entry, machine_memory())


def memory_words() -> str:
    return f"This machine has {machine_memory() / _GB:.0f} GB of memory."
