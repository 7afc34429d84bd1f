"""`python -m training run` from a workspace's feedback to a model in use there, on a tiny random model.

It takes llama.cpp's converter, which is no part of the repository: without it the stages before it are tested
(test_training_tuning.py).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from support_training import tiny_gguf

pytest.importorskip("trl")
from agent_assist.app import open_desk
from agent_assist.domain.feedback import Action
from agent_assist.domain.suggestion import Decision, Origin, Suggestion
from agent_assist.domain.ticket import ticket_from_json
from training.converter import default_folder
from training.stage import write_json

pytestmark = [
    pytest.mark.timeout(1500),
    pytest.mark.skipif(default_folder() is None, reason="needs the converter: python -m training converter"),
]
PASSPHRASE = "correct horse battery"
WORDS = [
    "amber",
    "birch",
    "cedar",
    "delta",
    "ember",
    "flint",
    "grove",
    "haven",
    "ivory",
    "jade",
    "kite",
    "lemon",
    "maple",
    "north",
    "olive",
    "pearl",
    "quartz",
    "river",
    "stone",
    "tulip",
    "umber",
    "violet",
    "willow",
    "xenon",
    "yarrow",
    "zinc",
    "acorn",
    "bloom",
    "coral",
    "dune",
]
"""Thirty replies that are no near-duplicates, with nothing that redaction takes for a person or a number."""
TOPICS = ("returns", "shipping", "lamps", "gift cards", "repairs", "invoices")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with articles and feedback, and a tiny base that writes there."""
    folder = tmp_path_factory.mktemp("loop")
    articles = [
        {"id": t, "title": t.title(), "body": f"{t.title()} take {n + 2} days. Ask for a receipt of {t}."}
        for n, t in enumerate(TOPICS)
    ]
    (folder / "articles.jsonl").write_text("\n".join(map(json.dumps, articles)), encoding="utf-8")
    tiny_gguf(folder / "tiny.gguf")
    desk = open_desk(folder / "desk", passphrase=lambda: PASSPHRASE)
    try:
        desk.models.add(folder / "tiny.gguf", "tiny", "test", ("en",))
        desk.models.use("tiny")
        record = desk.models.active()
        assert record is not None
        for n in range(30):
            topic = TOPICS[n % 6]
            ticket = ticket_from_json(
                {
                    "id": f"T-{n}",
                    "channel": "chat",
                    "customer": {"id": f"C-{n}", "email": f"c{n}@example.com"},
                    "tags": ["launch"] if n < 3 else [],
                    "messages": [
                        {"id": "m", "role": "customer", "text": f"How long do {topic} take, item {n}?"}
                    ],
                }
            )
            desk.tickets.save([ticket])
            made = Suggestion(
                f"s-{n}", ticket.id, ("m",), ticket.thread_hash, Decision.DRAFT, Origin.MODEL,
                f"{topic.title()} take a while.", (), (), 0.5, (), "en", "chat", record.name, record.sha256,
                "", "1", created_at=datetime.now(UTC), prompt_passages=(1,),
            )  # fmt: skip
            desk.feedback.shown(made)
            seen, then = WORDS[(n * 7 + 3) % 30], WORDS[(n * 11 + 5) % 30]
            where = f"Look for the {WORDS[n]} label, then the {seen} shelf and the {then} box."
            final = f"{topic.title()} take {n % 6 + 2} days. {where}"
            desk.feedback.decide(made.id, final, Action.SENT)
    finally:
        desk.close()
    return folder


def _config(folder: Path, **promote: Any) -> Path:
    path = folder / "run.yaml"
    whole = {
        "name": "weekly",
        "folder": "run",
        "base": "tiny.gguf",
        "prepare": {
            "workspace": "desk",
            "knowledge": "articles.jsonl",
            "held_out": 0.2,
            "windows": [{"name": "launch", "tags": ["launch"]}],
        },
        "sft": {"rank": 4, "alpha": 8, "max_steps": 2, "save_steps": 1, "learning_rate": 0.01},
        "export": {"replies": 2, "least_self_ended": 0, "most_divergence": 9, "least_agreement": 0.001},
        "evaluate": {"most": 2},
        "promote": promote,
    }
    path.write_text(yaml.safe_dump(whole), encoding="utf-8")
    return path


