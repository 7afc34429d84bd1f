"""Who is to be beaten: the model in use where the run's workspace has one, else the one promoted last."""

from __future__ import annotations

import json
from pathlib import Path

from agent_assist.adapters.inference.packaged import adapter_file, find_file
from agent_assist.errors import BadInput
from training.evaluation.product import Candidate
from training.loop import watermark
from training.product import run_in
from training.stage import Run, hash_of, write_json


def champion_of(run: Run, base: Path, chosen: Path | None, *, plain: bool) -> Candidate:
    """The champion on `base`; `chosen` is an adapter that the configuration names.

    Raises BadInput where the workspace writes with another base: the two could not be told apart by what
    was learnt.
    """
    if chosen:
        return Candidate("champion", base, chosen)
    if plain:
        return Candidate("base", base)
    if (workspace := workspace_of(run)) is not None:
        if "champion" not in run.known:  # each command takes seconds
            run.known["champion"] = _in_use(workspace, base)
        found: Candidate = run.known["champion"]
    elif (adapter := watermark(run).get("adapter")) and Path(str(adapter)).exists():
        found = Candidate("champion", base, Path(str(adapter)))
    else:
        found = Candidate("packaged") if base == find_file() else Candidate("base", base)
    if found.adapter and hash_of(found.adapter) == hash_of(run.place("export") / "adapter.gguf"):
        # The challenger is in use already: what it was measured against stands, so that a rerun is skipped.
        return _remembered(run) or found
    return found


def adapter_in_use(run: Run, base: Path) -> Path | None:
    """The champion's adapter; None where it writes without one."""
    chosen = run.config.evaluate.get("champion")
    plain = bool(run.config.evaluate.get("plain_champion"))
    found = champion_of(run, base, Path(str(chosen)) if chosen else None, plain=plain)
    return adapter_file() if found.name == "packaged" else found.adapter


def remember_champion(run: Run, champion: Candidate) -> None:
    """Write down who was beaten, or was not."""
    write_json(
        run.place("evaluate") / "champion.json",
        {
            "name": champion.name,
            "model": str(champion.model) if champion.model else None,
            "adapter": str(champion.adapter) if champion.adapter else None,
        },
    )


def _remembered(run: Run) -> Candidate | None:
    """Whom this run's examples were measured against; None where newer examples were prepared since."""
    path = run.place("evaluate") / "champion.json"
    try:
        if path.stat().st_mtime < (run.place("prepare") / "done.json").stat().st_mtime:
            return None
        found = json.loads(path.read_text(encoding="utf-8"))
        model, adapter = (Path(found[k]) if found[k] else None for k in ("model", "adapter"))
        return Candidate(str(found["name"]), model, adapter)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def workspace_of(run: Run) -> Path | None:
    """The workspace that the run is for."""
    promoted = run.config.promote.get("workspace")
    return Path(str(promoted)) if promoted else run.config.prepare.workspace


def _in_use(workspace: Path, base: Path) -> Candidate:
    listed = json.loads(run_in(workspace, ["model", "list", "--json"]))
    active = next((m for m in listed["models"] if m["active"]), None)
    if active is None:
        return Candidate("packaged") if base == find_file() else Candidate("base", base)
    if Path(active["path"]).resolve() != base.resolve():
        raise BadInput(
            f"{active['name']} writes in {workspace}, on another base than this run's.",
            "Set `base` to its file, or `evaluate.champion` to the adapter to beat.",
        )
    adapter = Path(active["adapter"]["path"]) if active["adapter"] else None
    if base == find_file() and adapter == adapter_file():
        return Candidate("packaged")
    return Candidate("champion", base, adapter)
