"""The stage that measures the challenger against the champion, both as they are served."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from pydantic import Field

from agent_assist.errors import BadInput
from agent_assist.resources import resource
from training.base import base_path
from training.champion import champion_of, remember_champion, workspace_of
from training.config import Section
from training.evaluation import likelihood
from training.evaluation.compare import Difference, differences, slices
from training.evaluation.golden import golden_failures
from training.evaluation.measures import abstention, figures_of, retrieval, settle_silence
from training.evaluation.page import evaluation_page
from training.evaluation.product import Candidate, Product, read_cases
from training.evaluation.sheet import write_sheet
from training.evaluation.triage import described, intent_figures, triaged
from training.prepare import workspace
from training.stage import Plan, Run, read_json, read_rows, write_json, write_rows

SECONDS_A_DRAFT = 3.0


class EvaluateOptions(Section):
    """What both models are measured on, and as what the champion is taken."""

    cases: Path | None = None
    """JSON Lines of `ticket`, `reply`, `articles`, `answerable`, `intent`; else the held-out replies."""
    knowledge: tuple[Path, ...] = ()
    """Articles to answer from; without it those of `prepare`."""
    most: int = Field(120, ge=1)
    """Cases."""
    champion: Path | None = None
    """An adapter on the same base to beat; without it the model that comes with the application."""
    plain_champion: bool = False
    """Compare with the base without any adapter."""
    settings: Path | None = None
    """The settings.json that both are measured with; that of `prepare.workspace` where none is named."""
    intents: Path | None = None
    """JSON Lines of `text` or `ticket` with `intent` to learn intents from; else those of `prepare`."""
    canaries: Path | None = None
    """JSON Lines of `before`, `secret`, `times` that were planted among the examples."""


def options_of(run: Run) -> EvaluateOptions:
    """Raises BadInput with the first thing that is wrong."""
    return EvaluateOptions.checked(run.config.evaluate, "evaluate.")


class Evaluate:
    """Both models draft for the same cases with the product's own commands; the figures go to result.json."""

    name = "evaluate"

    def inputs(self, run: Run) -> list[Path]:
        options = options_of(run)
        found = [_cases(run, options), run.find("export", "adapter.gguf"), base_path(run), *_knowledge(run)]
        champion = candidates(run, options)[0].adapter
        more = (champion, options.canaries, options.intents, _settings(run, options))
        return [*found, *(p for p in more if p)]

    def options(self, run: Run) -> Mapping[str, Any]:
        return options_of(run).model_dump(mode="json")

    def plan(self, run: Run) -> Plan:
        options = options_of(run)
        count = min(options.most, len(read_rows(_cases(run, options))))
        return Plan(
            counts={"cases": count, "drafts": 2 * count},
            seconds=2 * count * SECONDS_A_DRAFT,
        )

    def execute(self, run: Run, out: Path) -> Mapping[str, Any]:
        options = options_of(run)
        cases = read_cases(_cases(run, options), options.most)
        if not cases:
            raise BadInput(
                "There are no cases to measure on.", "Raise `prepare.held_out`, or set `evaluate.cases`."
            )
        champion, challenger = candidates(run, options)
        remember_champion(run, champion)
        tickets = [case["ticket"] for case in cases]
        with Product(out / "product", _settings(run, options)) as product:
            product.learn(_knowledge(run))
            run.say(f"evaluate: {len(cases)} drafts by {champion.name}, {len(cases)} by {challenger.name}")
            outputs = drafts_of_both(product, champion, challenger, tickets)
            intents = triaged(product, cases, _intents(run, options))
            hits = product.hits(tickets) if any(case.get("articles") for case in cases) else []
        labels = intent_figures(cases, intents)
        cases = described(cases, intents)
        result = compared(cases, outputs[0], outputs[1], run.config.seed)
        result |= {"champion": champion.name, "challenger": challenger.name}
        result["retrieval"] = _retrieval(cases, hits)
        result["intents"] = labels
        result["likelihood"] = _likelihoods(champion, challenger, options, run)
        golden = golden_failures(challenger, out)
        result["golden_failures"] = golden
        write_json(out / "result.json", result)
        write_rows(out / "drafts.jsonl", _side_by_side(cases, outputs))
        texts = [[str(row.get("text") or "") for row in side] for side in outputs]
        write_sheet(out / "sheet.csv", cases, texts[0], texts[1], run.config.seed)
        evaluation_page(result, cases, outputs).write(out / "report.html")
        return {
            "cases": len(cases),
            "golden_failures": len(golden),
            "gains": {d["name"]: [round(d[k], 4) for k in ("gain", "low", "high")] for d in result["all"]},
        }


def candidates(run: Run, options: EvaluateOptions) -> tuple[Candidate, Candidate]:
    """(champion, challenger) as they are served: an adapter on the quantised base."""
    base = base_path(run)
    if base.suffix != ".gguf":
        raise BadInput("There is no quantised base to serve on.", "Set `base` to the GGUF that is served.")
    challenger = Candidate(f"{run.config.name}", base, run.find("export", "adapter.gguf"))
    return champion_of(run, base, options.champion, plain=options.plain_champion), challenger


