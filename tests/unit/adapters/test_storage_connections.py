"""What a helpdesk's messages have beside their text, in the database and in JSON."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support_store import START, ticket, with_message

from agent_assist.adapters.storage.connections import ConnectionStore
from agent_assist.adapters.storage.database import Database
from agent_assist.adapters.storage.tickets import TicketStore
from agent_assist.domain.helpdesk import Connection
from agent_assist.domain.ticket import Attachment, Message, Role, Ticket, ticket_from_json, ticket_to_json
from agent_assist.errors import InvalidTicket


def rich(identity: str = "acme:1") -> Ticket:
    message = Message(
        "m1",
        Role.CUSTOMER,
        "See the picture.",
        START,
        "Crystal Minh",
        "> what you wrote\n-- \nCrystal",
        (Attachment("box.jpg", "image/jpeg", 12_345), Attachment("note")),
    )
    return Ticket(identity, (message, Message("m2", Role.AGENT, "Thanks.", START)))


def test_author_quotes_and_attachments_come_back(database: Database) -> None:
    store = TicketStore(database)
    store.save([rich()])
    assert store.get("acme:1") == rich()
    reply = Message("m3", Role.AGENT, "One more.", START, "Ann", "folded", (Attachment("a.pdf"),))
    assert store.add_message("acme:1", reply).messages[-1] == reply


def test_a_time_without_a_zone_is_taken_for_utc(database: Database) -> None:
    store = TicketStore(database)
    naive = replace(rich().messages[0], created_at=START.replace(tzinfo=None))
    store.save([replace(rich(), messages=(naive,))])
    found = store.get("acme:1")
    assert found is not None
    assert found.messages[0].created_at == START


def test_a_change_of_the_quotes_alone_is_saved(database: Database) -> None:
    store = TicketStore(database)
    store.save([rich()])
    first, *rest = rich().messages
    changed = replace(rich(), messages=(replace(first, folded="", attachments=()), *rest))
    store.save([changed])
    assert store.get("acme:1") == changed


def test_the_interchange_form_has_them_where_there_are_some() -> None:
    data = ticket_to_json(rich())
    assert data["messages"][0]["attachments"][0] == {
        "name": "box.jpg",
        "media_type": "image/jpeg",
        "size": 12_345,
    }
    assert set(data["messages"][1]) == {"id", "role", "text", "created_at"}
    assert ticket_from_json(data) == rich()
    short = {"id": "1", "messages": [{"text": "x", "attachments": ["a.pdf", {"name": "b", "size": "big"}]}]}
    assert ticket_from_json(short).messages[0].attachments == (Attachment("a.pdf"), Attachment("b"))
    with pytest.raises(InvalidTicket, match="attachments of message 1"):
        ticket_from_json({"id": "1", "messages": [{"text": "x", "attachments": "a.pdf"}]})


def test_a_connection_keeps_everything_but_its_secrets(database: Database) -> None:
    store = ConnectionStore(database)
    made = store.save(Connection("acme", "rt", "Acme", {"url": "https://x", "a": "ü"}, True, "c1"))
    assert (made.revision, store.get("acme"), store.all()) == (1, made, [made])
    assert store.save(replace(made, enabled=False)).revision == 2
    assert store.get("none") is None


def test_cursor_and_tickets_move_together_and_only_changes_are_told(database: Database) -> None:
    store, tickets = ConnectionStore(database), TicketStore(database)
    store.save(Connection("acme", "rt", "Acme"))
    [first] = store.apply("acme", [rich()], (), "c1").result()
    assert (first.ticket_id, first.created, first.news) == ("acme:1", True, ())
    assert store.apply("acme", [rich()], (), "c2").result() == ()
    newer = with_message(rich(), Message("m9", Role.CUSTOMER, "Hello?", START))
    [second] = store.apply("acme", [newer]).result()
    assert (second.created, [m.id for m in second.news]) == (False, ["m9"])
    found = store.get("acme")
    assert found is not None
    assert (found.cursor, found.revision) == ("c2", 1)
    [gone] = store.apply("acme", [], ["acme:1", "acme:none"], "c3").result()
    assert gone.gone
    assert tickets.count() == 0


def test_removing_a_connection_leaves_other_tickets(database: Database) -> None:
    store, tickets = ConnectionStore(database), TicketStore(database)
    store.save(Connection("acme", "rt", "Acme"))
    store.apply("acme", [rich()]).result()
    tickets.save([ticket("T-1")])
    store.remove("acme")
    assert (tickets.get("acme:1"), tickets.count()) == (None, 1)
