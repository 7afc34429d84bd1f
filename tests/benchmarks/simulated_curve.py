"""The figures of the simulated year: its curves, and what they come to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from training.report import Report
from training.stage import write_json


def write(folder: Path, rows: list[dict[str, Any]], options: dict[str, Any], about: str) -> None:
    """The figures as JSON and as a page with a plot for each."""
    folder.mkdir(parents=True, exist_ok=True)
    options = options | {"converter": "", "folder": ""}
    write_json(folder / "simulated-year.json", {"options": options, "months": rows})
    page = Report("A simulated year")
    page.text("What was simulated", *about.strip().split("\n\n")[1:])
    for key, title in (
        ("accepted", "Accepted: at most a tenth of the words changed, share of drafts"),
        ("acceptance", "Acceptance as the product counts it: less than 40 % of the characters changed"),
        ("as_is", "Sent as it was, share of drafts"),
        ("edit_distance", "Characters changed, mean share"),
        ("changed", "Words changed, share"),
        ("facts_right", "Right in its facts, share of drafts"),
        ("corrected_right", "Right about what the articles have out of date, share of drafts"),
        ("contradicting", "Contradicting the article, share of drafts"),
        ("unlearnt_accepted", "Accepted of a product that learns nothing, share of drafts"),
        ("unlearnt_right", "Right in its facts, of a product that learns nothing"),
    ):
        points = [(row["month"], row[key]) for row in rows if row.get(key) is not None]
        if points:
            page.line(title, points, "months")
    page.line("Forgetting (1 is nothing)", [(r["month"], r["forgetting"]) for r in rows if "forgetting" in r])
    head = (
        "month",
        "accepted",
        "changed",
        "as_is",
        "facts_right",
        "corrected_right",
        "in_use",
        "promoted",
        "reasons",
    )
    page.table("Months", [[str(row.get(k, "")) for k in head] for row in rows], head)
    page.write(folder / "simulated-year.html")


_TOLD = (
    "accepted",
    "unlearnt_accepted",
    "acceptance",
    "as_is",
    "edit_distance",
    "facts_right",
    "unlearnt_right",
    "corrected_right",
)


def told(rows: list[dict[str, Any]], most_forgetting: float) -> int:
    """Say what it comes to; returns the exit code."""
    third = max(1, len(rows) // 3)

    def thirds(key: str) -> str:
        parts = [[r[key] for r in part if r.get(key) is not None] for part in (rows[:third], rows[-third:])]
        return " to ".join(f"{sum(p) / len(p):.2f}" if p else "?" for p in parts)

    first, last = (sum(r["accepted"] for r in part) / len(part) for part in (rows[:third], rows[-third:]))
    promoted = [r for r in rows if r.get("promoted")]
    tuned = [r for r in rows if "loss" in r]
    held = all(r["forgetting"] <= most_forgetting for r in promoted)
    held = held and not any(r["contradicting"] for r in rows)
    print("first third of the year to its last third:")
    for key in _TOLD:
        print(f"  {key:<19}{thirds(key)}")
    print(f"retrained in {len(tuned)} months, promoted in {len(promoted)}")
    print(f"guards hold (no draft contradicts its article, forgetting, golden set of the promoted): {held}")
    return 0 if last > first and held else 1
