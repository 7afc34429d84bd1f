"""The index cache: one encrypted file, trusted only where it is ours and fits the database.

FAISS loads zeroed bytes without a word and its reader is not made for hostile files.  So the file
is sealed with AES-GCM under the workspace's key, bound to the encoder and to the ids that the
database holds: a damaged, foreign or outdated file fails the seal before FAISS sees a byte of it.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from agent_assist.files import write_whole

log = logging.getLogger(__name__)

_MAGIC: Final = b"AAIX1\n"
_NONCE: Final = 12


def state_of(encoder: str, ids: Sequence[int]) -> str:
    """A digest of what an index was built from: vectors never change under one encoder and passage id."""
    digest = hashlib.sha256(encoder.encode())
    digest.update(np.asarray(ids, "<i8").tobytes())
    return digest.hexdigest()


class IndexCache:
    """Index files in one folder."""

    def __init__(self, folder: Path, key: bytes) -> None:
        self._folder = folder
        self._seal = AESGCM(key)

    def path(self, encoder: str) -> Path:
        return self._folder / f"index-{hashlib.sha256(encoder.encode()).hexdigest()[:16]}.bin"

    def read(self, encoder: str, state: str) -> tuple[str, bytes] | None:
        """(kind, index) where the file is whole and of this state; else None, and a line in the log."""
        path = self.path(encoder)
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            log.warning("The index cache cannot be read (%s); the index is built again.", error.strerror)
            return None
        head = data[: len(_MAGIC)]
        nonce = data[len(_MAGIC) : len(_MAGIC) + _NONCE]
        if head != _MAGIC or len(nonce) < _NONCE:
            log.warning("The index cache is damaged; the index is built again.")
            return None
        try:
            plain = self._seal.decrypt(nonce, data[len(_MAGIC) + _NONCE :], state.encode())
        except InvalidTag:
            log.warning("The index cache is damaged or out of date; the index is built again.")
            return None
        kind, _, index = plain.partition(b"\n")
        return kind.decode("ascii", "replace"), index

    def write(self, encoder: str, state: str, kind: str, index: bytes) -> None:
        """Replace the file in one step.  A cache that cannot be written is only a slower start."""
        nonce = os.urandom(_NONCE)
        sealed = self._seal.encrypt(nonce, kind.encode() + b"\n" + index, state.encode())
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            write_whole(self.path(encoder), _MAGIC + nonce + sealed)
        except OSError as error:
            log.warning("The index cache could not be written: %s.", error.strerror)

    def clear(self) -> int:
        """Delete the files of all encoders; returns how many there were."""
        files = list(self._folder.glob("index-*.bin")) + list(self._folder.glob(".index-*"))
        for file in files:
            file.unlink(missing_ok=True)
        return len(files)

    def forget(self, encoder: str) -> None:
        with contextlib.suppress(OSError):
            self.path(encoder).unlink(missing_ok=True)
