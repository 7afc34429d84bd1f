"""`agent-assist companion` and `open`: what they write, what they say, what they take away again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from agent_assist.adapters.companion.install import BROWSERS, DESKTOP_FILE, Installer
from agent_assist.cli.main import cli, run
from agent_assist.domain.companion import EXTENSION_ID, FIREFOX_ID, HOST

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the paths are Linux's")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", "/nowhere")  # no xdg-mime of this machine
    return tmp_path


def call(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["companion", *arguments])


def manifest(home: Path, browser: str) -> Path:
    base = home / ".mozilla" if browser == "firefox" else Path(os.environ["XDG_CONFIG_HOME"]) / "chromium"
    name = "native-messaging-hosts" if browser == "firefox" else "NativeMessagingHosts"
    return base / name / f"{HOST}.json"


def test_it_registers_the_launcher_and_lets_only_our_extension_in(home: Path) -> None:
    done = call("install", "--browser", "chromium")
    assert done.exit_code == 0, done.output
    assert "Load unpacked" in done.output
    data = json.loads(manifest(home, "chromium").read_text())
    assert data["allowed_origins"] == [f"chrome-extension://{EXTENSION_ID}/"]
    launcher = Path(data["path"])
    assert launcher.stat().st_mode & 0o777 == 0o700
    answer = subprocess.run(
        [str(launcher), f"chrome-extension://{EXTENSION_ID}/"], input=b"", capture_output=True, check=False
    )
    assert answer.returncode == 0, answer.stderr
    other = subprocess.run([str(launcher), "chrome-extension://x/"], capture_output=True, check=False)
    assert other.returncode == 2
    assert other.stdout == b""


def test_firefox_and_an_extension_of_ones_own(home: Path) -> None:
    own = "abcdefghijklmnopabcdefghijklmnop"
    assert call("install", "--browser", "all", "--extension-id", own).exit_code == 0
    assert json.loads(manifest(home, "firefox").read_text())["allowed_extensions"] == [FIREFOX_ID]
    data = json.loads(manifest(home, "chromium").read_text())
    assert f"chrome-extension://{own}/" in data["allowed_origins"]
    assert f"--extension-id={own}" in Path(data["path"]).read_text()
    assert call("install", "--extension-id", "nonsense").exit_code == 2


def test_a_firefox_whose_profiles_lie_below_the_configuration_is_found(home: Path) -> None:
    (Path(os.environ["XDG_CONFIG_HOME"]) / "mozilla").mkdir(parents=True)
    assert Installer().status(BROWSERS["firefox"]).there
    done = call("install")
    assert "Firefox: registered" in done.output
    assert "Chromium: registered" not in done.output
    assert manifest(home, "firefox").exists()


def test_the_workspace_goes_with_the_launcher_whatever_its_name(home: Path) -> None:
    workspace = home / "a b$(touch x)'\""
    CliRunner().invoke(cli, ["--workspace", str(workspace), "companion", "install", "--browser", "chromium"])
    launcher = Path(json.loads(manifest(home, "chromium").read_text())["path"])
    done = subprocess.run([str(launcher), "--help"], capture_output=True, text=True, check=False, cwd=home)
    assert done.returncode == 0
    assert not (home / "x").exists()


def test_status_and_uninstall(home: Path) -> None:
    assert call("install", "--browser", "all", "--links").exit_code == 0
    data = json.loads(call("status", "--json").output)
    assert {entry["browser"] for entry in data["browsers"] if entry["registered"]} == set(BROWSERS)
    assert data["window"] is False
    assert Path(data["extension"], "manifest.json").exists()
    entry = (Path(os.environ["XDG_DATA_HOME"]) / "applications" / DESKTOP_FILE).read_text()
    assert "x-scheme-handler/agentassist" in entry
    assert call("uninstall").exit_code == 0
    assert not manifest(home, "chromium").exists()
    assert not (Path(os.environ["XDG_DATA_HOME"]) / "applications" / DESKTOP_FILE).exists()
    assert "not registered" in call("status").output
    assert not Installer().folder.exists()


def test_a_folder_that_cannot_be_written_is_a_sentence(home: Path) -> None:
    (home / "profile").write_text("a file")
    done = run(["companion", "install", "--profile", str(home / "profile" / "x")])
    assert done == 3


@pytest.mark.parametrize(
    "link", ["T-1", "file:///etc/passwd", "agentassist://ticket/a/b/c", "javascript:alert(1)"]
)
def test_open_takes_only_links_to_tickets(link: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["open", "--", link]) == 2
    assert "no link to a ticket" in capsys.readouterr().err
    assert run(["open", "--", "agentassist://ticket/1", "--debug"]) == 2  # nothing may stand behind it
