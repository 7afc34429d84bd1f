"""Encoders that were tuned here: checked against their manifest, and kept with the workspace."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from pathlib import Path
from typing import Any, Final

from agent_assist.errors import DiskFull, EncoderMissing

MANIFEST: Final = "encoder.json"
"""What `python -m training encoder` writes beside the weights: the hash of every file, and its gate."""
_KEPT: Final = "encoder-"


def verify(folder: Path) -> dict[str, Any] | None:
    """The manifest of a tuned encoder, every file checked; None where the folder has none.

    Raises EncoderMissing where a file is missing, was changed, or came in later, and where measuring did
    not show the encoder to be better than the one before.
    """
    try:
        text = (folder / MANIFEST).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise EncoderMissing(f"The search model in {folder} cannot be read: {error.strerror}.") from None
    try:
        manifest = json.loads(text)
        files = {str(name): str(digest) for name, digest in manifest["files"].items()}
    except (ValueError, TypeError, KeyError, AttributeError):
        raise EncoderMissing(f"The manifest of the search model in {folder} is damaged.") from None
    there = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()} - {MANIFEST}
    if there != set(files):
        name = min(there ^ set(files))
        raise EncoderMissing(
            f"The search model in {folder} is not the one that was tuned: {name}.",
            "Run `python -m training encoder` again, or choose another search model.",
        )
    for name, digest in files.items():
        with (folder / name).open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != digest:
                raise EncoderMissing(
                    f"The search model in {folder} was changed after it was tuned: {name}.",
                    "Run `python -m training encoder` again, or choose another search model.",
                )
    gate = manifest.get("gate") or {}
    if gate.get("passed") is False:
        raise EncoderMissing(
            f"This search model did not pass its gate. {gate.get('why', '')}".strip(),
            "The search model in use is as it was. Collect more questions and tune again.",
        )
    found: dict[str, Any] = manifest
    return found


def adopt(name: str, into: Path) -> str:
    """The name under which an encoder is used: a tuned one is first copied below `into`.

    The copy is named by its contents: vectors are kept by the encoder's name, and another tuning of the
    same folder must not meet the vectors of the last one.  Raises EncoderMissing as `verify` does; DiskFull.
    """
    source = Path(name).expanduser()
    manifest = verify(source) if source.is_dir() else None
    if manifest is None:
        return str(source.resolve()) if source.is_dir() else name
    target = into / f"{_KEPT}{str(manifest.get('digest', ''))[:16]}"
    if target.is_dir():
        verify(target)
        return str(target)
    try:
        into.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=into, prefix=".encoder-"))
        try:
            shutil.copytree(source, temporary, dirs_exist_ok=True)
            verify(temporary)
            temporary.replace(target)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    except OSError as error:
        raise DiskFull(f"The search model cannot be copied to {into}: {error.strerror or error}.") from None
    return str(target)
