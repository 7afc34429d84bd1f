"""Shared by the tests that drive commands."""

from __future__ import annotations

from pathlib import Path

import pytest
from support_commands import PASSPHRASE, Run

from agent_assist.cli.main import run


@pytest.fixture
def agent_assist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs commands in this process on the workspace `tmp_path / "desk"`."""
    monkeypatch.setenv("AGENT_ASSIST_PASSPHRASE", PASSPHRASE)
    monkeypatch.setenv("AGENT_ASSIST_WORKSPACE", str(tmp_path / "desk"))

    def call(*arguments: str) -> tuple[int, str, str]:
        code = run(arguments)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call
