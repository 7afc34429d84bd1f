"""A model's wordings of one answer: the prompt, the passages it shows, what the machine leaves room for."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence

from agent_assist.domain.knowledge import Passage
from agent_assist.domain.model import (
    SMALL_MODEL,
    Candidate,
    Finished,
    GenerationRequest,
    ModelState,
    PromptRead,
    TextPiece,
)
from agent_assist.domain.prompt import build_prompt
from agent_assist.domain.suggestion import PromptDone, Streamed
from agent_assist.domain.ticket import Ticket
from agent_assist.errors import Cancelled, PromptTooLong, WorkerCrashed
from agent_assist.ports import CancelToken, LanguageModel
from agent_assist.services.drafting.decision import Part
from agent_assist.services.drafting.framing import Run
from agent_assist.services.drafting.wording import Wording
from agent_assist.services.learning.models import ModelService
from agent_assist.services.options import OptionsService

_REMEMBERED = 200
"""Tickets whose shown passages are remembered, for prompts that only grow."""

_MEDIUM = 1_000_000_000
"""Bytes of a model file below which it is shown two passages; one where it is a SMALL_MODEL."""

_SHORT_REPLY = 90
"""Tokens after which a small model only rambles on."""

_STOPS = ("\nCustomer", "\nFacts:", "\n\nAnswer it")
"""The prompt's own labels: a model that writes them has begun to play both sides."""


class CandidateWriter:
    """Thread-safe; remembers which passages each ticket's prompt has shown."""

    def __init__(
        self, model: LanguageModel, models: ModelService, options: OptionsService, wording: Wording
    ) -> None:
        self._model = model
        self._models = models
        self._options = options
        self._wording = wording
        self._lock = threading.Lock()
        self._shown: OrderedDict[str, dict[str, tuple[Passage, ...]]] = OrderedDict()

    def write(self, run: Run, *, varied: bool) -> tuple[Candidate, ...]:
        """The candidates of one prompt, in no order; another seed each time where `varied`.

        What streams is told to `run.observe`.  Raises Cancelled, and what the model raises a second time.
        """
        try:
            return self._generate(run, self._budget(), varied)
        except WorkerCrashed:
            run.notes.append("The model's process stopped and was started again.")
            if run.challenger:  # the one in use takes this draft over
                self._models.challenger_failed()
                run.challenger, run.record = False, None
            return self._generate(run, self._budget(), varied)
        except PromptTooLong:
            return self._generate(run, self._budget() // 3, varied)

    def begin_anew(self, ticket: Ticket) -> None:
        """Show nothing again of what was shown for the last message: another passage was chosen for it."""
        last = ticket.last_customer_message
        with self._lock:
            if last is not None:
                self._shown.get(ticket.id, {}).pop(last.id, None)

    @property
    def small(self) -> bool:
        """Whether the active model is a small one, which is shown one passage and watched more closely."""
        record = self._wording.record()
        return record is not None and record.size_bytes < SMALL_MODEL

    def can_answer(self, parts: Sequence[Part]) -> bool:
        """Whether the model may answer several questions at once: a small one mixes their facts up."""
        needed = {p.hit.passage.id for p in parts if p.hit is not None}
        return not self.small and len(needed) <= self._passages_for_model()

    def _generate(self, run: Run, budget: int, varied: bool) -> tuple[Candidate, ...]:
        settings = self._options.current
        shown = self._wording.gist(run) if self.small else ()
        passages = [h.passage for h in shown or run.hits[: self._passages_for_model()]]
        prompt = build_prompt(
            run.ticket,
            passages,
            shown=self._shown_before(run.ticket),
            company=settings.reply.company,
            voice=settings.reply.voice,
            channel=run.ticket.channel,
            language=run.context.language,
            steer=run.steer,
            budget=budget,
        )
        run.prompt_passages = tuple(p.id for p in passages)
        run.prompt_texts = tuple(p.text for p in passages) if shown else ()
        run.notes.extend(n for n in prompt.notes if n not in run.notes and "very long" not in n)
        request = GenerationRequest(
            messages=prompt.messages,
            conversation=run.ticket.id,
            max_tokens=min(settings.model.max_reply_tokens, _SHORT_REPLY if self.small else 100_000),
            temperature=max(settings.model.temperature, 0.3) if settings.model.candidates > 1 else 0.0,
            candidates=settings.model.candidates,
            stop=_STOPS,
            seed=int(run.started * 1000) % 100_000 if varied else 0,
            challenger=run.challenger,
        )
        self._await_model(run.cancel)
        text = ""
        for event in self._model.generate(request, run.cancel):
            stop_where_asked(run.cancel)
            if isinstance(event, PromptRead):
                run.observe(PromptDone())
            elif isinstance(event, TextPiece):
                run.first_token_ms = run.first_token_ms or run.since()
                if event.candidate == 0:
                    text += event.text
                    run.observe(Streamed(self._wording.framing.begun(run, text)))
            elif isinstance(event, Finished):
                run.usage = event.usage
                self._remember(run.ticket, passages)
                return event.candidates
        raise WorkerCrashed("The model stopped before the draft was finished.")

    def _await_model(self, cancel: CancelToken) -> None:
        """A model that is being loaded is waited for: the first ticket opens while it loads."""
        while self._models.status.state is ModelState.LOADING and not cancel.wait(0.05):
            pass
        stop_where_asked(cancel)

    # --- the model's measure ----------------------------------------------------------------------

    def _passages_for_model(self) -> int:
        record = self._wording.record()
        size = record.size_bytes if record else 0
        wanted = self._options.current.knowledge.passages
        return 1 if size < SMALL_MODEL else min(2, wanted) if size < _MEDIUM else wanted

    def _budget(self) -> int:
        """Tokens for the prompt: what the context leaves beside the replies, less for a slow small model."""
        model = self._options.current.model
        room = model.context_tokens - model.max_reply_tokens * model.candidates - 64
        return max(400, min(room, 1500) if self.small else room)

    def _shown_before(self, ticket: Ticket) -> dict[str, tuple[Passage, ...]]:
        with self._lock:
            return dict(self._shown.get(ticket.id, {}))

    def _remember(self, ticket: Ticket, passages: Sequence[Passage]) -> None:
        """Passages stay where they were first shown, so that the next prompt begins with this one."""
        last = ticket.last_customer_message
        if last is None:
            return
        with self._lock:
            shown = self._shown.setdefault(ticket.id, {})
            known = {p.id for many in shown.values() for p in many}
            shown[last.id] = (*shown.get(last.id, ()), *(p for p in passages if p.id not in known))
            self._shown.move_to_end(ticket.id)
            while len(self._shown) > _REMEMBERED:
                self._shown.popitem(last=False)


def stop_where_asked(cancel: CancelToken) -> None:
    """Raise Cancelled where the draft is no longer wanted."""
    if cancel.is_set():
        raise Cancelled("The draft was stopped.")
