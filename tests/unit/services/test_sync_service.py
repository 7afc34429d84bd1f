from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import ClassVar

import pytest
from support_helpdesk import FakeConnector, HelpdeskDesk, PushConnector, eventually, remote
from support_store import START, ticket

from agent_assist.adapters.storage.database import Database
from agent_assist.domain.helpdesk import SyncState
from agent_assist.domain.outbox import OutboxState
from agent_assist.domain.ticket import Message, QueueFilter, Role, TicketStatus
from agent_assist.errors import (
    BadInput,
    Cancelled,
    LoginRefused,
    ServerBusy,
    ServerUnreachable,
    TicketGone,
    WorkspaceReadOnly,
)
from agent_assist.services.events import (
    ErrorRaised,
    NewCustomerMessage,
    QueueChanged,
    SyncChanged,
    TicketChanged,
    TicketFollowed,
)
from agent_assist.services.helpdesks.sync_loop import FIRST_BACKOFF, LOGIN_BACKOFF, SyncLoop


@pytest.fixture
def desk(database: Database) -> Iterator[HelpdeskDesk]:
    desk = HelpdeskDesk(database)
    yield desk
    desk.close()


def cursor(desk: HelpdeskDesk) -> str:
    found = desk.connections.get("acme")
    assert found is not None
    return found.cursor


def test_all_pages_come_with_the_connections_prefix(desk: HelpdeskDesk) -> None:
    desk.server.page = 10
    for number in range(35):
        desk.server.put(remote(str(number)))
    seen: list[int] = []
    assert desk.sync.pull("acme", progress=lambda done, _total, _note: seen.append(done)) == 35
    assert desk.tickets.count() == 35
    assert desk.thread("acme:34") == ["Where is my parcel?"]
    assert (cursor(desk), seen) == ("35", [10, 20, 30, 35])


def test_the_next_look_goes_on_from_the_cursor_and_changes_only_what_changed(desk: HelpdeskDesk) -> None:
    desk.server.put(remote("1"))
    desk.server.put(remote("2"))
    desk.sync.pull("acme")
    assert desk.sync.pull("acme") == 0
    desk.server.put(remote("1"))  # came again, and is the same
    desk.server.write("2", "Hello?")
    desk.listener.events.clear()
    assert desk.sync.pull("acme") == 1
    assert [e.ticket_id for e in desk.listener.of(TicketChanged)] == ["acme:2"]
    assert desk.server.calls[-1] == "changes 2"


def test_an_error_on_a_later_page_keeps_what_came_and_goes_on_there(desk: HelpdeskDesk) -> None:
    desk.server.page = 1
    for number in range(3):
        desk.server.put(remote(str(number)))
    connector = desk.connections.connector("acme", "sync")
    pages = connector.changes

    def failing(place: str, cancel: threading.Event) -> object:
        if place == "2":
            raise ServerUnreachable("Gone.")
        return pages(place, cancel)

    connector.changes = failing  # type: ignore[method-assign, assignment]
    with pytest.raises(ServerUnreachable):
        desk.sync.pull("acme")
    assert (desk.tickets.count(), cursor(desk)) == (2, "2")
    connector.changes = pages  # type: ignore[method-assign]
    assert desk.sync.pull("acme") == 1


