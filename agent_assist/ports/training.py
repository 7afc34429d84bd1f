"""Runs of the training pipeline, seen from the services."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol


class TrainingRuns(Protocol):
    """`python -m training` as a process of its own, and what it leaves in a folder."""

    def missing(self) -> str:
        """What is not installed, and how to get it; empty where a run can start."""

    def start(self, folder: Path, config: Mapping[str, Any], on_line: Callable[[str], None]) -> None:
        """Write the configuration and start; each line of its output goes to `on_line`, on a thread."""

    def wait(self) -> int:
        """The exit code, once the run that was started has ended."""

    def stop(self) -> None:
        """End the run with everything that it started; it can be resumed."""

    def results(self, folder: Path) -> dict[str, Any]:
        """`result`, `decision`, `drafts` and `sheet` as far as the last run left them."""

    def save_sheet(self, folder: Path, who: str, rows: Sequence[Mapping[str, str]]) -> Path:
        """Write down a person's judgements, whole or not at all."""

    def judged(self, folder: Path, seed: int) -> dict[str, Any]:
        """What the sheets that people filled in say together."""
