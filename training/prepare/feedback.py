"""Feedback exports as training rows: an edit gives a target, a pair and a cost, where its facts hold."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from rapidfuzz.distance import Levenshtein

from agent_assist.domain.remembered import is_typo, unsupported
from agent_assist.domain.ticket import parse_time, ticket_from_json
from agent_assist.errors import AgentAssistError, BadInput
from training.prepare.examples import Example, rests_on
from training.prepare.read import Bad

Row = dict[str, Any]

_PLACEHOLDER = re.compile(r"\[[A-Z][A-Z_]*_\d+\]")
_TO_A_NAME = re.compile(r"^\s*[^\W\d_]+(?: [^\W\d_]+)?,? \[NAME_\d+\]\s*[,!:\n–-][\s,!]*")
"""“Hi [NAME_1],” at the start: the product greets, the model never does."""


def read_feedback(paths: Sequence[Path]) -> Iterator[tuple[str, Row, str] | Bad]:
    """(sft | preference | unpaired, row, file) of what `agent-assist feedback export` wrote."""
    for path in paths:
        if not path.exists():
            raise BadInput(f"{path} is not there.", "Check `prepare.feedback` in the configuration.")
        with path.open(encoding="utf-8", errors="replace") as file:
            for number, line in enumerate(file, 1):
                if not line.strip():
                    continue
                try:
                    row = json.loads(line)
                    kind = _kind(row)
                except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError):
                    yield Bad(f"{path.name}:{number}", "It is no feedback row.")
                    continue
                yield kind, row, path.name


def example_of(row: Row, source: str, rests: float = 0.0) -> Example | None:
    """What an agent sent, as an example like any other; None for rows of before they had a ticket.

    It was sent to a customer and redacted at its export, so that none of the rules for exports of
    helpdesks applies but one: it is learnt only where what the model was shown has the share `rests` of what
    it states.  What agents know from elsewhere is for remembered edits and articles.
    """
    meta = row.get("meta")
    if not isinstance(meta, dict) or "ticket" not in row:
        return None
    try:
        ticket, moment = ticket_from_json(row["ticket"]), parse_time(meta.get("at"))
    except (AgentAssistError, ValueError, TypeError):
        return None
    reply = _without_greeting(str(row["completion"][0]["content"]))
    shown = "\n".join(str(m["content"]) for m in row["prompt"])
    return Example(
        tuple(row["prompt"]),
        reply,
        ticket.id,
        str(meta.get("customer") or ""),
        str(meta.get("agent") or ""),
        str(meta.get("language") or ""),
        ticket.channel.value,
        moment,
        tuple(map(str, meta.get("passages") or ())),
        len(ticket.messages),
        source,
        intent=str(meta.get("intent") or ""),
        tags=ticket.tags,
        before=ticket,
        learnable=rests_on(reply, shown, str(meta.get("language") or "")) >= rests,
    )


def _without_greeting(text: str) -> str:
    found = _TO_A_NAME.match(text)
    rest = text[found.end() :].strip() if found else text.strip()
    return rest[:1].upper() + rest[1:] if found else rest


def unknown_placeholders(one: Example) -> bool:
    """Whether the reply names somebody or something whose placeholder nothing before it has: learnt, the
    model would write placeholders to customers."""
    said = "\n".join(str(m["content"]) for m in one.prompt)
    return not set(_PLACEHOLDER.findall(one.reply)) <= set(_PLACEHOLDER.findall(said))


def _kind(row: Row) -> str:
    if not all(isinstance(m["content"], str) for m in row["prompt"]) or not row["prompt"]:
        raise ValueError
    if "chosen" in row:
        return "preference" if row["chosen"][0]["content"] and row["rejected"][0]["content"] else _bad()
    if not row["completion"][0]["content"].strip():
        raise ValueError
    return "unpaired" if "label" in row else "sft"


def _bad() -> str:
    raise ValueError


def edit_cost(row: Row) -> float:
    """Share of the text that the agent changed: 0 for nothing, 1 for everything."""
    return float(Levenshtein.normalized_distance(row["rejected"][0]["content"], row["chosen"][0]["content"]))


def why_no_pair(row: Row) -> str:
    """Empty where a pair may be learnt from; a pair that adds unsupported facts would teach inventing."""
    chosen, rejected = row["chosen"][0]["content"], row["rejected"][0]["content"]
    if is_typo(rejected, chosen, edit_cost(row)):
        return "only a typo was corrected"
    known = "\n".join([*(m["content"] for m in row["prompt"]), rejected])
    if unsupported(chosen, [known]):
        return "the edit adds a fact that nothing supports"
    return ""


def costs(rows: Sequence[Row]) -> list[tuple[str, int]]:
    """How many pairs were edited how much."""
    bands = Counter(_band(edit_cost(row)) for row in rows)
    return [(name, bands[name]) for name in ("under 10 %", "10–40 %", "over 40 %") if bands[name]]


def _band(cost: float) -> str:
    return "under 10 %" if cost < 0.1 else "10–40 %" if cost < 0.4 else "over 40 %"
