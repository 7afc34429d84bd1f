"""The stage that makes examples of exports, solved tickets and feedback."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent_assist.adapters.language import PackagedLanguageDetector
from agent_assist.adapters.privacy.rules import RuleRedactor
from agent_assist.errors import BadInput
from training.config import PrepareOptions
from training.prepare import card
from training.prepare.examples import Articles, Example, Maker
from training.prepare.feedback import costs, edit_cost, read_feedback, why_no_pair
from training.prepare.groups import capped, clusters, components, leaks, shares, split
from training.prepare.read import Bad, read
from training.report import Report
from training.stage import Plan, Run, write_rows

Row = dict[str, Any]


@dataclass
class Prepared:
    """Everything the stage found, before it is written."""

    read: int = 0
    bad: list[Bad] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)
    entities: Counter[str] = field(default_factory=Counter)
    before: list[Example] = field(default_factory=list)
    kept: list[Example] = field(default_factory=list)
    train: list[Row] = field(default_factory=list)
    held: list[Row] = field(default_factory=list)
    cases: list[Row] = field(default_factory=list)
    """The held-out replies with their tickets, for `evaluate`."""
    pairs: list[Row] = field(default_factory=list)
    unpaired: list[Row] = field(default_factory=list)


class Prepare:
    name = "prepare"

    def inputs(self, run: Run) -> list[Path]:
        options = run.config.prepare
        knowledge = [options.knowledge] if options.knowledge else []
        return [*(s.path for s in options.inputs), *options.feedback, *knowledge]

    def options(self, run: Run) -> Mapping[str, Any]:
        return run.config.prepare.model_dump(mode="json")

    def plan(self, run: Run) -> Plan:
        made = prepare(run.config.prepare, run.config.seed)
        return Plan(
            counts={
                "tickets": made.read,
                "rows that cannot be read": len(made.bad),
                "replies that may be learnt": len(made.before),
                "after caps": len(made.kept),
                "to train on": len(made.train),
                "held out": len(made.held),
                "preference pairs": len(made.pairs),
                "rows with a label": len(made.unpaired),
            },
            examples=tuple(_shown(row) for row in made.train[:3]),
        )

    def execute(self, run: Run, out: Path) -> Mapping[str, Any]:
        made = prepare(run.config.prepare, run.config.seed)
        if not made.train and not made.pairs and not made.unpaired:
            raise BadInput(
                f"Nothing is left to learn from: {made.read} tickets were read, "
                f"{sum(made.dropped.values())} replies left out, {len(made.bad)} rows could not be read.",
                f"Reasons: {'; '.join(f'{w} ({n})' for w, n in made.dropped.most_common(4)) or 'no input'}.",
            )
        write_rows(out / "train.jsonl", made.train)
        write_rows(out / "held.jsonl", made.held)
        write_rows(out / "cases.jsonl", made.cases)
        write_rows(out / "preference.jsonl", made.pairs)
        write_rows(out / "unpaired.jsonl", made.unpaired)
        write_rows(out / "bad.jsonl", ({"where": b.where, "why": b.why} for b in made.bad))
        (out / "card.md").write_text(card.dataset_card(run.config, made), encoding="utf-8")
        _report(made).write(out / "report.html")
        run.say(
            f"prepare: {len(made.train)} examples, {len(made.held)} held out, {len(made.pairs)} pairs, "
            f"{len(made.bad)} rows could not be read"
        )
        return {
            "tickets": made.read,
            "bad": len(made.bad),
            "dropped": dict(made.dropped),
            "train": len(made.train),
            "held": len(made.held),
            "pairs": len(made.pairs),
            "unpaired": len(made.unpaired),
        }


def prepare(options: PrepareOptions, seed: int) -> Prepared:
    """All of it in memory.  Raises BadInput where the held-out part would leak."""
    made = Prepared()
    maker = Maker(
        options,
        PackagedLanguageDetector(),
        RuleRedactor() if options.redact else None,
        _articles(options.knowledge),
        made.dropped,
        made.entities,
    )
    for source in options.inputs:
        for found in read(source):
            if isinstance(found, Bad):
                made.bad.append(found)
            else:
                made.read += 1
                made.before += maker.examples(found, source.path.name)
    cluster = clusters([e.reply for e in made.before], options.near_duplicate)
    places, left = capped(made.before, cluster, options.per_cluster, options.per_agent, seed)
    made.dropped.update(left)
    made.kept = [made.before[i] for i in places]
    own = [cluster[i] for i in places]
    held = split(made.kept, components(made.kept, own), options.held_out)
    if found_leaks := leaks(made.kept, own, held):
        raise BadInput(f"The held-out part would leak: {', '.join(found_leaks)}.", "Report this as a bug.")
    for one, out in zip(made.kept, held):
        (made.held if out else made.train).append(one.row())
        if out and one.before is not None:
            made.cases.append(one.case())
    _feedback(options.feedback, made)
    return made


def _feedback(paths: Sequence[Path], made: Prepared) -> None:
    tested = {json.dumps(r["prompt"], sort_keys=True) for r in made.held}
    for found in read_feedback(paths):
        if isinstance(found, Bad):
            made.bad.append(found)
            continue
        kind, row = found
        if json.dumps(row["prompt"], sort_keys=True) in tested:
            made.dropped["feedback on a held-out ticket"] += 1
        elif kind == "preference":
            if why := why_no_pair(row):
                made.dropped[why] += 1
            else:
                made.pairs.append(row | {"edit_cost": round(edit_cost(row), 4)})
        elif kind == "unpaired":
            made.unpaired.append(row)
        else:
            made.train.append(row)


def _articles(path: Path | None) -> Articles | None:
    if path is None:
        return None
    try:
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, ValueError) as error:
        raise BadInput(f"{path} cannot be read: {error}.", "It must be JSON Lines of articles.") from None
    return Articles(rows)


def _report(made: Prepared) -> Report:
    report = Report("What the examples were made of")
    report.table(
        "Counts",
        [
            ("tickets read", made.read),
            ("rows that cannot be read", len(made.bad)),
            ("replies that may be learnt", len(made.before)),
            ("after caps", len(made.kept)),
            ("to train on", len(made.train)),
            ("held out", len(made.held)),
            ("preference pairs", len(made.pairs)),
        ],
    )
    report.bars("Left out, and why", made.dropped.most_common(20))
    for title, key in (("Agents", "agent"), ("Languages", "language"), ("Channels", "channel")):
        before = shares(getattr(e, key) for e in made.before)
        after = Counter(getattr(e, key) or "unknown" for e in made.kept)
        report.bars(f"{title}: before (grey) and after the caps (green)", before, after)
    if made.pairs:
        report.bars("How much the agents changed", costs(made.pairs))
    report.bars("Personal data replaced", made.entities.most_common(20))
    report.table("Rows that cannot be read", [(b.where, b.why) for b in made.bad[:50]])
    report.examples("Three examples", [_shown(row) for row in made.train[:3]])
    return report


def _shown(row: Row) -> str:
    prompt = "\n".join(f"[{m['role']}] {m['content']}" for m in row["prompt"])
    return f"{prompt}\n[assistant] ⟦{row['completion'][0]['content']}⟧"
