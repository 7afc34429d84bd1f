"""The product as its users have it: its commands, in a workspace of their own."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from agent_assist.errors import AgentAssistError
from training.stage import read_rows, write_rows

Row = Mapping[str, Any]


class ProductFailed(AgentAssistError):
    """A command of the product failed, its last words in the sentence, or gave another number of rows."""

    code = "product_failed"
    title = "The product could not be measured"
    default_remedy = "Run the command by hand to see more.  The model in use is as it was."


@dataclass(frozen=True)
class Candidate:
    """What is measured: the model that the package brings, or a GGUF with an adapter beside it."""

    name: str
    model: Path | None = None
    """None: whatever a new workspace begins with."""
    adapter: Path | None = None


class Product:
    """One workspace below `folder`, driven through the documented commands only.

    Nothing is imported from the application: what is measured is what is installed.
    """

    def __init__(self, folder: Path, settings: Path | None = None) -> None:
        """`settings`: the settings.json of the workspace whose drafts are to be measured."""
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        if settings is not None and settings.is_file():
            (folder / "workspace").mkdir(mode=0o700, exist_ok=True)
            shutil.copyfile(settings, folder / "workspace" / "settings.json")
        self._environment = os.environ | {
            "AGENT_ASSIST_WORKSPACE": str(folder / "workspace"),
            # The workspace holds held-out examples and is thrown away with its passphrase.
            "AGENT_ASSIST_PASSPHRASE": secrets.token_urlsafe(24),
        }

    def __enter__(self) -> Product:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        shutil.rmtree(self._folder / "workspace", ignore_errors=True)

    def learn(self, knowledge: Iterable[Path]) -> None:
        """Import articles."""
        for path in knowledge:
            self._run("kb", "add", str(path))

    def use(self, candidate: Candidate) -> None:
        """Make a candidate the model that writes."""
        if candidate.model is None:
            return
        more = ["--adapter", str(candidate.adapter)] if candidate.adapter else []
        self._run("model", "add", str(candidate.model), "--name", candidate.name, *more)
        self._run("model", "use", candidate.name)

    def back(self) -> None:
        """Make the model that wrote before write again."""
        self._run("model", "rollback")

    def drafts(self, tickets: Sequence[Row]) -> list[dict[str, Any]]:
        """What `agent-assist draft` gives for each ticket, in order; a failed one has an `error`."""
        return self._batch("draft", tickets)

    def set_encoder(self, folder: str) -> None:
        """Search with this encoder; before the articles come, so that nothing is encoded twice."""
        self._run("kb", "rebuild", "--encoder", folder)

    def search(self, tickets: Sequence[Row]) -> list[dict[str, Any]]:
        """What `agent-assist kb search` gives for each ticket, in order."""
        return self._batch("kb search", tickets)

    def fit_intents(self, examples: Sequence[Row]) -> None:
        """Learn intents from `text` or `ticket` with `intent`."""
        source = self._folder / "intents.jsonl"
        write_rows(source, examples)
        self._run("triage", "fit", "--input", str(source), allowed=(0, 1))

    def triage(self, tickets: Sequence[Row]) -> list[dict[str, Any]]:
        """What `agent-assist triage` gives for each ticket, in order."""
        return self._batch("triage", tickets)

    def hits(self, tickets: Sequence[Row]) -> list[list[str]]:
        """The ids of the articles that are found for each ticket, best first."""
        rows = self._batch("kb search", tickets)
        return [[str(hit["article_id"]) for hit in row.get("hits", ())] for row in rows]

    def _batch(self, command: str, rows: Sequence[Row]) -> list[dict[str, Any]]:
        name = command.replace(" ", "-")
        source, target = self._folder / f"{name}.in.jsonl", self._folder / f"{name}.out.jsonl"
        write_rows(source, rows)
        self._run(*command.split(), "--input", str(source), "--output", str(target), allowed=(0, 1))
        found = read_rows(target)
        if len(found) != len(rows):
            raise ProductFailed(f"`agent-assist {command}` gave {len(found)} rows for {len(rows)}.")
        return found

    def _run(self, *arguments: str, allowed: Sequence[int] = (0,)) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "agent_assist", *arguments],
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode not in allowed:
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            raise ProductFailed(f"`agent-assist {' '.join(arguments[:2])}` failed: {last}")
        return done.stdout


def read_cases(path: Path, most: int) -> list[dict[str, Any]]:
    """Cases of a file, at most `most`, spread evenly over it; each has a `ticket` with an id."""
    rows = [row for row in read_rows(path) if isinstance(row.get("ticket"), dict)]
    if len(rows) > most:
        rows = [rows[place * len(rows) // most] for place in range(most)]
    for place, row in enumerate(rows):
        row["ticket"] = json.loads(json.dumps(row["ticket"])) | {"id": f"case-{place}"}
    return rows
