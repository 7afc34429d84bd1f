"""Feedback as questions with the articles that answered them: what the search is tuned on."""

from __future__ import annotations

import re
from typing import Any

from agent_assist.domain.feedback import Outcome, OutcomeKind
from agent_assist.domain.suggestion import Suggestion
from agent_assist.domain.ticket import Ticket, format_time
from agent_assist.services.knowledge import inquiry

_PLACEHOLDER = re.compile(r"\[[A-Z][A-Z0-9_]*_\d+\]")
_KEPT = frozenset({OutcomeKind.ACCEPTED, OutcomeKind.EDITED})


def retrieval_row(
    suggestion: Suggestion, outcome: Outcome | None, ticket: Ticket | None, customer: str
) -> dict[str, Any] | None:
    """{"question", "articles", "irrelevant", "group", …}; None where no article is known to answer.

    An article answers where an agent marked it as relevant, or where a sentence that rests on it was left as
    it was in the reply that went out.  `customer` is a keyed digest: their questions stay on one side of a
    split.
    """
    if outcome is None or ticket is None:
        return None
    marked = [a for a, relevant in outcome.relevance.items() if relevant]
    wrong = [a for a, relevant in outcome.relevance.items() if not relevant]
    right = [a for a in dict.fromkeys((*marked, *_kept(suggestion, outcome))) if a not in wrong]
    question = " ".join(_PLACEHOLDER.sub("", inquiry.from_ticket(ticket).question).split())
    if not right or not question:
        return None
    return {
        "question": question,
        "articles": right,
        "irrelevant": wrong,
        "group": customer or ticket.id,
        "language": suggestion.language,
        "at": format_time(outcome.created_at),
    }


def _kept(suggestion: Suggestion, outcome: Outcome) -> list[str]:
    """Articles of the draft's sentences that the agent left in."""
    if outcome.kind not in _KEPT:
        return []
    final = " ".join(outcome.final_text.split())
    whole = outcome.kind is OutcomeKind.ACCEPTED
    return [
        article
        for sentence in suggestion.sentences
        if sentence.supported and (whole or " ".join(sentence.text.split()) in final)
        for article in sentence.citations
    ]
