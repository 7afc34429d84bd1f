"""Finds sentences of articles that no customer should be told on the word of one article alone.

Whoever can write into a wiki can plant a sentence in it, and a draft would repeat it as the company's word.
What is looked for is not the wording of known attacks but what a planted sentence has to do: tell the writer
of the reply what to write, speak for somebody in authority, overrule the rest of the article, play a
conversation, ask the customer for a secret, or send money elsewhere.  A sentence that is found is kept out of
the evidence until a lead approves it (`services.article_review`), so a wrong find costs one click.

A planted *fact* in plain words ("breakfast costs 99 dollars") has none of these marks and is not found.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from agent_assist.domain.asking import asks_secret, diverts_payment
from agent_assist.domain.injection import find_injections, fold
from agent_assist.domain.planted_rules import (
    CHANNEL,
    LABELS,
    RULES,
    SPEAKER,
    TO_READER,
    Speech,
    language_of,
    speaks_otherwise,
)
from agent_assist.domain.text import Span, content_words, split_sentences

VERSION = "2"
"""Raise it when the rules change: articles that are already here are then looked through again."""

_BREAK = re.compile(r"\n[ \t]*\n|\n(?=[ \t]*(?:[-*•–#>|]|\d{1,2}[.)])\s)")
_TELLING = 3
"""Words of a sentence that says something."""
_LONGEST = 600
"""Characters of a sentence that are compared with the rules."""


class Suspicion(StrEnum):
    """Why a sentence is held back; the value is shown."""

    ORDER = "It tells the assistant or the agent what to write."
    AUTHORITY = "It speaks of an approval or a decision that no article can give."
    OVERRULE = "It overrules the rest of the article."
    DIALOGUE = "It plays a conversation or an answer."
    LANGUAGE = "It is in another language than its article."
    STRAY = "It has nothing to do with the rest of its article."
    NEW = "It is new in this article."
    SECRET = "It asks the customer for a secret."
    PAYMENT = "It asks for money in a way that fraudsters do."


_OF: dict[Speech, Suspicion] = {
    Speech.ORDER: Suspicion.ORDER,
    Speech.AUTHORITY: Suspicion.AUTHORITY,
    Speech.OVERRULE: Suspicion.OVERRULE,
    Speech.EXAMPLE: Suspicion.DIALOGUE,
}


@dataclass(frozen=True, slots=True)
class Suspect:
    """`text[start:end]` of an article, a sentence or more, that is held back."""

    text: str
    start: int
    end: int
    reason: Suspicion

    @property
    def digest(self) -> str:
        """What an approval names: it holds for these words, however they are spaced, and no others."""
        return digest(self.text)


@dataclass(frozen=True, slots=True)
class HeldSentence:
    """A sentence of an article that is no evidence, or was none until somebody approved it."""

    id: str
    """Names the sentence in its article; holds none of its words, so that it can stand in a log."""
    article_id: str
    text: str
    reason: str
    """A sentence: a `Suspicion`."""
    approved_by: str = ""
    """The pseudonym of who approved it; empty while it is held back."""


def held_id(article_id: str, suspect: Suspect) -> str:
    """The id of a sentence in its article."""
    return hashlib.sha256(f"{article_id}\n{suspect.digest}".encode("utf-8", "replace")).hexdigest()[:12]


def digest(text: str) -> str:
    """The first 16 hexadecimal digits of the sha256 of the folded words."""
    return hashlib.sha256(fold(text).encode("utf-8", "replace")).hexdigest()[:16]


def find_planted(text: str, about: str = "") -> tuple[Suspect, ...]:
    """The sentences of an article's Markdown that look planted, in order, none overlapping.

    `about` is the title and what else says what the article is about; with it, sentences that share no word
    with that or the rest of the text are found, too, where they stand by themselves.
    """
    spans = split_sentences(text)
    strays = set(_strays(text, spans, about)) if about else set()
    main = _main_language(spans)
    steering = find_injections(text, article=True)
    played = set(_played(spans))
    found: list[Suspect] = []
    reach = 0
    for span in spans:
        if span.start < reach:
            found.append(Suspect(span.text, span.start, span.end, found[-1].reason))
            continue
        reason = (
            Suspicion.ORDER
            if any(i.start < span.end and span.start < i.end for i in steering)
            else Suspicion.DIALOGUE
            if span in played
            else _reason(span.text, main) or (Suspicion.STRAY if span in strays else None)
        )
        if reason is None:
            continue
        found.append(Suspect(span.text, span.start, span.end, reason))
        if reason in (Suspicion.ORDER, Suspicion.OVERRULE, Suspicion.AUTHORITY):
            # What follows in the paragraph is what was ordered, or what is said to hold instead.
            reach = _paragraph_end(text, span.end)
    return tuple(found)


def find_new(text: str, before: str) -> tuple[Suspect, ...]:
    """The sentences of `text` that `before` does not have."""
    known = {digest(span.text) for span in split_sentences(before)}
    found = (Suspect(span.text, span.start, span.end, Suspicion.NEW) for span in split_sentences(text))
    return tuple(suspect for suspect in found if suspect.digest not in known)


def without(text: str, suspects: Iterable[Suspect]) -> str:
    """The text with these stretches cut out; the rest as it is to the byte."""
    for one in sorted(suspects, key=lambda s: -s.start):
        before, after = text[: one.start], text[one.end :]
        if before.endswith(" ") and (not after or after[0] in " \n"):
            before = before.rstrip(" ")
        text = before + after
    return text


def _reason(text: str, main: str) -> Suspicion | None:
    folded = fold(_bare(text[:_LONGEST]))
    if asks_secret(text[:_LONGEST]):
        return Suspicion.SECRET
    if diverts_payment(text[:_LONGEST]):
        return Suspicion.PAYMENT
    for speech, rule, spares_readers in RULES:
        match = rule.search(folded)
        if match and not (spares_readers and TO_READER.search(folded)):
            return _OF[speech]
    if main and speaks_otherwise(text, main):
        return Suspicion.LANGUAGE
    return None


def _bare(text: str) -> str:
    """Without the sign of a heading, a quotation or a list."""
    return text.lstrip("#>*-•–0123456789.) \t")


def _strays(text: str, spans: list[Span], about: str) -> Iterable[Span]:
    """Sentences that share no word with the title or with any other sentence, in a paragraph of their own.
    In running text, and in an article of two or three sentences, honest ones do that, too."""
    contents = [frozenset(content_words(span.text)) for span in spans]
    seen = Counter(word for own in contents for word in own)
    titled = frozenset(content_words(about))
    for span, own in zip(spans, contents, strict=True):
        if len(own) < _TELLING or len(spans) < 2 or own & titled or any(seen[w] > 1 for w in own):
            continue
        if _alone(text, span):
            yield span


def _alone(text: str, span: Span) -> bool:
    """Whether a sentence is a paragraph, and not the one that says what a heading is about."""
    before, after = text[: span.start].rstrip(" \t"), text[span.end :]
    if not before.endswith("\n\n") or (after.strip() and not after.startswith("\n\n")):
        return False
    return not before.rstrip().rpartition("\n")[2].lstrip().startswith("#")


def _main_language(spans: list[Span]) -> str:
    """What most sentences are written in, or the first one where it is a tie; "" for one sentence."""
    spoken = [code for span in spans if (code := language_of(span.text))]
    return max(spoken, key=spoken.count) if len(spans) > 1 and spoken else ""


def _played(spans: list[Span]) -> Iterable[Span]:
    """Sentences that two speakers say in turns: "Agent: … Customer: …", or a lone "Q: … A: …"."""
    for span in spans:
        labels = [m.group(1).casefold() for m in SPEAKER.finditer(span.text)]
        if len(set(labels)) >= 2 and (set(labels) & LABELS or len(spans) > 2 * len(labels)):
            yield span
    labelled = [(s, m.group(1).casefold()) for s in spans if (m := SPEAKER.match(_bare(s.text)))]
    asked = sum(label not in LABELS for _, label in labelled)
    for (one, first), (other, second) in pairwise(labelled):
        lone = asked <= 2 and len(spans) > asked
        if first != second and ({first, second} & LABELS or lone) and other.start - one.end < CHANNEL:
            yield from (s for s in spans if one.start <= s.start <= other.end)


def _paragraph_end(text: str, at: int) -> int:
    end = _BREAK.search(text, at)
    return end.start() if end else len(text)
