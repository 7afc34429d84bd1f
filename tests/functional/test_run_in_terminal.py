"""`agent-assist run` where no window can open: the same job on a pipe, with the real model and encoder."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support_network import connections, environment_without, run

WIDTH = 60
COMMAND = [sys.executable, "-m", "agent_assist", "run"]

pytestmark = [
    pytest.mark.real_model,
    pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="these systems always have a display"),
]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return environment_without("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM") | {
        "AGENT_ASSIST_WORKSPACE": str(tmp_path / "desk"),
        "COLUMNS": str(WIDTH),
        "PYTHONIOENCODING": "utf-8",
    }


def test_the_first_demo_ticket_is_drafted(environment: dict[str, str], tmp_path: Path) -> None:
    log = tmp_path / "trace"
    watched = shutil.which("strace") is not None
    result = run(COMMAND, environment, log if watched else None)
    assert result.returncode == 0, result.stderr
    assert not watched or connections(log) == []
    page = result.stdout
    parts = [
        "Wrong size",
        "as the model writes it",
        "checked against your articles",
        "What it rests on",
    ]
    assert [page.index(part) for part in parts] == sorted(page.index(part) for part in parts)
    assert "[1] " in page.split("What it rests on")[1]
    assert "60 days" in page.split("checked against your articles")[1]
    assert "SmolLM2" in page
    assert "xvfb-run make run" in page
    assert "\033" not in page
    assert max(len(line) for line in page.splitlines()) <= WIDTH
    assert not (tmp_path / "desk").exists(), "the demo desk leaves nothing behind"


def test_ctrl_c_ends_it_calmly(environment: dict[str, str]) -> None:
    process = subprocess.Popen(
        COMMAND,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # Whoever starts the tests in the background may have had them ignore it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stdout is not None
    shown = ""
    while "Loading" not in shown:
        piece = process.stdout.read(1)
        assert piece, "it ended before it began"
        shown += piece
    # As a terminal does: the signal goes to the whole group, the workers too.
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Stopped." in out
    assert "Traceback" not in err
