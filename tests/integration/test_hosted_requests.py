"""The requests of the hosted helpdesks' connectors, judged by Prism with each helpdesk's API description."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from support_prism import prism

from agent_assist.adapters.helpdesks.chatwoot import Chatwoot
from agent_assist.adapters.helpdesks.freshdesk import Freshdesk
from agent_assist.adapters.helpdesks.rest import RestConnector
from agent_assist.adapters.helpdesks.zendesk import Zendesk
from agent_assist.domain.helpdesk import Account, Connection
from agent_assist.domain.ticket import Role, TicketStatus
from agent_assist.errors import BadInput, TicketGone

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


class _Clock:
    def now(self) -> datetime:
        return NOW


class _Freshdesk(Freshdesk):
    """Prism serves below its root what Freshdesk serves below /api/v2, and knows no agents/me."""

    api = ""

    def check(self) -> Account:
        return Account("7", "Ada Agent", "ada@example.com")


def _made(
    kind: type[RestConnector], url: str, **values: str
) -> Any:  # each class has the methods of ports.HelpdeskConnector
    return kind(Connection("desk", kind.kind, "Desk", {"url": url, **values}), {"token": "secret"}, _Clock())


@pytest.fixture(scope="module")
def zendesk() -> Iterator[Any]:
    with prism("zendesk") as url:
        yield _made(Zendesk, url, email="ada@example.com")


@pytest.fixture(scope="module")
def freshdesk() -> Iterator[Any]:
    with prism("freshdesk") as url:
        yield _made(_Freshdesk, url)


@pytest.fixture(scope="module")
def chatwoot() -> Iterator[Any]:
    with prism("chatwoot") as url:
        yield _made(Chatwoot, url, account="1")


WRITES: list[Callable[[Any], Any]] = [
    lambda c: c.reply("5", "Your parcel left today.", "token-1"),
    lambda c: c.note("5", "Checked with the warehouse.", "token-2"),
    lambda c: c.set_status("5", TicketStatus.SOLVED),
    lambda c: c.set_tags("5", ["delivery"]),
]


def test_zendesk_reads_what_its_description_shows(zendesk: Any) -> None:
    assert zendesk.check() == Account("35436", "Johnny Agent", "johnny@example.com")
    assert [q.name for q in zendesk.queues()] == ["DJs", "MCs"]
    page = zendesk.changes("", threading.Event())
    assert page.tickets
    assert page.cursor
    again = zendesk.changes(page.cursor, threading.Event())
    assert again.tickets == ()  # the same updates are not read twice
    ticket = zendesk.ticket("35436")
    assert ticket.subject == "Help, my printer is on fire!"
    assert ticket.messages[0].text == "Thanks for your help!"
    assert ticket.messages[0].attachments[0].name == "crash.log"
    assert "enterprise" in ticket.tags


def test_zendesk_is_asked_as_described_which_tickets_have_left(zendesk: Any) -> None:
    # The description's own example: ticket 35436 is there, 2 is not.
    assert "2" in zendesk.left(["35436", "2"], threading.Event())


@pytest.mark.parametrize("write", WRITES, ids=["reply", "note", "status", "tags"])
@pytest.mark.parametrize("name", ["zendesk", "freshdesk", "chatwoot"])
def test_what_is_written_fits_the_description(
    name: str, write: Callable[[Any], Any], request: pytest.FixtureRequest
) -> None:
    made = write(request.getfixturevalue(name))  # Prism refuses what does not fit: that raises
    if made is not None:
        assert made.role in (Role.AGENT, Role.NOTE)
        assert made.text in ("Your parcel left today.", "Checked with the warehouse.")
        assert made.id


@pytest.mark.parametrize("name", ["zendesk", "freshdesk", "chatwoot"])
def test_lists_are_asked_for_as_described(name: str, request: pytest.FixtureRequest) -> None:
    connector = request.getfixturevalue(name)
    assert connector.queues()
    assert connector.changes("", threading.Event()).cursor
    assert connector.find_reply("5", "token-1", "Words that nobody wrote.", NOW) is None


@pytest.mark.parametrize("name", ["zendesk", "freshdesk", "chatwoot"])
def test_nothing_empty_and_no_foreign_id_is_sent(name: str, request: pytest.FixtureRequest) -> None:
    connector = request.getfixturevalue(name)
    with pytest.raises(BadInput):
        connector.reply("5", " \u200b\n", "token-3")
    with pytest.raises(TicketGone):
        connector.reply("5/../6", "Hello", "token-4")


def test_chatwoot_reads_a_conversation(chatwoot: Any) -> None:
    ticket = chatwoot.ticket("5")
    assert ticket.id == "5"
    assert ticket.messages
    assert ticket.customer.email
