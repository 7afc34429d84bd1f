"""Replies into a helpdesk: once, never over something newer, and never lost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from support_helpdesk import FakeConnector, HelpdeskDesk, PushConnector, eventually, remote
from support_store import ticket

from agent_assist.adapters.storage.database import Database
from agent_assist.domain.outbox import OutboxItem, OutboxKind, OutboxState, is_empty
from agent_assist.domain.ticket import Role
from agent_assist.errors import (
    BadInput,
    DeliveryUncertain,
    DiskFull,
    LoginRefused,
    ServerBusy,
    ServerUnreachable,
    StaleThread,
    TicketGone,
)
from agent_assist.services.events import ErrorRaised
from agent_assist.services.helpdesks.outbox import NO_DELIVERY


def opened(database: Database, connector: type[FakeConnector] = FakeConnector) -> HelpdeskDesk:
    desk = HelpdeskDesk(database, connector)
    desk.server.put(remote("1"))
    desk.server.put(remote("2"))
    desk.sync.pull("acme")
    return desk


@pytest.fixture
def desk(database: Database) -> Iterator[HelpdeskDesk]:
    desk = opened(database)
    yield desk
    desk.close()


def state(desk: HelpdeskDesk, item: OutboxItem) -> OutboxState:
    found = desk.outbox.get(item.id)
    assert found is not None
    return found.state


def posts(desk: HelpdeskDesk) -> list[str]:
    return [c for c in desk.server.calls if c.startswith(("reply", "note"))]


def test_a_reply_stands_in_the_helpdesk_and_here_once(desk: HelpdeskDesk) -> None:
    item = desk.outbox.send("acme:1", "It arrives on Monday.")
    assert desk.outbox.deliver_due() == 1
    desk.sync.pull("acme")
    assert desk.server.texts() == desk.thread() == ["Where is my parcel?", "It arrives on Monday."]
    sent = desk.outbox.get(item.id)
    assert sent is not None
    assert (sent.state, sent.message_id) == (OutboxState.SENT, "h1")
    assert desk.outbox.changes(item.id) == ()


def test_a_note_goes_the_same_way_and_minds_no_newer_message(desk: HelpdeskDesk) -> None:
    desk.outbox.send_note("acme:1", "Called them.")
    desk.server.write("1", "Hello?")
    assert desk.outbox.deliver_due() == 1
    assert desk.server.tickets["1"].messages[-1].role is Role.NOTE
    with pytest.raises(BadInput, match="empty note"):
        desk.outbox.send_note("acme:1", "\u200b")


def test_a_note_to_a_ticket_of_no_helpdesk_stays_here(desk: HelpdeskDesk) -> None:
    desk.tickets.save([ticket("T-1")])
    desk.outbox.send_note("T-1", "Called them.")
    assert desk.outbox.deliver_due() == 1
    assert desk.thread("T-1") == ["Where is my parcel?", "Called them."]


def test_a_helpdesk_without_notes_says_so(database: Database) -> None:
    desk = opened(database, PushConnector)
    item = desk.outbox.send_note("acme:1", "Called them.")
    desk.outbox.deliver_due()
    found = desk.outbox.get(item.id)
    assert found is not None
    assert "no internal notes" in found.error
    desk.close()


@pytest.mark.parametrize("keeps_tokens", [True, False])
def test_a_lost_answer_is_looked_for_and_not_sent_again(desk: HelpdeskDesk, keeps_tokens: bool) -> None:
    desk.server.keeps_tokens = keeps_tokens
    desk.server.after = [DeliveryUncertain("The connection was lost.")]
    item = desk.outbox.send("acme:1", "On Monday.")
    assert desk.outbox.deliver_due() == 0
    assert state(desk, item) is OutboxState.UNKNOWN
    with pytest.raises(BadInput, match="not known yet"):
        desk.outbox.withdraw(item.id)
    desk.clock.pass_time(5)
    assert desk.outbox.deliver_due() == 1
    assert desk.server.texts() == ["Where is my parcel?", "On Monday."]
    assert len(desk.listener.of(ErrorRaised)) == 1


def test_a_reply_that_never_arrived_is_sent_again_when_it_cannot_come_any_more(desk: HelpdeskDesk) -> None:
    desk.server.before = [DeliveryUncertain("The connection was lost.")]
    item = desk.outbox.send("acme:1", "On Monday.")
    desk.outbox.deliver_due()
    for _ in range(2):
        desk.clock.pass_time(14)
        assert desk.outbox.deliver_due() == 0
        assert state(desk, item) is OutboxState.UNKNOWN
    assert posts(desk) == ["reply 1"]
    desk.clock.pass_time(60)
    assert desk.outbox.deliver_due() == 1
    assert posts(desk) == ["reply 1", "reply 1"]
    assert desk.server.texts().count("On Monday.") == 1


def test_while_it_cannot_be_looked_for_it_stays_unknown(desk: HelpdeskDesk) -> None:
    desk.server.before = [DeliveryUncertain("Lost.")]
    desk.server.finding = [ServerUnreachable("No network."), ValueError("odd")]
    item = desk.outbox.send("acme:1", "On Monday.")
    for _ in range(3):
        desk.outbox.deliver_due()
        assert state(desk, item) is OutboxState.UNKNOWN
        desk.clock.pass_time(3600)
    assert posts(desk) == ["reply 1"]
    assert desk.outbox.deliver_due() == 1
    assert desk.outbox.pending() == []


def test_an_unknown_reply_can_be_given_up_and_keeps_its_text(desk: HelpdeskDesk) -> None:
    desk.server.before = [DeliveryUncertain("Lost.")]
    item = desk.outbox.send("acme:1", "On Monday.")
    desk.outbox.deliver_due()
    assert desk.outbox.withdraw(item.id, give_up=True) == "On Monday."
    desk.clock.pass_time(3600)
    assert (desk.outbox.deliver_due(), posts(desk)) == (0, ["reply 1"])


def test_a_connector_that_breaks_leaves_an_unknown_reply(desk: HelpdeskDesk) -> None:
    desk.server.after = [KeyError("odd")]
    item = desk.outbox.send("acme:1", "On Monday.")
    desk.outbox.deliver_due()
    assert state(desk, item) is OutboxState.UNKNOWN
    desk.clock.pass_time(60)
    assert desk.outbox.deliver_due() == 1
    assert desk.server.texts().count("On Monday.") == 1


@pytest.mark.parametrize("arrived", [True, False])
def test_a_crash_while_sending_is_settled_by_the_next_start(database: Database, arrived: bool) -> None:
    desk = opened(database)
    item = desk.outbox.send("acme:1", "On Monday.")
    desk.replies.move(item.id, (OutboxState.QUEUED,), OutboxState.SENDING)
    if arrived:
        desk.connections.connector("acme").reply("1", "On Monday.", item.id)
    desk.outbox = desk.new_outbox()
    desk.outbox._settle()
    assert state(desk, item) is OutboxState.UNKNOWN
    assert desk.outbox.deliver_due() == int(arrived)
    desk.clock.pass_time(60)
    assert desk.outbox.deliver_due() == int(not arrived)
    assert desk.server.texts().count("On Monday.") == 1
    desk.close()


def test_an_arrival_that_could_not_be_written_down_is_written_later(
    desk: HelpdeskDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = desk.outbox.send("acme:1", "On Monday.")

    def full(*_: object) -> OutboxItem:
        raise DiskFull("Full.")

    with monkeypatch.context() as patch:
        patch.setattr(desk.replies, "arrived", full)
        assert desk.outbox.deliver_due() == 0
    assert state(desk, item) is OutboxState.SENDING
    assert desk.outbox.deliver_due() == 0
    desk.clock.pass_time(15)
    assert desk.outbox.deliver_due() == 1
    assert posts(desk) == ["reply 1"]


def test_a_fault_of_the_disk_after_a_failure_leads_to_another_look(
    desk: HelpdeskDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = desk.outbox.send("acme:1", "On Monday.")
    desk.server.before = [ServerUnreachable("No network.")]
    move = desk.replies.move

    def full(identity: str, expected: object, wanted: OutboxState, error: str = "") -> object:
        if wanted is OutboxState.FAILED:
            raise DiskFull("Full.")
        return move(identity, expected, wanted, error)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(desk.replies, "move", full)
        assert desk.outbox.deliver_due() == 0
    desk.clock.pass_time(30)
    assert desk.outbox.deliver_due() == 0
    assert state(desk, item) is OutboxState.UNKNOWN
    desk.clock.pass_time(60)
    assert desk.outbox.deliver_due() == 1


def test_a_newer_message_holds_the_reply_back_and_shows_what_changed(desk: HelpdeskDesk) -> None:
    item = desk.outbox.send("acme:1", "On Monday.")
    desk.server.write("1", "I have it now.")
    assert desk.outbox.deliver_due() == 0
    assert state(desk, item) is OutboxState.CHANGED
    assert [m.text for m in desk.outbox.changes(item.id)] == ["I have it now."]
    assert [e.error.code for e in desk.listener.of(ErrorRaised)] == ["stale_thread"]
    desk.clock.pass_time(3600)
    assert (desk.outbox.deliver_due(), posts(desk)) == (0, [])
    desk.outbox.send_anyway(item.id)
    assert desk.outbox.deliver_due() == 1
    assert desk.server.texts()[-1] == "On Monday."
    with pytest.raises(BadInput, match="waiting for your word"):
        desk.outbox.send_anyway(item.id)


def test_a_held_back_reply_can_be_taken_back_or_overtaken_again(desk: HelpdeskDesk) -> None:
    first, second = (desk.outbox.send("acme:1", text) for text in ("One.", "Two."))
    desk.server.write("1", "Another agent answered.", Role.AGENT)
    desk.outbox.deliver_due()
    assert {state(desk, first), state(desk, second)} == {OutboxState.CHANGED}
    assert desk.outbox.withdraw(first.id) == "One."
    desk.outbox.send_anyway(second.id)
    desk.server.write("1", "And again.")
    desk.outbox.deliver_due()
    assert state(desk, second) is OutboxState.CHANGED
    assert [m.text for m in desk.outbox.changes(second.id)] == ["And again."]


def test_notes_own_replies_and_edits_are_no_news(desk: HelpdeskDesk) -> None:
    first, second = (desk.outbox.send("acme:1", text) for text in ("One.", "Two."))
    desk.server.write("1", "Between us.", Role.NOTE)
    assert desk.outbox.deliver_due() == 2
    assert [state(desk, i) for i in (first, second)] == [OutboxState.SENT] * 2
    assert desk.server.texts() == ["Where is my parcel?", "Between us.", "One.", "Two."]


def test_a_message_between_our_look_and_the_sending_holds_back_too(desk: HelpdeskDesk) -> None:
    item = desk.outbox.send("acme:1", "On Monday.")

    class Conflict(list[Exception]):
        def __bool__(self) -> bool:
            desk.server.before = []
            desk.server.write("1", "Wait.")
            raise StaleThread("412")

    desk.server.before = Conflict()
    desk.outbox.deliver_due()
    assert state(desk, item) is OutboxState.CHANGED
    assert [m.text for m in desk.outbox.changes(item.id)] == ["Wait."]


def test_a_conflict_without_a_message_is_tried_again(desk: HelpdeskDesk) -> None:
    desk.server.before = [StaleThread("The status changed.")]
    item = desk.outbox.send("acme:1", "On Monday.")
    desk.outbox.deliver_due()
    assert state(desk, item) is OutboxState.FAILED
    desk.clock.pass_time(15)
    assert desk.outbox.deliver_due() == 1


def test_the_same_words_twice_are_two_replies(desk: HelpdeskDesk) -> None:
    desk.server.keeps_tokens = False
    desk.outbox.send("acme:1", "Thanks.")
    desk.outbox.deliver_due()
    desk.clock.pass_time(5)
    desk.server.before = [DeliveryUncertain("Lost.")]
    desk.outbox.send("acme:1", "Thanks.")
    desk.outbox.deliver_due()
    desk.clock.pass_time(60)
    assert desk.outbox.deliver_due() == 1
    assert desk.server.texts().count("Thanks.") == 2


def test_what_follows_an_unknown_reply_waits_for_it(desk: HelpdeskDesk) -> None:
    desk.server.after = [DeliveryUncertain("Lost.")]
    desk.outbox.send("acme:1", "One.")
    desk.outbox.deliver_due()
    desk.outbox.send("acme:1", "Two.")
    desk.outbox.send("acme:2", "Elsewhere.")
    assert desk.outbox.deliver_due() == 1
    assert posts(desk) == ["reply 1", "reply 2"]
    desk.clock.pass_time(5)
    assert desk.outbox.deliver_due() == 2
    assert desk.server.texts() == ["Where is my parcel?", "One.", "Two."]


def test_a_busy_helpdesk_is_left_alone_as_long_as_it_asks(desk: HelpdeskDesk) -> None:
    busy = ServerBusy("Slowly.")
    busy.wait_seconds = 100
    desk.server.before = [busy]
    desk.outbox.send("acme:1", "On Monday.")
    desk.outbox.deliver_due()
    desk.clock.pass_time(99)
    assert desk.outbox.deliver_due() == 0
    desk.clock.pass_time(1)
    assert desk.outbox.deliver_due() == 1


def test_a_refused_login_is_not_tried_again_soon_but_after_a_change_at_once(desk: HelpdeskDesk) -> None:
    desk.server.before = [LoginRefused("No.")]
    desk.outbox.send("acme:1", "On Monday.")
    desk.outbox.deliver_due()
    desk.clock.pass_time(29 * 60)
    assert desk.outbox.deliver_due() == 0
    desk.outbox.start()
    desk.connections.change("acme", secrets={"token": "new"})
    eventually(lambda: not desk.outbox.pending())
    assert desk.server.texts()[-1] == "On Monday."


def test_a_ticket_that_is_gone_keeps_the_reply(desk: HelpdeskDesk) -> None:
    item = desk.outbox.send("acme:1", "On Monday.")
    desk.server.drop("1")
    desk.outbox.deliver_due()
    found = desk.outbox.get(item.id)
    assert found is not None
    assert found.state is OutboxState.FAILED
    assert TicketGone.default_remedy in found.error
    assert desk.outbox.withdraw(item.id) == "On Monday."


def test_a_reply_waits_for_a_connection_and_leaves_when_it_is_there(desk: HelpdeskDesk) -> None:
    desk.tickets.save([ticket("T-1")])
    lonely = desk.outbox.send("T-1", "Hello.")
    assert lonely.error == NO_DELIVERY
    desk.connections.enable("acme", False)
    off = desk.outbox.send("acme:1", "On Monday.")
    assert "switched off" in off.error
    assert desk.outbox.deliver_due() == 0
    desk.outbox.start()
    desk.connections.enable("acme")
    eventually(lambda: state(desk, off) is OutboxState.SENT)
    assert state(desk, lonely) is OutboxState.QUEUED


def test_a_failed_reply_can_be_tried_at_once(desk: HelpdeskDesk) -> None:
    desk.server.before = [ServerUnreachable("No network.")]
    item = desk.outbox.send("acme:1", "On Monday.")
    desk.outbox.deliver_due()
    assert desk.outbox.deliver_due() == 0
    desk.outbox.retry(item.id)
    assert desk.outbox.deliver_due() == 1
    with pytest.raises(BadInput, match="not waiting"):
        desk.outbox.retry(item.id)


@pytest.mark.parametrize("text", ["", " \n\t", "\u200b\u00ad", "\u2800", "\u3164 ", "\ufeff"])
def test_an_empty_reply_is_refused_at_every_layer(desk: HelpdeskDesk, text: str) -> None:
    assert is_empty(text)
    with pytest.raises(BadInput):
        desk.outbox.send("acme:1", text)
    now = desk.clock.now()
    item = OutboxItem("o1", "acme:1", text, "", OutboxState.QUEUED, now, now)
    with pytest.raises(BadInput):
        desk.replies.put(item)
    found = desk.tickets.get("acme:1")
    assert found is not None
    with pytest.raises(BadInput):
        desk.delivery.deliver(item, found)
    assert posts(desk) == []


def test_items_of_an_older_version_are_compared_by_time(desk: HelpdeskDesk) -> None:
    now = desk.clock.now() + timedelta(seconds=5)
    desk.clock.pass_time(10)
    desk.replies.put(OutboxItem("o1", "acme:1", "Old.", "", OutboxState.QUEUED, now, now))
    desk.server.write("1", "Newer.")
    desk.outbox.deliver_due()
    assert [m.text for m in desk.outbox.changes("o1")] == ["Newer."]
    assert desk.outbox.changes("o9") == ()
    assert OutboxKind.REPLY.value == "reply"
