"""The training run as the window starts it: a real process, followed line by line and stopped."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("datasketch")
from agent_assist.adapters.training_process import TrainingProcess
from agent_assist.domain.learning import RunState, RunView, StageState, ended, heard
from agent_assist.errors import BadInput


@pytest.fixture
def process(tmp_path: Path) -> Iterator[TrainingProcess]:
    made = TrainingProcess(tmp_path / "tools")
    yield made
    made.stop()
    made.wait()


def test_a_run_says_what_it_does_and_why_it_ended(process: TrainingProcess, tmp_path: Path) -> None:
    lines: list[str] = []
    process.start(tmp_path / "training", {"name": "desk", "folder": "run"}, lines.append)
    with pytest.raises(BadInput, match="under way"):
        process.start(tmp_path / "training", {"name": "desk", "folder": "run"}, lines.append)
    code = process.wait()
    assert code == 2
    view = RunView(RunState.RUNNING)
    for line in lines:
        view = heard(view, line)
    view = ended(view, code, stopped=False)
    assert view.state is RunState.FAILED
    assert view.message.startswith("Nothing is left to learn from")
    assert view.stages[0].state is StageState.FAILED
    assert "Nothing is left" in (tmp_path / "training" / "log.txt").read_text(encoding="utf-8")


def test_a_run_is_stopped_with_all_it_started(process: TrainingProcess, tmp_path: Path) -> None:
    process.start(tmp_path / "training", {"name": "desk", "folder": "run"}, lambda _: None)
    process.stop()
    assert process.wait() != 0


def test_a_persons_judgements_are_kept_in_the_sheets_own_columns(
    process: TrainingProcess, tmp_path: Path
) -> None:
    folder = tmp_path / "training"
    (folder / "run" / "evaluate").mkdir(parents=True)
    rows = [{"case": "case-1", "customer wrote": "“How long?”\nPlease", "A": "=3", "B": "Soon"}]
    path = process.save_sheet(folder, "agent-1", rows)
    with path.open(encoding="utf-8-sig", newline="") as file:
        assert list(csv.DictReader(file)) == rows
    assert process.results(folder)["drafts"] == []
