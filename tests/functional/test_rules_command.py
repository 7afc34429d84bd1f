"""`agent-assist feedback rules`: looking at remembered edits and deciding about them."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from support_store import suggestion, ticket

from agent_assist.app import open_desk
from agent_assist.domain.feedback import Action
from agent_assist.domain.knowledge import Article

pytestmark = [pytest.mark.real_model, pytest.mark.timeout(900)]

PARCELS = Article("a1", "Delivery", "Parcels arrive within three days.")


def test_the_command_lists_confirms_and_removes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENT_ASSIST_PASSPHRASE", "a long enough passphrase")
    folder = tmp_path / "w"
    desk = open_desk(folder)
    try:
        desk.knowledge.add_articles([PARCELS])
        desk.tickets.save([ticket("T-1", "When does a parcel to the islands arrive?")], "test")
        draft = suggestion(text="Your parcel arrives within three days.")
        desk.feedback.shown(replace(draft, message_ids=("m0",)))
        desk.feedback.decide("s1", "Parcels to the islands arrive within 9 days.", Action.SENT)
        assert desk.remembered is not None
        desk.remembered.learn("s1")
    finally:
        desk.close()

    def call(*arguments: str, code: int = 0) -> str:
        command = [sys.executable, "-m", "agent_assist", "--workspace", str(folder), "feedback", "rules"]
        done = subprocess.run([*command, *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == code, done.stderr
        return done.stdout + done.stderr

    (found,) = json.loads(call("list", "--json"))
    assert found["state"] == "waiting"
    assert found["articles"] == ["a1"]
    assert found["after"] == "Parcels to the islands arrive within 9 days."
    assert found["question"] == "When does a parcel to the islands arrive?"
    assert "used from now on" in call("confirm", "s1")
    shown = call("show", "s1")
    assert "in ticket T-1" in shown
    assert "corrects a1" in shown
    assert "removed" in call("remove", "s1")
    assert "No edits are remembered yet" in call("list")
    assert "It was removed" in call("list", "--all")
    assert "no remembered edit" in call("show", "zzz", code=2)
