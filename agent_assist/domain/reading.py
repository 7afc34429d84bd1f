"""A passage read as sentences, list items and table rows, and put together again; a colleague's reply."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from agent_assist.domain.composing import plain
from agent_assist.domain.knowledge import Collection, Passage
from agent_assist.domain.phrases import is_courtesy
from agent_assist.domain.privacy import PLACEHOLDER
from agent_assist.domain.text import content_words, split_sentences, words

WHOLE_REPLY = 500
"""A colleague's earlier reply up to this many characters is taken whole."""

_ROW = re.compile(r"^\s*\|(.+)\|\s*$")
_RULE = re.compile(r"^[\s|:-]+$")
_QUALIFIES = re.compile(r",\s*(?:with|without|per|including|from|up to|over|for|each)\b", re.IGNORECASE)
"""What narrows the thing before it, and is no further thing: "Puncture, with a new tube"."""
_LIST = re.compile(r"^\s*(?:[-*•–]|(\d{1,2})[.)])\s+")
_EXCLAIMED = re.compile(r"([.?…]?)!+(?=\s|$)")


@dataclass(frozen=True, slots=True)
class Unit:
    """What is taken or left as one: a sentence, a list item or a table row."""

    text: str
    stems: frozenset[str]
    topic: frozenset[str] = frozenset()
    """Stems of the small heading above it."""
    row: bool = False
    numbered: bool = False
    heading: str = ""
    """The small heading above it."""
    block: int = 0
    """Number of its paragraph."""


def narrowed(unit: Unit, known: set[str]) -> Unit:
    """A row for several things ("Spain, Italy: …") with those alone that were asked about."""
    label, colon, rest = unit.text.partition(":")
    if not unit.row or "," not in label or _QUALIFIES.search(label):
        return unit
    meant = [part.strip() for part in label.split(",") if set(content_words(part)) & known]
    return replace(unit, text=f"{', '.join(meant) or label}{colon}{rest}")


def own_text(passage: Passage) -> str:
    """A passage without markup and without its title repeated; of a solved ticket, the agent's reply
    alone."""
    text = plain(passage.text)
    title = passage.title.strip()
    if title and text.startswith(title):
        rest = text[len(title) :]
        text = rest.strip() if rest[:1] in "\n.:?!" else text
    return reply_part(text) if passage.collection == Collection.SOLVED else text


def units_of(text: str) -> list[Unit]:
    """The sentences, list items and table rows of a text in their order.

    A small heading is no unit: it goes to those below it.  A question is left out unless it stands alone.  A
    row is put in words with the table's head.
    """
    units: list[Unit] = []
    topic: frozenset[str] = frozenset()
    heading = ""
    prose: list[str] = []
    head: list[str] = []

    def flush() -> None:
        nonlocal topic, heading
        text = "\n".join(prose)
        prose.clear()
        spans = split_sentences(text)
        for place, span in enumerate(spans):
            sentence, block = span.text, text.count("\n\n", 0, span.start)
            mark = _LIST.match(sentence)
            if not mark and _is_heading(sentence, place < len(spans) - 1):
                topic, heading = frozenset(content_words(sentence)), sentence.rstrip(":")
            elif not sentence.endswith("?") or len(spans) == 1:
                numbered = bool(mark and mark.group(1))
                stems = frozenset(content_words(sentence))
                units.append(Unit(sentence, stems, topic, numbered=numbered, heading=heading, block=block))

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
            units.append(Unit(said, stems, topic, row=True))
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


def joined(units: Sequence[Unit]) -> str:
    """One paragraph, or lines where there is a list; a draft states calmly what an article exclaims."""
    parts: list[str] = []
    for unit in units:
        text = _EXCLAIMED.sub(lambda end: end[1] or ".", " ".join(unit.text.split()))
        if _LIST.match(unit.text):
            parts.append(f"\n{text}")
        else:
            text = text if text.endswith((".", "?", ":", "…")) else f"{text}."
            parts.append(f" {text}" if parts else text)
    return "".join(parts).strip()


_VERB = re.compile(
    r"\b(?:is|are|was|were|be|been|has|have|had|can|cannot|may|might|must|should|will|would|do|does|costs?|takes?"
    r"|gets?|get|you|we|they|it|runs?|comes?|goes|needs?|lasts?|fits?|holds?|means|works?|applies|please|if)\b",
    re.IGNORECASE,
)
_ORDERS = re.compile(r"^(?:[A-Z][a-z]+ (?:the|your|a|an|it|us|in|on|only|first|all|both|with)\b|\*\*|\d)")


def introduced(text: str, passage: Passage) -> str:
    """A text that begins with a list of things ("Free shipping, 100 days to return") with its heading
    before it."""
    heading = passage.heading.split(" › ")[-1].strip()
    first = split_sentences(text)[:1]
    if (
        not heading
        or not first
        or ": " in heading
        or heading.endswith("?")
        or (passage.language or "en") != "en"
    ):
        return text
    line = first[0].text
    if ":" in line or "," not in line or _VERB.search(line) or _ORDERS.match(line):
        return text
    return f"{heading}: {line[:1].lower()}{line[1:]}{text[first[0].end :]}"


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


def reply_part(text: str) -> str:
    """Of a solved ticket, what the agent wrote."""
    parts = _REPLY.split(text)
    return parts[-1].strip() if len(parts) > 1 else text


def reply_of(passage: Passage, units: Sequence[Unit], limit: int) -> str:
    """A colleague's reply without whom it greeted and what was true of that case only."""
    kept: list[Unit] = []
    for place, unit in enumerate(units):
        text = _SALUTATION.sub("", unit.text) if place == 0 else unit.text
        if not words(text) or _ITS_OWN.search(text) or (is_courtesy(text) and len(words(text)) <= 7):
            continue
        if text.endswith(",") and len(words(text)) <= 3:
            continue  # "Best,": whoever signed it was taken out
        kept.append(Unit(text[:1].upper() + text[1:], unit.stems, unit.topic))
    body = joined(kept)
    while len(body) > max(limit, WHOLE_REPLY) and len(kept) > 1:
        kept.pop()
        body = joined(kept)
    # "€79, and it takes a week." says nothing without what was asked.
    if body and not body[0].isalpha() and passage.title:
        body = f"{passage.title.rstrip('.?! ')}: {body}"
    return body
