"""The whole path through the commands, as a script would take it, with the real model and encoder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import support_commands

Run = Callable[..., subprocess.CompletedProcess[str]]

ARTICLES = [
    {
        "id": "returns",
        "title": "Returns",
        "body": "You can return unused goods within 60 days. The refund takes 5 working days.",
    },
    {
        "id": "shipping",
        "title": "Shipping",
        "body": "Parcels within Austria cost 4.90 EUR and arrive in 2 days.",
    },
    {
        "id": "opening",
        "title": "Opening hours",
        "body": "Our phone line is open on weekdays from 9:00 to 17:00.",
    },
    {"id": "pets", "title": "Pets in the shop", "body": "Dogs on a lead are welcome in our shop in Graz."},
]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Runs `agent-assist` in a workspace of its own, opened by a passphrase."""
    folder = tmp_path_factory.mktemp("workspace")
    environment = os.environ | {
        "AGENT_ASSIST_WORKSPACE": str(folder / "desk"),
        "AGENT_ASSIST_PASSPHRASE": "correct horse battery",
        "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
    }

    def run_command(*arguments: str, text: str = "", **changes: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "agent_assist", *arguments],
            input=text,
            capture_output=True,
            text=True,
            env=environment | changes,
            timeout=240,
            check=False,
        )

    return run_command


@pytest.fixture(scope="module")
def desk(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The same with the articles imported."""
    file = tmp_path_factory.mktemp("kb") / "articles.jsonl"
    file.write_text("\n".join(json.dumps(a) for a in ARTICLES), encoding="utf-8")
    done = run("kb", "add", str(file), "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["added"] == 4
    return run


def _ticket(identity: str, text: str, **more: Any) -> dict[str, Any]:
    return {"id": identity, "channel": "chat", "messages": [{"role": "customer", "text": text}], **more}


@pytest.fixture(scope="module")
def report(desk: Run) -> dict[str, Any]:
    """What `doctor` says of that workspace."""
    done = desk("doctor", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_help_and_version_need_no_workspace(
    run: Run, agent_assist: support_commands.Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("--version", AGENT_ASSIST_PASSPHRASE="").stdout.startswith("agent-assist")
    monkeypatch.delenv("AGENT_ASSIST_PASSPHRASE")
    for command in ((), ("run",), ("doctor",), ("kb",), ("draft",), ("feedback",), ("model",)):
        code, out, err = agent_assist(*command, "--help")
        assert code == 0, err
        assert "Example" in out, command


@pytest.mark.parametrize(
    "arguments", [("nothing",), ("kb", "add"), ("draft",), ("feedback", "export", "--format", "x")]
)
def test_wrong_usage_is_exit_code_2(run: Run, arguments: tuple[str, ...]) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_search_finds_the_article_by_words_and_by_meaning(desk: Run) -> None:
    hits = json.loads(desk("kb", "search", "how long do I have to send something back", "--json").stdout)[
        "hits"
    ]
    assert hits[0]["article_id"] == "returns"
    assert set(hits[0]) >= {"article_id", "title", "text", "score", "collection"}


def test_search_of_a_batch_answers_in_order_and_says_what_is_bad(desk: Run, tmp_path: Path) -> None:
    rows = [{"id": 1, "query": "can my dog come along?"}, {"id": 2}, _ticket("T", "what does delivery cost?")]
    source, target = tmp_path / "q.jsonl", tmp_path / "h.jsonl"
    source.write_text("\n".join(json.dumps(r) for r in rows))
    done = desk("kb", "search", "--input", str(source), "--output", str(target), "-k", "2")
    assert done.returncode == 1
    out = [json.loads(line) for line in target.read_text().splitlines()]
    assert [r["id"] for r in out] == [1, 2, "T"]
    assert out[0]["hits"][0]["article_id"] == "pets"
    assert "error" in out[1]
    assert out[2]["hits"][0]["article_id"] == "shipping"


def test_drafts_cite_what_they_rest_on_and_bad_lines_stand_in_place(desk: Run, tmp_path: Path) -> None:
    source, target = tmp_path / "t.jsonl", tmp_path / "d.jsonl"
    lines = [
        json.dumps(_ticket("T-1", "Hi, within how many days can I return unused shoes?")),
        "{broken",
        json.dumps({"id": "T-2"}),
        json.dumps(_ticket("T-3", "I want to talk to a real person, not a bot. I will call my lawyer.")),
    ]
    source.write_text("\n".join(lines))
    done = desk("draft", "--input", str(source), "--output", str(target))
    assert done.returncode == 1, done.stderr
    first, broken, unusable, angry = [json.loads(line) for line in target.read_text().splitlines()]
    assert first["decision"] == "draft"
    assert "60" in first["text"]
    assert first["citations"] == ["returns"]
    assert all(s["supported"] for s in first["sentences"])
    assert 0 <= first["confidence"] <= 1
    assert first["model"]["name"] == "SmolLM2-135M-Instruct"
    assert set(first["timings_ms"]) >= {"retrieve", "first_token", "total"}
    assert set(first["usage"]) >= {"prompt_tokens", "cached_tokens", "completion_tokens"}
    assert broken["error"]["code"] == "bad_input"
    assert unusable["id"] == "T-2"
    assert unusable["error"]["code"] == "invalid_ticket"
    assert angry["decision"] == "escalate"


def test_feedback_stats_count_suggestions(desk: Run) -> None:
    stats = json.loads(desk("feedback", "stats", "--json").stdout)
    assert "acceptance" in stats


def test_the_packaged_model_is_listed_active_and_verified(desk: Run) -> None:
    models = json.loads(desk("model", "list", "--json").stdout)
    rows = models["models"] if isinstance(models, dict) else models
    assert any(r["name"] == "SmolLM2-135M-Instruct" and r["active"] for r in rows)
    assert desk("model", "verify").returncode == 0


def test_doctor_says_what_works(report: dict[str, Any]) -> None:
    assert "passphrase" in json.dumps(report)


def test_a_wrong_passphrase_is_one_sentence_and_exit_code_3(desk: Run) -> None:
    done = desk("kb", "list", AGENT_ASSIST_PASSPHRASE="wrong")
    assert done.returncode == 3
    assert "passphrase" in done.stderr
    assert "Traceback" not in done.stderr


def test_no_key_at_all_says_what_to_set(run: Run, tmp_path: Path) -> None:
    done = run("kb", "list", AGENT_ASSIST_PASSPHRASE="", AGENT_ASSIST_WORKSPACE=str(tmp_path / "new"))
    assert done.returncode == 3
    assert "AGENT_ASSIST_PASSPHRASE" in done.stderr


def test_nothing_in_the_workspace_is_plain_text(report: dict[str, Any]) -> None:
    folder = Path(next(v for v in _strings(report) if v.endswith("desk")))
    files = [p for p in folder.rglob("*") if p.is_file()]
    assert files
    for file in files:
        assert b"unused goods" not in file.read_bytes(), file


def _strings(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [s for v in value.values() for s in _strings(v)]
    if isinstance(value, list):
        return [s for v in value for s in _strings(v)]
    return []
