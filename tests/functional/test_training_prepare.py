"""`python -m training prepare` on exports of several helpdesks, with what is wrong in them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from support_training import tickets, write_rows

pytest.importorskip("datasketch")
from training.cli import cli
from training.prepare.groups import clusters, leaks, signature


def _config(folder: Path, **prepare: Any) -> Path:
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump({"name": "t", "folder": "run", "prepare": prepare}), encoding="utf-8")
    return path


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_prepare_reads_cleans_splits_and_is_skipped_when_nothing_changed(tmp_path: Path) -> None:
    source = write_rows(tmp_path / "tickets.jsonl", tickets())
    with source.open("a", encoding="utf-8") as file:
        file.write("{broken\n" + json.dumps({"id": "x"}) + "\n")
    config = _config(tmp_path, inputs=[{"path": "tickets.jsonl"}], held_out=0.2)
    done = CliRunner().invoke(cli, ["prepare", str(config)])
    assert done.exit_code == 0, done.output
    out = tmp_path / "run" / "prepare"
    train, held, bad = (_rows(out / f"{n}.jsonl") for n in ("train", "held", "bad"))
    assert [b["where"] for b in bad] == ["tickets.jsonl:25", "tickets.jsonl:26"]
    # The newest whole components: T21 to T23 are of the customers of T1 to T3 and go with them; T20, of T0's
    # customer, would make more than half again the share.
    assert [r["meta"]["ticket"] for r in held] == ["T1", "T2", "T3", "T21", "T22", "T23"]
    assert [r["meta"]["ticket"] for r in train] == ["T0", *(f"T{n}" for n in range(4, 21))]
    record = json.loads((out / "done.json").read_text(encoding="utf-8"))
    wanted = {"tickets": 24, "bad": 2, "dropped": {}, "train": 18, "held": 6, "pairs": 0, "unpaired": 0}
    assert {name: record["figures"][name] for name in wanted} == wanted
    assert [m["role"] for m in train[0]["prompt"]] == ["system", "user"]
    assert train[0]["completion"] == [
        {
            "role": "assistant",
            "content": "You can return item 0 within 30 days of delivery, colour red, size 30.",
        }
    ]
    assert "Ana Example" not in (out / "train.jsonl").read_text(encoding="utf-8")
    assert "Left out" in (out / "card.md").read_text(encoding="utf-8")
    again = CliRunner().invoke(cli, ["prepare", str(config)])
    assert "nothing has changed" in again.output
    write_rows(source, tickets(20))
    assert "nothing has changed" not in CliRunner().invoke(cli, ["prepare", str(config)]).output


# --- every format that is read ---------------------------------------------------------------------

CSV = """\
ticket_id;role;message;created_at;agent
1;customer;Do you repair lamps of other brands?;2026-02-01T10:00:00Z;
1;agent;We repair lamps of all brands in our workshop in Leeds.;2026-02-01T11:00:00Z;kim
;agent;lost;;
"""
ZENDESK = {
    "tickets": [
        {
            "id": 7,
            "requester_id": 1,
            "status": "solved",
            "comments": [
                {"author_id": 1, "body": "Where is the invoice?", "created_at": "2026-02-02T10:00:00Z"},
                {"author_id": 2, "body": "An internal word", "public": False},
                {
                    "author_id": 2,
                    "html_body": "<p>The invoice is in your account under Orders.</p>",
                    "created_at": "2026-02-02T11:00:00Z",
                },
            ],
        },
        {"subject": "no id"},
    ]
}
ZAMMAD = [
    {
        "id": 9,
        "title": "Gift",
        "customer_id": 4,
        "articles": [
            {"sender": "Customer", "body": "Can you wrap it as a gift for me?"},
            {"sender": "Agent", "body": "We wrap every gift in plain paper for two euros."},
        ],
    }
]
EML = """\
From: Bo <bo@example.com>
Message-ID: <m1>
Date: Mon, 02 Feb 2026 10:00:00 +0000
Subject: Size

Which size fits a head of 58 cm?
"""
MBOX = """\
From x Mon Feb  2 10:00:00 2026
From: Cy <cy@example.com>
Message-ID: <n1>
Date: Mon, 02 Feb 2026 10:00:00 +0000
Subject: Post

Do you send parcels to Malta?

