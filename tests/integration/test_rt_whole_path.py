"""From a customer's mail into a real Request Tracker to the reply in the customer's mailbox, and back."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from support_faulty import PassingClock, Services, services
from support_rt import AGENT, PASSWORD, QUEUE, RequestTracker

from agent_assist.adapters.storage.database import Database
from agent_assist.app import open_desk
from agent_assist.domain.knowledge import Article
from agent_assist.domain.outbox import OutboxState
from agent_assist.domain.suggestion import Decision
from agent_assist.domain.ticket import Role, TicketStatus
from agent_assist.services.desk import Desk
from agent_assist.services.events import Event, NewCustomerMessage

CUSTOMER = "Dora Diaz <dora@customer.example>"
VALUES = {"user": AGENT, "queues": QUEUE}
RT = EntryPoint("rt", "agent_assist.adapters.helpdesks.rt:RtConnector", "agent_assist.helpdesks")
PUBLIC = ("Create", "Correspond")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = open_desk(tmp_path / "w", passphrase=lambda: "a long enough passphrase")
    desk.options.change({"outbox.undo_seconds": 0})
    yield desk
    desk.close()


def mails_to(server: RequestTracker, ticket: str, text: str) -> int:
    """How many mails with this text RT has sent about a ticket."""
    mails = [m for m in server.outgoing() if server.ticket_tag(ticket) in str(m["Subject"])]
    plain = [[p for p in mail.walk() if p.get_content_type() == "text/plain"] for mail in mails]
    return sum(any(text.encode() in part.get_payload(decode=True) for part in parts) for parts in plain)


@pytest.mark.real_model
@pytest.mark.timeout(600)
def test_a_customers_mail_is_answered_from_here(rt_server: RequestTracker, desk: Desk) -> None:
    assert desk.connections is not None
    assert desk.sync is not None
    body = "You can return any lamp within 90 days of delivery. The return label is free."
    desk.knowledge.add_articles([Article("returns", "Returning an item", body)])
    connection = desk.connections.add(
        "rt", "Support", {**VALUES, "url": rt_server.url}, {"password": PASSWORD}
    )
    desk.sync.pull(connection.id)
    news: list[NewCustomerMessage] = []

    def listen(event: Event) -> None:
        if isinstance(event, NewCustomerMessage):
            news.append(event)

    desk.events.subscribe(listen)

    # In: by mail, through the gateway that a mail server would call.
    rt_server.mail(CUSTOMER, "Return", "How many days do I have to return a lamp?", command=True)
    remote = rt_server.newest("Return")
    assert desk.sync.pull(connection.id) == 1
    local = f"{connection.id}:{remote}"
    assert [n.ticket_id for n in news] == [local]
    ticket = desk.tickets.get(local)
    assert ticket is not None
    assert ticket.customer.email == "dora@customer.example"

    # The draft: the real model on the article.
    desk.models.start()
    suggestion = desk.drafting.draft(ticket)
    assert suggestion.decision is Decision.DRAFT
    assert "90" in suggestion.text

    # Out: exactly once in the thread there, here, and in the customer's mailbox.
    reply = "You have 90 days to return it."
    item = desk.outbox.send(local, reply)
    note = desk.outbox.send_note(local, "Told the deadline.")
    assert desk.outbox.deliver_due() == 2
    assert [desk.outbox.get(i.id).state for i in (item, note)] == [OutboxState.SENT] * 2  # type: ignore[union-attr]
    desk.sync.pull(connection.id)
    ticket = desk.tickets.get(local)
    assert ticket is not None
    assert [(m.role, m.text) for m in ticket.messages[1:]] == [
        (Role.AGENT, reply),
        (Role.NOTE, "Told the deadline."),
    ]
    assert public_texts(rt_server, remote).count(reply) == 1
    assert mails_to(rt_server, remote, reply) == 1
    assert mails_to(rt_server, remote, "Told the deadline.") == 0

    # And back: the customer answers the mail.
    rt_server.mail(CUSTOMER, f"Re: {rt_server.ticket_tag(remote)} Return", "Thank you.", command=True)
    desk.sync.pull(connection.id)
    assert [n.excerpt for n in news][1:] == ["Thank you."]
    desk.sync.set_status(local, TicketStatus.SOLVED)
    assert rt_server.call("GET", f"/ticket/{remote}").json()["Status"] == "resolved"


def public_texts(server: RequestTracker, ticket: str) -> list[str]:
    """What stands in the thread for the customer, read past the connector."""
    history = server.call("GET", f"/ticket/{ticket}/history", params={"fields": "Type", "per_page": 100})
    public = {t["id"] for t in history.json()["items"] if t["Type"] in PUBLIC}
    params = {"fields": "TransactionId,Content", "per_page": 100}
    parts = server.call("GET", f"/ticket/{ticket}/attachments", params=params).json()["items"]
    return [p["Content"].strip() for p in parts if p["TransactionId"] in public]


class Cutter:
    """A TCP proxy before RT that goes wrong with the next reply that passes: `fault` says how.

    `before`: it never reaches RT; `after`: RT takes it, and the answer is lost; `middle`: half of the answer
    arrives; `kill`: RT is killed while it works on it.
    """

    def __init__(self, server: RequestTracker) -> None:
        self.server, self.fault, self.met = server, "", 0
        self.kill_after = 0.0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._open = True
        self._thread = threading.Thread(target=self._run, name="cutter")
        self._thread.start()

    def close(self) -> None:
        self._open = False
        with contextlib.suppress(OSError), socket.create_connection(self._listener.getsockname()):
            pass
        self._thread.join()
        self._listener.close()

    def _run(self) -> None:
        while self._open:
            client, _ = self._listener.accept()
            with client, contextlib.suppress(OSError):
                client.settimeout(30)
                self._pass_on(client)

    def _pass_on(self, client: socket.socket) -> None:
        request = _read_request(client)
        if not request:
            return
        fault = self.fault if b"/correspond" in request.split(b"\r\n", 1)[0] else ""
        if fault:
            self.fault, self.met = "", self.met + 1
        if fault == "before":
            _reset(client)
            return
        with socket.create_connection(("127.0.0.1", self.server.port)) as upstream:
            upstream.sendall(request)
            if fault == "kill":
                time.sleep(self.kill_after)
                self.server.stop()
                _reset(client)
                return
            upstream.settimeout(60)
            answer = b"".join(iter(lambda: upstream.recv(65536), b""))  # RT closes after each answer
        if fault in ("after", "middle"):
            client.sendall(answer[: len(answer) // 2] if fault == "middle" else b"")
            _reset(client)
        else:
            client.sendall(answer)


def _read_request(client: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        more = client.recv(65536)
        if not more:
            return b""
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    lengths = [
        int(line.split(b":")[1])
        for line in head.split(b"\r\n")
        if line.lower().startswith(b"content-length:")
    ]
    while len(body) < sum(lengths):
        body += client.recv(65536)
    # One request on each connection: its end is the end of the answer.
    lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"connection:")]
    return b"\r\n".join([*lines, b"Connection: close"]) + b"\r\n\r\n" + body


def _reset(client: socket.socket) -> None:
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@pytest.fixture
def cutter(rt_server: RequestTracker) -> Iterator[Cutter]:
    made = Cutter(rt_server)
    yield made
    made.close()


@pytest.fixture
def real(tmp_path: Path, cutter: Cutter) -> Iterator[tuple[Services, PassingClock]]:
    database = Database(tmp_path / "workspace.db", bytes(32))
    clock = PassingClock()
    made = services(database, clock, connector=RT)
    made.connections.add("rt", "Support", {**VALUES, "url": cutter.url}, {"password": PASSWORD})
    yield made, clock
    made.close()
    database.close()


@pytest.mark.parametrize("fault", ["before", "after", "middle", "kill early", "kill late"])
def test_a_cut_connection_neither_loses_nor_doubles_a_reply(
    rt_server: RequestTracker, cutter: Cutter, real: tuple[Services, PassingClock], fault: str
) -> None:
    made, clock = real
    rt_server.mail(CUSTOMER, f"Fault {fault}", "Please help.")
    remote = rt_server.newest(f"Fault {fault}")
    made.sync.fetch("support", remote)
    cutter.fault, _, moment = fault.partition(" ")
    cutter.kill_after = {"early": 0.02, "late": 0.2}.get(moment, 0.0)
    texts = [f"First reply, {fault}.", f"Second reply, {fault}."]
    items = [made.outbox.send(f"support:{remote}", text).id for text in texts]
    for _ in range(12):
        made.outbox.deliver_due()
        if not made.outbox.pending():
            break
        if cutter.fault == "" and cutter.met and not rt_server.running:
            rt_server.start()
        clock.pass_time(35)
    assert cutter.met == 1
    assert [made.outbox.get(i).state for i in items] == [OutboxState.SENT] * 2  # type: ignore[union-attr]
    thread = public_texts(rt_server, remote)
    assert [thread.count(text) for text in texts] == [1, 1]
    mailed = [mails_to(rt_server, remote, text) for text in texts]
    # A server that was killed between taking a reply in and mailing it mails it no more.
    assert mailed == [1, 1] or (moment and mailed == [0, 1])
