"""What an example shows of a passage is what the product shows the base that learns from it."""

from __future__ import annotations

import json
from pathlib import Path

from training.base import is_small
from training.config import Config, PrepareOptions, Source
from training.prepare.stage import prepare
from training.stage import Run


def _asked(folder: Path, *, excerpts: bool) -> str:
    options = PrepareOptions(
        inputs=(Source(path=folder / "tickets.jsonl"),),
        knowledge=folder / "articles.jsonl",
        excerpts=excerpts,
        held_out=0.0,
    )
    made = prepare(options, seed=7)
    assert len(made.train) == 1, made.dropped
    (row,) = made.train
    return str(row["prompt"][-1]["content"])


def test_a_small_base_learns_from_the_sentences_that_answer(tmp_path: Path) -> None:
    body = (
        "We deliver on working days. A missed parcel waits 7 days at the pick-up point. "
        "The card in your letter box names it. Gift cards are sent by e-mail and never expire at all. "
        "Bikes come with a driver who calls before. Invoices are in your account under Orders. "
        "Returns are free within the country, and the label is in the box. "
        "Repairs take two weeks in spring and one in winter. Our shops are open until six. "
        "Newsletter readers get a code for their first order."
    )
    article = {"id": "delivery", "title": "Delivery", "body": body}
    (tmp_path / "articles.jsonl").write_text(json.dumps(article), encoding="utf-8")
    messages = [
        {"id": "m1", "role": "customer", "text": "How long does my parcel wait at the pick-up point?"},
        {"id": "m2", "role": "agent", "text": "Your parcel waits 7 days at the pick-up point."},
    ]
    (tmp_path / "tickets.jsonl").write_text(json.dumps({"id": "T-1", "messages": messages}), encoding="utf-8")
    short, whole = (_asked(tmp_path, excerpts=wanted) for wanted in (True, False))
    assert "waits 7 days" in short
    assert "Gift cards" not in short
    assert "Gift cards" in whole


def test_small_is_what_the_product_takes_for_small(tmp_path: Path) -> None:
    assert is_small(Run(Config(name="a", folder=tmp_path)))
    assert not is_small(Run(Config(name="a", folder=tmp_path, base=str(tmp_path))))
    assert not is_small(Run(Config(name="a", folder=tmp_path, base=str(tmp_path / "gone.gguf"))))
