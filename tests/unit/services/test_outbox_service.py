from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from support_store import START, FixedClock, Listener, suggestion, ticket

from agent_assist.adapters.helpdesks.local import LocalDelivery
from agent_assist.adapters.storage.database import Database
from agent_assist.adapters.storage.outbox import OutboxStore
from agent_assist.adapters.storage.suggestions import SuggestionStore
from agent_assist.adapters.storage.tickets import TicketStore
from agent_assist.domain.outbox import OutboxItem, OutboxState
from agent_assist.domain.ticket import Message, Role, Ticket, TicketStatus
from agent_assist.errors import BadInput, HubUnreachable, StaleThread
from agent_assist.ports import Delivery
from agent_assist.services.events import ErrorRaised, EventBus, OutboxChanged, TicketChanged
from agent_assist.services.helpdesks.outbox import NO_DELIVERY, OutboxService
from agent_assist.services.options import OptionsService
from agent_assist.services.tickets import TicketService


class Desk:
    """The real services on a real database."""

    def __init__(self, database: Database, make: Callable[[Desk], Delivery | None] | None = None) -> None:
        self.clock = FixedClock()
        self.events = EventBus()
        self.listener = Listener(self.events)
        self.tickets = TicketService(TicketStore(database), self.events, self.clock)
        self.store = OutboxStore(database)
        self.suggestions = SuggestionStore(database)
        self.options = OptionsService(None, self.events)
        self.local = LocalDelivery(self.tickets, {"T-1": "Thanks, one more thing."}, 0.01, clock=self.clock)
        delivery = make(self) if make else self.local
        self.outbox = OutboxService(
            self.store, self.tickets, delivery, self.events, self.clock, self.options, self.suggestions
        )
        self.tickets.save([ticket("T-1"), ticket("T-2")])

    def thread(self, ticket_id: str = "T-1") -> list[str]:
        found = self.tickets.get(ticket_id)
        assert found is not None
        return [m.text for m in found.messages]


class Flaky:
    """A helpdesk that takes a reply and then fails to say so, or fails at once, as told."""

    def __init__(self, inner: LocalDelivery) -> None:
        self.inner = inner
        self.before: list[Exception] = []
        self.after: list[Exception] = []
        self.calls = 0
        self.thread: Ticket | None = None
        """What stands in the helpdesk, where it is not what stands here."""
        self.missing = ""

    settle = timedelta(seconds=30)

    def find(self, item: OutboxItem) -> Message | None:
        return self.inner.find(item)

    def current(self, item: OutboxItem) -> Ticket | None:
        return self.thread

    def ready(self, item: OutboxItem) -> str:
        return self.missing

    def deliver(self, item: OutboxItem, ticket: Ticket) -> Message:
        self.calls += 1
        if self.before:
            raise self.before.pop()
        message = self.inner.deliver(item, ticket)
        if self.after:
            raise self.after.pop()
        return message


@pytest.fixture
def desk(database: Database) -> Iterator[Desk]:
    desk = Desk(database)
    yield desk
    desk.outbox.close()
    desk.local.close()


def test_a_reply_waits_for_the_undo_time_and_is_delivered_once(desk: Desk) -> None:
    item = desk.outbox.send("T-2", "Hello.")
    assert item.state is OutboxState.QUEUED
    assert desk.outbox.deliver_due() == 0
    desk.clock.pass_time(8)
    assert desk.outbox.deliver_due() == 1
    assert desk.outbox.deliver_due() == 0
    assert desk.thread("T-2") == ["Where is my parcel?", "Hello."]
    sent = desk.outbox.get(item.id)
    assert sent is not None
    assert sent.state is OutboxState.SENT
    found = desk.tickets.get("T-2")
    assert found is not None
    assert found.status is TicketStatus.PENDING
    assert found.messages[-1] == Message(item.id, Role.AGENT, "Hello.", desk.clock.now())
    assert [e.item.state for e in desk.listener.of(OutboxChanged)] == ["queued", "sending", "sent"]


