"""An answer made of a passage's own sentences, list items and table rows: what the question is about."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from agent_assist.domain.knowledge import Collection, Passage
from agent_assist.domain.polarity import negative
from agent_assist.domain.reading import Unit, introduced, joined, narrowed, own_text, reply_of, units_of
from agent_assist.domain.telling import ASKS, WHAT_ELSE, done_in, told_in, tried
from agent_assist.domain.text import content_words, shorten, similarity, words

BODY_LIMIT = 420
"""Characters of a composed answer: what a customer reads at once."""
SECTION_LIMIT = 320
"""Characters up to which what stands under one heading is taken whole: it was written to be read so."""
WHOLE_LIMIT = 280
"""A passage up to this many characters is taken whole."""
_MOST = 4
"""Sentences of a composed answer; a numbered list counts as one."""
_PARALLEL = 0.45
"""Similarity from which two sentences say the same of two different things."""

_FIGURE = re.compile(r"\d+")
_NUMBER = re.compile(r"^\d{1,2}[.)]\s+")

Near = Callable[[Sequence[str], Sequence[str]], list[list[float]]]
"""Cosines of meaning, one row for each of the first texts."""

_MEANING, _FAR, _WORDS = 4.0, 0.2, 0.6
"""What a cosine counts beside shared words, the cosine that counts nothing, and what words then count."""
_TELLS = 0.85
"""Share of a question's weight that a sentence has that only tells what happened."""
_FIRST = 0.7
"""Share of the best score from which the passage that search put first answers."""
_TOO, _SOME = 0.55, 0.3
"""What answers another of the things asked: its share of the best sentence's score, and its cosine."""
_ELSE = 0.35
"""Share of the best score from which a second question is answered by something else than the first."""
_DONE = 0.55
"""Cosine from which a sentence advises what the customer says they did."""
_NEVER, _LED = -1.0, 0.5
"""Score of what is not said, because it was tried, and what is left of the score of its paragraph."""
_OTHER = 0.6
"""Share of the best sentence's score from which another of its passage answers, too."""
_RULE = 0.7
"""Share of the best sentence's score from which a rule is said instead of its exceptions."""
_READ_ON = 2
"""Sentences of the next paragraph that a short answer goes on with."""
_ASIDE = 0.3
"""Score below which a sentence at the end of a short passage speaks of something else."""

_GOES_ON = re.compile(
    r"^(?:it|they|this|these|those|that|he|she|then|otherwise|below|after that|if not|but|and|or|so|also"
    r"|without (?:it|this)|dann|sonst|aber|und|sie|es|puis|sinon|mais|et|entonces|si no|pero|y|então|mas)\b",
    re.IGNORECASE,
)


def answer_from(
    passage: Passage, question: str, limit: int = BODY_LIMIT, details: str = "", near: Near | None = None
) -> str:
    """The sentences of a passage that answer the question, in their order.

    `details` is what else is known about the case (the ticket's fields and subject): it decides
    between sentences that say the same of different things.  With `near`, meaning counts beside words.
    """
    return answers_from(passage, [question], limit, details, near)


def answers_from(
    passage: Passage,
    questions: Sequence[str],
    limit: int = BODY_LIMIT,
    details: str = "",
    near: Near | None = None,
) -> str:
    """As `answer_from`, for several questions that one passage answers: each sentence once."""
    return "".join(said for _, said in answers_in([passage], questions, limit, details, near))


def answers_in(
    passages: Sequence[Passage],
    questions: Sequence[str],
    limit: int = BODY_LIMIT,
    details: str = "",
    near: Near | None = None,
) -> list[tuple[Passage, str]]:
    """What passages of one article, the best one first, answer: each that says something, in reading order.

    Only the first is asked where it is a colleague's reply, which is taken as a whole.
    """
    if passages[0].collection == Collection.SOLVED:
        return [(passages[0], reply_of(passages[0], units_of(own_text(passages[0])), limit))]
    parts = [_Part.of(p) for p in passages]
    if not parts[0].units:
        return [(passages[0], shorten(parts[0].text, limit, "…"))]
    taken: list[set[int]] = [set() for _ in parts]
    for question in questions:
        _take(taken, parts, question, details, limit, near)
    known = set(content_words(f"{' '.join(questions)} {details}"))
    found = [(p.passage, p.said(t, known, limit)) for p, t in zip(parts, taken, strict=True) if t]
    return sorted(found, key=lambda pair: pair[0].position)


