"""Windows, ageing, the watermark, the schedulers' files, and an adapter that is gone on from."""

from __future__ import annotations

import configparser
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
import yaml
from click.testing import CliRunner
from support_training import write_rows

pytest.importorskip("datasketch")
from agent_assist.errors import BadInput
from training.adapters import unpermuted
from training.cli import cli
from training.config import Config, PrepareOptions, Window, read_config
from training.loop import remember, since_of, watermark
from training.prepare.ageing import aged, in_force
from training.prepare.examples import Example
from training.prepare.stage import prepare
from training.prepare.workspace import without_replies
from training.promotion import keep
from training.schedule import schedule_text
from training.stage import Result, Run, hash_of, meaning_of

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)


def _example(days: int, *tags: str, name: str = "") -> Example:
    moment = NOW - timedelta(days=days)
    return Example((), f"reply {name}{days}", f"T{name}{days}", "", "", "en", "chat", moment, (), tags=tags)


def _row(n: int, days: int, reply: str, tags: tuple[str, ...] = ()) -> dict[str, Any]:
    """As `agent-assist feedback export --format sft` writes it."""
    moment = (NOW - timedelta(days=days)).isoformat().replace("+00:00", "Z")
    asked = {"id": "m", "role": "customer", "text": f"How long does parcel {n} take?"}
    return {
        "prompt": [{"role": "system", "content": "s"}, {"role": "user", "content": asked["text"]}],
        "completion": [{"role": "assistant", "content": reply}],
        "meta": {
            "ticket": f"T{n}",
            "at": moment,
            "customer": f"c{n}",
            "agent": f"a{n % 5}",
            "language": "en",
        },
        "ticket": {"id": f"T{n}", "channel": "chat", "messages": [asked], "tags": list(tags)},
    }


def test_a_window_holds_by_its_dates_and_tags() -> None:
    sale = Window(name="sale", since=date(2026, 11, 1), until=date(2026, 11, 22), tags=("sale",))
    assert sale.holds(NOW, ("sale", "x"))
    assert not sale.holds(NOW, ("x",))
    assert not sale.holds(NOW + timedelta(days=1), ("sale",))
    assert not sale.holds(None, ("sale",))
    assert Window(name="old", tags=("old",)).holds(None, ("old",))


def test_old_answers_fade_and_what_no_longer_holds_is_gone() -> None:
    some = [_example(days, name=f"{n}-") for n in range(400) for days in (0, 100)]
    options = PrepareOptions(half_life_days=100)
    kept, told = aged(some, options, None, 7)
    new = sum(e.moment == NOW for e in kept)
    old = len(kept) - new
    assert new == 400
    assert 160 <= old <= 240
    assert told.faded == 400 - old
    assert kept == aged(some, options, None, 7)[0], "the same seed draws the same"
    assert kept != aged(some, options, None, 8)[0]

    windows = (
        Window(name="old policy", until=date(2026, 9, 1)),
        Window(name="launch", tags=("l",), weight=2),
    )
    options = PrepareOptions(windows=windows)
    assert [in_force(_example(d), options) for d in (0, 100)] == [True, False]
    kept, told = aged([_example(0, "l"), _example(1)], options, None, 7)
    assert len(kept) == 3
    assert (told.repeated, told.windows["launch"]) == (1, 1)


def test_what_was_learnt_before_is_only_replayed() -> None:
    some = [_example(days, name=f"{n}-") for n in range(300) for days in (0, 10)]
    kept, told = aged(some, PrepareOptions(replay=0.25), NOW - timedelta(days=5), 7)
    assert told.new == 300
    assert 45 <= told.replayed <= 105
    assert len(kept) == told.new + told.replayed


def test_feedback_is_split_and_capped_like_every_example(tmp_path: Path) -> None:
    rows = [_row(n, 40 - n, f"Parcel {n} takes {n + 2} days and comes by courier {n}.") for n in range(40)]
    rows += [_row(50 + n, 3, "One and the same answer for everybody here.") for n in range(6)]
    rows += [
        _row(70, 1, "Hello [NAME_1], your parcel takes three days."),
        _row(71, 1, "Ask [NAME_2] about it."),
    ]
    path = write_rows(tmp_path / "sft.jsonl", rows)
    old = {k: v for k, v in _row(99, 0, "A row of before they had tickets.").items() if k != "ticket"}
    older = write_rows(tmp_path / "old.jsonl", [old])
    made = prepare(PrepareOptions(feedback=(path, older), held_out=0.2), 7)
    assert made.dropped["one more near-duplicate"] == 3
    assert made.dropped["a placeholder that nothing before it has"] == 1
    assert len(made.cases) == len(made.held) > 4
    assert not {r["meta"]["ticket"] for r in made.held} & {r["meta"]["ticket"] for r in made.train}
    learnt = [r["completion"][0]["content"] for r in (*made.train, *made.held)]
    assert "Your parcel takes three days." in learnt, "the product greets, not the model"
    assert made.train[-1]["completion"][0]["content"] == "A row of before they had tickets."
    assert made.cases[0]["ticket"]["messages"][0]["role"] == "customer"
    later = prepare(PrepareOptions(feedback=(path,), held_out=0.2), 7, NOW)
    assert later.new == 0


def _run(folder: Path) -> Run:
    return Run(Config(name="t", folder=folder / "run"))


