"""A language model that reads placeholders in the place of personal data; its words come back restored.

Put around a model that is not on this computer, or around any with `privacy.redact_prompts`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from agent_assist.adapters.privacy.placeholders import Restorer, restore
from agent_assist.domain.model import (
    ChatMessage,
    EngineFacts,
    Finished,
    GenerationEvent,
    GenerationRequest,
    ModelRecord,
    ModelStatus,
    TextPiece,
)
from agent_assist.domain.privacy import ticket_values
from agent_assist.domain.ticket import Ticket
from agent_assist.ports import CancelToken, LanguageModel, Redactor

ADVICE: Final = "Words such as [NAME_1] stand for personal data: write them exactly as they are."
"""Told to the model behind what the prompt tells it."""


class RedactedPrompts:
    """Implements ports.LanguageModel; as thread-safe as the model and the redactor are."""

    def __init__(
        self,
        model: LanguageModel,
        redactor: Redactor,
        ticket: Callable[[str], Ticket | None],
        wanted: Callable[[], bool],
    ) -> None:
        """`ticket` gives the one that a request's conversation is named after: what it says of its customer
        is hidden however it is spelled.  `wanted` says for each request whether it is redacted.
        """
        self._model = model
        self._redactor = redactor
        self._ticket = ticket
        self._wanted = wanted

    def generate(self, request: GenerationRequest, cancel: CancelToken) -> Iterator[GenerationEvent]:
        if not self._wanted():
            yield from self._model.generate(request, cancel)
            return
        hidden, mapping = self.hidden(request)
        pieces: dict[int, Restorer] = {}
        for event in self._model.generate(hidden, cancel):
            if isinstance(event, TextPiece):
                text = pieces.setdefault(event.candidate, Restorer(mapping)).feed(event.text)
                if text:
                    yield replace(event, text=text)
            elif isinstance(event, Finished):
                for candidate, held in pieces.items():
                    if text := held.rest():
                        yield TextPiece(candidate, text)
                whole = tuple(replace(c, text=restore(c.text, mapping)) for c in event.candidates)
                yield replace(event, candidates=whole)
            else:
                yield event

    def hidden(self, request: GenerationRequest) -> tuple[GenerationRequest, dict[str, str]]:
        """The request as the model gets it, and what each placeholder stands for.

        The system's message is the company's own and the same for all tickets: it stays.
        """
        texts = ["" if m.role == "system" else m.content for m in request.messages]
        texts.append(request.reply_start)
        ticket = self._ticket(request.conversation)
        results = self._redactor.redact_all(texts, ticket_values(ticket) if ticket else ())
        mapping: dict[str, str] = {}
        for original, (_, entities) in zip(texts, results, strict=True):
            for _, start, end, placeholder in entities:
                mapping.setdefault(placeholder, original[start:end])
        messages = tuple(
            ChatMessage(m.role, f"{m.content} {ADVICE}" if m.role == "system" else text)
            for m, (text, _) in zip(request.messages, results[:-1], strict=True)
        )
        return replace(request, messages=messages, reply_start=results[-1][0]), mapping

    # --- as the model itself ----------------------------------------------------------------------

    def load(
        self,
        record: ModelRecord,
        on_status: Callable[[ModelStatus], None] | None = None,
        beside: ModelRecord | None = None,
    ) -> ModelStatus:
        return self._model.load(record, on_status, beside)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return self._model.count_tokens(texts)

    def probe(self) -> EngineFacts:
        return self._model.probe()

    @property
    def status(self) -> ModelStatus:
        return self._model.status

    def close(self) -> None:
        self._model.close()
