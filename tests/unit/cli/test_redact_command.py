from __future__ import annotations

import json
from pathlib import Path

import pytest

from agent_assist.cli.main import run


def redact(folder: Path, lines: list[str], *options: str) -> tuple[int, list[dict[str, object]]]:
    source, target = folder / "in.jsonl", folder / "out.jsonl"
    source.write_text("\n".join(lines), encoding="utf-8")
    code = run(
        ["redact", "--workspace", str(folder), "--input", str(source), "--output", str(target), *options]
    )
    return code, [json.loads(line) for line in target.read_text(encoding="utf-8").splitlines()]


def test_texts_and_tickets_with_rules_only(tmp_path: Path) -> None:
    ticket = {
        "id": "t",
        "subject": "Late",
        "customer": {"name": "Ana Lopez"},
        "messages": [{"id": "1", "role": "customer", "text": "Ana here, a@b.com"}],
    }
    code, rows = redact(
        tmp_path, [json.dumps({"id": "x", "text": "Write to c@d.org"}), json.dumps(ticket)], "--rules-only"
    )
    assert code == 0
    assert rows[0] == {
        "id": "x",
        "text": "Write to [EMAIL_1]",
        "entities": [{"type": "EMAIL", "start": 9, "end": 16, "placeholder": "[EMAIL_1]"}],
    }
    assert rows[1]["text"] == "Late\n\n[NAME_1] here, [EMAIL_1]"
    joined = "Late\n\nAna here, a@b.com"
    entities = rows[1]["entities"]
    assert isinstance(entities, list)
    assert [joined[e["start"] : e["end"]] for e in entities] == ["Ana", "a@b.com"]


def test_the_classifier_finds_names_in_chats(tmp_path: Path) -> None:
    _, rows = redact(tmp_path, [json.dumps({"id": "1", "text": "my name is ramesh kumar"})])
    assert rows[0]["text"] == "my name is [NAME_1]"


def test_a_bad_line_does_not_stop_the_run(tmp_path: Path) -> None:
    lines = ["not json", json.dumps({"id": "2"}), json.dumps({"id": "3", "text": "a@b.com"})]
    code, rows = redact(tmp_path, lines, "--rules-only")
    assert code == 1
    assert [("error" in row) for row in rows] == [True, True, False]


def test_company_patterns_are_read_from_the_workspace(tmp_path: Path) -> None:
    (tmp_path / "settings.json").write_text(
        json.dumps({"privacy": {"patterns": "STAFF_ID=S\\d{6}"}}), encoding="utf-8"
    )
    assert (
        redact(tmp_path, [json.dumps({"id": "1", "text": "S123456"})], "--rules-only")[1][0]["text"]
        == "[STAFF_ID_1]"
    )


def test_nothing_to_redact_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["redact"]) == 2
    assert "--input" in capsys.readouterr().err
