"""Writes small GGUF files, whole ones and broken ones, without a library."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


def _string(text: str) -> bytes:
    raw = text.encode()
    return struct.pack("<Q", len(raw)) + raw


def _value(value: Any) -> bytes:
    match value:
        case bool():
            return struct.pack("<I?", 7, value)
        case int():
            return struct.pack("<II", 4, value)
        case float():
            return struct.pack("<If", 6, value)
        case str():
            return struct.pack("<I", 8) + _string(value)
        case list() if value and isinstance(value[0], str):
            return struct.pack("<IIQ", 9, 8, len(value)) + b"".join(map(_string, value))
        case list():
            return struct.pack("<IIQ", 9, 4, len(value)) + b"".join(struct.pack("<I", v) for v in value)
    raise TypeError(type(value))


def gguf_bytes(
    metadata: Mapping[str, Any],
    tensors: Sequence[tuple[str, Sequence[int], int, bytes]] = (),
    *,
    magic: bytes = b"GGUF",
    version: int = 3,
    offset_shift: int = 0,
    tensor_count: int | None = None,
) -> bytes:
    """A file of these keys and tensors (name, shape, ggml type, data); the rest is for breaking it."""
    count = len(tensors) if tensor_count is None else tensor_count
    head = magic + struct.pack("<IQQ", version, count, len(metadata))
    for key, value in metadata.items():
        head += _string(key) + _value(value)
    body = b""
    for name, shape, kind, data in tensors:
        body += b"\0" * (-len(body) % 32)
        head += _string(name) + struct.pack("<I", len(shape)) + struct.pack(f"<{len(shape)}Q", *shape)
        head += struct.pack("<IQ", kind, len(body) + offset_shift)
        body += data
    return head + b"\0" * (-len(head) % 32) + body


def write_gguf(path: Path, *args: Any, **options: Any) -> Path:
    path.write_bytes(gguf_bytes(*args, **options))
    return path


SMALL = {
    "general.architecture": "llama",
    "general.license": "apache-2.0",
    "general.languages": ["en", "de", "eng"],
    "llama.block_count": 2,
    "llama.context_length": 2048,
    "llama.embedding_length": 64,
    "llama.attention.head_count": 4,
    "llama.attention.head_count_kv": 2,
}
SMALL_TENSORS = (
    ("token_embd.weight", (64, 10), 0, bytes(64 * 10 * 4)),
    ("blk.0.attn_q.weight", (64, 64), 8, bytes(64 * 64 // 32 * 34)),
    ("blk.1.attn_q.weight", (64, 64), 8, bytes(64 * 64 // 32 * 34)),
)
