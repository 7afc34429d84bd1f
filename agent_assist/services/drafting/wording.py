"""From a decision and a body of text to the suggestion: frame, citations, confidence and record."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace

from agent_assist.domain import composing
from agent_assist.domain.answers import Near, answer_from, answers_from, answers_in
from agent_assist.domain.knowledge import Collection, Hit, Passage
from agent_assist.domain.model import ModelRecord
from agent_assist.domain.phrases import phrases
from agent_assist.domain.prompt import PROMPT_VERSION
from agent_assist.domain.signals import Alarm, SmallTalk, in_trouble
from agent_assist.domain.suggestion import Decision, Origin, Sentence, Suggestion, Timings
from agent_assist.domain.support import check, evidence_for
from agent_assist.domain.text import clean, coverage, similarity, split_sentences
from agent_assist.domain.ticket import LETTER
from agent_assist.ports import Clock
from agent_assist.services.drafting.context import DraftContext
from agent_assist.services.drafting.decision import Verdict, Way
from agent_assist.services.drafting.framing import Framing, House, Run, plain, shifted
from agent_assist.services.drafting.shield import unsteered_passages
from agent_assist.services.learning.models import ModelService
from agent_assist.services.options import OptionsService

_WISH_MET = 0.5
"""Share of the steer line's words from which a text has already done what it asks."""

_MOST_OF_ARTICLE = 5
"""Passages of one article that are read for an answer: what was found of it, and what stands beside that."""

_SAME = 0.75
"""Likeness of two sentences from which the second says nothing new."""


