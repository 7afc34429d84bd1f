"""The base model of a run: the file that is served, and the same as a Hugging Face folder for training.

Reading a GGUF takes transformers seconds to a minute each time (its metadata is parsed four times over), so
it is dequantised once a run folder.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from agent_assist.adapters.inference.packaged import find_file
from agent_assist.domain.model import SMALL_MODEL
from agent_assist.errors import NoModel
from agent_assist.files import sync_folder, write_whole
from training.stage import Run, hash_of
from training.tuning import load_base

_SOURCE = "dequantised-from.sha256"


def base_path(run: Run) -> Path:
    """The base model's file or folder; raises NoModel where it is not there."""
    if run.config.base == "package":
        found = find_file()
        if found is None:
            raise NoModel("The packaged model is not installed.")
        return found
    path = Path(run.config.base)
    if not path.exists():
        raise NoModel(f"There is no model at {path}.", "Set `base` to a GGUF file or a Hugging Face folder.")
    return path


def is_small(run: Run) -> bool:
    """Whether the product takes the base for a small model; a folder is not served, so nothing is known."""
    try:
        base = base_path(run)
    except NoModel:
        return False
    return base.suffix == ".gguf" and base.stat().st_size < SMALL_MODEL


def hf_base(run: Run) -> Path:
    """The base as a Hugging Face folder: itself, or written from the GGUF in 16 bits where that was not done
    yet.  Raises OSError."""
    base = base_path(run)
    if base.suffix != ".gguf":
        return base
    folder = _folder(run)
    digest = hash_of(base)
    if _written_from(folder) == digest:
        return folder
    run.say(f"base: dequantising {base.name}, once for this run's folder")
    fresh = folder.with_name(f".{folder.name}.{os.getpid()}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    try:
        model, tokenizer = load_base(base, "float16")
        fresh.mkdir(parents=True)
        model.save_pretrained(fresh)
        tokenizer.save_pretrained(fresh)
        write_whole(fresh / _SOURCE, digest.encode())
        shutil.rmtree(folder, ignore_errors=True)
        fresh.replace(folder)
        sync_folder(folder.parent)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return folder


def readable_base(run: Run) -> Path:
    """For its tokenizer: the dequantised folder where it is there, else the base as it is; writes nothing."""
    base = base_path(run)
    folder = _folder(run)
    return folder if base.suffix == ".gguf" and _written_from(folder) == hash_of(base) else base


def _folder(run: Run) -> Path:
    return run.folder / "base"


def _written_from(folder: Path) -> str:
    """Digest of the file that a folder was written from; empty where it is not whole."""
    try:
        return (folder / _SOURCE).read_text("ascii")
    except (OSError, ValueError):
        return ""
