"""A real Firefox with the companion in it, driven through Marionette, the protocol Firefox brings itself.

No driver that is at hand installs an extension into Firefox; the protocol is small: frames of
`LENGTH:JSON` over TCP, `[0, id, command, parameters]` answered by `[1, id, error, result]`
(Firefox source documentation, testing/marionette/Protocol).
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from support_servers import require

from agent_assist.cli.main import cli
from agent_assist.domain.companion import FIREFOX_ID
from agent_assist.resources import resource

UUID = "0f2d6a4e-8f0b-4c57-9f0a-6a8d0c1c7e11"
POPUP = f"moz-extension://{UUID}/popup.html"
PREFERENCES = {
    "extensions.webextensions.uuids": json.dumps({FIREFOX_ID: UUID}),  # so that the pages' address is known
    "extensions.webextOptionalPermissionPrompts": False,  # the person's "Allow": no automation may answer it
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.page": 0,
    "browser.aboutwelcome.enabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "app.update.enabled": False,
    "app.normandy.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "marionette.port": 0,
}
PATIENCE = 60.0
ARGUMENTS = ("--headless", "--no-remote", "--marionette", "--remote-allow-system-access", "--profile")
"""System access: without it no page of an extension may be opened."""
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"


class Firefox:
    """One session; tabs are named by their handles."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self._stream = self._socket.makefile("rb")
        self._number = 0
        self._read()  # the greeting
        self.call("WebDriver:NewSession", {})

    def call(self, command: str, parameters: dict[str, Any]) -> Any:
        self._number += 1
        body = json.dumps([0, self._number, command, parameters]).encode()
        self._socket.sendall(b"%d:%s" % (len(body), body))
        _, number, error, result = self._read()
        assert number == self._number
        assert error is None, f"{command}: {error['error']}: {error['message']}"
        return result

    def goto(self, url: str) -> None:
        self.call("WebDriver:Navigate", {"url": url})

    def run(self, script: str, *arguments: Any) -> Any:
        """What the page's own script sees and may do."""
        return self.call(
            "WebDriver:ExecuteScript", {"script": script, "args": list(arguments), "sandbox": None}
        )["value"]

    def click(self, selector: str) -> None:
        """As a person does: what a browser lets happen only after a click, may happen."""
        found = self.call("WebDriver:FindElement", {"using": "css selector", "value": selector})["value"]
        self.call("WebDriver:ElementClick", {"id": found[ELEMENT]})

    def open_tab(self) -> str:
        handle: str = self.call("WebDriver:NewWindow", {"type": "tab", "focus": True})["handle"]
        self.switch(handle)
        return handle

    def switch(self, handle: str) -> None:
        self.call("WebDriver:SwitchToWindow", {"handle": handle, "focus": True})

    def close_tab(self) -> None:
        """Close the tab in use, and go to the first one."""
        left = self.call("WebDriver:CloseWindow", {})
        self.switch(left[0] if isinstance(left, list) else left["value"][0])

    def install(self, folder: Path) -> str:
        """Load an unpacked extension until the browser ends, as about:debugging does; returns its id."""
        return str(self.call("Addon:Install", {"path": str(folder), "temporary": True})["value"])

    def close(self) -> None:
        self._stream.close()
        self._socket.close()

    def _read(self) -> Any:
        head = b""
        while not head.endswith(b":"):
            byte = self._stream.read(1)
            assert byte, "Firefox has ended"
            head += byte
        return json.loads(self._stream.read(int(head[:-1])))


@contextmanager
def browser(folder: Path, workspace: Path) -> Iterator[Firefox]:
    """A Firefox without a window, with the companion installed and registered for `workspace`.

    `folder` becomes its home: nothing of this user's own Firefox is touched.
    """
    if shutil.which("firefox") is None:
        require("Firefox")
    command = shutil.which("firefox-esr") or "firefox"
    profile = folder / "profile"
    profile.mkdir()
    lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in PREFERENCES.items()]
    (profile / "user.js").write_text("\n".join(lines) + "\n", encoding="utf-8")
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("XDG_", "MOZ_"))}
    environment |= {"HOME": str(folder), "MOZ_CRASHREPORTER_DISABLE": "1"}
    install(folder, workspace)
    with (
        (folder / "firefox.log").open("wb") as log,
        subprocess.Popen(
            [command, *ARGUMENTS, str(profile)],
            env=environment,
            stdout=log,
            stderr=log,
        ) as process,
    ):
        try:
            opened = Firefox(_port(profile, process))
            assert opened.install(resource("browser-companion")) == FIREFOX_ID
            yield opened
            opened.close()
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()


def install(home: Path, workspace: Path) -> None:
    """What a person runs: the command, with `home` as the home folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(home))
        for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME"):
            patch.delenv(name, raising=False)
        arguments = ["--workspace", str(workspace), "companion", "install", "--browser", "firefox"]
        done = CliRunner().invoke(cli, arguments)
    assert done.exit_code == 0, done.output


def _port(profile: Path, process: subprocess.Popen[bytes]) -> int:
    """Firefox chooses a free one and writes it down."""
    file, end = profile / "MarionetteActivePort", time.monotonic() + PATIENCE
    while time.monotonic() < end:
        assert process.poll() is None, "Firefox ended at once"
        if file.exists() and (text := file.read_text().strip()):
            return int(text)
        time.sleep(0.1)
    raise AssertionError("Firefox did not come up")
