"""What a ticket wants: the classifier of intents and what it has learnt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from agent_assist.domain.triage import Intent, IntentModel
from agent_assist.ports.work import Progress


class IntentClassifier(Protocol):
    """Learns and reads intents; pure computation on the encoder's vectors."""

    def fit(
        self,
        encoder: str,
        dimension: int,
        vectors: bytes,
        intents: Sequence[str | None],
        progress: Progress | None = None,
    ) -> IntentModel:
        """One intent for each vector, None where a text is out of scope.  Raises BadInput for too few."""

    def read(self, model: IntentModel, vectors: bytes) -> list[Intent]:
        """One intent for each vector.  Raises IndexDamaged where the model does not fit its own numbers."""


class IntentRepository(Protocol):
    """Where the one intent model of the workspace is kept."""

    def save(self, model: IntentModel) -> None:
        """In place of the one before."""

    def get(self) -> IntentModel | None:
        """None where none was learnt.  Raises IndexDamaged where it cannot be read."""
