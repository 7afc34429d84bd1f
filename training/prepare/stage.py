"""The stage that makes examples of exports, solved tickets and feedback."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from agent_assist.errors import BadInput
from training.config import PrepareOptions
from training.prepare import card, workspace
from training.prepare.ageing import aged, in_force
from training.prepare.examples import Example
from training.prepare.feedback import (
    costs,
    edit_cost,
    example_of,
    read_feedback,
    unknown_placeholders,
    why_no_pair,
)
from training.prepare.groups import capped, clusters, components, leaks, shares, split
from training.prepare.prepared import Prepared, Row
from training.prepare.record import Bad
from training.prepare.rows import Made, marks_of, run_plain
from training.report import Report
from training.stage import Plan, Run, write_rows


class Prepare:
    """Writes the examples, the held-out cases, the rows for preferences, and a dataset card."""

    name = "prepare"

    def inputs(self, run: Run) -> list[Path]:
        options = workspace.resolved(run)
        knowledge = [options.knowledge] if options.knowledge else []
        return [*(s.path for s in options.inputs), *options.feedback, *knowledge]

    def options(self, run: Run) -> Mapping[str, Any]:
        since = {"since": run.since.isoformat()} if run.since else {}
        excerpts = {"excerpts": workspace.resolved(run).excerpts}
        return run.config.prepare.model_dump(mode="json") | excerpts | since

    def plan(self, run: Run) -> Plan:
        made = prepare(workspace.resolved(run), run.config.seed, run.since)
        return Plan(
            counts={
                "tickets": made.read,
                "rows that cannot be read": len(made.bad),
                "replies that may be learnt": len(made.before),
                "after caps": len(made.kept),
                "new since the last run" if run.since else "new": made.new,
                "to train on": len(made.train),
                "held out": len(made.held),
                "preference pairs": len(made.pairs),
                "rows with a label": len(made.unpaired),
            },
            examples=tuple(_shown(row) for row in made.train[:3]),
        )

    def execute(self, run: Run, out: Path) -> Mapping[str, Any]:
        made = prepare(workspace.resolved(run), run.config.seed, run.since, out)
        if not made.train and not made.pairs and not made.unpaired:
            raise BadInput(
                f"Nothing is left to learn from: {made.read} tickets were read, "
                f"{sum(made.dropped.values())} replies left out, {len(made.bad)} rows could not be read.",
                f"Reasons: {'; '.join(f'{w} ({n})' for w, n in made.dropped.most_common(4)) or 'no input'}.",
            )
        write_rows(out / "train.jsonl", made.train)
        write_rows(out / "held.jsonl", made.held)
        write_rows(out / "cases.jsonl", made.cases)
        write_rows(out / "intents.jsonl", made.intents)
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
            "new": made.new,
            "replayed": made.aged.replayed,
            # Of what is learnt: the held-out ones are younger, and new to the next run.
            "newest": made.aged.newest.isoformat() if made.aged.newest else None,
        }


def prepare(
    options: PrepareOptions, seed: int, since: datetime | None = None, scratch: Path | None = None
) -> Prepared:
    """All of it in memory; what is not younger than `since` is only replayed.

    Raises BadInput where the held-out part would leak.
    """
    made = Prepared()
    marks: dict[str, list[int]] = {}
    for done in _transformed(options, scratch):
        if done.bad is not None:
            made.bad.append(done.bad)
            continue
        made.read += 1
        made.before += done.examples
        made.dropped.update(done.dropped)
        made.entities.update(done.entities)
        marks |= marks_of([done])
    rows = _feedback(options, made)
    made.before = _in_force(made, options)
    cluster = clusters([e.reply for e in made.before], options.near_duplicate, marks)
    places, left = capped(made.before, cluster, options.per_cluster, options.per_agent, seed)
    made.dropped.update(left)
    made.kept = [made.before[i] for i in places]
    own = [cluster[i] for i in places]
    held = split(made.kept, components(made.kept, own), options.held_out)
    if found_leaks := leaks(made.kept, own, held):
        raise BadInput(f"The held-out part would leak: {', '.join(found_leaks)}.", "Report this as a bug.")
    free = [e for e, out in zip(made.kept, held) if not out]
    if unread := sum(not e.learnable for e in free):
        made.dropped["does not rest on what the model was shown"] += unread
    learnt, made.aged = aged([e for e in free if e.learnable], options, since, seed)
    made.train += [one.row() for one in learnt]
    labelled = {(one.ticket, one.position): one for one in learnt if one.intent and one.before}
    made.intents = [one.labelled() for one in labelled.values()]
    for one in (e for e, out in zip(made.kept, held) if out):
        made.held.append(one.row())
        if one.before is not None:
            made.cases.append(one.case())
    _others(rows, made)
    return made


def _transformed(options: PrepareOptions, scratch: Path | None) -> Iterator[Made]:
    """What became of each record, in the order of the input, by the runner that the options name."""
    if options.runner == "plain":
        yield from run_plain(options)
        return
    from training.prepare.beyond import run_ray

    with tempfile.TemporaryDirectory(dir=scratch, prefix="shards-") as folder:
        yield from run_ray(options, Path(folder))


def _in_force(made: Prepared, options: PrepareOptions) -> list[Example]:
    held = [one for one in made.before if in_force(one, options)]
    if gone := len(made.before) - len(held):
        made.dropped["in a window that no longer counts"] += gone
    return held


def _feedback(options: PrepareOptions, made: Prepared) -> list[tuple[str, Row]]:
    """Add what agents sent to the examples; gives the other rows back."""
    others: list[tuple[str, Row]] = []
    for found in read_feedback(options.feedback):
        if isinstance(found, Bad):
            made.bad.append(found)
            continue
        kind, row, source = found
        one = example_of(row, source, options.rests) if kind == "sft" else None
        if one is None:
            others.append((kind, row))
        else:
            made.read += 1
            if unknown_placeholders(one):
                made.dropped["a placeholder that nothing before it has"] += 1
            else:
                made.before.append(one)
    return others


def _others(rows: Sequence[tuple[str, Row]], made: Prepared) -> None:
    """Pairs, judgements and replies without a ticket; nothing of what is held out."""
    tested = {json.dumps(r["prompt"], sort_keys=True) for r in made.held}
    tickets = {r["meta"]["ticket"] for r in made.held}
    for kind, row in rows:
        own = str((row.get("meta") or {}).get("ticket") or "")
        if own in tickets or json.dumps(row["prompt"], sort_keys=True) in tested:
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
    for title in ("Agent", "Intent", "Language", "Channel"):
        key = title.lower()
        before = shares(getattr(e, key) for e in made.before)
        after = Counter(getattr(e, key) or "unknown" for e in made.kept)
        report.bars(f"{title}s: before (grey) and after the caps (green)", before, after)
    fading = made.aged
    report.table(
        "What is new, and what fades",
        [
            ("new", fading.new),
            ("learnt before, taken again", fading.replayed),
            ("left out by age or chance", fading.faded),
            ("repeated", fading.repeated),
            *((f"in the window “{name}”", count) for name, count in fading.windows.items()),
        ],
    )
    report.bars("Examples by month", months([e.moment for e in made.kept]))
    if made.pairs:
        report.bars("How much the agents changed", costs(made.pairs))
    report.bars("Personal data replaced", made.entities.most_common(20))
    report.table("Rows that cannot be read", [(b.where, b.why) for b in made.bad[:50]])
    report.examples("Three examples", [_shown(row) for row in made.train[:3]])
    return report


def months(moments: Sequence[datetime | None]) -> list[tuple[str, int]]:
    """How many in each month, the newest two years."""
    return sorted(Counter(f"{m:%Y-%m}" for m in moments if m).items())[-24:]


def _shown(row: Row) -> str:
    prompt = "\n".join(f"[{m['role']}] {m['content']}" for m in row["prompt"])
    return f"{prompt}\n[assistant] ⟦{row['completion'][0]['content']}⟧"
