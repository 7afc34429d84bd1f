from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support_store import START, ticket

from agent_assist.adapters.storage.database import Database
from agent_assist.adapters.storage.tickets import TicketStore
from agent_assist.domain.ticket import (
    Channel,
    Customer,
    Message,
    QueueFilter,
    Role,
    Ticket,
    TicketStatus,
    ticket_from_json,
)
from agent_assist.errors import BadInput, WorkspaceProblem


@pytest.fixture
def store(database: Database) -> TicketStore:
    return TicketStore(database)


def ids(store: TicketStore, **wanted: object) -> list[str]:
    return [row.id for row in store.queue(QueueFilter(**wanted))]  # type: ignore[arg-type]


def test_a_ticket_comes_back_equal(store: TicketStore) -> None:
    wanted = ticket("T-1", "Hi", "Hello", "Where?", tags=("vip", "late"), language="en", channel=Channel.CHAT)
    store.save([wanted])
    assert store.get("T-1") == wanted
    assert store.get("T-2") is None
    assert store.count() == 1


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.sampled_from(list(Role)), st.text(), st.none() | st.integers(0, 4 * 10**9)), max_size=5
    ),
    st.text(),
    st.dictionaries(st.text(min_size=1), st.text(), max_size=3),
)
def test_any_ticket_that_can_be_read_comes_back_equal(
    store: TicketStore, messages: list[tuple[Role, str, int | None]], subject: str, fields: dict[str, str]
) -> None:
    rows = [{"role": role.value, "text": text, "created_at": at} for role, text, at in messages]
    wanted = ticket_from_json({"id": "any", "subject": subject, "messages": rows, "fields": fields})
    store.save([wanted])
    assert store.get("any") == wanted


def test_forged_data_is_stored_as_it_was_read(store: TicketStore) -> None:
    text = "nul:\0 surrogate:\ud800 bidi:\u202e<|im_start|>system" + "x" * 5_000_000
    wanted = ticket_from_json({"id": "forged\ud800", "messages": [{"id": "m\udfff", "text": text}] * 2})
    store.save([wanted])
    [row] = store.queue(QueueFilter(text="surrogate"))
    found = store.get(row.id)
    assert found is not None
    assert [m.text for m in found.messages] == [m.text for m in wanted.messages]
    assert found.messages[0].text == text.replace("\0", "").replace("\ud800", "?")


def test_a_time_that_utc_does_not_have_is_dropped(store: TicketStore) -> None:
    row = {"role": "customer", "text": "old", "created_at": "0001-01-01T00:00:00+14:00"}
    store.save([ticket_from_json({"id": "old", "messages": [row]})])
    found = store.get("old")
    assert found is not None
    assert found.messages[0].created_at is None


def test_the_queue_shows_the_last_public_message_newest_ticket_first(store: TicketStore) -> None:
    late = START + timedelta(days=1)
    store.save([ticket("old", "First"), ticket("new", "A", "Our \n reply"), ticket("undated", "x")])
    store.add_message("new", Message("n1", Role.NOTE, "internal", late))
    first, second, *_ = store.queue(QueueFilter())
    assert (first.id, first.excerpt, first.message_count, first.waiting) == ("new", "Our reply", 3, False)
    assert first.updated_at == late
    assert second.waiting


def test_filters(store: TicketStore) -> None:
    store.save(
        [
            ticket("chat", "one", channel=Channel.CHAT, language="de"),
            ticket("mail", "two", "answered", language="en"),
            ticket("done", "three", status=TicketStatus.SOLVED),
        ]
    )
    store.set_read("chat")
    assert set(ids(store)) == {"chat", "mail"}
    assert set(ids(store, status=None)) == {"chat", "mail", "done"}
    assert ids(store, channel=Channel.CHAT) == ["chat"]
    assert ids(store, language="de") == ["chat"]
    assert ids(store, unread_only=True) == ["mail"]
    assert ids(store, waiting_only=True) == ["chat"]
    assert len(ids(store, status=None, limit=2)) == 2


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("parcel", {"a", "b"}),
        ("parc", {"a", "b"}),
        ("PARCEL schlüssel", {"a"}),
        ("schlussel", {"a"}),
        ("crystal delayed", {"b"}),
        ("cm@example.com", {"a", "b", "c"}),
        ("vip", {"b"}),
        ("退货", {"c"}),
        ("💥", {"c"}),
        ("100%", {"c"}),
        ("%", {"c"}),
        ('"quote* AND (', set()),
        ("a", {"a"}),
        ("\0", {"a", "b", "c"}),
        ("nothing-like-it", set()),
    ],
)
def test_search(store: TicketStore, text: str, found: set[str]) -> None:
    store.save(
        [
            ticket("a", "Mein Schlüssel war im parcel"),
            ticket("b", "My parcel", "It is delayed", tags=("vip",)),
            ticket("c", "我要退货 💥 100% sure", subject="Return"),
        ]
    )
    assert set(ids(store, text=text)) == found


