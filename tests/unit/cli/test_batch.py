from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from agent_assist.cli.batch import run_batch
from agent_assist.errors import BadInput, NoModel, WorkerCrashed

Row = dict[str, Any]


def _run(tmp_path: Path, lines: list[str], handle: Any, **options: Any) -> tuple[int, list[Row]]:
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text("\n".join(lines), encoding="utf-8")
    code = run_batch(str(source), str(target), handle, **options)
    return code, [json.loads(line) for line in target.read_text(encoding="utf-8").splitlines()]


def _echo(row: Row) -> Row:
    if row.get("bad"):
        raise BadInput("That one is bad.")
    return {"id": row["id"], "ok": True}


def test_one_line_out_for_each_line_in_and_bad_ones_in_place(tmp_path: Path) -> None:
    code, rows = _run(tmp_path, ['{"id": 1}', "{oops", "", "[1]", '{"id": 4, "bad": 1}', '{"id": 5}'], _echo)
    assert code == 1
    assert [row["id"] for row in rows] == [1, None, None, 4, 5]
    assert rows[1]["error"] == {
        "code": "bad_input",
        "message": "Line 2 is not valid JSON. Correct it and try again.",
    }
    assert rows[3]["error"]["message"].startswith("That one is bad.")


def test_all_good_is_zero(tmp_path: Path) -> None:
    assert _run(tmp_path, ['{"id": 1}'], _echo) == (0, [{"id": 1, "ok": True}])


def test_an_empty_file_gives_an_empty_file(tmp_path: Path) -> None:
    assert _run(tmp_path, [], _echo) == (0, [])


def test_a_retryable_problem_fails_one_row_and_a_missing_model_ends_the_run(tmp_path: Path) -> None:
    def crash(row: Row) -> Row:
        if row["id"] == 1:
            raise WorkerCrashed("It stopped.")
        raise NoModel("There is none.")

    with pytest.raises(NoModel):
        _run(tmp_path, ['{"id": 1}', '{"id": 2}'], crash)
    assert json.loads((tmp_path / "out.jsonl").read_text())["error"]["code"] == "worker_crashed"


def test_a_failing_batch_is_redone_row_by_row(tmp_path: Path) -> None:
    sizes: list[int] = []

    def many(rows: list[Row]) -> list[Row]:
        sizes.append(len(rows))
        return [_echo(row) for row in rows]

    lines = [json.dumps({"id": i, "bad": i == 3}) for i in range(5)]
    code, rows = _run(tmp_path, lines, _echo, handle_many=many, size=4)
    assert code == 1
    assert [("error" in row) for row in rows] == [False, False, False, True, False]
    assert sizes == [4]


def test_a_missing_input_and_an_unwritable_output_are_sentences(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="--input"):
        run_batch(str(tmp_path / "none"), "-", _echo)
    source = tmp_path / "in.jsonl"
    source.write_text("{}")
    with pytest.raises(BadInput, match="--output"):
        run_batch(str(source), str(tmp_path / "no" / "out"), _echo)


def test_standard_input_and_output(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO('{"id": 7}\n'))
    assert run_batch("-", "-", _echo) == 0
    assert json.loads(capsys.readouterr().out) == {"id": 7, "ok": True}
