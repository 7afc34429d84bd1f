"""How much memory a model takes, and how many of its layers a graphics card holds."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from agent_assist.adapters.inference.gguf import GgufInfo
from agent_assist.domain.model import Backend
from agent_assist.errors import ModelTooLarge

COMPUTE_BYTES: Final = 200_000_000
"""What llama.cpp needs beside weights and KV cache: activations and one batch of logits."""
GPU_RESERVE: Final = 600_000_000
"""Left free on a graphics card: the driver's own context, and the desktop that shares the card."""


@dataclass(frozen=True, slots=True)
class Device:
    """A graphics card as llama.cpp sees it; sizes in bytes."""

    name: str
    description: str
    free_bytes: int
    total_bytes: int
    shared: bool = False
    """It works in the machine's main memory."""

    @property
    def backend(self) -> Backend:
        lowered = self.name.lower()
        if lowered.startswith(("metal", "mtl")):
            return Backend.METAL
        if lowered.startswith("vulkan"):
            return Backend.VULKAN
        return Backend.CUDA  # ROCm too: llama.cpp builds it from the CUDA sources


@dataclass(frozen=True, slots=True)
class Plan:
    """Where the model will run, with the reason for the person."""

    backend: Backend
    gpu_layers: int
    reason: str


def needed_bytes(info: GgufInfo, cells: int) -> int:
    """Memory for the weights, a KV cache of `cells` tokens and the computation."""
    return info.file_bytes + cells * info.kv_bytes_per_token + COMPUTE_BYTES


def check_fits(name: str, info: GgufInfo, cells: int, available: int) -> None:
    """Raise ModelTooLarge where the memory that is free would not hold the model."""
    needed = needed_bytes(info, cells)
    if needed > available:
        raise ModelTooLarge(f"{name} needs about {_gb(needed)} of memory; {_gb(available)} are free.")


def fit_layers(
    layer_bytes: Sequence[int], output_bytes: int, kv_layer_bytes: int, free_bytes: int, overhead: int
) -> int:
    """How many layers, counted from the last, fit beside `overhead`; the output counts as one more.

    llama.cpp offloads from the end: first the output, then the blocks from the last to the first.
    """
    room = free_bytes - overhead - output_bytes
    if room < 0:
        return 0
    count = 0
    for size in reversed(layer_bytes):
        room -= size + kv_layer_bytes
        if room < 0:
            break
        count += 1
    # The output alone on the card only adds a copy for every token.
    return count + 1 if count else 0


def plan(info: GgufInfo, cells: int, wanted: int, devices: Sequence[Device], build_offloads: bool) -> Plan:
    """Decide on the layers for the graphics card: `wanted` -1 fits them to its free memory."""
    if wanted == 0:
        return Plan(Backend.CPU, 0, "Runs on the processor, as the settings say.")
    if not build_offloads:
        return Plan(Backend.CPU, 0, "Runs on the processor: this build has no graphics card support.")
    if not devices:
        return Plan(Backend.CPU, 0, "Runs on the processor: no supported graphics card was found.")
    device = max(devices, key=lambda d: d.free_bytes)
    layers = len(info.layer_bytes) or info.layers
    kv_layer = cells * info.kv_bytes_per_token // max(layers, 1)
    free = device.free_bytes
    fitted = fit_layers(info.layer_bytes, info.other_bytes, kv_layer, free, GPU_RESERVE + COMPUTE_BYTES)
    count = fitted if wanted < 0 else min(wanted, layers + 1)
    title = device.description or device.name
    if count == 0:
        return Plan(Backend.CPU, 0, f"Runs on the processor: {title} has only {_gb(free)} free.")
    if count > layers:
        return Plan(device.backend, count, f"Runs on {title}, which has {_gb(free)} free.")
    if wanted > 0:
        return Plan(device.backend, count, f"{count} of {layers} layers run on {title}, as the settings say.")
    return Plan(
        device.backend,
        count,
        f"{count} of {layers} layers run on {title}, the rest on the processor: {_gb(free)} are free there.",
    )


def available_memory() -> int:
    """Bytes that this process can take without swapping, within the limit of a container."""
    available = int(psutil.virtual_memory().available)
    with contextlib.suppress(OSError, ValueError):
        limit = int(Path("/sys/fs/cgroup/memory.max").read_text())
        used = int(Path("/sys/fs/cgroup/memory.current").read_text())
        cache = 0
        for line in Path("/sys/fs/cgroup/memory.stat").read_text().splitlines():
            if line.startswith("inactive_file "):
                cache = int(line.split()[1])  # given back by the kernel when it is needed
        available = min(available, max(0, limit - used + cache))
    return available


def physical_cores() -> int:
    """Cores, not hardware threads: two threads of one core slow each other down here."""
    return psutil.cpu_count(logical=False) or psutil.cpu_count() or 1


def _gb(count: int) -> str:
    return f"{count / 1e9:.1f} GB"
