"""`agent-assist draft`: drafts for tickets in JSON Lines."""

from __future__ import annotations

from typing import Any

import click

from agent_assist.cli.batch import Row, input_option, output_option, run_batch, ticket_of
from agent_assist.cli.context import Context, pass_context
from agent_assist.domain.audit import AuditAction
from agent_assist.domain.suggestion import Suggestion
from agent_assist.errors import BadInput


def suggestion_to_json(suggestion: Suggestion) -> dict[str, Any]:
    """The interchange form of a draft; scripts rely on its names."""
    titles = {h.passage.article_id: h.passage.title for h in suggestion.hits}
    return {
        "id": suggestion.ticket_id,
        "decision": suggestion.decision.value,
        "text": suggestion.text,
        "sentences": [
            {
                "text": s.text,
                "start": s.start,
                "end": s.end,
                "citations": list(s.citations),
                "supported": s.supported,
                "marks": [
                    {
                        "kind": m.kind.value,
                        "start": m.start,
                        "end": m.end,
                        "reason": m.reason,
                        "blocks": m.kind.blocks,
                    }
                    for m in s.marks
                ],
            }
            for s in suggestion.sentences
        ],
        "citations": list(suggestion.citations),
        "confidence": suggestion.confidence,
        "reasons": list(suggestion.reasons),
        "origin": suggestion.origin.value,
        "language": suggestion.language,
        "channel": suggestion.channel,
        "passages": [
            {
                "article_id": h.passage.article_id,
                "title": titles[h.passage.article_id],
                "score": round(h.score, 4),
            }
            for h in suggestion.hits
        ],
        "model": {
            "name": suggestion.model_name,
            "sha256": suggestion.model_sha256,
            "adapter_sha256": suggestion.adapter_sha256,
        },
        "prompt_version": suggestion.prompt_version,
        "timings_ms": {
            "retrieve": round(suggestion.timings.retrieve, 1),
            "first_token": round(suggestion.timings.first_token, 1),
            "total": round(suggestion.timings.total, 1),
        },
        "usage": {
            "prompt_tokens": suggestion.usage.prompt_tokens,
            "cached_tokens": suggestion.usage.cached_tokens,
            "completion_tokens": suggestion.usage.completion_tokens,
        },
    }


@click.command()
@input_option
@output_option
@click.option(
    "--steer", default="", metavar="TEXT", help="A wish for every draft, such as “mention the delay”."
)
@pass_context
def draft(context: Context, source: str | None, target: str, steer: str) -> None:
    """Draft a reply for each ticket of a JSON Lines file.

    \b
    Example:
      agent-assist draft --input tickets.jsonl --output drafts.jsonl
    """
    if not source:
        raise BadInput(
            "No tickets were given.", "Name a JSON Lines file with --input, or - for standard input."
        )
    desk = context.desk
    desk.models.start()

    def handle(row: Row) -> Row:
        suggestion = desk.drafting.draft(ticket_of(row), steer=steer)
        if desk.audit is not None:
            desk.audit.record(
                AuditAction.DRAFTED,
                suggestion=suggestion.id,
                decision=suggestion.decision.value,
                model=suggestion.model_sha256[:12],
            )
        return suggestion_to_json(suggestion)

    context.exit_code = run_batch(source, target, handle)
