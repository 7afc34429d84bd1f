"""`python -m training` as a process of its own: started, followed line by line, stopped with its children."""

from __future__ import annotations

import csv
import importlib.metadata
import importlib.util
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from agent_assist.errors import BadInput
from agent_assist.files import replacing

_NEEDED = ("training", "torch", "trl", "peft", "datasets", "datasketch", "sacrebleu")
_GRACE = 5.0
"""Seconds that a run has to end by itself before it is killed."""
CONVERTER = "llama.cpp-{version}"
_TYPE = f'In the folder of Agent Assist, type: "{sys.executable}"'


class TrainingProcess:
    """Implements ports.TrainingRuns; one run at a time."""

    def __init__(self, tools: Path) -> None:
        """`tools` is the folder in which `python -m training converter` puts llama.cpp's converter."""
        self._tools = tools
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None

    def missing(self) -> str:
        lacking = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
        if lacking:
            return f"Training is not installed. {_TYPE} -m pip install -c constraints.txt -e '.[training]'"
        if self.converter() is None:
            return f"The converter is not here yet. {_TYPE} -m training converter"
        return ""

    def converter(self) -> Path | None:
        """The converter of the installed llama.cpp; None where it was not fetched."""
        try:
            version = importlib.metadata.version("llama-cpp-python")
        except importlib.metadata.PackageNotFoundError:
            return None
        for folder in (self._tools / CONVERTER.format(version=version), _beside_sources()):
            if folder is not None and (folder / "convert_lora_to_gguf.py").exists():
                return folder
        return None

    def start(self, folder: Path, config: Mapping[str, Any], on_line: Callable[[str], None]) -> None:
        if self._process is not None and self._process.poll() is None:
            raise BadInput("A training run is under way.", "Wait for it, or stop it.")
        folder.mkdir(parents=True, exist_ok=True)
        whole = dict(config)
        if (converter := self.converter()) is not None:
            whole["export"] = {**whole.get("export", {}), "converter": str(converter)}
        path = folder / "config.yaml"
        path.write_text(yaml.safe_dump(whole, allow_unicode=True, sort_keys=False), encoding="utf-8")
        # The run needs no workspace: what it learns from was exported before, what it made is put into use
        # by the services.
        away = ("AGENT_ASSIST_PASSPHRASE", "AGENT_ASSIST_WORKSPACE")
        environment = {k: v for k, v in os.environ.items() if k not in away}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "training", "run", str(path), "--resume"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
            errors="replace",
            env=environment | {"PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8"},
            cwd=_home(),
            **_own_group(),
        )
        self._reader = threading.Thread(
            target=self._read, args=(self._process, folder / "log.txt", on_line), name="training", daemon=True
        )
        self._reader.start()

    def wait(self) -> int:
        if self._process is None:
            return 0
        code = self._process.wait()
        if self._reader is not None and self._reader is not threading.current_thread():
            self._reader.join()
        return code

    def stop(self) -> None:
        process = self._process
        if process is None or process.poll() is not None:
            return
        _end(process, signal.SIGTERM)
        try:
            process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            _end(process, getattr(signal, "SIGKILL", signal.SIGTERM))

    def results(self, folder: Path) -> dict[str, Any]:
        run = folder / "run"
        found: dict[str, Any] = {}
        for name, path in (
            ("result", run / "evaluate" / "result.json"),
            ("decision", run / "promote" / "decision.json"),
            ("promoted", run / "promote" / "done.json"),
        ):
            try:
                found[name] = json.loads(path.read_text(encoding="utf-8"))
            except (OSError, ValueError):
                continue
        try:
            lines = (run / "evaluate" / "drafts.jsonl").read_text(encoding="utf-8").split("\n")
            found["drafts"] = [json.loads(line) for line in lines if line.strip()]
        except (OSError, ValueError):
            found["drafts"] = []
        found["sheet"] = _rows(run / "evaluate" / "sheet.csv")
        found["report"] = str(run / "evaluate" / "report.html")
        return found

    def save_sheet(self, folder: Path, who: str, rows: Sequence[Mapping[str, str]]) -> Path:
        path = folder / "run" / "evaluate" / f"sheet-{who}.csv"
        with replacing(path) as temporary, temporary.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]) if rows else [])
            writer.writeheader()
            writer.writerows(rows)
        return path

    def judged(self, folder: Path, seed: int) -> dict[str, Any]:
        sheets = sorted((folder / "run" / "evaluate").glob("sheet-*.csv"))
        if not sheets:
            return {}
        done = subprocess.run(
            [sys.executable, "-m", "training", "sheet", "--seed", str(seed), *map(str, sheets)],
            capture_output=True,
            text=True,
            check=False,
            cwd=_home(),
        )
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            raise BadInput(f"The sheets cannot be read: {last}")
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def _read(self, process: subprocess.Popen[str], log: Path, on_line: Callable[[str], None]) -> None:
        with log.open("w", encoding="utf-8") as file:
            for line in process.stdout or ():
                file.write(line)
                file.flush()
                on_line(line.rstrip("\n"))


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return [{k: v or "" for k, v in row.items() if k} for row in csv.DictReader(file)]
    except (OSError, ValueError, csv.Error):
        return []


def _home() -> Path | None:
    """Where `training` is imported from, also where the sources are not installed."""
    found = importlib.util.find_spec("training")
    return Path(found.origin).parent.parent if found is not None and found.origin else None


def _beside_sources() -> Path | None:
    home = _home()
    return home / "build" / "llama.cpp" if home is not None else None


def _own_group() -> dict[str, Any]:
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"start_new_session": True}


def _end(process: subprocess.Popen[str], how: int) -> None:
    """End the process and all that it started."""
    if sys.platform == "win32":
        subprocess.run(["taskkill", "/T", "/F", "/PID", str(process.pid)], capture_output=True, check=False)
        return
    try:
        os.killpg(process.pid, how)
    except ProcessLookupError:
        return
