"""What an export is read into before anything is made of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Bad:
    """A row or file that could not be read."""

    where: str
    why: str


@dataclass(frozen=True)
class Record:
    """The raw material of one ticket."""

    kind: str
    """What `payload` is; a key of the makers below."""
    where: str
    payload: str
    source: str = ""
    """The name of the file or folder that the configuration names."""


Read = Iterator[Record | Bad]
COLUMNS = ("kind", "where", "payload", "source")
"""Of a Parquet file of records."""
