"""The connector of Request Tracker against a real one, with every trap that its interface has."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from support_rt import AGENT, PASSWORD, QUEUE, RequestTracker

from agent_assist.adapters.helpdesks import rt as rt_module
from agent_assist.adapters.helpdesks import rt_session
from agent_assist.adapters.helpdesks.rt import RtConnector
from agent_assist.domain.helpdesk import Account, Changes, Connection
from agent_assist.domain.ticket import Attachment, Role, Ticket, TicketStatus
from agent_assist.errors import BadInput, LoginRefused, PermissionMissing, StaleThread, TicketGone

CUSTOMER = "Carla Customer <carla@customer.example>"
TOKEN = "0123456789abcdef" * 2


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


def connect(server: RequestTracker, *, user: str = AGENT, queues: str = QUEUE, **secrets: str) -> RtConnector:
    values = {"url": server.url, "user": user, "queues": queues}
    return RtConnector(Connection("rt", "rt", "RT", values), secrets or {"password": PASSWORD}, SystemClock())


@pytest.fixture(scope="module")
def rt(rt_server: RequestTracker) -> Iterator[RtConnector]:
    connector = connect(rt_server)
    yield connector
    connector.close()


@pytest.fixture(scope="module")
def caught_up(rt: RtConnector) -> list[str]:
    """A cursor in a list of one: what was there before this module's tests is behind it."""
    return [all_changes(rt, "")[1]]


def all_changes(rt: RtConnector, cursor: str) -> tuple[list[Changes], str]:
    pages = []
    while not pages or pages[-1].more:
        pages.append(rt.changes(cursor, threading.Event()))
        cursor = pages[-1].cursor
    return pages, cursor


def changed(rt: RtConnector, cursor: list[str]) -> tuple[list[Ticket], list[str]]:
    """(tickets, ids that are gone) since the last call with this cursor."""
    pages, cursor[0] = all_changes(rt, cursor[0])
    return [t for page in pages for t in page.tickets], [i for page in pages for i in page.gone]


def write_in(server: RequestTracker, subject: str, text: str = "It does not work.") -> str:
    server.mail(CUSTOMER, subject, text)
    return server.newest(subject)


# --- signing in -------------------------------------------------------------------------------------


def test_it_signs_in_by_password_or_token_and_says_as_whom(
    rt_server: RequestTracker, rt: RtConnector
) -> None:
    me = Account("agent", "Agent", "agent@support.example")
    assert rt.check() == me
    by_token = connect(rt_server, user="", token=rt_server.token)
    assert by_token.check() == me
    assert QUEUE in [queue.name for queue in by_token.queues()]
    by_token.close()


@pytest.mark.parametrize(
    ("user", "secrets", "error"),
    [
        (AGENT, {"password": "wrong"}, LoginRefused),
        ("", {"token": "1-28-0123"}, LoginRefused),
        ("", {"token": "no token"}, LoginRefused),
        (AGENT, {"password": ""}, BadInput),
    ],
)
def test_a_wrong_login_is_refused_in_words(
    rt_server: RequestTracker, user: str, secrets: dict[str, str], error: type[Exception]
) -> None:
    connector = connect(rt_server, user=user, **secrets)
    with pytest.raises(error):
        connector.check()
    connector.close()


def test_a_queue_that_is_not_there_is_told(rt_server: RequestTracker) -> None:
    connector = connect(rt_server, queues=f"{QUEUE}, Sales")
    with pytest.raises(PermissionMissing, match="no queue named Sales"):
        connector.check()
    connector.close()


def test_an_expired_session_is_opened_again_and_the_reply_is_sent_once(rt_server: RequestTracker) -> None:
    """RT leads an expired cookie to its login page: HTML where data was asked for, and 302 to a reply."""
    connector = connect(rt_server)
    ticket = write_in(rt_server, "Expired session")
    connector.ticket(ticket)
    for session in (rt_server.var / "sessions").iterdir():
        session.unlink()
    assert connector.ticket(ticket).subject == "Expired session"
    for session in (rt_server.var / "sessions").iterdir():
        session.unlink()
    connector.reply(ticket, "We look into it.", TOKEN)
    assert [m.text for m in connector.ticket(ticket).messages].count("We look into it.") == 1
    connector.close()


# --- reading ----------------------------------------------------------------------------------------


