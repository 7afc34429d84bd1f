"""The pins can be installed on the systems and Pythons that we promise, most of which no test runs on."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from uv import find_uv_bin

ROOT = Path(__file__).resolve().parents[2]
BUILT = ("llama-cpp-python",)
"""Built at set-up, for the processor or the card that is there; all others must come as wheels."""


@pytest.mark.parametrize(
    ("system", "python"),
    [
        ("x86_64-manylinux_2_35", "3.14"),
        ("aarch64-apple-darwin", "3.14"),
        ("x86_64-pc-windows-msvc", "3.13"),
    ],
)
def test_every_package_has_a_wheel(system: str, python: str, tmp_path: Path) -> None:
    command = [find_uv_bin(), "pip", "compile", "pyproject.toml", "--constraints", "constraints.txt"]
    command += ["--python-platform", system, "--python-version", python, "--only-binary", ":all:"]
    command += [part for name in BUILT for part in ("--no-binary", name)]
    command += ["--no-annotate", "--quiet", "--system-certs", "--output-file", str(tmp_path / "found.txt")]
    # faiss-cpu and torch come for macOS 14 and newer.
    environment = {**os.environ, "MACOSX_DEPLOYMENT_TARGET": "14.0"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if "error sending request" in done.stderr or "client error" in done.stderr:
        pytest.skip("The package index is not reached.")
    assert done.returncode == 0, done.stderr
    found = (tmp_path / "found.txt").read_text(encoding="utf-8")
    assert "pyside6-essentials==" in found
    assert ("onnxruntime==1.20" in found) is ("windows" in system)