def test_the_cursor_stays_where_tickets_cannot_be_saved(
    desk: HelpdeskDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.server.put(remote("1"))

    def full(*_args: object, **_more: object) -> None:
        raise WorkspaceReadOnly("No.")

    monkeypatch.setattr("agent_assist.adapters.storage.threads._insert", full)
    with pytest.raises(WorkspaceReadOnly):
        desk.sync.pull("acme")
    assert (desk.tickets.count(), cursor(desk)) == (0, "")


class AskedConnector(FakeConnector):
    """Its list does not show what was given to somebody else: that has the tag `theirs`."""

    asked: ClassVar[list[list[str]]] = []

    def left(self, tickets: Sequence[str], cancel: threading.Event) -> list[str]:
        self.asked.append(list(tickets))
        there = self.server.tickets
        return [name for name in tickets if name not in there or "theirs" in there[name].tags]


def test_what_was_given_to_somebody_else_leaves_with_the_next_looks(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(AskedConnector, "asked", [])
    monkeypatch.setattr("agent_assist.services.helpdesks.sync.ASKED_AT_ONCE", 2)
    desk = HelpdeskDesk(database, AskedConnector)
    for name in ("1", "2", "3", "4"):
        desk.server.put(remote(name))
    desk.server.put(remote("5", status=TicketStatus.SOLVED))
    desk.sync.pull("acme")
    assert AskedConnector.asked == []  # the first look has just listed them all
    desk.server.tickets["9"] = remote("9", tags=("theirs",))
    assert desk.sync.opened("acme", "9") == "acme:9"  # a colleague's, which the agent looks at
    for name in ("2", "3"):
        desk.server.tickets[name] = remote(name, tags=("theirs",))
    item = desk.outbox.send("acme:3", "Soon.")
    for _ in range(3):
        desk.sync.pull("acme")
    assert AskedConnector.asked[:3] == [["1", "2"], ["3", "4"], ["9"]]
    here = {found.id for found in desk.tickets.queue(QueueFilter(status=None))}
    assert here == {"acme:1", "acme:3", "acme:4", "acme:5", "acme:9"}
    assert item.ticket_id == "acme:3"
    desk.close()


def test_what_is_gone_is_dropped_unless_a_reply_waits_for_it(desk: HelpdeskDesk) -> None:
    for name in ("1", "2", "3"):
        desk.server.put(remote(name))
    desk.sync.pull("acme")
    item = desk.outbox.send("acme:2", "Soon.")
    for name in ("1", "2", "3"):
        desk.server.drop(name)
    desk.server.put(remote("3"))  # and came back
    assert desk.sync.pull("acme") == 1
    assert [s.id for s in desk.tickets.queue()] == ["acme:3", "acme:2"]
    assert desk.tickets.queue(QueueFilter(text="Parcel 1")) == []
    assert desk.outbox.withdraw(item.id) == "Soon."


def test_new_customer_messages_are_told_but_not_those_of_the_first_look(desk: HelpdeskDesk) -> None:
    desk.server.put(remote("1"))
    desk.sync.pull("acme")
    assert desk.listener.of(NewCustomerMessage) == []
    desk.server.write("1", "Any\n  news?")
    desk.server.put(remote("2", "New here."))
    desk.server.put(remote("3", "Old.", "Answered."))
    desk.sync.pull("acme")
    told = [(e.ticket_id, e.title, e.excerpt) for e in desk.listener.of(NewCustomerMessage)]
    assert told == [("acme:1", "Parcel 1", "Any news?"), ("acme:2", "Parcel 2", "New here.")]
    assert len(desk.listener.of(QueueChanged)) > 0


def test_notifications_are_few_recent_and_can_be_switched_off(desk: HelpdeskDesk) -> None:
    desk.server.put(remote("0"))
    desk.sync.pull("acme")
    desk.server.page = 7
    for number in range(1, 41):
        desk.server.put(remote(str(number)))
    desk.sync.pull("acme")
    assert len(desk.listener.of(NewCustomerMessage)) == 10
    desk.listener.events.clear()
    desk.clock.pass_time(2 * 86_400)
    desk.server.put(remote("old"))
    desk.options.change({"helpdesk.notify": False})
    desk.server.write("1", "Still there?")
    desk.sync.pull("acme")
    assert desk.listener.of(NewCustomerMessage) == []


def test_a_ticket_is_unread_only_where_the_customer_waits(desk: HelpdeskDesk) -> None:
    desk.server.put(remote("1", "Hello.", "Hi."))
    desk.server.put(remote("2", "Hello."))
    desk.sync.pull("acme")
    assert {s.id: s.unread for s in desk.tickets.queue()} == {"acme:1": False, "acme:2": True}
    desk.tickets.set_read("acme:2")
    desk.server.write("1", "Thanks, but")
    desk.sync.pull("acme")
    assert {s.id: s.unread for s in desk.tickets.queue()} == {"acme:1": True, "acme:2": False}


def test_a_cancelled_look_stops_between_pages_and_keeps_them(desk: HelpdeskDesk) -> None:
    desk.server.page = 1
    for number in range(5):
        desk.server.put(remote(str(number)))
    cancel = threading.Event()
    with pytest.raises(Cancelled):
        desk.sync.pull("acme", cancel=cancel, progress=lambda done, *_: done == 2 and cancel.set())
    assert (desk.tickets.count(), cursor(desk)) == (2, "2")


def test_a_message_written_here_is_replaced_by_its_echo(desk: HelpdeskDesk) -> None:
    desk.server.put(remote("1"))
    desk.sync.pull("acme")
    desk.tickets.add_message("acme:1", Message("local", Role.AGENT, "On its  way.", START))
    desk.tickets.add_message("acme:1", Message("mine", Role.NOTE, "Called.", START))
    desk.server.write("1", "On its way.", Role.AGENT)
    desk.sync.pull("acme")
    assert desk.thread() == ["Where is my parcel?", "Called.", "On its way."]


def test_refresh_reads_one_ticket_and_drops_one_that_is_gone(desk: HelpdeskDesk) -> None:
    desk.server.put(remote("1"))
    desk.sync.pull("acme")
    desk.server.write("1", "More.")
    assert [m.text for m in desk.sync.refresh("acme:1").messages][-1] == "More."
    desk.server.drop("1")
    with pytest.raises(TicketGone):
        desk.sync.refresh("acme:1")
    assert desk.tickets.get("acme:1") is None
    desk.tickets.save([ticket("T-1")])
    assert desk.sync.refresh("T-1").id == "T-1"
    with pytest.raises(BadInput):
        desk.sync.refresh("T-2")


def test_a_ticket_opened_in_the_browser_is_fetched_and_followed(desk: HelpdeskDesk) -> None:
    desk.server.put(remote("1"))
    assert desk.sync.opened("acme", "1") == "acme:1"
    assert desk.thread() == ["Where is my parcel?"]
    desk.server.write("1", "More.")
    assert desk.sync.opened("acme", "1") == "acme:1"
    eventually(lambda: desk.thread()[-1] == "More.")
    assert [e.ticket_id for e in desk.listener.of(TicketFollowed)] == ["acme:1", "acme:1"]
    with pytest.raises(TicketGone):
        desk.sync.opened("acme", "9")


def test_status_and_tags_go_to_the_helpdesk(desk: HelpdeskDesk) -> None:
    desk.server.put(remote("1"))
    desk.sync.pull("acme")
    desk.sync.set_status("acme:1", TicketStatus.SOLVED)
    desk.sync.set_tags("acme:1", ["vip"])
    assert (desk.server.tickets["1"].status, desk.server.tickets["1"].tags) == (TicketStatus.SOLVED, ("vip",))
    here = desk.tickets.get("acme:1")
    assert here is not None
    assert (here.status, here.tags) == (TicketStatus.SOLVED, ("vip",))
    desk.tickets.save([ticket("T-1")])
    desk.sync.set_status("T-1", TicketStatus.SOLVED)
    with pytest.raises(BadInput):
        desk.sync.set_tags("T-1", ["vip"])


def test_tags_keep_the_ticket_with_its_connection(desk: HelpdeskDesk) -> None:
    desk.server.put(remote("1"))
    desk.sync.pull("acme")
    desk.sync.set_tags("acme:1", ["vip"])
    desk.connections.remove("acme")
    assert desk.tickets.get("acme:1") is None


def test_the_loop_looks_by_itself_and_when_asked(desk: HelpdeskDesk) -> None:
    desk.options.change({"helpdesk.poll_seconds": 3600})
    desk.server.put(remote("1"))
    desk.sync.start()
    eventually(lambda: desk.sync.statuses()[0].state is SyncState.WAITING)
    assert desk.thread() == ["Where is my parcel?"]
    desk.server.write("1", "More.")
    desk.sync.sync_now()
    eventually(lambda: desk.thread()[-1] == "More.")
    [status] = desk.sync.statuses()
    assert status.last_at == desk.clock.now()
    assert status.next_at is not None
    assert 3200 < (status.next_at - desk.clock.now()).total_seconds() < 4000


def test_loops_follow_what_is_connected_and_switched_on(desk: HelpdeskDesk) -> None:
    desk.sync.start()
    eventually(lambda: desk.sync.statuses()[0].state is SyncState.WAITING)
    desk.connections.enable("acme", False)
    assert [s.state for s in desk.sync.statuses()] == [SyncState.OFF]
    assert not desk.sync._loops
    desk.server.put(remote("1"))
    desk.connections.enable("acme")
    eventually(lambda: desk.tickets.count() == 1)
    desk.connections.remove("acme")
    assert (desk.sync.statuses(), desk.tickets.count()) == ([], 0)


def test_a_changed_connection_is_looked_at_again_from_the_start(desk: HelpdeskDesk) -> None:
    desk.options.change({"helpdesk.poll_seconds": 3600})
    desk.server.put(remote("1"))
    desk.sync.start()
    eventually(lambda: desk.tickets.count() == 1 and desk.sync.statuses()[0].state is SyncState.WAITING)
    desk.connections.change("acme", values={"queues": "Sales"})
    eventually(lambda: desk.server.calls.count("changes ") == 2)
    assert desk.registry.made[-1].connection.values["queues"] == "Sales"


def test_errors_are_told_once_kept_with_the_remedy_and_backed_off_from(desk: HelpdeskDesk) -> None:
    loop = SyncLoop(desk.sync, desk.connections, desk.clock, desk.options, "acme")
    waits = [loop._failed(ServerUnreachable("No network.")) for _ in range(4)]
    assert all(FIRST_BACKOFF * 2**n <= w <= FIRST_BACKOFF * 2**n * 1.1 for n, w in enumerate(waits))
    busy = ServerBusy("Slowly.")
    busy.wait_seconds = 900
    assert loop._failed(busy) >= 900
    [status] = desk.sync.statuses()
    assert status.state is SyncState.ERROR
    assert status.sentence.startswith("Slowly.")
    assert [e.error.code for e in desk.listener.of(ErrorRaised)] == ["server_unreachable", "server_busy"]
    assert loop._failed(LoginRefused("No.")) >= LOGIN_BACKOFF
    [status] = desk.sync.statuses()
    assert status.state is SyncState.REFUSED
    assert status.next_at is not None
    assert status.next_at - desk.clock.now() >= timedelta(seconds=LOGIN_BACKOFF)


def test_after_an_error_the_loop_goes_on(desk: HelpdeskDesk) -> None:
    desk.server.reading = [LoginRefused("No."), ValueError("odd")]
    desk.server.put(remote("1"))
    desk.sync.start()
    eventually(lambda: desk.sync.statuses()[0].state is SyncState.REFUSED)
    desk.sync.sync_now("acme")
    eventually(lambda: desk.sync.statuses()[0].state is SyncState.ERROR)
    desk.sync.sync_now("acme")
    eventually(lambda: desk.sync.statuses()[0].state is SyncState.WAITING)
    assert desk.tickets.count() == 1
    assert desk.sync.statuses()[0].sentence == ""


def test_a_helpdesk_that_tells_is_looked_at_when_it_tells(database: Database) -> None:
    desk = HelpdeskDesk(database, PushConnector)
    try:
        desk.server.put(remote("1"))
        desk.sync.start()
        eventually(lambda: desk.sync.statuses()[0].state is SyncState.WAITING)
        desk.server.write("1", "More.")
        desk.server.pushed.set()
        eventually(lambda: desk.thread()[-1] == "More.")
        looks = len(desk.server.calls)
        assert desk.sync.pull("acme") == 0  # does not wait for the five minutes of `wait`
        assert len(desk.server.calls) > looks
    finally:
        desk.close()


def test_a_page_that_leads_nowhere_ends_the_look(desk: HelpdeskDesk) -> None:
    connector = desk.connections.connector("acme", "sync")
    pages = connector.changes
    connector.changes = lambda c, token: replace(pages(c, token), more=True)  # type: ignore[method-assign]
    desk.server.put(remote("1"))
    assert desk.sync.pull("acme") == 1


def test_progress_is_published_while_it_reads(desk: HelpdeskDesk) -> None:
    desk.options.change({"helpdesk.poll_seconds": 3600})
    for number in range(120):
        desk.server.put(remote(str(number)))
    desk.sync.start()
    eventually(lambda: desk.sync.statuses()[0].state is SyncState.WAITING)
    assert max(e.status.done for e in desk.listener.of(SyncChanged)) == 120
    assert desk.sync.statuses()[0].last_at == START + timedelta(0)
    assert OutboxState.CHANGED not in {i.state for i in desk.outbox.pending()}