def test_a_mail_is_reduced_to_its_new_text_and_its_files_are_listed(
    rt_server: RequestTracker, rt: RtConnector
) -> None:
    first = (
        "The link expired – Grüße\n\nOn Mon, 22 Nov 2026 at 10:02, Agent wrote:\n> Please click the link.\n"
    )
    rt_server.mail(CUSTOMER, "Reset", first, attachment=("screen.png", b"\x89PNG\0\xff"))
    ticket_id = rt_server.newest("Reset")
    rt_server.mail(
        CUSTOMER,
        f"Re: {rt_server.ticket_tag(ticket_id)} Reset",
        " ",
        html="<p>Now it <b>works</b>.</p><blockquote type='cite'>The link expired</blockquote>",
    )
    fields = {"CustomFields": {"Order": "3348917502"}}
    assert rt_server.call("PUT", f"/ticket/{ticket_id}", json=fields).status_code == 200
    ticket = rt.ticket(ticket_id)
    assert ticket.subject == "Reset"
    assert ticket.customer.email == "carla@customer.example"
    assert ticket.customer.name == "Carla Customer"
    assert dict(ticket.fields) == {"queue": QUEUE, "Order": "3348917502"}
    one, other = ticket.messages
    assert one.text == "The link expired – Grüße"
    assert "> Please click the link." in one.folded
    assert one.attachments == (Attachment("screen.png", "application/octet-stream", 6),)
    assert (other.role, other.text) == (Role.CUSTOMER, "Now it works.")
    assert "The link expired" in other.folded
    assert other.created_at is not None
    assert abs(datetime.now(UTC) - other.created_at) < timedelta(minutes=5)


def test_who_speaks_is_told_apart(rt_server: RequestTracker, rt: RtConnector) -> None:
    ticket_id = write_in(rt_server, "Who is who")
    rt.note(ticket_id, "Known since Monday.", "a1")
    rt.reply(ticket_id, "We look into it.", "a2")
    body = {"Content": "<p>It is <i>mended</i>.</p>", "ContentType": "text/html"}
    path = f"/ticket/{ticket_id}/correspond"
    assert rt_server.call("POST", path, user="colleague", json=body).status_code == 201
    rt_server.mail("Frida <frida@other.example>", f"Re: {rt_server.ticket_tag(ticket_id)}", "Same here.")
    found = [(m.role, m.text, m.author) for m in rt.ticket(ticket_id).messages]
    assert found == [
        (Role.CUSTOMER, "It does not work.", "Carla Customer"),
        (Role.NOTE, "Known since Monday.", "Agent"),
        (Role.AGENT, "We look into it.", "Agent"),
        (Role.AGENT, "It is mended.", "Colleague"),
        (Role.CUSTOMER, "Same here.", "Frida"),
    ]
    mails = [m.as_string() for m in rt_server.outgoing() if f"#{ticket_id}]" in str(m["Subject"])]
    assert not any("Known since Monday" in mail for mail in mails if "carla@" in mail)


