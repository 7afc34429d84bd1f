"""Which of several wordings may be shown: faithful first, fluent second."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from agent_assist.domain.facts import find_facts
from agent_assist.domain.model import Candidate, StopReason
from agent_assist.domain.phrases import announcement, is_courtesy
from agent_assist.domain.polarity import contradicts, free_or_paid, negative, opening, without_answer_no
from agent_assist.domain.privacy import PLACEHOLDER
from agent_assist.domain.subjects import subject
from agent_assist.domain.suggestion import MarkKind, Sentence
from agent_assist.domain.support import Evidence, Similar, agrees, check, stated_in
from agent_assist.domain.text import (
    clean,
    content_words,
    coverage,
    repeated,
    similarity,
    split_sentences,
    token_f1,
    words,
)

_GIVES_AWAY = re.compile(
    r"\b(?:i['’]ll make it|concise|fantastic|it (?:does )?(?:appear|seem)s? (?:that|like)"
    r"|based on (?:the|your)|the (?:customer|user|agent)\b|customer['’]s (?:chat|question|post|message)"
    r"|(?:chat message|public post)\b|in this (?:case|scenario|context)|as (?:stated|mentioned) (?:in|above)"
    r"|as an? (?:\w+ )?(?:ai|chatbot|assistant|agent|support)|the customer(?:['’]s)? (?:ask|want"
    r"|message|question|request|is\b|has\b|also)|chatbot|language model|the (?:article|facts?|answer"
    r"|question)s? "
    r"(?:state|say|is\b|are\b|does|do\b|provided|given|mention|you)|(?:using|only|based on) (?:the "
    r"|these )?facts|according to the (?:article|fact)|support agent|your loss|"
    r"customer support assistant|\[your|\[name|rewrite|input text)"
    rf"|{PLACEHOLDER.pattern}",
    re.IGNORECASE,
)
"""A small model talking about its task instead of doing it, or saying a placeholder of another ticket."""

_LABEL = re.compile(
    r"^\s*(?:(?:reply|answer|response|agent|support agent|assistant|facts?)\s*:"
    r"|the answer(?: to (?:your|the|this) question)? is\s*[:,]?)\s*",
    re.IGNORECASE,
)


_SHORT_ANSWER, _WHOLE, _WHOLE_OF_SMALL = 25, 0.6, 0.75
"""Content words up to which an answer must be given whole, and the share that counts as whole; more is asked
of a small model, which makes "there is a fee" of "there may be a fee"."""

_PART = 0.4
"""The share of a longer answer that a small model's wording must have."""

_MOST_FACTS = 2
"""Sentences that state something in a model's wording; a small one only adds to a third."""

_ADDED = 0.15
"""Share of a wording's content words that neither the passages nor the customer have."""

_FREE_WORDS = frozenset(
    content_words(
        "offer offers offered provide provides provided available include includes included allow allowed"
        " able make use give take happy help glad sure welcome enjoy feel certainly indeed currently also"
        " simply note location property place time order customer guests team store shop day days"
        " sorry unfortunately afraid permitted permit option options service services facility facilities"
        " site onsite premises establishment possible accept accepted accepted using receive right need"
    )
)
"""What any wording may say without adding a fact."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A wording with what the check found."""

    text: str
    sentences: tuple[Sentence, ...]
    passed: bool
    score: float
    """To compare wordings of one draft; larger is better."""
    why_not: str = ""


def tidy(text: str, stop: StopReason = StopReason.END) -> str:
    """A candidate without labels, quotes around it, an unfinished end, or a sentence said twice."""
    text = _LABEL.sub("", clean(text)).strip()
    if len(text) > 1 and text[0] in '"“' and text[-1] in '"”':
        text = text[1:-1].strip()
    text = text[:1].upper() + text[1:]
    spans = split_sentences(text)
    if stop is not StopReason.END and len(spans) > 1 and not spans[-1].text.endswith((".", "!", "?")):
        spans = spans[:-1]
    kept: list[str] = []
    for span in spans:
        if (
            all(similarity(span.text, k) < 0.9 or is_courtesy(span.text) for k in kept)
            and span.text not in kept
        ):
            kept.append(re.sub(r"!+", ".", span.text))
    return " ".join(kept)


