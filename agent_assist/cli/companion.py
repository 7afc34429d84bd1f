"""`agent-assist companion`: make the browser companion known to the browsers, and serve it."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

import click

from agent_assist.adapters.companion.install import BROWSERS, Browser, Installer
from agent_assist.cli.context import Context, json_option, pass_context
from agent_assist.domain.companion import EXTENSION_ID, RENDEZVOUS

_browser_option = click.option(
    "--browser",
    "name",
    type=click.Choice([*BROWSERS, "all"]),
    default="all",
    show_default=True,
    help="Which browser.",
)


def _extension(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        if len(value) != 32 or not set(value) <= set("abcdefghijklmnop"):
            raise click.BadParameter(f"{value} is no Chromium extension's id: 32 letters from a to p.")
    return values


_extension_option = click.option(
    "--extension-id",
    "extensions",
    multiple=True,
    callback=_extension,
    metavar="ID",
    help="A further id that the extension has in Chromium, for one that you packed yourself.",
)


@click.group()
def companion() -> None:
    """Follow the ticket that is open in the browser.

    \b
    Example:
      agent-assist companion install
      agent-assist companion status
    """


@companion.command()
@_browser_option
@_extension_option
@click.option(
    "--profile",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="The data folder of a Chromium that was started with --user-data-dir.",
)
@click.option("--links", is_flag=True, help="Have the system open agentassist: links here too.")
@pass_context
def install(
    context: Context, name: str, extensions: tuple[str, ...], profile: Path | None, links: bool
) -> None:
    """Register the companion with the browsers of this user.

    \b
    Example:
      agent-assist companion install --browser firefox --links
    """
    installer = Installer(context.workspace, extensions)
    if profile is not None:
        if name == "firefox":
            raise click.UsageError("--profile is for Chromium and its relatives.")
        chosen = [BROWSERS["chromium" if name == "all" else name]]
    else:
        chosen = _chosen(name, installer)
    for browser in chosen:
        click.echo(f"{browser.title}: registered in {installer.install(browser, profile)}")
    if links:
        click.echo(installer.install_links())
    for line in _how_to_load(installer, chosen):
        click.echo(line)


@companion.command()
@_browser_option
@pass_context
def uninstall(context: Context, name: str) -> None:
    """Take back what `install` did.

    \b
    Example:
      agent-assist companion uninstall
    """
    installer = Installer(context.workspace)
    for browser in BROWSERS.values() if name == "all" else [BROWSERS[name]]:
        if installer.uninstall(browser):
            click.echo(f"{browser.title}: no longer registered")
    if name == "all":
        installer.uninstall_links()
        installer.clean()
        click.echo("Remove the extension itself in the browser, under Extensions.")


@companion.command()
@json_option
@pass_context
def status(context: Context, as_json: bool) -> None:
    """Say which browsers know the companion and whether a window listens.

    \b
    Example:
      agent-assist companion status
    """
    installer = Installer(context.workspace)
    found = [installer.status(browser) for browser in BROWSERS.values()]
    listening = (_workspace(context) / RENDEZVOUS).exists()
    data = {
        "browsers": [asdict(entry) for entry in found],
        "extension": str(installer.extension_folder),
        "extension_id": EXTENSION_ID,
        "window": listening,
    }

    def lines() -> Iterable[str]:
        for entry in found:
            state = "registered" if entry.registered else "not registered"
            yield f"{entry.title}: {state}{'' if entry.there else ' (not found here)'}"
        yield "The window is open." if listening else "No window is open on this workspace."
        yield f"The extension lies in {installer.extension_folder}"

    context.emit(as_json, data, lines)


@companion.command(context_settings={"ignore_unknown_options": True})
@_extension_option
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@pass_context
def host(context: Context, extensions: tuple[str, ...], arguments: tuple[str, ...]) -> int:
    """Speak with a browser: started by the browser, not by you.

    \b
    Example:
      agent-assist companion host chrome-extension://ID/
    """
    from agent_assist.adapters.companion.host import Host, caller

    caller(arguments, extensions)
    # Unbuffered: the thread that waits in it must not hold a lock when the program ends.
    with open(sys.stdin.fileno(), "rb", buffering=0, closefd=False) as incoming:
        return Host(_workspace(context), incoming, sys.stdout.buffer).run()


def _workspace(context: Context) -> Path:
    if context.workspace is not None:
        return context.workspace.expanduser().absolute()
    from agent_assist.adapters.workspace import default_folder

    return default_folder()


def _chosen(name: str, installer: Installer) -> list[Browser]:
    """The named browser, or all that this user has; all of them where none is found."""
    if name != "all":
        return [BROWSERS[name]]
    found = [browser for browser in BROWSERS.values() if installer.status(browser).there]
    return found or list(BROWSERS.values())


def _how_to_load(installer: Installer, chosen: list[Browser]) -> Iterable[str]:
    yield ""
    yield f"The extension lies in {installer.extension_folder}"
    if any(not browser.firefox for browser in chosen):
        yield "Chromium, Chrome, Edge, Brave: open chrome://extensions, switch on Developer mode, choose"
        yield "“Load unpacked” and that folder."
    if any(browser.firefox for browser in chosen):
        yield "Firefox: open about:debugging#/runtime/this-firefox, choose “Load Temporary Add-on” and the"
        yield "file manifest.json in that folder."
    yield "Then click the extension's button and allow your helpdesk."
