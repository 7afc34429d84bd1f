"""An answer made of a passage's own sentences, list items and table rows: what the question is about."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from agent_assist.domain.composing import plain
from agent_assist.domain.knowledge import Collection, Passage
from agent_assist.domain.phrases import is_courtesy
from agent_assist.domain.privacy import PLACEHOLDER
from agent_assist.domain.text import content_words, shorten, similarity, split_sentences, words

BODY_LIMIT = 420
"""Characters of a composed answer: what a customer reads at once."""
WHOLE_LIMIT, WHOLE_REPLY = 280, 500
"""A passage, and a colleague's earlier reply, up to this many characters is taken whole."""
_MOST = 4
"""Sentences of a composed answer; a numbered list counts as one."""
_PARALLEL = 0.45
"""Similarity from which two sentences say the same of two different things."""

_ROW = re.compile(r"^\s*\|(.+)\|\s*$")
_RULE = re.compile(r"^[\s|:-]+$")
_LIST = re.compile(r"^\s*(?:[-*•–]|(\d{1,2})[.)])\s+")
_GOES_ON = re.compile(
    r"^(?:it|they|this|these|those|that|he|she|then|otherwise|below|after that|if not|but|and|or|so|also"
    r"|without (?:it|this)|dann|sonst|aber|und|sie|es|puis|sinon|mais|et|entonces|si no|pero|y|então|mas)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Unit:
    """What is taken or left as one: a sentence, a list item or a table row."""

    text: str
    stems: frozenset[str]
    topic: frozenset[str] = frozenset()
    """Stems of the small heading above it."""
    row: bool = False
    numbered: bool = False


def answer_from(passage: Passage, question: str, limit: int = BODY_LIMIT, details: str = "") -> str:
    """The sentences of a passage that answer the question, in their order.

    `details` is what else is known about the case (the ticket's fields and subject): it decides
    between sentences that say the same of different things.
    """
    return answers_from(passage, [question], limit, details)


def answers_from(
    passage: Passage, questions: Sequence[str], limit: int = BODY_LIMIT, details: str = ""
) -> str:
    """As `answer_from`, for several questions that one passage answers: each sentence once."""
    text = _own_text(passage)
    units = _units(text)
    if passage.collection == Collection.SOLVED:
        return _reply(passage, units, limit)
    if not units:
        return shorten(text, limit, "…")
    chosen = {i for q in questions for i in _chosen(text, units, passage, q, details, limit)}
    if len(chosen) == len(units) and not any(u.row for u in units):
        return _joined(units)
    words_known = set(content_words(f"{' '.join(questions)} {details}"))
    return _joined([_narrowed(units[i], words_known) for i in sorted(chosen)]) or shorten(text, limit, "…")


def _chosen(
    text: str, units: Sequence[_Unit], passage: Passage, question: str, details: str, limit: int
) -> set[int]:
    scores = _scores(units, passage, question, details)
    best = max(range(len(units)), key=lambda i: (scores[i], -i))
    rivals = _rivals(units, scores, best, set(content_words(f"{question} {details}")))
    prose = not any(u.row for u in units)
    if len(text) <= max(WHOLE_LIMIT, limit * 2 // 3) and prose and not rivals:
        return set(range(len(units)))
    return _around(units, scores, best, rivals, limit)


def _narrowed(unit: _Unit, known: set[str]) -> _Unit:
    """A row for several things ("Spain, Italy: …") with those alone that were asked about."""
    label, colon, rest = unit.text.partition(":")
    if not unit.row or "," not in label:
        return unit
    meant = [part.strip() for part in label.split(",") if set(content_words(part)) & known]
    return replace(unit, text=f"{', '.join(meant) or label}{colon}{rest}")


def _own_text(passage: Passage) -> str:
    text = plain(passage.text)
    title = passage.title.strip()
    if title and text.startswith(title):
        rest = text[len(title) :]
        text = rest.strip() if rest[:1] in "\n.:?!" else text
    return _reply_part(text) if passage.collection == Collection.SOLVED else text


# --- reading --------------------------------------------------------------------------------------


def _units(text: str) -> list[_Unit]:
    units: list[_Unit] = []
    topic: frozenset[str] = frozenset()
    prose: list[str] = []
    head: list[str] = []

    def flush() -> None:
        nonlocal topic
        spans = [s.text for s in split_sentences("\n".join(prose))]
        prose.clear()
        for place, sentence in enumerate(spans):
            mark = _LIST.match(sentence)
            if not mark and _is_heading(sentence, place < len(spans) - 1):
                topic = frozenset(content_words(sentence))
            elif not sentence.endswith("?") or len(spans) == 1:
                numbered = bool(mark and mark.group(1))
                units.append(_Unit(sentence, frozenset(content_words(sentence)), topic, numbered=numbered))

    for line in text.split("\n"):
        row = _ROW.match(line)
        if not row:
            head = []
            prose.append(line)
            continue
        flush()
        cells = [c.strip() for c in row.group(1).split("|")]
        if _RULE.match(line):
            continue
        if not head:
            head = cells
        elif said := _row_text(head, cells):
            stems = frozenset(content_words(f"{cells[0]} {' '.join(head)}"))
            units.append(_Unit(said, stems, topic, row=True))
    flush()
    return units


def _is_heading(line: str, followed: bool) -> bool:
    return (
        followed
        and len(line.split()) <= 9
        and line[:1].isupper()
        and (line[-1].isalnum() or line[-1] == ")" or (line[-1] == ":" and len(line.split()) <= 4))
    )


def _row_text(head: Sequence[str], cells: Sequence[str]) -> str:
    """A table row as a person would say it."""
    pairs = [f"{h[:1].lower()}{h[1:]} {c}" if h else c for h, c in zip(head[1:], cells[1:]) if c]
    return f"{cells[0]}: {', '.join(pairs)}." if cells[0] and pairs else ""


# --- choosing -------------------------------------------------------------------------------------


def _scores(units: Sequence[_Unit], passage: Passage, question: str, details: str) -> list[float]:
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


def _rivals(units: Sequence[_Unit], scores: Sequence[float], best: int, known: set[str]) -> set[int]:
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
            (u.row and scores[i] == 0)
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
    units: Sequence[_Unit], scores: Sequence[float], best: int, rivals: set[int], limit: int
) -> set[int]:
    """The best unit, what it cannot be read without, and others that the question speaks of."""
    chosen = {best}
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
    if best + 1 < len(units) and (_GOES_ON.match(units[best + 1].text) or scores[best + 1] >= 0.3):
        add(best + 1)
    others = sorted((i for i in range(len(units)) if i not in chosen), key=lambda i: (-scores[i], i))
    for index in others[: max(0, _MOST - len(chosen))]:
        if scores[index] >= max(0.5, 0.5 * scores[best]):
            add(index)
    # A line that only announces what did not come with it says nothing.
    return {i for i in chosen if not units[i].text.endswith(":") or i + 1 in chosen} or {best}


def _joined(units: Sequence[_Unit]) -> str:
    """One paragraph, or lines where there is a list."""
    parts: list[str] = []
    for unit in units:
        text = " ".join(unit.text.split())
        if _LIST.match(unit.text):
            parts.append(f"\n{text}")
        else:
            text = text if text.endswith((".", "!", "?", ":", "…")) else f"{text}."
            parts.append(f" {text}" if parts else text)
    return "".join(parts).strip().replace("!", ".") if parts else ""


# --- a colleague's earlier reply ------------------------------------------------------------------

_REPLY = re.compile(
    r"(?:^|\n)\s*(?:agent|reply|answer|support|antwort|respuesta|réponse|resposta)\s*:\s*", re.IGNORECASE
)
_SALUTATION = re.compile(
    r"^(?:hi|hello|hey|dear|hola|hallo|guten tag|liebe[r]?|bonjour|olá|good (?:morning|afternoon))"
    r"(?:\s+(?:frau|herr|mr|mrs|ms|monsieur|madame|señora?)\.?)?(?:\s+(?:[A-ZÀ-Ü][\w'’-]+|\[NAME_\d+\])){0,3}\s*[,:!.]\s*",
    re.IGNORECASE,
)
_ITS_OWN = re.compile(
    r"\b(?:I(?:['’]ve| have|['’]ll| will)|I (?:just|checked|(?:can )?see|refunded|sent|asked|added|changed)"
    rf"|your (?:order|parcel|bike) (?:was|left|is at))\b|\b[A-Z]{{2,}}-\d{{3,}}|{PLACEHOLDER.pattern}"
)
"""A sentence about that customer's case, which is not this one's; so is one with a placeholder in it."""


def about_one_case(sentence: str) -> bool:
    """Whether a sentence says what is true of one customer's case only."""
    return _ITS_OWN.search(sentence) is not None


def _reply_part(text: str) -> str:
    """Of a solved ticket, what the agent wrote."""
    parts = _REPLY.split(text)
    return parts[-1].strip() if len(parts) > 1 else text


def _reply(passage: Passage, units: Sequence[_Unit], limit: int) -> str:
    """A colleague's reply without whom it greeted and what was true of that case only."""
    kept: list[_Unit] = []
    for place, unit in enumerate(units):
        text = _SALUTATION.sub("", unit.text) if place == 0 else unit.text
        if not words(text) or _ITS_OWN.search(text) or (is_courtesy(text) and len(words(text)) <= 7):
            continue
        if text.endswith(",") and len(words(text)) <= 3:
            continue  # "Best,": whoever signed it was taken out
        kept.append(_Unit(text[:1].upper() + text[1:], unit.stems, unit.topic))
    body = _joined(kept)
    while len(body) > max(limit, WHOLE_REPLY) and len(kept) > 1:
        kept.pop()
        body = _joined(kept)
    # "€79, and it takes a week." says nothing without what was asked.
    if body and not body[0].isalpha() and passage.title:
        body = f"{passage.title.rstrip('.?! ')}: {body}"
    return body
