"""Folders of training runs that were fed from a workspace: where they lie, and how a person is taken out."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from agent_assist.domain.erasure import Trace
from agent_assist.files import replacing, write_whole

REGISTER = "training-folders.json"
"""In the workspace's folder: the run folders that its feedback was exported to."""
FORGOTTEN = "person-erased"
"""In a run folder: what was learnt there, and by the model in use, was partly learnt from somebody erased."""
_OWN = Path("training") / "run"
"""Where the window trains."""
_LEARNT = ("sft", "preference", "probe", "encoder", "export", "evaluate", "promote")
"""Stages whose files come from the prepared rows: texts, weights and drafts alike."""
_SHOWN = ("done.json", "report.html", "card.md")
"""What `prepare` leaves beside its rows."""


def register(workspace: Path, run: Path) -> None:
    """Remember that the feedback of a workspace lies in a run folder.  Raises OSError."""
    known = registered(workspace)
    if (run := run.resolve()) not in known:
        text = json.dumps([str(folder) for folder in (*known, run)], indent=1)
        write_whole(workspace / REGISTER, text.encode())


def registered(workspace: Path) -> list[Path]:
    """The run folders, whether they are still there or not."""
    try:
        found = json.loads((workspace / REGISTER).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return [Path(one) for one in found if isinstance(one, str)] if isinstance(found, list) else []


class TrainingFiles:
    """Implements ports.LearntFiles."""

    def __init__(self, workspace: Path) -> None:
        self._workspace = workspace

    def forget(self, trace: Trace, customers: frozenset[str]) -> tuple[dict[str, int], dict[str, int]]:
        removed = {"training rows": 0, "training stages": 0}
        left: dict[str, int] = {}
        pattern = trace.pattern()
        for run in dict.fromkeys((self._workspace / _OWN, *registered(self._workspace))):
            if not run.is_dir():
                continue
            try:
                rows = sum(_without(path, trace, customers, pattern) for path in _row_files(run))
                if rows:
                    removed["training rows"] += rows
                    removed["training stages"] += _invalidate(run)
                    _count(left, "tuned models in use or kept", len([*run.glob("models/*.gguf")]))
            except OSError:
                _count(left, "training folders that cannot be written", 1)
        return removed, left


def _count(counts: dict[str, int], what: str, more: int) -> None:
    if more:
        counts[what] = counts.get(what, 0) + more


def _row_files(run: Path) -> Iterator[Path]:
    for folder in (run / "prepare", run / "workspace", run.parent / "exports"):
        if folder.name != "exports" or run.parts[-2:] == _OWN.parts:
            yield from sorted(folder.glob("*.jsonl"))


def _without(path: Path, trace: Trace, customers: frozenset[str], pattern: re.Pattern[str] | None) -> int:
    """Take the person's rows out of a file; returns how many there were."""
    gone = 0
    with (
        replacing(path) as temporary,
        path.open(encoding="utf-8", newline="\n") as old,
        temporary.open("w", encoding="utf-8", newline="\n") as new,
    ):
        for line in old:
            if _is_theirs(line, trace, customers, pattern):
                gone += 1
            else:
                new.write(line)
    return gone


def _is_theirs(line: str, trace: Trace, customers: frozenset[str], pattern: re.Pattern[str] | None) -> bool:
    if pattern is not None and pattern.search(line):
        return True
    try:
        row = json.loads(line)
    except ValueError:
        return False
    ids, who = _named(row)
    tickets = set(trace.tickets)
    return bool(who & customers) or any(i in tickets or i.rpartition("#")[0] in tickets for i in ids)


def _named(row: Any) -> tuple[set[str], set[str]]:
    """(ticket ids, digests of customers) that a row says it is of."""
    if not isinstance(row, dict):
        return set(), set()
    meta, ticket = (part if isinstance(part := row.get(k), dict) else {} for k in ("meta", "ticket"))
    customer = ticket.get("customer")
    who = {meta.get("customer"), customer.get("id") if isinstance(customer, dict) else None}
    ids = {meta.get("ticket"), ticket.get("id")}
    return {i for i in ids if isinstance(i, str)}, {w for w in who if isinstance(w, str) and w}


def _invalidate(run: Path) -> int:
    """Delete what was made of the rows, so that the next run learns anew; returns the stages it was."""
    stages = 0
    for name in _LEARNT:
        if (run / name).is_dir():
            shutil.rmtree(run / name)
            stages += 1
    for name in _SHOWN:
        (run / "prepare" / name).unlink(missing_ok=True)
    (run / "watermark.json").unlink(missing_ok=True)  # all that is left is new again
    write_whole(run / FORGOTTEN, b"")
    return stages
