"""`python -m training encoder` on a tiny random encoder: what it learns, what it refuses, what is served."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from support_encoder import articles, pairs, tiny_encoder, write

pytest.importorskip("datasets")

from agent_assist.adapters.knowledge.embedding import Encoder, find_encoder
from agent_assist.adapters.knowledge.tuned import MANIFEST, adopt
from agent_assist.errors import EncoderMissing
from training.cli import cli
from training.config import read_config
from training.encoder.mining import mine
from training.encoder.pairs import Pair, asked, read_pairs, read_texts, split
from training.encoder.stage import EncoderStage, gate_of
from training.encoder.tune import seal
from training.evaluation.compare import Difference
from training.stage import Run, key_of


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_encoder(tmp_path_factory.mktemp("encoder") / "tiny")


def _config(folder: Path, encoder: Path, **more: Any) -> Path:
    write(folder / "kb.jsonl", articles())
    if not (folder / "pairs.jsonl").exists():
        write(folder / "pairs.jsonl", pairs())
    options = {"base": str(encoder), "knowledge": "kb.jsonl", "pairs": ["pairs.jsonl"], "product": False}
    options |= {
        "held_out": 0.3,
        "batch": 8,
        "learning_rate": 0.003,
        "max_steps": 60,
        "save_steps": 20,
        "whole": True,
    } | more
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump({"name": "t", "folder": "run", "encoder": options}), encoding="utf-8")
    return path


def _call(*arguments: str | Path) -> Any:
    return CliRunner().invoke(cli, [str(a) for a in arguments])


def _losses(folder: Path) -> list[float]:
    lines = (folder / "run" / "encoder" / "steps.jsonl").read_text(encoding="utf-8").splitlines()
    return [line["loss"] for line in map(json.loads, lines) if "loss" in line]


def test_the_encoder_learns_passes_its_gate_and_is_skipped_the_second_time(
    tmp_path: Path, encoder: Path
) -> None:
    config = _config(tmp_path, encoder)
    dry = _call("encoder", config, "--dry-run")
    assert "24  questions to learn from" in dry.output
    assert "12  questions held out" in dry.output
    assert dry.output.count("⟦") == 3
    assert not (tmp_path / "run").exists()

    done = _call("encoder", config)
    assert done.exit_code == 0, f"{done.output}{done.exception!r}"
    losses = _losses(tmp_path)
    assert losses[0] == pytest.approx(FIRST_LOSS, abs=0.05)
    assert min(losses) < 0.6 * losses[0]
    folder = tmp_path / "run" / "encoder"
    result = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    by_name = {d["name"]: d for d in result["differences"]}
    assert result["gate"]["passed"] is (by_name["encoder R@1"]["low"] > 0)
    manifest = json.loads((folder / "encoder" / MANIFEST).read_text(encoding="utf-8"))
    assert manifest["gate"] == result["gate"]
    assert "Held-out questions" in (folder / "report.html").read_text(encoding="utf-8")
    record = json.loads((folder / "done.json").read_text(encoding="utf-8"))
    assert record["manifest"]["inputs"]
    assert "nothing has changed" in _call("encoder", config).output


def test_a_killed_tuning_is_resumed_with_the_same_negatives(tmp_path: Path, encoder: Path) -> None:
    config = _config(tmp_path, encoder, max_steps=5000, save_steps=5)
    run = subprocess.Popen(
        [sys.executable, "-m", "training", "encoder", str(config)], stderr=subprocess.DEVNULL
    )
    folder = tmp_path / "run" / "encoder"
    saved = folder / "checkpoints" / "checkpoint-5" / "trainer_state.json"
    deadline = time.monotonic() + 200
    while not saved.exists() and time.monotonic() < deadline and run.poll() is None:
        time.sleep(0.05)
    os.kill(run.pid, signal.SIGKILL)
    run.wait()
    assert saved.exists()
    assert not (folder / "done.json").exists()
    mined = (folder / "examples.jsonl").read_bytes()
    last = max(int(p.name.split("-")[1]) for p in saved.parent.parent.glob("checkpoint-*"))
    shorter = _config(tmp_path, encoder, max_steps=last + 4, save_steps=5)
    key = key_of(EncoderStage(), Run(read_config(shorter)))
    (folder / "begun.json").write_text(json.dumps({"key": key}), encoding="utf-8")
    done = _call("encoder", shorter, "--resume")
    assert done.exit_code == 0, f"{done.output}{done.exception!r}"
    assert (folder / "examples.jsonl").read_bytes() == mined
    assert json.loads((folder / "done.json").read_text(encoding="utf-8"))["figures"]["steps"] == last + 4


def test_what_cannot_be_learnt_is_a_sentence_with_a_remedy(tmp_path: Path, encoder: Path) -> None:
    wild = _call("encoder", _config(tmp_path, encoder, learning_rate=1e30))
    assert wild.exit_code == 3
    assert "The loss is not a number" in wild.output
    write(tmp_path / "pairs.jsonl", pairs()[:5])
    few = _call("encoder", _config(tmp_path, encoder))
    assert few.exit_code == 2
    assert "too few" in few.output
    assert not (tmp_path / "run" / "encoder" / "done.json").exists()


def test_pairs_are_read_joined_and_split_without_leaks(tmp_path: Path) -> None:
    texts = read_texts(write(tmp_path / "kb.jsonl", articles()))
    assert len(texts.of_article) == 36
    more = [
        {"question": "May my dog come along?", "article_id": "old-mill-pool", "names": ["Old Mill"]},
        {"question": "no article of ours", "article_id": "gone"},
        {"question": 7},
    ]
    some, bad = read_pairs([write(tmp_path / "p.jsonl", pairs() + more)], texts.of_article)
    assert len(bad) == 2
    assert len(some) == 36
    joined = next(p for p in some if p.question.startswith("May my dog") and p.names == ("Old Mill",))
    assert joined.articles == ("old-mill-pets", "old-mill-pool")
    assert asked(joined) == "Old Mill: May my dog come along?"
    learn, held = split(some, 0.3, seed=7)
    assert {p.group for p in learn}.isdisjoint(p.group for p in held if p.group)
    assert {a for p in learn for a in p.articles}.isdisjoint(a for p in held for a in p.articles)
    again = split(list(reversed(some)), 0.3, seed=7)
    assert {p.question + p.names[0] for p in again[1]} == {p.question + p.names[0] for p in held}


def test_negatives_are_what_agents_marked_first_and_never_an_answer(tmp_path: Path, encoder: Path) -> None:
    texts = read_texts(write(tmp_path / "kb.jsonl", articles()))
    model = Encoder(str(encoder))
    pair = Pair(
        "May my dog come along?", ("old-mill-pets",), irrelevant=("old-mill-wifi",), names=("Old Mill",)
    )
    (one,) = mine(model, [pair], texts, model.encode(texts.passages), 3)
    assert one.positive == texts.passages[texts.of_article["old-mill-pets"][0]]
    assert one.negatives[0] == texts.passages[texts.of_article["old-mill-wifi"][0]]
    assert len(set(one.negatives)) == 3
    assert one.positive not in one.negatives


def test_only_a_gain_that_is_shown_opens_the_gate() -> None:
    def gate(low: float, high: float) -> bool:
        return bool(gate_of([Difference("encoder R@1", 50, 0.5, 0.6, low, high)], "R@1")["passed"])

    assert gate(0.01, 0.2)
    assert not gate(0.0, 0.2)
    assert not gate(-0.05, 0.2)
    both = [
        Difference("encoder R@1", 50, 0.5, 0.6, 0.01, 0.2),
        Difference("search R@1", 50, 0.5, 0.5, -0.1, 0.1),
    ]
    assert not gate_of(both, "R@1")["passed"], "what the product finds decides"


def test_a_changed_or_refused_encoder_is_not_served(tmp_path: Path, encoder: Path) -> None:
    import shutil

    mine = tmp_path / "mine"
    shutil.copytree(encoder, mine)
    digest = seal(mine, {"gate": {"passed": True, "why": ""}})
    kept = Path(adopt(str(mine), tmp_path / "workspace"))
    assert kept.name == f"encoder-{digest[:16]}"
    assert find_encoder(str(kept)) == kept
    assert adopt(str(mine), tmp_path / "workspace") == str(kept)
    weights = next(kept.rglob("*.safetensors"))
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    with pytest.raises(EncoderMissing, match="was changed"):
        find_encoder(str(kept))
    (mine / "extra.safetensors").write_bytes(b"x")
    with pytest.raises(EncoderMissing, match="not the one that was tuned"):
        adopt(str(mine), tmp_path / "workspace")
    (mine / "extra.safetensors").unlink()
    seal(mine, {"gate": {"passed": False, "why": "It is not shown to be better."}})
    with pytest.raises(EncoderMissing, match="did not pass its gate"):
        adopt(str(mine), tmp_path / "elsewhere")
    assert not (tmp_path / "elsewhere").exists()


FIRST_LOSS = 1.112
