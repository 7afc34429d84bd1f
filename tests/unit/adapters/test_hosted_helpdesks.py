"""Zammad in the shapes that its documentation shows, and the walk through a list ordered by its updates."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from support_http import Request, serving
from support_zammad import START, Clock, SmallZammad, stamp

from agent_assist.adapters.helpdesks.chatwoot import Chatwoot
from agent_assist.adapters.helpdesks.freshdesk import Freshdesk
from agent_assist.adapters.helpdesks.rest import ListedTicket, as_html, changed_since, same_text
from agent_assist.adapters.helpdesks.zammad import Zammad
from agent_assist.adapters.helpdesks.zendesk import Zendesk
from agent_assist.domain.helpdesk import Connection
from agent_assist.domain.ticket import Channel, Role, Ticket, TicketStatus
from agent_assist.errors import TicketGone


@pytest.fixture
def small() -> SmallZammad:
    return SmallZammad()


@pytest.fixture
def zammad(small: SmallZammad) -> Iterator[Zammad]:
    with serving(small.answer) as server:
        connection = Connection("desk", "zammad", "Desk", {"url": server.url, "queues": 'Support, Sa"les'})
        connector = Zammad(connection, {"token": "secret"}, Clock())
        yield connector
        connector.close()


def test_zammad_reads_a_thread(zammad: Zammad) -> None:
    ticket = zammad.ticket("9")
    assert [m.role for m in ticket.messages] == [Role.CUSTOMER, Role.NOTE]
    asked = ticket.messages[0]
    assert asked.text == "Where is it?"
    assert "It left." in asked.folded
    assert (asked.attachments[0].name, asked.attachments[0].size) == ("photo.jpg", 2048)
    assert (ticket.customer.name, ticket.customer.email) == ("Carla Diaz", "carla@customer.example")
    assert (ticket.channel, ticket.status, ticket.tags) == (Channel.EMAIL, TicketStatus.OPEN, ("vip",))


def test_zammad_searches_in_its_own_language_and_reads_nothing_twice(
    zammad: Zammad, small: SmallZammad
) -> None:
    first = zammad.changes("", threading.Event())
    assert [t.id for t in first.tickets] == ["9"]
    second = zammad.changes(first.cursor, threading.Event())
    assert second.tickets == ()
    assert small.queries[0] == (
        'owner.id:5 AND group.name:("Support") AND NOT state.name:(closed OR merged OR "pending close")'
    )
    assert small.queries[1].endswith("updated_at:[2026-11-22T09:03:00Z TO *]")  # two minutes of overlap
    small.ticket["updated_at"] = stamp(9)
    assert [t.id for t in zammad.changes(second.cursor, threading.Event()).tickets] == ["9"]


def test_a_zammad_ticket_that_was_given_away_is_told(zammad: Zammad, small: SmallZammad) -> None:
    assert zammad.left(["9", "12"], threading.Event()) == []  # what the search does not know yet may be new
    assert small.queries == ["id:(9 OR 12)"]
    small.ticket["owner_id"] = 6
    assert zammad.left(["9"], threading.Event()) == ["9"]
    small.ticket |= {"owner_id": 5, "group": "Warehouse"}
    assert zammad.left(["9"], threading.Event()) == ["9"]


def test_a_freshdesk_ticket_that_was_given_away_leaves_with_its_update() -> None:
    ticket = {"id": 7, "responder_id": 3, "updated_at": stamp(1), "status": 2, "subject": "Late"}
    ticket |= {"description_text": "Where is it?", "requester_id": 10, "created_at": stamp(0)}

    def answer(request: Request) -> None:
        path = urlsplit(request.path).path.removeprefix("/api/v2/")
        rows = {"agents/me": {"id": 3}, "tickets": [ticket], "tickets/7": ticket}
        request.answer(200, rows.get(path, []))

    with serving(answer) as server:
        desk = Freshdesk(Connection("d", "freshdesk", "D", {"url": server.url}), {"token": "x"}, Clock())
        first = desk.changes("", threading.Event())
        assert [t.id for t in first.tickets] == ["7"]
        ticket |= {"responder_id": 4, "updated_at": stamp(2)}
        second = desk.changes(first.cursor, threading.Event())
        assert (second.tickets, second.gone) == ((), ("7",))
        assert desk.changes(second.cursor, threading.Event()).gone == ()
        desk.close()


def test_a_zendesk_ticket_that_was_given_away_is_told() -> None:
    rows = [{"id": 1, "assignee_id": 3, "group_id": 8}, {"id": 2, "assignee_id": 4, "group_id": 8}]
    rows.append({"id": 3, "assignee_id": 3, "group_id": 9})
    asked: list[str] = []

    def answer(request: Request) -> None:
        path = urlsplit(request.path).path.removeprefix("/api/v2/")
        if path == "tickets/show_many":
            asked.append(parse_qs(urlsplit(request.path).query)["ids"][0])
            request.answer(200, {"tickets": rows})
        elif path == "groups/assignable":
            request.answer(200, {"groups": [{"id": 8, "name": "Support"}, {"id": 9, "name": "Sales"}]})
        else:
            request.answer(200, {"user": {"id": 3, "name": "Ada"}})

    with serving(answer) as server:
        values = {"url": server.url, "email": "ada@example.com", "queues": "support"}
        desk = Zendesk(Connection("d", "zendesk", "D", values), {"token": "x"}, Clock())
        assert desk.left(["1", "2", "3", "5"], threading.Event()) == ["2", "3", "5"]  # 5 was deleted
        assert asked == ["1,2,3,5"]
        desk.close()


def test_a_zammad_reply_is_a_mail_to_who_asked_and_is_found_again(zammad: Zammad, small: SmallZammad) -> None:
    sent = zammad.reply("9", "It left <today> & arrives tomorrow.\nAda", "token")
    made = small.posted[0]
    assert (made["type"], made["internal"], made["to"]) == (
        "email",
        False,
        "Carla Diaz <carla@customer.example>",
    )
    assert made["in_reply_to"] == "<m1@customer.example>"
    assert "&lt;today&gt; &amp; arrives" in made["body"]
    found = zammad.find_reply("9", "token", "It left <today> & arrives tomorrow.\nAda", Clock().now())
    assert found is not None
    assert found.id == sent.id
    assert zammad.find_reply("9", "token", "It left.", Clock().now()) is None
    later = Clock().now() + timedelta(hours=1)
    assert zammad.find_reply("9", "token", "It left <today> & arrives tomorrow.\nAda", later) is None


def test_a_zammad_note_is_never_of_a_kind_that_is_mailed(zammad: Zammad, small: SmallZammad) -> None:
    zammad.note("9", "Asked again.", "token")
    assert (small.posted[0]["type"], small.posted[0]["internal"]) == ("note", True)
    zammad.set_status("9", TicketStatus.SOLVED)
    assert small.ticket["state"] == "closed"
    zammad.set_tags("9", ["carrier"])
    assert small.tags == ["carrier"]


def test_the_pages_of_tickets_are_recognised() -> None:
    def made(kind: Any, url: str, **values: str) -> Any:
        return kind(Connection("d", kind.kind, "D", {"url": url, **values}), {"token": "x"}, Clock())

    zendesk = made(Zendesk, "https://acme.zendesk.com/")
    assert zendesk.ticket_of("https://acme.zendesk.com/agent/tickets/41?brand=1") == "41"
    assert zendesk.ticket_of("https://evil.example/agent/tickets/41") is None
    assert zendesk.ticket_of("http://acme.zendesk.com/agent/tickets/41") is None
    freshdesk = made(Freshdesk, "https://acme.freshdesk.com")
    assert freshdesk.ticket_of("https://acme.freshdesk.com/a/tickets/7") == "7"
    zammad = made(Zammad, "https://desk.example.com/help")
    assert zammad.ticket_of("https://desk.example.com/help/#ticket/zoom/12") == "12"
    assert zammad.ticket_of("https://desk.example.com/#ticket/zoom/12") is None
    chatwoot = made(Chatwoot, "https://app.chatwoot.com", account="3")
    assert chatwoot.ticket_of("https://app.chatwoot.com/app/accounts/3/inbox/2/conversations/8") == "8"
    assert chatwoot.ticket_of("https://app.chatwoot.com/app/accounts/4/conversations/8") is None
    for connector, identity in ((zendesk, "41"), (freshdesk, "7"), (zammad, "12"), (chatwoot, "8")):
        assert connector.ticket_of(connector.page_of(identity)) == identity
        assert connector.ticket_of("https://[broken") is None


@pytest.mark.parametrize("seed", range(6))
def test_no_update_is_left_out_while_a_list_is_walked(seed: int) -> None:
    """Tickets are updated between two pages; in the end the newest state of each was read."""
    chance = random.Random(seed)
    updated = {str(i): chance.randrange(0, 40) for i in range(60)}
    clock = 40
    read: dict[str, int] = {}

    def listed(since: datetime | None, page: int) -> tuple[list[ListedTicket], bool]:
        after = (since - START).total_seconds() / 60 if since else -1
        rows = sorted((m, i) for i, m in updated.items() if m >= after)
        part = rows[(page - 1) * 7 : page * 7]
        return [ListedTicket(i, stamp(m)) for m, i in part], len(part) == 7

    def ticket(identity: str) -> Ticket:
        read[identity] = updated[identity]
        if identity == "13":
            raise TicketGone("There is no ticket 13.")
        return Ticket(identity, ())

    cursor, gone = "", 0
    for step in range(400):
        found = changed_since(cursor, listed, ticket, threading.Event())
        cursor = found.cursor
        gone += len(found.gone)
        if step < 20 and chance.random() < 0.5:
            clock += chance.randrange(0, 3)
            updated[str(chance.randrange(60))] = clock
        elif not found.more and step > 20:
            break
    assert read == updated
    assert gone >= 1
    assert len(cursor) < 6000


def test_a_cancelled_walk_goes_on_where_it_was() -> None:
    stop = threading.Event()

    def listed(since: datetime | None, page: int) -> tuple[list[ListedTicket], bool]:
        return [ListedTicket("1", stamp(1)), ListedTicket("2", stamp(2))], False

    def ticket(identity: str) -> Ticket:
        stop.set()
        return Ticket(identity, ())

    first = changed_since("", listed, ticket, stop)
    assert ([t.id for t in first.tickets], first.more) == (["1"], True)
    second = changed_since(first.cursor, listed, ticket, threading.Event())
    assert [t.id for t in second.tickets] == ["2"]
    assert changed_since("no cursor at all", listed, ticket, threading.Event()).tickets


def test_text_as_html_keeps_its_lines_and_is_the_same_text() -> None:
    assert as_html("a < b\r\n\nc") == "<div>a &lt; b<br><br>c</div>"
    assert same_text("One  two\n\nthree", "One two three")
    assert not same_text("One two", "Onetwo")