def test_the_watermark_moves_only_with_a_promotion(tmp_path: Path) -> None:
    run = _run(tmp_path)
    assert since_of(run, "") is None
    assert since_of(run, "last") is None
    prepared = Result("prepare", "k", False, {"newest": NOW.isoformat()})
    remember(run, {"prepare": prepared})
    assert watermark(run) == {}
    run.folder.mkdir()
    promoted = Result("promote", "k", False, {"promoted": True, "adapter": "/m/a.gguf"})
    remember(run, {"prepare": prepared, "promote": promoted})
    assert since_of(run, "last") == NOW
    assert watermark(run)["adapter"] == "/m/a.gguf"
    assert since_of(run, "2026-11-20") == datetime(2026, 11, 20, tzinfo=UTC)
    with pytest.raises(BadInput):
        since_of(run, "yesterday")


def test_a_run_ends_where_there_is_nothing_new(tmp_path: Path) -> None:
    rows = [_row(n, 40 - n, f"Parcel {n} takes {n + 2} days and comes by courier {n}.") for n in range(40)]
    write_rows(tmp_path / "sft.jsonl", rows)
    config = tmp_path / "c.yaml"
    config.write_text(
        yaml.safe_dump({"name": "t", "folder": "run", "prepare": {"feedback": ["sft.jsonl"]}}),
        encoding="utf-8",
    )
    done = CliRunner().invoke(cli, ["run", str(config), "--since", "2026-11-23"])
    assert done.exit_code == 0, done.output
    assert "nothing new since 2026-11-23" in done.output
    assert not (tmp_path / "run" / "sft").exists()
    dry = CliRunner().invoke(cli, ["prepare", str(config), "--since", "2026-11-10", "--dry-run"])
    assert "new since the last run" in dry.output


def test_what_a_stages_code_says_to_people_alone_does_not_make_its_files_stale() -> None:
    one = '"""A."""\nLIMIT = 3\n"""Why."""\ndef f(a: int) -> int:\n    """B."""\n    return a  # c\n'
    other = "LIMIT = 3\n\n\ndef f(a: int) -> int:\n    return (a)\n"
    assert meaning_of(one) == meaning_of(other)
    assert meaning_of(one) != meaning_of(other.replace("3", "4"))
    assert meaning_of(one) != meaning_of(other.replace("(a)", '("a")'))


def test_a_promoted_adapter_keeps_its_own_file(tmp_path: Path) -> None:
    one, other = tmp_path / "a.gguf", tmp_path / "b.gguf"
    one.write_bytes(b"one")
    other.write_bytes(b"other")
    first = keep(one, tmp_path / "models", f"weekly-{hash_of(one)[:8]}")
    second = keep(other, tmp_path / "models", f"weekly-{hash_of(other)[:8]}")
    assert first != second
    assert first.read_bytes() == b"one"


def test_paths_of_all_sections_are_read_from_the_configurations_folder(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    whole = {
        "name": "t",
        "folder": "run",
        "prepare": {"workspace": "desk"},
        "sft": {"start": "a.gguf"},
        "evaluate": {"cases": "cases.jsonl", "knowledge": ["k.jsonl"]},
        "promote": {"workspace": "desk", "canary": 0.1},
    }
    path.write_text(yaml.safe_dump(whole), encoding="utf-8")
    config = read_config(path)
    assert config.prepare.workspace == tmp_path / "desk"
    assert config.sft.start == str(tmp_path / "a.gguf")
    assert config.evaluate == {
        "cases": str(tmp_path / "cases.jsonl"),
        "knowledge": [str(tmp_path / "k.jsonl")],
    }
    assert config.promote == {"workspace": str(tmp_path / "desk"), "canary": 0.1}


def test_what_a_scheduler_reads(tmp_path: Path) -> None:
    config = tmp_path / "a b%.yaml"
    cron = schedule_text("cron", config, "monday", 4)["agent-assist-training.cron"]
    assert cron.startswith("0 4 * * 1 cd ")
    assert "--since last --resume" in cron
    assert r"\%" in cron
    files = schedule_text("systemd", config, "monday", 4)
    service = configparser.ConfigParser(interpolation=None, strict=True)
    service.optionxform = str  # type: ignore[assignment,method-assign]
    service.read_string(files["agent-assist-training.service"])
    assert '"--since" "last" "--resume"' in service["Service"]["ExecStart"]
    assert "%%" in service["Service"]["ExecStart"]
    assert Path(service["Service"]["WorkingDirectory"]).is_absolute(), "quotes would be part of the path"
    assert "OnCalendar=Mon *-*-* 04:00" in files["agent-assist-training.timer"]
    root = ElementTree.fromstring(schedule_text("windows", config)["agent-assist-training.xml"])
    name = {"t": "http://schemas.microsoft.com/windows/2004/02/mit/task"}
    assert root.find(".//t:DaysOfWeek/t:Sunday", name) is not None
    arguments = root.findtext(".//t:Arguments", "", name)
    assert arguments is not None
    assert "--since" in arguments
    assert root.findtext(".//t:StartWhenAvailable", "", name) == "true"


def test_q_and_k_are_put_back_as_they_were() -> None:
    """llama.cpp's own permutation (LlamaModel.permute), turned round."""
    before = np.arange(8 * 3, dtype=np.float32).reshape(8, 3)
    heads = 2
    there = before.reshape(heads, 2, 8 // heads // 2, 3).swapaxes(1, 2).reshape(8, 3)
    assert (there != before).any()
    assert (unpermuted(there, heads) == before).all()


def test_no_model_is_measured_with_articles_made_of_replies() -> None:
    kinds = ("articles", "remembered", "solved", "macros")
    articles = [{"id": kind, "collection": kind} for kind in kinds] + [{"id": "none"}]
    assert [row["id"] for row in without_replies(articles)] == ["articles", "macros", "none"]
