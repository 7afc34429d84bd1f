"""The header of a GGUF file: checked before llama.cpp, which trusts it, is given the file.

Only the header is read.  Damage in the tensors themselves is found by the sha256.
"""

from __future__ import annotations

import mmap
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from agent_assist.errors import ModelDamaged

_SCALARS: Final = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING: Final = 8
_ARRAY: Final = 9
_KEPT_ARRAY: Final = 1024
"""Longer arrays (vocabularies) are skipped."""

# ggml type: (weights in a block, bytes of a block).  Types that are not listed are not measured.
_BLOCKS: Final = {
    0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34), 9: (32, 36),
    10: (256, 84), 11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210), 15: (256, 292),
    16: (256, 66), 17: (256, 74), 18: (256, 98), 19: (256, 50), 20: (32, 18), 21: (256, 110),
    22: (256, 82), 23: (256, 136), 24: (1, 1), 25: (1, 2), 26: (1, 4), 27: (1, 8), 28: (1, 8),
    29: (256, 56), 30: (1, 2), 34: (256, 54), 35: (256, 66), 39: (32, 17),
}  # fmt: skip


@dataclass(frozen=True)
class GgufInfo:
    """What the header says; sizes in bytes."""

    file_bytes: int
    metadata: dict[str, Any] = field(repr=False)
    layer_bytes: tuple[int, ...] = ()
    """Weights of each block, first to last."""
    other_bytes: int = 0
    """Embeddings and output."""

    @property
    def architecture(self) -> str:
        return str(self.metadata.get("general.architecture", ""))

    @property
    def is_adapter(self) -> bool:
        return self.metadata.get("general.type") == "adapter"

    @property
    def layers(self) -> int:
        return self.number("block_count", len(self.layer_bytes))

    @property
    def context_tokens(self) -> int:
        """Tokens that the model was trained for; 0 where it does not say."""
        return self.number("context_length")

    @property
    def licence(self) -> str:
        return str(self.metadata.get("general.license", ""))

    @property
    def languages(self) -> tuple[str, ...]:
        value = self.metadata.get("general.languages", ())
        return tuple(str(v) for v in value) if isinstance(value, list) else ()

    def number(self, key: str, default: int = 0) -> int:
        """An integer of the architecture's own keys; of a list (one a layer) the largest."""
        value = self.metadata.get(f"{self.architecture}.{key}", default)
        if isinstance(value, list):
            value = max((v for v in value if isinstance(v, int)), default=default)
        return value if isinstance(value, int) else default

    @property
    def kv_bytes_per_token(self) -> int:
        """Of a 16-bit KV cache, all layers; an upper bound for models with windows or recurrent layers."""
        heads = self.number("attention.head_count", 1) or 1
        kv_heads = self.number("attention.head_count_kv", heads) or heads
        head = self.number("embedding_length") // heads
        key = self.number("attention.key_length", head)
        value = self.number("attention.value_length", head)
        return 2 * self.layers * kv_heads * (key + value)


def read_header(path: Path) -> GgufInfo:
    """Read and check the header.

    Raises ModelDamaged where it is no GGUF, is cut off, or names tensors outside the file.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            if file.read(4) != b"GGUF":
                raise ModelDamaged(
                    f"{path.name} is not a GGUF model file.", "Choose a file that ends in .gguf."
                )
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                return _Reader(data, path.name, size).read()
    except OSError as error:
        raise ModelDamaged(f"{path} cannot be read: {error.strerror or error}.") from error


class _Reader:
    def __init__(self, data: mmap.mmap, name: str, size: int) -> None:
        self._data = data
        self._name = name
        self._size = size
        self._at = 4

    def read(self) -> GgufInfo:
        version = self._one("I")
        if version > 0xFFFF:
            raise ModelDamaged(
                f"{self._name} was made for another kind of processor.", "Choose another file."
            )
        if version not in (2, 3):
            raise ModelDamaged(
                f"{self._name} has GGUF version {version}, which is not known.", "Choose another file."
            )
        tensors, keys = self._one("Q"), self._one("Q")
        # A tensor takes at least 24 bytes of header and a key 13: larger counts are nonsense.
        if tensors > self._size // 24 or keys > self._size // 13:
            raise self._damaged()
        metadata = {}
        for _ in range(keys):
            key = self._string()
            metadata[key] = self._value(self._one("I"))
        return self._tensors(tensors, metadata)

    def _tensors(self, count: int, metadata: dict[str, Any]) -> GgufInfo:
        places = []
        for _ in range(count):
            name = self._string()
            dimensions = self._one("I")
            if dimensions > 8:
                raise self._damaged()
            shape = [self._one("Q") for _ in range(dimensions)]
            kind = self._one("I")
            places.append((name, _bytes_of(shape, kind), self._one("Q")))
        alignment = metadata.get("general.alignment", 32)
        if not isinstance(alignment, int) or alignment <= 0 or alignment % 8:
            raise self._damaged()
        start = -(-self._at // alignment) * alignment
        end = max((start + offset + (length or 0) for _, length, offset in places), default=start)
        if end > self._size and places:
            missing = max(1, (end - self._size) // 1_000_000)
            raise ModelDamaged(f"{self._name} is incomplete: {missing:,} MB are missing.")
        layers: dict[int, int] = {}
        other = 0
        for name, length, _ in places:
            parts = name.split(".")
            if parts[0] == "blk" and len(parts) > 1 and parts[1].isdigit():
                layers[int(parts[1])] = layers.get(int(parts[1]), 0) + (length or 0)
            else:
                other += length or 0
        return GgufInfo(self._size, metadata, tuple(layers[i] for i in sorted(layers)), other)

    def _value(self, kind: int) -> Any:
        if kind == _STRING:
            return self._string()
        if kind == _ARRAY:
            return self._array()
        if kind not in _SCALARS:
            raise self._damaged()
        return self._one(_SCALARS[kind])

    def _array(self) -> list[Any] | None:
        kind, count = self._one("I"), self._one("Q")
        if kind in _SCALARS:
            width = struct.calcsize("<" + _SCALARS[kind])
            self._need(count * width)
            if count > _KEPT_ARRAY:
                self._at += count * width
                return None
            return [self._one(_SCALARS[kind]) for _ in range(count)]
        self._need(count * 8)
        if kind != _STRING:  # arrays of arrays: allowed by the format, used by no model
            raise self._damaged()
        if count > _KEPT_ARRAY:
            self._skip_strings(count)
            return None
        return [self._string() for _ in range(count)]

    def _skip_strings(self, count: int) -> None:
        unpack, data, at, size = struct.Struct("<Q").unpack_from, self._data, self._at, self._size
        for _ in range(count):
            if at + 8 > size:
                raise self._damaged()
            at += 8 + unpack(data, at)[0]
        self._at = at
        self._need(0)

    def _string(self) -> str:
        length = self._one("Q")
        self._need(length)
        text = self._data[self._at : self._at + length].decode("utf-8", "replace")
        self._at += length
        return text

    def _one(self, form: str) -> Any:
        width = struct.calcsize("<" + form)
        self._need(width)
        (value,) = struct.unpack_from("<" + form, self._data, self._at)
        self._at += width
        return value

    def _need(self, count: int) -> None:
        if self._at + count > self._size:
            raise self._damaged()

    def _damaged(self) -> ModelDamaged:
        return ModelDamaged(f"The header of {self._name} is damaged or cut off.")


def _bytes_of(shape: list[int], kind: int) -> int | None:
    if kind not in _BLOCKS:
        return None
    weights = 1
    for length in shape:
        weights *= length
    per_block, width = _BLOCKS[kind]
    return -(-weights // per_block) * width
