"""A whole desk on a connected folder of tickets: what changes there appears here, what is sent arrives."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support_helpdesk import eventually

from agent_assist import app
from agent_assist.domain.helpdesk import SyncState
from agent_assist.domain.outbox import OutboxState
from agent_assist.domain.ticket import Role


def write(folder: Path, *texts: str) -> None:
    messages = [{"id": f"m{i}", "role": "customer", "text": text} for i, text in enumerate(texts)]
    fresh = folder / "one.tmp"
    fresh.write_text(json.dumps({"id": "4711", "subject": "Reset", "messages": messages}))
    fresh.replace(folder / "one.json")


@pytest.mark.timeout(180)
def test_from_a_new_ticket_to_a_delivered_reply(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENT_ASSIST_PASSPHRASE", "a long passphrase")
    folder = tmp_path / "desk"
    folder.mkdir()
    desk = app.open_desk(tmp_path / "workspace")
    try:
        assert desk.connections is not None
        assert desk.sync is not None
        sync = desk.sync
        desk.options.change({"outbox.undo_seconds": 0})
        desk.sync.start()
        desk.outbox.start()
        desk.connections.add("folder", "Desk", {"path": str(folder)})
        write(folder, "The link has expired.")
        eventually(lambda: desk.tickets.get("desk:4711"), 60)
        eventually(lambda: sync.statuses()[0].state is SyncState.WAITING, 60)

        item = desk.outbox.send("desk:4711", "Here is a new link.")
        desk.outbox.note("desk:4711", "Sent a link by hand.")

        def sent() -> bool:
            found = desk.outbox.get(item.id)
            return found is not None and found.state is OutboxState.SENT

        eventually(sent, 60)
        eventually(lambda: not desk.outbox.pending(), 60)
        replies = [json.loads(p.read_text()) for p in (folder / "replies").glob("*.json")]
        assert sorted(r["text"] for r in replies) == ["Here is a new link.", "Sent a link by hand."]

        write(folder, "The link has expired.", "Hello?")
        eventually(lambda: "Hello?" in _texts(desk), 60)
        held = desk.tickets.get("desk:4711")
        assert held is not None
        assert [m.text for m in held.messages if m.role is Role.AGENT] == ["Here is a new link."]
    finally:
        desk.close()


def _texts(desk: app.Desk) -> list[str]:
    found = desk.tickets.get("desk:4711")
    return [m.text for m in found.messages] if found else []
