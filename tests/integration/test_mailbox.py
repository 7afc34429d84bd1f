"""The mailbox connector against real Dovecot and Exim."""

from __future__ import annotations

import dataclasses
import email
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from support_mail import ADDRESS, CARLA, DAN, PASSWORD, Cutter, MailServer, serve, until

from agent_assist.adapters.helpdesks.mail import MailConnector
from agent_assist.adapters.helpdesks.mail_idle import Watcher
from agent_assist.adapters.helpdesks.mail_imap import Mailbox
from agent_assist.domain.helpdesk import Connection
from agent_assist.domain.ticket import Role, Ticket, TicketStatus
from agent_assist.errors import (
    BadInput,
    DeliveryUncertain,
    HelpdeskProblem,
    LoginRefused,
    ServerUnreachable,
    TicketGone,
)


class Now:
    def now(self) -> datetime:
        return datetime.now(UTC)


@pytest.fixture(scope="module")
def running() -> Iterator[MailServer]:
    yield from serve()


@pytest.fixture
def server(running: MailServer) -> MailServer:
    running.wipe()
    return running


@pytest.fixture
def connector(server: MailServer) -> Iterator[MailConnector]:
    made = connect(server)
    yield made
    made.close()


def connect(server: MailServer, *, password: str = PASSWORD, **values: str) -> MailConnector:
    given = {
        "address": ADDRESS,
        "name": "Acme Support",
        "username": "support",
        "imap_host": "127.0.0.1",
        "imap_port": str(server.imap),
        "imap_security": "none",
        "smtp_host": "127.0.0.1",
        "smtp_port": str(server.smtp),
        "smtp_security": "none",
        **values,
    }
    return MailConnector(Connection("shared", "mail", "Shared", given), {"password": password}, Now())


def look(connector: MailConnector, cursor: str = "") -> tuple[dict[str, Ticket], str]:
    """All that changed, by subject."""
    found: dict[str, Ticket] = {}
    while True:
        page = connector.changes(cursor, threading.Event())
        found.update({ticket.subject: ticket for ticket in page.tickets})
        cursor = page.cursor
        if not page.more:
            return found, cursor


def three_threads(server: MailServer) -> None:
    server.send(f"Carla <{CARLA}>", "Reset", "The link expired – Grüße", "<m1@customer.example>")
    server.send(
        f"Carla <{CARLA}>",
        "Re: Reset",
        "Same in Firefox\n\n> The link expired",
        "<m2@customer.example>",
        references="<m1@customer.example>",
    )
    server.send(f"Dan <{DAN}>", "Invoice", "Billed twice", "<m3@customer.example>")
    server.send(f"Dan <{DAN}>", "Address", "I have moved", "<m4@customer.example>")


def test_three_threads_and_a_reply_in_one(server: MailServer, connector: MailConnector) -> None:
    three_threads(server)
    assert connector.check().email == ADDRESS
    assert {queue.name for queue in connector.queues()} == {"INBOX", "Sent"}
    tickets, cursor = look(connector)
    assert set(tickets) == {"Reset", "Invoice", "Address"}
    reset = tickets["Reset"]
    assert [m.text for m in reset.messages] == ["The link expired – Grüße", "Same in Firefox"]
    assert reset.messages[1].folded == "> The link expired"
    assert (reset.customer.name, reset.customer.email, reset.status) == ("Carla", CARLA, TicketStatus.OPEN)
    assert look(connector, cursor)[0] == {}
    for link in ("mid:m2@customer.example", "message://%3Cm2@customer.example%3E"):
        assert connector.ticket_of(link) == reset.id
    assert connector.ticket_of("https://x.example/") is None
    assert connector.page_of(reset.id) == ""

    sent = connector.reply(reset.id, "Unlocked – please try again.\n.\nGrüße", "token-0001")
    until(lambda: server.count("carla") == 1, 15)
    mail = email.message_from_bytes(server.mails("carla")[0])
    assert mail["In-Reply-To"] == "<m2@customer.example>"
    assert mail["References"].split() == ["<m1@customer.example>", "<m2@customer.example>"]
    assert mail["Subject"] == "Re: Reset"
    body = mail.get_payload(decode=True)
    assert isinstance(body, bytes)
    assert body.decode().replace("\r\n", "\n").strip() == "Unlocked – please try again.\n.\nGrüße"

    until(lambda: server.count("support", "INBOX") == 5, 15)  # the copy that proves it
    tickets, cursor = look(connector, cursor)
    assert [m.role for m in tickets["Reset"].messages] == [Role.CUSTOMER, Role.CUSTOMER, Role.AGENT]
    assert tickets["Reset"].status is TicketStatus.PENDING
    assert server.count("support", "Sent") == 1
    assert server.count("support", "INBOX") == 4  # it has done its work
    with server.client() as client:
        client.select_folder("INBOX", readonly=True)
        assert len(client.search(["ANSWERED"])) == 1
    found = connector.find_reply(reset.id, "token-0001", sent.text, Now().now())
    assert found is not None
    assert found.id == sent.id
    assert connector.find_reply(reset.id, "another", "x", Now().now() - timedelta(hours=1)) is None

    server.send(f"Carla <{CARLA}>", "Re: Reset", "It works", "<m5@customer.example>", references=sent.id)
    tickets, _ = look(connector, cursor)
    assert [m.text for m in tickets["Reset"].messages][-1] == "It works"
    assert tickets["Reset"].id == reset.id
    assert tickets["Reset"].status is TicketStatus.OPEN


