"""Figures, intervals, the blind sheet, the reasons against a promotion, and the schedulers' files."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from agent_assist.domain.text import token_f1
from agent_assist.errors import BadInput
from agent_assist.resources import resource
from training.evaluation.compare import differences, slices
from training.evaluation.golden import why_not_golden
from training.evaluation.measures import abstention, figures_of, macro_f1, retrieval
from training.evaluation.page import evaluation_page, verdict
from training.evaluation.sheet import HEAD, alpha, read_sheets, write_sheet
from training.evaluation.stage import compared
from training.promotion import PromoteOptions, decision_page, why_not
from training.schedule import schedule_text
from training.stage import read_rows

SAID = {
    "decision": "draft",
    "text": "You can return it within 30 days. Thank you.",
    "sentences": [{"text": "You can return it within 30 days.", "supported": True}, {"text": "Thank you."}],
    "citations": ["returns"],
    "timings_ms": {"total": 900},
}


def _case(number: int, reply: str = "You can return it within 30 days.") -> dict[str, Any]:
    ticket = {"id": f"case-{number}", "messages": [{"id": "m", "role": "customer", "text": f"How {number}?"}]}
    return {"ticket": ticket, "reply": reply, "articles": ["returns"], "answerable": True}


def test_the_figures_of_one_draft() -> None:
    found = figures_of(SAID, _case(1))
    assert found["answered"] == found["cited"] == found["decided"] == found["polite"] == 1
    assert found["grounded"] == 0.5
    assert found["seconds"] == 0.9
    assert 0.7 < found["reply_f1"] < 1
    held = figures_of({"decision": "escalate", "text": "A colleague will look."}, _case(1))
    assert held == {"answered": 0.0, "cited": 0.0, "decided": 0.0}


def test_overlap_retrieval_labels_and_abstention() -> None:
    assert token_f1("the red lamp", "the red lamp") == 1
    assert token_f1("a", "b") == 0
    assert retrieval(["x", "returns"], ["returns"]) == {"recall_1": 0.0, "recall_5": 1.0, "mrr_5": 0.5}
    assert macro_f1(["a", "b", None], ["a", "a", None]) == (
        pytest.approx(2 / 3),
        pytest.approx(0.8333, abs=1e-3),
    )
    outputs = [{"decision": "draft"}, {"decision": "escalate"}, {"decision": "clarify"}]
    cases = [{"answerable": True}, {"answerable": False}, {"answerable": True}]
    assert abstention(outputs, cases) == {"abstention_precision": 0.5, "abstention_recall": 1.0}


def test_a_gain_is_a_gain_only_where_its_interval_says_so() -> None:
    old = [{"kept": 0.3 + i % 5 / 50} for i in range(60)]
    better = differences(old, [{"kept": row["kept"] + 0.1} for row in old])[0]
    assert better.better
    assert better.low == pytest.approx(0.1)
    noise = differences(old, [{"kept": row["kept"] + (0.2 if i % 2 else -0.2)} for i, row in enumerate(old)])[
        0
    ]
    assert not noise.better
    assert noise.low < 0 < noise.high
    assert slices([{"k": "a"}] * 5 + [{"k": "b"}], lambda c: c["k"]) == {"a": [0, 1, 2, 3, 4]}


def _result(**changes: Any) -> dict[str, Any]:
    row = {"cases": 60, "champion": 0.3, "challenger": 0.4, "gain": 0.1, "low": 0.05, "high": 0.15}
    result: dict[str, Any] = {
        "challenger": "new",
        "all": [row | {"name": "kept"}, row | {"name": "grounded", "low": -0.01}],
        "golden_failures": [],
        "likelihood": {"forgetting": 1.02, "canaries": [{"times": 1, "rank": 90, "verbatim": False}]},
        "median_seconds": {"champion": 1.0, "challenger": 1.1},
        "failed": 0,
    }
    return result | changes


def test_only_what_is_shown_to_be_better_and_keeps_every_guard_is_promoted() -> None:
    options = PromoteOptions()
    assert why_not(_result(), options) == []
    unproven = [dict(_result()["all"][0], low=-0.01)]
    assert "not shown to be better" in why_not(_result(all=unproven), options)[0]
    fallen = [_result()["all"][0], dict(_result()["all"][1], low=-0.2)]
    assert "“Sentences with a source” may have fallen" in why_not(_result(all=fallen), options)[0]
    golden = [{"id": "golden-3", "why": "says 12", "text": ""}]
    assert "golden-3" in why_not(_result(golden_failures=golden), options)[0]
    assert "forgotten" in why_not(_result(likelihood={"forgetting": 1.4}), options)[0]
    leaked = {"canaries": [{"times": 4, "rank": 1, "verbatim": True}]}
    assert "secret" in why_not(_result(likelihood=leaked), options)[0]
    slow = {"champion": 1.0, "challenger": 3.0}
    assert "slower" in why_not(_result(median_seconds=slow), options)[0]
    assert "failed" in why_not(_result(failed=2), options)[0]
    assert "was not measured" in why_not(_result(all=[]), options)[0]


def test_the_page_of_a_decision_says_what_was_asked_and_why_not(tmp_path: Path) -> None:
    unproven = [dict(_result()["all"][0], gain=0.01, low=-0.02, high=0.04)]
    decision_page(_result(all=unproven), PromoteOptions()).write(tmp_path / "no.html")
    page = (tmp_path / "no.html").read_text("utf-8")
    assert "No. The model in use stays as it was." in page
    assert page.index("“Kept by the agent” changes by +0.010 (−0.020 to +0.040, 60 cases)") < page.index(
        "<table>"
    )
    assert page.count("<td>does not hold</td>") == 1
    assert "more held-out tickets" in page
    decision_page(_result(), PromoteOptions()).write(tmp_path / "yes.html")
    page = (tmp_path / "yes.html").read_text("utf-8")
    assert "Yes: it is shown to be better" in page
    assert "does not hold" not in page
    assert page.count("<td>holds</td>") == 7


def test_a_model_gains_nothing_by_leaving_hard_tickets_out() -> None:
    cases = [_case(i) for i in range(12)]
    bad, silent = SAID | {"text": "No."}, SAID | {"decision": "escalate"}
    old = [SAID] * 6 + [bad] * 6
    found = compared(cases, old, [SAID] * 6 + [silent] * 6, seed=3)
    kept = next(row for row in found["all"] if row["name"] == "kept")
    assert kept["cases"] == 12
    assert kept["gain"] == 0  # what one side says of them is of no use, and the other says nothing
    found = compared(cases, [SAID] * 12, [SAID] * 6 + [silent] * 6, seed=3)
    assert next(row for row in found["all"] if row["name"] == "kept")["gain"] < -0.3


def test_a_comparison_has_its_slices() -> None:
    cases = [_case(i) | {"intent": "returns" if i % 2 else "refund"} for i in range(12)]
    worse = SAID | {"text": "No."}
    found = compared(cases, [worse] * 12, [SAID] * 12, seed=3)
    kept = next(row for row in found["all"] if row["name"] == "kept")
    assert kept["low"] > 0
    assert set(found["by"]["intent"]) == {"returns", "refund"}
    assert found["median_seconds"] == {"champion": 0.9, "challenger": 0.9}


def test_the_sheet_is_blind_and_read_back_the_right_way_round(tmp_path: Path) -> None:
    cases = [_case(i) for i in range(30)]
    cases[0]["ticket"]["messages"][0]["text"] = "=HYPERLINK(1)"
    old, new = [f"old {i}" for i in range(30)], [f"new {i}" for i in range(30)]
    sheet = tmp_path / "sheet.csv"
    write_sheet(sheet, cases, old, new, seed=5)
    with sheet.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == HEAD
    sides = ["new" if row["A"].startswith("new") else "old" for row in rows]
    assert 6 < sides.count("new") < 24  # neither side has a place of its own
    assert any(row["customer wrote"].startswith("'=") for row in rows)
    for row in rows:  # two people who always like the new one better
        good = "A" if row["A"].startswith("new") else "B"
        row["better (A, B, same)"] = good
        row["would send (A, B, both, neither)"] = good
        for question in ("accuracy", "appropriateness", "tone"):
            row[f"{question} A (1-5)"], row[f"{question} B (1-5)"] = ("5", "3") if good == "A" else ("3", "5")
    filled = [tmp_path / "one.csv", tmp_path / "two.csv"]
    for path in filled:
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.DictWriter(file, HEAD)
            writer.writeheader()
            writer.writerows(rows)
    found = read_sheets(filled, seed=5)
    assert found["accuracy"]["gain"] == 2
    assert found["better"]["low"] == 1
    assert found["would_send"] == {"champion": 0, "challenger": 60}
    assert found["agreement"] == 1
    assert alpha([{0: 1.0, 1: -1.0}, {0: -1.0, 1: 1.0}, {0: 1.0, 1: 1.0}]) < 0.5  # type: ignore[operator]
    filled[0].write_text("a,b\n1,2\n")
    with pytest.raises(BadInput):
        read_sheets(filled, seed=5)


def test_the_golden_set_is_sound() -> None:
    rows = read_rows(resource("evaluation", "golden.jsonl"))
    assert len({row["ticket"]["id"] for row in rows}) == len(rows) >= 15
    assert all(set(row["decisions"]) <= {"draft", "clarify", "escalate"} for row in rows)
    case = {"decisions": ["draft"], "says": [["30", "thirty"]], "never": ["60"]}
    assert why_not_golden({"decision": "draft", "text": "Within 30 days."}, case) == ""
    assert "does not say" in why_not_golden({"decision": "draft", "text": "Soon."}, case)
    assert "says 60" in why_not_golden({"decision": "draft", "text": "30 or 60 days."}, case)
    assert "decided" in why_not_golden({"decision": "escalate", "text": ""}, case)
    general = resource("evaluation", "general.txt").read_text("utf-8").split("\n\n")
    assert len(general) >= 15


def test_the_schedulers_files(tmp_path: Path) -> None:
    config = tmp_path / "my run.yaml"
    cron = schedule_text("cron", config, "sunday", 3)["agent-assist-training.cron"]
    assert cron.startswith("0 3 * * 0 cd ")
    assert "'" in cron  # the blank in the path is quoted
    units = schedule_text("systemd", config, "monday", 22)
    assert "OnCalendar=Mon *-*-* 22:00:00" in units["agent-assist-training.timer"]
    assert f'"{config.resolve()}"' in units["agent-assist-training.service"]
    task = ElementTree.fromstring(
        schedule_text("windows", config)["agent-assist-training.xml"].split("\n", 1)[1]
    )
    assert "my run.yaml" in "".join(task.itertext())
    for kind, day, hour in (("at", "sunday", 3), ("cron", "someday", 3), ("cron", "sunday", 24)):
        with pytest.raises(BadInput):
            schedule_text(kind, config, day, hour)


def test_the_page_says_first_what_it_comes_to_and_shows_twenty_pairs(tmp_path: Path) -> None:
    cases = [
        {"ticket": {"id": f"c{n}", "messages": [{"text": f"Question <{n}>"}]}, "reply": f"Within {n} days."}
        for n in range(30)
    ]
    old = [{"decision": "draft", "text": "I do not know."} for _ in cases]
    new = [{"decision": "draft", "text": f"Within {n} days."} for n, _ in enumerate(cases)]
    new[2] = {"decision": "clarify", "text": "Which <order>?"}
    result = compared(cases, old, new, 7) | {"champion": "a", "challenger": "b", "golden_failures": []}
    result |= {"retrieval": {}, "intents": {}, "likelihood": {"forgetting": 1.02}}
    evaluation_page(result, cases, [old, new]).write(tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert page.index("The new model is better.") < page.index("<svg") < page.index("<table>")
    assert page.count("<section class='pair'>") == 20
    assert "(clarify) Which &lt;order&gt;?" in page
    assert "Question &lt;19&gt;" in page
    assert "drafts are the same" not in page
    alike = [one | {"origin": "passages"} for one in new]
    same = compared(cases, alike, alike, 7) | {k: result[k] for k in result if k not in ("all", "by")}
    evaluation_page(same, cases, [alike, alike]).write(tmp_path / "same.html")
    assert "29 of 29 drafts are the same, word for word; 0% of the new model" in (
        tmp_path / "same.html"
    ).read_text(encoding="utf-8")
    assert "<script" not in page
    worse = compared(cases, new, old, 7)
    assert verdict(next(d for d in worse["all"] if d["name"] == "kept")).startswith("The new model is worse.")
    assert "not shown" in verdict(
        {"champion": 0.5, "challenger": 0.6, "gain": 0.1, "low": -0.1, "high": 0.2, "cases": 9}
    )
    assert "not measured" in verdict(None)
