"""A crash leaves neither a key nor a passphrase behind: no core dump, nothing in what it prints."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from agent_assist.adapters import secrets
from agent_assist.adapters.workspace import Workspace

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks for Linux's core files")

PASSPHRASE = "a passphrase" + " that must not be found"
PATTERN = Path("/proc/sys/kernel/core_pattern")

OPEN = """
import os, sys
from pathlib import Path
from agent_assist.cli import main as cli
from agent_assist.app import open_desk

def crash(arguments=None):
    passphrase = os.environ["AGENT_ASSIST_PASSPHRASE"]
    desk = open_desk(Path("desk"), passphrase=lambda: passphrase)
    if {how!r} == "abort":
        os.abort()
    if {how!r} == "raise":
        raise RuntimeError("a fault of a test")
    sys.exit(3)

cli.run = crash
cli.main()
"""


def crashed(folder: Path, how: str) -> subprocess.CompletedProcess[str]:
    """A process that may write core files of any size opens a workspace through our entry point and dies."""
    import resource

    def unlimited() -> None:
        _, most = resource.getrlimit(resource.RLIMIT_CORE)
        resource.setrlimit(resource.RLIMIT_CORE, (most, most))

    script = "import os; os.abort()" if how == "unguarded" else OPEN.format(how=how)
    return subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", script],
        cwd=folder,
        env=os.environ | {"AGENT_ASSIST_PASSPHRASE": PASSPHRASE},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
        preexec_fn=unlimited,
    )


def cores(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("core*") if path.is_file()]


@pytest.mark.parametrize("how", ["abort", "raise"])
def test_a_crash_leaves_no_key(tmp_path: Path, how: str) -> None:
    done = crashed(tmp_path, how)
    assert done.returncode not in (0, 3), done.stderr
    told = done.stdout + done.stderr
    assert told, "the crash itself is told"
    with Workspace.open(tmp_path / "desk", passphrase=lambda: PASSPHRASE) as workspace:
        keys = [workspace._data_key, workspace.audit_key, secrets.derive(workspace._data_key, "database")]
    left = b"".join(p.read_bytes() for p in tmp_path.rglob("*") if p.is_file())
    assert PASSPHRASE not in told
    assert PASSPHRASE.encode() not in left
    for key in keys:
        assert key.hex() not in told
        assert key not in left
        assert key.hex().encode() not in left
    assert cores(tmp_path) == []


def test_the_same_crash_without_the_guard_leaves_a_core(tmp_path: Path) -> None:
    """What the test above looks for is there to be found, where the system writes core files at all."""
    crashed(tmp_path, "unguarded")
    if not cores(tmp_path):
        pytest.skip(f"this system writes no core file here ({PATTERN.read_text().strip()})")
    assert cores(tmp_path)[0].stat().st_size > 0
