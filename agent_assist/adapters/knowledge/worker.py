"""The retrieval worker: encoder and vector index in a process of their own.

It gets texts and vectors and gives vectors and numbers back: no network, no database, no key.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from agent_assist.adapters.workers.frames import Header
from agent_assist.adapters.workers.serve import Answer, Request, serve
from agent_assist.errors import EncoderMissing

_REMEMBERED: Final = 4096
"""Query vectors kept: ranking asks for the same texts that were just searched."""

Vectors = NDArray[np.float32]


class RetrievalWorker:
    """The operations; one request at a time."""

    def __init__(self) -> None:
        self._encoder: Any = None
        self._index: Any = None
        self._queries: OrderedDict[str, Vectors] = OrderedDict()
        self._filling: list[tuple[list[int], Vectors]] = []

    def load(self, request: Request) -> Header:
        """Open the encoder that `encoder` names; its imports happen here, after the process answers."""
        from agent_assist.adapters.knowledge.embedding import Encoder

        self._encoder = Encoder(str(request.header["encoder"]))
        self._queries.clear()
        from agent_assist.adapters.knowledge.vector_index import VectorIndex

        self._index = VectorIndex(self._encoder.dimension)
        return {"dimension": self._encoder.dimension, "device": self._encoder.device}

    def encode(self, request: Request) -> Answer:
        texts = request.header["texts"]
        vectors = self._ready().encode(texts, query=bool(request.header.get("query")))
        return {"dimension": int(vectors.shape[1])}, vectors.tobytes()

    def fill(self, request: Request) -> Header:
        """One batch of the vectors that the index is to be built from; `last` builds it."""
        ids, vectors = self._batch(request)
        if request.header.get("first"):
            self._filling = []
        if ids:
            self._filling.append((ids, vectors))
        if not request.header.get("last"):
            return {}
        batches, self._filling = self._filling, []
        everything = [i for part, _ in batches for i in part]
        if batches:
            joined = np.concatenate([v for _, v in batches])
            del batches
        else:
            joined = np.zeros((0, self._ready().dimension), np.float32)
        self._index.build(everything, joined)
        return self._state()

    def add(self, request: Request) -> Header:
        self._index.add(*self._batch(request))
        return self._state()

    def remove(self, request: Request) -> Header:
        self._index.remove(request.header["ids"])
        return self._state()

    def search(self, request: Request) -> Header:
        started = time.perf_counter()
        queries = self._query_vectors(request.header["texts"])
        encoding_ms = (time.perf_counter() - started) * 1000
        return {"hits": self._index.search(queries, int(request.header["k"])), "encoding_ms": encoding_ms}

    def near(self, request: Request) -> Answer:
        """For each group of texts the ids near any of them, and their cosines with each."""
        started = time.perf_counter()
        groups = request.header["groups"]
        self._query_vectors([text for texts in groups for text in texts])
        encoding_ms = (time.perf_counter() - started) * 1000
        k = int(request.header["k"])
        ids: list[list[int]] = []
        rows: list[bytes] = []
        for texts in groups:
            queries = self._query_vectors(texts)
            found = self._index.search(queries, k)
            ids.append(list(dict.fromkeys(i for hits in found for i, _ in hits)))
            rows.append(self._index.cosines(queries, ids[-1]).astype("<f4").tobytes())
        return {"ids": ids, "encoding_ms": encoding_ms}, b"".join(rows)

    def compare(self, request: Request) -> Answer:
        """For each group of texts their cosines with the ids given for it."""
        groups = zip(request.header["groups"], request.header["ids"], strict=True)
        rows = [self._index.cosines(self._query_vectors(texts), ids) for texts, ids in groups]
        return {}, b"".join(part.astype("<f4").tobytes() for part in rows)

    def cosines(self, request: Request) -> Answer:
        queries = self._query_vectors(request.header["texts"])
        return {}, self._index.cosines(queries, request.header["ids"]).astype("<f4").tobytes()

    def similarity(self, request: Request) -> Answer:
        """Cosines of two lists of texts; both are read as passages, whose likeness is symmetric."""
        texts, others = request.header["texts"], request.header["others"]
        every = list(dict.fromkeys([*texts, *others]))
        vectors = dict(zip(every, self._ready().encode(every), strict=True))
        rows = np.stack([vectors[t] for t in texts]) @ np.stack([vectors[o] for o in others]).T
        return {}, rows.astype("<f4").tobytes()

    def dump(self, request: Request) -> Answer:
        return self._state(), self._index.dump()

    def restore(self, request: Request) -> Header:
        self._ready()
        self._index.restore(request.block, str(request.header["kind"]))
        return self._state()

    def _ready(self) -> Any:
        if self._encoder is None:
            raise EncoderMissing("No search model is loaded.")
        return self._encoder

    def _state(self) -> Header:
        return {"kind": self._index.kind, "count": len(self._index)}

    def _batch(self, request: Request) -> tuple[list[int], Vectors]:
        ids = [int(i) for i in request.header["ids"]]
        vectors = np.frombuffer(request.block, "<f4").reshape(len(ids), self._ready().dimension)
        return ids, vectors

    def _query_vectors(self, texts: Sequence[str]) -> Vectors:
        missing = [t for t in dict.fromkeys(texts) if t not in self._queries]
        found = {t: self._queries[t] for t in texts if t in self._queries}
        if missing:
            for text, vector in zip(missing, self._ready().encode(missing, query=True), strict=True):
                self._queries[text] = found[text] = vector
        while len(self._queries) > _REMEMBERED:
            self._queries.popitem(last=False)
        return np.stack([found[t] for t in texts])


def main() -> None:
    """Serve until the application closes the pipe."""
    worker = RetrievalWorker()
    operations = (
        "load",
        "encode",
        "fill",
        "add",
        "remove",
        "search",
        "near",
        "compare",
        "cosines",
        "similarity",
        "dump",
        "restore",
    )
    serve({name: getattr(worker, name) for name in operations})


if __name__ == "__main__":
    main()
