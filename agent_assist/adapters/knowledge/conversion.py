"""PDF, DOCX and HTML through the conversion worker: one hanging document is one failed document."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Final

from agent_assist.adapters.workers.supervisor import Supervisor
from agent_assist.errors import Cancelled, UnreadableDocument, WorkerCrashed
from agent_assist.ports import CancelToken

TIME_LIMIT: Final = 120.0
"""Seconds for one document; a 500-page manual takes about 60."""


class Converter:
    """Documents to Markdown; not thread-safe, close it when done."""

    def __init__(self, time_limit: float = TIME_LIMIT, command: Sequence[str] | None = None) -> None:
        self._time_limit = time_limit
        # A crash here is the document's doing: no pause before the next one, and no giving up.
        self._supervisor = Supervisor("conversion", command, backoff=(), most_crashes=10**9)

    def convert(self, data: bytes, kind: str, charset: str | None, cancel: CancelToken) -> tuple[str, str]:
        """(Markdown, title); raises UnreadableDocument, or Cancelled when `cancel` is set."""
        ended = threading.Event()
        timer = threading.Timer(self._time_limit, ended.set)
        watcher = _Either(cancel, ended)
        timer.start()
        try:
            header, _ = self._supervisor.ask("convert", {"kind": kind, "charset": charset}, data, watcher)
        except Cancelled:
            self._supervisor.stop()
            if cancel.is_set():
                raise
            raise UnreadableDocument(
                f"Reading it took longer than {self._time_limit:.0f} seconds.",
                "Split it into smaller documents.",
            ) from None
        except WorkerCrashed:
            raise UnreadableDocument("Reading it ended the program that reads it: it is damaged.") from None
        finally:
            timer.cancel()
        return str(header["markdown"]), str(header["title"])

    def close(self) -> None:
        self._supervisor.close()


class _Either(threading.Event):
    """Set when the person or the clock says so."""

    def __init__(self, *events: threading.Event) -> None:
        super().__init__()
        self._events = events

    def is_set(self) -> bool:
        return any(event.is_set() for event in self._events)
