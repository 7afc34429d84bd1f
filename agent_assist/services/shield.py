"""Passages without what tries to steer the assistant: an article may come from anyone who can write one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from agent_assist.domain.injection import NOTE, find_injections, readable
from agent_assist.domain.knowledge import Hit


def unsteered(hits: Sequence[Hit]) -> list[Hit]:
    """The hits, those that hold such text with a note in its place."""
    return [_unsteered(hit) for hit in hits]


def steering_notes(hits: Sequence[Hit]) -> list[str]:
    """A sentence for the agent where something was left out of an article."""
    titles = [h.passage.title or h.passage.article_id for h in hits if NOTE in h.passage.text]
    return [
        f"“{title}” holds text that tries to steer the assistant; it was left out."
        for title in dict.fromkeys(titles)
    ]


def _unsteered(hit: Hit) -> Hit:
    passage = hit.passage
    text, title = passage.text, passage.title
    if find_injections(text, article=True):
        text = readable(text, article=True)
    if title and find_injections(title, article=True):
        title = readable(title, article=True, note="")
    if text is passage.text and title is passage.title:
        return hit
    return replace(hit, passage=replace(passage, text=text, title=title))