def test_a_withdrawn_reply_gives_its_text_back(desk: Desk) -> None:
    item = desk.outbox.send("T-2", "Too early.\n")
    assert desk.outbox.withdraw(item.id) == "Too early.\n"
    desk.clock.pass_time(60)
    assert desk.outbox.deliver_due() == 0
    assert desk.thread("T-2") == ["Where is my parcel?"]
    assert desk.outbox.pending() == []
    late = desk.outbox.send("T-2", "Hello.")
    desk.outbox.deliver_due(late.due_at)
    with pytest.raises(BadInput, match="already been sent"):
        desk.outbox.withdraw(late.id)


@pytest.mark.parametrize("text", ["", " \n\t", "\0", "\u2003"])
def test_an_empty_reply_is_refused(desk: Desk, text: str) -> None:
    with pytest.raises(BadInput, match="empty"):
        desk.outbox.send("T-1", text)
    assert desk.outbox.pending() == []


def test_an_unknown_ticket_is_refused(desk: Desk) -> None:
    with pytest.raises(BadInput, match="T-9"):
        desk.outbox.send("T-9", "Hello")


def test_a_reply_to_an_older_thread_is_refused_unless_forced(desk: Desk) -> None:
    before = desk.tickets.get("T-1")
    assert before is not None
    desk.suggestions.save(suggestion("s1", thread_hash=before.thread_hash))
    desk.outbox.send("T-1", "Fine.", "s1")
    desk.tickets.add_note("T-1", "A note changes nothing.")
    desk.outbox.send("T-1", "Fine.", thread_hash=before.thread_hash)
    desk.tickets.add_message("T-1", Message("new", Role.CUSTOMER, "Wait!"))
    with pytest.raises(StaleThread, match="newer message"):
        desk.outbox.send("T-1", "Old answer.", "s1")
    with pytest.raises(StaleThread):
        desk.outbox.send("T-1", "Old answer.", thread_hash=before.thread_hash)
    assert desk.outbox.send("T-1", "Old answer.", "s1", force=True).state is OutboxState.QUEUED
    assert desk.outbox.send("T-1", "My own.", "unknown").state is OutboxState.QUEUED


def test_the_customer_of_the_demo_desk_writes_back_once(desk: Desk) -> None:
    for text in ("First.", "Second."):
        item = desk.outbox.send("T-1", text)
        desk.outbox.deliver_due(item.due_at)
        _wait(lambda: len(desk.thread()) >= 3)
    found = desk.tickets.get("T-1")
    assert found is not None
    assert desk.thread().count("Thanks, one more thing.") == 1
    assert desk.listener.of(TicketChanged)


def test_no_follow_up_after_the_desk_is_closed(database: Database) -> None:
    desk = Desk(database)
    slow = LocalDelivery(desk.tickets, {"T-1": "Late."}, 30, clock=desk.clock)
    item = desk.outbox.send("T-1", "Hello.")
    found = desk.tickets.get("T-1")
    assert found is not None
    slow.deliver(item, found)
    slow.close()
    slow.deliver(item, found)
    assert desk.thread() == ["Where is my parcel?", "Hello."]


def test_without_a_helpdesk_the_reply_is_kept_and_says_so(database: Database) -> None:
    desk = Desk(database, lambda _: None)
    item = desk.outbox.send("T-1", "Hello.")
    desk.outbox.start()
    desk.clock.pass_time(3600)
    assert desk.outbox.deliver_due() == 0
    assert [(i.state, i.error) for i in desk.outbox.pending()] == [(OutboxState.QUEUED, NO_DELIVERY)]
    assert desk.outbox.withdraw(item.id) == "Hello."
    desk.outbox.close()


def test_a_failed_reply_is_kept_told_once_and_tried_again_later(database: Database) -> None:
    desk = Desk(database, lambda d: Flaky(d.local))
    flaky: Flaky = desk.outbox._delivery  # type: ignore[assignment]
    flaky.before = [HubUnreachable("The helpdesk cannot be reached.") for _ in range(2)]
    item = desk.outbox.send("T-2", "Hello.")
    desk.clock.pass_time(10)
    assert desk.outbox.deliver_due() == 0
    [failed] = desk.outbox.pending()
    assert failed.state is OutboxState.FAILED
    assert failed.error.startswith("The helpdesk cannot be reached.")
    assert desk.outbox.deliver_due() == 0
    assert flaky.calls == 1
    desk.clock.pass_time(15)
    assert desk.outbox.deliver_due() == 0
    desk.clock.pass_time(15)
    assert (desk.outbox.deliver_due(), flaky.calls) == (0, 2)
    desk.clock.pass_time(15)
    assert (desk.outbox.deliver_due(), flaky.calls) == (1, 3)
    assert desk.thread("T-2")[1:] == ["Hello."]
    assert len(desk.listener.of(ErrorRaised)) == 1
    with pytest.raises(BadInput, match="not waiting"):
        desk.outbox.retry(item.id)