def test_idle_tells_of_a_new_mail(server: MailServer, connector: MailConnector) -> None:
    stop = threading.Event()
    assert connector.wait(0.3, stop) is False
    timer = threading.Timer(
        0.5, server.send, (f"Dan <{DAN}>", "Invoice", "Billed twice", "<i1@customer.example>")
    )
    timer.start()
    assert connector.wait(3600, stop) is True
    timer.join()
    assert set(look(connector)[0]) == {"Invoice"}
    stop.set()
    assert connector.wait(3600, stop) in (False, True)  # ends at once


def test_idle_survives_a_broken_connection(server: MailServer, connector: MailConnector) -> None:
    assert connector.wait(0.3, threading.Event()) is False
    client = connector._watcher._client
    assert client is not None
    client.socket().shutdown(2)
    assert connector.wait(5, threading.Event()) is True
    assert connector.wait(0.3, threading.Event()) is False


def test_idle_is_renewed_and_noop_takes_its_place(
    server: MailServer, connector: MailConnector, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop = threading.Event()
    renewing = Watcher(connector._options, renewal=0.2)
    assert renewing.wait(0.1, stop) is False
    begun = renewing._idle_since
    assert renewing.wait(1.2, stop) is False
    assert begun is not None
    assert renewing._idle_since is not None
    assert renewing._idle_since > begun
    server.send(f"Dan <{DAN}>", "Invoice", "Billed twice", "<w1@customer.example>")
    assert renewing.wait(10, stop) is True
    renewing.close()

    monkeypatch.setattr(Mailbox, "has_idle", False)
    polling = Watcher(connector._options, noop_every=0.1)
    assert polling.wait(0.2, stop) is False
    server.send(f"Dan <{DAN}>", "Re: Invoice", "Any news?", "<w2@customer.example>")
    assert polling.wait(10, stop) is True
    polling.close()


def test_a_token_that_is_refused_is_said_so(server: MailServer) -> None:
    given = connect(server)._options
    with pytest.raises(LoginRefused) as caught:
        Mailbox(dataclasses.replace(given, token="expired", password="")).folders()
    assert "token" in caught.value.remedy
    with pytest.raises(LoginRefused, match="no password"):
        Mailbox(dataclasses.replace(given, password="")).folders()
    with pytest.raises(HelpdeskProblem, match="Nowhere"):
        connect(server, queues="Nowhere").check()


def test_a_wrong_password_is_said_so(server: MailServer) -> None:
    connector = connect(server, password="wrong")
    with pytest.raises(LoginRefused) as caught:
        connector.check()
    assert "refused the login of support" in caught.value.sentence
    assert "app password" in caught.value.remedy
    connector.close()


def test_new_numbers_lose_and_double_nothing(server: MailServer, connector: MailConnector) -> None:
    three_threads(server)
    before, cursor = look(connector)
    server.number_anew()
    server.send(
        f"Dan <{DAN}>",
        "Re: Invoice",
        "Any news?",
        "<m6@customer.example>",
        references="<m3@customer.example>",
    )
    after, cursor = look(connector, cursor)
    assert len(after["Invoice"].messages) == 2
    for subject in ("Reset", "Address"):
        assert after.get(subject, before[subject]) == before[subject]
    assert look(connector, cursor)[0] == {}
    again = connect(server)  # and for one that was not there when it happened
    assert {t.id for t in look(again, cursor.replace('"INBOX": [', '"INBOX": [1'))[0].values()} == {
        t.id for t in before.values()
    }
    again.close()
    third = connect(server)
    assert look(third, cursor)[0] == {}
    third.close()


def test_a_mail_that_was_moved_away_is_gone(server: MailServer, connector: MailConnector) -> None:
    three_threads(server)
    tickets, cursor = look(connector)
    with server.client() as client:
        if not client.folder_exists("Done"):
            client.create_folder("Done")
        client.select_folder("INBOX")
        client.move(client.search(["HEADER", "Message-ID", "<m3@customer.example>"]), "Done")
    page = connector.changes(cursor, threading.Event())
    assert page.gone == (tickets["Invoice"].id,)
    with pytest.raises(TicketGone):
        connector.ticket(tickets["Invoice"].id)
    again = connect(server)  # and one that was not there when it happened finds out too
    late = again.changes(cursor, threading.Event())
    assert (late.tickets, late.gone) == ((), (tickets["Invoice"].id,))
    assert again.changes(page.cursor, threading.Event()).gone == ()
    again.close()


def test_a_cut_after_the_mail_is_found_out(server: MailServer) -> None:
    cutter = Cutter(server.smtp, after_dot=True)
    connector = connect(server, smtp_port=str(cutter.port))
    server.send(f"Carla <{CARLA}>", "Reset", "Expired", "<c1@customer.example>")
    ticket = look(connector)[0]["Reset"]
    connector.reply(ticket.id, "Try again.", "cut-token-1")  # its copy in the mailbox proves it
    assert cutter.cuts == 1
    until(lambda: server.count("carla") == 1, 15)
    look(connector)
    assert server.count("support", "Sent") == 1
    connector.close()
    cutter.close()


def test_a_reply_that_nobody_filed_is_filed(server: MailServer, connector: MailConnector) -> None:
    server.send(f"Carla <{CARLA}>", "Reset", "Expired", "<f1@customer.example>")
    ticket = look(connector)[0]["Reset"]
    sent = connector.reply(ticket.id, "Try again.", "filed-token-1")
    until(lambda: server.count("support") == 2, 15)
    with server.client() as client:  # as if the sender had ended before it came to that
        client.select_folder("Sent")
        client.delete_messages(client.search())
        client.expunge()
    early = connect(server)
    look(early)
    assert server.count("support", "Sent") == 0  # the sender may be about to do it
    early.close()
    late = connect(server)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("agent_assist.adapters.helpdesks.mail_index._SENDER_FILES", timedelta(0))
        look(late)
        tickets, _ = look(late)
        look(late)
    assert (server.count("support", "Sent"), server.count("support")) == (1, 1)
    assert [m.id for m in tickets["Reset"].messages] == ["<f1@customer.example>", sent.id]
    late.close()


def test_a_cut_in_the_middle_means_not_sent(server: MailServer, monkeypatch: pytest.MonkeyPatch) -> None:
    cutter = Cutter(server.smtp, after_dot=False)
    connector = connect(server, smtp_port=str(cutter.port))
    server.send(f"Carla <{CARLA}>", "Reset", "Expired", "<c2@customer.example>")
    ticket = look(connector)[0]["Reset"]
    monkeypatch.setattr("agent_assist.adapters.helpdesks.mail.PROOF_SECONDS", 1.0)
    # The mail may be so short that it leaves in one piece with its end: then its fate is only uncertain.
    with pytest.raises((ServerUnreachable, DeliveryUncertain)) as caught:
        connector.reply(ticket.id, "Try again. " * 5000, "cut-token-2")
    if caught.type is DeliveryUncertain:
        with pytest.raises(DeliveryUncertain):
            connector.find_reply(ticket.id, "cut-token-2", "", Now().now())
    else:
        assert connector.find_reply(ticket.id, "cut-token-2", "", Now().now()) is None
    connector.close()
    cutter.close()
    time.sleep(0.5)
    assert server.count("carla") == 0
    assert server.count("support", "Sent") == 0


def test_a_refused_recipient_means_not_sent(server: MailServer, connector: MailConnector) -> None:
    server.send("Eve <refused@customer.example>", "Hello", "Hi", "<r1@customer.example>")
    ticket = look(connector)[0]["Hello"]
    with pytest.raises(HelpdeskProblem, match="mailbox unavailable"):
        connector.reply(ticket.id, "Hello", "refused-token")
    assert connector.find_reply(ticket.id, "refused-token", "Hello", Now().now()) is None
    assert server.count("support", "Sent") == 0
    with pytest.raises(BadInput):
        connector.reply(ticket.id, " \n", "empty-token-1")


def test_certificates_are_verified(server: MailServer) -> None:
    tls = {
        "imap_host": "localhost",
        "imap_port": str(server.imaps),
        "imap_security": "tls",
        "smtp_host": "localhost",
        "smtp_security": "starttls",
    }
    strange = connect(server, **tls)
    with pytest.raises(ServerUnreachable, match="certificate"):
        strange.check()
    known = connect(server, ca_file=str(server.certificates), **tls)
    assert known.check().name == "Acme Support"
    also = connect(
        server,
        ca_file=str(server.certificates),
        **{**tls, "imap_port": str(server.imap), "imap_security": "starttls"},
    )
    assert also.queues()
    wrong = connect(server, **{**tls, "imap_port": str(server.smtp)})
    with pytest.raises(ServerUnreachable, match="encryption"):
        wrong.queues()
    for made in (strange, known, also, wrong):
        made.close()


def test_a_strangers_message_id_is_no_command(server: MailServer, connector: MailConnector) -> None:
    _, cursor = look(connector)
    strange = """<a)(b"c\\d%*]{3}@x.example>"""
    references = f"{strange} <ä@x.example> <~{{2+}}@x.example>"
    server.send_raw(
        f"From: {CARLA}\r\nTo: {ADDRESS}\r\nSubject: Odd\r\nMessage-ID: {strange[:-1]}1>\r\n"
        f"References: {references}\r\n\r\nHello".encode()
    )
    tickets, _ = look(connector, cursor)
    assert tickets["Odd"].messages[0].text == "Hello"
    assert connector._mailbox.find("INBOX", "Message-ID", f"{strange[:-1]}1>")
    assert not connector._mailbox.find("INBOX", "Message-ID", strange)
    sent = connector.reply(tickets["Odd"].id, "Hello", "strange-token")
    assert connector.find_reply(tickets["Odd"].id, "strange-token", "Hello", Now().now()) is not None
    assert sent.id.isascii()


def test_long_and_strange_mails(server: MailServer, connector: MailConnector) -> None:
    boundary = "b0"
    file = "QUJD" * 19 + "\r\n"
    long = (
        f"From: =?utf-8?q?C=C3=A4rla?= <{CARLA}>\r\nTo: {ADDRESS}\r\nSubject: =?utf-8?b?R3LDvMOfZQ==?=\r\n"
        f"Message-ID: <big@customer.example>\r\nMIME-Version: 1.0\r\n"
        f'Content-Type: multipart/mixed; boundary="{boundary}"\r\n\r\n--{boundary}\r\n'
        "Content-Type: text/html; charset=iso-8859-15\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    ).encode() + b"<p>Preis 5 \xa4</p><p style='display:none'>x</p>\r\n"
    long += (
        f"--{boundary}\r\nContent-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n"
        "Content-Disposition: attachment; filename*=utf-8''B%C3%A4r.pdf\r\n\r\n"
        f"{file * 12_000}--{boundary}--\r\n"
    ).encode()
    server.send_raw(long)
    server.send_raw(
        f"From: {CARLA}\r\nTo: {ADDRESS}\r\nSubject: out of office\r\nMessage-ID: <ooo@x.example>\r\n"
        "Auto-Submitted: auto-replied\r\nContent-Type: text/plain; charset=x-nobody-knows\r\n\r\n".encode()
        + "Ich bin im Urlaub, Grüße".encode("cp1252")
    )
    tickets, _ = look(connector)
    message = tickets["Grüße"].messages[0]
    assert (message.text, message.author) == ("Preis 5 €", "Cärla")
    assert [(a.name, a.media_type) for a in message.attachments] == [("Bär.pdf", "application/pdf")]
    assert message.attachments[0].size == pytest.approx(12_000 * 57, rel=0.02)
    away = tickets["out of office"]
    assert (away.messages[0].role, away.tags) == (Role.NOTE, ("auto-reply",))
    assert away.messages[0].text == "Ich bin im Urlaub, Grüße"
