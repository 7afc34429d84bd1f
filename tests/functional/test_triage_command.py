"""`agent-assist triage`, as a script calls it, and as `evaluate` measures it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from agent_assist.cli.main import run

pytestmark = pytest.mark.real_model
THINGS = ("lamp", "chair", "desk", "shelf", "rug", "sofa", "stool", "bench", "mirror", "clock")
ASKED = {
    "refund": "I want my money back for the {}.",
    "parcel": "Where is the parcel with my {}?",
    "repair": "The {} is broken, can you repair it?",
    None: "Who invented the {} and in which century?",
}


def _write(path: Path, rows: list[Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.mark.timeout(600)
def test_intents_are_learnt_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AGENT_ASSIST_PASSPHRASE", "a long passphrase")
    monkeypatch.setenv("AGENT_ASSIST_WORKSPACE", str(tmp_path / "workspace"))
    wanted = _write(
        tmp_path / "in.jsonl",
        [
            {"id": 1, "text": "Please give me a refund for the cupboard, this is unacceptable!!"},
            {
                "id": "t",
                "messages": [
                    {"role": "customer", "text": "Hallo, wo bleibt mein Paket?"},
                    {"role": "agent", "text": "Which one?"},
                    {"role": "customer", "text": "Where is my parcel? It is urgent."},
                ],
            },
            {"id": 3, "text": "Which painter invented the oil painting in the last century?"},
            {"id": "bad"},
        ],
    )
    assert run(["triage", "--input", str(wanted)]) == 3
    assert "triage fit" in capsys.readouterr().err
    assert run(["triage"]) == 2
    assert run(["triage", "fit"]) == 2
    capsys.readouterr()

    rows: list[Any] = [
        {"text": text.format(thing), "intent": intent} for thing in THINGS for intent, text in ASKED.items()
    ]
    examples = _write(tmp_path / "examples.jsonl", [*rows, {"text": "x", "intent": 5}, ["no"]])
    assert run(["triage", "fit", "--input", str(examples), "--json"]) == 1
    printed = capsys.readouterr()
    report = json.loads(printed.out)
    assert (report["intents"], report["rows"], report["bad"]) == (3, 40, 2)
    assert report["accuracy"] == 1
    assert "Line 41" in printed.err

    out = tmp_path / "out.jsonl"
    assert run(["triage", "--input", str(wanted), "--output", str(out)]) == 1
    lines = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert [line["id"] for line in lines] == [1, "t", 3, "bad"]
    assert [line["intent"] for line in lines[:3]] == ["refund", "parcel", None]
    assert [line["in_scope"] for line in lines[:3]] == [True, True, False]
    assert [line["urgency"] for line in lines[:3]] == ["normal", "high", "normal"]
    assert lines[0]["sentiment"] == "negative"
    assert all(line["language"] == "en" and isinstance(line["escalate"], bool) for line in lines[:3])
    assert "nearest" in lines[2]["reasons"][-1]
    assert lines[3]["error"]["code"] == "bad_input"


@pytest.mark.timeout(1200)
def test_evaluate_reports_how_well_intents_are_told(tmp_path: Path) -> None:
    pytest.importorskip("sacrebleu")
    from training.evaluation.product import Product
    from training.evaluation.triage import described, intent_figures, triaged

    examples = [{"text": t.format(thing), "intent": i} for thing in THINGS for i, t in ASKED.items()]
    cases = [
        {
            "ticket": {"id": str(n), "messages": [{"role": "customer", "text": text.format("wardrobe")}]},
            "intent": intent if n != 1 else None,
        }
        for n, (intent, text) in enumerate(ASKED.items())
    ]
    cases[2]["intent"] = "parcel"  # a wrong label: the figures must show it
    with Product(tmp_path) as product:
        assert triaged(product, cases, examples[:1]) == []
        found = triaged(product, cases, examples)
    assert [one["intent"] for one in found] == ["refund", "parcel", "repair", None]
    assert intent_figures(cases, found) == {"cases": 2, "accuracy": 0.5, "macro_f1": 0.5}
    told = described(cases, found)
    assert [case["intent"] for case in told] == ["refund", "parcel", "parcel", None]
    assert {case["ticket"]["language"] for case in told} == {"en"}
    assert intent_figures(cases, []) == {}
