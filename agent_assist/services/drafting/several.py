"""A message that asks several things: each question gets the passage that answers it, or is named as open.

Most letters are about one thing, and most of their questions are answered by one article.  So that article
answers a question unless another passage is clearly nearer to it; a question that nothing at all speaks of
has no answer, and the reply says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from agent_assist.domain.answers import sentences_of
from agent_assist.domain.knowledge import Collection, Hit
from agent_assist.domain.questions import MOST_QUESTIONS, Question, asks_price, names_price, questions_in
from agent_assist.domain.suggestion import Decision
from agent_assist.domain.text import coverage
from agent_assist.ports import SemanticIndex
from agent_assist.services.drafting.context import DraftContext
from agent_assist.services.drafting.decision import Part, Verdict, Way, decide, makes_points
from agent_assist.services.drafting.evidence import evidence, in_order
from agent_assist.services.drafting.guardrails import Judged
from agent_assist.services.drafting.shield import unsteered
from agent_assist.services.knowledge.retrieval import RetrievalService

_DEPTH: Final = 8
_READ: Final = 6
"""Passages of each question among which a price is looked for, sentence by sentence."""
_CLEARLY: Final = 0.1
"""By how much another passage must be nearer to a question than the article the letter is about."""
_FOREIGN, _STRANGE = 0.35, 0.5
"""Nearness up to which nothing speaks of a question: as it was asked, and with what was told before it."""
_MANY: Final = f"The message asks more than {MOST_QUESTIONS} things: look whether each is answered."
_NAMED: Final = 0.5
"""Share of a question's words in one passage from which it may be answered there."""
_UNANSWERED: Final = 0.3
"""What a question without an answer counts for the confidence in the whole."""


def consider(
    context: DraftContext,
    verdict: Verdict,
    hits: list[Hit],
    retrieval: RetrievalService,
    index: SemanticIndex,
    minimum: float,
) -> tuple[Verdict, list[Hit]]:
    """The verdict and the passages, changed where the message asks several things."""
    questions = questions_of(context)
    if not hits or len(questions) < 2:
        return verdict, hits
    if len(questions) > MOST_QUESTIONS:
        return replace(verdict, reasons=(*verdict.reasons, _MANY)), hits
    found = retrieval.for_questions(context.ticket, [q.meant for q in questions], _DEPTH)
    about = hits[0].passage.article_id if verdict.decision is Decision.DRAFT else ""
    whole = [replace(hits[0], passage=p) for p in retrieval.passages_of(about)] if about else []
    asked = [_once([*_of(about, hits), *whole, *their]) for their in found]
    nearest = _nearest(questions, asked, index)
    parts = tuple(
        _answered(context, question, their, about, index, minimum, near)
        for question, their, near in zip(questions, asked, nearest, strict=True)
    )
    answered = [p.hit for p in parts if p.hit is not None]
    if not answered or (not about and 2 * len(answered) <= len(parts)):
        return verdict, hits
    open_ends = any(p.open for p in parts)
    if about and not open_ends and {h.passage.id for h in answered} == {hits[0].passage.id}:
        # One passage answers it all: whoever words the reply has only that one to read.
        return (verdict if verdict.way is Way.MACRO else replace(verdict, parts=parts)), hits
    sure = sum(p.confidence if p.hit is not None else _UNANSWERED for p in parts) / len(parts)
    made = Verdict(Decision.DRAFT, Way.ANSWERS, min(1.0, sure), _reasons(parts), parts=parts)
    return made, list({h.passage.id: h for h in (*answered, *hits)}.values())


def questions_of(context: DraftContext) -> list[Question]:
    """The questions of a message; none where it is not answered question by question."""
    if context.continues or context.overtaken or context.signals.alarms or context.signals.small_talk:
        return []
    if makes_points(context):
        return []
    return questions_in(context.asked)


def whole(judged: Judged, parts: Sequence[Part]) -> Judged:
    """A model's wording, refused where it leaves one of the questions out."""
    cited = {i for s in judged.sentences for i in s.passages}
    if judged.passed and any(p.hit is not None and p.hit.passage.id not in cited for p in parts):
        return replace(judged, passed=False, why_not="it left one of the questions out")
    return judged


