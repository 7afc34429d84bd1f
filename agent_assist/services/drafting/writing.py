"""From a ticket to a checked suggestion: the drafting pipeline, without state of the screen."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace

from agent_assist.domain import composing
from agent_assist.domain.knowledge import Collection, Hit, Passage
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
from agent_assist.domain.suggestion import (
    Decision,
    Gathered,
    Generated,
    Origin,
    PromptDone,
    Retrieved,
    Streamed,
    Suggestion,
)
from agent_assist.domain.support import Evidence, evidence_for
from agent_assist.domain.text import similarity
from agent_assist.domain.ticket import Message, Role, Ticket
from agent_assist.errors import Cancelled, PromptTooLong, WorkerCrashed
from agent_assist.ports import CancelToken, Clock, LanguageDetector, LanguageModel, SemanticIndex
from agent_assist.services.drafting import several
from agent_assist.services.drafting.context import DraftContext, gather
from agent_assist.services.drafting.decision import Part, Way, by_rule_of, decide
from agent_assist.services.drafting.evidence import in_order, telling_sentences
from agent_assist.services.drafting.framing import House, Observe, Run, plain
from agent_assist.services.drafting.guardrails import Judged, best_first, judge
from agent_assist.services.drafting.shield import steering_notes, unsteered
from agent_assist.services.drafting.wording import Wording
from agent_assist.services.knowledge.retrieval import RetrievalService
from agent_assist.services.learning.models import ModelService
from agent_assist.services.options import OptionsService
from agent_assist.services.safety.policy import Applied
from agent_assist.services.safety.service import SafetyService

_REMEMBERED = 200
"""Tickets whose shown passages are remembered, for prompts that only grow."""

_DEPTH = 8
"""Passages looked at for the decision; fewer are shown."""

_APPROVED = 40
"""Macros looked through for one in a language that the model does not write."""

_MEDIUM = 1_000_000_000
"""Bytes of a model file below which it is shown two passages; one where it is a SMALL_MODEL."""

_SHORT_REPLY = 90
"""Tokens after which a small model only rambles on."""

_STOPS = ("\nCustomer", "\nFacts:", "\n\nAnswer it")
"""The prompt's own labels: a model that writes them has begun to play both sides."""


