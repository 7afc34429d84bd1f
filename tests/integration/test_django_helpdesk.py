"""The django-helpdesk connector against the real thing."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from support_django_helpdesk import TOKEN, DjangoHelpdesk, serve

from agent_assist.adapters.helpdesks.django_helpdesk import DjangoHelpdeskConnector
from agent_assist.domain.helpdesk import Connection
from agent_assist.domain.ticket import Role, TicketStatus
from agent_assist.errors import BadInput, HelpdeskProblem, LoginRefused, TicketGone


class Now:
    def now(self) -> datetime:
        return datetime.now(UTC)


@pytest.fixture(scope="module")
def server() -> Iterator[DjangoHelpdesk]:
    yield from serve()


def connect(server: DjangoHelpdesk, token: str = TOKEN, **values: str) -> DjangoHelpdeskConnector:
    connection = Connection("hd", "django_helpdesk", "Desk", {"url": server.url, **values})
    return DjangoHelpdeskConnector(connection, {"token": token}, Now())


def test_the_whole_way(server: DjangoHelpdesk) -> None:
    made = connect(server)
    assert made.check() is not None
    assert [queue.id for queue in made.queues()] == ["1"]
    first = made.changes("", threading.Event())
    tickets = {ticket.subject: ticket for ticket in first.tickets}
    assert set(tickets) == {"Reset", "Invoice"}
    invoice = tickets["Invoice"]
    assert [(m.role, m.text) for m in invoice.messages] == [
        (Role.CUSTOMER, "Billed twice"),
        (Role.CUSTOMER, "Any news?"),
    ]
    assert "We look into it" in invoice.messages[1].folded
    assert invoice.customer.email == "dan@customer.example"
    assert made.changes(first.cursor, threading.Event()).tickets == ()
    assert [t.subject for t in connect(server, user="1").changes("", threading.Event()).tickets] == ["Reset"]

    text = "Unlocked: {{ ticket.title }} {% if %} 100 %} {# no #} & <b> Grüße"
    before = Now().now()
    assert made.find_reply(invoice.id, "token", text, before) is None
    sent = made.reply(invoice.id, text, "token")
    found = made.find_reply(invoice.id, "token", text, before)
    assert found is not None
    assert (found.id, found.text, found.role) == (sent.id, text, Role.AGENT)
    assert made.find_reply(invoice.id, "token", text, before + timedelta(hours=1)) is None
    assert any("To: dan@customer.example" in mail for mail in server.mails())
    mails = len(server.mails())
    made.note(invoice.id, "internal", "token2")
    assert not any("To: dan@customer.example" in mail for mail in server.mails()[mails:])

    second = made.changes(first.cursor, threading.Event())
    (now,) = second.tickets
    assert [m.role for m in now.messages][-2:] == [Role.AGENT, Role.NOTE]
    assert now.subject == "Invoice"  # a reply does not rename the ticket
    made.set_status(invoice.id, TicketStatus.SOLVED)
    third = made.changes(second.cursor, threading.Event())
    assert [(t.subject, t.status) for t in third.tickets] == [("Invoice", TicketStatus.SOLVED)]
    made.set_status(invoice.id, TicketStatus.OPEN)
    made.close()


def test_what_goes_wrong_is_said(server: DjangoHelpdesk) -> None:
    wrong = connect(server, token="wrong")
    with pytest.raises(LoginRefused):
        wrong.check()
    basic = connect(server, token="agentpass123", username="agent")
    assert basic.check().name == "agent"
    with pytest.raises(TicketGone):
        basic.ticket("999")
    with pytest.raises(BadInput):
        basic.reply("1", " ", "token")
    with pytest.raises(HelpdeskProblem):
        basic.reply("999", "Hello", "token")
    assert basic.ticket_of(f"{server.url}/tickets/1/") == "1"
    assert basic.ticket_of(f"{server.url}/kb/1/") is None
    assert basic.page_of("1") == f"{server.url}/tickets/1/"
    for made in (wrong, basic):
        made.close()
