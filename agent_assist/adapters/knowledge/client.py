"""The retrieval worker as the services see it: `ports.SemanticIndex`."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import numpy as np

from agent_assist.adapters.knowledge.cache import IndexCache, state_of
from agent_assist.adapters.workers.process import WorkerProcess
from agent_assist.adapters.workers.supervisor import Supervisor
from agent_assist.errors import AgentAssistError, IndexDamaged, WorkerCrashed

log = logging.getLogger(__name__)

CACHE_FROM: Final = 20_000
"""Vectors from which the cache file pays: below, reading them from the database is as fast."""

VectorSource = Callable[[str], Iterable[tuple[list[int], bytes]]]


class RetrievalClient:
    """Encoder and vector index in a worker process; thread-safe.

    The worker starts with the first call and again after a crash; each time it loads the encoder and
    the index is filled from the database through `vectors`, or from the cache file where that fits.
    """

    def __init__(
        self,
        encoder: str,
        *,
        vectors: VectorSource | None = None,
        vector_ids: Callable[[str], Sequence[int]] | None = None,
        cache: IndexCache | None = None,
        cache_from: int = CACHE_FROM,
        command: Sequence[str] | None = None,
    ) -> None:
        self._encoder = encoder
        self._vectors = vectors
        self._vector_ids = vector_ids
        self._cache = cache
        self._cache_from = cache_from
        self._kind = "flat"
        self._count = 0
        self._dimension = 0
        self._changed = False
        self.encoding_ms = 0.0
        """What the encoder took of the latest search: the rest is ours to answer for."""
        self._lock = threading.Lock()
        self._supervisor = Supervisor(
            "knowledge",
            command,
            on_start=self._prepare,
            # Threads that wait by spinning take the processor from the language model beside them.
            environment={"OMP_WAIT_POLICY": "PASSIVE"},
        )

    @property
    def encoder(self) -> str:
        return self._encoder

    @property
    def index_kind(self) -> str:
        return self._kind

    @property
    def dimension(self) -> int:
        """Of the loaded encoder; 0 before the worker has started."""
        return self._dimension

    @property
    def pid(self) -> int | None:
        """Process id of the running worker."""
        return self._supervisor.pid

    def start(self) -> None:
        self._supervisor.start()

    def use(self, encoder: str) -> None:
        if encoder != self._encoder:
            self._supervisor.stop()
            self._encoder = encoder
            self._count = self._dimension = 0

    def encode(self, texts: Sequence[str], *, query: bool = False) -> tuple[int, bytes]:
        if not texts:
            return self._dimension, b""
        header, block = self._ask("encode", {"texts": list(texts), "query": query})
        dimension = int(header["dimension"])
        if len(block) != len(texts) * dimension * 4:
            raise IndexDamaged("The search model gave back vectors of the wrong size.")
        return dimension, block

    def load(self, vectors: Iterable[tuple[list[int], bytes]], ids: Sequence[int] | None = None) -> None:
        self._fill(self._ask, vectors, ids)

    def add(self, ids: Sequence[int], vectors: bytes) -> None:
        if ids:
            self._note(self._ask("add", {"ids": list(ids)}, vectors)[0], changed=True)

    def remove(self, ids: Sequence[int]) -> None:
        if ids and self._supervisor.pid is not None:  # a worker that starts later reads the database anyway
            self._note(self._ask("remove", {"ids": list(ids)})[0], changed=True)

    def search(self, texts: Sequence[str], k: int) -> list[list[tuple[int, float]]]:
        if not texts:
            return []
        header, _ = self._ask("search", {"texts": list(texts), "k": k})
        self.encoding_ms = float(header["encoding_ms"])
        return [[(int(i), float(c)) for i, c in row] for row in header["hits"]]

    def candidates(
        self,
        groups: Sequence[Sequence[str]],
        k: int,
        also: Callable[[], Sequence[Sequence[int]]],
    ) -> list[tuple[list[int], list[list[float]]]]:
        if not groups:
            return []
        further: list[Sequence[int]] = []

        def more() -> list[Sequence[int]]:
            if not further:
                further.extend(also())
            return further

        try:
            return self._candidates(groups, k, more)
        except WorkerCrashed:
            if self._supervisor.gave_up:
                raise
            return self._candidates(groups, k, more)

    def _candidates(
        self,
        groups: Sequence[Sequence[str]],
        k: int,
        also: Callable[[], Sequence[Sequence[int]]],
    ) -> list[tuple[list[int], list[list[float]]]]:
        """Both requests are on their way before the first is answered: there is one wait, not two."""
        texts = [list(group) for group in groups]
        searching = self._supervisor.call("near", {"groups": texts, "k": k})
        more = [list(ids) for ids in also()]
        comparing = self._supervisor.call("compare", {"groups": texts, "ids": more})
        header, block = searching.result()
        self.encoding_ms = float(header["encoding_ms"])
        near = [[int(i) for i in ids] for ids in header["ids"]]
        found = _matrices(block, texts, near)
        further = _matrices(comparing.result()[1], texts, more)
        results = []
        for ids, rows, others, their_rows in zip(near, found, more, further, strict=True):
            known = set(ids)
            new = [place for place, i in enumerate(others) if i not in known]
            joined = [
                row + [theirs[place] for place in new] for row, theirs in zip(rows, their_rows, strict=True)
            ]
            results.append((ids + [others[place] for place in new], joined))
        return results

    def cosines(self, texts: Sequence[str], ids: Sequence[int]) -> list[list[float]]:
        return self._matrix("cosines", {"texts": list(texts), "ids": list(ids)}, len(texts), len(ids))

    def similarity(self, texts: Sequence[str], others: Sequence[str]) -> list[list[float]]:
        return self._matrix(
            "similarity", {"texts": list(texts), "others": list(others)}, len(texts), len(others)
        )

    def close(self) -> None:
        """Write the cache where it is worth it, and end the worker."""
        try:
            if self._changed and self._count >= self._cache_from and self._supervisor.pid is not None:
                self._store(self._ask, self._ids() or [])
        except AgentAssistError as error:
            log.warning("The index cache was not written: %s", error.sentence)
        self._supervisor.close()

    def _ask(self, op: str, fields: dict[str, Any] | None = None, block: bytes = b"") -> Any:
        """Ask, and once more where the worker died of something else: every operation can be repeated."""
        try:
            return self._supervisor.ask(op, fields, block)
        except WorkerCrashed:
            if self._supervisor.gave_up:
                raise
            return self._supervisor.ask(op, fields, block)

    def _matrix(self, op: str, fields: dict[str, Any], rows: int, columns: int) -> list[list[float]]:
        if not rows or not columns:
            return [[] for _ in range(rows)]
        _, block = self._ask(op, fields)
        values = np.frombuffer(block, "<f4")
        if values.size != rows * columns:
            raise IndexDamaged("The search process gave back an answer of the wrong size.")
        matrix: list[list[float]] = values.reshape(rows, columns).tolist()
        return matrix

    def _prepare(self, worker: WorkerProcess) -> None:
        header, _ = worker.ask("load", {"encoder": self._encoder})
        self._dimension = int(header["dimension"])
        if self._vectors is not None:
            self._fill(worker.ask, self._vectors(self._encoder), self._ids())

    def _ids(self) -> Sequence[int] | None:
        return self._vector_ids(self._encoder) if self._vector_ids is not None else None

    def _fill(
        self, ask: Callable[..., Any], vectors: Iterable[tuple[list[int], bytes]], ids: Sequence[int] | None
    ) -> None:
        cached = ids is not None and len(ids) >= self._cache_from
        if cached and self._restore(ask, ids or ()):
            return
        ask("fill", {"ids": [], "first": True})
        for part, block in vectors:
            if len(block) != 4 * self._dimension * len(part):
                raise IndexDamaged("Vectors in the database do not fit the search model.")
            ask("fill", {"ids": part}, block)
        self._note(ask("fill", {"ids": [], "last": True})[0], changed=False)
        if cached:
            self._store(ask, ids or ())

    def _restore(self, ask: Callable[..., Any], ids: Sequence[int]) -> bool:
        found = self._cache.read(self._encoder, state_of(self._encoder, ids)) if self._cache else None
        if found is None:
            return False
        kind, index = found
        try:
            header, _ = ask("restore", {"kind": kind}, index)
        except IndexDamaged as error:
            log.warning("%s It is built again.", error.sentence)
            return False
        self._note(header, changed=False)
        return self._count == len(ids)

    def _store(self, ask: Callable[..., Any], ids: Sequence[int]) -> None:
        if self._cache is None:
            return
        header, index = ask("dump")
        if header["count"] == len(ids):  # else the database moved on in between
            self._cache.write(self._encoder, state_of(self._encoder, ids), str(header["kind"]), index)
            self._changed = False

    def _note(self, header: dict[str, Any], *, changed: bool) -> None:
        with self._lock:
            self._kind, self._count = str(header["kind"]), int(header["count"])
            self._changed = self._changed or changed


def _matrices(
    block: bytes, groups: Sequence[Sequence[str]], ids: Sequence[Sequence[int]]
) -> list[list[list[float]]]:
    """The matrices of an answer, one for each group: a row for each text, a column for each id."""
    values = np.frombuffer(block, "<f4")
    sizes = [len(texts) * len(found) for texts, found in zip(groups, ids, strict=True)]
    if values.size != sum(sizes):
        raise IndexDamaged("The search process gave back an answer of the wrong size.")
    matrices: list[list[list[float]]] = []
    start = 0
    for texts, found, size in zip(groups, ids, sizes, strict=True):
        matrices.append(values[start : start + size].reshape(len(texts), len(found)).tolist())
        start += size
    return matrices
