"""Draft, ask back, or hand over: decided from the words and the evidence, before a model runs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from agent_assist.domain.composing import hand_over_summary, plain, topic_names
from agent_assist.domain.knowledge import Collection, Hit
from agent_assist.domain.matching import fits
from agent_assist.domain.polarity import contradicts, free_or_paid, negative, opening
from agent_assist.domain.prompt import LANGUAGE_NAMES, named_in_heading
from agent_assist.domain.questions import Question, asks, told_points
from agent_assist.domain.signals import SmallTalk
from agent_assist.domain.suggestion import Decision
from agent_assist.domain.text import similarity, split_sentences, words
from agent_assist.services.drafting.context import DraftContext
from agent_assist.services.drafting.evidence import core_question, evidence, is_vague, unknown_names


class Way(StrEnum):
    """How the text is made."""

    MODEL = "model"
    MACRO = "macro"
    PASSAGES = "passages"
    SMALL_TALK = "small_talk"
    QUESTION = "question"
    GOES_ON = "goes_on"
    """The customer answered the agent: that is taken up, and the agent goes on."""
    HOLDING = "holding"
    ANSWERS = "answers"
    """Several questions, answered one by one from the passages."""


@dataclass(frozen=True, slots=True)
class Part:
    """One of several questions."""

    question: Question
    hit: Hit | None = None
    """What answers it; None where nothing surely does."""
    confidence: float = 0.0
    open: bool = False
    """Nothing speaks of it: the reply says that there is no answer."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is done with the ticket, how its text is made, and why."""

    decision: Decision
    way: Way
    confidence: float
    """0 to 1."""
    reasons: tuple[str, ...]
    """In sentences for the agent."""
    hit: Hit | None = None
    """The macro or passage that the text is made of, where it is not the model's."""
    options: tuple[str, ...] = ()
    """What a clarifying question offers to choose from."""
    answers: tuple[Hit, ...] = ()
    """The passage that answers for each option, where there is one."""
    parts: tuple[Part, ...] = ()
    """The questions of a message that asks several; empty where it asks one."""
    vague: bool = False
    """The message does not say what it is about."""


_STRONG_MACRO = 0.8
"""Score from which an approved text is used as it is."""

_NEARLY = 0.8
"""Share of the evidence needed from which an answer is given with the question whether it was meant."""

_SAID_ENOUGH = 25
"""Words after which a customer is not asked to say more."""

_NEAR_ALONE = 0.6
"""Cosine from which an approved text in another language fits though no word of its title was said."""

_SURE = 0.75
"""Evidence from which an answer about one thing is given though the customer did not name it."""

_CHOSEN = 0.6
"""Confidence in an answer from a passage that the agent chose, at least."""

_WORTH_NAMING = 0.5
"""Score from which a passage that is too weak to answer from is named."""

_NO_SCOPE = 0.5
"""Below this share of the evidence needed, the question is not one that the articles are about."""


_POINTS = 2
"""Numbered points that ask nothing from which a letter is a person's: its question is not all it wants."""

_SEVERAL_POINTS = "The message makes several numbered points; one passage does not answer them all."


def decide(
    context: DraftContext, hits: Sequence[Hit], *, speaks: bool, minimum: float, steer: str = ""
) -> Verdict:
    """`hits` best first; `speaks` says whether the model writes the customer's language."""
    if context.overtaken:
        return _hand_over(
            context, ("The message only tries to steer the assistant: please look at it.",), 0.9
        )
    if context.signals.alarms:
        reasons = tuple(alarm.value for alarm in context.signals.alarms)
        return _hand_over(context, reasons, 0.9)
    if context.signals.small_talk and not steer:
        what = "greeting" if context.signals.small_talk is SmallTalk.GREETING else "thanks or a goodbye"
        return Verdict(
            Decision.DRAFT, Way.SMALL_TALK, 0.9, (f"The message is only a {what}: no facts are needed.",)
        )
    if not words(context.question):
        return Verdict(
            Decision.CLARIFY, Way.QUESTION, 0.9, ("The message has no text that could be answered.",)
        )
    if not speaks:
        return _foreign(context, hits, minimum)
    if not hits:
        return _hand_over(context, ("No article is about this.",), 0.7)
    if makes_points(context) and not steer:
        return _hand_over(context, (_SEVERAL_POINTS,), 0.8)
    strength = evidence(context, hits)
    if steer:
        return Verdict(Decision.DRAFT, Way.MODEL, min(0.9, 0.4 + strength / 2), (_rests_on(hits[0]),))
    return _weighed(context, hits, strength, minimum)


