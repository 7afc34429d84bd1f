from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from support_store import FixedClock, Listener, open_database, ticket

from agent_assist.adapters.storage.tickets import TicketStore
from agent_assist.domain.ticket import Message, QueueFilter, Role, TicketStatus, ticket_to_json
from agent_assist.errors import BadInput
from agent_assist.services.events import EventBus, QueueChanged, TicketChanged
from agent_assist.services.tickets import BATCH, TicketService


@pytest.fixture
def events() -> EventBus:
    return EventBus()


@pytest.fixture
def service(tmp_path: Path, events: EventBus) -> Iterator[TicketService]:
    database = open_database(tmp_path)
    yield TicketService(TicketStore(database), events, FixedClock())
    database.close()


def test_opening_a_ticket_reads_it(service: TicketService, events: EventBus) -> None:
    service.save([ticket("T-1")])
    assert service.queue()[0].unread
    listener = Listener(events)
    assert service.open("T-1") == ticket("T-1") == service.get("T-1")
    assert listener.events == [TicketChanged("T-1"), QueueChanged()]
    assert not service.queue(QueueFilter())[0].unread
    service.set_read("T-1", False)
    assert service.queue()[0].unread
    with pytest.raises(BadInput, match="T-9"):
        service.open("T-9")


def test_messages_notes_and_status(service: TicketService, events: EventBus) -> None:
    service.save([ticket("T-1")])
    listener = Listener(events)
    service.add_message("T-1", Message("x", Role.AGENT, "Hello"))
    noted = service.add_note("T-1", "Called them.")
    assert [m.role for m in noted.messages] == [Role.CUSTOMER, Role.AGENT, Role.NOTE]
    assert noted.messages[-1].created_at == FixedClock().now()
    service.set_status("T-1", TicketStatus.SOLVED)
    assert service.queue() == []
    assert len(listener.of(TicketChanged)) == 3
    with pytest.raises(BadInput, match="empty note"):
        service.add_note("T-1", " \n")


def test_saving_nothing_tells_nothing(service: TicketService, events: EventBus) -> None:
    listener = Listener(events)
    service.save([])
    assert listener.events == []


def test_files_are_imported_and_bad_rows_named(service: TicketService, tmp_path: Path) -> None:
    lines = tmp_path / "tickets.jsonl"
    rows = [json.dumps(ticket_to_json(ticket(f"L-{i}"))) for i in range(BATCH + 1)]
    rows[1:1] = ["{not json", "", '{"id": "X"}', "[]", '{"id": "Y", "messages": "?"}']
    lines.write_text("\ufeff" + "\n".join(rows), encoding="utf-8")
    one = tmp_path / "one.json"
    one.write_text(json.dumps(ticket_to_json(ticket("J-0"))))
    many = tmp_path / "many.json"
    many.write_text(json.dumps([ticket_to_json(ticket("J-1")), 3]))
    broken = tmp_path / "broken.json"
    broken.write_text("[")
    count, failures = service.import_files([lines, one, many, broken, tmp_path / "missing.jsonl", tmp_path])
    assert count == BATCH + 3 == service.count()
    assert service.get("J-1") == ticket("J-1")
    places = [Path(place).name for place, _ in failures]
    assert places[:5] == [
        "tickets.jsonl, line 2",
        "tickets.jsonl, line 4",
        "tickets.jsonl, line 5",
        "tickets.jsonl, line 6",
        "many.json, ticket 2",
    ]
    assert len(failures) == 8
    assert all(sentence.endswith(".") for _, sentence in failures)


def test_importing_again_keeps_the_status_unless_the_file_names_one(
    service: TicketService, tmp_path: Path
) -> None:
    path = tmp_path / "tickets.jsonl"
    row = {"id": "T-1", "messages": [{"text": "Hi"}]}
    path.write_text(json.dumps(row))
    service.import_files([path])
    service.set_status("T-1", TicketStatus.SOLVED)
    service.import_files([path])
    assert service.queue() == []
    path.write_text(json.dumps(row | {"status": "open"}))
    service.import_files([path])
    assert len(service.queue()) == 1


def test_a_file_nested_beyond_reason_is_a_bad_row(service: TicketService, tmp_path: Path) -> None:
    path = tmp_path / "deep.jsonl"
    path.write_text("[" * 200_000)
    count, failures = service.import_files([path])
    assert count == 0
    assert len(failures) == 1
