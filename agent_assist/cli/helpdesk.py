"""`agent-assist helpdesk`: connect helpdesks, look for changes, see what came."""

from __future__ import annotations

import os
import sys
import webbrowser
from collections.abc import Iterator, Sequence
from typing import Any

import click

from agent_assist.cli.context import Context, json_option, pass_context, progress_line
from agent_assist.cli.stopping import stoppable
from agent_assist.domain.helpdesk import (
    Account,
    Connection,
    ConnectionField,
    ConnectorKind,
    FieldKind,
)
from agent_assist.domain.ticket import QueueFilter, TicketSummary, format_time
from agent_assist.errors import BadInput, EnvironmentProblem
from agent_assist.services.helpdesks.connections import ConnectionService
from agent_assist.services.helpdesks.sync import SyncService

_set_option = click.option(
    "--set", "settings", multiple=True, metavar="FIELD=VALUE", help="A field of the form; repeatable."
)
_secret_option = click.option(
    "--secret-env",
    "secret_variables",
    multiple=True,
    metavar="FIELD=VARIABLE",
    help="Take a secret field from an environment variable; repeatable. Others are asked for.",
)


@click.group()
def helpdesk() -> None:
    """Connect helpdesks and keep the queue in step with them.

    \b
    Example:
      agent-assist helpdesk kinds
      agent-assist helpdesk add rt --set url=https://rt.example.com --secret-env token=RT_TOKEN
      agent-assist helpdesk sync
    """


@helpdesk.command()
@json_option
@pass_context
def kinds(ctx: Context, as_json: bool) -> None:
    """List the systems that can be connected, with the fields that each needs.

    \b
    Example:
      agent-assist helpdesk kinds
    """
    found = _connections(ctx).kinds()
    ctx.emit(as_json, [kind_to_json(k) for k in found], lambda: _kind_lines(found))


@helpdesk.command("list")
@json_option
@pass_context
def list_(ctx: Context, as_json: bool) -> None:
    """List the connected helpdesks.

    \b
    Example:
      agent-assist helpdesk list --json
    """
    connections = _connections(ctx)
    found = connections.all()
    ctx.emit(
        as_json,
        [connection_to_json(c, connections.secrets_in) for c in found],
        lambda: [_line(c) for c in found] or ["No helpdesk is connected."],
    )


@helpdesk.command()
@click.argument("kind")
@click.option("--title", default="", help="A name of your own; its id is made of it.")
@_set_option
@_secret_option
@click.option("--sign-in", "browser", is_flag=True, help="Sign in in the browser (OAuth) for its tokens.")
@click.option("--no-test", is_flag=True, help="Save without signing in first.")
@json_option
@pass_context
def add(
    ctx: Context,
    kind: str,
    title: str,
    settings: Sequence[str],
    secret_variables: Sequence[str],
    browser: bool,
    no_test: bool,
    as_json: bool,
) -> None:
    """Connect a helpdesk of this KIND; it is signed in to before anything is saved.

    Secrets are asked for, or taken from the environment, and never given as an argument: arguments
    stand in the process list and in the shell's history.

    \b
    Example:
      agent-assist helpdesk add rt --title "Acme RT" --set url=https://rt.example.com
    """
    connections = _connections(ctx)
    declared = connections.kind(kind)
    values = dict(_pairs(settings))
    _no_secret_among(declared, values)
    secrets = _secrets(declared.fields, secret_variables, ask=not browser)
    if browser:
        secrets |= stoppable(lambda cancel: connections.sign_in(kind, values, secrets, _open_page, cancel))
    account = None if no_test else connections.test(kind, values, secrets)
    connection = connections.add(kind, title, values, secrets)
    data = connection_to_json(connection, connections.secrets_in) | {"account": _account_json(account)}
    ctx.emit(as_json, data, lambda: [*_account_lines(account), f"Connected as {connection.id}."])


@helpdesk.command()
@click.argument("connection")
@json_option
@pass_context
def test(ctx: Context, connection: str, as_json: bool) -> None:
    """Sign in to a connected helpdesk and say as whom.

    \b
    Example:
      agent-assist helpdesk test acme-rt
    """
    connections = _connections(ctx)
    known = _existing(connections, connection)
    account = connections.test(known.kind, known.values, connection=connection)
    ctx.emit(as_json, _account_json(account), lambda: _account_lines(account))


@helpdesk.command()
@click.argument("connection")
@json_option
@pass_context
def remove(ctx: Context, connection: str, as_json: bool) -> None:
    """Forget a helpdesk, its secrets and its tickets here; nothing changes in the helpdesk.

    \b
    Example:
      agent-assist helpdesk remove acme-rt
    """
    _connections(ctx).remove(connection)
    ctx.emit(as_json, {"removed": connection}, [f"{connection} is removed."])


@helpdesk.command()
@click.argument("connections", nargs=-1, metavar="[CONNECTION…]")
@json_option
@pass_context
def sync(ctx: Context, connections: Sequence[str], as_json: bool) -> int:
    """Look for changes once, in the named helpdesks or in all that are switched on.

    \b
    Example:
      agent-assist helpdesk sync
    """
    service = _connections(ctx)
    wanted = [_existing(service, c) for c in connections] or [c for c in service.all() if c.enabled]
    rows: list[dict[str, Any]] = []
    for connection in wanted:
        try:
            changed = _pull(_sync(ctx), connection.id)
            rows.append({"id": connection.id, "changed": changed})
        except EnvironmentProblem as error:
            rows.append({"id": connection.id, "error": {"code": error.code, "message": str(error)}})
    ctx.emit(as_json, rows, lambda: [_sync_line(row) for row in rows] or ["No helpdesk is connected."])
    failed = [row for row in rows if "error" in row]
    return 0 if not failed else (3 if len(failed) == len(rows) else 1)


