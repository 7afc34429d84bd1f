"""`agent-assist triage`: what each ticket wants, how its customer feels, and how urgent it is."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

import click

from agent_assist.cli.batch import (
    Row,
    input_option,
    open_source,
    output_option,
    read_row,
    run_batch,
    ticket_of,
)
from agent_assist.cli.context import Context, json_option, pass_context, progress_line
from agent_assist.domain.ticket import Ticket
from agent_assist.domain.triage import IntentModel, Triage
from agent_assist.errors import AgentAssistError, BadInput
from agent_assist.services.learning.triage import TriageService


@click.group(invoke_without_command=True)
@input_option
@output_option
@click.pass_context
def triage(ctx: click.Context, source: str | None, target: str) -> None:
    """Say for each line what the customer wants, in which mood, how urgent it is, and why.

    Input lines are tickets or {"id", "text"}. Intents are those that `triage fit` learnt from your own
    examples; what fits none of them has "in_scope": false.

    \b
    Example:
      agent-assist triage fit --input examples.jsonl
      agent-assist triage --input tickets.jsonl --output triaged.jsonl
    """
    if ctx.invoked_subcommand is not None:
        return
    if source is None:
        raise BadInput(
            "No tickets were given.", "Name a JSON Lines file with --input, or - for standard input."
        )
    context = ctx.ensure_object(Context)
    service = _service(context)
    service.model()

    def many(rows: list[Row]) -> list[Row]:
        found = service.triage([_subject(row) for row in rows])
        return [{"id": row.get("id"), **triage_to_json(one)} for row, one in zip(rows, found, strict=True)]

    context.exit_code = run_batch(source, target, lambda row: many([row])[0], handle_many=many, size=256)


@triage.command()
@input_option
@json_option
@pass_context
def fit(context: Context, source: str | None, as_json: bool) -> None:
    """Learn intents from examples, in place of those learnt before.

    Input lines are {"text", "intent"}, or tickets with "intent"; an intent of null marks what is out of
    scope: a hundred such lines make the difference. Ten to a hundred lines for each intent are a good start.

    \b
    Example:
      agent-assist triage fit --input examples.jsonl
    """
    if not source:
        raise BadInput(
            "No examples were given.", "Name a JSON Lines file with --input, or - for standard input."
        )
    examples: list[tuple[str | Ticket, str | None]] = []
    bad = _read_examples(source, examples)
    model = _service(context).fit(examples, progress_line)
    report = fitted_to_json(model) | {"bad": len(bad)}
    context.emit(as_json, report, lambda: _fit_lines(report))
    for line in bad[:20]:
        click.echo(line, err=True)
    context.exit_code = 1 if bad else 0


def triage_to_json(found: Triage) -> dict[str, Any]:
    """The interchange form; scripts rely on its names."""
    return {
        "intent": found.intent,
        "confidence": found.confidence,
        "in_scope": found.in_scope,
        "language": found.language,
        "sentiment": found.sentiment.value,
        "urgency": found.urgency.value,
        "escalate": found.escalate,
        "reasons": list(found.reasons),
    }


def fitted_to_json(model: IntentModel) -> dict[str, Any]:
    """What was learnt and how well, without the weights."""
    intents = [label for label in model.labels if label]
    return {
        "intents": len(intents),
        "labels": intents,
        "threshold": round(model.threshold, 4),
        **{name: round(value, 4) for name, value in model.facts.items()},
    }


def _fit_lines(report: dict[str, Any]) -> list[str]:
    lines = [f"{report['intents']} intents learnt from {report['rows']:.0f} examples."]
    if "accuracy" in report:
        lines.append(f"On a fifth that was put aside: {report['accuracy']:.1%} right.")
    if "out_of_scope_recall" in report:
        lines.append(f"Of what is out of scope, {report['out_of_scope_recall']:.0%} was found.")
    if left := report.get("left_out"):
        lines.append(f"{left:.0f} left out: an intent needs two examples.")
    return lines


def _service(context: Context) -> TriageService:
    service = context.desk.triage
    if service is None:  # a desk that a test put together
        raise BadInput("This desk has no triage.")
    return service


def _subject(row: Row) -> str | Ticket:
    if "messages" in row:
        return ticket_of(row)
    text = row.get("text")
    if not isinstance(text, str):
        raise BadInput(
            "The line has neither a text nor messages.", 'Write {"id": …, "text": "…"} or a ticket.'
        )
    return text


def _read_examples(source: str, into: list[tuple[str | Ticket, str | None]]) -> list[str]:
    """Fills `into`; returns a sentence for each line that is no example."""
    bad: list[str] = []
    with ExitStack() as stack:
        for number, line in enumerate(open_source(source, stack), 1):
            if not line.strip():
                continue
            try:
                row = read_row(line, number)
                if isinstance(row, AgentAssistError):
                    raise row
                into.append(_example(row))
            except BadInput as error:
                bad.append(f"Line {number}: {error.sentence}")
    return bad


def _example(row: Row) -> tuple[str | Ticket, str | None]:
    """A text or a ticket (with its own id or none) and its intent."""
    if "ticket" in row and isinstance(row["ticket"], dict):
        row = row["ticket"] | {"intent": row.get("intent")}
    intent = row.get("intent")
    if intent is not None and (not isinstance(intent, str) or not intent.strip()):
        raise BadInput("The intent must be text, or null for what is out of scope.")
    if "messages" in row:
        row = {"id": "example"} | row
    return _subject(row), intent.strip() if intent else None
