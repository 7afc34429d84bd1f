"""What every command is handed: the workspace, the desk, and how to print."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click

from agent_assist.adapters.privacy.logs import protect_logs
from agent_assist.services.desk import Desk


class Context:
    """One run of the command line."""

    def __init__(self) -> None:
        self.workspace: Path | None = None
        self.exit_code = 0
        self._debug = False
        self._desk: Desk | None = None

    @property
    def debug(self) -> bool:
        return self._debug

    @debug.setter
    def debug(self, value: bool) -> None:
        self._debug = value
        logging.basicConfig(level=logging.DEBUG if value else logging.WARNING, stream=sys.stderr)
        protect_logs()

    @property
    def desk(self) -> Desk:
        """The services of the chosen workspace; opened at first use, closed when the command ends."""
        if self._desk is None:
            # The composition root imports every adapter: only commands that open a desk pay for it.
            from agent_assist import app

            self._desk = app.open_desk(self.workspace, passphrase=ask_passphrase)
        return self._desk

    def close(self) -> None:
        if self._desk is not None:
            self._desk.close()
            self._desk = None

    def emit(self, as_json: bool, data: Any, lines: Iterable[str] | Callable[[], Iterable[str]]) -> None:
        """Print one JSON document, or the lines meant for a person."""
        if as_json:
            click.echo(json.dumps(data, ensure_ascii=False, indent=2))
            return
        for line in lines() if callable(lines) else lines:
            click.echo(line)


pass_context = click.make_pass_decorator(Context, ensure=True)
json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON document and nothing else."
)


def ask_passphrase() -> str:
    """The workspace passphrase from the environment, or from the terminal."""
    if value := os.environ.get("AGENT_ASSIST_PASSPHRASE"):
        return value
    if not sys.stdin.isatty():
        return ""
    passphrase: str = click.prompt("Workspace passphrase", hide_input=True, err=True)
    return passphrase


def progress_line(done: int, total: int, note: str = "") -> None:
    """Progress on a terminal's standard error; nothing elsewhere."""
    if sys.stderr.isatty():
        amount = f"{done} of {total}" if total else str(done)
        click.echo(f"\r\033[K{amount} {note}".rstrip(), nl=False, err=True)
        if total and done >= total:
            click.echo("\r\033[K", nl=False, err=True)
