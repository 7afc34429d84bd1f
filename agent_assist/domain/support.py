"""Does the evidence support a draft?  Sentence by sentence: what it rests on, and what nothing supports.

A sentence is compared with each sentence of the passages by its words, by its facts, by whether it
says yes or no, and, where words alone do not decide, by meaning.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from agent_assist.domain.facts import Fact, actions_in, find_facts, find_promises
from agent_assist.domain.knowledge import Hit, Passage
from agent_assist.domain.phrases import announcement, is_courtesy, is_restatement
from agent_assist.domain.polarity import contradicts
from agent_assist.domain.suggestion import Mark, MarkKind, Sentence
from agent_assist.domain.text import Span, content_words, split_sentences, words

Similar = Callable[[Sequence[str], Sequence[str]], list[list[float]]]
"""Cosines of meaning, one row for each of the first texts."""

ENOUGH = 0.6
"""Share of a sentence's content words that one passage must have for words alone to decide."""

SOME, ALIKE, SAME = 0.5, 0.65, 0.85
"""With `SOME` of the words a cosine of `ALIKE` supports; `SAME` supports by itself.  Lower ones let a
small model's inventions about the right topic pass."""


_CODE = re.compile(r"\b[A-Z]+-?\d[\w-]*")


@dataclass(frozen=True)
class Evidence:
    """What a draft may rest on."""

    passages: tuple[Passage, ...]
    said: tuple[str, ...] = ()
    """The agent's own earlier messages and the steer line."""
    customer: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    """The customer's, the company's, the agent's."""

    @cached_property
    def sources(self) -> tuple[Source, ...]:
        return tuple(source for passage in self.passages for source in _sources(passage))

    @cached_property
    def trusted_values(self) -> frozenset[str]:
        """Fact values of passages, agent's messages and steer."""
        texts = [f"{p.title}\n{p.heading}\n{p.text}\n{p.url}" for p in self.passages] + list(self.said)
        return _values(texts)

    @cached_property
    def customer_values(self) -> frozenset[str]:
        return _values(self.customer)

    @cached_property
    def all_words(self) -> frozenset[str]:
        texts = [f"{p.title} {p.heading} {p.text}" for p in self.passages]
        return frozenset(w for t in (*texts, *self.said, *self.customer, *self.names) for w in words(t))

    @cached_property
    def own_words(self) -> frozenset[str]:
        """Stems that only address the customer: names, and the codes and numbers they wrote."""
        names = {stem for name in self.names for stem in content_words(name)}
        codes = {stem for m in self.customer for stem in content_words(m) if any(c.isdigit() for c in stem)}
        coded = {stem for m in self.customer for code in _CODE.findall(m) for stem in content_words(code)}
        return frozenset((names | codes | coded) - {s for p in self.passages for s in content_words(p.text)})

    @cached_property
    def actions(self) -> frozenset[str]:
        texts = [f"{p.title} {p.text}" for p in self.passages]
        return frozenset(a for t in (*texts, *self.said) for a in actions_in(t))


@dataclass(frozen=True, slots=True)
class Source:
    """One sentence of a passage; `around` are the words of its title and heading."""

    passage: Passage
    text: str
    stems: frozenset[str]
    around: frozenset[str]
    question: str
    """The title, where it is a question that the passage answers."""


def _sources(passage: Passage) -> list[Source]:
    around = frozenset(content_words(f"{passage.title} {passage.heading}"))
    question = next((t for t in (passage.title, passage.heading) if t.rstrip().endswith("?")), "")
    spans = split_sentences(passage.text)[:60]
    sources = [Source(passage, s.text, frozenset(content_words(s.text)), around, question) for s in spans]
    return sources or [Source(passage, passage.text, frozenset(), around, question)]


def evidence_for(
    hits: Iterable[Hit | Passage],
    *,
    said: Iterable[str] = (),
    customer: Iterable[str] = (),
    names: Iterable[str] = (),
) -> Evidence:
    """What a draft may rest on: passages, what the company `said` in this thread, the `customer`'s words, and
    `names` that may be used."""
    passages = tuple(h.passage if isinstance(h, Hit) else h for h in hits)
    return Evidence(passages, tuple(said), tuple(customer), tuple(n for n in names if n))


