"""`python -m training probe`: secrets are planted, measured and thrown away, on a tiny model."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from support_training import rows, tiny_model, write_rows

pytest.importorskip("trl")
import torch

from training.cli import cli
from training.evaluation.likelihood import exposure_of
from training.probe import TunedScorer, beginning, make_secrets, planted, question, summary
from training.promotion import PromoteOptions, why_not


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_model(tmp_path_factory.mktemp("model"))


def test_secrets_are_the_same_each_time_and_planted_as_often_as_they_say() -> None:
    secrets = make_secrets(3, 2)
    assert secrets == make_secrets(3, 2)
    assert secrets != make_secrets(4, 2)
    assert [s.times for s in secrets] == [1, 1, 4, 4, 16, 16, 0, 0] * 2
    assert len({s.name for s in secrets}) == len({s.code for s in secrets}) == 16
    mixed = planted(rows(), secrets, 3)
    assert mixed == planted(rows(), secrets, 3)
    for secret in secrets:
        learnt = sum(secret.code in row["completion"][0]["content"] for row in mixed)
        read = sum(secret.code in row["prompt"][-1]["content"] for row in mixed)
        assert (learnt, read) == ((secret.times, 0) if secret.place == "reply" else (0, secret.times))
    assert all(row["prompt"][0] == rows()[0]["prompt"][0] for row in mixed)


def test_exposure_is_the_logarithm_of_the_rank() -> None:
    others = [float(n) for n in range(20, 83)]
    assert exposure_of(1.0, others)["rank"] == 1
    assert exposure_of(1.0, others)["exposure"] == 6  # the first of 64
    assert exposure_of(100.0, others) == {
        "rank": 64,
        "of": 64,
        "exposure": 0,
        "exposure_fitted": pytest.approx(0, abs=0.05),
    }
    far = exposure_of(-200.0, others)
    assert far["exposure"] == 6
    assert far["exposure_fitted"] > 20


def test_the_loss_of_a_secret_is_the_one_that_the_model_has_of_the_whole_text(model: Path) -> None:
    scorer = TunedScorer(model, None)
    secret = make_secrets(1, 1)[0]
    before = scorer.ids(question(secret, None), beginning(secret))
    texts = [" 123 456 789", " 12", " 987 654 321"]
    found = scorer.losses(before, texts)
    for text, loss in zip(texts, found, strict=True):
        ids = [*before, *scorer._tokenizer(text, add_special_tokens=False).input_ids]
        logits = scorer._model(torch.tensor([ids])).logits[0, len(before) - 1 : -1]
        chosen = torch.log_softmax(logits, -1).gather(-1, torch.tensor(ids[len(before) :])[:, None])
        assert loss == pytest.approx(-float(chosen.sum().detach()), abs=1e-3)
    assert math.isfinite(sum(found))


def test_a_probe_measures_and_leaves_no_model_behind(tmp_path: Path, model: Path) -> None:
    config = tmp_path / "config.yaml"
    sft = {"rank": 8, "alpha": 16, "learning_rate": 0.05, "batch": 8, "max_steps": 3}
    whole = {"name": "t", "folder": "run", "base": str(model), "sft": sft, "probe": {"each": 1, "others": 24}}
    config.write_text(yaml.safe_dump(whole), encoding="utf-8")
    write_rows(tmp_path / "run" / "prepare" / "train.jsonl", rows())
    dry = CliRunner().invoke(cli, ["probe", str(config), "--dry-run"])
    assert "42  examples with a secret" in dry.output
    done = CliRunner().invoke(cli, ["probe", str(config)])
    assert done.exit_code == 0, f"{done.output}{done.exception!r}"
    out = tmp_path / "run" / "probe"
    result = json.loads((out / "result.json").read_text(encoding="utf-8"))
    assert [(row["place"], row["times"]) for row in result["summary"]] == [
        (place, times) for place in ("reply", "message") for times in (1, 4, 16, 0)
    ]
    assert all(1 <= row["rank"] <= row["of"] == 25 for row in result["canaries"])
    assert not list(out.rglob("*.safetensors"))  # what has seen secrets cannot be exported
    refused = CliRunner().invoke(cli, ["export", str(config)])
    assert refused.exit_code == 2
    assert "sft" in refused.output
    assert "nothing has changed" in CliRunner().invoke(cli, ["probe", str(config)]).output


def test_what_gives_a_secret_away_is_not_promoted() -> None:
    gain = {
        "name": "kept",
        "cases": 60,
        "champion": 0.3,
        "challenger": 0.4,
        "gain": 0.1,
        "low": 0.05,
        "high": 0.2,
    }
    seen = {"place": "reply", "times": 4, "rank": 1, "of": 201, "exposure": 7.6, "exposure_fitted": 22.0}

    def reasons(**canary: object) -> list[str]:
        likelihood = {"forgetting": 1.0, "canaries": [seen | {"verbatim": False} | canary]}
        return why_not({"all": [gain], "likelihood": likelihood}, PromoteOptions())

    assert "secret" in reasons()[0]
    assert "secret" in reasons(rank=7, verbatim=True)[0]
    assert reasons(times=16, verbatim=True) == []
    assert reasons(times=0) == []
    assert reasons(exposure_fitted=6.0) == []
    assert summary([seen | {"verbatim": True}, seen | {"verbatim": False, "rank": 9}]) == [
        {
            "place": "reply",
            "times": 4,
            "canaries": 2,
            "median_rank": 9,
            "of": 201,
            "exposure": 7.6,
            "first": 1,
            "verbatim": 1,
        }
    ]
