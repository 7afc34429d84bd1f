"""Model files that the worker refuses: damaged, unknown, too large, an adapter that is none."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from support_gguf import SMALL, SMALL_TENSORS, write_gguf

from agent_assist.adapters.inference.client import InferenceClient
from agent_assist.adapters.inference.hashing import sha256_of
from agent_assist.domain.model import (
    ModelRecord,
    ModelState,
    ModelStatus,
)
from agent_assist.errors import ModelDamaged, ModelTooLarge

pytestmark = pytest.mark.real_model


def damaged(record: ModelRecord, folder: Path, change: str) -> ModelRecord:
    """A copy of the model with one kind of damage; its registered hash is the healthy one's."""
    data = bytearray(Path(record.path).read_bytes())
    match change:
        case "truncated":
            del data[len(data) // 2 :]
        case "header":
            data[8:16] = b"\xff" * 8
        case "body":
            data[60_000_000:65_000_000] = os.urandom(5_000_000)
        case "text":
            data[:] = b"Dear model, please find attached\n" * 100
        case "empty":
            data.clear()
    path = folder / f"{change}.gguf"
    path.write_bytes(data)
    return replace(record, path=str(path))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("truncated", "incomplete"),
        ("header", "damaged"),
        ("body", "sha256"),
        ("text", "not a GGUF"),
        ("empty", "not a GGUF"),
        ("gone", "cannot be read"),
    ],
)
def test_a_damaged_file_is_refused_with_a_sentence(
    record: ModelRecord, tmp_path: Path, change: str, words: str
) -> None:
    bad = damaged(record, tmp_path, change)
    if change == "gone":
        Path(bad.path).unlink()
    statuses: list[ModelStatus] = []
    client = InferenceClient()
    try:
        with pytest.raises(ModelDamaged, match=words):
            client.load(bad, statuses.append)
        assert statuses[-1].state is ModelState.FAILED
        assert words in statuses[-1].reason
        client.load(record)
        assert client.status.state is ModelState.READY
    finally:
        client.close()


def test_a_healthy_header_over_an_unknown_model_is_refused(tmp_path: Path) -> None:
    path = write_gguf(tmp_path / "odd.gguf", {**SMALL, "general.architecture": "teapot"}, SMALL_TENSORS)
    odd = ModelRecord("odd", str(path), sha256_of(path), path.stat().st_size)
    client = InferenceClient()
    try:
        with pytest.raises(ModelDamaged, match="cannot load"):
            client.load(odd)
    finally:
        client.close()


def test_a_model_larger_than_memory_is_refused_before_it_is_loaded(record: ModelRecord) -> None:
    client = InferenceClient(available_memory=lambda: 120_000_000)
    try:
        with pytest.raises(ModelTooLarge, match=r"needs about 0\.\d GB of memory; 0\.1 GB are free"):
            client.load(record)
        assert client.status.state is ModelState.FAILED
    finally:
        client.close()


def test_an_adapter_must_be_one_and_be_unchanged(record: ModelRecord, tmp_path: Path) -> None:
    client = InferenceClient()
    try:
        with pytest.raises(ModelDamaged, match="not an adapter"):
            client.load(replace(record, adapter_path=record.path, adapter_sha256=record.sha256))
        path = write_gguf(tmp_path / "lora.gguf", {**SMALL, "general.type": "adapter"}, ())
        with pytest.raises(ModelDamaged, match="sha256"):
            client.load(replace(record, adapter_path=str(path), adapter_sha256="0" * 64))
        with pytest.raises(ModelDamaged, match="adapter"):
            client.load(replace(record, adapter_path=str(path), adapter_sha256=sha256_of(path)))
    finally:
        client.close()
