"""`agent-assist model` and `agent-assist doctor`, as a person or a script runs them."""

from __future__ import annotations

import json
import random
from pathlib import Path

import huggingface_hub.constants
import pytest
from support_commands import Run, parsed
from support_gguf import SMALL, SMALL_TENSORS, gguf_bytes, write_gguf
from support_hub import FakeHub


def test_list_shows_the_packaged_model_and_the_catalogue(agent_assist: Run) -> None:
    code, out, _ = agent_assist("model", "list")
    assert code == 0
    assert "* SmolLM2-135M-Instruct" in out
    assert "GB machine" in out
    data = parsed(agent_assist("model", "list", "--json"))
    assert [m["name"] for m in data["models"]] == ["SmolLM2-135M-Instruct"]
    assert data["models"][0]["active"]
    assert len(data["catalogue"]) >= 8


def test_add_verify_and_remove(agent_assist: Run, tmp_path: Path) -> None:
    path = write_gguf(tmp_path / "mine.gguf", SMALL, SMALL_TENSORS)
    added = parsed(agent_assist("model", "add", str(path), "--name", "mine", "--language", "DE", "--json"))
    assert (added["name"], added["languages"], added["source"]) == ("mine", ["de"], "file")
    assert agent_assist("model", "verify", "mine")[:2] == (0, "mine: whole\n")
    path.write_bytes(path.read_bytes()[:-1] + b"\x01")
    code, out, _ = agent_assist("model", "verify", "--json")
    assert code == 3
    assert {m["name"]: m["ok"] for m in json.loads(out)} == {"mine": False, "SmolLM2-135M-Instruct": True}
    code, _, err = agent_assist("model", "use", "mine")
    assert code == 3
    assert "sha256" in err
    assert "Traceback" not in err
    assert agent_assist("model", "remove", "mine")[0] == 0
    assert path.exists()


def test_a_file_that_is_no_model_is_two_sentences(agent_assist: Run, tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("Returns are free within 30 days.")
    code, out, err = agent_assist("model", "add", str(path))
    assert (code, out) == (3, "")
    assert err == "notes.txt is not a GGUF model file. Choose a file that ends in .gguf.\n"


def test_pull_from_a_hub(agent_assist: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    hub = FakeHub()
    padding = ("padding", (1_000_000,), 24, random.Random(1).randbytes(1_000_000))
    hub.files["acme/tiny-GGUF", "tiny.gguf"] = gguf_bytes(SMALL, (*SMALL_TENSORS, padding))
    hub.cut_after, hub.cuts_left = 400_000, 1
    with hub.running():
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        pulled = parsed(agent_assist("model", "pull", "acme/tiny-GGUF/tiny.gguf", "--json"))
        assert Path(pulled["path"]).parent == tmp_path / "desk" / "models"
        assert pulled["source"] == "hub:acme/tiny-GGUF/tiny.gguf"
        assert any(wanted.startswith("bytes=") for _, _, wanted in hub.requests), "the transfer was resumed"
        code, _, err = agent_assist("model", "pull", "acme/tiny-GGUF/other.gguf")
        assert (code, err.startswith("The hub has no file other.gguf")) == (2, True)
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    code, _, err = agent_assist("model", "pull", "Qwen3-8B")
    assert code == 3
    assert "cannot be reached" in err


@pytest.mark.parametrize(
    "command", [("use", "nonsense"), ("remove", "nonsense"), ("pull", "nonsense"), ("rollback",)]
)
def test_what_does_not_exist_is_wrong_usage(agent_assist: Run, command: tuple[str, ...]) -> None:
    code, out, err = agent_assist("model", *command)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1


@pytest.mark.real_model
def test_use_and_doctor_say_what_the_model_runs_on(agent_assist: Run) -> None:
    status = parsed(agent_assist("model", "use", "SmolLM2-135M-Instruct", "--json"))
    assert (status["state"], status["backend"]) == ("ready", "cpu")
    assert "Runs on the processor" in status["reason"]
    code, out, _ = agent_assist("doctor")
    assert code == 0
    assert "Runs on the processor" in out
    assert "SmolLM2-135M-Instruct is whole" in out


def test_doctor_as_json_names_every_part(agent_assist: Run) -> None:
    code, out, _ = agent_assist("doctor", "--quick", "--json")
    data = json.loads(out)
    assert code == 0
    for part in ("versions", "workspace", "key", "disk", "memory", "backend", "model", "index", "display"):
        assert data[part]["state"] in ("ok", "warning"), part
        assert data[part]["sentence"].endswith(".")
    assert data["key"]["source"] == "passphrase"
    assert data["backend"]["engine"].startswith("llama-cpp-python ")


def test_doctor_says_what_blocks_and_how_to_mend_it(
    agent_assist: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_gguf(tmp_path / "mine.gguf", SMALL, SMALL_TENSORS)
    agent_assist("model", "add", str(path), "--name", "mine")
    assert agent_assist("doctor", "--quick")[0] == 0
    monkeypatch.setenv("AGENT_ASSIST_PASSPHRASE", "another one")
    code, out, _ = agent_assist("doctor", "--quick", "--json")
    data = json.loads(out)
    assert (code, data["state"], data["workspace"]["code"]) == (3, "problem", "wrong_passphrase")
    assert data["fix"]
