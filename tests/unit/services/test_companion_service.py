"""Which page is in front, where a text may go, and which ticket a link or number means."""

from __future__ import annotations

import pytest
from support_store import FixedClock, ticket

from agent_assist.adapters.storage.database import Database
from agent_assist.adapters.storage.tickets import TicketStore
from agent_assist.domain.companion import LONGEST_TEXT, Mode, PageLeft, PageShown, PutOutcome, Result
from agent_assist.domain.helpdesk import Connection
from agent_assist.errors import BadInput
from agent_assist.services.events import EventBus
from agent_assist.services.helpdesks.companion import KEPT, CompanionService, site_of
from agent_assist.services.helpdesks.links import Found, LinkService
from agent_assist.services.tickets import TicketService

RT = Connection("rt", "rt", "Our desk", {"url": "https://rt.example.com/rt/"})
OTHER = Connection("zd", "zendesk", "", {"url": "https://acme.zendesk.com"})
PAGE = "page-0001."


class Helpdesks:
    def all(self) -> list[Connection]:
        return [RT, OTHER, Connection("off", "rt", "Off", {"url": "https://off.example"}, enabled=False)]

    def ticket_of_url(self, url: str) -> tuple[str, str] | None:
        return ("rt", url.rpartition("=")[2]) if url.startswith("https://rt.example.com/") else None


@pytest.fixture
def service() -> CompanionService:
    made = CompanionService(Helpdesks())
    made.sites()
    return made


def shown(ticket: str, tab: int = 1, connection: str = "rt", turn: int = 1) -> PageShown:
    return PageShown(tab, f"{PAGE}{turn}", connection, ticket)


def test_the_sites_are_those_whose_pages_the_extension_knows(service: CompanionService) -> None:
    sites = service.sites().sites
    assert [(s.connection, s.title, s.url) for s in sites] == [
        ("rt", "Our desk", "https://rt.example.com/rt"),
        ("zd", "acme.zendesk.com", "https://acme.zendesk.com"),
    ]
    assert service.has_pages("rt")
    assert not service.has_pages("off")
    assert CompanionService().sites().sites == ()


@pytest.mark.parametrize(
    "connection",
    [
        Connection("m", "mail", "Mail", {"url": "https://mail.example"}),
        Connection("r", "rt", "RT", {"url": "javascript:alert(1)"}),
        Connection("r", "rt", "RT", {"url": "https://user@rt.example"}),
        Connection("r", "rt", "RT", {}),
    ],
)
def test_no_site_without_a_web_address_of_its_own(connection: Connection) -> None:
    assert site_of(connection) is None


def test_one_chatwoot_serves_many_companies() -> None:
    values = {"url": "https://app.chatwoot.com/", "account": "7"}
    site = site_of(Connection("c", "chatwoot", "C", values))
    assert site is not None
    assert site.url == "https://app.chatwoot.com/app/accounts/7"


def test_the_page_that_came_last_is_in_front(service: CompanionService) -> None:
    service.shown(1, shown("12", tab=1))
    service.shown(1, shown("13", tab=2))
    assert service.front is not None
    assert service.front.ticket_id == "rt:13"
    service.shown(1, shown("12", tab=1))
    assert service.front.ticket_id == "rt:12"
    service.left(1, PageLeft(1))
    assert service.front is not None
    assert service.front.ticket_id == "rt:13"
    assert service.shown(1, shown("9", tab=2, connection="unknown")) is None
    assert service.front is None  # what the tab showed before is gone from it


def test_a_text_goes_to_the_page_of_its_ticket_in_the_browser_that_has_it(service: CompanionService) -> None:
    service.shown(1, shown("12", tab=5))
    service.shown(2, shown("12", tab=6, turn=2))
    peer, message = service.insert("rt:12", "Hello\r\nAda\0", "s1", Mode.APPEND)
    assert (peer, message.tab, message.page, message.text) == (2, 6, f"{PAGE}2", "Hello\nAda")
    assert service.result(1, Result(message.request, PutOutcome.INSERTED)) is None  # the other browser
    put = service.result(2, Result(message.request, PutOutcome.INSERTED))
    assert put is not None
    assert (put.ticket_id, put.suggestion_id, put.outcome) == ("rt:12", "s1", PutOutcome.INSERTED)
    assert service.result(2, Result(message.request, PutOutcome.INSERTED)) is None  # told twice


@pytest.mark.parametrize("text", ["", " \n\0", "x" * (LONGEST_TEXT + 1)])
def test_no_reply_no_insert(service: CompanionService, text: str) -> None:
    service.shown(1, shown("12"))
    with pytest.raises(BadInput):
        service.insert("rt:12", text)


def test_a_ticket_that_is_not_open_gets_nothing(service: CompanionService) -> None:
    service.shown(1, shown("12"))
    with pytest.raises(BadInput, match="not open in your browser"):
        service.insert("rt:13", "Hello")


def test_what_a_lost_browser_was_to_do_is_told(service: CompanionService) -> None:
    service.shown(1, shown("12"))
    _, message = service.insert("rt:12", "Hello")
    assert [put.request for put in service.lost(1)] == [message.request]
    assert service.front is None
    service.shown(1, shown("12"))
    for _ in range(KEPT + 5):
        service.insert("rt:12", "Hello")
    assert len(service.lost(1)) == KEPT


# --- links and copied numbers -----------------------------------------------------------------------


@pytest.fixture
def tickets(database: Database) -> TicketService:
    made = TicketService(TicketStore(database), EventBus(), FixedClock())
    made.save([ticket("T-1"), ticket("rt:12"), ticket("rt:77"), ticket("zd:77"), ticket("1042")])
    return made


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("agentassist://ticket/T-1", Found("", "T-1")),
        ("agentassist://ticket/T-2", None),
        ("agentassist://ticket/rt/12", Found("rt", "12")),
        ("agentassist://ticket/rt/99", Found("rt", "99")),
        ("agentassist://ticket/off/1", None),
        ("https://rt.example.com/Ticket/Display.html?id=99", Found("rt", "99")),
        ("https://elsewhere.example/?id=99", None),
        ("#12", Found("rt", "12")),
        ("Ticket 1042", Found("", "1042")),
        ("77", None),
        ("99", None),
        ("Where is my parcel?", None),
    ],
)
def test_what_a_text_points_to(tickets: TicketService, text: str, found: Found | None) -> None:
    assert LinkService(tickets, Helpdesks()).find(text) == found


def test_without_helpdesks_only_what_is_here_is_found(tickets: TicketService) -> None:
    links = LinkService(tickets)
    assert links.find("https://rt.example.com/?id=1") is None
    assert links.find("agentassist://ticket/T-1") == Found("", "T-1")
    assert Found("rt", "12").ticket_id == "rt:12"
