"""Makes the native host known to the browsers of this user, and `agentassist:` links to the system.

Where each browser looks: its documentation on native messaging.  Nothing outside the user's own folders
(on Windows: the user's part of the registry) is written, and `uninstall` takes away all of it.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs

from agent_assist.domain.companion import EXTENSION_ID, FIREFOX_ID, HOST
from agent_assist.domain.links import SCHEME
from agent_assist.errors import WorkspaceReadOnly
from agent_assist.resources import resource

DESCRIPTION = "Agent Assist: the ticket you have open, and the reply you accepted"
DESKTOP_FILE = "agent-assist-link.desktop"


@dataclass(frozen=True, slots=True)
class Browser:
    """`linux` and `mac` are folders below the user's configuration, `windows` registry keys."""

    name: str
    title: str
    linux: str
    mac: str
    windows: str
    firefox: bool = False


BROWSERS = {
    browser.name: browser
    for browser in (
        Browser("chromium", "Chromium", "chromium", "Chromium", r"Software\Chromium"),
        Browser("chrome", "Google Chrome", "google-chrome", "Google/Chrome", r"Software\Google\Chrome"),
        Browser("edge", "Microsoft Edge", "microsoft-edge", "Microsoft Edge", r"Software\Microsoft\Edge"),
        Browser(
            "brave",
            "Brave",
            "BraveSoftware/Brave-Browser",
            "BraveSoftware/Brave-Browser",
            r"Software\BraveSoftware\Brave-Browser",
        ),
        Browser("firefox", "Firefox", ".mozilla", "Mozilla", r"Software\Mozilla", firefox=True),
    )
}


@dataclass(frozen=True, slots=True)
class Registration:
    """How the host stands with one browser."""

    browser: str
    title: str
    place: str
    """The manifest's file, or the registry key."""
    there: bool
    """The browser has a folder of its own here: it has been used by this user."""
    registered: bool
    """A manifest is there, and the launcher that it names exists."""


