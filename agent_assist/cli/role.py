"""`agent-assist role`: who may do what in a workspace."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from agent_assist.cli.context import Context, json_option, pass_context
from agent_assist.domain.access import Permission, Person, TeamRole
from agent_assist.errors import BadInput
from agent_assist.services.access import AccessService


@click.group()
def role() -> None:
    """See and give roles: agent, lead and admin.

    \b
    Example:
      agent-assist role whoami
      agent-assist role set agent-3f09ab12cd34 lead
    """


@role.command("list")
@json_option
@pass_context
def list_(context: Context, as_json: bool) -> None:
    """Everybody who has a role, under their pseudonym.

    \b
    Example:
      agent-assist role list
    """
    people = _access(context).people()
    context.emit(as_json, [person_json(p) for p in people], lambda: _lines(people))


@role.command("set")
@click.argument("who")
@click.argument("wanted", metavar="ROLE", type=click.Choice([r.value for r in TeamRole]))
@json_option
@pass_context
def set_(context: Context, who: str, wanted: str, as_json: bool) -> None:
    """Give somebody a role.  WHO is a pseudonym, or a user name of this machine.

    \b
    Example:
      agent-assist role set agent-3f09ab12cd34 lead
    """
    person = _access(context).set_role(who, TeamRole(wanted))
    context.emit(as_json, person_json(person), [f"{person.agent} is {_named(person.role)} now."])


@role.command("may")
@click.argument("wanted", metavar="ACTION", type=click.Choice([p.name.lower() for p in Permission]))
@json_option
@pass_context
def may_(context: Context, wanted: str, as_json: bool) -> None:
    """Ask whether you may do something before you begin a long piece of work; a no stands in the audit log.

    \b
    Example:
      agent-assist role may train
    """
    permission = Permission[wanted.upper()]
    _access(context).require(permission)
    context.emit(as_json, {"may": True, "action": wanted}, [f"You may {permission.value}."])


@role.command()
@json_option
@pass_context
def whoami(context: Context, as_json: bool) -> None:
    """Your pseudonym in this workspace, your role, and what it allows.

    \b
    Example:
      agent-assist role whoami
    """
    access = _access(context)
    allowed = [p for p in Permission if access.allows(p)]
    data: dict[str, Any] = {
        "agent": access.me,
        "role": access.role.value,
        "may": [p.name.lower() for p in allowed],
    }
    lines = [f"You are {access.me}, {_named(access.role)} here."]
    lines += [f"You may {p.value}." for p in allowed]
    context.emit(as_json, data, lines)


def person_json(person: Person) -> dict[str, Any]:
    """A person by pseudonym, as `role list --json` prints them."""
    return {
        "agent": person.agent,
        "role": person.role.value,
        "since": person.since,
        "given_by": person.given_by,
        "me": person.me,
    }


def _access(context: Context) -> AccessService:
    if context.desk.access is None:
        raise BadInput("This workspace has no roles.")
    return context.desk.access


def _named(role: TeamRole) -> str:
    return {TeamRole.AGENT: "an agent", TeamRole.LEAD: "a lead", TeamRole.ADMIN: "an admin"}[role]


def _lines(people: list[Person]) -> Iterator[str]:
    for person in people:
        since = person.since[:10] or "always"
        yield f"{person.agent:<20} {person.role.value:<6} since {since}{'  (you)' if person.me else ''}"
