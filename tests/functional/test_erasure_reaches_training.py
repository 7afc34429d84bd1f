"""Who is erased is gone from the folders of training runs, too, and the next run learns without them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support_training import write_rows

pytest.importorskip("datasketch")
from agent_assist import app
from agent_assist.adapters.storage.intents import IntentStore
from agent_assist.adapters.training_files import FORGOTTEN, REGISTER, register, registered
from agent_assist.adapters.workspace import Workspace
from agent_assist.domain.feedback import Action
from agent_assist.domain.suggestion import Decision, Origin, Suggestion
from agent_assist.domain.ticket import ticket_from_json
from agent_assist.domain.triage import IntentModel
from training.config import Config, PrepareOptions, SftOptions
from training.prepare.stage import Prepare
from training.sft import start_of
from training.stage import Run, run_stage

WHERE = ("hall", "cellar", "attic", "garden", "porch", "shed", "loft", "barn", "yard", "lane", "mill", "quay")


def _desk(folder: Path) -> app.Desk:
    return app.open_desk(folder, passphrase=lambda: "correct horse battery")


def _furnish(desk: app.Desk) -> None:
    """Twelve people with a ticket, a draft and a reply each."""
    for n, place in enumerate(WHERE):
        ticket = ticket_from_json(
            {
                "id": f"T-{n}",
                "customer": {"id": f"C-{n}", "email": f"c{n}@example.com"},
                "messages": [{"id": "m", "role": "customer", "text": f"Where in the {place} is my lamp?"}],
            }
        )
        desk.tickets.save([ticket])
        made = Suggestion(
            f"s-{n}", ticket.id, ("m",), ticket.thread_hash, Decision.DRAFT, Origin.MODEL, "No idea.", (), (),
            0.5, (), "en", "chat", "m", "0", "", "1", created_at=datetime.now(UTC),
        )  # fmt: skip
        desk.feedback.shown(made)
        desk.feedback.decide(made.id, f"The lamp stands at the left wall of the {place}.", Action.SENT)


def _run(folder: Path) -> Run:
    exported = folder / "run" / "workspace" / "sft.jsonl"
    prepare = PrepareOptions(feedback=(exported,), held_out=0.2, redact=False, per_cluster=99)
    return Run(Config(name="t", folder=folder / "run", prepare=prepare, sft=SftOptions(start="champion")))


def _holding(run: Path, word: str) -> list[str]:
    return sorted(p.name for p in run.rglob("*") if p.is_file() and word in p.read_text(encoding="utf-8"))


def test_an_erasure_takes_the_person_out_of_the_folders_of_training_runs(tmp_path: Path) -> None:
    desk = _desk(tmp_path / "desk")
    run = _run(tmp_path)
    folder = run.folder
    try:
        _furnish(desk)
        (folder / "workspace").mkdir(parents=True)
        desk.feedback.export("sft", folder / "workspace" / "sft.jsonl")
        register(tmp_path / "desk", folder)
        register(tmp_path / "desk", folder)
        before = run_stage(Prepare(), run).figures
        for stage in ("sft", "export", "evaluate"):  # as a run leaves them; what they hold is theirs as well
            write_rows(folder / stage / "drafts.jsonl", [{"text": "a lamp in the cellar"}])
        write_rows(folder / "models" / "t-1.adapter.gguf", [])
        write_rows(folder / "watermark.json", [{"at": "2026-01-01"}])
        assert {"sft.jsonl", "drafts.jsonl"} <= set(_holding(folder, "cellar"))
        assert desk.privacy is not None
        receipt = desk.privacy.erase("c1@example.com")
        assert receipt.removed["training rows"] == 2
        assert receipt.removed["training stages"] == 3
        assert receipt.left["tuned models in use or kept"] == 1
        assert desk.privacy.is_genuine(desk.privacy.receipts()[0])
        assert _holding(folder, "cellar") == []
        assert "attic" in (folder / "workspace" / "sft.jsonl").read_text(encoding="utf-8")
        assert not (folder / "watermark.json").exists()
        # The next run prepares anew and does not go on from the adapter that has learnt from them.
        again = run_stage(Prepare(), run)
        assert not again.skipped
        kept = again.figures["train"] + again.figures["held"]
        assert kept == before["train"] + before["held"] - 1
        assert (folder / FORGOTTEN).exists()
        assert start_of(run) is None
        # Somebody else's erasure that touches no row leaves the stages alone.
        desk.tickets.save([ticket_from_json({"id": "T-99", "customer": {"id": "C-99"}, "messages": []})])
        other = desk.privacy.erase("C-99")
        assert other.removed["training rows"] == other.removed["training stages"] == 0
        assert (folder / "prepare" / "done.json").exists()
    finally:
        desk.close()


def test_learnt_intents_go_with_whoever_is_erased(tmp_path: Path) -> None:
    desk = _desk(tmp_path / "desk")
    try:
        _furnish(desk)
        with Workspace.open(tmp_path / "desk", passphrase=lambda: "correct horse battery") as workspace:
            store = IntentStore(workspace.database)
            store.save(IntentModel(("lost", "late"), "e", 2, b"\0" * 24, 0.5, {"examples": 2}))
            assert desk.privacy is not None
            assert desk.privacy.erase("C-1").removed["intent models"] == 1
            assert store.get() is None
    finally:
        desk.close()


def test_a_register_that_is_damaged_or_names_what_is_gone_stops_no_erasure(tmp_path: Path) -> None:
    desk = _desk(tmp_path / "desk")
    try:
        _furnish(desk)
        register(tmp_path / "desk", tmp_path / "nowhere")
        assert registered(tmp_path / "desk") == [(tmp_path / "nowhere").resolve()]
        (tmp_path / "desk" / REGISTER).write_text(json.dumps({"no": "list"}), encoding="utf-8")
        assert desk.privacy is not None
        assert desk.privacy.erase("C-2").removed["training rows"] == 0
        # What the window trained lies within the workspace and needs no register.
        own = tmp_path / "desk" / "training"
        row = {"completion": [], "meta": {"ticket": "T-3#1"}}
        write_rows(own / "exports" / "sft.jsonl", [row, {"meta": {"ticket": "T-4"}}])
        write_rows(own / "run" / "prepare" / "train.jsonl", [row])
        assert desk.privacy.erase("C-3").removed["training rows"] == 2
        assert len((own / "exports" / "sft.jsonl").read_text(encoding="utf-8").splitlines()) == 1
    finally:
        desk.close()