class Installer:
    """The registrations of one user's browsers; every change can be repeated."""

    def __init__(self, workspace: Path | None = None, extension_ids: tuple[str, ...] = ()) -> None:
        """`workspace` is the one whose window the host speaks to, None for the default one;
        `extension_ids` are further ids of the extension that are let in."""
        self._workspace = workspace
        self._extensions = extension_ids
        self.folder = platformdirs.user_data_path("agent-assist", appauthor=False) / "companion"

    @property
    def extension_folder(self) -> Path:
        """What is loaded into the browser."""
        return resource("browser-companion")

    @property
    def launcher(self) -> Path:
        return self.folder / ("companion-host.bat" if sys.platform == "win32" else "companion-host")

    # --- the host ---------------------------------------------------------------------------------

    def install(self, browser: Browser, profile: Path | None = None) -> str:
        """Register with one browser; returns where.  Raises WorkspaceReadOnly.

        `profile` is a Chromium's own data folder, where it was started with one.
        """
        try:
            self._write_launcher(self.launcher, ("companion", "host", *self._extension_options()))
            place = self._manifest(browser, profile)
            place.parent.mkdir(parents=True, exist_ok=True)
            text = json.dumps(self.manifest(browser), indent=2)
            place.write_text(text + "\n", encoding="utf-8")
        except OSError as error:
            raise WorkspaceReadOnly(
                f"{error.filename or self.folder} could not be written ({error.strerror}).",
                "Make it writable, then run the command again.",
            ) from None
        if sys.platform == "win32" and profile is None:
            _set_registry(self._key(browser), str(place))
            return self._key(browser)
        return str(place)

    def uninstall(self, browser: Browser) -> bool:
        """Take the registration away; tells whether there was one."""
        place = self._manifest(browser)
        known = place.exists()
        place.unlink(missing_ok=True)
        if sys.platform == "win32":
            known = _drop_registry(self._key(browser)) or known
        return known

    def clean(self) -> None:
        """Remove the launchers, after every browser's registration is gone."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def status(self, browser: Browser) -> Registration:
        place = self._manifest(browser)
        try:
            data = json.loads(place.read_text(encoding="utf-8"))
            registered = data.get("name") == HOST and Path(data["path"]).exists()
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            registered = False
        shown = self._key(browser) if sys.platform == "win32" else str(place)
        return Registration(browser.name, browser.title, shown, self._used(browser), registered)

    def manifest(self, browser: Browser) -> dict[str, Any]:
        """The native host's manifest: the program, and who may start it."""
        data: dict[str, Any] = {
            "name": HOST,
            "description": DESCRIPTION,
            "path": str(self.launcher),
            "type": "stdio",
        }
        if browser.firefox:
            return data | {"allowed_extensions": [FIREFOX_ID]}
        origins = [f"chrome-extension://{extension}/" for extension in (EXTENSION_ID, *self._extensions)]
        return data | {"allowed_origins": origins}

    def _extension_options(self) -> tuple[str, ...]:
        return tuple(f"--extension-id={extension}" for extension in self._extensions)

    def _home(self, browser: Browser) -> Path:
        if sys.platform == "win32":
            return self.folder
        if sys.platform == "darwin":
            return Path.home() / "Library" / "Application Support" / browser.mac
        if browser.firefox:
            return Path.home() / browser.linux
        return _configuration() / browser.linux

    def _used(self, browser: Browser) -> bool:
        """Firefox keeps new profiles (since 147) below the configuration; hosts it finds in the old place."""
        return self._home(browser).exists() or (
            browser.firefox
            and sys.platform not in ("win32", "darwin")
            and (_configuration() / "mozilla").exists()
        )

    def _manifest(self, browser: Browser, profile: Path | None = None) -> Path:
        if profile is not None:
            return profile / "NativeMessagingHosts" / f"{HOST}.json"
        if sys.platform == "win32":
            return self.folder / f"{HOST}.{browser.name}.json"
        lower = browser.firefox and sys.platform != "darwin"
        return self._home(browser) / (
            f"native-messaging-hosts/{HOST}.json" if lower else f"NativeMessagingHosts/{HOST}.json"
        )

    def _key(self, browser: Browser) -> str:
        return rf"{browser.windows}\NativeMessagingHosts\{HOST}"

    # --- links ------------------------------------------------------------------------------------

    def install_links(self) -> str:
        """Have the system open `agentassist:` links with this program; returns a sentence.

        Raises WorkspaceReadOnly.
        """
        if sys.platform == "darwin":
            return (
                "macOS gives links only to application bundles: this installation has none. "
                "`agent-assist open LINK` works."
            )
        suffix = ".bat" if sys.platform == "win32" else ""
        opener = self.folder / f"open-link{suffix}"
        try:
            self._write_launcher(opener, ("open", "--"))
            if sys.platform == "win32":
                _set_registry(rf"Software\Classes\{SCHEME}", "URL:Agent Assist ticket")
                _set_registry(rf"Software\Classes\{SCHEME}", "", "URL Protocol")
                _set_registry(rf"Software\Classes\{SCHEME}\shell\open\command", f'"{opener}" "%1"')
                return "Links that begin with agentassist: open here."
            place = self._applications() / DESKTOP_FILE
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(_desktop_entry(opener), encoding="utf-8")
        except OSError as error:
            raise WorkspaceReadOnly(
                f"{error.filename or self.folder} could not be written ({error.strerror}).",
                "Make it writable, then run the command again.",
            ) from None
        if (command := shutil.which("xdg-mime")) is None:
            return f"{place} is written. Make it the handler of x-scheme-handler/{SCHEME} in your desktop."
        subprocess.run([command, "default", DESKTOP_FILE, f"x-scheme-handler/{SCHEME}"], check=False)
        return "Links that begin with agentassist: open here."

    def uninstall_links(self) -> None:
        if sys.platform == "win32":
            for key in (r"\shell\open\command", r"\shell\open", r"\shell", ""):
                _drop_registry(rf"Software\Classes\{SCHEME}{key}")
        elif sys.platform != "darwin":
            (self._applications() / DESKTOP_FILE).unlink(missing_ok=True)

    def _applications(self) -> Path:
        data = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
        return Path(data) / "applications"

    # --- programs ---------------------------------------------------------------------------------

    def _write_launcher(self, path: Path, arguments: tuple[str, ...]) -> None:
        """A script that starts this very installation.

        With -P, Python does not look for modules in the folder that it is started in: a browser's download
        folder, perhaps.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-P", "-m", "agent_assist"]
        if self._workspace is not None:
            command += ["--workspace", str(self._workspace.expanduser().absolute())]
        command += arguments
        if sys.platform == "win32":
            text = f"@echo off\r\n{subprocess.list2cmdline(command)} %*\r\n"
        else:
            text = f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n'
        path.write_text(text, encoding="utf-8")
        path.chmod(0o700)


def _configuration() -> Path:
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")


def _desktop_entry(opener: Path) -> str:
    quoted = str(opener).replace("\\", r"\\").replace('"', r"\"").replace("%", "%%")
    return (
        "[Desktop Entry]\nType=Application\nName=Agent Assist\nComment=Opens a ticket in Agent Assist\n"
        f'Exec="{quoted}" %u\nTerminal=false\nNoDisplay=true\nIcon=agent-assist\n'
        f"MimeType=x-scheme-handler/{SCHEME};\n"
    )


def _set_registry(key: str, value: str, name: str = "") -> None:
    if sys.platform == "win32":
        import winreg

        with winreg.CreateKeyEx(winreg.HKEY_CURRENT_USER, key) as opened:
            winreg.SetValueEx(opened, name, 0, winreg.REG_SZ, value)


def _drop_registry(key: str) -> bool:
    if sys.platform == "win32":
        import winreg

        try:
            winreg.DeleteKey(winreg.HKEY_CURRENT_USER, key)
        except OSError:
            return False
        return True
    return False
