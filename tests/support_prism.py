"""Prism, which answers from an API description and refuses requests that do not fit it.

The descriptions are no part of this repository: they lie in a folder that AGENT_ASSIST_API_SPECS names, or
in `shared/specs` beside the checkout; without them the tests that want them are skipped.  Prism is fetched
by npm into `build/`, once.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
VERSION = "5.14.2"
PATIENCE = 60.0


def specification(name: str) -> Path:
    """The description of a helpdesk's API; skips where it is not there."""
    named = os.environ.get("AGENT_ASSIST_API_SPECS")
    file = (Path(named) if named else ROOT.parent / "shared" / "specs") / f"{name}.yaml"
    if not file.exists():
        pytest.skip(f"there is no API description of {name} here")
    return file


def program() -> Path:
    home = ROOT / "build" / "prism"
    found = home / "node_modules" / ".bin" / "prism"
    if found.exists():
        return found
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm, which brings Prism, is not installed")
    home.mkdir(parents=True, exist_ok=True)
    command = [npm, "install", "--no-audit", "--no-fund", "--silent", f"@stoplight/prism-cli@{VERSION}"]
    done = subprocess.run(
        [*command, "--prefix", str(home)], capture_output=True, text=True, check=False, timeout=240
    )
    if not found.exists():
        pytest.skip(f"npm could not bring Prism: {done.stderr[-200:]}")
    return found


@contextlib.contextmanager
def prism(name: str) -> Iterator[str]:
    """The address of a Prism that answers for this helpdesk."""
    file = specification(name)
    command = program()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [command, "mock", "--host", "127.0.0.1", "--port", str(port), "--errors", str(file)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _await(server, port)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(10)


def _await(server: subprocess.Popen[bytes], port: int) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if server.poll() is not None:
            pytest.fail(f"Prism ended with code {server.returncode}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.1)
    pytest.fail("Prism did not start")