@helpdesk.command()
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 10_000))
@json_option
@pass_context
def tickets(ctx: Context, limit: int, as_json: bool) -> None:
    """List the open tickets that came from helpdesks, the newest first.

    \b
    Example:
      agent-assist helpdesk tickets --limit 10
    """
    prefixes = tuple(f"{c.id}:" for c in _connections(ctx).all())
    found = [t for t in ctx.desk.tickets.queue(QueueFilter(limit=10_000)) if t.id.startswith(prefixes)][
        :limit
    ]
    ctx.emit(
        as_json,
        [summary_to_json(t) for t in found],
        lambda: [_ticket_line(t) for t in found] or ["No open tickets."],
    )


def kind_to_json(kind: ConnectorKind) -> dict[str, Any]:
    """A kind of helpdesk with the fields of its form, as `helpdesk kinds --json` prints it."""
    return {
        "kind": kind.name,
        "title": kind.title,
        "abilities": sorted(kind.abilities),
        "problem": kind.problem,
        "fields": [
            {
                "name": f.name,
                "title": f.title,
                "description": f.description,
                "kind": f.kind.value,
                "required": f.required,
                "default": f.default,
                "choices": list(f.choices),
            }
            for f in kind.fields
        ],
    }


def connection_to_json(connection: Connection, secrets_in: str) -> dict[str, Any]:
    """Secrets are not in it, only where they are."""
    return {
        "id": connection.id,
        "kind": connection.kind,
        "title": connection.title,
        "enabled": connection.enabled,
        "values": dict(connection.values),
        "secrets_in": secrets_in,
    }


def summary_to_json(summary: TicketSummary) -> dict[str, Any]:
    """A row of the queue, as `helpdesk tickets --json` prints it."""
    return {
        "id": summary.id,
        "subject": summary.subject,
        "customer": summary.customer_name,
        "status": summary.status.value,
        "messages": summary.message_count,
        "updated_at": format_time(summary.updated_at),
        "unread": summary.unread,
        "waiting": summary.waiting,
        "excerpt": summary.excerpt,
    }


def _connections(ctx: Context) -> ConnectionService:
    found = ctx.desk.connections
    if found is None:
        raise BadInput("This desk connects no helpdesk.")
    return found


def _sync(ctx: Context) -> SyncService:
    found = ctx.desk.sync
    if found is None:
        raise BadInput("This desk connects no helpdesk.")
    return found


def _existing(connections: ConnectionService, name: str) -> Connection:
    found = connections.get(name)
    if found is None:
        raise BadInput(f"There is no connection {name}.", "`agent-assist helpdesk list` shows them.")
    return found


def _pairs(given: Sequence[str]) -> Iterator[tuple[str, str]]:
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise click.UsageError(f"Write NAME=VALUE, not {text}.")
        yield name.strip(), value


def _no_secret_among(kind: ConnectorKind, values: dict[str, str]) -> None:
    for field in kind.fields:
        if field.kind is FieldKind.SECRET and field.name in values:
            raise click.UsageError(
                f"{field.title} is a secret: put it into a variable and name that with --secret-env."
            )


def _open_page(address: str) -> None:
    click.echo(f"Sign in in your browser:\n{address}", err=True)
    webbrowser.open(address)


def _secrets(
    fields: Sequence[ConnectionField], variables: Sequence[str], *, ask: bool = True
) -> dict[str, str]:
    named = dict(_pairs(variables))
    secrets: dict[str, str] = {}
    for name, variable in named.items():
        value = os.environ.get(variable)
        if value is None:
            raise BadInput(f"The environment variable {variable} is not set.", f"Set it to the {name}.")
        secrets[name] = value
    for field in fields:
        if field.kind is FieldKind.SECRET and field.name not in secrets and ask and sys.stdin.isatty():
            note = "" if field.required else " (may be empty)"
            secrets[field.name] = click.prompt(
                f"{field.title}{note}", default="", hide_input=True, show_default=False, err=True
            )
    return secrets


def _pull(service: SyncService, connection: str) -> int:
    return stoppable(
        lambda cancel: service.pull(connection, cancel=cancel, progress=progress_line, notify=False)
    )


def _account_json(account: Account | None) -> dict[str, str] | None:
    return {"id": account.id, "name": account.name, "email": account.email} if account else None


def _account_lines(account: Account | None) -> list[str]:
    if account is None:
        return []
    who = account.name or account.email or account.id
    return [f"Signed in as {who}{f' ({account.email})' if account.email and account.email != who else ''}."]


def _kind_lines(found: Sequence[ConnectorKind]) -> Iterator[str]:
    for kind in found:
        yield f"{kind.name}\t{kind.title}" + (f"  ({kind.problem})" if kind.problem else "")
        for field in kind.fields:
            marks = [field.kind.value] + (["required"] if field.required else [])
            yield f"    {field.name}\t{field.title} ({', '.join(marks)})"


def _line(connection: Connection) -> str:
    return f"{connection.id}\t{connection.kind}\t{connection.title}" + (
        "" if connection.enabled else "\t(off)"
    )


def _sync_line(row: dict[str, Any]) -> str:
    if "error" in row:
        return f"{row['id']}: {row['error']['message']}"
    return f"{row['id']}: {row['changed']} tickets changed."


def _ticket_line(ticket: TicketSummary) -> str:
    return f"{ticket.id}\t{'*' if ticket.unread else ' '} {ticket.subject or ticket.excerpt}"
