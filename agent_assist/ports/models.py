"""Language models: the registry, the files, the hub they come from, and the worker that runs one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

from agent_assist.domain.model import (
    Canary,
    CatalogueEntry,
    EngineFacts,
    GenerationEvent,
    GenerationRequest,
    ModelRecord,
    ModelStatus,
)
from agent_assist.ports.work import CancelToken, Progress


class ModelRepository(Protocol):
    """The registry: which models there are, which one writes, and which one wrote before."""

    def save(self, record: ModelRecord) -> None:
        """Insert or replace by name; which one is active does not change."""

    def get(self, name: str) -> ModelRecord | None:
        """None where there is no model of this name."""

    def all(self) -> list[ModelRecord]:
        """By name; the active one has `active` set."""

    def remove(self, name: str) -> None:
        """Forget a model, not its files; where it was the active one, the one before becomes active again."""

    def activate(self, name: str) -> ModelRecord:
        """Make this the active one, remembering the one before for `rollback`."""

    def active(self) -> ModelRecord | None:
        """The one that writes; None where none was activated."""

    def before(self) -> ModelRecord | None:
        """The one that `rollback` would activate; None where there is none."""

    def rollback(self) -> ModelRecord | None:
        """Activate the one that was active before; None where there was none."""

    def canary(self) -> Canary | None:
        """The challenger that writes for a share of the tickets."""

    def set_canary(self, canary: Canary | None) -> None:
        """Begin, change or, with None, end it."""

    def canary_failed(self) -> int:
        """Count one more draft that it broke down on; returns how many."""


class ModelFiles(Protocol):
    """Model files on this computer: what they are, and whether they are still what was added."""

    def inspect(
        self, path: Path, adapter: Path | None = None, on_progress: Callable[[float], None] = ...
    ) -> ModelRecord:
        """The registry entry of a model file; raises ModelDamaged.  `on_progress` gets 0..1 and may raise."""

    def verify(self, record: ModelRecord, on_progress: Callable[[float], None] = ...) -> None:
        """Raise ModelDamaged where a file is missing, damaged or not the one that was added."""

    def packaged(self) -> ModelRecord | None:
        """The default model that needs no download."""

    def packaged_adapter(self) -> str:
        """sha256 of the adapter that comes with the default model; empty where there is none."""


class ModelHub(Protocol):
    """Where models can be downloaded from."""

    def pull(self, entry: CatalogueEntry, folder: Path, progress: Progress, cancel: CancelToken) -> Path:
        """Download with resume and check the hash; returns the file."""


class LanguageModel(Protocol):
    """The inference worker, seen from the services."""

    def load(
        self,
        record: ModelRecord,
        on_status: Callable[[ModelStatus], None] | None = None,
        beside: ModelRecord | None = None,
    ) -> ModelStatus:
        """Start the worker with this model, replacing the one before; verifies the hash first.

        `beside` is another adapter on the same base, for requests by the challenger.
        """

    def generate(self, request: GenerationRequest, cancel: CancelToken) -> Iterator[GenerationEvent]:
        """Events of one generation.

        Raises Cancelled within 100 ms of `cancel` being set, WorkerCrashed when the worker died
        (it is restarted for the next call).
        """

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text as the loaded model counts them.  Raises NoModel."""

    def probe(self) -> EngineFacts:
        """What the engine can do here; starts the worker where it does not run."""

    @property
    def status(self) -> ModelStatus:
        """The last that the worker reported; does not wait for it."""

    def close(self) -> None:
        """End the worker; nothing can be loaded afterwards."""
