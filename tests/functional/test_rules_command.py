"""`agent-assist feedback rules`: looking at remembered edits and deciding about them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from support_commands import Run, parsed
from support_store import suggestion, ticket

from agent_assist.app import open_desk
from agent_assist.domain.feedback import Action
from agent_assist.domain.knowledge import Article

pytestmark = [pytest.mark.real_model, pytest.mark.timeout(900)]

PARCELS = Article("a1", "Delivery", "Parcels arrive within three days.")


def test_the_command_lists_confirms_and_removes(agent_assist: Run, tmp_path: Path) -> None:
    desk = open_desk(tmp_path / "desk")
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
        ended, out, err = agent_assist("feedback", "rules", *arguments)
        assert ended == code, err
        return out + err

    (found,) = parsed(agent_assist("feedback", "rules", "list", "--json"))
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
