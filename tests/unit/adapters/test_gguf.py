from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support_gguf import SMALL, SMALL_TENSORS, gguf_bytes, write_gguf

from agent_assist.adapters.inference.gguf import read_header
from agent_assist.errors import ModelDamaged


def test_reads_what_the_header_says(tmp_path: Path) -> None:
    info = read_header(write_gguf(tmp_path / "m.gguf", SMALL, SMALL_TENSORS))
    assert info.architecture == "llama"
    assert (info.layers, info.context_tokens, info.licence) == (2, 2048, "apache-2.0")
    assert info.languages == ("en", "de", "eng")
    assert info.layer_bytes == (4352, 4352)
    assert info.other_bytes == 2560
    # 2 bytes x 2 layers x 2 KV heads x (16 + 16) values
    assert info.kv_bytes_per_token == 256


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not a GGUF"),
        (b"Returns are free within 30 days.", "not a GGUF"),
        (b"GGUF", "damaged or cut off"),
        (gguf_bytes(SMALL, SMALL_TENSORS)[:200], "damaged or cut off"),
        (gguf_bytes(SMALL, SMALL_TENSORS)[:-3000], "incomplete"),
        (gguf_bytes(SMALL, SMALL_TENSORS, version=99), "version 99"),
        (gguf_bytes(SMALL, SMALL_TENSORS, version=3 << 24), "another kind of processor"),
        (gguf_bytes(SMALL, SMALL_TENSORS, tensor_count=2**60), "damaged or cut off"),
        (gguf_bytes(SMALL, SMALL_TENSORS, offset_shift=2**50), "incomplete"),
        (gguf_bytes({**SMALL, "general.alignment": 3}, SMALL_TENSORS), "damaged or cut off"),
    ],
)
def test_says_what_is_wrong(tmp_path: Path, data: bytes, words: str) -> None:
    path = tmp_path / "broken.gguf"
    path.write_bytes(data)
    with pytest.raises(ModelDamaged, match=words):
        read_header(path)


def test_a_missing_file_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ModelDamaged, match="cannot be read"):
        read_header(tmp_path / "nowhere.gguf")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 1200), value=st.binary(min_size=1, max_size=9))
def test_any_damage_is_noticed_or_harmless(tmp_path: Path, place: int, value: bytes) -> None:
    data = bytearray(gguf_bytes(SMALL, SMALL_TENSORS))
    data[place : place + len(value)] = value
    path = tmp_path / "fuzzed.gguf"
    path.write_bytes(data)
    with suppress(ModelDamaged):
        assert read_header(path).file_bytes == len(data)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(length=st.integers(0, 11_000))
def test_every_truncation_is_noticed(tmp_path: Path, length: int) -> None:
    whole = gguf_bytes(SMALL, SMALL_TENSORS)
    path = tmp_path / "cut.gguf"
    path.write_bytes(whole[: min(length, len(whole) - 1)])
    with pytest.raises(ModelDamaged):
        read_header(path)
