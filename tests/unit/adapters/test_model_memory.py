from __future__ import annotations

from pathlib import Path

import pytest
from support_gguf import SMALL, SMALL_TENSORS, write_gguf

from agent_assist.adapters.inference import memory
from agent_assist.adapters.inference.gguf import GgufInfo, read_header
from agent_assist.adapters.inference.memory import Device, check_fits, fit_layers, plan
from agent_assist.domain.model import Backend
from agent_assist.errors import ModelTooLarge

GB = 1_000_000_000
LAYERS = tuple([120_000_000] * 32)
INFO = GgufInfo(
    file_bytes=5 * GB,
    metadata={
        "general.architecture": "llama",
        "llama.block_count": 32,
        "llama.embedding_length": 4096,
        "llama.attention.head_count": 32,
        "llama.attention.head_count_kv": 8,
    },
    layer_bytes=LAYERS,
    other_bytes=800_000_000,
)


def card(free: float, name: str = "CUDA0") -> Device:
    return Device(name, "Test Card 9000", int(free * GB), 24 * GB)


@pytest.mark.parametrize(
    ("free", "expected"),
    [(0, 0), (900, 0), (1100, 2), (1200, 3), (1999, 10), (2000, 11), (100_000, 11)],
)
def test_layers_are_fitted_from_the_end(free: int, expected: int) -> None:
    # ten layers of 90 + 10 each, an output of 500, an overhead of 500; the output counts as one more
    assert fit_layers([90] * 10, 500, 10, free, 500) == expected


def test_a_card_that_holds_everything_gets_everything() -> None:
    found = plan(INFO, 5120, -1, [card(16)], True)
    assert (found.backend, found.gpu_layers) == (Backend.CUDA, 33)
    assert "Test Card 9000" in found.reason


def test_a_small_card_gets_some_layers_and_says_so() -> None:
    found = plan(INFO, 5120, -1, [card(3)], True)
    assert 0 < found.gpu_layers < 33
    assert "of 32 layers" in found.reason
    assert "the rest on the processor" in found.reason
    used = found.gpu_layers * 120_000_000 + 800_000_000 + memory.GPU_RESERVE
    assert used < 3 * GB


@pytest.mark.parametrize(
    ("wanted", "devices", "offload", "words"),
    [
        (-1, [], False, "no graphics card support"),
        (-1, [], True, "no supported graphics card"),
        (-1, [card(0.5)], True, "only 0.5 GB free"),
        (0, [card(16)], True, "as the settings say"),
    ],
)
def test_falls_back_to_the_processor_with_the_reason(
    wanted: int, devices: list[Device], offload: bool, words: str
) -> None:
    found = plan(INFO, 5120, wanted, devices, offload)
    assert (found.backend, found.gpu_layers) == (Backend.CPU, 0)
    assert words in found.reason


def test_a_wanted_number_is_taken_and_the_freest_card() -> None:
    found = plan(INFO, 5120, 7, [card(4), card(20, "Vulkan0")], True)
    assert (found.backend, found.gpu_layers) == (Backend.VULKAN, 7)


@pytest.mark.parametrize(
    ("name", "backend"),
    [
        ("CUDA1", Backend.CUDA),
        ("ROCm0", Backend.CUDA),
        ("Metal", Backend.METAL),
        ("MTL0", Backend.METAL),
        ("Vulkan0", Backend.VULKAN),
    ],
)
def test_backends_are_known_by_their_devices(name: str, backend: Backend) -> None:
    assert card(1, name).backend is backend


def test_a_model_that_does_not_fit_is_refused_with_both_figures(tmp_path: Path) -> None:
    check_fits("small", read_header(write_gguf(tmp_path / "m.gguf", SMALL, SMALL_TENSORS)), 5120, GB)
    with pytest.raises(ModelTooLarge, match=r"needs about 5\.9 GB of memory; 4\.0 GB are free") as caught:
        check_fits("large", INFO, 5120, 4 * GB)
    assert "smaller model" in caught.value.remedy


def test_free_memory_and_cores_are_real() -> None:
    assert memory.available_memory() > 0
    assert memory.physical_cores() >= 1
