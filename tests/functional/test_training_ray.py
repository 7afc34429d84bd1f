"""`prepare.runner: ray`: the same files as the plain runner's, byte for byte."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from support_training import tickets, write_rows

pytest.importorskip("datasketch")
from agent_assist.domain.ticket import ticket_from_json, ticket_to_json
from training.cli import cli
from training.config import PrepareOptions, Source
from training.prepare.beyond import write_shards
from training.prepare.read import Bad, Record, records
from training.prepare.rows import Made, run_plain

FILES = ("train", "held", "cases", "preference", "unpaired", "bad")


def _exports(folder: Path) -> None:
    """Tickets of three kinds of exports, with near-duplicates, personal data and what is wrong in them."""
    some = tickets(40)
    for place, ticket in enumerate(some):
        ticket["tags"] = [f"intent:{'refund' if place % 3 else 'parcel'}"]
        if place % 8 == 0:
            ticket["messages"][0]["text"] += " My number is +1 415 555 0134."
            ticket["messages"][1]["text"] = "You can return the lamp within 30 days, if it is as new."
    path = write_rows(folder / "a.jsonl", some)
    with path.open("a", encoding="utf-8") as file:
        file.write("{broken\n")
    (folder / "b.csv").write_text(
        "ticket_id,role,message,created_at,agent,category\n"
        "1,customer,Do you repair lamps?,2026-02-01T10:00:00+02:00,,repair\n"
        "1,agent,We repair lamps of all brands in our workshop.,2026-02-01T11:00:00+02:00,kim,repair\n"
        ",agent,lost,,,\n",
        encoding="utf-8",
    )
    (folder / "c.eml").write_bytes(
        b"From: Bo <bo@example.com>\nMessage-ID: <m1>\nDate: Mon, 02 Feb 2026 10:00:00 +0000\n\nWhich size?\n"
    )


def _prepared(folder: Path, **options: Any) -> dict[str, bytes]:
    name = str(options.get("runner", "plain"))
    prepare = {"inputs": [{"path": "exports"}], "held_out": 0.2, **options}
    knowledge = [
        {"id": "r", "title": "Returns", "body": "You can return an item within 30 days of delivery."}
    ]
    write_rows(folder / "articles.jsonl", knowledge)
    config = folder / f"{name}.yaml"
    whole = {"name": "t", "folder": name, "prepare": {**prepare, "knowledge": "articles.jsonl"}}
    config.write_text(yaml.safe_dump(whole), encoding="utf-8")
    done = CliRunner().invoke(cli, ["prepare", str(config)])
    assert done.exit_code == 0, f"{done.output}{done.exception!r}"
    out = folder / name / "prepare"
    return {n: (out / f"{n}.jsonl").read_bytes() for n in FILES} | {
        "card": (out / "card.md").read_bytes(),
        "report": (out / "report.html").read_bytes(),
    }


def test_what_was_made_of_a_record_is_the_same_after_its_way_between_processes(tmp_path: Path) -> None:
    _exports(tmp_path)
    made = list(run_plain(PrepareOptions(inputs=(Source(path=tmp_path),))))
    assert sum(len(one.examples) for one in made) == 41
    assert {e.intent for one in made for e in one.examples} == {"refund", "parcel", "repair"}
    assert [Made.load(one.dump()) for one in made] == made
    example = next(e for one in made for e in one.examples)
    assert example.before == ticket_from_json(ticket_to_json(example.before))  # type: ignore[arg-type]


def test_shards_give_back_the_records_that_were_written(tmp_path: Path) -> None:
    _exports(tmp_path / "in")
    found = list(records(Source(path=tmp_path / "in")))
    shards = write_shards(found, tmp_path / "out", "s", 9)
    assert len(shards) == 5
    again = list(records(Source(path=tmp_path / "out")))
    assert again == found
    assert [one.where for one in again if isinstance(one, Bad)] == ["b.csv:4"]
    assert len([one for one in again if isinstance(one, Record)]) == 43
    assert len(write_shards(found, tmp_path / "out", "s", 100)) == 1  # the old ones are gone
    assert len(list((tmp_path / "out").iterdir())) == 1
    mail = next(one for one in again if isinstance(one, Record) and one.kind == "mail")
    assert base64.b64decode(json.loads(mail.payload)[0][1]).startswith(b"From: Bo")


@pytest.mark.timeout(600)
def test_ray_writes_the_files_that_the_plain_runner_writes(tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="the extra “ray” is not installed: pip install 'agent-assist[ray]'")
    _exports(tmp_path / "exports")
    plain = _prepared(tmp_path)
    spread = _prepared(tmp_path, runner="ray", ray={"workers": 2, "rows": 9, "memory_mb": 80})
    assert plain["train"].count(b"\n") > 20
    assert plain["held"]
    assert plain["bad"].count(b"\n") == 2
    assert spread == plain
    assert not list((tmp_path / "ray" / "prepare").glob("shards-*"))
