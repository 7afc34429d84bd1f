"""Files that are replaced whole: a crash leaves the old one or the new one, never a part."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from agent_assist.errors import BadInput, DiskFull


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary file beside `path`, readable by its owner only, that takes its place when all went well.

    Raises OSError.
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("r+b") as out:
            os.fsync(out.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(path.parent)


@contextmanager
def saving(path: Path) -> Iterator[Path]:
    """As `replacing`, for a file that a person named.  Raises DiskFull or BadInput."""
    try:
        with replacing(path) as temporary:
            yield temporary
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise DiskFull(f"There is no space left for {path}.") from None
        raise BadInput(
            f"{path} cannot be written ({error.strerror or error}).", "Choose another place for the file."
        ) from None


def write_whole(path: Path, data: bytes) -> None:
    """Replace a file by `data` in one step.  Raises OSError."""
    with replacing(path) as temporary:
        temporary.write_bytes(data)


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on the disk, too, where the system can."""
    with suppress(OSError):  # Windows cannot open a folder
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