From x Mon Feb  2 11:00:00 2026
From: Help <help@shop.example>
Message-ID: <n2>
In-Reply-To: <n1>
Date: Mon, 02 Feb 2026 11:00:00 +0000
Subject: Re: Post

We send parcels to Malta by air freight.

> Do you send parcels to Malta at all?

"""


def test_every_format_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "exports"
    folder.mkdir()
    exports = {
        "a.csv": CSV,
        "b.json": json.dumps(ZENDESK),
        "c.json": json.dumps(ZAMMAD),
        "d.eml": EML,
        "e.mbox": MBOX,
        "f.xyz": "?",
    }
    for name, text in exports.items():
        (folder / name).write_text(text, encoding="utf-8")
    config = _config(tmp_path, inputs=[{"path": "exports"}], held_out=0)
    done = CliRunner().invoke(cli, ["prepare", str(config)])
    assert done.exit_code == 0, done.output
    out = tmp_path / "run" / "prepare"
    replies = " ".join(r["completion"][0]["content"] for r in _rows(out / "train.jsonl"))
    for word in ("Leeds", "under Orders", "plain paper", "air freight"):
        assert word in replies
    assert "internal" not in replies
    assert "Do you send" not in replies
    assert {b["where"] for b in _rows(out / "bad.jsonl")} == {"a.csv:4", "b.json#2", "f.xyz"}


def test_nothing_left_is_said_with_the_reasons(tmp_path: Path) -> None:
    write_rows(tmp_path / "t.jsonl", [{"id": "1", "messages": [{"role": "customer", "text": "Hi"}]}])
    done = CliRunner().invoke(cli, ["prepare", str(_config(tmp_path, inputs=[{"path": "t.jsonl"}]))])
    assert done.exit_code == 2
    assert "Nothing is left to learn from" in done.output
    assert "Traceback" not in done.output


def test_feedback_gives_pairs_only_where_the_edit_is_supported(tmp_path: Path) -> None:
    prompt = [
        {"role": "system", "content": "s"},
        {"role": "user", "content": "Facts: It costs 5 euros. How much?"},
    ]

    def pair(chosen: str, rejected: str) -> dict[str, Any]:
        one, other = ([{"role": "assistant", "content": t}] for t in (chosen, rejected))
        return {"prompt": prompt, "chosen": one, "rejected": other}

    rows = [
        pair("It costs 5 euros, and we ship it today.", "It is 5 euros."),
        pair("It costs 7 euros.", "It is 5 euros in all, as far as we know."),
        pair(
            "It costs 5 euros in all, as we told you before in our letter of today.",
            "It costs 5 euros in all, as we told you before in our letter of today",
        ),
        {"prompt": prompt},
    ]
    write_rows(tmp_path / "pairs.jsonl", rows)
    done = CliRunner().invoke(cli, ["prepare", str(_config(tmp_path, feedback=["pairs.jsonl"]))])
    assert done.exit_code == 0, done.output
    kept = _rows(tmp_path / "run" / "prepare" / "preference.jsonl")
    assert [r["chosen"][0]["content"] for r in kept] == ["It costs 5 euros, and we ship it today."]
    assert 0 < kept[0]["edit_cost"] < 1


def test_near_duplicates_share_a_cluster_and_leaks_are_found() -> None:
    texts = [
        "You can return the lamp within 30 days of delivery if you have not used it.",
        "You can return the lamp within 30 days of delivery if you have not used it!",
        "Our workshop in Leeds repairs lamps of all brands, also old ones.",
    ]
    assert clusters(texts, 0.8) == [0, 0, 2]
    assert signature(texts[0]).jaccard(signature(texts[1])) == 1.0
    assert leaks([], [], []) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name: [", "not valid YAML"),
        ("[]", "holds no settings"),
        ("name: x\nfolder: r\nsft: {rank: 0}", "sft.rank"),
    ],
)
def test_a_wrong_configuration_is_refused_in_words(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(text, encoding="utf-8")
    done = CliRunner().invoke(cli, ["run", str(path)])
    assert done.exit_code == 2
    assert said in done.output


@pytest.mark.parametrize("path", sorted(Path("training/configs").glob("*-*.yaml")), ids=lambda p: p.stem)
def test_the_shipped_configurations_are_valid(path: Path) -> None:
    from training.config import read_config

    assert read_config(path).folder.is_absolute()