def _take(
    taken: list[set[int]], parts: Sequence[_Part], question: str, details: str, limit: int, near: Near | None
) -> None:
    """Add to `taken` what answers one question: around the best sentence of the first passage, and around
    those that come clearly nearer to something else that is asked."""
    found = _weighed(parts, question, details, near)
    scores = found.scores
    tops = [max(row, default=0.0) for row in scores]
    best = max(tops)
    first = 0 if tops[0] >= _FIRST * best else tops.index(best)
    known = set(content_words(f"{question} {details}"))
    meant = near is not None
    chosen = _chosen(parts[first], scores[first], known, limit, meant)
    if meant and chosen <= taken[first]:  # said for another question: this one asks for something else
        left = [s if i not in taken[first] else 0.0 for i, s in enumerate(scores[first])]
        if max(left) >= _ELSE * tops[first]:
            chosen = _chosen(parts[first], left, known, limit, meant)
    taken[first] |= chosen
    if tops[first] < best:
        found.more.insert(0, (tops.index(best), scores[tops.index(best)].index(best)))
    for n, unit in found.more:
        room = limit - sum(part.size(t) for part, t in zip(parts, taken, strict=True))
        if unit in taken[n] or scores[n][unit] < _TOO * tops[first]:
            continue
        if any(unit in _rivals(parts[n].units, scores[n], i, known) for i in taken[n]):
            continue
        more = {unit} if taken[n] else _chosen(parts[n], scores[n], known, room, meant)
        taken[n] -= _rows_of(parts[n].units, unit, taken[n])
        taken[n] |= more if parts[n].size(more) <= room else set()
    if meant:
        room = limit - sum(part.size(t) for part, t in zip(parts, taken, strict=True))
        taken[first] |= _next_paragraph(parts[first], scores[first], chosen, room)


def _rows_of(units: Sequence[Unit], sentence: int, taken: set[int]) -> set[int]:
    """Rows of a table all of whose figures stand in a sentence, which says the same in better words."""
    figures = set(_FIGURE.findall(units[sentence].text))
    rows = {i for i in taken if units[i].row and not units[sentence].row}
    return {i for i in rows if (own := set(_FIGURE.findall(units[i].text))) and own <= figures}


def _next_paragraph(part: _Part, scores: Sequence[float], chosen: set[int], room: int) -> set[int]:
    """The first sentences of the paragraph after a short answer, under the same heading, where it has to do
    with what is asked: what was written to be read on."""
    units, last = part.units, max(chosen)
    if part.size(chosen) > room or last + 1 >= len(units) or units[last].row or units[last + 1].row:
        return set()
    after = [i for i in range(last + 1, len(units)) if units[i].block == units[last + 1].block][:_READ_ON]
    same = units[last + 1].heading == units[last].heading and units[last + 1].block != units[last].block
    near = same and max(scores[i] for i in after) >= _ASIDE * max(scores)
    return set(after) if near and part.size(set(after)) <= room else set()


@dataclass(frozen=True, slots=True)
class _Part:
    """One passage, read."""

    passage: Passage
    text: str
    units: Sequence[Unit]

    @classmethod
    def of(cls, passage: Passage) -> _Part:
        text = own_text(passage)
        return cls(passage, text, units_of(text))

    def size(self, taken: set[int]) -> int:
        return sum(len(self.units[i].text) for i in taken)

    def said(self, taken: set[int], known: set[str], limit: int) -> str:
        if len(taken) == len(self.units) and not any(u.row for u in self.units):
            text = joined(self.units)
        else:
            chosen = [narrowed(self.units[i], known) for i in sorted(taken)]
            if sum(unit.numbered for unit in chosen) == 1:  # a step by itself is no list
                chosen = [replace(u, text=_NUMBER.sub("", u.text)) for u in chosen]
            text = joined(chosen) or shorten(self.text, limit, "…")
        return introduced(text, self.passage) if 0 in taken else text


@dataclass(frozen=True, slots=True)
class _Weighed:
    """What is known of the units of several passages."""

    scores: list[list[float]]
    more: list[tuple[int, int]]
    """(passage, unit) that comes nearest to each of the things asked."""


