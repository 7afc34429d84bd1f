"""The stage that tunes the encoder, measures it on questions it has not seen, and opens or shuts the gate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from agent_assist.adapters.knowledge.embedding import Encoder, find_encoder
from agent_assist.errors import BadInput
from training.config import EncoderOptions
from training.encoder.measure import alone, in_product
from training.encoder.mining import Example, mine
from training.encoder.pairs import Pair, Texts, read_pairs, read_texts, split
from training.encoder.tune import seal, tune
from training.evaluation.compare import Difference, differences
from training.prepare.read import Bad
from training.report import Report
from training.sft import guarded
from training.stage import Plan, Run, read_rows, write_json, write_rows
from training.tuning import steps_of

EXAMPLES_PER_SECOND = 6.0
"""On two CPU cores with MiniLM and two negatives: only for the estimate of --dry-run."""
_LEAST = 8
"""Pairs on each side, below which nothing is learnt and nothing is measured."""
_SHOWN = 12


class EncoderStage:
    """Mines negatives, tunes, measures on the held-out questions; a shut gate is a result, no error."""

    name = "encoder"

    def inputs(self, run: Run) -> list[Path]:
        options = options_of(run)
        return [_knowledge(run), *options.pairs, find_encoder(options.base)]

    def options(self, run: Run) -> Mapping[str, Any]:
        return options_of(run).model_dump(mode="json")

    def plan(self, run: Run) -> Plan:
        options = options_of(run)
        texts, pairs, bad = _read(run)
        learn, held = split(pairs, options.held_out, run.config.seed)
        lengths = sorted(len(t.split()) for t in texts.passages)
        steps = steps_of(len(learn), options.batch, options.epochs, options.max_steps)
        return Plan(
            counts={
                "questions to learn from": len(learn),
                "questions held out": len(held),
                "rows that cannot be used": len(bad),
                "passages": len(texts.passages),
                "words of the median passage": lengths[len(lengths) // 2],
                "steps": steps,
            },
            seconds=steps * options.batch / EXAMPLES_PER_SECOND,
            examples=tuple(_unmined(p, texts) for p in learn[:3]),
        )

    def execute(self, run: Run, out: Path) -> Mapping[str, Any]:
        options = options_of(run)
        texts, pairs, bad = _read(run)
        learn, held = split(pairs, options.held_out, run.config.seed)
        _check(learn, held)
        base = find_encoder(options.base)
        before = Encoder(str(base))
        vectors = before.encode(texts.passages)
        examples = _mined(run, out, learn, texts, before, vectors)
        champion = alone(before, vectors, texts, held)
        run.say(f"encoder: {len(examples)} examples, {len(held)} questions held out, {len(bad)} rows unused")
        figures = guarded(
            lambda: tune(base, examples, out, options, run.config.seed, resume=run.resume, say=run.say)
        )
        tuned = out / "encoder"
        after = Encoder(str(tuned))
        challenger = alone(after, after.encode(texts.passages), texts, held)
        for one in differences(champion, challenger, run.config.seed):
            run.say(
                f"encoder: {one.name} {one.champion:.3f} → {one.challenger:.3f}, gain from {one.low:+.3f}"
            )
        scores: Mapping[str, Sequence[float]] = {}
        if options.product:
            run.say("encoder: the held-out questions are asked of the product, before and after")
            searched = [
                in_product(out / side, _knowledge(run), str(folder), held)
                for side, folder in (("before", base), ("after", tuned))
            ]
            champion, challenger = (
                [dict(a) | b for a, b in zip(side, found)]
                for side, (found, _) in zip((champion, challenger), searched)
            )
            scores = {"before": searched[0][1], "after": searched[1][1]}
        found = differences(champion, challenger, run.config.seed)
        gate = gate_of(found, options.measure)
        digest = seal(tuned, {"base": base.name, "name": run.config.name, "gate": gate})
        result = {
            "differences": [asdict(d) | {"gain": d.gain} for d in found],
            "gate": gate,
            "digest": digest,
        }
        write_json(out / "result.json", result)
        _report(run, out, found, gate, examples, figures, bad, scores)
        run.say(f"encoder: {gate['why']}")
        return figures | {"held_out": len(held), "passed": gate["passed"], "why": gate["why"]}


def options_of(run: Run) -> EncoderOptions:
    """Raises BadInput where the configuration says nothing of an encoder."""
    if run.config.encoder is None:
        raise BadInput(
            "The configuration has no part `encoder`.",
            "Name its pairs and its knowledge: see training/configs/.",
        )
    return run.config.encoder


def gate_of(found: Sequence[Difference], measure: str) -> dict[str, Any]:
    """Whether the tuned encoder may be used: only where the whole interval of its gain lies above zero.

    `measure` is compared in the product's search where that was asked, else with the encoder alone.
    """
    by_name = {d.name: d for d in found}
    one = by_name.get(f"search {measure}") or by_name[f"encoder {measure}"]
    told = f"{one.name} {one.champion:.3f} → {one.challenger:.3f}"
    told += f", gain {one.gain:+.3f} ({one.low:+.3f} to {one.high:+.3f})"
    why = (
        f"It may be used: {told}."
        if one.better
        else f"It is not used, since it is not shown to be better: {told}."
    )
    return {"passed": one.better, "measure": one.name, "low": one.low, "high": one.high, "why": why}


def _read(run: Run) -> tuple[Texts, list[Pair], list[Bad]]:
    texts = read_texts(_knowledge(run))
    pairs, bad = read_pairs(options_of(run).pairs, texts.of_article)
    return texts, pairs, bad


def _knowledge(run: Run) -> Path:
    path = options_of(run).knowledge or run.config.prepare.knowledge
    if path is None:
        raise BadInput("No articles were named.", "Set `encoder.knowledge` to a file of articles.")
    return path


def _check(learn: Sequence[Pair], held: Sequence[Pair]) -> None:
    if len(learn) < _LEAST or len(held) < _LEAST:
        raise BadInput(
            f"There are {len(learn)} questions to learn from and {len(held)} held out: too few.",
            "Collect more marks on articles, or lower `encoder.held_out`.",
        )


def _mined(
    run: Run, out: Path, learn: Sequence[Pair], texts: Texts, encoder: Encoder, vectors: Any
) -> list[Example]:
    kept = out / "examples.jsonl"
    if run.resume and kept.exists():
        return [Example(r["anchor"], r["positive"], tuple(r["negatives"])) for r in read_rows(kept)]
    examples = mine(encoder, learn, texts, vectors, options_of(run).negatives)
    if len(examples) < _LEAST:
        raise BadInput(
            "Hardly any question has passages that could be taken for an answer.",
            "Name more articles, or lower `encoder.negatives`.",
        )
    write_rows(kept, (asdict(e) for e in examples))
    return examples


def _unmined(pair: Pair, texts: Texts) -> str:
    right = texts.passages[texts.of_article[pair.articles[0]][0]]
    return f"Question: {pair.question}\nNames: {', '.join(pair.names) or '-'}\n⟦{right}⟧"


def _shown(one: Example) -> str:
    wrong = "\n".join(f"not: {text}" for text in one.negatives)
    return f"{one.anchor}\n⟦{one.positive}⟧\n{wrong}"


def _report(
    run: Run,
    out: Path,
    found: Sequence[Difference],
    gate: Mapping[str, Any],
    examples: Sequence[Example],
    figures: Mapping[str, Any],
    bad: Sequence[Bad],
    scores: Mapping[str, Sequence[float]],
) -> None:
    page = Report(f"How search was tuned for “{run.config.name}”")
    page.text("The gate", str(gate["why"]))
    head = ("measure", "questions", "before", "after", "gain", "from", "to")
    rows = [(d.name, d.cases, d.champion, d.challenger, d.gain, d.low, d.high) for d in found]
    page.table("Held-out questions (paired bootstrap, 95 %)", rows, head)
    page.bars(
        "Before and after", [(d.name, d.champion) for d in found], {d.name: d.challenger for d in found}
    )
    if scores:
        means = [(side, sum(some) / max(1, len(some))) for side, some in scores.items()]
        page.table(
            "Mean score of the best passage: it should stay, “enough evidence” is one threshold", means
        )
    steps = [s for s in read_rows(out / "steps.jsonl") if "loss" in s]
    page.line("Loss", [(s["step"], s["loss"]) for s in steps], "steps")
    page.table("Figures", [*figures.items(), *options_of(run).model_dump(mode="json").items()])
    page.examples("What is learnt (the right passage marked)", [_shown(e) for e in examples[:_SHOWN]])
    page.table("Rows that could not be used", [(b.where, b.why) for b in bad[:50]] or [("none", "")])
    page.write(out / "report.html")