def _training(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "training", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"AGENT_ASSIST_PASSPHRASE": PASSPHRASE},
    )


def test_the_loop_from_feedback_to_a_model_in_use_and_back(place: Path) -> None:
    config = _config(place)
    done = _training("run", config, "--since", "last")
    run = place / "run"
    # Nobody can say that a random model is better: the run went through, and the model in use stays.
    assert done.returncode == 1, done.stderr
    assert "not promoted" in done.stderr.lower() or "It is not shown to be better" in done.stderr
    figures = json.loads((run / "prepare" / "done.json").read_text(encoding="utf-8"))["figures"]
    assert figures["train"] + figures["held"] == 27
    assert figures["dropped"]["in a window that no longer counts"] == 3
    gates = json.loads((run / "export" / "gates.json").read_text(encoding="utf-8"))
    assert gates["same_ids"] == 1
    assert gates["kl"] < 0.05
    assert not (run / "watermark.json").exists()
    decision = json.loads((run / "promote" / "decision.json").read_text(encoding="utf-8"))
    assert decision["promoted"] is False
    assert "<svg" in (run / "prepare" / "report.html").read_text(encoding="utf-8")

    _won(run)
    # A desk that is open meanwhile, as in the window: it takes the new model over without a restart.
    desk = open_desk(place / "desk", passphrase=lambda: PASSPHRASE)
    try:
        desk.models.start()
        promoted = _training("run", config, "--since", "last", "--canary", "50")
        assert promoted.returncode == 0, promoted.stderr
        assert promoted.stderr.count("nothing has changed") == 5, promoted.stderr
        name = json.loads((run / "promote" / "decision.json").read_text(encoding="utf-8"))
        assert name["promoted"]
        assert json.loads((run / "watermark.json").read_text(encoding="utf-8"))["at"] == figures["newest"]
        desk.models.settle()
        mine = [desk.models.writes(f"T-{n}") for n in range(60)]
        assert 10 < sum(challenger for _, challenger in mine) < 50
        ticket = next(t for n in range(60) if (t := f"T-{n}") and mine[n][1])
        made = desk.drafting.draft(_asking(ticket))
        assert made.adapter_sha256
        assert made.model_name.startswith("weekly-")
        other = next(f"T-{n}" for n in range(60) if not mine[n][1])
        assert desk.drafting.draft(_asking(other)).model_name == "tiny"
        assert desk.canary is not None
        desk.canary.promote()
        active = desk.models.active()
        assert active is not None
        assert active.name.startswith("weekly-")
        assert desk.models.rollback().name == "tiny"
    finally:
        desk.close()


def _asking(name: str) -> Any:
    text = "How long do returns take?"
    return ticket_from_json({"id": name, "messages": [{"id": "m", "role": "customer", "text": text}]})


def _won(run: Path) -> None:
    """As if people's tickets had shown it to be better; the figures alone are played."""
    path = run / "evaluate" / "result.json"
    result = json.loads(path.read_text(encoding="utf-8"))
    better = {
        "name": "kept",
        "cases": 40,
        "champion": 0.2,
        "challenger": 0.4,
        "low": 0.1,
        "high": 0.3,
        "gain": 0.2,
    }
    result |= {"all": [better], "golden_failures": [], "failed": 0}
    result["likelihood"] = {"forgetting": 1.0}
    result["median_seconds"] = {"champion": 1.0, "challenger": 1.0}
    write_json(path, result)


def test_the_golden_set_is_a_command_with_an_exit_code(place: Path) -> None:
    # What a random model writes is never shown: the check puts the articles' own sentences in its place.
    done = _training("golden", "--model", place / "tiny.gguf", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["failures"] == []
    assert found["cases"] >= 15
    assert _training("golden", "--adapter", place / "tiny.gguf").returncode == 2