def _weighed(parts: Sequence[_Part], question: str, details: str, near: Near | None) -> _Weighed:
    """A score for each unit of each passage: shared words and, with `near`, meaning."""
    told = told_in(question)
    asking = [t for t in told if ASKS.search(t)] if near is not None else []
    stressed = " ".join(asking) or question
    scores = [_scores(p.units, p.passage, stressed, f"{question} {details}") for p in parts]
    places = [(n, i) for n, p in enumerate(parts) for i in range(len(p.units))]
    more: list[tuple[int, int]] = []
    if tried(told):  # what they did already is hardly the answer
        told.append(WHAT_ELSE)
        asking.append(WHAT_ELSE)
    if near is not None and told:
        rows = near(told, [_in_place(parts[n].units[i], parts[n].passage) for n, i in places])
        for line, row in zip(told, rows, strict=True):
            if (line in asking or not asking) and max(row) >= _SOME:
                more.append(places[row.index(max(row))])
        weights = [1.0 if line in asking else _TELLS for line in told]
        for at, (n, i) in enumerate(places):
            nearest = max(w * row[at] for w, row in zip(weights, rows, strict=True))
            # A row is meant where its first cell is named, and nowhere else.
            if scores[n][i] or not parts[n].units[i].row:
                scores[n][i] = _WORDS * scores[n][i] + _MEANING * max(0.0, nearest - _FAR)
        did = done_in(told)
        done = [row for line, row in zip(told, rows, strict=True) if line in did]
        _leave_out(parts, scores, [places[at] for row in done for at, c in enumerate(row) if c >= _DONE])
    return _Weighed(scores, more)


def _leave_out(parts: Sequence[_Part], scores: list[list[float]], done: Sequence[tuple[int, int]]) -> None:
    """What was tried is not advised again, and what stands beside it, which leads to it, counts less."""
    for n, block in {(n, parts[n].units[i].block) for n, i in done}:
        scores[n] = [s * _LED if u.block == block else s for s, u in zip(scores[n], parts[n].units)]
    for n, i in done:
        scores[n][i] = _NEVER


def sentences_of(passage: Passage) -> list[str]:
    """What may be said of a passage, one by one: its sentences, list items and rows with their headings."""
    return [_in_place(unit, passage) for unit in units_of(own_text(passage))]


def _in_place(unit: Unit, passage: Passage) -> str:
    """A sentence with the heading that it stands under: "Gold: 15 % off repairs"."""
    heading = unit.heading or passage.heading.split(" › ")[-1]
    return f"{heading}: {unit.text}" if heading and ": " not in heading else unit.text