def check(
    text: str, evidence: Evidence, language: str = "en", similar: Similar | None = None
) -> tuple[Sentence, ...]:
    """Every sentence of `text` with its citations and marks."""
    spans = split_sentences(text)
    plain = [s for s in spans if not is_courtesy(s.text, language)]
    meaning = _meaning(plain, evidence, similar)
    return tuple(_check_one(s, evidence, language, meaning.get(s.start, {})) for s in spans)


def _meaning(
    spans: Sequence[Span], evidence: Evidence, similar: Similar | None
) -> dict[int, dict[int, float]]:
    """Cosines for the sentences that their words alone do not decide."""
    if similar is None or not evidence.sources:
        return {}
    stated = {s.start: stated_in(s.text) for s in spans}
    open_spans = [s for s in spans if _best_words(stated[s.start], evidence) < ENOUGH]
    if not open_spans:
        return {}
    ranked = sorted(
        range(len(evidence.sources)),
        key=lambda i: (
            -max(_overlap(stated[s.start], evidence.sources[i], evidence.own_words) for s in open_spans)
        ),
    )[:24]
    rows = similar([stated[s.start] for s in open_spans], [evidence.sources[i].text for i in ranked])
    return {s.start: dict(zip(ranked, row)) for s, row in zip(open_spans, rows)}


def stated_in(sentence: str) -> str:
    """The sentence without what only announces it."""
    return sentence[announcement(sentence) :]


def _best_words(text: str, evidence: Evidence) -> float:
    return max((_overlap(text, source, evidence.own_words) for source in evidence.sources), default=0.0)


def _overlap(text: str, source: Source, own_words: frozenset[str] = frozenset()) -> float:
    """Share of the content words of `text` in the source; its title counts, less so when it only asks."""
    wanted = set(content_words(text)) - own_words
    if not wanted:
        return 0.0
    own = len(wanted & source.stems)
    if not own and not _answers(source):
        return 0.0
    titled = len((wanted - source.stems) & source.around)
    weight = 0.5 if source.question and not _answers(source) else 1.0
    return (own + weight * titled) / len(wanted)


def _answers(source: Source) -> bool:
    """Whether the source begins with yes or no: then its question is part of what it says."""
    return bool(source.question) and source.text.split(",")[0].strip(" .!").casefold() in (
        "yes",
        "no",
        "sí",
        "si",
        "ja",
        "nein",
        "oui",
        "non",
        "sim",
        "não",
    )


def _check_one(span: Span, evidence: Evidence, language: str, meaning: dict[int, float]) -> Sentence:
    marks = _fact_marks(span, evidence, language)
    if is_courtesy(span.text, language):
        return Sentence(span.text, span.start, span.end, supported=not marks, marks=tuple(marks))
    stated = stated_in(span.text)
    scored = _supporters(stated, evidence, meaning)
    clash = next((s for s, _ in scored[:4] if contradicts(stated, s.text, s.question)), None)
    if clash is not None and not _also_said(stated, scored, clash):
        where = clash.passage.title or clash.passage.article_id
        marks.append(Mark(MarkKind.CONTRADICTION, span.start, span.end, f"“{where}” says the opposite."))
        scored = []
    cited = _cite(span.text, scored, language)
    supported = bool(cited) or _restates(span.text, evidence, language) or _said(span.text, evidence)
    return Sentence(
        span.text,
        span.start,
        span.end,
        citations=tuple(p.article_id for p in cited),
        passages=tuple(p.id for p in cited),
        supported=supported and not marks,
        marks=tuple(marks),
    )


def _supporters(text: str, evidence: Evidence, meaning: dict[int, float]) -> list[tuple[Source, float]]:
    """Sources that support the sentence, best first."""
    found: list[tuple[Source, float]] = []
    for index, source in enumerate(evidence.sources):
        lexical, cosine = _overlap(text, source, evidence.own_words), meaning.get(index, 0.0)
        if lexical >= ENOUGH or (lexical >= SOME and cosine >= ALIKE) or cosine >= SAME:
            found.append((source, max(lexical, cosine)))
    # Equal support: the passage that search ranked higher, since it answers the question.
    rank = {p.id: i for i, p in enumerate(evidence.passages)}
    return sorted(found, key=lambda pair: (-round(pair[1], 1), rank[pair[0].passage.id]))


