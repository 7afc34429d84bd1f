"""Messages over a pipe: a JSON header and an optional block of bytes.

A frame is two little-endian 32-bit lengths, the header as UTF-8 JSON, then the bytes.  JSON and
raw float32 rather than pickle: a worker that a hostile model file has taken over can then lie to
the application, but cannot run code in it.
"""

from __future__ import annotations

import json
import struct
from typing import Any, BinaryIO, Final

_LENGTHS: Final = struct.Struct("<II")
MAX_HEADER: Final = 64 * 1024 * 1024
MAX_BLOCK: Final = 2**31

Header = dict[str, Any]


class BrokenFrame(Exception):
    """The other side closed the pipe in the middle of a frame, or sent something else."""


def write_frame(stream: BinaryIO, header: Header, block: bytes | memoryview = b"") -> None:
    """Write one frame and flush; raises OSError where the other side is gone."""
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    stream.write(_LENGTHS.pack(len(text), len(block)))
    stream.write(text)
    if block:
        stream.write(block)
    stream.flush()


def read_frame(stream: BinaryIO) -> tuple[Header, bytes] | None:
    """The next frame, or None where the stream ended between two frames."""
    lengths = _read(stream, _LENGTHS.size, may_end=True)
    if lengths is None:
        return None
    header_length, block_length = _LENGTHS.unpack(lengths)
    if header_length > MAX_HEADER or block_length > MAX_BLOCK:
        raise BrokenFrame(f"a frame of {header_length} + {block_length} bytes is not one of ours")
    text = _read(stream, header_length) or b""
    block = (_read(stream, block_length) or b"") if block_length else b""
    try:
        header = json.loads(text)
    except ValueError as error:
        raise BrokenFrame("the header is not JSON") from error
    if not isinstance(header, dict):
        raise BrokenFrame("the header is not an object")
    return header, block


def _read(stream: BinaryIO, count: int, *, may_end: bool = False) -> bytes | None:
    parts: list[bytes] = []
    missing = count
    while missing:
        part = stream.read(missing)
        if not part:
            if may_end and missing == count:
                return None
            raise BrokenFrame(f"the stream ended {missing} bytes early")
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)
