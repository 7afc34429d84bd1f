"""The stage that decides whether the challenger may take the champion's place, and puts it there.

It may only where the lower bound of what it is to gain lies above zero, and every guard holds.  What was
in use stays registered: `agent-assist model rollback` brings it back at once.
"""

from __future__ import annotations

import hashlib
import json
import math
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import Field

from agent_assist.errors import AgentAssistError
from agent_assist.files import replacing
from training.base import base_path
from training.config import Section
from training.product import run_in
from training.stage import Plan, Run, write_json


class PromoteOptions(Section):
    measure: str = "kept"
    """What must be gained: `kept` is the share of the draft that the agent's reply kept."""
    guards: Mapping[str, float] = Field(
        default_factory=lambda: {"grounded": 0.02, "cited": 0.02, "decided": 0.02, "unrepeated": 0.02}
    )
    """Measures that may lose at most so much: the lower bound of their gain must not lie below."""
    most_forgetting: float = Field(1.15, ge=1)
    """Perplexity of the frozen general texts, as a ratio to the base."""
    slowest: float = Field(1.5, ge=1)
    """Median time of a draft, as a ratio to the champion's."""
    workspace: Path | None = None
    """Where the model is put into use; that of `prepare` where none is named.  Without either the decision
    is only written down."""
    canary: float = Field(0.0, ge=0, lt=1)
    """Share of the tickets that the challenger writes at first; 0 puts it into use for all."""
    models: Path | None = None
    """Folder that keeps promoted adapters; below the run's folder where none is given."""


class NotPromoted(AgentAssistError):
    code = "not_promoted"
    title = "The new model was not promoted"
    default_remedy = "The model in use is as it was. Look at decision.json and evaluate/report.html."
    exit_code = 1


def options_of(run: Run) -> PromoteOptions:
    """Raises BadInput with the first thing that is wrong."""
    return PromoteOptions.checked(run.config.promote, "promote.")


class Promote:
    name = "promote"

    def inputs(self, run: Run) -> list[Path]:
        return [run.find("evaluate", "result.json"), run.find("export", "adapter.gguf")]

    def options(self, run: Run) -> Mapping[str, Any]:
        return options_of(run).model_dump(mode="json")

    def plan(self, run: Run) -> Plan:
        reasons = why_not(json.loads(run.find("evaluate", "result.json").read_text("utf-8")), options_of(run))
        return Plan(counts={"reasons against it": len(reasons)}, examples=tuple(reasons))

    def execute(self, run: Run, out: Path) -> Mapping[str, Any]:
        options = options_of(run)
        result = json.loads(run.find("evaluate", "result.json").read_text("utf-8"))
        reasons = why_not(result, options)
        decision = {"promoted": not reasons, "reasons": reasons, "challenger": result["challenger"]}
        write_json(out / "decision.json", decision)
        if reasons:
            raise NotPromoted(" ".join(reasons))
        folder = options.models or run.folder / "models"
        adapter = keep(run.find("export", "adapter.gguf"), folder, named(run))
        if workspace := options.workspace or run.config.prepare.workspace:
            told = put_into_use(workspace, named(run), base_path(run), adapter, options.canary)
            run.say(f"promote: {told} in {workspace}")
        return decision | {"name": named(run), "adapter": str(adapter)}


def why_not(result: Mapping[str, Any], options: PromoteOptions) -> list[str]:
    """Every reason against promotion, in sentences; none where it may be promoted."""
    rows = {row["name"]: row for row in result["all"]}
    reasons: list[str] = []
    gained = rows.get(options.measure)
    if gained is None:
        reasons.append(f"“{options.measure}” was not measured.")
    elif gained["low"] <= 0:
        reasons.append(
            f"It is not shown to be better: “{options.measure}” changes by {gained['gain']:+.3f} "
            f"({gained['low']:+.3f} to {gained['high']:+.3f}, {gained['cases']} cases)."
        )
    for name, loss in options.guards.items():
        row = rows.get(name)
        if row is not None and row["low"] < -loss:
            reasons.append(
                f"“{name}” may have fallen by more than {loss}: {row['gain']:+.3f} "
                f"({row['low']:+.3f} to {row['high']:+.3f})."
            )
    if failed := result.get("golden_failures"):
        reasons.append(f"{len(failed)} golden cases fail, the first: {failed[0]['id']} {failed[0]['why']}.")
    likelihood = result.get("likelihood", {})
    if likelihood.get("forgetting", 1.0) > options.most_forgetting:
        reasons.append(
            f"It has forgotten: general texts are {likelihood['forgetting']:.2f} times as unlikely."
        )
    if any(_given_away(c) for c in likelihood.get("canaries", ())):
        reasons.append("It gives away a secret that was planted among the examples.")
    seconds = result.get("median_seconds", {})
    if seconds.get("challenger", 0.0) > options.slowest * max(seconds.get("champion", 0.0), 0.05):
        reasons.append(
            f"It is slower: {seconds['challenger']:.1f} s a draft, {seconds['champion']:.1f} before."
        )
    if result.get("failed"):
        reasons.append(f"{result['failed']} drafts failed.")
    return reasons


def keep(adapter: Path, folder: Path, name: str) -> Path:
    """Copy the adapter to where it stays, whole or not at all; one in use is never written over."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{name}.adapter.gguf"
    if not target.exists() or digest_of(target) != digest_of(adapter):
        with replacing(target) as temporary:
            shutil.copyfile(adapter, temporary)
    return target


def digest_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def named(run: Run) -> str:
    """The configuration's name and the adapter's digest: a weekly run makes a new model, and the one before
    stays what it was."""
    return f"{run.config.name}-{digest_of(run.find('export', 'adapter.gguf'))[:8]}"


def put_into_use(workspace: Path, name: str, model: Path, adapter: Path, canary: float = 0.0) -> str:
    """Register the model in a workspace and make it the one that writes, or writes for a share; says which.

    The workspace's passphrase comes from AGENT_ASSIST_PASSPHRASE or the keyring; the role must allow it.
    Raises BadInput with the command's own words.
    """
    run_in(workspace, ["model", "add", str(model), "--name", name, "--adapter", str(adapter)])
    if canary:
        run_in(workspace, ["model", "canary", name, "--share", f"{100 * canary:g}"])
        return f"{name} writes for {canary:.0%} of the tickets"
    run_in(workspace, ["model", "use", name])
    return f"{name} writes"


def _given_away(canary: Mapping[str, Any]) -> bool:
    """A secret that stood among the examples a few times and is written out, or is the likeliest by far;
    one of 200 that was never seen is the likeliest by chance."""
    likeliest = canary["rank"] == 1 and canary.get("exposure_fitted", math.inf) > 10
    return bool(0 < canary["times"] < 16 and (canary["verbatim"] or likeliest))