def _of(article: str, hits: Sequence[Hit]) -> list[Hit]:
    return [h for h in hits if h.passage.article_id == article]


def _once(hits: Sequence[Hit]) -> list[Hit]:
    return list({h.passage.id: h for h in hits}.values())


def _nearest(
    questions: Sequence[Question], asked: Sequence[Sequence[Hit]], index: SemanticIndex
) -> list[dict[int, float]]:
    """For each question for a price, by passage, how near the nearest of its sentences with a price comes;
    empty for other questions.

    A price list as a whole is about many things, and what is near as a whole may name no price.
    """
    read = {
        h.passage.id: [t for t in sentences_of(h.passage) if names_price(t)]
        for hits in asked
        for h in hits[:_READ]
        if h.passage.collection != Collection.SOLVED
    }
    texts = list(dict.fromkeys(t for own in read.values() for t in own))
    prices = [q.text for q in questions if asks_price(q.text)]
    rows = iter(index.similarity(prices, texts) if prices and texts else [])
    found: list[dict[int, float]] = []
    for question in questions:
        row = next(rows, None) if asks_price(question.text) else None
        near = dict(zip(texts, row, strict=True)) if row is not None else {}
        found.append({i: max((near[t] for t in own), default=0.0) for i, own in read.items()} if near else {})
    return found


def _answered(
    context: DraftContext,
    question: Question,
    hits: Sequence[Hit],
    about: str,
    index: SemanticIndex,
    minimum: float,
    nearest: Mapping[int, float],
) -> Part:
    """`about` is the article that the message as a whole is about; `nearest` as `_nearest` tells."""
    if not hits:
        return Part(question)
    alike, in_case = index.cosines([question.text, question.meant], [h.passage.id for h in hits])
    near = {h.passage.id: max(one, other) for h, one, other in zip(hits, alike, in_case, strict=True)}
    near = dict.fromkeys(near, 0.0) | dict(nearest) if nearest else near
    alone = replace(
        context,
        asked=question.meant,
        question=question.text,
        # The subject speaks of the whole message: it must not make every passage about it an answer.
        ticket=replace(context.ticket, subject=""),
        first_reply=False,
    )
    ranked = unsteered(in_order(alone, [replace(h, dense=near[h.passage.id]) for h in hits]))
    nearer = max(ranked, key=lambda h: near[h.passage.id])
    if nearest and near[nearer.passage.id] >= near[ranked[0].passage.id] + _CLEARLY:
        ranked = [nearer, *(h for h in ranked if h is not nearer)]
    verdict = decide(alone, ranked, speaks=True, minimum=minimum)
    best = verdict.hit or ranked[0]
    mine = [h for h in ranked if h.passage.article_id == about]
    own = max(mine, key=lambda h: near[h.passage.id], default=None)
    if verdict.decision is Decision.DRAFT:
        lead = near[best.passage.id] - near[own.passage.id] if own is not None else 1.0
        if best.passage.article_id == about or lead >= _CLEARLY:
            return Part(question, best, verdict.confidence)
    texts = [f"{h.passage.title} {h.passage.heading} {h.passage.text}" for h in ranked]
    named = max(coverage(question.text, text) for text in texts) >= _NAMED
    near_any = max(alike) >= _FOREIGN or max(in_case) >= _STRANGE
    if question.telling and not named and not near_any and evidence(alone, ranked) < minimum / 2:
        return Part(question, open=True)
    if own is not None:
        return Part(question, own, near[own.passage.id] * minimum)
    return Part(question)


def _reasons(parts: Sequence[Part]) -> tuple[str, ...]:
    titles = dict.fromkeys(p.hit.passage.title or p.hit.passage.article_id for p in parts if p.hit)
    rests = " and ".join(f"“{title}”" for title in titles)
    named = [(p.question.quote or p.question.text, p) for p in parts]
    return (
        f"The message asks {len(parts)} things; the answers rest on {rests}.",
        *(f"No article answers “{question}”." for question, p in named if p.open),
        *(f"Look whether “{question}” is answered." for question, p in named if p.hit is None and not p.open),
    )