def _weighed(context: DraftContext, hits: Sequence[Hit], strength: float, minimum: float) -> Verdict:
    """An answer where the evidence is strong and of one thing; else a question, or a person."""
    strange = unknown_names(context, hits)
    asked = core_question(context)
    rival = competing(context, hits) if strength >= minimum else ()
    if rival:
        return Verdict(
            Decision.CLARIFY,
            Way.QUESTION,
            0.6,
            ("Articles about different things answer this differently: the customer does not say which.",),
            options=tuple(_name_in(h) for h in rival),
            answers=rival,
        )
    unasked = _unasked(context, hits[0]) if minimum * _NEARLY <= strength < _SURE and not strange else ""
    if unasked and not any(asks(s.text) for s in split_sentences(asked)):
        # "I need a reservation": what one place says of reservations is no guess at what is meant.
        return _too_weak(context, hits, strength, minimum, strange)
    if unasked and (strength >= minimum or not is_vague(asked)):
        reason = f"The best match is about “{unasked}”, which the customer does not mention."
        return Verdict(
            Decision.CLARIFY,
            Way.QUESTION,
            1 - strength / 2,
            (reason,),
            options=(unasked,),
            answers=(hits[0],),
        )
    if strength >= minimum:
        best = hits[0]
        if best.passage.collection == Collection.MACROS and best.score >= _STRONG_MACRO:
            return Verdict(Decision.DRAFT, Way.MACRO, best.score, ("An approved macro fits.",), hit=best)
        return Verdict(Decision.DRAFT, Way.MODEL, strength, (_rests_on(best),))
    return _too_weak(context, hits, strength, minimum, strange)


def by_choice(context: DraftContext, hits: Sequence[Hit], *, speaks: bool) -> Verdict:
    """The agent chose `hits[0]` to be answered from: that outweighs how near it seems.

    A passage in a language that the customer does not read is refused where the model cannot word it.
    """
    best = hits[0]
    sure = max(_CHOSEN, evidence(context, hits))
    if not speaks and (best.passage.language or "")[:2] != context.language:
        name = LANGUAGE_NAMES.get(context.language, context.language)
        silent = f"“{_title(best)}” is not in {name}, and the active model does not write {name}."
        return _hand_over(context, (silent,), 0.9)
    way = Way.MODEL if speaks else Way.PASSAGES
    if best.passage.collection == Collection.MACROS:
        way = Way.MACRO
    reason = f"It rests on {_kind(best)} “{_title(best)}”, which you chose."
    return Verdict(Decision.DRAFT, way, sure, (reason,), hit=best)


def makes_points(context: DraftContext) -> bool:
    """Whether the letter numbers what it wants, and does not ask all of it."""
    return told_points(context.asked) >= _POINTS


def _too_weak(
    context: DraftContext, hits: Sequence[Hit], strength: float, minimum: float, strange: Sequence[str]
) -> Verdict:
    """What to do where no passage answers well enough: ask, go on with the thread, or hand over."""
    if is_vague(core_question(context)) and context.first_reply:
        reason = "The message does not say what it is about."
        return Verdict(Decision.CLARIFY, Way.QUESTION, 1 - strength, (reason,), vague=True)
    if context.continues:
        reason = "The customer answers your question; no article says what comes next."
        return Verdict(Decision.CLARIFY, Way.GOES_ON, 1 - strength, (reason, *_said_before(context)))
    if strange:
        name = " ".join(strange)
        return _hand_over(
            context, (f"No article is about “{name}”; the nearest is “{_title(hits[0])}”.",), 0.8
        )
    if strength < minimum * _NO_SCOPE:
        reason = "No article answers this."
        if hits[0].score >= _WORTH_NAMING:
            reason = f"No article surely answers this; the nearest is “{_title(hits[0])}”."
        return _hand_over(context, (reason,), 1 - strength)
    weak = f"The evidence is weak: the best match is “{_title(hits[0])}”."
    if len(words(context.question)) > _SAID_ENOUGH:
        return _hand_over(context, (weak,), 1 - strength)
    return Verdict(Decision.CLARIFY, Way.QUESTION, 1 - strength, (weak,), options=_close_topics(hits))


_NAME_RUN = re.compile(
    r"\b[A-ZÀ-Ü][\w'’&-]*(?:\s+(?:[A-ZÀ-Ü&][\w'’-]*|and|of|the|de|la))*\s+[A-ZÀ-Ü][\w'’-]*|\b[A-ZÀ-Ü]{3,}\b"
)


def competing(context: DraftContext, hits: Sequence[Hit]) -> tuple[Hit, ...]:
    """Two passages between which the customer must choose; empty where there is nothing to choose.

    That is so when passages answer the same question about different things, the customer named none
    of them, and the answers differ.
    """
    top = hits[0]
    rivals = [
        h
        for h in hits[1:6]
        if h.score >= top.score - 0.05
        and h.passage.article_id != top.passage.article_id
        and _same_question(top, h)
    ]
    if not rivals:
        return ()
    spoken = " ".join((*context.customer_words, *context.said)).casefold()
    mine = _name_in(top)
    if not mine or mine.casefold() in spoken:
        return ()
    for rival in rivals:
        other = _name_in(rival)
        if other and similarity(mine, other) < 0.9 and _differ(top.passage.text, rival.passage.text):
            return (top, rival)
    return ()


