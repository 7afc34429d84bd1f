"""The inference worker: `python -m agent_assist.adapters.inference.worker`.

It owns llama.cpp and nothing else: no network, no database, no secrets.  Operations: `load`,
`generate`, `count`, `tokens`, `probe`.
"""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from agent_assist.adapters.inference import gguf, hashing, memory, wire, worker_llama
from agent_assist.adapters.inference.worker_engine import Engine
from agent_assist.adapters.workers.frames import Header
from agent_assist.adapters.workers.serve import Request, serve
from agent_assist.domain.model import Backend, GenerationEvent, ModelState, ModelStatus, TextPiece
from agent_assist.errors import ModelDamaged, ModelTooLarge, NoModel

_SPARE_CELLS = 1024
"""Cells beside the context, for the further candidates."""
_GPU_CHUNK = 128
"""CUDA cannot be stopped in the middle: shorter steps, to listen in between."""
_TELL = 0.04
_HASH_SHARE = 0.6
"""Of the progress bar; the rest is llama.cpp's loading."""


class Worker:
    """The state of the process: at most one model."""

    def __init__(self) -> None:
        self._engine: Engine | None = None

    @property
    def operations(self) -> dict[str, Any]:
        return {
            "load": self.load,
            "generate": self.generate,
            "count": self.count,
            "tokens": self.tokens,
            "probe": self.probe,
        }

    def load(self, request: Request) -> Header:
        """Verify, measure and load; tells the progress in `status` events."""
        header = request.header
        path, name = Path(header["path"]), str(header["name"])
        adapter = Path(header["adapter_path"]) if header.get("adapter_path") else None
        beside = Path(header["beside_path"]) if header.get("beside_path") else None
        progress = _Progress(request, name)
        info = gguf.read_header(path)
        if info.is_adapter:
            raise ModelDamaged(f"{path.name} is an adapter, not a model.", "Add it together with its model.")
        for one in (adapter, beside):
            if one is not None and not gguf.read_header(one).is_adapter:
                raise ModelDamaged(f"{one.name} is not an adapter.", "Choose another file.")
        if header.get("verify", True):
            hashing.verify(path, header["sha256"], lambda part: progress(part * _HASH_SHARE))
            if adapter is not None:
                hashing.verify(adapter, header["adapter_sha256"])
            if beside is not None:
                hashing.verify(beside, header["beside_sha256"])
        context = min(int(header["context_tokens"]), info.context_tokens or int(header["context_tokens"]))
        cells = -(-(context + _SPARE_CELLS) // 256) * 256
        available = int(header["memory_bytes"])
        offload = worker_llama.offload_supported()
        devices = worker_llama.devices() if offload else []
        plan = memory.plan(info, cells, int(header["gpu_layers"]), devices, offload)
        if plan.backend is Backend.CPU:
            memory.check_fits(name, info, cells, available)
        llama, plan = self._place(plan, info, cells, available, header, progress)
        parked = max(0, min(512_000_000, (available - memory.needed_bytes(info, cells)) // 4))
        self._engine = Engine(llama, min(context, llama.trained_context or context), parked)
        return wire.status_to_header(
            ModelStatus(
                ModelState.READY,
                name,
                plan.backend,
                plan.gpu_layers,
                llama.layers,
                self._engine.context_tokens,
                plan.reason,
                1.0,
                languages=tuple(header.get("languages", ())),
            )
        )

    def _place(
        self,
        plan: memory.Plan,
        info: gguf.GgufInfo,
        cells: int,
        available: int,
        header: Header,
        progress: _Progress,
    ) -> tuple[worker_llama.Llama, memory.Plan]:
        """Load as planned; where the graphics card cannot hold it after all, on the processor."""
        settings = worker_llama.LoadSettings(
            path=Path(header["path"]),
            adapter_path=Path(header["adapter_path"]) if header.get("adapter_path") else None,
            gpu_layers=plan.gpu_layers,
            cells=cells,
            threads=int(header["threads"]) or memory.physical_cores(),
            beside_path=Path(header["beside_path"]) if header.get("beside_path") else None,
            chunk=_GPU_CHUNK if plan.gpu_layers else worker_llama.BATCH,
        )
        try:
            return worker_llama.Llama(settings, progress.loading), plan
        except (ModelDamaged, ModelTooLarge):
            if plan.backend is Backend.CPU:
                raise
        memory.check_fits(str(header["name"]), info, cells, available)
        plan = memory.Plan(
            Backend.CPU, 0, "Runs on the processor: the graphics card could not load the model."
        )
        settings = replace(settings, gpu_layers=0, chunk=worker_llama.BATCH)
        return worker_llama.Llama(settings, progress.loading), plan

    def generate(self, request: Request) -> Header:
        engine = self._loaded()
        request.on_cancel = engine.abort
        wanted = wire.request_from_header(request.header)
        told = _Telling(request)
        try:
            finished = engine.generate(wanted, told, request.check)
        finally:
            told.flush()
        return wire.event_to_header(finished)[1]

    def count(self, request: Request) -> Header:
        engine = self._loaded()
        counts = []
        for text in request.header["texts"]:
            request.check()
            counts.append(engine.count(text))
        return {"counts": counts}

    def tokens(self, request: Request) -> Header:
        """Token ids of a prompt, and the ids of the model's markers: for checks and measurements."""
        engine = self._loaded()
        prompt = engine.prompt_tokens(wire.request_from_header(request.header))
        return {"tokens": prompt, "markers": sorted(engine.llama.vocabulary.markers.values())}

    def probe(self, request: Request) -> Header:
        """What this build of llama.cpp can do on this machine."""
        offload = worker_llama.offload_supported()
        found = worker_llama.devices() if offload else []
        return {
            "version": worker_llama.version(),
            "offload": offload,
            "devices": [
                {
                    "name": d.name,
                    "description": d.description,
                    "backend": d.backend,
                    "free_bytes": d.free_bytes,
                    "total_bytes": d.total_bytes,
                }
                for d in found
            ],
            "threads": memory.physical_cores(),
            "pid": os.getpid(),
        }

    def _loaded(self) -> Engine:
        if self._engine is None:
            raise NoModel("No model is loaded.")
        return self._engine


class _Telling:
    """Passes events on; text goes at most every `_TELL` seconds, the first at once.

    Each frame wakes the application, on a core that the model's threads are using: a frame a token
    made decoding slower than it needs to be.
    """

    def __init__(self, request: Request) -> None:
        self._request = request
        self._waiting: dict[int, str] = {}
        self._last = 0.0

    def __call__(self, event: GenerationEvent) -> None:
        if not isinstance(event, TextPiece):
            self._request.emit(*wire.event_to_header(event))
            return
        self._waiting[event.candidate] = self._waiting.get(event.candidate, "") + event.text
        if time.monotonic() - self._last >= _TELL:
            self.flush()

    def flush(self) -> None:
        for candidate, text in self._waiting.items():
            self._request.emit(*wire.event_to_header(TextPiece(candidate, text)))
        self._waiting.clear()
        self._last = time.monotonic()


class _Progress:
    """Tells the application how far loading is, at most ten times a second."""

    def __init__(self, request: Request, name: str) -> None:
        self._request = request
        self._name = name
        self._last = 0.0

    def __call__(self, part: float) -> None:
        self._request.check()
        now = time.monotonic()
        if now - self._last >= 0.1:
            self._last = now
            status = ModelStatus(ModelState.LOADING, self._name, progress=part)
            self._request.emit("status", wire.status_to_header(status))

    def loading(self, part: float) -> bool:
        """For llama.cpp, which must not see an exception."""
        if self._request.cancelled.is_set():
            return False
        self(_HASH_SHARE + part * (1 - _HASH_SHARE))
        return True


if __name__ == "__main__":
    serve(Worker().operations)
