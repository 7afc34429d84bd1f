"""Every threat in SECURITY.md names a test, and every test that it names exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import agent_assist
from agent_assist.cli.main import COMMANDS

ROOT = Path(agent_assist.__file__).resolve().parents[1]
TEXT = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
ROWS = [line for line in TEXT.splitlines() if re.match(r"\| (LLM\d\d|V\d+) ", line)]


def test_all_ten_threats_are_there() -> None:
    assert {row[2:7] for row in ROWS if row.startswith("| LLM")} == {f"LLM{n:02}" for n in range(1, 11)}
    assert len(ROWS) > 25


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[2:60])
def test_a_row_names_tests_that_exist(row: str) -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", row.split("|")[3])
    assert named, "no test"
    for path, name in named:
        assert f"def {name}(" in (ROOT / path).read_text(encoding="utf-8"), f"{path}::{name}"


def test_only_commands_that_exist_are_named() -> None:
    for command in re.findall(r"agent-assist ([a-z]+)", TEXT):
        assert command in COMMANDS