def _chosen(part: _Part, scores: Sequence[float], known: set[str], limit: int, meant: bool) -> set[int]:
    """The units that answer; `meant` says that the scores are of meaning, too."""
    units = part.units
    best = max(range(len(units)), key=lambda i: (scores[i], -i))
    if meant and negative(units[best].heading):  # "What is not covered": the rule before its exceptions
        rules = [i for i, u in enumerate(units) if u.heading != units[best].heading and not u.row]
        first = max(rules, key=scores.__getitem__, default=best)
        best = first if scores[first] >= _RULE * scores[best] else best
    rivals = _rivals(units, scores, best, known)
    prose = not any(u.row for u in units)
    if len(part.text) <= max(WHOLE_LIMIT, limit * 2 // 3) and prose and not rivals and not meant:
        return set(range(len(units)))
    for section in (_section(units, best), _section(units, best, paragraph=True)) if meant and prose else ():
        if not rivals & set(section) and part.size(set(section)) <= min(limit, SECTION_LIMIT):
            return _without_asides(section, scores, best)
    return _around(units, scores, best, rivals, limit, meant)


def _section(units: Sequence[Unit], at: int, *, paragraph: bool = False) -> range:
    """The units that stand under the same heading, or in the same paragraph."""

    def beside(other: Unit) -> bool:
        return other.heading == units[at].heading and (not paragraph or other.block == units[at].block)

    start = end = at
    while start > 0 and beside(units[start - 1]):
        start -= 1
    while end + 1 < len(units) and beside(units[end + 1]):
        end += 1
    return range(start, end + 1)


def _without_asides(section: range, scores: Sequence[float], best: int) -> set[int]:
    """A section without the sentences at its end that have nothing to do with what is asked; what comes right
    after the best one belongs to it."""
    last = section.stop
    while last > best + 2 and scores[last - 1] < _ASIDE * scores[best]:
        last -= 1
    return set(range(section.start, last))


def _scores(units: Sequence[Unit], passage: Passage, question: str, details: str) -> list[float]:
    """What the question's words say for each unit; a word in few units says more than one in all."""
    asked, known = set(content_words(question)), set(content_words(details))
    about = set(content_words(f"{passage.title} {passage.heading}"))
    seen = Counter(stem for u in units for stem in u.stems)

    def worth(stem: str) -> float:
        weight = 1.0 if stem in asked else 0.8
        return weight * (0.15 + 1 / seen[stem]) * (0.6 if stem in about else 1.0)

    found: list[float] = []
    for unit in units:
        own = sum(worth(s) for s in unit.stems & (asked | known))
        above = 0.5 * len(unit.topic & asked) / max(1, len(unit.topic))
        if unit.row:  # it is meant only where its first cell is named
            named = set(content_words(unit.text.split(":")[0])) & (asked | known)
            own = own + 1.0 if named else 0.0
        found.append(own + above if own else 0.0)
    return found


def _rivals(units: Sequence[Unit], scores: Sequence[float], best: int, known: set[str]) -> set[int]:
    """Units that say of other things what the best one says of the thing asked about."""
    mine = units[best]
    about = _label(mine.text)
    named = about & known
    return {
        i
        for i, u in enumerate(units)
        if i != best
        and scores[i] < scores[best]
        and (
            scores[i] == _NEVER
            or (u.row and scores[i] == 0)
            or similarity(u.text, mine.text) >= _PARALLEL
            # "For the Canal: …" and "For the Moor: …", where the Canal was asked about.
            or (bool(named - _label(u.text)) and _begin_alike(u.text, mine.text) and not u.row)
        )
    }


def _begin_alike(one: str, other: str) -> bool:
    """Whether both say in front of a colon which thing they are about, in the same form."""
    first, second = _label(one), _label(other)
    same = words(one)[:2] == words(other)[:2]
    return bool(first and second) and (same or bool(first & second))


def _label(text: str) -> set[str]:
    """Stems of what stands before a colon near the beginning; empty where nothing does."""
    label, colon, rest = text.partition(": ")
    return set(content_words(label)) if colon and rest and len(label.split()) <= 10 else set()


def _around(
    units: Sequence[Unit], scores: Sequence[float], best: int, rivals: set[int], limit: int, meant: bool
) -> set[int]:
    """The best unit, what it cannot be read without, and others that the question speaks of; `meant` says
    that the scores are of meaning, too, of which everything has some."""
    if meant and units[best].row:  # sentences near to a row are about other rows
        return {
            i for i, u in enumerate(units) if u.row and scores[i] >= _OTHER * scores[best] and i not in rivals
        }
    chosen = {best}
    next_to, further = (
        (0.5 * scores[best], _OTHER * scores[best]) if meant else (0.3, max(0.5, 0.5 * scores[best]))
    )
    size = len(units[best].text)

    def add(index: int) -> bool:
        nonlocal size
        fits = 0 <= index < len(units) and index not in rivals and size + len(units[index].text) <= limit
        if fits and index not in chosen:
            chosen.add(index)
            size += len(units[index].text)
        return fits

    if not units[best].row and _GOES_ON.match(units[best].text):
        add(best - 1)
    at = best
    while units[best].numbered and at + 1 < len(units) and units[at + 1].numbered and add(at + 1):
        at += 1
    at = best
    while units[best].numbered and at > 0 and units[at - 1].numbered and add(at - 1):
        at -= 1
    if units[best].text.endswith(":"):
        add(best + 1)
    if best + 1 < len(units) and (_GOES_ON.match(units[best + 1].text) or scores[best + 1] >= next_to):
        add(best + 1)
    others = sorted((i for i in range(len(units)) if i not in chosen), key=lambda i: (-scores[i], i))
    for index in others[: max(0, _MOST - len(chosen))]:
        if scores[index] >= further:
            add(index)
    # A line that only announces what did not come with it says nothing.
    return {i for i in chosen if not units[i].text.endswith(":") or i + 1 in chosen} or {best}
