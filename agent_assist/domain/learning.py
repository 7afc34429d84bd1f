"""A training run as the window shows it: its stages while it goes on, and what came of it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

STAGES = ("prepare", "sft", "preference", "export", "evaluate", "promote")
"""In the order in which a run goes through them."""

_LINE = re.compile(rf"^({'|'.join((*STAGES, 'run'))}): (.*)$")
_STEP = re.compile(r"step (\d+) of (\d+)")


class RunState(StrEnum):
    """How a training run ended, or that it goes on."""

    NONE = "none"
    """Nothing was started here yet."""
    RUNNING = "running"
    DONE = "done"
    """It went through; what it made may still have been refused."""
    FAILED = "failed"
    STOPPED = "stopped"
    """By the person; it can be resumed."""


class StageState(StrEnum):
    """How far one stage of a run is."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    SKIPPED = "skipped"
    """Nothing had changed since it was done."""
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class StageView:
    """One stage of a run."""

    name: str
    state: StageState = StageState.WAITING
    said: str = ""
    """Its last words."""
    progress: float | None = None
    """0 to 1; None where it cannot be told."""


@dataclass(frozen=True, slots=True)
class RunView:
    """What a person sees of a run."""

    state: RunState = RunState.NONE
    stages: tuple[StageView, ...] = tuple(StageView(name) for name in STAGES)
    message: str = ""
    """Why it failed, in its own words."""
    lines: tuple[str, ...] = ()
    """The newest of what it said."""


def heard(view: RunView, line: str) -> RunView:
    """The view after one more line of the run's output."""
    lines = (*view.lines, line)[-200:]
    found = _LINE.match(line.strip())
    if found is None or found[1] == "run":
        return replace(view, lines=lines)
    name, said = found.groups()
    stages = tuple(_after(stage, name, said) for stage in view.stages)
    return replace(view, stages=stages, lines=lines)


def _after(stage: StageView, name: str, said: str) -> StageView:
    if stage.name != name:
        return stage
    if "nothing has changed" in said:
        return StageView(name, StageState.SKIPPED, "Nothing has changed", 1.0)
    if said.startswith("done in"):
        return StageView(name, StageState.DONE, _span(said), 1.0)
    step = _STEP.search(said)
    progress = int(step[1]) / max(1, int(step[2])) if step else None
    shown = "" if said == "started" else said[:1].upper() + said[1:]
    return StageView(name, StageState.RUNNING, shown, progress)


def _span(said: str) -> str:
    """ "done in 240 s" as people say it."""
    found = re.search(r"(\d+) s", said)
    whole = int(found[1]) if found else 0
    if whole < 2:
        return ""
    return f"{whole} s" if whole < 100 else f"{round(whole / 60)} min"


def ended(view: RunView, code: int, *, stopped: bool) -> RunView:
    """The view after the process went away; a refused promotion is an answer, not a failure."""
    words = [line.strip() for line in view.lines if line.strip() and not _LINE.match(line.strip())]
    at = next((s.name for s in view.stages if s.state is StageState.RUNNING), "")
    refused = at == "promote" and code == 1
    if stopped:
        state, message = RunState.STOPPED, ""
    elif code == 0 or refused:
        state, message = RunState.DONE, ""
    else:
        state, message = RunState.FAILED, words[-1] if words else f"It ended with code {code}."
    last = StageState.DONE if state is RunState.DONE else StageState.FAILED
    if stopped:
        last = StageState.WAITING
    stages = tuple(replace(s, state=last, progress=None) if s.name == at else s for s in view.stages)
    return replace(view, state=state, stages=stages, message=message)


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure of both sides over the same cases, with the 95 % interval of the gain."""

    name: str
    cases: int
    """Those that both sides have the figure for."""
    champion: float
    challenger: float
    low: float
    """Lower bound of the gain, in the unit of the figure."""
    high: float

    @property
    def verdict(self) -> str:
        """`better`, `worse`, or `open` where the interval holds zero."""
        return "better" if self.low > 0 else "worse" if self.high < 0 else "open"


@dataclass(frozen=True, slots=True)
class Pair:
    """One case with what both models wrote."""

    asked: str
    replied: str
    """What the agent sent."""
    champion: str
    challenger: str
    gain: float
    """By how much more of the challenger's draft the agent's reply kept."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Whether the challenger may take the champion's place, and on what figures."""

    champion: str
    challenger: str
    measures: tuple[Measure, ...]
    promotable: bool
    reasons: tuple[str, ...]
    """Against a promotion, in sentences."""
    pairs: tuple[Pair, ...] = ()
    """Largest gain first."""
    golden_failures: int = 0
    """Golden cases that the challenger failed."""
    in_use: bool = False
    """It writes already."""

    @property
    def wins(self) -> tuple[Pair, ...]:
        return tuple(p for p in self.pairs if p.gain > 0.02)

    @property
    def losses(self) -> tuple[Pair, ...]:
        return tuple(p for p in reversed(self.pairs) if p.gain < -0.02)


def comparison_of(
    result: Mapping[str, Any], decision: Mapping[str, Any], drafts: Sequence[Mapping[str, Any]]
) -> Comparison:
    """Of the files that a run leaves (result.json, decision.json, drafts.jsonl)."""
    measures = tuple(
        Measure(d["name"], d["cases"], d["champion"], d["challenger"], d["low"], d["high"])
        for d in result.get("all", ())
    )
    pairs = sorted((_pair(row) for row in drafts), key=lambda p: -p.gain)
    return Comparison(
        str(result.get("champion", "")),
        str(decision.get("name") or result.get("challenger", "")),
        measures,
        bool(decision.get("promoted")),
        tuple(map(str, decision.get("reasons", ()))),
        tuple(pairs),
        len(result.get("golden_failures", ())),
    )


def _pair(row: Mapping[str, Any]) -> Pair:
    case = row.get("case", {})
    asked = [m["text"] for m in case.get("ticket", {}).get("messages", ()) if m.get("role") == "customer"]
    old, new = (str(row.get(side, {}).get("text") or "") for side in ("champion", "challenger"))
    gain = row.get("gain")
    return Pair(
        asked[-1] if asked else "", str(case.get("reply") or ""), old, new, float(gain) if gain else 0.0
    )


@dataclass(frozen=True, slots=True)
class LearningOverview:
    """Everything the page needs to be drawn."""

    examples: int
    """Rows that an SFT export would hold."""
    pairs: int
    """Rows that a preference export would hold."""
    missing: str
    """What is not installed, with what to do about it; empty where training can start."""
    may_train: bool
    may_change: bool
    run: RunView
    comparison: Comparison | None
    sheet: int = 0
    """Blind pairs that may be judged."""
    before: str = ""
    """The model that was in use before this one; empty where there was none."""
