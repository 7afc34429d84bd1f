"""Vectors of texts that came with the product, so that the demo desk need not encode them first.

A NumPy archive without pickles: `keys` (N, the first 8 bytes of each text's SHA-256 as unsigned integers),
`vectors` (N × D, half precision, of length 1) and `encoder`, the name of the model that made them.  A text
that is not in it, or another encoder, is encoded as usual: the file saves time and decides nothing.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from agent_assist.files import saving

log = logging.getLogger(__name__)

Vectors = NDArray[np.float32]
_PROBLEMS = (OSError, ValueError, KeyError, BadZipFile)


def key_of(text: str) -> int:
    """What a text is looked up by."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little")


def write_vectors(path: Path, encoder: str, texts: Sequence[str], vectors: Vectors) -> None:
    """Write the archive; `vectors` is N × D, a row for each text."""
    keys = np.array([key_of(text) for text in texts], np.uint64)
    order = np.argsort(keys)
    halves = vectors[order].astype(np.float16)
    with saving(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, keys=keys[order], vectors=halves, encoder=np.array(encoder))


def read_vectors(path: Path, encoder: str, texts: Sequence[str]) -> Iterator[tuple[int, bytes]]:
    """(place in `texts`, vector as float32 of length 1) of each text that the archive knows.

    Nothing where the archive is missing, damaged or another encoder's; that stands in the log.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            if str(archive["encoder"]) != encoder:
                return
            keys, vectors = archive["keys"], archive["vectors"].astype(np.float32)
    except _PROBLEMS as error:
        log.warning("The vectors that came with the demo desk cannot be read (%s); it is encoded.", error)
        return
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    rows = {int(key): row for row, key in enumerate(keys)}
    for place, text in enumerate(texts):
        row = rows.get(key_of(text))
        if row is not None:
            yield place, vectors[row].tobytes()
