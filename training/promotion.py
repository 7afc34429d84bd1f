"""The stage that decides whether the challenger may take the champion's place, and puts it there.

It may only where the lower bound of what it is to gain lies above zero, and every guard holds.  What was
in use stays registered: `agent-assist model rollback` brings it back at once.
"""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import Field

from agent_assist.errors import AgentAssistError
from agent_assist.files import replacing
from training.base import base_path
from training.config import Section
from training.evaluation.page import title_of
from training.product import run_in
from training.report import Report
from training.stage import Plan, Run, hash_of, write_json


class PromoteOptions(Section):
    """What is needed for a promotion, and where it takes place."""

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
    """The challenger gained too little or a guard does not hold; the sentence has each reason."""

    code = "not_promoted"
    title = "The new model was not promoted"
    default_remedy = "The model in use is as it was. Look at promote/report.html and evaluate/report.html."
    exit_code = 1


def options_of(run: Run) -> PromoteOptions:
    """Raises BadInput with the first thing that is wrong."""
    return PromoteOptions.checked(run.config.promote, "promote.")


class Promote:
    """Writes decision.json and its page, then registers the adapter.  Raises NotPromoted."""

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
        decision_page(result, options).write(out / "report.html")
        if reasons:
            raise NotPromoted(" ".join(reasons))
        folder = options.models or run.folder / "models"
        adapter = keep(run.find("export", "adapter.gguf"), folder, named(run))
        if workspace := options.workspace or run.config.prepare.workspace:
            told = put_into_use(workspace, named(run), base_path(run), adapter, options.canary)
            run.say(f"promote: {told} in {workspace}")
        return decision | {"name": named(run), "adapter": str(adapter)}


@dataclass(frozen=True)
class Rule:
    """One thing that is asked of a challenger, as the page shows it."""

    name: str
    asked: str
    found: str
    why_not: str = ""
    """A sentence where it does not hold."""


def why_not(result: Mapping[str, Any], options: PromoteOptions) -> list[str]:
    """Every reason against promotion, in sentences; none where it may be promoted."""
    return [rule.why_not for rule in rules(result, options) if rule.why_not]


def rules(result: Mapping[str, Any], options: PromoteOptions) -> Iterator[Rule]:
    """What is asked, the gain first, then every guard that could be measured."""
    rows = {row["name"]: row for row in result["all"]}
    yield _gain(options.measure, rows.get(options.measure))
    for name, loss in options.guards.items():
        if name in rows:
            yield _guard(name, loss, rows[name])
    if "golden_failures" in result:
        yield _golden(result["golden_failures"])
    likelihood = result.get("likelihood", {})
    if "forgetting" in likelihood:
        ratio, most = likelihood["forgetting"], options.most_forgetting
        why = f"It has forgotten: general texts are {ratio:.2f} times as unlikely." if ratio > most else ""
        yield Rule("General texts, times as hard to foretell", f"at most {most:.2f}", f"{ratio:.2f}", why)
    if likelihood.get("canaries"):
        told = sum(map(_given_away, likelihood["canaries"]))
        why = "It gives away a secret that was planted among the examples." if told else ""
        yield Rule("Planted secrets given away", "none", str(told), why)
    seconds = result.get("median_seconds", {})
    old, new = seconds.get("champion", 0.0), seconds.get("challenger", 0.0)
    slow = new > options.slowest * max(old, 0.05)
    why = f"It is slower: {new:.1f} s a draft, {old:.1f} before." if slow else ""
    yield Rule("Seconds a draft", f"at most {options.slowest:g} × {old:.1f}", f"{new:.1f}", why)
    failed = int(result.get("failed") or 0)
    why = f"{failed} drafts failed." if failed else ""
    yield Rule("Drafts that failed", "none", str(failed), why)


def _gain(name: str, row: Mapping[str, Any] | None) -> Rule:
    title, asked = title_of(name), "the whole interval above 0"
    if row is None:
        return Rule(title, asked, "not measured", f"“{title}” was not measured.")
    found = _interval(row)
    better = row["low"] > 0
    why = "" if better else f"It is not shown to be better: “{title}” changes by {found}."
    return Rule(title, asked, found, why)


def _guard(name: str, loss: float, row: Mapping[str, Any]) -> Rule:
    title, found = title_of(name), _interval(row)
    fallen = row["low"] < -loss
    why = f"“{title}” may have fallen by more than {loss:g}: {found}." if fallen else ""
    return Rule(title, f"no part of the interval below −{loss:g}", found, why)


def _golden(failed: Sequence[Mapping[str, Any]]) -> Rule:
    why = (
        f"{len(failed)} golden cases fail, the first: {failed[0]['id']} {failed[0]['why']}." if failed else ""
    )
    return Rule("Golden cases that fail", "none", str(len(failed)), why)


def _interval(row: Mapping[str, Any]) -> str:
    return f"{row['gain']:+.3f} ({row['low']:+.3f} to {row['high']:+.3f}, {row['cases']} cases)"


def decision_page(result: Mapping[str, Any], options: PromoteOptions) -> Report:
    """What a lead reads: may the new model be used, what was asked of it, and what can be done."""
    found = list(rules(result, options))
    against = [rule.why_not for rule in found if rule.why_not]
    page = Report(f"May {result['challenger']} be used?")
    if against:
        page.lead("No. The model in use stays as it was.", *against)
    else:
        page.lead("Yes: it is shown to be better, and nothing that is watched has become worse.")
    head = ("", "asked", "found", "")
    page.table(
        "What is asked of a new model",
        [(r.name, r.asked, r.found, "does not hold" if r.why_not else "holds") for r in found],
        head,
    )
    page.text("What you can do", *_advice(found, against))
    return page


def _advice(found: Sequence[Rule], against: Sequence[str]) -> list[str]:
    drafts = "evaluate/report.html shows the drafts of both side by side."
    if not against:
        return [f"{drafts} `agent-assist model rollback` brings the model before back at once."]
    advice = [drafts]
    if found[0].why_not:
        advice.append(
            "The interval becomes narrower with more held-out tickets (`prepare.held_out`, `evaluate.most`),"
            " and the gain larger with more examples or steps."
        )
    if any(rule.why_not for rule in found[1:]):
        advice.append(
            "A guard that does not hold: learn in smaller steps (`sft.learning_rate`, `sft.epochs`)."
        )
    return [*advice, "What was tuned is kept; nothing has to be undone."]


def keep(adapter: Path, folder: Path, name: str) -> Path:
    """Copy the adapter to where it stays, whole or not at all; one in use is never written over."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{name}.adapter.gguf"
    if not target.exists() or hash_of(target) != hash_of(adapter):
        with replacing(target) as temporary:
            shutil.copyfile(adapter, temporary)
    return target


def named(run: Run) -> str:
    """The configuration's name and the adapter's digest: a weekly run makes a new model, and the one before
    stays what it was."""
    return f"{run.config.name}-{hash_of(run.find('export', 'adapter.gguf'))[:8]}"


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
