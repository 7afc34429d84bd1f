"""`agent-assist privacy`: what a person may ask for, and how long things are kept."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from agent_assist.cli.context import Context, json_option, pass_context
from agent_assist.domain.erasure import receipt_json
from agent_assist.errors import BadInput
from agent_assist.services.protection.privacy import PrivacyService

customer_option = click.option(
    "--customer", required=True, metavar="ID|EMAIL", help="The customer's id or e-mail address."
)


@click.group()
def privacy() -> None:
    """Erase or export what is kept of a person, and apply retention periods.

    \b
    Example:
      agent-assist privacy export --customer ada@example.com --output ada.json
      agent-assist privacy erase --customer ada@example.com --receipt receipt.json
    """


@privacy.command()
@customer_option
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option(
    "--receipt", type=click.Path(dir_okay=False, path_type=Path), help="Write the receipt here, too."
)
@json_option
@pass_context
def erase(context: Context, customer: str, yes: bool, receipt: Path | None, as_json: bool) -> None:
    """Remove a person for good: tickets, drafts, feedback, replies, solved tickets, indexes.

    \b
    Example:
      agent-assist privacy erase --customer C-7 --yes --receipt receipt.json
    """
    service = _service(context)
    if not yes:
        held = service.look_up(customer)
        click.echo(f"Kept of this person: {_counted(held.counts)}.", err=True)
        click.confirm("Erase all of it? It cannot be brought back", abort=True, err=True)
    made = service.erase(customer)
    data = receipt_json(made)
    if receipt is not None:
        receipt.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
    lines = [f"Erased: {_counted(made.removed)}."]
    if made.masked:
        lines.append(f"Masked in records of others: {_counted(made.masked)}.")
    if made.left:
        lines.append(f"Still named, for you to look at: {_counted(made.left)}.")
    if not made.compacted:
        lines.append(
            "Deleted pages are not overwritten yet, as another process reads the workspace: close it and run "
            "`agent-assist privacy retention run`."
        )
    lines += [
        f"Receipt {made.id}",
        "Backups and files exported earlier are not reached; `agent-assist audit show` lists exports.",
    ]
    context.emit(as_json, data, lines)


@privacy.command()
@customer_option
@click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), required=True, help="The file to write."
)
@json_option
@pass_context
def export(context: Context, customer: str, output: Path, as_json: bool) -> None:
    """Write everything that is kept of a person to one JSON file.

    \b
    Example:
      agent-assist privacy export --customer C-7 --output export.json
    """
    held = _service(context).export(customer, output)
    data = {"path": str(output), "person": held.person, "records": dict(held.counts)}
    context.emit(as_json, data, [f"{_counted(held.counts)} written to {output}. The file is not encrypted."])


@privacy.command()
@json_option
@pass_context
def receipts(context: Context, as_json: bool) -> None:
    """The receipts of all erasures.

    \b
    Example:
      agent-assist privacy receipts --json
    """
    service = _service(context)
    found = service.receipts()
    data = [{**r, "genuine": service.is_genuine(r)} for r in found]
    lines = [f"{r['at']}  {r['receipt']}  {'genuine' if r['genuine'] else 'CHANGED'}" for r in data]
    context.emit(as_json, data, lines or ["Nobody was erased yet."])


@privacy.group()
def retention() -> None:
    """How long things are kept, and removing what is older.

    \b
    Example:
      agent-assist privacy retention set --solved-days 365
    """


@retention.command()
@json_option
@pass_context
def show(context: Context, as_json: bool) -> None:
    """The periods.

    \b
    Example:
      agent-assist privacy retention show
    """
    _emit_periods(context, as_json)


@retention.command("set")
@click.option("--solved-days", type=int, help="Solved tickets, after their last message; 0 keeps them.")
@click.option("--feedback-days", type=int, help="Drafts and what became of them.")
@click.option("--sent-days", type=int, help="What was sent.")
@json_option
@pass_context
def set_(
    context: Context,
    solved_days: int | None,
    feedback_days: int | None,
    sent_days: int | None,
    as_json: bool,
) -> None:
    """Change the periods; what is older goes at the next start, or with `run`.

    \b
    Example:
      agent-assist privacy retention set --solved-days 365 --feedback-days 730
    """
    given = {"solved_days": solved_days, "feedback_days": feedback_days, "sent_days": sent_days}
    context.desk.options.change({f"retention.{n}": v for n, v in given.items() if v is not None})
    _emit_periods(context, as_json)


@retention.command()
@json_option
@pass_context
def run(context: Context, as_json: bool) -> None:
    """Remove now what is older than the periods.

    \b
    Example:
      agent-assist privacy retention run
    """
    removed = _service(context).apply_retention(compact=True)
    context.emit(as_json, {"removed": removed}, [f"Removed: {_counted(removed)}."])


def _emit_periods(context: Context, as_json: bool) -> None:
    periods = context.desk.options.current.retention.model_dump()
    lines = [
        f"{name.removesuffix('_days'):<10} {f'{d} days' if d else 'kept'}" for name, d in periods.items()
    ]
    context.emit(as_json, periods, lines)


def _service(context: Context) -> PrivacyService:
    if context.desk.privacy is None:
        raise BadInput("This workspace cannot erase.")
    return context.desk.privacy


def _counted(counts: Mapping[str, Any]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items() if count) or "nothing"
