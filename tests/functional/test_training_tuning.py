"""`python -m training sft|preference|export` on a tiny random model: what is learnt, and what goes wrong."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from click.testing import CliRunner
from support_training import rows, tiny_model, write_rows

pytest.importorskip("trl")
import torch

from agent_assist.errors import DiskFull
from training.cli import cli
from training.config import ExportOptions
from training.export import GateClosed, compare, refuse
from training.sft import LossNotANumber, OutOfMemory, guarded
from training.tuning import IGNORED, completion_loss, encode, grouped, load_base, pack, shared_length


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_model(tmp_path_factory.mktemp("model"))


def _config(folder: Path, model: Path, **more: Any) -> Path:
    sft = {"rank": 4, "alpha": 8, "learning_rate": 0.02, "batch": 4, "max_steps": 8, "save_steps": 4}
    sft |= more.pop("sft", {})
    path = folder / "config.yaml"
    whole = {"name": "t", "folder": "run", "base": str(model), "sft": sft, **more}
    path.write_text(yaml.safe_dump(whole), encoding="utf-8")
    write_rows(folder / "run" / "prepare" / "train.jsonl", rows())
    return path


def _call(*arguments: str | Path) -> Any:
    return CliRunner().invoke(cli, [str(a) for a in arguments])


def _losses(folder: Path) -> list[float]:
    lines = (folder / "run" / "sft" / "steps.jsonl").read_text(encoding="utf-8").splitlines()
    return [line["loss"] for line in map(json.loads, lines) if "loss" in line]


def test_packed_examples_have_the_loss_that_they_have_alone(model: Path) -> None:
    net, tokenizer = load_base(model, "float32")
    some = [encode(row, tokenizer, 640) for row in rows()[:3]]
    assert shared_length(some) > 20
    together = completion_loss(net, pack(some))
    alone = [completion_loss(net, pack([one])) for one in some]
    counts = [len(one.ids) - one.start for one in some]
    mean = sum(a * n for a, n in zip(alone, counts)) / sum(counts)
    assert together.item() == pytest.approx(mean.item(), abs=1e-5)
    one = some[0]
    labels = torch.tensor([[IGNORED] * one.start + list(one.ids[one.start :])])
    whole = net(input_ids=torch.tensor([one.ids]), labels=labels).loss
    assert alone[0].item() == pytest.approx(whole.item(), abs=1e-5)


def test_a_long_ticket_loses_its_middle_and_never_the_end_of_the_reply(model: Path) -> None:
    _, tokenizer = load_base(model, "float32")
    row = rows()[0] | {"prompt": [{"role": "user", "content": "word " * 400}]}
    one = encode(row, tokenizer, 120)
    assert len(one.ids) == 120
    assert one.ids[-1] == tokenizer.eos_token_id
    assert tokenizer.decode(one.ids[: one.start]).endswith("<|im_start|>assistant\n")
    with pytest.raises(ValueError, match="longer than the longest"):
        encode(row | {"completion": [{"role": "assistant", "content": "word " * 400}]}, tokenizer, 120)


def test_batches_share_their_system_message() -> None:
    other = [r | {"prompt": [{"role": "system", "content": "other"}, r["prompt"][1]]} for r in rows()]
    order = grouped([*rows(), *other], 4, seed=3)
    for start in range(0, 24, 4):
        assert len({r["prompt"][0]["content"] for r in order[start : start + 4]}) == 1
    assert order == grouped([*rows(), *other], 4, seed=3)


def test_sft_learns_reproducibly_and_is_skipped_the_second_time(tmp_path: Path, model: Path) -> None:
    config = _config(tmp_path, model)
    dry = _call("sft", config, "--dry-run")
    assert "12  examples" in dry.output
    assert dry.output.count("⟦") == 3
    assert "<|im_end|>⟧" in dry.output
    assert not (tmp_path / "run" / "sft").exists()
    done = _call("sft", config)
    assert done.exit_code == 0, done.output
    losses = _losses(tmp_path)
    assert losses[0] == pytest.approx(5.784, abs=0.02)
    assert losses[-1] == pytest.approx(5.714, abs=0.02)
    assert (tmp_path / "run" / "sft" / "adapter" / "adapter_model.safetensors").exists()
    record = json.loads((tmp_path / "run" / "sft" / "done.json").read_text(encoding="utf-8"))
    assert record["manifest"]["versions"]["trl"]
    assert record["manifest"]["seed"] == 7
    assert "nothing has changed" in _call("sft", config).output


def test_a_killed_run_is_resumed(tmp_path: Path, model: Path) -> None:
    config = _config(tmp_path, model, sft={"max_steps": 4000, "save_steps": 5})
    run = subprocess.Popen([sys.executable, "-m", "training", "sft", str(config)], stderr=subprocess.DEVNULL)
    saved = tmp_path / "run" / "sft" / "checkpoints" / "checkpoint-5" / "trainer_state.json"
    deadline = time.monotonic() + 120
    while not saved.exists() and time.monotonic() < deadline and run.poll() is None:
        time.sleep(0.05)
    os.kill(run.pid, signal.SIGKILL)
    run.wait()
    assert saved.exists()
    assert not (tmp_path / "run" / "sft" / "done.json").exists()
    last = max(int(p.name.split("-")[1]) for p in saved.parent.parent.glob("checkpoint-*"))
    # The same key, so that it goes on: fewer steps are another run.
    stage = tmp_path / "run" / "sft"
    shorter = _config(tmp_path, model, sft={"max_steps": last + 8, "save_steps": 5})
    begun = _key(shorter)
    (stage / "begun.json").write_text(json.dumps({"key": begun}), encoding="utf-8")
    done = _call("sft", shorter, "--resume")
    assert done.exit_code == 0, done.output
    steps = [json.loads(x)["step"] for x in (stage / "steps.jsonl").read_text(encoding="utf-8").splitlines()]
    assert steps[-1] == last + 8
    assert json.loads((stage / "done.json").read_text(encoding="utf-8"))["figures"]["steps"] == last + 8


def _key(config: Path) -> str:
    from training.config import read_config
    from training.sft import Sft
    from training.stage import Run, key_of

    return key_of(Sft(), Run(read_config(config)))


def test_what_a_run_dies_of_is_a_sentence_with_a_remedy(tmp_path: Path, model: Path) -> None:
    config = _config(tmp_path, model, sft={"learning_rate": 1e30})
    done = _call("sft", config)
    assert done.exit_code == 3
    assert "The loss is not a number" in done.output
    assert "learning_rate" in done.output
    write_rows(tmp_path / "run" / "prepare" / "train.jsonl", [])
    empty = _call("sft", config)
    assert empty.exit_code == 2
    assert "no examples to learn from" in empty.output

    def raising(error: BaseException) -> Any:
        def work() -> None:
            raise error

        return work

    with pytest.raises(OutOfMemory):
        guarded(raising(RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory")))
    with pytest.raises(OutOfMemory):
        guarded(raising(torch.OutOfMemoryError("CUDA out of memory")))
    with pytest.raises(DiskFull):
        guarded(raising(OSError(errno.ENOSPC, "No space left on device")))
    with pytest.raises(LossNotANumber):
        guarded(raising(FloatingPointError("The loss is not a number.")))


@pytest.mark.parametrize("method", ["dpo", "kto"])
def test_preferences_are_learnt_on_top_of_the_adapter(tmp_path: Path, model: Path, method: str) -> None:
    options = {"method": method, "max_steps": 2, "batch": 2, "learning_rate": 0.001}
    config = _config(tmp_path, model, sft={"max_steps": 1}, preference=options)
    good, bad = ([{"role": "assistant", "content": t}] for t in ("Yes, within 30 days.", "No."))
    pairs = [{"prompt": r["prompt"], "chosen": good, "rejected": bad} for r in rows()]
    judged = [
        {"prompt": r["prompt"], "completion": good if i % 2 else bad, "label": bool(i % 2)}
        for i, r in enumerate(rows())
    ]
    write_rows(tmp_path / "run" / "prepare" / "preference.jsonl", pairs)
    write_rows(tmp_path / "run" / "prepare" / "unpaired.jsonl", judged)
    assert _call("sft", config).exit_code == 0
    done = _call("preference", config)
    assert done.exit_code == 0, f"{done.output}{done.exception!r}"
    figures = json.loads((tmp_path / "run" / "preference" / "figures.json").read_text(encoding="utf-8"))
    assert figures["rows"] == 12
    assert figures["loss"] == pytest.approx(0.69 if method == "dpo" else 0.5, abs=0.05)
    if method == "kto":
        write_rows(tmp_path / "run" / "prepare" / "unpaired.jsonl", judged[1::2] * 2)
        one_sided = _call("preference", config)
        assert one_sided.exit_code == 2
        assert "All rows for KTO are accepted drafts" in one_sided.output


def test_the_gates_measure_and_refuse() -> None:
    row = np.log(np.array([[0.7, 0.2, 0.1]]))
    assert compare([row], [row]) == (0.0, 1.0)
    far, top = compare([row], [np.log(np.array([[0.2, 0.7, 0.1]]))])
    assert far == pytest.approx(0.5 * np.log(3.5), abs=1e-4)
    assert top == 0.0
    good = {"kl": 0.01, "top1": 0.98, "self_ended": 1.0, "same_ids": 1.0}
    refuse(good, ExportOptions())
    for name, value in (("kl", 1.0), ("top1", 0.5), ("self_ended", 0.9), ("same_ids", 0.9)):
        with pytest.raises(GateClosed):
            refuse(good | {name: value}, ExportOptions())


def test_without_the_converter_the_export_says_where_it_is(tmp_path: Path, model: Path) -> None:
    elsewhere = {"converter": str(tmp_path / "nothing-here")}
    config = _config(tmp_path, model, sft={"max_steps": 1}, export=elsewhere)
    write_rows(tmp_path / "run" / "prepare" / "held.jsonl", rows())
    assert _call("sft", config).exit_code == 0
    done = _call("export", config)
    assert done.exit_code == 2
    assert "pip download" in done.output