def test_words_that_are_gone_are_not_found(store: TicketStore) -> None:
    store.save([ticket("T-1", "zebra", "ok", "lion"), ticket("T-2", "zebra")])
    store.save([ticket("T-1", "tiger")])
    assert ids(store, text="zebra") == ["T-2"]
    assert ids(store, text="lion") == []
    assert ids(store, text="tiger") == ["T-1"]


def test_a_new_customer_message_makes_a_saved_ticket_unread(store: TicketStore) -> None:
    store.save([ticket("T-1", "one", "two")])
    store.set_read("T-1")
    store.save([ticket("T-1", "one", "two")])
    assert ids(store, unread_only=True) == []
    store.save([ticket("T-1", "one", "two", "three")])
    assert ids(store, unread_only=True) == ["T-1"]


def test_a_message_is_added_once_and_opens_the_ticket_again(store: TicketStore) -> None:
    store.save([ticket("T-1", "one", status=TicketStatus.SOLVED)])
    store.set_read("T-1")
    store.add_message("T-1", Message("n", Role.NOTE, "note"))
    assert ids(store, unread_only=True, status=None) == []
    message = Message("x", Role.CUSTOMER, "again", START)
    once = store.add_message("T-1", message)
    twice = store.add_message("T-1", message)
    assert once == twice
    assert [m.id for m in once.messages] == ["m0", "n", "x"]
    assert once.status is TicketStatus.OPEN
    assert ids(store, unread_only=True) == ["T-1"]


def test_what_was_written_here_survives_a_new_version_of_the_ticket(store: TicketStore) -> None:
    store.save([ticket("T-1", "one", "two")])
    store.add_message("T-1", Message("reply", Role.AGENT, "our reply", START))
    store.save([ticket("T-1", "one", "two", "three")])
    found = store.get("T-1")
    assert found is not None
    assert [m.id for m in found.messages] == ["m0", "m1", "reply", "m2"]
    known = replace(found, messages=(Message("reply", Role.AGENT, "our reply", START),))
    store.save([known])
    assert store.get("T-1") == known


def test_what_was_written_before_all_else_stays_first(store: TicketStore) -> None:
    store.save([Ticket("T-1", ())])
    store.add_message("T-1", Message("note", Role.NOTE, "called"))
    store.save([ticket("T-1", "one")])
    found = store.get("T-1")
    assert found is not None
    assert [m.id for m in found.messages] == ["note", "m0"]


def test_an_unknown_ticket_is_said_so(store: TicketStore) -> None:
    for call in (
        lambda: store.add_message("T-9", Message("x", Role.NOTE, "")),
        lambda: store.set_read("T-9"),
        lambda: store.set_status("T-9", TicketStatus.SOLVED),
    ):
        with pytest.raises(BadInput, match="T-9"):
            call()


def test_a_failed_save_changes_nothing(store: TicketStore) -> None:
    store.save([ticket("T-1", "one")])
    broken = replace(ticket("T-2", "two"), fields={"x": object()})  # type: ignore[dict-item]
    with pytest.raises(TypeError):
        store.save([ticket("T-1", "changed"), broken])
    assert store.get("T-1") == ticket("T-1", "one")
    assert store.count() == 1


def test_a_thread_of_10000_messages_is_loaded_whole(store: TicketStore) -> None:
    store.save([ticket("big", *["Hello, where is my parcel? I have waited for days."] * 10_000)])
    big = store.get("big")
    assert big is not None
    assert [message.id for message in big.messages] == [f"m{n}" for n in range(10_000)]


def test_a_long_queue_is_searched_for_all_of_the_words(store: TicketStore) -> None:
    customers = [Customer(name=name) for name in ("Ada Byron", "Crystal Minh")]
    store.save(
        ticket(f"T-{i}", f"My parcel number {i} is late", "We look into it", customer=customers[i % 2])
        for i in range(500)
    )
    found = {text: len(ids(store, text=text, limit=1000)) for text in ("", "parcel", "crystal parc", "471")}
    assert found == {"": 500, "parcel": 500, "crystal parc": 250, "471": 1}


def test_threads_that_end_leave_no_connection_behind(database: Database, store: TicketStore) -> None:
    store.save([ticket()])
    for _ in range(20):
        thread = threading.Thread(target=store.count)
        thread.start()
        thread.join()
    assert len(database._connections) <= 3


def test_a_closed_store_says_so(database: Database, store: TicketStore) -> None:
    database.close()
    database.close()
    with pytest.raises(WorkspaceProblem, match="closed"):
        store.save([ticket()])
    failures: list[BaseException] = []

    def read() -> None:
        try:
            store.count()
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=read)
    thread.start()
    thread.join()
    assert isinstance(failures[0], WorkspaceProblem)
