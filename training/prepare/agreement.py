"""How far agents agree: the words that two replies to the same question have in common.

What a model has in common with one agent's reply is to be read beside that.  In public data (DSTC9 Track 1,
442 questions on restaurants, hotels and trains) one person's reply has .36 of its words (token-F1) in common
with another's to the same question, and the reply that is nearest to the others .38.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

from agent_assist.domain.text import token_f1, words
from training.prepare.examples import Example

FEWEST_WORDS = 4
"""Of a question: "thanks" and "where is it" are asked of different things."""
MOST = 12
"""Replies to one question that are compared, the first ones."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """Of the questions that were answered more than once."""

    questions: int
    between_two: float
    """Mean token-F1 of two replies to the same question, each question counted once."""
    nearest: float
    """The same of the reply that is nearest to the others of its question, where there are three or more;
    `between_two` where there are none."""


def agreement(examples: Iterable[Example]) -> Agreement | None:
    """None where no question was answered twice."""
    asked: dict[str, list[str]] = defaultdict(list)
    for example in examples:
        question = _question(example)
        if question and example.reply not in asked[question]:
            asked[question].append(example.reply)
    groups = [replies[:MOST] for replies in asked.values() if len(replies) > 1]
    if not groups:
        return None
    between = [_mean([token_f1(a, b) for a, b in combinations(replies, 2)]) for replies in groups]
    nearest = [_nearest(replies) for replies in groups if len(replies) > 2] or between
    return Agreement(len(groups), _mean(between), _mean(nearest))


def _question(example: Example) -> str:
    """What was asked in this ticket, as it is compared; empty where too little was."""
    if example.before is None:
        return ""
    asked = words(" ".join(m.text for m in example.before.open_customer_messages))
    return " ".join(asked) if len(asked) >= FEWEST_WORDS else ""


def _nearest(replies: Sequence[str]) -> float:
    """Left out one by one: the reply nearest to the others but this one, compared with this one."""
    found = []
    for left_out in range(len(replies)):
        others = [r for place, r in enumerate(replies) if place != left_out]
        best = max(others, key=lambda r: sum(token_f1(r, other) for other in others if other is not r))
        found.append(token_f1(best, replies[left_out]))
    return _mean(found)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
