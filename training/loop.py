"""All stages one after the other, and what `--since last` remembers between two runs.

The watermark is written when a challenger was promoted, not before: what was learnt by a model that nobody
uses is still to be learnt.
"""

from __future__ import annotations

import gc
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from agent_assist.adapters.training_files import FORGOTTEN
from agent_assist.domain.ticket import parse_time
from agent_assist.errors import AgentAssistError, BadInput
from training.prepare.workspace import take
from training.stage import Result, Run, Stage, run_stage, write_json

LAST = "last"


def watermark_file(run: Run) -> Path:
    """What the model in use has learnt from, as far as `--since last` needs it."""
    return run.folder / "watermark.json"


def watermark(run: Run) -> dict[str, Any]:
    """`at`: until when everything is learnt; `adapter`: what learnt it.  Empty before the first promotion."""
    try:
        found = json.loads(watermark_file(run).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def since_of(run: Run, text: str) -> datetime | None:
    """The moment that `--since` names: a date, or `last`; None where nothing was learnt before."""
    if not text:
        return None
    if text == LAST:
        text = str(watermark(run).get("at") or "")
        if not text:
            run.say("run: nothing was learnt before, so everything is new")
            return None
    try:
        moment = parse_time(text)
    except AgentAssistError:
        moment = None
    if moment is None:
        raise BadInput(f"{text} is no date.", "Write `last`, 2026-11-22 or 2026-11-22T09:00:00Z.")
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def run_all(run: Run, names: Sequence[str], stage: Callable[[str], Stage], since: str = "") -> list[Result]:
    """Run the stages; ends after `prepare` where there is nothing new since `since`.

    Raises what a stage raises.
    """
    if "prepare" in names:
        take(run)
    run = replace(run, since=since_of(run, since))
    done: list[Result] = []
    for name in names:
        result = run_stage(stage(name), run)
        done.append(result)
        gc.collect()  # a tuned model hangs on its trainer in a ring; the next stage needs the memory
        if name == "prepare" and run.since is not None and not result.figures.get("new"):
            run.say(f"run: nothing new since {run.since:%Y-%m-%d %H:%M}; the model in use stays")
            return done
    remember(run, {one.stage: one for one in done})
    return done


def remember(run: Run, done: dict[str, Result]) -> None:
    """Write the watermark after a promotion."""
    promoted, prepared = done.get("promote"), done.get("prepare")
    if promoted is None or prepared is None or not promoted.figures.get("promoted"):
        return
    (run.folder / FORGOTTEN).unlink(missing_ok=True)  # what is in use now was learnt without them
    newest = prepared.figures.get("newest")
    if newest:
        write_json(
            watermark_file(run),
            {
                "at": newest,
                "adapter": promoted.figures.get("adapter"),
                "written_at": datetime.now(UTC).isoformat(timespec="seconds"),
            },
        )
        run.say(f"run: everything until {newest[:16]} is learnt")
