"""`agent-assist run`: the window, or the same job in the terminal where there is no display."""

from __future__ import annotations

import os
import sys

import click

from agent_assist.cli.context import Context, ask_passphrase, pass_context
from agent_assist.domain.links import read_link
from agent_assist.errors import BadInput


def has_display() -> bool:
    """Whether a window can be shown here."""
    if sys.platform in ("win32", "darwin"):
        return True
    chosen = os.environ.get("QT_QPA_PLATFORM", "")
    return bool(
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY") or chosen.startswith("offscreen")
    )


@click.command()
@click.option("--demo", is_flag=True, help="Use the built-in demo desk; nothing is kept.")
@pass_context
def run(context: Context, demo: bool) -> int:
    """Open the desktop client.

    Without a workspace of your own yet, the demo desk opens.  Without a display, the first demo
    ticket is drafted in the terminal.

    \b
    Example:
      agent-assist run --demo
    """
    if has_display():
        from agent_assist.opening import window_opener
        from agent_assist.ui.application import run_window

        return run_window(window_opener(context.workspace, demo=demo))
    from agent_assist import app
    from agent_assist.cli.terminal import run_terminal_demo

    desk = app.open_desk(None, demo=True, passphrase=ask_passphrase)
    try:
        return run_terminal_demo(desk, sys.stdout)
    finally:
        desk.close()


@click.command(name="open")
@click.argument("link", required=False, default="")
@pass_context
def open_(context: Context, link: str) -> int:
    """Bring the open client to front, with a ticket.

    LINK is agentassist://ticket/ID, agentassist://ticket/CONNECTION/ID, or the address of a ticket's page
    in a connected helpdesk.

    \b
    Example:
      agent-assist open agentassist://ticket/T-1042
      agent-assist open https://help.example.com/Ticket/Display.html?id=12
    """
    if link and read_link(link) is None:
        raise BadInput("That is no link to a ticket.", "A link looks like agentassist://ticket/T-1042.")
    from agent_assist.opening import window_opener
    from agent_assist.ui.application import run_window

    return run_window(window_opener(context.workspace, demo=False), link)
