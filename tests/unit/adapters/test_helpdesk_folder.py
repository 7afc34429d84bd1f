"""Tickets in files."""

from __future__ import annotations

import json
import os
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from agent_assist.adapters.helpdesks.folder import PAGE, FolderConnector
from agent_assist.domain.helpdesk import Connection
from agent_assist.domain.ticket import Role
from agent_assist.errors import BadInput, HelpdeskProblem, InvalidSetting, TicketGone


class Now:
    def now(self) -> datetime:
        return datetime(2026, 1, 5, 10, tzinfo=UTC)


def ticket(name: str, text: str = "Hello", **more: Any) -> dict[str, Any]:
    at = "2026-01-05T09:00:00Z"
    return {
        "id": name,
        "messages": [{"id": "m1", "role": "customer", "text": text, "created_at": at}],
        **more,
    }


def connector(path: Path, **values: str) -> FolderConnector:
    given = {"path": str(path), "name": "Ada", **values}
    return FolderConnector(Connection("f", "folder", "Files", given), {}, Now())


def look(made: FolderConnector, cursor: str = "") -> tuple[list[str], str, tuple[str, ...]]:
    page = made.changes(cursor, threading.Event())
    return [t.id for t in page.tickets], page.cursor, page.gone


def test_a_folder_is_read_and_watched(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(ticket("1")), encoding="utf-8")
    (tmp_path / "b.jsonl").write_text(
        "\ufeff" + json.dumps(ticket("2")) + "\n\n" + json.dumps(ticket("3")), encoding="utf-8"
    )
    made = connector(tmp_path)
    assert made.check().name == "Ada"
    names, cursor, _ = look(made)
    assert names == ["1", "2", "3"]
    assert look(made, cursor)[0] == []
    cursor = look(made, cursor)[1]
    stop = threading.Event()
    assert made.wait(0.01, stop) is False
    (tmp_path / "b.jsonl").write_text(json.dumps(ticket("2", "Changed")) + "\n", encoding="utf-8")
    os.utime(tmp_path / "b.jsonl", (1, 1))  # an older time is a change too
    assert made.wait(5, stop) is True
    names, cursor, gone = look(made, cursor)
    assert (names, gone) == (["2"], ("3",))
    assert look(connector(tmp_path), cursor)[0] == ["1", "2"]  # another process knows nothing of it


def test_a_half_written_file_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    path.write_text(json.dumps([ticket("1")]), encoding="utf-8")
    made = connector(path)
    _, cursor, _ = look(made)
    path.write_text('[{"id": "1", "mess', encoding="utf-8")
    names, cursor, gone = look(made, cursor)
    assert (names, gone) == ([], ())
    assert made.ticket("1").id == "1"
    path.write_text(json.dumps({"tickets": [ticket("1", "New")]}), encoding="utf-8")
    assert look(made, cursor)[0] == ["1"]
    path.write_text("x", encoding="utf-8")
    with pytest.raises(HelpdeskProblem, match="cannot be read"):
        connector(path).check()


def test_a_reply_is_a_file_and_stands_in_the_thread_once(tmp_path: Path) -> None:
    path = tmp_path / "tickets.jsonl"
    path.write_text(json.dumps(ticket("1")), encoding="utf-8")
    made = connector(path)
    _, cursor, _ = look(made)
    assert made.find_reply("1", "token-0001", "Hi", Now().now()) is None
    sent = made.reply("1", "Grüße", "token-0001")
    assert made.reply("1", "Grüße", "token-0001") == sent
    made.note("1", "internal", "token-0002")
    written = json.loads((tmp_path / "replies" / "token-0001.json").read_text(encoding="utf-8"))
    assert (written["kind"], written["ticket"], written["text"]) == ("reply", "1", "Grüße")
    assert sorted(p.name for p in (tmp_path / "replies").iterdir()) == ["token-0001.json", "token-0002.json"]
    assert [m.role for m in made.ticket("1").messages] == [Role.CUSTOMER, Role.AGENT, Role.NOTE]
    assert look(made, cursor)[0] == ["1"]
    assert made.find_reply("1", "token-0001", "Grüße", Now().now()) == sent

    done = tmp_path / "replies" / "done"
    done.mkdir()
    (tmp_path / "replies" / "token-0001.json").rename(done / "token-0001.json")
    assert made.find_reply("1", "token-0001", "Grüße", Now().now()) == sent
    made.reply("1", "Grüße", "token-0001")
    assert not (tmp_path / "replies" / "token-0001.json").exists()

    own = ticket("1")
    own["messages"].append({"id": "token-0001", "role": "agent", "text": "Grüße"})
    path.write_text(json.dumps(own), encoding="utf-8")
    assert [m.id for m in made.ticket("1").messages].count("token-0001") == 1


def test_many_tickets_come_in_pages(tmp_path: Path) -> None:
    path = tmp_path / "tickets.jsonl"
    path.write_text("\n".join(json.dumps(ticket(str(n))) for n in range(PAGE + 5)), encoding="utf-8")
    made = connector(path)
    first = made.changes("", threading.Event())
    second = made.changes(first.cursor, threading.Event())
    assert (len(first.tickets), first.more, len(second.tickets), second.more) == (PAGE, True, 5, False)
    assert len(made.changes("", threading.Event()).tickets) == PAGE  # from the beginning


def test_queues_and_pages_of_tickets(tmp_path: Path) -> None:
    path = tmp_path / "tickets.json"
    url = "https://desk.example/t/1"
    path.write_text(
        json.dumps([ticket("1", fields={"queue": "Sales", "url": url}), ticket("2", fields={"queue": "IT"})]),
        encoding="utf-8",
    )
    made = connector(path, queues="Sales, Other")
    assert look(made)[0] == ["1"]
    assert [q.name for q in made.queues()] == ["IT", "Sales"]
    assert (made.page_of("1"), made.page_of("2")) == (url, "")
    assert (made.ticket_of(url + "/"), made.ticket_of("https://desk.example/t/2")) == ("1", None)
    made.close()


def test_what_cannot_be_done_is_said(tmp_path: Path) -> None:
    with pytest.raises(InvalidSetting):
        FolderConnector(Connection("f", "folder", "Files", {}), {}, Now())
    made = connector(tmp_path / "nowhere.json")
    with pytest.raises(HelpdeskProblem, match="No such file"):
        made.check()
    (tmp_path / "t.json").write_text(json.dumps(ticket("1")), encoding="utf-8")
    made = connector(tmp_path)
    with pytest.raises(BadInput):
        made.reply("1", " \n", "token-0001")
    with pytest.raises(TicketGone):
        made.reply("2", "Hi", "token-0001")
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(HelpdeskProblem, match="cannot be written"):
        connector(tmp_path, replies=str(tmp_path / "file" / "x")).reply("1", "Hi", "token-0001")
    for call in (lambda: made.set_status("1", "open"), lambda: made.set_tags("1", [])):
        with pytest.raises(BadInput):
            call()