class Wording:
    """Makes suggestions of text; knows the workspace's style and its active model."""

    def __init__(
        self,
        models: ModelService,
        options: OptionsService,
        clock: Clock,
        near: Near | None = None,
        passages_of: Callable[[str], list[Passage]] | None = None,
        house: House = plain,
    ) -> None:
        self._models = models
        self._near = near
        self._passages_of = passages_of or (lambda article: [])
        self._options = options
        self._clock = clock
        self.framing = Framing(options, house)

    def record(self) -> ModelRecord | None:
        return next((r for r in self._models.records() if r.active), None)

    # --- text by rule -----------------------------------------------------------------------------

    def by_rule(self, run: Run) -> Suggestion:
        """The suggestion of a verdict that needs no model."""
        context, verdict = run.context, run.verdict
        language, channel = context.language, run.ticket.channel
        if verdict.way is Way.MACRO and verdict.hit:
            return self.composed(run, verdict.hit, Origin.MACRO, ())
        if verdict.way is Way.PASSAGES and verdict.hit:
            return self.composed(run, verdict.hit, Origin.PASSAGES, ())
        if verdict.way is Way.ANSWERS:
            return self.answers(run, ("Each answer is put together from its passage's own sentences.",))
        if verdict.way is Way.SMALL_TALK:
            body = composing.small_talk_reply(context.signals.small_talk or SmallTalk.GREETING, language)
        elif verdict.way is Way.GOES_ON:
            body = phrases(language).goes_on
        elif verdict.way is Way.QUESTION:
            known = run.ticket.fields if verdict.vague else None
            body = composing.clarifying_question(
                verdict.options, language, titles=not verdict.answers, fields=known
            )
            answers = [
                _named(name, answer_from(h.passage, context.asked, 160, context.details))
                for name, h in zip(verdict.options, verdict.answers)
            ]
            if answers and sum(map(len, answers)) <= 360:
                body = f"{' '.join(answers)} {body}"
        else:
            person = Alarm.HUMAN in context.signals.alarms
            body = composing.holding_reply(channel, language, sorry=_upset(run), person=person)
        return self.suggestion(run, body, Origin.TEMPLATE, (), offer=False)

    def composed(self, run: Run, hit: Hit, origin: Origin, why: Sequence[str]) -> Suggestion:
        """Approved text: the macro, or the passage's own sentences."""
        said = [(hit, self._macro(run, hit))] if origin is Origin.MACRO else self._said(run, hit)
        body, sentences = self._one_after_the_other(run, said, " ")
        if not body.strip():
            body = composing.clarifying_question((), run.context.language)
            return self.suggestion(run, body, Origin.TEMPLATE, why, offer=False)
        return self.worded(run, body, origin, why, sentences)

    def gist(self, run: Run) -> tuple[Hit, ...]:
        """The best passage with those of its sentences alone that answer, for a small model to word: it mixes
        up what it reads beside them.  Empty where that is all of it, or where a steer line asks for more."""
        hit = run.hits[0] if run.hits else None
        if hit is None or run.steer or run.verdict.parts or hit.passage.collection == Collection.MACROS:
            return ()
        found = self._said(run, hit)
        if not found or sum(len(text) for _, text in found) >= len(hit.passage.text):
            return ()
        return tuple(replace(h, passage=replace(h.passage, text=text)) for h, text in found)

    def answer_of(self, run: Run) -> str:
        """What the best passage says to this; empty where a steer line asks for something else."""
        return (
            " ".join(text for _, text in self._said(run, run.hits[0])) if run.hits and not run.steer else ""
        )

    def _said(self, run: Run, hit: Hit) -> list[tuple[Hit, str]]:
        """What the passage, and others of its article, say about what is asked."""
        if hit.passage.id not in run.said:
            run.said[hit.passage.id] = self._read(run, hit)
            known = {h.passage.id for h in run.hits}
            run.hits += tuple(h for h, _ in run.said[hit.passage.id] if h.passage.id not in known)
        return run.said[hit.passage.id]

    def _read(self, run: Run, hit: Hit) -> list[tuple[Hit, str]]:
        hits = {hit.passage.id: hit}
        near = self.meaning(run)
        if hit.passage.collection == Collection.ARTICLES and near is not None:
            hits |= {h.passage.id: h for h in run.hits if h.passage.article_id == hit.passage.article_id}
            at = {h.passage.position for h in hits.values()}
            for passage in unsteered_passages(self._passages_of(hit.passage.article_id)):
                if len(hits) < _MOST_OF_ARTICLE and {passage.position - 1, passage.position + 1} & at:
                    hits.setdefault(passage.id, replace(hit, passage=passage))
        passages = [h.passage for h in hits.values()]
        found = answers_in(passages, [about(run.context)], details=run.context.details, near=near)
        return [(hits[passage.id], text) for passage, text in found]

    def meaning(self, run: Run) -> Near | None:
        """Nearness of meaning, where the encoder knows the customer's language."""
        return self._near if self._models.speaks(run.context.language) else None

    def _one_after_the_other(
        self, run: Run, said: Sequence[tuple[Hit, str]], between: str
    ) -> tuple[str, tuple[Sentence, ...]]:
        """The texts as one body, each sentence with the passage that it was taken from and no other."""
        body = ""
        sentences: tuple[Sentence, ...] = ()
        for hit, text in said:
            new = self._without(text, [s.text for s in sentences])
            if not new:
                continue
            body += between if body else ""
            sentences += tuple(shifted(s, len(body)) for s in self._owned(run, hit, new))
            body += new
        return body, sentences

    def answers(self, run: Run, why: Sequence[str]) -> Suggestion:
        """Several questions answered one after the other, each from its own passage; where one has no
        answer, that is said."""
        asked: dict[int, tuple[Hit, list[str]]] = {}
        for part in run.verdict.parts:
            if part.hit is not None:
                asked.setdefault(part.hit.passage.id, (part.hit, []))[1].append(part.question.meant)
        between = "\n\n" if run.ticket.channel in LETTER else " "
        said = [(hit, self._answer(run, hit, questions)) for hit, questions in asked.values()]
        body, sentences = self._one_after_the_other(run, said, between)
        language = run.context.language
        for part in run.verdict.parts:
            if part.open and part.question.telling and part.question.quote:
                open_end = phrases(language).no_answer.format(question=part.question.quote)
                sentences += tuple(
                    shifted(s, len(body)) for s in check(f"{between}{open_end}", run.evidence, language)
                )
                body += f"{between}{open_end}"
        macros = all(hit.passage.collection == Collection.MACROS for hit, _ in asked.values())
        origin = Origin.MACRO if macros else Origin.PASSAGES
        return self.suggestion(run, body, origin, why, sentences=sentences)

    def _answer(self, run: Run, hit: Hit, questions: Sequence[str]) -> str:
        if hit.passage.collection == Collection.MACROS:
            return self._macro(run, hit)
        return answers_from(hit.passage, questions, details=run.context.details, near=self.meaning(run))

    def _without(self, text: str, known: Sequence[str]) -> str:
        """`text` without the sentences that were said before, in whatever words."""
        spans = split_sentences(text)
        kept = [s for s in spans if all(similarity(s.text, k) < _SAME for k in known)]
        if len(kept) == len(spans):
            return text
        return " ".join(s.text for s in kept)

    def _macro(self, run: Run, hit: Hit) -> str:
        reply = self._options.current.reply
        return composing.macro_body(
            hit.passage.text,
            name=run.context.name,
            agent=reply.signature,
            company=reply.company,
            fields=run.ticket.fields,
        )

    def worded(
        self, run: Run, body: str, origin: Origin, why: Sequence[str], sentences: tuple[Sentence, ...]
    ) -> Suggestion:
        """The checked body with what the steer line asks for, where the body does not say it yet."""
        if run.steer and coverage(run.steer, body) < _WISH_MET:
            wished = composing.with_wish(body, run.steer, [h.passage for h in run.hits])
            if wished is None:
                why = (*why, "Your wish could not be worked in: add it in your own words.")
            else:
                more = check(wished[len(body) :], run.evidence, run.context.language)
                sentences = (*sentences, *(shifted(s, len(body)) for s in more))
                body = wished
        return self.suggestion(run, body, origin, why, sentences=sentences)

    def _owned(self, run: Run, hit: Hit, body: str) -> tuple[Sentence, ...]:
        own = evidence_for(
            [hit], said=run.context.said, customer=run.context.customer_words, names=run.context.known_names
        )
        return tuple(_owned(s, hit.passage) for s in check(body, own, run.context.language))

    # --- putting together -------------------------------------------------------------------------

    def suggestion(
        self,
        run: Run,
        body: str,
        origin: Origin,
        why: Sequence[str],
        *,
        sentences: tuple[Sentence, ...] | None = None,
        offer: bool = True,
    ) -> Suggestion:
        context, record = run.context, run.record or self.record()
        language = context.language
        body = body.strip()
        if sentences is None:
            sentences = check(body, run.evidence, language)
        text, at, end, parts = self.framing.framed(run, *self.framing.with_rules(run, body, sentences), offer)
        total = run.since()
        return Suggestion(
            id=uuid.uuid4().hex,
            ticket_id=run.ticket.id,
            message_ids=tuple(m.id for m in context.open_messages),
            thread_hash=run.ticket.thread_hash,
            decision=run.verdict.decision,
            origin=origin,
            text=text,
            sentences=parts,
            hits=run.hits,
            confidence=_confidence(run.verdict, origin, parts),
            reasons=(*why, *run.verdict.reasons, *run.notes, *self.framing.notes(run)),
            language=language,
            channel=run.ticket.channel.value,
            model_name=record.name if record else "",
            model_sha256=record.sha256 if record else "",
            adapter_sha256=record.adapter_sha256 if record else "",
            prompt_version=PROMPT_VERSION,
            steer=run.steer,
            timings=Timings(run.retrieve_ms, run.first_token_ms or total, total),
            usage=run.usage,
            created_at=self._clock.now(),
            body=(at, end),
            prompt_passages=run.prompt_passages,
            prompt_texts=run.prompt_texts,
        )


