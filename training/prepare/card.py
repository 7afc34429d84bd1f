"""The dataset card: what is in the examples, from where, on what ground, and what was replaced."""

from __future__ import annotations

from collections import Counter

from agent_assist.domain.text import words
from training.config import Config
from training.prepare.agreement import agreement
from training.prepare.prepared import Prepared


def dataset_card(config: Config, made: Prepared) -> str:
    """Markdown."""
    lengths = sorted(len(words(e.reply)) for e in made.kept) or [0]
    moments = sorted(e.moment for e in made.kept if e.moment)
    agents, customers = ({getattr(e, key) for e in made.kept} - {""} for key in ("agent", "customer"))
    lines = [
        f"# Examples of the run “{config.name}”",
        "",
        f"- {len(made.train):,} to train on, {len(made.held):,} held out: whole connected components of "  # noqa: ISC004
        "ticket, customer and near-duplicate replies, newest first",
        f"- {len(made.pairs):,} preference pairs, {len(made.unpaired):,} rows with a label",
        f"- Words of a reply: median {lengths[len(lengths) // 2]}, longest {lengths[-1]}",
        f"- From {moments[0]:%Y-%m-%d} to {moments[-1]:%Y-%m-%d}" if moments else "- No dates",
        f"- Languages: {_listed(Counter(e.language or 'unknown' for e in made.kept))}",
        f"- Channels: {_listed(Counter(e.channel for e in made.kept))}",
        f"- Agents: {len(agents):,}, customers: {len(customers):,}",
        *_agreed(made),
        "",
        "## Sources",
        "",
    ]
    lines += [
        f"- {s.path.name}: licence {s.licence}; ground for learning from it: {s.consent or 'not stated'}"
        for s in config.prepare.inputs
    ]
    if config.prepare.workspace:
        name = config.prepare.workspace.name
        lines.append(f"- the workspace “{name}”: what its agents sent and edited, redacted at its export")
    lines += [f"- {path.name}: feedback, redacted at its export" for path in config.prepare.feedback]
    lines += _fading(config, made)
    lines += ["", "## Personal data", ""]
    if config.prepare.redact:
        found = _listed(made.entities) or "nothing was found"
        lines.append(
            f"Replaced by placeholders in exports of helpdesks: {found}. Feedback was redacted before."
        )
        lines.append(
            "Rules miss names that nothing announces: read a sample before the data leaves the machine."
        )
    else:
        lines.append("**Nothing was replaced** (`redact: false`).")
    lines += ["", "## Left out", ""]
    lines += [f"- {count:,} {why}" for why, count in made.dropped.most_common()] or ["- nothing"]
    lines += [f"- {len(made.bad):,} rows could not be read (bad.jsonl)", ""]
    return "\n".join(lines)


def _agreed(made: Prepared) -> list[str]:
    """What a model's words in common with one agent's reply are to be read beside."""
    found = agreement(made.before)
    if found is None:
        return []
    two, nearest = f"{found.between_two:.2f}", f"{found.nearest:.2f}"
    line = (
        f"- Asked the same ({found.questions:,} questions), two agents' replies have {two} of their words in "
        f"common (token-F1), the one nearest to the others {nearest}: what a model has in common with "
        "one agent's reply is read beside that"
    )
    return [line]


def _fading(config: Config, made: Prepared) -> list[str]:
    """What is new, and what counts less or not at all."""
    options, told = config.prepare, made.aged
    lines = ["", "## New and old", ""]
    lines.append(f"- {told.new:,} new; of what was learnt before {told.replayed:,} are learnt again")
    if options.half_life_days:
        lines.append(f"- After {options.half_life_days:g} days an example counts half")
    gone = made.dropped["in a window that no longer counts"]
    for window in options.windows:
        span = f"{window.since or 'the beginning'} to {window.until or 'today'}"
        tags = f", tagged {', '.join(window.tags)}" if window.tags else ""
        count = (
            f"{told.windows[window.name]:,} of them" if window.weight else f"left out ({gone:,} in all such)"
        )
        lines.append(f"- {window.name} ({span}{tags}): weight {window.weight:g}, {count}")
    lines.append(f"- {told.faded:,} left out by age, {told.repeated:,} repeated")
    return lines


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.most_common(12))