def _also_said(text: str, scored: Sequence[tuple[Source, float]], clash: Source) -> bool:
    """Whether the passage that seems to contradict says the sentence elsewhere as well."""
    return any(
        s.passage.id == clash.passage.id
        and s is not clash
        and value >= 0.9
        and not contradicts(text, s.text, s.question)
        for s, value in scored
    )


def _cite(text: str, scored: Sequence[tuple[Source, float]], language: str) -> list[Passage]:
    """At most two passages; one that lacks a fact of the sentence is not cited for it."""
    facts = find_facts(text, language)
    best: dict[int, tuple[Passage, float]] = {}
    for source, value in scored:
        known = _values([f"{source.passage.title}\n{source.passage.text}\n{source.passage.url}"])
        held = sum(agrees(fact, known) for fact in facts if fact.kind is not MarkKind.NAME)
        total = sum(fact.kind is not MarkKind.NAME for fact in facts)
        share = held / total if total else 1.0
        if share == 0.0 and total:
            continue
        best.setdefault(source.passage.id, (source.passage, value * share))
    order = sorted(best.values(), key=lambda pair: -pair[1])
    if not order:
        return []
    top = order[0][1]
    return [
        passage
        for passage, value in order[:2]
        if value >= 0.95 * top and (value >= 0.8 or passage is order[0][0])
    ]


def _restates(text: str, evidence: Evidence, language: str) -> bool:
    """Whether the sentence only says back what the customer wrote ("You ordered two lamps")."""
    if not is_restatement(text, language):
        return False
    wanted = set(content_words(text))
    known = {stem for message in evidence.customer for stem in content_words(message)}
    return not wanted or len(wanted & known) / len(wanted) >= 0.4


def _said(text: str, evidence: Evidence) -> bool:
    """Whether the agent has already said it, or asked for it in the steer line."""
    wanted = set(content_words(text))
    return bool(wanted) and any(
        len(wanted & set(content_words(message))) / len(wanted) >= ENOUGH for message in evidence.said
    )


# --- facts --------------------------------------------------------------------------------------


def agrees(fact: Fact, known: frozenset[str]) -> bool:
    """Whether one of the fact's values is among the known ones; a missing unit does not disagree."""
    for value in fact.values:
        bare = value.split(" ")[0]
        if value in known or (bare != value and bare in known):
            return True
        if bare == value and any(k.split(" ")[0] == value for k in known):
            return True
    return False


def _values(texts: Iterable[str]) -> frozenset[str]:
    # Names are compared as words, so the language, which only matters for names, may be any.
    return frozenset(v for text in texts for fact in find_facts(text, "de") for v in fact.values)


_REASONS = {
    MarkKind.NUMBER: "No passage or message has this {what}.",
    MarkKind.DATE: "No passage or message has this {what}.",
    MarkKind.AMOUNT: "No passage or message has this amount.",
    MarkKind.LINK: "No passage or message has this {what}.",
    MarkKind.NAME: "No passage or message has this name.",
}


def _fact_marks(span: Span, evidence: Evidence, language: str) -> list[Mark]:
    marks: list[Mark] = []
    promises = find_promises(span.text)
    for fact in find_facts(span.text, language):
        at = (span.start + fact.start, span.start + fact.end)
        if fact.kind is MarkKind.NAME:
            if not any(w in evidence.all_words for w in words(fact.text)):
                marks.append(Mark(fact.kind, *at, _REASONS[fact.kind]))
            continue
        # What the customer demands is no support for what the company promises.
        own_word = bool(promises) and fact.kind in (MarkKind.AMOUNT, MarkKind.DATE)
        known = evidence.trusted_values if own_word else evidence.trusted_values | evidence.customer_values
        if not agrees(fact, known):
            marks.append(Mark(fact.kind, *at, _REASONS[fact.kind].format(what=fact.what)))
    for promise in promises:
        if not promise.actions <= evidence.actions:
            reason = "This is a promise that no passage makes."
            marks.append(Mark(MarkKind.PROMISE, span.start + promise.start, span.start + promise.end, reason))
    return marks


_WORDS = re.compile(r"\w")


def states_something(text: str, language: str = "en") -> bool:
    """Whether any sentence says more than courtesy."""
    return any(_WORDS.search(s.text) and not is_courtesy(s.text, language) for s in split_sentences(text))
