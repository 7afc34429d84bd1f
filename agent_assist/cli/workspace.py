"""`agent-assist workspace`: the key of a workspace."""

from __future__ import annotations

import os

import click

from agent_assist.cli.context import Context, ask_passphrase, json_option, pass_context
from agent_assist.errors import BadInput
from agent_assist.services.protection.keys import KeyService

NEW = "AGENT_ASSIST_NEW_PASSPHRASE"


@click.group()
def workspace() -> None:
    """Change the passphrase of a workspace, or make its recovery key.

    \b
    Example:
      agent-assist workspace passphrase
      agent-assist workspace recovery-key
    """


@workspace.command()
@json_option
@pass_context
def passphrase(context: Context, as_json: bool) -> None:
    """Change the passphrase.  It is asked for, or taken from AGENT_ASSIST_NEW_PASSPHRASE.

    A workspace whose key is in the system keyring opens with the passphrase from then on.

    \b
    Example:
      agent-assist workspace passphrase
    """
    keys = _keys(context)
    old = ask_passphrase() if keys.source == "passphrase" else ""
    new = os.environ.get(NEW) or click.prompt(
        "New passphrase", hide_input=True, confirmation_prompt=True, err=True
    )
    keys.change_passphrase(old, new)
    context.emit(as_json, {"source": keys.source}, ["The workspace opens with the new passphrase."])


@workspace.command("recovery-key")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@pass_context
def recovery_key(context: Context, yes: bool, as_json: bool) -> None:
    """Make a recovery key and show it, once.

    It opens the workspace where the passphrase is forgotten or the keyring is gone: type it where the
    passphrase is asked for.  An older recovery key no longer opens.

    \b
    Example:
      agent-assist workspace recovery-key
    """
    keys = _keys(context)
    if keys.has_recovery_key and not yes:
        click.confirm("There is one already; it will no longer open. Go on", abort=True, err=True)
    printed = keys.make_recovery_key()
    lines = [
        printed,
        "",
        "Print it and keep it away from this machine. It is shown this once and kept nowhere.",
        "Whoever has it and this folder can read everything.",
    ]
    context.emit(as_json, {"recovery_key": printed}, lines)


@workspace.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@pass_context
def rekey(context: Context, yes: bool, as_json: bool) -> None:
    """Encrypt everything anew, under a new data key.

    For when a recovery key or a copy of the folder's key.json got about.  The old recovery key opens nothing
    any more.  Close every window first.  AGENT_ASSIST_NEW_PASSPHRASE changes the passphrase as well.

    \b
    Example:
      agent-assist workspace rekey
    """
    from agent_assist import app

    keys = _keys(context)
    if not yes:
        click.confirm("Encrypt the workspace anew? The old recovery key dies with it", abort=True, err=True)
    passphrase = ask_passphrase() if keys.source == "passphrase" else ""
    keys.begin_rekey()
    folder = context.desk.folder
    context.close()
    app.rekey_workspace(folder, passphrase, os.environ.get(NEW, ""))
    lines = ["Everything is encrypted under a new key.", "Make a new recovery key: workspace recovery-key"]
    context.emit(as_json, {"folder": str(folder), "recovery_key": False}, lines)


@workspace.command()
@json_option
@pass_context
def show(context: Context, as_json: bool) -> None:
    """Where the key is.

    \b
    Example:
      agent-assist workspace show
    """
    keys = _keys(context)
    data = {
        "folder": str(context.desk.folder),
        "source": keys.source,
        "keyring": keys.keyring,
        "recovery_key": keys.has_recovery_key,
    }
    words = {
        "keyring": f"in the system keyring ({keys.keyring})",
        "passphrase": "sealed with your passphrase",
    }
    lines = [
        f"Folder: {data['folder']}",
        f"Key: {words.get(keys.source, 'in memory only')}",
        "Recovery key: made" if keys.has_recovery_key else "Recovery key: none (workspace recovery-key)",
    ]
    context.emit(as_json, data, lines)


def _keys(context: Context) -> KeyService:
    if context.desk.keys is None:
        raise BadInput("This workspace has no key of its own.")
    return context.desk.keys
