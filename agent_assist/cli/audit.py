"""`agent-assist audit`: the tamper-evident log of who did what."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from agent_assist.cli.context import Context, json_option, pass_context
from agent_assist.domain.audit import AuditAction, AuditReport, Head
from agent_assist.errors import BadInput
from agent_assist.services.audit import AuditService, entry_json


@click.group()
def audit() -> None:
    """Check, read and export the log of who did what.

    \b
    Example:
      agent-assist audit verify
      agent-assist audit show --limit 20
    """


@audit.command()
@click.option("--head", "noted", metavar="NUMBER:MAC", help="A head that you noted or exported earlier.")
@json_option
@pass_context
def verify(context: Context, noted: str | None, as_json: bool) -> int:
    """Read the whole log and say whether anything was changed, removed, moved, cut off or put back.

    \b
    Example:
      agent-assist audit verify
      agent-assist audit verify --head 120:5f0c…
    """
    report = _log(context).verify(_head(noted) if noted else None)
    context.emit(as_json, report_json(report), lambda: _report_lines(report))
    return 0 if report.intact else 3


@audit.command()
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="At most so many.")
@click.option("--action", type=click.Choice([a.value for a in AuditAction]), help="Only this kind.")
@json_option
@pass_context
def show(context: Context, limit: int, action: str | None, as_json: bool) -> None:
    """The newest entries.

    \b
    Example:
      agent-assist audit show --action read_raw
    """
    log = _log(context)
    data = [entry_json(entry) for entry in log.entries(limit, AuditAction(action) if action else None)]
    context.emit(as_json, data, lambda: _entry_lines(data))


@audit.command()
@click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), required=True, help="The file to write."
)
@json_option
@pass_context
def export(context: Context, output: Path, as_json: bool) -> None:
    """Write the whole log to a file: JSON Lines, or CSV where the name ends in .csv.

    \b
    Example:
      agent-assist audit export --output audit.jsonl
    """
    log = _log(context)
    count = log.export(output)
    head = log.verify().head
    data = {"path": str(output), "entries": count, "head": f"{head.number}:{head.mac}"}
    context.emit(
        as_json,
        data,
        [
            f"{count} {'entry' if count == 1 else 'entries'} written to {output}.",
            f"Head, to keep elsewhere: {data['head']}",
        ],
    )


@audit.command()
@click.option("--reason", required=True, help="Why there is a gap; it stays in the log.")
@json_option
@pass_context
def accept(context: Context, reason: str, as_json: bool) -> None:
    """Go on after a backup was restored: the log then ends before what was remembered of it.

    \b
    Example:
      agent-assist audit accept --reason "Backup of 12 November restored after a disk fault"
    """
    report = _log(context).accept(reason)
    context.emit(as_json, report_json(report), lambda: _report_lines(report))


def report_json(report: AuditReport) -> dict[str, Any]:
    """What `audit verify --json` prints."""
    return {
        "intact": report.intact,
        "entries": report.entries,
        "head": f"{report.head.number}:{report.head.mac}",
        "anchors": dict(report.anchors),
        "accepted_gaps": report.accepted,
        "findings": [{"number": f.number, "sentence": f.sentence} for f in report.findings],
    }


def _log(context: Context) -> AuditService:
    desk = context.desk
    if desk.audit is None:
        raise BadInput("This workspace has no audit log.")
    return desk.audit


def _head(text: str) -> Head:
    number, _, mac = text.strip().partition(":")
    if not number.isdigit() or len(mac) != 64:
        raise BadInput(f"{text} is no head of a log.", "Write it as `audit export` printed it: NUMBER:MAC.")
    return Head(int(number), mac)


def _report_lines(report: AuditReport) -> Iterator[str]:
    for finding in report.findings:
        yield finding.sentence
    if report.intact:
        noun = "entry" if report.entries == 1 else "entries"
        yield f"{report.entries} {noun}, whole and in order."
        for place, number in report.anchors.items():
            yield f"  {place} remembers entry {number}"
    if report.accepted:
        yield f"Gaps that an admin accepted: {report.accepted}"
    if report.entries:
        yield f"Head: {report.head.number}:{report.head.mac}"


def _entry_lines(data: list[dict[str, Any]]) -> Iterator[str]:
    if not data:
        yield "Nothing is recorded yet."
    for entry in data:
        details = " ".join(f"{name}={value}" for name, value in entry["details"].items() if value != "")
        when = entry["at"][:19].replace("T", " ")
        line = f"{entry['number']:>6}  {when}  {entry['agent']:<18}  {entry['action']:<18}  {details}"
        yield "".join(c for c in line if c.isprintable()).rstrip()
