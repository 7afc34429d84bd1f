"""What is learnt rests on what the model was shown: elsewhere it would be taught to answer from nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest

pytest.importorskip("datasketch")
from training.config import PrepareOptions
from training.prepare.examples import rests_on
from training.prepare.feedback import example_of
from training.prepare.record import Record
from training.prepare.rows import Rows

PASSAGE = "You can return a bike within 30 days of delivery if it has been ridden less than 20 km."
ASKED = "How many days do I have to return a bike?"


def _sent(reply: str) -> dict[str, Any]:
    return {
        "prompt": [
            {"role": "system", "content": "You work for a bike shop."},
            {"role": "user", "content": f"Facts: {PASSAGE}\n{ASKED}"},
        ],
        "completion": [{"role": "assistant", "content": reply}],
        "meta": {"language": "en", "at": "2026-03-01T10:00:00+00:00"},
        "ticket": {"id": "T-1", "messages": [{"id": "m1", "role": "customer", "text": ASKED}]},
    }


@pytest.mark.parametrize(
    ("reply", "learnt"),
    [
        ("Within 30 days of delivery, if you have ridden it less than 20 km.", True),
        ("Here is the short answer: you can return it within 30 days.", True),
        ("Press Tell me on the product page to get an e-mail when a size is back.", False),
        ("Which bike is it about?", True),
    ],
)
def test_a_reply_that_says_what_the_prompt_does_not_is_measured_with_and_not_learnt(
    reply: str, learnt: bool
) -> None:
    one = example_of(_sent(reply), "feedback", PrepareOptions().rests)
    assert one is not None
    assert one.learnable is learnt
    everything = example_of(_sent(reply), "feedback")
    assert everything is not None
    assert everything.learnable


def test_a_reply_of_an_export_whose_passage_is_another_one_is_left_out() -> None:
    article = {"id": "returns-bikes", "title": "Returning a bike", "body": PASSAGE}
    record = {
        "id": "T-1",
        "messages": [
            {"id": "m1", "role": "customer", "text": ASKED},
            {"id": "m2", "role": "agent", "text": "The workshop in Ghent keeps your helmet."},
        ],
    }
    made = _made(record, article)
    assert made.examples == []
    assert made.dropped == {"does not rest on the passage": 1}
    record["messages"][1]["text"] = "You have 30 days from delivery for a bike ridden less than 20 km."  # type: ignore[index]
    assert len(_made(record, article).examples) == 1


def _made(record: dict[str, Any], article: dict[str, Any]) -> Any:
    return Rows(PrepareOptions(), [article])(Record("jsonl", "export:1", json.dumps(record)))


def test_what_states_nothing_rests_on_anything() -> None:
    assert rests_on("Thank you. Which order is it?", "") == 1.0
    assert rests_on("Bananas grow in Peru.", PASSAGE) == 0.0
