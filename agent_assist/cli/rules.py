"""`agent-assist feedback rules`: edits that are remembered and act on the next drafts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import click

from agent_assist.cli.context import Context, json_option, pass_context
from agent_assist.domain.remembered import Rule, RuleState, origin_at
from agent_assist.domain.ticket import format_time
from agent_assist.errors import BadInput
from agent_assist.services.feedback.remembered import RememberedService

_WIDTH = 70
"""Characters of a text in a line of the list."""


@click.group()
def rules() -> None:
    """Edits that are remembered: the next draft like it rests on them.

    \b
    Example:
      agent-assist feedback rules list
      agent-assist feedback rules remove 3f2a
    """


@rules.command("list")
@click.option("--all", "everything", is_flag=True, help="Also the edits that gave no rule, with the reason.")
@json_option
@pass_context
def list_(context: Context, everything: bool, as_json: bool) -> None:
    """The remembered edits, the newest first.

    \b
    Example:
      agent-assist feedback rules list --json
    """
    found = _service(context).all(everything=everything)
    context.emit(as_json, [rule_to_json(r) for r in found], lambda: _lines(found))


@rules.command()
@click.argument("rule_id", metavar="ID")
@json_option
@pass_context
def show(context: Context, rule_id: str, as_json: bool) -> None:
    """One of them whole: the question, what went, what came, and where it is from.

    \b
    Example:
      agent-assist feedback rules show 3f2a
    """
    rule = _service(context).get(rule_id)
    context.emit(as_json, rule_to_json(rule), lambda: _whole(rule))


@rules.command()
@click.argument("ids", nargs=-1, required=True, metavar="ID…")
@pass_context
def confirm(context: Context, ids: Sequence[str]) -> None:
    """Say that they hold: those that wait, were set aside or switched off are used from now on.

    \b
    Example:
      agent-assist feedback rules confirm 3f2a
    """
    _each(context, ids, _service(context).confirm, "used from now on")


@rules.command()
@click.argument("ids", nargs=-1, required=True, metavar="ID…")
@pass_context
def disable(context: Context, ids: Sequence[str]) -> None:
    """Keep them, and rest no draft on them.

    \b
    Example:
      agent-assist feedback rules disable 3f2a
    """
    _each(context, ids, _service(context).disable, "not used any more")


@rules.command()
@click.argument("ids", nargs=-1, required=True, metavar="ID…")
@pass_context
def remove(context: Context, ids: Sequence[str]) -> None:
    """Remove them for good.

    \b
    Example:
      agent-assist feedback rules remove 3f2a 77b0
    """
    _each(context, ids, _service(context).remove, "removed")


def _service(context: Context) -> RememberedService:
    service = context.desk.remembered
    if service is None:
        raise BadInput("This desk remembers no edits.")
    return service


def _each(context: Context, ids: Sequence[str], work: Callable[[str], object], what: str) -> None:
    for rule_id in ids:
        work(rule_id)
        click.echo(f"{rule_id}: {what}")


def rule_to_json(rule: Rule) -> dict[str, Any]:
    """The interchange form of a remembered edit; scripts rely on its names."""
    return {
        "id": rule.id,
        "state": rule.state.value,
        "why": rule.why,
        "question": rule.question,
        "before": rule.before,
        "after": rule.after,
        "agent_id": rule.agent_id,
        "team": rule.team,
        "ticket_id": rule.ticket_id,
        "created_at": format_time(rule.created_at),
        "language": rule.language,
        "style": rule.style,
        "channel": rule.channel,
        "articles": list(rule.sources),
    }


def _lines(found: Sequence[Rule]) -> Iterator[str]:
    if not found:
        yield "No edits are remembered yet."
    for rule in found:
        said = _plain(rule.after) or rule.why
        yield f"{rule.id[:12]:<12}  {rule.state.value:<8}  {said}"
        if rule.why and rule.after and rule.state is not RuleState.ACTIVE:
            yield f"{'':<24}{rule.why}"


def _whole(rule: Rule) -> Iterator[str]:
    yield f"{rule.id}  {rule.state.value}"
    if rule.url:
        yield origin_at(rule.url)
    for name, text in (("asked", rule.question), ("was", rule.before), ("is", rule.after), ("why", rule.why)):
        if text:
            yield f"  {name:<6}{_plain(text, 2000)}"
    if rule.sources:
        yield f"  corrects {', '.join(rule.sources)}"


def _plain(text: str, width: int = _WIDTH) -> str:
    # Customers' words reach these texts: nothing in them may steer the terminal.
    shown = "".join(c for c in " ".join(text.split()) if c.isprintable())
    return shown if len(shown) <= width else shown[: width - 1] + "…"
