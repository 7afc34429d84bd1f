from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support_store import with_message

from agent_assist.domain.ticket import (
    Channel,
    Message,
    Role,
    Ticket,
    format_time,
    parse_time,
    ticket_from_json,
    ticket_to_json,
)
from agent_assist.errors import InvalidTicket


def test_only_id_and_messages_are_required() -> None:
    ticket = ticket_from_json({"id": "T-1", "messages": [{"role": "customer", "text": "Hello"}]})
    assert ticket.messages == (Message("m1", Role.CUSTOMER, "Hello"),)
    assert ticket.channel is Channel.EMAIL
    assert ticket.customer.name == ""


def test_reads_every_field_of_the_interchange_form() -> None:
    data = {
        "id": "T-1042",
        "subject": "Wrong size",
        "channel": "chat",
        "language": "en",
        "customer": {"id": "C-7", "name": "Crystal Minh", "email": "cm@example.com"},
        "messages": [{"id": "a", "role": "note", "text": "vip", "created_at": "2026-11-22T09:00:00Z"}],
        "fields": {"order_id": 3348917502, "empty": None},
        "tags": ["returns"],
    }
    ticket = ticket_from_json(data)
    assert ticket.channel is Channel.CHAT
    assert ticket.customer.email == "cm@example.com"
    assert ticket.fields == {"order_id": "3348917502"}
    assert ticket.messages[0].created_at == datetime(2026, 11, 22, 9, tzinfo=UTC)
    assert ticket_from_json(ticket_to_json(ticket)) == ticket


@pytest.mark.parametrize(
    ("data", "part"),
    [
        ([], "object"),
        ({}, "no id"),
        ({"id": True, "messages": []}, "no id"),
        ({"id": "T"}, "list of messages"),
        ({"id": "T", "messages": ["hi"]}, "Message 1"),
        ({"id": "T", "messages": [{"role": "bot", "text": "hi"}]}, "unknown role 'bot'"),
        ({"id": "T", "messages": [{"role": "agent"}]}, "no text"),
        ({"id": "T", "messages": [{"role": "agent", "text": 5}]}, "must be text"),
        ({"id": "T", "messages": [], "customer": 4}, "customer"),
        ({"id": "T", "messages": [], "fields": [1]}, "fields"),
        ({"id": "T", "messages": [], "tags": "a"}, "tags"),
    ],
)
def test_bad_tickets_are_refused_with_the_part_at_fault(data: object, part: str) -> None:
    with pytest.raises(InvalidTicket, match=part):
        ticket_from_json(data)


def test_unknown_channel_is_read_as_web() -> None:
    assert ticket_from_json({"id": 1, "messages": [], "channel": "pigeon"}).channel is Channel.WEB


@given(st.text(st.characters(), max_size=200))
def test_any_text_becomes_storable_text(text: str) -> None:
    ticket = ticket_from_json({"id": "T", "messages": [{"role": "customer", "text": text}]})
    stored = ticket.messages[0].text
    assert "\0" not in stored
    stored.encode("utf-8")


def test_null_bytes_and_lone_surrogates_are_removed() -> None:
    ticket = ticket_from_json({"id": "T", "messages": [{"role": "customer", "text": "a\0b\ud800c"}]})
    assert ticket.messages[0].text == "ab?c"


def _thread(*roles: Role) -> Ticket:
    return Ticket("T", tuple(Message(f"m{i}", role, f"text {i}") for i, role in enumerate(roles)))


def test_open_customer_messages_are_those_after_the_last_reply() -> None:
    ticket = _thread(Role.CUSTOMER, Role.AGENT, Role.CUSTOMER, Role.NOTE, Role.CUSTOMER)
    assert [m.id for m in ticket.open_customer_messages] == ["m2", "m4"]
    assert _thread(Role.CUSTOMER, Role.AGENT).open_customer_messages == ()


def test_thread_hash_ignores_notes_and_sees_replies() -> None:
    ticket = _thread(Role.CUSTOMER)
    assert with_message(ticket, Message("n", Role.NOTE, "x")).thread_hash == ticket.thread_hash
    assert with_message(ticket, Message("a", Role.AGENT, "x")).thread_hash != ticket.thread_hash


@pytest.mark.parametrize("value", [None, "", "yesterday", True, 1e30, [1]])
def test_unreadable_times_are_none(value: object) -> None:
    assert parse_time(value) is None


def test_times_without_a_zone_are_utc() -> None:
    assert format_time(parse_time("2026-11-22T10:00:00")) == "2026-11-22T10:00:00Z"
    assert format_time(parse_time(0)) == "1970-01-01T00:00:00Z"
