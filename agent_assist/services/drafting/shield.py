"""Passages without what tries to steer the assistant: an article may come from anyone who can write one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from agent_assist.domain.injection import find_injections, readable
from agent_assist.domain.knowledge import Collection, Hit, Passage
from agent_assist.domain.text import content_words, split_sentences


def unsteered(hits: Sequence[Hit]) -> list[Hit]:
    """The hits, such text cut out: a reply may be put together from what is left, so no note stands there."""
    return [_unsteered(hit) for hit in hits]


def unsteered_passages(passages: Sequence[Passage]) -> list[Passage]:
    """As `unsteered`, for passages that are read beside those that search found."""
    return [hit.passage for hit in unsteered([Hit(passage, 0.0) for passage in passages])]


def steering_notes(before: Sequence[Hit], after: Sequence[Hit]) -> list[str]:
    """A sentence for the agent where something was left out of an article."""
    titles = [h.passage.title or h.passage.article_id for b, h in zip(before, after) if b is not h]
    return [
        f"“{title}” holds text that tries to steer the assistant; it was left out."
        for title in dict.fromkeys(titles)
    ]


_ORDER = re.compile(
    r"(?:please |now |also |then )?(?:describe|explain|compose|write|draft|create|develop|provide|tell|give"
    r"|translate|summari[sz]e|solve|define|break down|show|recite|generate|discuss|outline|imagine|beschreibe"
    r"|erkläre|schreibe|übersetze|explica|escribe|traduce|décris|explique|écris|traduis)\b",
    re.IGNORECASE,
)


_OURS = re.compile(r"\b(?:us|me|our|my|uns|nos|nous)\b", re.IGNORECASE)
"""What an article asks its readers for: "write to us with your order number"."""


def _without_strays(text: str, about: str) -> str:
    """The text without orders and questions that share no word with the rest of the article: a small model,
    and a reply put together from the passage, would repeat them."""
    spans = split_sentences(text)
    strays = []
    for span in spans:
        order = _ORDER.match(span.text) and not _OURS.search(span.text)
        if not order and not span.text.endswith("?"):
            continue
        own = set(content_words(span.text))
        rest = set(content_words(f"{about} {text[: span.start]} {text[span.end :]}"))
        if len(own) >= 2 and not own & rest:
            strays.append(span)
    if not strays or len(strays) == len(spans):
        return text
    for span in reversed(strays):
        text = f"{text[: span.start].rstrip()} {text[span.end :].lstrip(' ')}"
    return text.strip()


def _unsteered(hit: Hit) -> Hit:
    passage = hit.passage
    text, title = passage.text, passage.title
    if find_injections(text, article=True):
        text = readable(text, article=True, note="")
    if passage.collection != Collection.SOLVED:  # there, customers ask whatever they like
        text = _without_strays(text, f"{title} {passage.heading}")
    if title and find_injections(title, article=True):
        title = readable(title, article=True, note="")
    if text is passage.text and title is passage.title:
        return hit
    return replace(hit, passage=replace(passage, text=text, title=title))
