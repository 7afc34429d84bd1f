"""From a ticket to a checked suggestion: the drafting pipeline, without state of the screen."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

from agent_assist.domain import composing
from agent_assist.domain.knowledge import Hit
from agent_assist.domain.model import Candidate
from agent_assist.domain.suggestion import Decision, Gathered, Generated, Origin, Retrieved, Suggestion
from agent_assist.domain.support import Evidence, evidence_for
from agent_assist.domain.text import similarity
from agent_assist.domain.ticket import Ticket
from agent_assist.ports import CancelToken, Clock, LanguageDetector, LanguageModel, SemanticIndex
from agent_assist.services.drafting import several
from agent_assist.services.drafting.candidates import CandidateWriter, stop_where_asked
from agent_assist.services.drafting.context import DraftContext, gather
from agent_assist.services.drafting.decision import Verdict, Way, by_choice, by_rule_of, decide
from agent_assist.services.drafting.framing import House, Observe, Run, plain
from agent_assist.services.drafting.guardrails import Judged, best_first, judge
from agent_assist.services.drafting.search import EvidenceSearch
from agent_assist.services.drafting.shield import steering_notes, unsteered
from agent_assist.services.drafting.wording import Wording
from agent_assist.services.knowledge.retrieval import RetrievalService
from agent_assist.services.learning.models import ModelService
from agent_assist.services.options import OptionsService
from agent_assist.services.safety.policy import Applied
from agent_assist.services.safety.service import SafetyService

_GONE = "The passage that you chose was changed or removed: this rests on what is there now."


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
        self._models = models
        self._index = index
        self._languages = languages
        self._options = options
        self._search = EvidenceSearch(retrieval, index, models)
        self._wording = Wording(models, options, clock, index.similarity, retrieval.passages_of, house)
        self._candidates = CandidateWriter(model, models, options, self._wording)
        self._safety = safety

    def write(
        self,
        ticket: Ticket,
        *,
        steer: str = "",
        chosen: Hit | None = None,
        cancel: CancelToken,
        observe: Observe,
        avoid: Sequence[str] = (),
    ) -> list[Suggestion]:
        """The best suggestion, then others that passed the check.

        It rests on `chosen` where the agent chose a passage.  `avoid` are texts that the agent has seen.
        Raises Cancelled, and what the model raises.
        """
        started = time.monotonic()
        settings = self._options.current
        self._models.settle()
        context = gather(ticket, self._languages, settings, steer)
        observe(Gathered())
        stop_where_asked(cancel)
        asked = time.monotonic()
        raw = self._search.hits_for(context)
        gone = () if chosen is None else (_GONE,)
        if chosen is not None and (chosen := self._search.as_it_is(chosen)) is not None:
            self._candidates.begin_anew(ticket)
            raw = [chosen, *(h for h in raw if h.passage.id != chosen.passage.id)]
            gone = ()
        found = unsteered(raw)
        steered = (*gone, *steering_notes(raw, found))
        retrieve_ms = (time.monotonic() - asked) * 1000
        observe(Retrieved(tuple(found[: settings.knowledge.passages])))
        stop_where_asked(cancel)
        verdict, found = self._decided(context, found, steer, chosen)
        policy = self._safety.asked(context.ticket, context.language) if self._safety else Applied()
        if policy.hand_over is not None and not context.overtaken:
            verdict = by_rule_of(context, policy.hand_over.id, policy.hand_over.reason)
        said = (*context.said, *policy.says)
        support = evidence_for(found, said=said, customer=context.customer_words, names=context.known_names)
        hits = tuple(found[: settings.knowledge.passages])
        run = Run(ticket, context, hits, verdict, support, steer, cancel, observe, started, retrieve_ms)
        run.record, run.challenger = self._models.writes(ticket.id)
        run.says = policy.says
        run.notes.extend((*policy.notes, *context.notes, *steered))
        made = self._by_model(run, avoid) if verdict.way is Way.MODEL else [self._wording.by_rule(run)]
        stop_where_asked(cancel)
        fresh = [s for s in made if all(similarity(s.text, a) < 0.97 for a in avoid)]
        return [self.looked_over(ticket, s) for s in fresh or made[:1]]

    def _decided(
        self, context: DraftContext, found: list[Hit], steer: str, chosen: Hit | None
    ) -> tuple[Verdict, list[Hit]]:
        """What is done, and the passages that it rests on, which several questions may add to."""
        speaks = self._models.speaks(context.language)
        minimum = self._options.current.knowledge.minimum_evidence
        if chosen is not None and not context.overtaken:
            return by_choice(context, found, speaks=speaks), found
        verdict = decide(context, found, speaks=speaks, minimum=minimum, steer=steer)
        if steer or not speaks:
            return verdict, found
        verdict, found = several.consider(context, verdict, found, self._retrieval, self._index, minimum)
        if verdict.way is Way.ANSWERS and self._candidates.can_answer(verdict.parts):
            verdict = replace(verdict, way=Way.MODEL)
        return verdict, found

    def looked_over(self, ticket: Ticket, suggestion: Suggestion) -> Suggestion:
        """With the marks of what it must not say unseen."""
        return self._safety.marked(ticket, suggestion) if self._safety is not None else suggestion

    # --- text by the model ------------------------------------------------------------------------

    def _by_model(self, run: Run, avoid: Sequence[str]) -> list[Suggestion]:
        candidates = self._candidates.write(run, varied=bool(avoid))
        run.observe(Generated())
        stop_where_asked(run.cancel)
        judged = self._judged(run, candidates)
        if not any(j.passed for j in judged) and self._wrong_language(run, candidates):
            wish = f"{run.steer} ({run.context.language})".strip()
            candidates = self._candidates.write(replace(run, steer=wish), varied=True)
            judged = self._judged(run, candidates)
        passed = best_first(judged, self._wording.answer_of(run))
        made = [self._wording.worded(run, one.text, Origin.MODEL, (), one.sentences) for one in passed]
        made.append(self._fallback(run, judged if not passed else ()))
        return made

    def _judged(self, run: Run, candidates: Sequence[Candidate]) -> list[Judged]:
        # The model was shown these passages; what it says must rest on them or on what is as relevant.
        # What a small one says is about the one passage that it was shown: that another says "no bikes"
        # does not contradict "yes, you can park".
        similar = self._index.similarity
        evidence = self._shown_evidence(run) if self._candidates.small else run.evidence
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
                    strict=self._candidates.small and not run.steer,
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