def test_a_failed_reply_can_be_taken_back_or_tried_at_once(database: Database) -> None:
    desk = Desk(database, lambda d: Flaky(d.local))
    flaky: Flaky = desk.outbox._delivery  # type: ignore[assignment]
    flaky.before = [HubUnreachable("odd") for _ in range(2)]
    items = [desk.outbox.send("T-2", text) for text in ("One.", "Two.")]
    desk.clock.pass_time(10)
    desk.outbox.deliver_due()
    assert all("odd" in i.error for i in desk.outbox.pending())
    assert desk.outbox.withdraw(items[0].id) == "One."
    desk.outbox.retry(items[1].id)
    assert desk.outbox.deliver_due() == 1
    assert desk.thread("T-2")[1:] == ["Two."]


def test_a_reply_that_arrived_without_a_word_is_not_sent_twice(database: Database) -> None:
    desk = Desk(database, lambda d: Flaky(d.local))
    flaky: Flaky = desk.outbox._delivery  # type: ignore[assignment]
    flaky.after = [TimeoutError("no answer")]
    desk.outbox.send("T-2", "Hello.")
    desk.clock.pass_time(10)
    assert desk.outbox.deliver_due() == 0
    desk.clock.pass_time(60)
    assert desk.outbox.deliver_due() == 1
    assert flaky.calls == 1
    assert desk.thread("T-2")[1:] == ["Hello."]


def test_what_an_earlier_run_left_half_way_is_settled_at_start(desk: Desk) -> None:
    for number, arrived in enumerate((True, False)):
        item = OutboxItem(f"o{number}", "T-2", f"Reply {number}.", "", OutboxState.SENDING, START, START)
        desk.store.put(item)
        if arrived:
            desk.tickets.add_message("T-2", Message(item.id, Role.AGENT, item.text))
    assert desk.outbox.deliver_due() == 0
    desk.outbox.start()
    desk.outbox.start()
    _wait(lambda: not desk.outbox.pending())
    assert desk.thread("T-2")[1:] == ["Reply 0.", "Reply 1."]


def test_the_thread_delivers_by_itself(desk: Desk) -> None:
    desk.options.change({"outbox.undo_seconds": 0})
    desk.outbox.start()
    desk.outbox.send("T-2", "At once.")
    _wait(lambda: not desk.outbox.pending())
    assert desk.thread("T-2")[1:] == ["At once."]


def test_a_reply_for_a_ticket_that_is_gone_is_kept(desk: Desk) -> None:
    desk.store.put(OutboxItem("o1", "gone", "Hello.", "", OutboxState.QUEUED, START, START))
    assert desk.outbox.deliver_due() == 0
    [item] = desk.outbox.pending()
    assert "gone" in item.error
    assert desk.outbox.withdraw("o1") == "Hello."


def test_withdrawing_and_delivering_at_the_same_moment_does_only_one(desk: Desk) -> None:
    desk.options.change({"outbox.undo_seconds": 0})
    for number in range(20):
        item = desk.outbox.send("T-2", f"Reply {number}.")
        taken: list[str] = []

        def withdraw(identity: str = item.id, taken: list[str] = taken) -> None:
            with contextlib.suppress(BadInput):
                taken.append(desk.outbox.withdraw(identity))

        thread = threading.Thread(target=withdraw)
        thread.start()
        sent = desk.outbox.deliver_due()
        thread.join()
        assert sent + len(taken) == 1
        assert (f"Reply {number}." in desk.thread("T-2")) == bool(sent)


def _wait(done: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)
