"""What a stage is, and what is the same for all: skipping what has not changed, the manifest, the log.

A stage reads files and writes files below `run.folder / stage.name`.  Its key is the hash of its options, of
the contents of its inputs and of the pipeline's code; with the same key and `done.json` there, it is skipped.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.metadata
import json
import platform
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from agent_assist.errors import BadInput, DiskFull
from agent_assist.files import replacing, write_whole
from training.config import Config

Say = Callable[[str], None]

_PACKAGES = ("torch", "transformers", "peft", "trl", "accelerate", "datasets", "llama-cpp-python", "gguf")


@dataclass(frozen=True)
class Run:
    """One run of the pipeline: its configuration and where it writes."""

    config: Config
    say: Say = lambda _text: None
    resume: bool = False
    """Go on from what an interrupted stage left."""
    known: dict[str, Any] = field(default_factory=dict, compare=False)
    """What was asked of the product once and holds for the whole run."""
    since: datetime | None = None
    """The watermark of `--since last`: what is older was learnt before."""

    @property
    def folder(self) -> Path:
        return self.config.folder

    def place(self, stage: str) -> Path:
        """The folder of a stage."""
        return self.folder / stage

    def find(self, stage: str, name: str) -> Path:
        """A file that an earlier stage wrote; raises BadInput where it is not there."""
        path = self.place(stage) / name
        if not path.exists():
            raise BadInput(
                f"{path} is not there: the stage “{stage}” has not run.",
                f"Run `python -m training {stage} CONFIG.yaml` first, or `run` for all stages.",
            )
        return path


@dataclass(frozen=True)
class Plan:
    """What a stage would do, for --dry-run."""

    counts: Mapping[str, int | float | str] = field(default_factory=dict)
    seconds: float | None = None
    """Estimate; None where nothing is known."""
    examples: tuple[str, ...] = ()
    """Rendered examples; what is learnt stands between ⟦ and ⟧."""


class Stage(Protocol):
    """One step of the pipeline."""

    name: str

    def inputs(self, run: Run) -> list[Path]:
        """Files and folders whose contents decide what comes out."""

    def options(self, run: Run) -> Mapping[str, Any]:
        """The part of the configuration that decides what comes out."""

    def plan(self, run: Run) -> Plan:
        """What would be done; writes nothing."""

    def execute(self, run: Run, out: Path) -> Mapping[str, Any]:
        """Do it; files go below `out`.  Returns figures for the manifest and the report.

        `out` may hold what an interrupted run of the same key left, where `run.resume`.
        """


@dataclass(frozen=True)
class Result:
    """What became of a stage; `figures` are those of the run that wrote its files."""

    stage: str
    key: str
    skipped: bool
    figures: Mapping[str, Any]


def run_stage(stage: Stage, run: Run) -> Result:
    """Execute a stage, or skip it where nothing has changed since it was done.

    Raises what the stage raises; a full disk becomes DiskFull.  An interrupted stage leaves its files and no
    `done.json`: with `run.resume` it goes on, without it begins anew.
    """
    out = run.place(stage.name)
    key = key_of(stage, run)
    done = read_json(out / "done.json")
    if done.get("key") == key:
        run.say(f"{stage.name}: nothing has changed, skipped")
        return Result(stage.name, key, True, done.get("figures", {}))
    begun = read_json(out / "begun.json")
    if out.exists() and not (run.resume and begun.get("key") == key):
        shutil.rmtree(out)
    try:
        out.mkdir(parents=True, exist_ok=True)
        write_json(out / "begun.json", {"key": key})
        started = time.monotonic()
        run.say(f"{stage.name}: started")
        figures = dict(stage.execute(run, out))
        seconds = round(time.monotonic() - started, 1)
        write_json(
            out / "done.json",
            {
                "key": key,
                "figures": figures,
                "seconds": seconds,
                "finished_at": datetime.now(UTC).isoformat(timespec="seconds"),
                "manifest": manifest(stage, run),
            },
        )
    except OSError as error:
        if error.errno == 28:
            raise DiskFull(f"There is no space left for {out}.") from None
        raise
    run.say(f"{stage.name}: done in {seconds:.0f} s")
    return Result(stage.name, key, False, figures)


def key_of(stage: Stage, run: Run) -> str:
    """The hash of everything that decides what a stage writes."""
    parts = {
        "stage": stage.name,
        "options": stage.options(run),
        "seed": run.config.seed,
        "inputs": {path.name: hash_of(path) for path in stage.inputs(run)},
        "code": code_hash(stage),
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


def manifest(stage: Stage, run: Run) -> dict[str, Any]:
    """With what a stage's files were made."""
    versions = {}
    for name in _PACKAGES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return {
        "options": dict(stage.options(run)),
        "seed": run.config.seed,
        "inputs": {str(path): hash_of(path) for path in stage.inputs(run)},
        "code": code_hash(stage),
        "versions": versions,
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
    }


