"""A language model that only remembers what it was told to load; the integration tests load for real."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence

from agent_assist.domain.model import (
    EngineFacts,
    GenerationEvent,
    GenerationRequest,
    ModelRecord,
    ModelState,
    ModelStatus,
)
from agent_assist.errors import ModelDamaged
from agent_assist.ports import CancelToken


class RememberingModel:
    """Implements ports.LanguageModel, except that it writes nothing."""

    def __init__(self) -> None:
        self.loads: list[tuple[str, str]] = []
        """(model, challenger beside it or "") of each load."""
        self.broken: set[str] = set()
        """Names of models that cannot be loaded."""
        self.status = ModelStatus()
        self.changed = threading.Event()

    def load(
        self,
        record: ModelRecord,
        on_status: Callable[[ModelStatus], None] | None = None,
        beside: ModelRecord | None = None,
    ) -> ModelStatus:
        if beside is not None and beside.name in self.broken:
            raise ModelDamaged(f"{beside.name} is damaged.")
        self.loads.append((record.name, beside.name if beside else ""))
        self.changed.set()
        if record.name in self.broken:
            self.status = ModelStatus(ModelState.FAILED, record.name)
            raise ModelDamaged(f"{record.name} is damaged.")
        self.status = ModelStatus(ModelState.READY, record.name, languages=record.languages)
        if on_status is not None:
            on_status(self.status)
        return self.status

    def generate(self, request: GenerationRequest, cancel: CancelToken) -> Iterator[GenerationEvent]:
        raise NotImplementedError

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(t) for t in texts]

    def probe(self) -> EngineFacts:
        return EngineFacts("1.0", False)

    def close(self) -> None:
        self.status = ModelStatus()