def drafts_of_both(
    product: Product, champion: Candidate, challenger: Candidate, tickets: Sequence[Mapping[str, Any]]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The champion's drafts and the challenger's, in the order of the tickets.

    The champion writes the first half before the challenger and the rest after it: what else the machine
    does meanwhile, more and more or less and less, falls on the times of both.
    """
    half = (len(tickets) + 1) // 2
    product.use(replace(champion, name=f"0-{champion.name}"))
    old = product.drafts(tickets[:half])
    product.use(replace(challenger, name=f"1-{challenger.name}"))
    new = product.drafts(tickets)
    if tickets[half:]:
        product.back()
        old += product.drafts(tickets[half:])
    return old, new


def compared(
    cases: Sequence[Mapping[str, Any]],
    champion: Sequence[Mapping[str, Any]],
    challenger: Sequence[Mapping[str, Any]],
    seed: int,
) -> dict[str, Any]:
    """All differences, and those by intent, language and channel."""
    old = [figures_of(o, c) for o, c in zip(champion, cases, strict=True)]
    new = [figures_of(o, c) for o, c in zip(challenger, cases, strict=True)]
    for pair in zip(old, new, strict=True):
        settle_silence(*pair)
    keys = {
        "intent": lambda c: str(c.get("intent") or ""),
        "language": lambda c: str(c["ticket"].get("language") or ""),
        "channel": lambda c: str(c["ticket"].get("channel") or "email"),
    }
    by: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for what, key in keys.items():
        groups = slices(cases, key)
        by[what] = {
            name: [_row(d) for d in differences([old[i] for i in at], [new[i] for i in at], seed)]
            for name, at in groups.items()
        }
    latency = {
        name: statistics.median([f["seconds"] for f in side if "seconds" in f] or [0.0])
        for name, side in (("champion", old), ("challenger", new))
    }
    return {
        "all": [_row(d) for d in differences(old, new, seed)],
        "by": by,
        "abstention": {"champion": abstention(champion, cases), "challenger": abstention(challenger, cases)},
        "median_seconds": latency,
        "failed": sum("error" in o for o in challenger),
    }


def _row(difference: Difference) -> dict[str, Any]:
    return asdict(difference) | {"gain": difference.gain}


def _cases(run: Run, options: EvaluateOptions) -> Path:
    return options.cases or run.find("prepare", "cases.jsonl")


def _knowledge(run: Run) -> list[Path]:
    options = options_of(run)
    known = workspace.resolved(run).knowledge
    return list(options.knowledge) or ([known] if known else [])


def _settings(run: Run, options: EvaluateOptions) -> Path | None:
    found = workspace_of(run)
    return options.settings or (found / "settings.json" if found else None)


def _intents(run: Run, options: EvaluateOptions) -> list[dict[str, Any]]:
    """What intents are learnt from."""
    path = options.intents or run.place("prepare") / "intents.jsonl"
    return read_rows(path) if path.exists() else []


def _retrieval(cases: Sequence[Mapping[str, Any]], hits: Sequence[Sequence[str]]) -> dict[str, float]:
    rows = [retrieval(h, c["articles"]) for c, h in zip(cases, hits) if c.get("articles")]
    return {n: round(statistics.fmean(row[n] for row in rows), 4) for n in rows[0]} if rows else {}


def _likelihoods(
    champion: Candidate, challenger: Candidate, options: EvaluateOptions, run: Run
) -> dict[str, Any]:
    """What was forgotten and what is kept by heart."""
    general = resource("evaluation", "general.txt").read_text(encoding="utf-8").split("\n\n")
    model = challenger.model or base_path(run)
    with likelihood.Scorer(model, None) as scorer:
        before = likelihood.perplexity(scorer, general)
    found: dict[str, Any] = {}
    with likelihood.Scorer(model, challenger.adapter) as scorer:
        found |= likelihood.forgetting(before, likelihood.perplexity(scorer, general))
        if options.canaries:
            planted = [likelihood.Canary(**row) for row in read_rows(options.canaries)]
            found["canaries"] = [likelihood.exposure(scorer, c, run.config.seed) for c in planted]
    probe = run.place("probe") / "result.json"
    if run.config.probe is not None and probe.exists():
        found["canaries"] = [*found.get("canaries", ()), *read_json(probe)["canaries"]]
    return found


def _side_by_side(
    cases: Sequence[Mapping[str, Any]], outputs: Sequence[Sequence[Mapping[str, Any]]]
) -> list[dict[str, Any]]:
    figures = [[figures_of(o, c) for o, c in zip(side, cases)] for side in outputs]
    for pair in zip(*figures, strict=True):
        settle_silence(*pair)
    kept = [[one.get("kept", 0.0) for one in side] for side in figures]
    return [
        {
            "case": case,
            "gain": round(kept[1][place] - kept[0][place], 4),
            "champion": {k: old.get(k) for k in ("decision", "text", "citations")},
            "challenger": {k: new.get(k) for k in ("decision", "text", "citations")},
        }
        for place, (case, old, new) in enumerate(zip(cases, *outputs, strict=True))
    ]
