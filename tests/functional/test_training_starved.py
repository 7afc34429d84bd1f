"""`training sft` where memory or the disk ends: a sentence with a remedy, and after the disk it goes on."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from support_training import rows, tiny_model, write_rows

pytest.importorskip("trl")
_IN_A_SMALL_DISK = """
mount -t tmpfs -o size=120k none "$1" && mkdir -p "$1/run/prepare" && cp "$2" "$1/run/prepare/train.jsonl"
"$4" -m training sft "$3"; echo "ended with $?"
mount -o remount,size=60m "$1"
"$4" -m training sft "$3" --resume; echo "ended with $?"; cat "$1/run/sft/done.json"
"""


def _config(folder: Path, run: Path, **sft: object) -> Path:
    path = folder / "config.yaml"
    options = {
        "rank": 4,
        "alpha": 8,
        "learning_rate": 0.02,
        "batch": 4,
        "max_steps": 6,
        "save_steps": 2,
    } | sft
    whole = {"name": "t", "folder": str(run), "base": str(folder / "model"), "sft": options}
    path.write_text(yaml.safe_dump(whole), encoding="utf-8")
    return path


@pytest.mark.skipif(shutil.which("unshare") is None, reason="a small disk is made by Linux namespaces")
def test_a_full_disk_is_told_and_the_run_goes_on_when_there_is_room(tmp_path: Path) -> None:
    tiny_model(tmp_path / "model")
    disk = tmp_path / "disk"
    disk.mkdir()
    config = _config(tmp_path, disk / "run")
    train = write_rows(tmp_path / "train.jsonl", rows())
    alone = ["unshare", "--map-root-user", "--mount"]
    if subprocess.run([*alone, "mount", "-t", "tmpfs", "none", str(disk)], check=False).returncode:
        pytest.skip("this machine lets nobody mount")
    done = subprocess.run(
        [*alone, "sh", "-c", _IN_A_SMALL_DISK, "-", str(disk), str(train), str(config), sys.executable],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"HF_HUB_OFFLINE": "1"},
    )
    assert done.stdout.partition("ended with ")[2].startswith("3\n"), done.stderr[-2000:]
    assert "There is no space left" in done.stderr
    assert "Traceback" not in done.stderr
    full, _, later = done.stdout.partition("ended with 0\n")
    assert later, full + done.stderr[-2000:]
    assert json.loads(later)["figures"]["steps"] == 6


def _in_two_gigabytes() -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_DATA, (2 * 2**30, 2 * 2**30))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere memory has no limit of this kind")
def test_memory_that_ends_is_told_and_nothing_is_left_to_serve(tmp_path: Path) -> None:
    base = tiny_model(tmp_path / "model")
    weights = (base / "model.safetensors").read_bytes()
    long = rows(64)
    for row in long:
        row["prompt"][1]["content"] += " and more of it" * 200
    write_rows(tmp_path / "run" / "prepare" / "train.jsonl", long)
    # The mask of 64 packed examples of 640 tokens alone takes 6 GB.
    config = _config(tmp_path, tmp_path / "run", batch=64, max_tokens=640)
    done = subprocess.run(
        [sys.executable, "-m", "training", "sft", str(config)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "2"},
        preexec_fn=_in_two_gigabytes,
    )
    assert "sft: 64 examples" in done.stderr, done.stderr[-2000:]
    assert done.returncode == 3, done.stderr[-2000:]
    assert "The examples do not fit into memory. Lower `batch`" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "run" / "sft" / "adapter").exists()
    assert (base / "model.safetensors").read_bytes() == weights