def code_hash(stage: Stage) -> str:
    """Of the stage's own sources (its module, or its package), of the tuning and of the prompt builder."""
    from agent_assist.domain import prompt

    home = Path(__file__).parent
    own = Path(sys.modules[type(stage).__module__].__file__ or __file__)
    files = [own] if own.parent == home else sorted(own.parent.glob("*.py"))
    whole = hashlib.sha256()
    for path in [*files, home / "tuning.py", Path(prompt.__file__)]:
        whole.update(path.name.encode())
        whole.update(meaning_of(path.read_text(encoding="utf-8")).encode())
    return whole.hexdigest()


def meaning_of(source: str) -> str:
    """Python source without its comments, docstrings and layout: what may change without a stage being
    stale."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [n for n in body if not _is_docstring(n)]  # type: ignore[attr-defined]
    return ast.dump(tree)


def _is_docstring(node: ast.AST) -> bool:
    """Also one below a name; a text that stands alone does nothing."""
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def hash_of(path: Path) -> str:
    """sha256 of a file, or of all files below a folder; empty where nothing is there."""
    if path.is_dir():
        return hash_of_files(sorted(p for p in path.rglob("*") if p.is_file()), path)
    if not path.exists():
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def hash_of_files(paths: Iterable[Path], root: Path | None = None) -> str:
    """sha256 over names and contents, in this order; names are relative to `root`, or bare without one."""
    whole = hashlib.sha256()
    for path in paths:
        whole.update(str(path.relative_to(root) if root else path.name).encode())
        with path.open("rb") as file:
            whole.update(hashlib.file_digest(file, "sha256").digest())
    return whole.hexdigest()


def write_json(path: Path, value: Any) -> None:
    """Whole or not at all, also when the process dies meanwhile."""
    write_whole(path, json.dumps(value, ensure_ascii=False, indent=1, default=str).encode())


def write_rows(path: Path, rows: Iterable[Mapping[str, Any]]) -> int:
    """JSON Lines, whole or not at all; returns how many."""
    count = 0
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as file:
        for count, row in enumerate(rows, 1):  # noqa: B007 -- the last count is the result
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    return count


def read_rows(path: Path) -> list[dict[str, Any]]:
    """The rows of a JSON Lines file; empty lines are passed over."""
    with path.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file if line.strip()]


def read_json(path: Path) -> dict[str, Any]:
    """An object of a JSON file; empty where it is not there or is none."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def last_checkpoint(out: Path) -> str | None:
    """The newest checkpoint that is whole; None where there is none.

    A process that was killed while it wrote one, or whose disk was full, leaves a part: the state of the
    trainer comes last, and is empty or missing then.
    """
    found = (out / "checkpoints").glob("checkpoint-*")
    for path in sorted(found, key=lambda p: int(p.name.split("-")[1]), reverse=True):
        weights = [*path.glob("*.safetensors")]
        if weights and all(w.stat().st_size for w in weights) and read_json(path / "trainer_state.json"):
            return str(path)
    return None
