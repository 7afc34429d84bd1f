"""Parts that the tests of the store, the outbox and the feedback share."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from agent_assist.adapters.storage.database import Database
from agent_assist.domain.knowledge import Hit, Passage
from agent_assist.domain.suggestion import Decision, Origin, Sentence, Suggestion
from agent_assist.domain.ticket import Channel, Customer, Message, Role, Ticket
from agent_assist.services.events import Event, EventBus

START = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


class FixedClock:
    """Stands still until told."""

    def __init__(self) -> None:
        self.moment = START

    def now(self) -> datetime:
        return self.moment

    def pass_time(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


class Listener:
    """Keeps what an event bus delivers."""

    def __init__(self, events: EventBus) -> None:
        self.events: list[Event] = []
        events.subscribe(self.events.append)

    def of(self, kind: type) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


def open_database(folder: Path) -> Database:
    return Database(folder / "workspace.db", os.urandom(32))


def ticket(identity: str = "T-1", *texts: str, **changes: Any) -> Ticket:
    """A ticket whose messages alternate between customer and agent."""
    roles = (Role.CUSTOMER, Role.AGENT)
    messages = tuple(
        Message(f"m{i}", roles[i % 2], text, START + timedelta(minutes=i))
        for i, text in enumerate(texts or ("Where is my parcel?",))
    )
    values: dict[str, Any] = {
        "subject": "Parcel",
        "channel": Channel.EMAIL,
        "customer": Customer("C-7", "Crystal Minh", "cm@example.com"),
        "fields": {"order_id": "3348917502"},
    }
    return Ticket(identity, messages, **(values | changes))


def suggestion(
    identity: str = "s1", text: str = "Your parcel arrives on Monday.", **changes: Any
) -> Suggestion:
    passage = Passage(
        7, "a1", 0, "Delivery", "Parcels arrive within three days. Call +49 30 901820.", "Delivery"
    )
    values: dict[str, Any] = {
        "ticket_id": "T-1",
        "message_ids": ("m0",),
        "thread_hash": "",
        "decision": Decision.DRAFT,
        "origin": Origin.MODEL,
        "text": text,
        "sentences": (Sentence(text, 0, len(text), ("a1",), (7,)),),
        "hits": (Hit(passage, 0.8, 0.7, 3.5),),
        "confidence": 0.75,
        "reasons": ("One article answers this.",),
        "language": "en",
        "channel": "email",
        "model_name": "smollm2",
        "model_sha256": "ab" * 32,
        "adapter_sha256": "",
        "prompt_version": "1",
        "created_at": START,
    }
    return Suggestion(id=identity, **(values | changes))


def with_message(ticket: Ticket, message: Message) -> Ticket:
    """The ticket after one more message."""
    return replace(ticket, messages=(*ticket.messages, message))
