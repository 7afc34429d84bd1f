"""sha256 of model files."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from agent_assist.errors import ModelDamaged

_BLOCK = 8 * 1024 * 1024


def sha256_of(path: Path, on_progress: Callable[[float], None] = lambda _: None) -> str:
    """The file's sha256 in hexadecimal.

    `on_progress` gets 0…1 and may raise to stop.  Raises ModelDamaged where the file cannot be read.
    """
    digest = hashlib.sha256()
    try:
        size = path.stat().st_size or 1
        with path.open("rb") as file:
            done = 0
            while block := file.read(_BLOCK):
                digest.update(block)
                done += len(block)
                on_progress(done / size)
    except OSError as error:
        raise ModelDamaged(f"{path} cannot be read: {error.strerror or error}.") from error
    return digest.hexdigest()


def verify(path: Path, sha256: str, on_progress: Callable[[float], None] = lambda _: None) -> None:
    """Raise ModelDamaged where the file is not the one that was registered under this hash."""
    if sha256_of(path, on_progress) != sha256.lower():
        raise ModelDamaged(f"{path.name} has changed since it was added: its sha256 is another one.")
