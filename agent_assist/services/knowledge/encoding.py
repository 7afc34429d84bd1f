"""Vectors for passages that have none: encoded by the retrieval worker, saved in batches."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final

from agent_assist.domain.knowledge import Passage
from agent_assist.errors import Cancelled, WorkerCrashed
from agent_assist.ports import CancelToken, KnowledgeRepository, Progress, SemanticIndex

log = logging.getLogger(__name__)

ENCODE_WINDOW: Final = 1024
"""Passages sorted by length together: texts of one length waste no padding."""
ENCODE_BATCH: Final = 64
"""Passages in one request: a search that comes in between waits for one, not for the whole import."""

Wording = Callable[[str, str, str], str]
"""(title, heading, text) of a passage to what is encoded of it."""


class Encoding:
    """One at a time: the caller holds the lock of imports."""

    def __init__(self, repository: KnowledgeRepository, index: SemanticIndex, wording: Wording) -> None:
        self._repository = repository
        self._index = index
        self._wording = wording

    def missing(self, progress: Progress | None, cancel: CancelToken) -> int:
        """Encode what has no vector, the next batch being encoded while the last is being saved.

        Returns how many were made.  Raises Cancelled, and WorkerCrashed after the third time.
        """
        encoder = self._index.encoder
        stats = self._repository.stats(encoder)
        missing, done, failures = stats.passages - stats.encoded, 0, 0
        with ThreadPoolExecutor(2, thread_name_prefix="encoding") as pool:
            while window := self._repository.unencoded(encoder, ENCODE_WINDOW):
                fresh: list[tuple[list[int], bytes]] = []
                try:
                    for ids, vectors in self._window(window, pool, cancel):
                        self._repository.save_vectors(encoder, _rows(ids, vectors))
                        fresh.append((ids, vectors))
                        done += len(ids)
                        failures = 0
                        if progress:
                            progress(done, max(missing, done), "encoded")
                except WorkerCrashed as error:
                    # It is started again by the next request; what is saved is not encoded twice.
                    failures += 1
                    if failures > 2:
                        raise
                    log.warning("%s The import goes on.", error.sentence)
                finally:
                    # Once a window: in between, the worker has encoding to do.  One that died meanwhile
                    # has filled its index from the database and knows these already.
                    self._index.add([i for ids, _ in fresh for i in ids], b"".join(v for _, v in fresh))
        return done

    def _window(
        self, window: Sequence[Passage], pool: ThreadPoolExecutor, cancel: CancelToken
    ) -> Iterator[tuple[list[int], bytes]]:
        texts = sorted(
            ((self._wording(p.title, p.heading, p.text), p.id) for p in window), key=lambda t: len(t[0])
        )
        waiting: deque[tuple[list[int], Future[tuple[int, bytes]]]] = deque()
        try:
            for start in range(0, len(texts), ENCODE_BATCH):
                check(cancel)
                part = texts[start : start + ENCODE_BATCH]
                waiting.append(([i for _, i in part], pool.submit(self._index.encode, [t for t, _ in part])))
                if len(waiting) > 2:
                    ids, future = waiting.popleft()
                    yield ids, future.result()[1]
            while waiting:
                ids, future = waiting.popleft()
                yield ids, future.result()[1]
        finally:
            for _, future in waiting:
                future.cancel()


def _rows(ids: Sequence[int], vectors: bytes) -> list[tuple[int, bytes]]:
    size = len(vectors) // len(ids)
    return [(i, vectors[n * size : (n + 1) * size]) for n, i in enumerate(ids)]


def check(cancel: CancelToken) -> None:
    """Raise Cancelled where a stop was asked for."""
    if cancel.is_set():
        raise Cancelled("The import was stopped.")