def judge(
    candidate: Candidate,
    evidence: Evidence,
    question: str,
    language: str,
    similar: Similar | None,
    answer: str = "",
    *,
    strict: bool = True,
) -> Judged:
    """Check a candidate; sentences at its end that nothing supports are dropped.

    `answer` is what the best passage says: a wording that leaves half of a short answer out ("you may
    change it" for "…if you pay the difference") misleads, however true its half is.  `strict` lets no word
    of the model's own stand beside facts: a small one writes "non-flipping" for "non-folding".
    """
    text = tidy(candidate.text, candidate.stop_reason)
    if strict:
        begun = announcement(text)
        text = text[:begun] + without_wrong_opening(text[begun:], question, answer)
    sentences = check(text, evidence, language, similar)
    good: list[Sentence] = []
    for sentence in sentences:
        if not sentence.supported or _GIVES_AWAY.search(sentence.text):
            break
        if sentence.citations and sum(bool(s.citations) for s in good) == _MOST_FACTS:
            break
        good.append(sentence)
    if len(good) < len(sentences):
        text = text[: good[-1].end] if good else ""
    facts = [replace(s, text=stated_in(s.text)) for s in good if s.citations]
    why = ""
    if not facts:
        why = _why(sentences)
    elif any(m.kind is MarkKind.CONTRADICTION for s in sentences for m in s.marks):
        why = "it contradicted a passage"
    elif added := _additions(facts, evidence, 0 if strict else 1):
        why = f"it added “{added[0]}”, which no passage says"
    elif strict and (name := _foreign_name(facts, evidence)):
        why = f"it names “{name}”, which the passage is not about"
    elif strict and _CONDITION.search(answer) and not _CONDITION.search(text):
        why = "it left a condition out"
    elif strict and answer and contradicts(stated_in(text), answer):
        why = "it contradicted a passage"
    elif repeated(text) > 0.05:
        why = "it repeated itself"
    elif opening(facts[0].text) is None and similarity(facts[0].text, question) > 0.85:
        why = "it only repeated the question"
    elif 0 < len(set(content_words(answer))) <= _SHORT_ANSWER and _told_of(answer, text, evidence) < (
        _WHOLE_OF_SMALL if strict else _WHOLE
    ):
        why = "it left out part of the answer"
    elif strict and len(set(content_words(answer))) > _SHORT_ANSWER and coverage(answer, text) < _PART:
        why = "it left out most of the answer"
    elif strict and (mixed := _mixed(facts, evidence) or _misplaced(facts, evidence)):
        why = f"it says “{mixed}” of something else than the passage does"
    score = (
        len(facts) + coverage(question, text) - 0.5 * (len(sentences) - len(good)) - len(words(text)) / 200
    )
    return Judged(text, tuple(good), not why, score, why)


_CONDITION = re.compile(
    r"\b(?:may be|might|usually|depend\w*|var(?:y|ies)|up to|at least|only|unless|except)\b", re.IGNORECASE
)
_ASKS_WHAT = re.compile(r"\W*(?:what|which|when|where|who|whose|why|how)\b", re.IGNORECASE)
_YES = re.compile(r"^yes\b[,.:;–-]*\s*(?=\w)", re.IGNORECASE)


def without_wrong_opening(text: str, question: str, answer: str) -> str:
    """`text` without a yes or no at its start that neither the passage nor the rest of the text bears out.

    "Yes, wifi is free of charge" is true but for its first word, where the question was whether there is
    a charge.
    """
    said = opening(text)
    rest = without_answer_no(_YES.sub("", text, count=1))
    if rest in ("", text) or said is None or opening(answer) is said:
        return text
    asked = split_sentences(question)
    if asked and _ASKS_WHAT.match(asked[-1].text):
        return rest[:1].upper() + rest[1:]
    # Any sentence may be the one that answers: "Yes, cards last three years. They cannot be exchanged."
    about = [o.text for o in split_sentences(rest) if coverage(question, o.text) > 0]
    denied = any(negative(one) for one in about)
    money, cost = free_or_paid(question), free_or_paid(rest)
    fits = (
        denied is not said and coverage(question, rest) >= _ABOUT and (None in (money, cost) or money is cost)
    )
    return text if fits else rest[:1].upper() + rest[1:]


_ABOUT = 0.5
"""Share of a question's content words that a sentence must have for its yes or no to answer it."""
_NAME = re.compile(r"\b[A-ZÀ-Ü][\w'’-]*(?:\s+(?:of|the|and|by|de|la|[A-ZÀ-Ü][\w'’-]*))*\s+[A-ZÀ-Ü][\w'’-]*")


def _told_of(answer: str, text: str, evidence: Evidence) -> float:
    """The share of the answer's content words that `text` has, but for the one name that the passage is
    about: "you must cancel five days ahead" leaves nothing out of "…at the Allenbell"."""
    titles = {
        stem
        for p in evidence.passages
        for line in (p.title, p.heading)
        for word in _CAPITAL.findall(line)
        for stem in content_words(word)
    }
    runs = [run for run in _CAPITALS.findall(answer) if set(content_words(run)) <= titles]
    names = {frozenset(content_words(run)) for run in runs} - {frozenset()}
    small = {stem for w in answer.split() if w[:1].islower() for stem in content_words(w)}
    about = next(iter(names)) - small if len(names) == 1 else frozenset()
    wanted = set(content_words(answer)) - about
    own = len(wanted & set(content_words(text))) / len(wanted) if wanted else 1.0
    return max(own, coverage(answer, text))


