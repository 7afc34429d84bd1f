"""`agent-assist policy`: the lead's rules, checked and tried out."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from agent_assist.cli.batch import Row, input_option, output_option, run_batch, ticket_of
from agent_assist.cli.context import Context, json_option, pass_context
from agent_assist.domain.policy import Policy, PolicyRule
from agent_assist.domain.ticket import Role
from agent_assist.errors import BadInput
from agent_assist.services.safety.policy_keeping import PolicyKeeper


class _Now:
    """Implements ports.Clock; the composition root's would import every adapter."""

    def now(self) -> datetime:
        return datetime.now(UTC)


@click.group()
def policy() -> None:
    """Check, try and set the rules in policy.yaml.

    \b
    Example:
      agent-assist policy check
      agent-assist policy test --input tickets.jsonl
    """


def _file(context: Context, path: Path | None) -> Path:
    from agent_assist.adapters.policy_file import NAME
    from agent_assist.adapters.workspace import default_folder

    return path or (context.workspace or default_folder()) / NAME


def _read(path: Path) -> Policy:
    from agent_assist.adapters.policy_file import PolicyFile

    if not path.is_file():
        raise BadInput(f"There is no {path}.", "Copy the example from the in-app help, page Policy, into it.")
    return PolicyFile(path).read()


@policy.command()
@click.argument("path", required=False, type=click.Path(dir_okay=False, path_type=Path), metavar="[FILE]")
@json_option
@pass_context
def check(context: Context, path: Path | None, as_json: bool) -> None:
    """Say what is wrong with a policy file, line by line; the workspace's where none is named.

    \b
    Example:
      agent-assist policy check policy.yaml
    """
    path = _file(context, path)
    found = _read(path)
    data = {
        "file": str(path),
        "rules": [_row(rule) for rule in found.rules],
        "faults": [{"line": fault.line, "message": fault.sentence} for fault in found.faults],
    }
    lines = [f"{path}:{fault.line}: {fault.sentence}" for fault in found.faults]
    count = len(found.rules)
    lines.append(f"{count} {'rule is' if count == 1 else 'rules are'} in order.")
    context.emit(as_json, data, lines)
    context.exit_code = 1 if found.faults else 0


def _row(rule: PolicyRule) -> Row:
    return {
        "id": rule.id,
        "line": rule.line,
        "from": rule.begins.isoformat() if rule.begins else None,
        "until": rule.ends.isoformat() if rule.ends else None,
    }


@policy.command("set")
@click.argument("path", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE")
@json_option
@pass_context
def set_(context: Context, path: Path, as_json: bool) -> None:
    """Make the rules of FILE those of the workspace; takes a lead.  A file with a fault is refused.

    \b
    Example:
      agent-assist policy set policy.yaml
    """
    from agent_assist.adapters.policy_file import PolicyFile

    text = PolicyFile(path).text()
    if text is None:
        raise BadInput(f"There is no {path}.", "Name the file with the new rules.")
    found = _keeper(context).set(text)
    context.emit(as_json, _policy_json(found), [f"{_count(found)} now."])


@policy.command()
@json_option
@pass_context
def show(context: Context, as_json: bool) -> None:
    """The rules that hold in the workspace, and whether a changed file waits for a lead.

    \b
    Example:
      agent-assist policy show
    """
    found = _keeper(context).read()
    lines = [f"line {rule.line:<5} {rule.id}" for rule in found.rules]
    lines += [str(fault) for fault in found.faults]
    context.emit(as_json, _policy_json(found), [*lines, f"{_count(found)}."])


def _keeper(context: Context) -> PolicyKeeper:
    if context.desk.policy is None:
        raise BadInput("This workspace has no policy.")
    return context.desk.policy


def _policy_json(found: Policy) -> Row:
    return {
        "rules": [_row(rule) for rule in found.rules],
        "faults": [{"line": fault.line, "message": fault.sentence} for fault in found.faults],
        "held_back": found.held_back,
    }


def _count(found: Policy) -> str:
    count = len(found.rules)
    return f"{count} {'rule holds' if count == 1 else 'rules hold'}"


@policy.command()
@input_option
@output_option
@click.option(
    "--file",
    "path",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The rules; without it the workspace's policy.yaml.",
)
@pass_context
def test(context: Context, source: str | None, target: str, path: Path | None) -> None:
    """Show which rules hold for each ticket, and what in its last reply is against one.

    No model is asked and no workspace is opened.

    \b
    Example:
      agent-assist policy test --input tickets.jsonl
    """
    from agent_assist.adapters.policy_file import PolicyFile
    from agent_assist.services.safety.policy import PolicyService

    if not source:
        raise BadInput(
            "No tickets were given.", "Name a JSON Lines file with --input, or - for standard input."
        )
    path = _file(context, path)
    _read(path)
    rules = PolicyService(PolicyFile(path), _Now())

    def handle(row: Row) -> Row:
        ticket = ticket_of(row)
        language = ticket.language or ""
        applied = rules.applied(ticket, language)
        reply = next((m.text for m in reversed(ticket.messages) if m.role is Role.AGENT), "")
        return {
            "id": ticket.id,
            "rules": [rule.id for rule in applied.rules],
            "hand_over": applied.hand_over is not None,
            "say": list(applied.says),
            "slow": list(applied.slow),
            "marks": [
                {"start": m.start, "end": m.end, "text": reply[m.start : m.end], "reason": m.reason}
                for m in (rules.marks(ticket, reply, language) if reply else ())
            ],
        }

    context.exit_code = run_batch(source, target, handle)
