"""`agent-assist`: finds the command, runs it, and turns what goes wrong into a sentence and an exit code."""

from __future__ import annotations

import importlib
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from agent_assist import __version__
from agent_assist.cli.context import Context
from agent_assist.errors import AgentAssistError

# Modules are imported when their command is asked for: `--version` must not pay for a database.
COMMANDS = {
    "run": ("agent_assist.cli.run", "Open the desktop client."),
    "doctor": ("agent_assist.cli.doctor", "Say what works on this machine and what to fix."),
    "kb": ("agent_assist.cli.kb", "Import, search and maintain the knowledge base."),
    "draft": ("agent_assist.cli.draft", "Draft replies for tickets, with their sources."),
    "triage": ("agent_assist.cli.triage", "Say what each ticket wants, how it stands and how urgent it is."),
    "redact": ("agent_assist.cli.redact", "Replace personal data in texts by placeholders."),
    "feedback": ("agent_assist.cli.feedback", "Look at what became of drafts, and export it for training."),
    "policy": ("agent_assist.cli.policy", "Check and try the rules that your lead wrote for replies."),
    "model": ("agent_assist.cli.model", "Choose, download and check language models."),
    "helpdesk": ("agent_assist.cli.helpdesk", "Connect helpdesks and keep the queue in step with them."),
    "companion": ("agent_assist.cli.companion", "Follow the ticket that is open in the browser."),
    "audit": ("agent_assist.cli.audit", "Check, read and export the log of who did what."),
    "role": ("agent_assist.cli.role", "See and give roles."),
    "privacy": ("agent_assist.cli.privacy", "Erase or export a person, and apply retention periods."),
    "workspace": ("agent_assist.cli.workspace", "Change the passphrase, make a recovery key."),
    "open": ("agent_assist.cli.run", "Bring the open client to front."),
}


class Commands(click.Group):
    """A group that imports a command's module only when that command is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        module, _ = COMMANDS[name]
        command: click.Command = getattr(importlib.import_module(module), name if name != "open" else "open_")
        return _with_common_options(command)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in COMMANDS.items()])


def _set_workspace(ctx: click.Context, _: click.Parameter, value: Path | None) -> None:
    if value is not None:
        ctx.ensure_object(Context).workspace = value


def _set_debug(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    if value:
        ctx.ensure_object(Context).debug = True


def _common_options() -> list[click.Option]:
    return [
        click.Option(
            ["--workspace"],
            type=click.Path(file_okay=False, path_type=Path),
            metavar="DIR",
            envvar="AGENT_ASSIST_WORKSPACE",
            expose_value=False,
            callback=_set_workspace,
            help="The folder that holds database, models and settings.",
        ),
        click.Option(
            ["--debug"],
            is_flag=True,
            expose_value=False,
            callback=_set_debug,
            help="Show tracebacks and debug logs.",
        ),
    ]


def _with_common_options(command: click.Command) -> click.Command:
    """Let `--workspace` and `--debug` stand after the command too, where people type them."""
    if not any(parameter.name == "workspace" for parameter in command.params):
        command.params.extend(_common_options())
    if isinstance(command, click.Group):
        for child in command.commands.values():
            _with_common_options(child)
    return command


@click.command(cls=Commands, params=_common_options())
@click.version_option(__version__, prog_name="agent-assist")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Draft grounded replies to customers with a language model on your own machine.

    \b
    Example:
      agent-assist run --demo
      agent-assist kb add ./handbook
      agent-assist draft --input tickets.jsonl --output drafts.jsonl
    """
    ctx.ensure_object(Context)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit the process with its code."""
    from agent_assist.adapters import network
    from agent_assist.adapters.workers.confinement import keep_out_of_core_dumps

    network.guard()
    keep_out_of_core_dumps()  # tickets and the workspace key are in this process's memory
    sys.exit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    context = Context()
    try:
        result: Any = cli.main(args=arguments, prog_name="agent-assist", standalone_mode=False, obj=context)
        return result if isinstance(result, int) else context.exit_code
    except click.UsageError as error:
        error.show()
        return 2
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("Stopped.", err=True)
        return 130
    except BrokenPipeError:
        # The reader went away (`| head`): nothing to tell, and Python must not complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except AgentAssistError as error:
        if context.debug:
            logging.getLogger(__name__).exception("failed")
        click.echo(str(error), err=True)
        return error.exit_code
    except Exception as error:
        if context.debug:
            raise
        click.echo(
            f"Agent Assist met a fault of its own ({type(error).__name__}: {error}). "
            "Run the command again with --debug and report what it prints.",
            err=True,
        )
        return 3
    finally:
        context.close()
