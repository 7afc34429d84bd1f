"""How well the passages that were found answer what is asked, and which of them comes first."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from agent_assist.domain.facts import find_facts
from agent_assist.domain.knowledge import Collection, Hit
from agent_assist.domain.phrases import is_courtesy
from agent_assist.domain.prompt import named_in_heading
from agent_assist.domain.reading import reply_part
from agent_assist.domain.suggestion import MarkKind
from agent_assist.domain.text import clean, content_words, coverage, listed, split_sentences, stem, words
from agent_assist.services.drafting.context import DraftContext

_NEAR = 0.6
"""Cosine from which even a very short question has found what it means."""

_POINTING = listed(
    "it this that they them he she one there those these same more detail details other what how about else"
    " doesnt dont isnt cant work worked broken wrong problem issue question help still waiting again"
)


_POINTING_STEMS = frozenset(stem(w) for w in _POINTING)


_MOST_SENTENCES = 8
"""Sentences of the customer that are compared with the passages one by one."""

_WEIGHED = 5
"""Passages among which the order of the search may be changed."""

_MARGIN = 0.5
"""By how much another must weigh more than what search put first."""

_ANYWAY = 0.35
"""Cosine from which an article goes before a colleague's reply about something else."""

_AS_GOOD = 0.05
"""By how much the score of an approved text may be below an article's that is no nearer."""

_AS_NEAR = 0.03
"""By how much it may be less near."""

_LIKELY, _NEAR_ENOUGH = 0.85, 0.45
"""Score and cosine from which a passage answers, whatever words it uses: scores are likelihoods.  Lets none
of 149 questions of other domains (CLINC150) through that was not let through before."""

_PROBABLE, _TOGETHER, _WORDS = 0.55, 1.1, 0.35
"""Score, score and cosine together, and share of words from which it does as well where none is that high;
of 150 questions of other domains it lets the same four through as without."""

_VERY_WORDS = 0.6
"""Share of the question's words in a colleague's reply from which it goes before an article that says
something else."""

_LEAD = 0.15
"""By how much a colleague's reply to another customer must be nearer than an article to go first."""


def evidence(context: DraftContext, hits: Sequence[Hit]) -> float:
    """0..1: how well the best passages answer what is asked.

    Search says how near a passage is; this lowers it where the passage lacks the very words that the
    question turns on, or where the customer's words point at nothing.  An approved text that goes before an
    article as good is as good an answer.
    """
    strength = _strength(context, hits)
    if hits[0].passage.collection == Collection.MACROS and len(hits) > 1:
        behind = hits[1]
        if hits[0].score <= behind.score <= hits[0].score + _AS_GOOD:
            strength = max(strength, _strength(context, [behind, hits[0], *hits[2:]]))
    return strength


def _strength(context: DraftContext, hits: Sequence[Hit]) -> float:
    question = core_question(context)
    top = hits[0]
    held = max(_held(context, hits[:1]), coverage(question, _all_text(hits[:2])) - 0.15)
    near = top.dense if top.dense is not None else held
    # Among many alike articles nearness proves little: the score knows which thing each is about.
    score = top.score if _about_named_things(hits) else max(top.score, near)
    strength = _logistic(8 * (near - 0.5) + 3 * (held - 0.5) + 1.5 * (score - 0.7))
    if near >= _NEAR_ENOUGH and top.score >= _LIKELY and not _about_named_things(hits):
        strength = max(strength, 0.5)
    together = near >= _NEAR_ENOUGH and top.score >= _PROBABLE and near + top.score >= _TOGETHER
    if together and held >= _WORDS and not _about_named_things(hits):
        strength = max(strength, 0.5)
    if is_vague(question) and near < _NEAR and not _names_subject(question, top):
        strength *= 0.5
    if unknown_names(context, hits):
        strength *= 0.4
    return min(strength, 0.4 + 0.6 * score)


def _logistic(value: float) -> float:
    return 1 / (1 + math.exp(-value))