_CAPITAL = re.compile(r"\b[A-ZÀ-Ü][\w'’-]*")
_CAPITALS = re.compile(r"\b[A-ZÀ-Ü][\w'’-]*(?:\s+[A-ZÀ-Ü][\w'’-]*)*")


def _foreign_name(facts: Sequence[Sentence], evidence: Evidence) -> str:
    """A name of several words that no passage has, beside facts that belong to what the passage names."""
    known = {s for p in evidence.passages for s in content_words(f"{p.title} {p.heading} {p.text}")}
    for sentence in facts:
        for found in _NAME.findall(sentence.text[1:]):
            if not set(content_words(found)) <= known:
                return str(found)
    return ""


def _additions(facts: Sequence[Sentence], evidence: Evidence, most: int) -> list[str]:
    """Words of the stated facts that are nobody's: empty where they are few enough to be mere wording."""
    known = {stem for w in evidence.all_words for stem in content_words(w)} | _FREE_WORDS
    said = [w for s in facts for w in words(s.text) if content_words(w)]
    new = [w for w in said if not set(content_words(w)) <= known]
    return new if len(new) > (max(most, _ADDED * len(said)) if most else 0) else []


_FIGURES = (MarkKind.NUMBER, MarkKind.DATE, MarkKind.AMOUNT)


def _mixed(facts: Sequence[Sentence], evidence: Evidence) -> str:
    """A figure beside a word that the passages say only of something else: "express until 28 February", of
    sentences about express and about returns.  Empty where there is none."""
    around = {stem for source in evidence.sources for stem in source.around}
    for clause in (c for sentence in facts for c in _STATEMENTS.split(sentence.text)):
        stems = set(content_words(clause)) - around - _FREE_WORDS
        figures = [f for f in find_facts(clause) if f.kind in _FIGURES]
        sources = [s for s in evidence.sources if any(agrees(f, _figures(s.text)) for f in figures)]
        having = {stem for s in sources for stem in s.stems}
        others = {stem for s in evidence.sources if s not in sources for stem in s.stems}
        if sources and (stems & others) - having:
            return figures[0].text
    return ""


def _misplaced(facts: Sequence[Sentence], evidence: Evidence) -> str:
    """A figure said of another subject than the passages say it of: "your data is kept for 7 years", where
    invoices are.  Empty where there is none."""
    told = [(s.text, fact) for s in evidence.sources for fact in find_facts(s.text) if fact.kind in _FIGURES]
    for sentence in facts:
        for figure in (f for f in find_facts(sentence.text) if f.kind in _FIGURES):
            mine = subject(sentence.text, figure.start)
            theirs = [subject(text, f.start) for text, f in told if agrees(figure, frozenset(f.values))]
            if mine and theirs and all(one and not mine & one for one in theirs):
                return figure.text
    return ""


_STATEMENTS = re.compile(
    r"[;.]\s|,?\s+(?:and|but|while|so)\s+(?=(?:the|it|you|we|they|your|our|this|there|an?)\b)", re.IGNORECASE
)


def _figures(text: str) -> frozenset[str]:
    return frozenset(v for fact in find_facts(text) for v in fact.values)


def _why(sentences: Sequence[Sentence]) -> str:
    marks = [m for s in sentences for m in s.marks]
    if any(m.kind is MarkKind.CONTRADICTION for m in marks):
        return "it contradicted a passage"
    if marks:
        return f"nothing supports its {marks[0].kind.value}"
    if any(_GIVES_AWAY.search(s.text) for s in sentences):
        return "it spoke about its task"
    return "no passage supports it"


def best_first(judged: Sequence[Judged], answer: str = "") -> list[Judged]:
    """Those that passed, best first, each wording once.

    The best is the one that the others agree with most, those that failed and the passage's own `answer`
    among them: minimum Bayes risk with token-F1 as the utility (Kumar and Byrne, 2004).  `score` decides
    between equals.
    """

    def agreed(one: Judged) -> float:
        voices = [j.text for j in judged if j is not one] + ([answer] if answer else [])
        return round(sum(token_f1(one.text, voice) for voice in voices) / len(voices), 6) if voices else 0.0

    passed = sorted((j for j in judged if j.passed), key=lambda j: (-agreed(j), -j.score))
    kept: list[Judged] = []
    for one in passed:
        if all(similarity(one.text, k.text) < 0.95 for k in kept):
            kept.append(one)
    return kept
