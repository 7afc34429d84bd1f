"""Replays solved tickets under two settings of the product and shows wins and losses side by side.

The two sides are workspaces: they may differ in model, articles, threshold or policy.  Neither is changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from agent_assist.errors import BadInput
from training.evaluation.compare import differences
from training.evaluation.measures import figures_of, settle_silence
from training.evaluation.page import ordered, pair_of, title_of
from training.evaluation.product import read_cases
from training.product import run_in
from training.report import Pair, Report
from training.stage import read_rows, write_json, write_rows

SHOWN = 15
"""Of each kind."""


def backtest(cases: Path, before: Path, after: Path, out: Path, most: int = 200) -> dict[str, Any]:
    """Draft the cases in both workspaces; writes result.json and report.html below `out`."""
    rows = read_cases(cases, most)
    if not rows:
        raise BadInput(f"{cases} holds no cases.", "A case has a `ticket` and the human's `reply`.")
    out.mkdir(parents=True, exist_ok=True)
    write_rows(out / "tickets.jsonl", (row["ticket"] for row in rows))
    sides = [_drafts(workspace, out, name) for workspace, name in ((before, "before"), (after, "after"))]
    figures = [[figures_of(o, c) for o, c in zip(side, rows, strict=True)] for side in sides]
    for pair in zip(*figures, strict=True):
        settle_silence(*pair)
    found = differences(figures[0], figures[1])
    gains = [_gain(old, new) for old, new in zip(*figures, strict=True)]
    result = {
        "cases": len(rows),
        "wins": sum(gain > 0.02 for gain in gains),
        "losses": sum(gain < -0.02 for gain in gains),
        "measures": {d.name: [d.champion, d.challenger, d.low, d.high] for d in found},
    }
    write_json(out / "result.json", result)
    _page(result, [asdict(d) | {"gain": d.gain} for d in found], gains, rows, sides).write(
        out / "report.html"
    )
    return result


def _page(
    result: Mapping[str, Any],
    found: Sequence[Mapping[str, Any]],
    gains: Sequence[float],
    rows: Sequence[Mapping[str, Any]],
    sides: Sequence[Sequence[Mapping[str, Any]]],
) -> Report:
    page = Report("What would have been different")
    same = result["cases"] - result["wins"] - result["losses"]
    page.lead(
        f"Of {result['cases']} solved tickets {result['wins']} would have had a better draft, "
        f"{result['losses']} a worse one, {same} one as good: by how much of it the agent's reply kept.",
        "Where only one side answers, a draft counts from a third kept: below that, an agent writes anew.",
        "Where a workspace remembers edits of these very tickets, both sides may repeat them.",
    )
    named = [d for d in ordered(found) if d["name"] != "seconds"]
    page.intervals(
        "Gain with its 95 % interval",
        [(title_of(d["name"]), d["gain"], d["low"], d["high"]) for d in named],
    )
    page.table(
        "All measures",
        [
            (
                title_of(d["name"]),
                d["cases"],
                *(float(d[k]) for k in ("champion", "challenger", "low", "high")),
            )
            for d in ordered(found)
        ],
        ("", "cases", "before", "after", "gain from", "to"),
    )
    order = sorted(range(len(rows)), key=lambda i: gains[i])

    def shown(place: int) -> Pair:
        before, after = (side[place] for side in sides)
        note = f"{100 * gains[place]:+.0f} points"
        return pair_of(rows[place], before, after, ("Before", "After"), note)

    page.pairs("Losses, the largest first", [shown(i) for i in order[:SHOWN] if gains[i] < 0])
    page.pairs("Wins, the largest first", [shown(i) for i in order[::-1][:SHOWN] if gains[i] > 0])
    return page


def _drafts(workspace: Path, out: Path, name: str) -> list[dict[str, Any]]:
    target = out / f"{name}.jsonl"
    run_in(workspace, ["draft", "--input", str(out / "tickets.jsonl"), "--output", str(target)])
    return read_rows(target)


def _gain(old: Mapping[str, float], new: Mapping[str, float]) -> float:
    """By what the agent would have kept."""
    return new.get("kept", 0.0) - old.get("kept", 0.0)
