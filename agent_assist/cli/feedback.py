"""`agent-assist feedback`: what became of drafts, and training data made of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click

from agent_assist.cli.context import Context, json_option, pass_context
from agent_assist.cli.rules import rules
from agent_assist.domain.feedback import ExportFormat, FeedbackStats, Outcome
from agent_assist.domain.suggestion import Suggestion
from agent_assist.domain.ticket import format_time, parse_time

_WIDTH = 60
"""Characters of a text in a line of the list."""


def _since(_: click.Context, __: click.Parameter, value: str | None) -> datetime | None:
    return _moment(value) if value else None


def _until(_: click.Context, __: click.Parameter, value: str | None) -> datetime | None:
    """A day is read as its end, so that `--until` includes it."""
    if not value:
        return None
    moment = _moment(value)
    return moment + timedelta(days=1) if len(value.strip()) <= len("2026-11-22") else moment


def _moment(value: str) -> datetime:
    moment = parse_time(value)
    if moment is None:
        raise click.BadParameter(f"{value} is not a date. Write 2026-11-22 or 2026-11-22T09:00:00Z.")
    return moment


def period_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """--since, --until and --team."""
    for option in (
        click.option("--team", metavar="NAME", help="Only what this team decided."),
        click.option(
            "--until", metavar="DATE", callback=_until, help="Up to this day, included, or this time (UTC)."
        ),
        click.option("--since", metavar="DATE", callback=_since, help="From this day or time on (UTC)."),
    ):
        function = option(function)
    return function


@click.group()
def feedback() -> None:
    """Look at what became of drafts, and export it for training.

    Example: agent-assist feedback export --format sft --output train.jsonl --since 2026-11-01
    """


@feedback.command()
@period_options
@json_option
@pass_context
def stats(
    context: Context, since: datetime | None, until: datetime | None, team: str | None, as_json: bool
) -> None:
    """How many drafts were accepted, edited or rejected, and why.

    Example: agent-assist feedback stats --since 2026-11-01
    """
    found = context.desk.feedback.stats(since, until, team)
    context.emit(as_json, asdict(found), lambda: _stats_lines(found))


@feedback.command("list")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="At most so many.")
@period_options
@json_option
@pass_context
def list_(
    context: Context,
    limit: int,
    since: datetime | None,
    until: datetime | None,
    team: str | None,
    as_json: bool,
) -> None:
    """The newest drafts and what became of them.

    Example: agent-assist feedback list --limit 10
    """
    entries = context.desk.feedback.entries(limit, since, until, team)
    data = [_entry(suggestion, outcome) for suggestion, outcome in entries]
    context.emit(as_json, data, lambda: _entry_lines(data))


@feedback.command()
@click.option(
    "--format",
    "wanted",
    type=click.Choice([f.value for f in ExportFormat]),
    required=True,
    help="sft, preference and unpaired are training data as TRL loads it; retrieval has questions with their "
    "articles; csv and parquet hold all records.",
)
@click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), required=True, help="The file to write."
)
@click.option("--raw", is_flag=True, help="Keep personal data as it is. Without this it is replaced.")
@period_options
@json_option
@pass_context
def export(
    context: Context,
    wanted: str,
    output: Path,
    raw: bool,
    since: datetime | None,
    until: datetime | None,
    team: str | None,
    as_json: bool,
) -> None:
    """Write feedback to a file, with a dataset card beside it.

    Example: agent-assist feedback export --format preference --output pairs.jsonl
    """
    report = context.desk.feedback.export(ExportFormat(wanted), output, since, until, team, raw)

    def lines() -> Iterator[str]:
        rows, drafts = _some(report.rows, "row"), _some(report.suggestions, "draft")
        yield f"{rows} from {drafts} written to {report.path}."
        for why, count in report.skipped.items():
            yield f"  left out: {count} ({why})"
        yield "Personal data was replaced." if report.redacted else "The file holds personal data."
        yield f"What is in it: {report.card_path}"

    context.emit(as_json, asdict(report), lines)


feedback.add_command(rules)


def _stats_lines(found: FeedbackStats) -> Iterator[str]:
    yield f"{_some(found.suggestions, 'draft')}, {found.decided} decided"
    if found.decided:
        yield f"accepted or lightly edited  {found.acceptance:.0%}"
        yield f"sent as they were           {found.sent_as_is:.0%}"
        yield f"characters changed, mean    {found.mean_edit_distance:.0%}"
        yield f"time to decide, median      {found.median_decision_ms / 1000:.1f} s"
    for name, count in found.by_kind.items():
        if count:
            yield f"  {name:<12}{count:>6}"
    for name, count in found.by_reason.items():
        yield f"  reason {name.replace('_', ' ')}: {count}"
    yield f"missing knowledge reported: {found.missing_knowledge}"
    yield f"articles marked: {found.relevance_marks}, drafts compared: {found.preferences}"
    yield f"training examples: {found.trainable}"


def _some(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _entry(suggestion: Suggestion, outcome: Outcome | None) -> dict[str, Any]:
    return {
        "suggestion_id": suggestion.id,
        "ticket_id": suggestion.ticket_id,
        "created_at": format_time(suggestion.created_at),
        "decision": suggestion.decision.value,
        "channel": suggestion.channel,
        "language": suggestion.language,
        "draft": suggestion.text,
        "outcome": outcome.kind.value if outcome else None,
        "action": outcome.action.value if outcome else None,
        "final_text": outcome.final_text if outcome else None,
        "edit_distance": outcome.edit_distance if outcome else None,
        "decision_ms": outcome.decision_ms if outcome else None,
        "reasons": [reason.value for reason in outcome.reasons] if outcome else [],
        "reason_text": outcome.reason_text if outcome else "",
        "relevance": dict(outcome.relevance) if outcome else {},
        "missing_knowledge": outcome.missing_knowledge if outcome else False,
        "missing_note": outcome.missing_note if outcome else "",
    }


def _entry_lines(data: list[dict[str, Any]]) -> Iterator[str]:
    if not data:
        yield "No drafts yet."
    for entry in data:
        # Customers' words reach these texts: nothing in them may steer the terminal.
        text = "".join(
            c for c in " ".join((entry["final_text"] or entry["draft"]).split()) if c.isprintable()
        )
        shown = text if len(text) <= _WIDTH else text[: _WIDTH - 1] + "…"
        when = (entry["created_at"] or "")[:16].replace("T", " ")
        yield f"{when:<16}  {entry['ticket_id']:<12}  {entry['outcome'] or 'open':<10}  {shown}"