class DraftWriter:
    """Thread-safe; several drafts may be written at once, the model takes them in turn."""

    def __init__(
        self,
        retrieval: RetrievalService,
        model: LanguageModel,
        models: ModelService,
        index: SemanticIndex,
        languages: LanguageDetector,
        options: OptionsService,
        clock: Clock,
        safety: SafetyService | None = None,
        house: House = plain,
    ) -> None:
        self._retrieval = retrieval
        self._model = model
        self._models = models
        self._index = index
        self._languages = languages
        self._options = options
        self._wording = Wording(models, options, clock, index.similarity, retrieval.passages_of, house)
        self._safety = safety
        self._lock = threading.Lock()
        self._shown: OrderedDict[str, dict[str, tuple[Passage, ...]]] = OrderedDict()

    def write(
        self,
        ticket: Ticket,
        *,
        steer: str = "",
        cancel: CancelToken,
        observe: Observe,
        avoid: Sequence[str] = (),
    ) -> list[Suggestion]:
        """The best suggestion, then others that passed the check.

        `avoid` are texts that the agent has seen.  Raises Cancelled, and what the model raises.
        """
        started = time.monotonic()
        settings = self._options.current
        self._models.settle()
        context = gather(ticket, self._languages, settings, steer)
        observe(Gathered())
        _stop(cancel)
        asked = time.monotonic()
        raw = self._found(context)
        found = unsteered(raw)
        steered = steering_notes(raw, found)
        retrieve_ms = (time.monotonic() - asked) * 1000
        hits = tuple(found[: settings.knowledge.passages])
        observe(Retrieved(hits))
        _stop(cancel)
        verdict = decide(
            context,
            found,
            speaks=self._models.speaks(context.language),
            minimum=settings.knowledge.minimum_evidence,
            steer=steer,
        )
        if not steer and self._models.speaks(context.language):
            verdict, found = several.consider(
                context, verdict, found, self._retrieval, self._index, settings.knowledge.minimum_evidence
            )
            hits = tuple(found[: settings.knowledge.passages])
            if verdict.way is Way.ANSWERS and self._can_answer(verdict.parts):
                verdict = replace(verdict, way=Way.MODEL)
        policy = self._safety.asked(context.ticket, context.language) if self._safety else Applied()
        if policy.hand_over is not None and not context.overtaken:
            verdict = by_rule_of(context, policy.hand_over.id, policy.hand_over.reason)
        said = (*context.said, *policy.says)
        support = evidence_for(found, said=said, customer=context.customer_words, names=context.known_names)
        run = Run(ticket, context, hits, verdict, support, steer, cancel, observe, started, retrieve_ms)
        run.record, run.challenger = self._models.writes(ticket.id)
        run.says = policy.says
        run.notes.extend((*policy.notes, *context.notes, *steered))
        made = self._by_model(run, avoid) if verdict.way is Way.MODEL else [self._wording.by_rule(run)]
        _stop(cancel)
        fresh = [s for s in made if all(similarity(s.text, a) < 0.97 for a in avoid)]
        return [self.looked_over(ticket, s) for s in fresh or made[:1]]

    def looked_over(self, ticket: Ticket, suggestion: Suggestion) -> Suggestion:
        """With the marks of what it must not say unseen."""
        return self._safety.marked(ticket, suggestion) if self._safety is not None else suggestion

    def _found(self, context: DraftContext) -> list[Hit]:
        if context.overtaken or (context.signals.small_talk and not context.signals.alarms):
            return []
        try:
            found = self._searched(context.ticket, context)
        except WorkerCrashed:
            found = self._searched(context.ticket, context)
        return self._retrieval.prefer(in_order(context, found))

    def _searched(self, ticket: Ticket, context: DraftContext) -> list[Hit]:
        if context.continues:
            # "5", "yes, please": what is searched for is the question that this answers.
            found = self._retrieval.for_ticket(_as_meant(ticket, context.asked), _DEPTH)
            return self._nearness(ticket, context, found) if found else found
        hits = self._retrieval.for_ticket(ticket, _DEPTH)
        if not self._models.speaks(context.language):
            return self._with_approved(hits, context)
        return self._nearness(ticket, context, hits) if hits else hits

    def _nearness(self, ticket: Ticket, context: DraftContext, hits: list[Hit]) -> list[Hit]:
        """`dense` as the nearness to whichever sentence of the customer comes nearest: a letter tells much
        that no article speaks of before it asks, and a later turn ("and how much is it?") names nothing."""
        meant = [] if context.first_reply else [self._retrieval.query_of(ticket)]
        rows = self._index.cosines([*meant, *telling_sentences(context)], [h.passage.id for h in hits])
        nearest = [max(column) for column in zip(*rows)] if rows else [0.0] * len(hits)
        return [replace(h, dense=max(h.dense or 0.0, near)) for h, near in zip(hits, nearest)]

    def _with_approved(self, hits: list[Hit], context: DraftContext) -> list[Hit]:
        """Hits in the customer's language first, with the approved texts in it that search ranks low:
        its encoder may not know the language."""
        known = {h.passage.id for h in hits}
        approved = self._retrieval.search(context.asked, _APPROVED, [Collection.MACROS], context.language)
        more = [h for h in approved if h.passage.id not in known and _in(h, context.language)]
        return sorted([*hits, *more], key=lambda h: not _in(h, context.language))

    # --- text by the model ------------------------------------------------------------------------

    def _by_model(self, run: Run, avoid: Sequence[str]) -> list[Suggestion]:
        try:
            candidates = self._generate(run, self._budget(), varied=bool(avoid))
        except WorkerCrashed:
            run.notes.append("The model's process stopped and was started again.")
            if run.challenger:  # the one in use takes this draft over
                self._models.challenger_failed()
                run.challenger, run.record = False, None
            candidates = self._generate(run, self._budget(), varied=bool(avoid))
        except PromptTooLong:
            candidates = self._generate(run, self._budget() // 3, varied=bool(avoid))
        run.observe(Generated())
        _stop(run.cancel)
        judged = self._judged(run, candidates)
        if not any(j.passed for j in judged) and self._wrong_language(run, candidates):
            name = run.context.language
            candidates = self._generate(
                replace(run, steer=f"{run.steer} ({name})".strip()), self._budget(), varied=True
            )
            judged = self._judged(run, candidates)
        passed = best_first(judged, self._wording.answer_of(run))
        made = [self._wording.worded(run, one.text, Origin.MODEL, (), one.sentences) for one in passed]
        made.append(self._fallback(run, judged if not passed else ()))
        return made

    def _generate(self, run: Run, budget: int, *, varied: bool) -> tuple[Candidate, ...]:
        settings = self._options.current
        shown = self._wording.gist(run) if self._small() else ()
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
            max_tokens=min(settings.model.max_reply_tokens, _SHORT_REPLY if self._small() else 100_000),
            temperature=max(settings.model.temperature, 0.3) if settings.model.candidates > 1 else 0.0,
            candidates=settings.model.candidates,
            stop=_STOPS,
            seed=int(run.started * 1000) % 100_000 if varied else 0,
            challenger=run.challenger,
        )
        self._await_model(run.cancel)
        text = ""
        for event in self._model.generate(request, run.cancel):
            _stop(run.cancel)
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
        _stop(cancel)

    def _judged(self, run: Run, candidates: Sequence[Candidate]) -> list[Judged]:
        # The model was shown these passages; what it says must rest on them or on what is as relevant.
        # What a small one says is about the one passage that it was shown: that another says "no bikes"
        # does not contradict "yes, you can park".
        similar = self._index.similarity
        evidence = self._shown_evidence(run) if self._small() else run.evidence
        seen: dict[str, Judged] = {}
        context = run.context
        answer = self._wording.answer_of(run)
        for candidate in candidates:
            if candidate.text not in seen:
                seen[candidate.text] = judge(
                    candidate,
                    evidence,
                    context.question,
                    context.language,
                    similar,
                    answer,
                    strict=self._small() and not run.steer,
                )
        judged = (several.whole(j, run.verdict.parts) for j in seen.values())
        return [
            j
            if self._right_language(run, j.text)
            else replace(j, passed=False, why_not="it was in another language")
            for j in judged
        ]

    def _shown_evidence(self, run: Run) -> Evidence:
        context = run.context
        shown = [h for h in run.hits if h.passage.id in (run.prompt_passages or ())]
        return evidence_for(
            shown or run.hits,
            said=context.said,
            customer=context.customer_words,
            names=context.known_names,
        )

    def _right_language(self, run: Run, text: str) -> bool:
        code, confidence = self._languages.detect(text)
        return not code or code == run.context.language or confidence < 0.7

    def _wrong_language(self, run: Run, candidates: Sequence[Candidate]) -> bool:
        return bool(candidates) and all(not self._right_language(run, c.text) for c in candidates)

    def _fallback(self, run: Run, failed: Sequence[Judged]) -> Suggestion:
        """No wording passed, or another is wanted: the best passage's own sentences."""
        hit = run.hits[0] if run.hits else None
        if hit is None:
            body = composing.clarifying_question((), run.context.language)
            verdict = replace(run.verdict, decision=Decision.CLARIFY)
            return self._wording.suggestion(
                replace(run, verdict=verdict), body, Origin.TEMPLATE, (), offer=False
            )
        why = next((j.why_not for j in failed if j.why_not), "")
        reason = "It is put together from the passage's own sentences"
        reason += f": the model's wording did not pass the check, because {why}." if failed else "."
        origin = Origin.MACRO if hit.passage.collection == "macros" else Origin.PASSAGES
        if run.verdict.parts:
            made = self._wording.answers(run, (reason,))
        else:
            made = self._wording.composed(run, hit, origin, (reason,))
        if failed and not self._right_language(run, made.text):
            verdict = replace(
                run.verdict,
                decision=Decision.ESCALATE,
                reasons=("No article in the customer's language answers this.", *run.verdict.reasons),
            )
            body = composing.holding_reply(run.ticket.channel, run.context.language)
            return self._wording.suggestion(
                replace(run, verdict=verdict), body, Origin.TEMPLATE, (), offer=False
            )
        return made

    # --- the model's measure ----------------------------------------------------------------------

    def _small(self) -> bool:
        record = self._wording.record()
        return record is not None and record.size_bytes < SMALL_MODEL

    def _passages_for_model(self) -> int:
        record = self._wording.record()
        size = record.size_bytes if record else 0
        wanted = self._options.current.knowledge.passages
        return 1 if size < SMALL_MODEL else min(2, wanted) if size < _MEDIUM else wanted

    def _can_answer(self, parts: Sequence[Part]) -> bool:
        """Whether the model may answer several questions at once: a small one mixes their facts up."""
        needed = {p.hit.passage.id for p in parts if p.hit is not None}
        return not self._small() and len(needed) <= self._passages_for_model()

    def _budget(self) -> int:
        """Tokens for the prompt: what the context leaves beside the replies, less for a slow small model."""
        model = self._options.current.model
        room = model.context_tokens - model.max_reply_tokens * model.candidates - 64
        return max(400, min(room, 1500) if self._small() else room)

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


def _in(hit: Hit, language: str) -> bool:
    return (hit.passage.language or "")[:2] == language


def _as_meant(ticket: Ticket, asked: str) -> Ticket:
    """The ticket with its last message saying in full what it answers."""
    last = ticket.last_customer_message
    said = [m for m in ticket.messages if last is None or m.id != last.id]
    meant = Message("", Role.CUSTOMER, asked, last.created_at if last else None)
    return replace(ticket, messages=(*said, meant))


def _stop(cancel: CancelToken) -> None:
    if cancel.is_set():
        raise Cancelled("The draft was stopped.")
