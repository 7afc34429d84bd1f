"""Requests and events of the inference worker as JSON, in one place for both ends of the pipe."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from agent_assist.adapters.workers.frames import Header
from agent_assist.domain.model import (
    Backend,
    Candidate,
    ChatMessage,
    Finished,
    GenerationEvent,
    GenerationRequest,
    ModelState,
    ModelStatus,
    PromptRead,
    StopReason,
    TextPiece,
    Usage,
)


def request_to_header(request: GenerationRequest) -> Header:
    """JSON-ready; `request_from_header` reads it back to an equal request."""
    return asdict(request)


def request_from_header(header: Header) -> GenerationRequest:
    """Raises KeyError or TypeError for what `request_to_header` did not make."""
    fields: dict[str, Any] = {n: header[n] for n in GenerationRequest.__dataclass_fields__ if n in header}
    fields["messages"] = tuple(ChatMessage(str(m["role"]), str(m["content"])) for m in header["messages"])
    fields["stop"] = tuple(header.get("stop", ()))
    return GenerationRequest(**fields)


def event_to_header(event: GenerationEvent) -> tuple[str, Header]:
    """(event name, fields) of an event."""
    match event:
        case PromptRead(prompt_tokens, cached_tokens):
            return "prompt", {"prompt_tokens": prompt_tokens, "cached_tokens": cached_tokens}
        case TextPiece(candidate, text):
            return "piece", {"candidate": candidate, "text": text}
        case Finished():
            return "finished", asdict(event)


def event_from_header(header: Header) -> GenerationEvent:
    """Raises KeyError or ValueError for what `event_to_header` did not make."""
    match header["event"]:
        case "prompt":
            return PromptRead(int(header["prompt_tokens"]), int(header["cached_tokens"]))
        case "piece":
            return TextPiece(int(header["candidate"]), str(header["text"]))
    candidates = tuple(
        Candidate(
            str(c["text"]),
            StopReason(c["stop_reason"]),
            float(c["mean_logprob"]),
            int(c["completion_tokens"]),
        )
        for c in header["candidates"]
    )
    usage = Usage(**{n: int(header["usage"][n]) for n in Usage.__dataclass_fields__})
    return Finished(candidates, usage, float(header["first_token_ms"]), float(header["total_ms"]))


def status_to_header(status: ModelStatus) -> Header:
    """JSON-ready; `status_from_header` reads it back to an equal status."""
    return {"status": asdict(status)}


def status_from_header(header: Header) -> ModelStatus:
    """Raises KeyError, TypeError or ValueError for what `status_to_header` did not make."""
    fields = dict(header["status"])
    fields["state"] = ModelState(fields["state"])
    fields["backend"] = Backend(fields["backend"])
    fields["languages"] = tuple(fields["languages"])
    return ModelStatus(**fields)
