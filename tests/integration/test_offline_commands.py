"""Real commands, watched with strace: not one connection, not one attempt, telemetry included."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from support_network import connections, environment_without, needs_strace, run, traced

pytestmark = [
    needs_strace,
    pytest.mark.skipif(sys.platform != "linux", reason="strace is Linux's"),
]

OFFLINE = ("HF_HUB_OFFLINE", "DO_NOT_TRACK", "TRANSFORMERS_OFFLINE")
"""What would keep a library off the network by itself."""

SCRIPT = """
import sys
from agent_assist.cli.main import COMMANDS, run
for arguments in (
    ["kb", "add", "articles"],
    ["draft", "--input", "tickets.jsonl", "--output", "drafts.jsonl"],
    ["redact", "--input", "texts.jsonl", "--output", "redacted.jsonl"],
    ["feedback", "export", "--format", "csv", "--output", "all.csv"],
    ["audit", "verify"],
):
    if arguments[0] in COMMANDS and (code := run(arguments)):
        sys.exit(f"{arguments}: {code}")
"""

WINDOW = """
import sys
from PySide6.QtCore import QElapsedTimer, QTimer
from PySide6.QtWidgets import QApplication
from agent_assist.cli.main import main
from agent_assist.ui.views.draft_panel import DraftPanel

loop, clock = QApplication.exec, QElapsedTimer()

def watched(*_):
    def look():
        panels = [w for w in QApplication.allWidgets() if isinstance(w, DraftPanel)]
        ready = any(p.suggestion is not None for p in panels)
        if ready or clock.elapsed() > 200_000:
            print("drafted" if ready else "no draft", flush=True)
            QApplication.closeAllWindows()
            QApplication.quit()
    clock.start()
    timer = QTimer()
    timer.timeout.connect(look)
    timer.start(300)
    return loop()

QApplication.exec = watched
sys.argv = ["agent-assist", "run", "--demo"]
main(["run", "--demo"])
"""
"""The window itself, closed as soon as it shows a draft."""


def test_the_watch_sees_a_connection(tmp_path: Path) -> None:
    log = tmp_path / "trace"
    code = "import socket; socket.socket().connect_ex(('127.0.0.1', 9))"
    subprocess.run(traced([sys.executable, "-c", code], log), check=True, timeout=60)
    assert connections(log)


@pytest.mark.real_model
def test_commands_and_their_workers_connect_to_nothing(tmp_path: Path) -> None:
    articles = tmp_path / "articles"
    articles.mkdir()
    (articles / "returns.md").write_text("# Returns\n\nYou can return an item within 60 days of delivery.\n")
    (articles / "page.html").write_text(
        '<html><head><link rel="stylesheet" href="http://127.0.0.1:9/a.css"></head><body><h1>Shipping</h1>'
        '<img src="http://127.0.0.1:9/t.gif"><p>Parcels arrive within three days.</p></body></html>'
    )
    ticket = {
        "id": "T-1",
        "customer": {"name": "Ada"},
        "messages": [{"role": "customer", "text": "How long can I return it? http://127.0.0.1:9/x"}],
    }
    (tmp_path / "tickets.jsonl").write_text(json.dumps(ticket) + "\n")
    (tmp_path / "texts.jsonl").write_text(json.dumps({"id": 1, "text": "I am ada@mail.example.com"}) + "\n")
    environment = environment_without(*OFFLINE) | {
        "AGENT_ASSIST_WORKSPACE": str(tmp_path / "desk"),
        "AGENT_ASSIST_PASSPHRASE": "a passphrase of a test",
    }
    log = tmp_path / "trace"
    result = run([sys.executable, "-c", SCRIPT], environment, log)
    assert result.returncode == 0, result.stderr
    assert json.loads((tmp_path / "drafts.jsonl").read_text())["id"] == "T-1"
    assert connections(log) == []


@pytest.mark.real_model
def test_the_window_and_its_workers_connect_to_nothing(tmp_path: Path) -> None:
    log = tmp_path / "trace"
    environment = environment_without(*OFFLINE, "DISPLAY", "WAYLAND_DISPLAY")
    result = run([sys.executable, "-c", WINDOW], environment | {"QT_QPA_PLATFORM": "offscreen"}, log)
    assert result.stdout.strip() == "drafted", result.stderr
    assert connections(log) == []
