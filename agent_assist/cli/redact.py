"""`agent-assist redact`: personal data replaced by placeholders, in JSON Lines."""

from __future__ import annotations

from typing import Any

import click

from agent_assist.cli.batch import Row, input_option, output_option, run_batch, ticket_of
from agent_assist.cli.context import Context, pass_context
from agent_assist.errors import BadInput
from agent_assist.settings import Settings, load

Entity = tuple[str, int, int, str]


@click.command(help="Replace personal data in texts or tickets by placeholders such as [NAME_1].")
@input_option
@output_option
@click.option("--rules-only", is_flag=True, help="Without the name classifier: faster, finds fewer names.")
@pass_context
def redact(context: Context, source: str | None, target: str, rules_only: bool) -> None:
    """Replace personal data by placeholders.

    An input line is {"id", "text"} or a ticket.  A ticket's text is its subject and its messages, one
    after another with an empty line between them; offsets count code points of that text, and each
    message's own entities stand under "messages".

    \b
    Example:
      agent-assist redact --input tickets.jsonl --output redacted.jsonl
    """
    if source is None:
        raise BadInput("Nothing to redact was given.", "Name a file with --input, or - for standard input.")
    from agent_assist.adapters.privacy.redactor import packaged_redactor

    options = _options(context)
    redactor = packaged_redactor(lambda: options, rules_only=rules_only)

    def one(row: Row) -> Row:
        if "messages" in row:
            return _ticket(redactor, row)
        return many([row])[0]

    def many(rows: list[Row]) -> list[Row]:
        if any("messages" in row for row in rows):
            raise BadInput("Tickets are taken one by one.")
        texts = [_text(row) for row in rows]
        results = redactor.redact_each(texts)
        return [
            {"id": row.get("id"), "text": text, "entities": [_entity(e) for e in found]}
            for row, (text, found) in zip(rows, results, strict=True)
        ]

    context.exit_code = run_batch(source, target, one, handle_many=many, size=256)


def _options(context: Context) -> Settings:
    """Those of the settings file; the database is not opened for them."""
    from agent_assist.adapters.workspace import default_folder

    folder = context.workspace or default_folder()
    return load(folder / "settings.json")


def _text(row: Row) -> str:
    text = row.get("text")
    if not isinstance(text, str):
        raise BadInput("The line has neither a text nor messages.")
    return text


def _ticket(redactor: Any, row: Row) -> Row:
    ticket = ticket_of(row)
    done = redactor.redact_ticket(ticket)
    parts = [(ticket.subject, done.ticket.subject, done.subject_entities)] if ticket.subject else []
    parts += [
        (message.text, hidden.text, found)
        for message, hidden, found in zip(ticket.messages, done.ticket.messages, done.entities, strict=True)
    ]
    entities: list[dict[str, Any]] = []
    at = 0
    for original, _, found in parts:
        entities += [_entity((kind, start + at, end + at, mark)) for kind, start, end, mark in found]
        at += len(original) + 2
    return {
        "id": ticket.id,
        "text": "\n\n".join(hidden for _, hidden, _ in parts),
        "entities": entities,
        "subject": done.ticket.subject,
        "messages": [
            {"id": m.id, "role": m.role.value, "text": m.text, "entities": [_entity(e) for e in found]}
            for m, found in zip(done.ticket.messages, done.entities, strict=True)
        ],
    }


def _entity(entity: Entity) -> dict[str, Any]:
    kind, start, end, placeholder = entity
    return {"type": kind, "start": start, "end": end, "placeholder": placeholder}