def _unasked(context: DraftContext, hit: Hit) -> str:
    """The one thing that a passage is about, where nobody in the conversation spoke of it."""
    names = named_in_heading(hit.passage)
    spoken = set(words(" ".join((*context.customer_words, *context.said))))
    return _name_in(hit) if names and not any(set(words(n)) & spoken for n in names) else ""


def _same_question(one: Hit, other: Hit) -> bool:
    return similarity(one.passage.title, other.passage.title) >= 0.6


def _name_in(hit: Hit) -> str:
    if own := named_in_heading(hit.passage):
        return own[0].title() if own[0].isupper() else own[0]
    found = _NAME_RUN.findall(plain(hit.passage.text)) or _NAME_RUN.findall(hit.passage.title)
    return max(found, key=len) if found else ""


def _differ(one: str, other: str) -> bool:
    """Whether two answers to the same question say different things."""
    if contradicts(one, other) or negative(one) is not negative(other):
        return True
    if opening(one) is not opening(other) and None not in (opening(one), opening(other)):
        return True
    if free_or_paid(one) is not free_or_paid(other):
        return True
    return sorted(re.findall(r"\d+", one)) != sorted(re.findall(r"\d+", other))


def _close_topics(hits: Sequence[Hit]) -> tuple[str, ...]:
    close = [h for h in hits if h.score >= hits[0].score - 0.1 and h.passage.collection != Collection.SOLVED]
    names = topic_names(close)[:2]
    return tuple(names) if len(names) == 2 else ()


def _foreign(context: DraftContext, hits: Sequence[Hit], minimum: float) -> Verdict:
    """The model does not write the customer's language: approved text in it, or a hand-over."""
    name = LANGUAGE_NAMES.get(context.language, context.language)
    silent = f"The active model does not write {name}."
    own = [h for h in hits if (h.passage.language or "")[:2] == context.language]
    subject = context.ticket.subject
    fitting = [(fits(h.passage, context.asked, subject) or int(_surely(h, minimum)), h) for h in own]
    macros = [(n, h) for n, h in fitting if n and h.passage.collection == Collection.MACROS]
    if macros:
        best = max(macros, key=lambda pair: (pair[0], pair[1].score))[1]
        return Verdict(
            Decision.DRAFT, Way.MACRO, 0.7, (silent, f"An approved macro in {name} fits."), hit=best
        )
    articles = [(n, h) for n, h in fitting if n and h.passage.collection != Collection.SOLVED]
    if articles:
        best = max(articles, key=lambda pair: (pair[0], pair[1].score))[1]
        return Verdict(
            Decision.DRAFT, Way.PASSAGES, 0.6, (silent, f"An article in {name} answers this."), hit=best
        )
    return _hand_over(
        context, (silent, f"No approved text in {name} fits, so a colleague should answer."), 0.9
    )


def _surely(hit: Hit, minimum: float) -> bool:
    """Whether a text in another language is near by itself: scores alone mean little there."""
    return hit.score >= minimum and (hit.dense or 0.0) >= _NEAR_ALONE


def _said_before(context: DraftContext) -> tuple[str, ...]:
    """What the customer wanted and said last, for the agent who goes on from there."""
    return tuple(hand_over_summary(context.ticket)[:2])


def by_rule_of(context: DraftContext, rule: str, reason: str) -> Verdict:
    """A lead's rule says that a person should take over."""
    return _hand_over(context, (f"Your team's rule “{rule}” hands this over. {reason}".strip(),), 0.9)


def _hand_over(context: DraftContext, reasons: tuple[str, ...], confidence: float) -> Verdict:
    missing = (
        "" if context.signals.alarms or context.overtaken else "an article or a person who knows the answer."
    )
    summary = hand_over_summary(context.ticket, missing)
    return Verdict(Decision.ESCALATE, Way.HOLDING, min(1.0, confidence), (*reasons, *summary))


def _rests_on(hit: Hit) -> str:
    return f"It rests on {_kind(hit)} “{_title(hit)}”."


def _kind(hit: Hit) -> str:
    named = {
        Collection.MACROS: "the macro",
        Collection.SOLVED: "the solved ticket",
        Collection.REMEMBERED: "an agent's edit about",
    }
    known = hit.passage.collection in set(Collection)
    return named.get(Collection(hit.passage.collection), "the article") if known else "the article"


def _title(hit: Hit) -> str:
    return hit.passage.title or hit.passage.heading or hit.passage.article_id