_FIGURE = re.compile(r"\d+(?:[.,]\d+)*")
_MEASURE = re.compile(r"\b(\d+(?:[.,]\d+)?)\s?(cm|mm|km|kg|inch|inches|litres?|years?|°)")
_SMALL_LETTERS = re.compile(r"\b[a-z]{3,}\b")
_INTRODUCES = re.compile(
    r"\b(?:[Ii](?:['’]m| am)|[Mm]y name is|[Tt]his is|[Nn]ame['’]s)\s+((?:[A-Z][\w'’-]*\s?){1,3})"
)


def unknown_names(context: DraftContext, hits: Sequence[Hit]) -> list[str]:
    """Names the customer asks about that the best passage does not have: an answer about another
    hotel is no answer."""
    if not _about_named_things(hits):
        return []
    question = last_question(context.asked)
    own = {w for name in context.known_names for w in words(name)}
    found = [
        f.text for f in find_facts(question, context.language) if f.kind is MarkKind.NAME and len(f.text) > 3
    ]
    introduced = {w for m in _INTRODUCES.finditer(context.question) for w in words(m.group(1))}
    names = [n for n in found if not set(words(n)) <= own | introduced]
    if not names:
        return []
    top = hits[0].passage
    having = set(words(f"{top.title} {top.heading} {top.text}"))
    # "Hotel" in "The Monarch Hotel" is what its neighbours are called as well.
    kinds = {w for h in hits for w in _SMALL_LETTERS.findall(h.passage.text)}
    missing = [n for n in names if not (set(words(n)) - kinds or set(words(n))) & having]
    return missing if len(missing) * 2 > len(names) else []


def _about_named_things(hits: Sequence[Hit]) -> bool:
    """Whether the articles say in a column of their own which thing each is about (a hotel, a branch).

    Only then does a name that the best one lacks speak against it: prose speaks of "your bike" to
    someone who calls it by its model, and of Italy to someone in Milan.
    """
    return 2 * sum(bool(named_in_heading(h.passage)) for h in hits) > len(hits)


def last_question(text: str) -> str:
    """The sentences that ask; all of the text where none does."""
    asked = [s.text for s in split_sentences(text) if s.text.rstrip(")\"'”").endswith("?")]
    return " ".join(asked[-3:]) if asked and content_words(" ".join(asked[-3:])) else text


def is_vague(question: str) -> bool:
    """Whether the words point at something that they do not name ("How much is it?")."""
    content = [w for w in content_words(question) if w not in _POINTING_STEMS and not w.isdigit()]
    return len(set(content)) <= 1 and len(words(question)) <= 8


def _names_subject(question: str, top: Hit) -> bool:
    """Whether a short question's one word is what the article is about: "How can I pay?", "Ways to pay"."""
    subject = set(content_words(question)) - _POINTING_STEMS
    return (
        bool(subject)
        and not _PRONOUNS & set(words(question))
        and subject <= set(content_words(top.passage.title))
    )


_PRONOUNS = listed("it this that these those they them one ones")


def _all_text(hits: Sequence[Hit]) -> str:
    return " ".join(f"{h.passage.title} {h.passage.heading} {h.passage.text}" for h in hits)


def core_question(context: DraftContext) -> str:
    """The sentences that ask, or all of the text where they name nothing ("M or L?")."""
    question = last_question(context.asked)
    return context.asked if is_vague(question) else question


def telling_sentences(context: DraftContext) -> list[str]:
    """The subject and the sentences of the customer that say something, the last ones first."""
    spans = [
        s.text for s in split_sentences(context.asked) if not (is_courtesy(s.text) and "?" not in s.text)
    ]
    texts = [t for t in reversed(spans) if len(set(content_words(t))) >= 3][:_MOST_SENTENCES]
    subject = clean(context.ticket.subject)
    return [subject, *texts] if len(set(content_words(subject))) >= 2 else texts