def _upset(run: Run) -> bool:
    """Whether a hand-over begins with regret: not where people were hurt or speak of the law."""
    alarms = run.context.signals.alarms
    return all(a is Alarm.ANGER for a in alarms) and (bool(alarms) or in_trouble(run.context.question))


def about(context: DraftContext) -> str:
    """What a reply is to be about: the subject, which often says it best, and what is asked."""
    subject = clean(context.ticket.subject)
    return f"{subject}\n\n{context.asked}" if subject else context.asked


def _named(name: str, answer: str) -> str:
    """An answer that says which thing it is about."""
    return answer if not name or coverage(name, answer) >= 0.5 else f"{name}: {answer}"


def _owned(sentence: Sentence, passage: Passage) -> Sentence:
    """A sentence of composed text: the passage it was taken from is its source."""
    if sentence.citations or (sentence.supported and not sentence.marks and sentence.text.endswith("?")):
        return sentence
    marks = tuple(m for m in sentence.marks if m.kind != "contradiction")
    return replace(
        sentence, citations=(passage.article_id,), passages=(passage.id,), supported=not marks, marks=marks
    )


def _confidence(verdict: Verdict, origin: Origin, sentences: Sequence[Sentence]) -> float:
    """0..1: the evidence, lowered by what is marked and where the model's wording failed."""
    value = verdict.confidence
    if verdict.decision is Decision.DRAFT:
        if origin is Origin.PASSAGES:
            value -= 0.05
        value -= 0.15 * sum(1 for s in sentences if not s.supported)
    return round(max(0.0, min(1.0, value)), 3)
