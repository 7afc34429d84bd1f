"""What stands beside a training row: when, where and how it came to be, for splitting, ageing and balance."""

from __future__ import annotations

from typing import Any

from agent_assist.domain.feedback import Outcome
from agent_assist.domain.suggestion import Suggestion
from agent_assist.domain.ticket import Ticket, format_time, ticket_to_json


def meta_of(suggestion: Suggestion, outcome: Outcome | None, ticket: Ticket, customer: str) -> dict[str, Any]:
    """Facts about one row; `customer` is a digest, nothing in it names a person."""
    return {
        "ticket": suggestion.ticket_id,
        "suggestion": suggestion.id,
        "at": format_time(suggestion.created_at),
        "customer": customer,
        "agent": outcome.agent_id if outcome else "",
        "team": outcome.team if outcome else "",
        "channel": suggestion.channel,
        "language": suggestion.language,
        "intent": outcome.intent if outcome else "",
        "tags": list(ticket.tags),
        "passages": list(dict.fromkeys(h.passage.article_id for h in suggestion.hits)),
        "origin": suggestion.origin.value,
        "outcome": outcome.kind.value if outcome else "",
        "edit_distance": outcome.edit_distance if outcome else None,
        "model": suggestion.model_sha256,
        "adapter": suggestion.adapter_sha256,
    }


def learnt_ticket(ticket: Ticket, customer: str) -> dict[str, Any]:
    """The ticket as the draft saw it, to be asked again when a new model is measured.

    Without fields, names and addresses: the texts were redacted, these say who it was.
    """
    whole = ticket_to_json(ticket)
    kept = ("id", "text", "role", "created_at")
    messages = [{name: m.get(name) for name in kept} for m in whole["messages"]]
    return {
        "id": whole["id"],
        "channel": whole["channel"],
        "language": whole["language"],
        "status": whole["status"],
        "customer": {"id": customer},
        "messages": messages,
        "tags": whole["tags"],
    }