def in_order(context: DraftContext, hits: Sequence[Hit]) -> list[Hit]:
    """Hits with the one first that a reply should rest on.

    In prose, the passages that search found are weighed again sentence by sentence.  A colleague's reply
    to someone else goes behind an article that is about as near: it speaks of that customer's size, country
    or product.  One that has the very words of the question goes behind an article with the same figures.
    """
    if not hits or _about_named_things(hits):
        return list(hits)
    hits = [h for h in hits if not asks_for_known(context, h)] or hits
    weights = {h.passage.id: _weight(context, h) for h in hits[:_WEIGHED]}
    best = max(hits[:_WEIGHED], key=lambda h: weights[h.passage.id])
    if weights[best.passage.id] > weights[hits[0].passage.id] + _MARGIN:
        hits = [best, *(h for h in hits if h is not best)]
    hits = _approved_first(hits)
    if hits[0].passage.collection != Collection.SOLVED:
        return hits
    top = hits[0]
    said = f"{top.passage.title} {reply_part(top.passage.text)}"
    foreign = _of_another(context, top)
    least = _ANYWAY if foreign else (top.dense or 0) - _LEAD
    general = [h for h in hits[1:5] if h.passage.collection != Collection.SOLVED and (h.dense or 0) >= least]
    if coverage(core_question(context), said) >= _VERY_WORDS and not foreign:
        general = [h for h in general if _says_the_same(said, h)]
    if not general:
        return list(hits)
    first = max(general, key=lambda h: _weight(context, h))
    return [first, *(h for h in hits if h is not first)]


def _says_the_same(reply: str, hit: Hit) -> bool:
    """Whether an article has every figure of a colleague's reply: "60 days" is the company's word, then."""
    figures = set(_FIGURE.findall(reply))
    return bool(figures) and figures <= set(_FIGURE.findall(hit.passage.text))


def _approved_first(hits: Sequence[Hit]) -> list[Hit]:
    """Hits with an approved text first where it is about as good as what search put there."""
    top = hits[0]
    alike = (
        h
        for h in hits[:_WEIGHED]
        if h.passage.collection == Collection.MACROS
        and h.score >= top.score - _AS_GOOD
        and (h.dense or 0.0) >= (top.dense or 0.0) - _AS_NEAR
    )
    first = next(alike, top)
    return [first, *(h for h in hits if h is not first)]


def asks_for_known(context: DraftContext, hit: Hit) -> bool:
    """Whether an approved text asks for what the ticket's fields tell: its order number."""
    if hit.passage.collection != Collection.MACROS:
        return False
    asked = [set(words(s.text)) for s in split_sentences(hit.passage.text) if s.text.endswith("?")]
    keys = [
        set(words(key.replace("_", " "))) - {"id"} for key, value in context.ticket.fields.items() if value
    ]
    return any(key and key <= sentence for key in keys for sentence in asked)


def _weight(context: DraftContext, hit: Hit) -> float:
    return 8 * (hit.dense or 0.0) + 3 * _held(context, [hit]) + 1.5 * hit.score


def _held(context: DraftContext, hits: Sequence[Hit]) -> float:
    """Share of the question's words, or of one of the customer's sentences, that the passages have."""
    text = _all_text(hits)
    parts = (0.8 * coverage(sentence, text) for sentence in telling_sentences(context))
    return max(coverage(core_question(context), text), *parts, 0.0)


def _of_another(context: DraftContext, hit: Hit) -> bool:
    """Whether a solved ticket is about a place, product or measure that this customer does not speak of."""
    told, theirs = _MEASURE.findall(context.asked), _MEASURE.findall(hit.passage.text)
    units = {u for _, u in told} & {u for _, u in theirs}
    if units and not {m for m in told if m[1] in units} & set(theirs):
        return True
    mine = set(words(f"{context.asked} {context.details}"))
    names = [f.text for f in find_facts(f"About {hit.passage.title}", "en") if f.kind is MarkKind.NAME]
    return bool(names) and not any(set(words(n)) & mine for n in names)