def test_trap_history_has_no_next_page_and_short_pages_in_between(
    rt_server: RequestTracker, rt: RtConnector, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket_id = write_in(rt_server, "Long thread")
    numbers = [f"Message {i}." for i in range(12)]
    for text in numbers:
        body = {"Content": text, "ContentType": "text/plain"}
        assert rt_server.call("POST", f"/ticket/{ticket_id}/comment", json=body).status_code == 201
    page = rt_server.call("GET", f"/ticket/{ticket_id}/history", params={"per_page": 10}).json()
    assert page["count"] == 10, "there is more"
    assert page["total"] is None
    assert "next_page" not in page
    # What the account may not see is missing from the count: the first page of these is a short one.
    everything = {"query": f"TicketId = {ticket_id}", "per_page": 3}
    pages = [rt_server.call("GET", "/transactions", params={**everything, "page": n}).json() for n in (1, 2)]
    assert pages[0]["total"] is None
    assert pages[0]["count"] <= pages[1]["count"] == 3
    monkeypatch.setattr(rt_session, "PER_PAGE", 5)
    messages = rt.ticket(ticket_id).messages
    assert [m.text for m in messages] == ["It does not work.", *numbers]


# --- what changed -----------------------------------------------------------------------------------


def test_only_what_changed_comes_and_nothing_twice(
    rt_server: RequestTracker, rt: RtConnector, caught_up: list[str]
) -> None:
    changed(rt, caught_up)
    one, other = write_in(rt_server, "First of two"), write_in(rt_server, "Second of two")
    tickets, _ = changed(rt, caught_up)
    assert [t.id for t in tickets] == [one, other]
    assert changed(rt, caught_up) == ([], [])
    rt_server.mail(CUSTOMER, f"Re: {rt_server.ticket_tag(one)} First of two", "Any news?")
    tickets, _ = changed(rt, caught_up)
    assert [(t.id, t.messages[-1].text) for t in tickets] == [(one, "Any news?")]


def test_a_first_look_brings_the_open_tickets_alone(rt_server: RequestTracker, rt: RtConnector) -> None:
    there, solved = write_in(rt_server, "Still open"), write_in(rt_server, "Long solved")
    rt.set_status(solved, TicketStatus.SOLVED)
    tickets = {t.id: t for page in all_changes(rt, "")[0] for t in page.tickets}
    assert tickets[there].status is TicketStatus.OPEN
    # It is among the newest changes, which are looked through too: then with its status.
    assert solved not in tickets or tickets[solved].status is TicketStatus.SOLVED


def test_trap_dates_as_rt_writes_them_match_everything(
    rt_server: RequestTracker, rt: RtConnector, caught_up: list[str]
) -> None:
    """The form with T and Z stands for that day's midnight, so that "later than now" is true of today."""
    ticket_id = write_in(rt_server, "Dates")
    changed(rt, caught_up)
    written = rt_server.call("GET", f"/ticket/{ticket_id}").json()["LastUpdated"]
    assert written.endswith("Z")
    later = (datetime.fromisoformat(written) + timedelta(minutes=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    if later[:10] == written[:10]:  # not in the last minute of a day
        query = f"id = {ticket_id} AND LastUpdated > '{later}'"
        assert rt_server.call("GET", "/tickets", params={"query": query}).json()["count"] == 1
    assert changed(rt, caught_up) == ([], [])


def test_an_agent_in_another_time_zone_misses_nothing(rt_server: RequestTracker) -> None:
    """TicketSQL takes dates for the user's own time zone; the cursor has none."""
    me = {"Timezone": "America/New_York"}
    assert rt_server.call("PUT", f"/user/{AGENT}", json=me).status_code == 200
    try:
        connector = connect(rt_server)
        cursor = [all_changes(connector, "")[1]]
        ticket_id = write_in(rt_server, "Far away")
        assert [t.id for t in changed(connector, cursor)[0]] == [ticket_id]
        assert changed(connector, cursor) == ([], [])
        connector.close()
    finally:
        rt_server.call("PUT", f"/user/{AGENT}", json={"Timezone": ""})


def test_what_went_to_somebody_else_was_deleted_or_merged_is_gone(rt_server: RequestTracker) -> None:
    mine = connect(rt_server, queues="")
    cursor = [all_changes(mine, "")[1]]
    subjects = ("Given away", "Merged", "Merged into")
    given, merged, target = ids = [write_in(rt_server, subject) for subject in subjects]
    for ticket_id in ids:
        rt_server.take(ticket_id)
    assert sorted(t.id for t in changed(mine, cursor)[0]) == sorted(ids)
    assert rt_server.call("PUT", f"/ticket/{given}", json={"Owner": "colleague"}).status_code == 200
    assert rt_server.call("PUT", f"/ticket/{merged}", json={"MergeInto": int(target)}).status_code == 200
    tickets, gone = changed(mine, cursor)
    assert sorted(gone) == sorted([given, merged])
    assert [(t.id, len(t.messages)) for t in tickets] == [(target, 2)]
    assert mine.ticket(merged).id == target
    mine.close()


# --- writing ----------------------------------------------------------------------------------------


def test_a_reply_is_found_by_its_token_and_the_customer_never_sees_it(
    rt_server: RequestTracker, rt: RtConnector
) -> None:
    ticket_id = write_in(rt_server, "Find it again")
    since = datetime.now(UTC)
    assert rt.find_reply(ticket_id, TOKEN, "Twice the same.", since) is None
    sent = rt.reply(ticket_id, "Twice the same.", TOKEN)
    assert rt.find_reply(ticket_id, TOKEN, "Twice the same.", since) == sent
    assert rt.ticket(ticket_id).messages[-1] == sent
    # The same words, meant to be sent a second time, are not taken for the first.
    assert rt.find_reply(ticket_id, "ffff", "Twice the same.", since) is None
    again = rt.reply(ticket_id, "Twice the same.", "ffff")
    assert rt.find_reply(ticket_id, "ffff", "", since) == again != sent
    mails = [m.as_string() for m in rt_server.outgoing() if "Twice the same." in m.as_string()]
    assert len(mails) == 2
    assert not any(TOKEN in mail or "agent-assist" in mail for mail in mails)


def test_without_a_token_text_account_and_time_tell(rt_server: RequestTracker, rt: RtConnector) -> None:
    ticket_id = write_in(rt_server, "By hand")
    since = datetime.now(UTC)
    body = {"Content": "Written by  hand.\n", "ContentType": "text/plain"}
    assert rt_server.call("POST", f"/ticket/{ticket_id}/correspond", json=body).status_code == 201
    found = rt.find_reply(ticket_id, "abc", "Written by hand.", since)
    assert found is not None
    assert rt.find_reply(ticket_id, "abc", "Something else.", since) is None
    assert rt.find_reply(ticket_id, "abc", "Written by hand.", since + timedelta(hours=1)) is None


def test_trap_an_empty_reply_is_taken_by_rt_and_refused_here(
    rt_server: RequestTracker, rt: RtConnector
) -> None:
    ticket_id = write_in(rt_server, "Empty")
    assert rt_server.call("POST", f"/ticket/{ticket_id}/correspond", json={}).status_code == 201
    before = rt_server.call("GET", f"/ticket/{ticket_id}/history").json()["count"]
    for text in ("", " \n\t", "\u200b"):
        with pytest.raises(BadInput):
            rt.reply(ticket_id, text, TOKEN)
        with pytest.raises(BadInput):
            rt.note(ticket_id, text, TOKEN)
    assert rt_server.call("GET", f"/ticket/{ticket_id}/history").json()["count"] == before
    assert [m.text for m in rt.ticket(ticket_id).messages] == ["It does not work."]


def test_trap_200_with_a_sentence_that_says_it_failed(
    rt_server: RequestTracker, rt: RtConnector, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket_id = write_in(rt_server, "Status")
    rt.ticket(ticket_id)
    for status in (TicketStatus.PENDING, TicketStatus.SOLVED, TicketStatus.SOLVED, TicketStatus.OPEN):
        rt.set_status(ticket_id, status)
        assert rt.ticket(ticket_id).status is status
    answer = rt_server.call("PUT", f"/ticket/{ticket_id}", json={"Status": "nonsense"})
    assert answer.status_code == 200
    assert "isn't a valid status" in answer.text
    monkeypatch.setitem(rt_module._STATUS_NAMES, TicketStatus.PENDING, "nonsense")
    with pytest.raises(PermissionMissing, match="valid status"):
        rt.set_status(ticket_id, TicketStatus.PENDING)


def test_trap_412_a_reply_cannot_be_made_conditional_so_the_thread_is_read_again(
    rt_server: RequestTracker, rt: RtConnector
) -> None:
    ticket_id = write_in(rt_server, "Stale")
    record = rt_server.call("GET", f"/ticket/{ticket_id}")
    body = {"Content": "Conditional", "ContentType": "text/plain"}
    headers = {"If-Match": record.headers["ETag"]}
    refused = rt_server.call("POST", f"/ticket/{ticket_id}/correspond", json=body, headers=headers)
    assert refused.status_code == 412, "although nothing has changed"
    rt.ticket(ticket_id)
    rt_server.mail(CUSTOMER, f"Re: {rt_server.ticket_tag(ticket_id)} Stale", "Wait, it works now.")
    with pytest.raises(StaleThread):
        rt.reply(ticket_id, "Please restart it.", TOKEN)
    assert len(rt.ticket(ticket_id).messages) == 2
    rt.reply(ticket_id, "Good to hear.", TOKEN)
    # What we sent ourselves, and RT's own doings after it, are nothing new.
    rt.reply(ticket_id, "And good luck.", TOKEN)
    assert [m.text for m in rt.ticket(ticket_id).messages][2:] == ["Good to hear.", "And good luck."]


def test_a_ticket_that_is_not_there_is_gone_before_and_after_a_reply(rt: RtConnector) -> None:
    for call in (rt.ticket, lambda i: rt.reply(i, "Hello", TOKEN), lambda i: rt.note(i, "Hello", TOKEN)):
        with pytest.raises(TicketGone):
            call("99999")
        with pytest.raises(TicketGone):
            call("no-number")


# --- pages ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "ticket"),
    [
        ("/Ticket/Display.html?id=12", "12"),
        ("/Ticket/Display.html?id=12#txn-45", "12"),
        ("/Ticket/Update.html?Action=Respond&id=12&DefaultStatus=open", "12"),
        ("/Ticket/History.html?id=7", "7"),
        ("/m/ticket/show?id=9", "9"),
        ("/Ticket/Display.html", None),
        ("/Ticket/Display.html?id=../../x", None),
        ("/Admin/Users/Modify.html?id=12", None),
        ("/", None),
    ],
)
def test_pages_of_tickets_are_known(rt_server: RequestTracker, path: str, ticket: str | None) -> None:
    connector = connect(rt_server)
    assert connector.ticket_of(rt_server.url + path) == ticket
    assert connector.ticket_of("https://other.example" + path) is None


def test_a_page_leads_to_its_ticket(rt: RtConnector) -> None:
    assert rt.ticket_of(rt.page_of("12")) == "12"
