"""What the lead who decides reads: one page about two models on the same tickets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from training.report import Pair, Report

SHOWN = 20
"""Drafts side by side in the report."""

MEASURES = {
    "kept": ("Kept by the agent", "share of the draft that the agent's reply kept"),
    "answered": ("Answered", "share of the tickets that got a draft"),
    "decided": ("Answered or not, rightly", "where the case says whether it can be answered"),
    "cited": ("Right article used", "where the case names its articles"),
    "grounded": ("Sentences with a source", "share of the sentences that a passage supports"),
    "own_words": (
        "In the model's own words",
        "else the article's sentences: its wording did not pass the check",
    ),
    "unrepeated": ("Without repetition", "1 is none"),
    "polite": ("Polite", "thanks, please, sorry and the like"),
    "reply_f1": ("Words in common with the agent's reply", "F1"),
    "chrf": ("Letters in common with the agent's reply", "chrF, for any script"),
    "length": ("Length like the agent's", "shorter over longer"),
    "seconds": ("Seconds a draft", "less is better"),
}
"""In the order of the page: name, and what it is."""
_HEAD = ("", "cases", "in use", "new", "gain", "from", "to")


def ordered(rows: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Differences in the order of the page; unknown ones last."""
    order = {name: place for place, name in enumerate(MEASURES)}
    return sorted(rows, key=lambda row: order.get(str(row["name"]), len(order)))


def title_of(name: str) -> str:
    """A measure in words; its own name where there are none."""
    return MEASURES.get(name, (name, ""))[0]


def verdict(row: Mapping[str, Any] | None) -> str:
    """The main figure as a sentence."""
    if row is None:
        return "How much of the drafts agents would keep was not measured: no case has a reply."
    change = f"{row['champion']:.0%} before, {row['challenger']:.0%} now"
    spread = (
        f"{100 * row['gain']:+.1f} points, 95 % interval {100 * row['low']:+.1f} to {100 * row['high']:+.1f}"
    )
    what = f"Of a draft, agents would keep {change} ({spread}, {row['cases']} cases)."
    if row["low"] > 0:
        return f"The new model is better. {what}"
    if row["high"] < 0:
        return f"The new model is worse. {what}"
    return f"The new model is not shown to be better. {what}"


def evaluation_page(
    result: Mapping[str, Any],
    cases: Sequence[Mapping[str, Any]],
    outputs: Sequence[Sequence[Mapping[str, Any]]],
) -> Report:
    """One page for the lead who decides."""
    rows = ordered(result["all"])
    page = Report(f"{result['challenger']} against {result['champion']}")
    main = next((row for row in rows if row["name"] == "kept"), None)
    failed = len(result["golden_failures"])
    golden = f"Golden cases that fail: {failed}." if failed else "All golden cases pass."
    page.lead(verdict(main), _same(result, *outputs), f"{golden} {_forgot(result['likelihood'])}")
    page.intervals(
        "Gain with its 95 % interval",
        [
            (title_of(str(d["name"])), float(d["gain"]), float(d["low"]), float(d["high"]))
            for d in rows
            if d["name"] != "seconds"
        ],
    )
    page.table("All measures", [_measure(d) for d in rows], _HEAD)
    page.pairs("Side by side", [pair_of(c, o, n) for c, o, n in zip(cases[:SHOWN], *outputs)])
    _further(page, result)
    for what, groups in result["by"].items():
        if len(groups) > 1:
            some = [(name or "unknown", *_measure(d)) for name, ds in groups.items() for d in ordered(ds)]
            page.table(f"By {what}", some, (what, *_HEAD))
    return page


def _same(
    result: Mapping[str, Any], old: Sequence[Mapping[str, Any]], new: Sequence[Mapping[str, Any]]
) -> str:
    """How many drafts are the same: where neither model's wording passes the check, both show the article's
    sentences, and no tuning changes them."""
    pairs = [(a, b) for a, b in zip(old, new) if "draft" in (a.get("decision"), b.get("decision"))]
    same = sum(a.get("text") == b.get("text") for a, b in pairs)
    if not same:
        return ""
    own = next((row for row in result["all"] if row["name"] == "own_words"), None)
    rest = "."
    if own:
        rest = f"; {own['challenger']:.0%} of the new model's are in its own words, the others the article's."
    return f"{same} of {len(pairs)} drafts are the same, word for word{rest}"


def _measure(row: Mapping[str, Any]) -> tuple[object, ...]:
    figures = (row[k] for k in ("champion", "challenger", "gain", "low", "high"))
    return (title_of(str(row["name"])), row["cases"], *map(float, figures))


def _forgot(likelihood: Mapping[str, Any]) -> str:
    ratio = likelihood.get("forgetting")
    if ratio is None:
        return ""
    return (
        f"General texts are {ratio:.2f} times as hard to foretell as for the base (1 is nothing forgotten)."
    )


def _further(page: Report, result: Mapping[str, Any]) -> None:
    abstention = [(side, *figures.values()) for side, figures in result["abstention"].items() if figures]
    if abstention:
        page.table(
            "Answering and not answering",
            abstention,
            ("", "precision of not answering", "recall of not answering"),
        )
    if result["retrieval"]:
        page.table("Search, the same for both", list(result["retrieval"].items()))
    if result.get("intents"):
        page.table("What customers want, the same for both", list(result["intents"].items()))
    page.table("Median seconds a draft", list(result["median_seconds"].items()))
    general = [(k, v) for k, v in result["likelihood"].items() if isinstance(v, int | float)]
    page.table("Perplexity of the frozen general texts", general)
    canaries = result["likelihood"].get("canaries") or ()
    if canaries:
        head = ("planted in", "times", "rank", "of", "exposure, bits", "written out")
        page.table("Planted secrets", [_canary(c) for c in canaries], head)
    if result["golden_failures"]:
        failures = [(f["id"], f["why"], f["text"]) for f in result["golden_failures"]]
        page.table("Golden cases that failed", failures, ("case", "why", "draft"))


def _canary(row: Mapping[str, Any]) -> tuple[object, ...]:
    told = "yes" if row["verbatim"] else "no"
    return (row.get("place", ""), row["times"], row["rank"], row["of"], float(row["exposure"]), told)


def pair_of(
    case: Mapping[str, Any],
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    names: tuple[str, str] = ("In use", "New"),
    note: str = "",
) -> Pair:
    """One case with both drafts."""
    asked = [m["text"] for m in case["ticket"]["messages"] if m.get("role", "customer") == "customer"]
    return Pair(
        asked[-1] if asked else "",
        str(case.get("reply") or ""),
        (names[0], _draft(old)),
        (names[1], _draft(new)),
        note,
    )


def _draft(output: Mapping[str, Any]) -> str:
    text = str(output.get("text") or output.get("error") or "")
    decision = str(output.get("decision") or "failed")
    return text if decision == "draft" else f"({decision}) {text}"
