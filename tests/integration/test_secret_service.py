"""The workspace's key and a connection's secret in a real Secret Service, as a Linux desktop has it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support_servers import require

ROOT = Path(__file__).resolve().parents[2]
# Runs inside a D-Bus session of its own whose login keyring the daemon has just opened.
SESSION = """\
set -e
printf 'login words' | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1
exec "$@"
"""
LOCKED = """\
set -e
printf 'login words' | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1
"$PYTHON" -c "$LOCK"
exec "$@"
"""
LOCK = """\
import secretstorage
secretstorage.get_default_collection(secretstorage.dbus_init()).lock()
"""
USE = """\
import json, sys
from pathlib import Path
from agent_assist import app
from agent_assist.domain.ticket import QueueFilter

desk = app.open_desk(Path(sys.argv[1]))
connections = desk.connections
if not connections.all():
    connections.add("folder", "Files", {"path": sys.argv[2]})
print(json.dumps({"key": desk.key_source, "tickets": len(desk.tickets.queue(QueueFilter()))}))
desk.close()
"""


@pytest.fixture(scope="module")
def keyring_daemon() -> None:
    require("GNOME keyring")


def _in_session(home: Path, script: str, *command: str) -> subprocess.CompletedProcess[str]:
    runtime = home / "run"
    runtime.mkdir(parents=True, exist_ok=True, mode=0o700)
    kept = {
        k: v
        for k, v in os.environ.items()
        if not k.startswith(("XDG_", "DBUS_", "PYTHON_KEYRING", "AGENT_ASSIST"))
    }
    environment = kept | {
        "HOME": str(home),
        "XDG_RUNTIME_DIR": str(runtime),
        "PYTHON": sys.executable,
        "LOCK": LOCK,
    }
    return subprocess.run(
        ["dbus-run-session", "--", "bash", "-c", script, "bash", *command],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_key_lies_in_the_desktops_keyring_and_opens_the_workspace_again(
    keyring_daemon: None, tmp_path: Path
) -> None:
    use = (sys.executable, "-c", USE, str(tmp_path / "w"), str(tmp_path))
    for _ in range(2):  # made, then opened in another session with the same keyring on disk
        done = _in_session(tmp_path / "home", SESSION, *use)
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["key"] == "keyring"
    key_file = json.loads((tmp_path / "w" / "key.json").read_text(encoding="utf-8"))
    assert key_file["backend"] == "keyring.backends.SecretService.Keyring"
    assert "sealed" not in key_file
    assert list((tmp_path / "home").rglob("*.keyring")), "the key is on the disk in the keyring alone"


def test_a_locked_keyring_is_said_in_a_sentence_and_nothing_is_lost(
    keyring_daemon: None, tmp_path: Path
) -> None:
    use = (sys.executable, "-c", USE, str(tmp_path / "w"), str(tmp_path))
    assert _in_session(tmp_path / "home", SESSION, *use).returncode == 0
    command = (sys.executable, "-m", "agent_assist", "--workspace", str(tmp_path / "w"), "kb", "list")
    refused = _in_session(tmp_path / "home", LOCKED, *command)
    assert refused.returncode not in (0, 1)
    assert "keyring" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert _in_session(tmp_path / "home", SESSION, *use).returncode == 0
