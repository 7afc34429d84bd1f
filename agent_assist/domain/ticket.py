"""A customer's conversation with the company, in the form that every part of the product shares."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from agent_assist.errors import InvalidTicket


class Channel(StrEnum):
    """How the customer writes; decides on the tone, the length and the greeting of a reply."""

    CHAT = "chat"
    EMAIL = "email"
    SOCIAL = "social"
    MESSAGING = "messaging"
    PHONE = "phone"
    WEB = "web"


LETTER = frozenset({Channel.EMAIL, Channel.WEB})
"""Channels whose replies have a greeting line and a closing."""


class Role(StrEnum):
    """Who wrote a message; a note is internal and never reaches the customer."""

    CUSTOMER = "customer"
    AGENT = "agent"
    NOTE = "note"


class TicketStatus(StrEnum):
    """The helpdesks' own states are mapped to these."""

    OPEN = "open"
    PENDING = "pending"
    """Waits for the customer or somebody else."""
    SOLVED = "solved"


@dataclass(frozen=True, slots=True)
class Customer:
    """Who asks; what the helpdesk does not know is empty."""

    id: str = ""
    """The helpdesk's."""
    name: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that came with a message: listed, never opened."""

    name: str
    media_type: str = ""
    size: int | None = None
    """Bytes, where the helpdesk says."""


@dataclass(frozen=True, slots=True)
class Message:
    """One contribution to the thread."""

    id: str
    """Unique in its ticket."""
    role: Role
    text: str
    """The new text alone."""
    created_at: datetime | None = None
    author: str = ""
    """Who wrote it, as the helpdesk names them; may be empty."""
    folded: str = ""
    """Quoted history and signature of a mail, shown on demand and never read by the model."""
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class Ticket:
    """One conversation, oldest message first."""

    id: str
    messages: tuple[Message, ...]
    subject: str = ""
    channel: Channel = Channel.EMAIL
    language: str | None = None
    customer: Customer = field(default_factory=Customer)
    fields: Mapping[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    status: TicketStatus = TicketStatus.OPEN

    @property
    def last_customer_message(self) -> Message | None:
        return next((m for m in reversed(self.messages) if m.role is Role.CUSTOMER), None)

    @property
    def open_customer_messages(self) -> tuple[Message, ...]:
        """What the customer has written since the last public reply: what a draft must answer."""
        run: list[Message] = []
        for message in reversed(self.messages):
            if message.role is Role.AGENT:
                break
            if message.role is Role.CUSTOMER:
                run.append(message)
        return tuple(reversed(run))

    @property
    def thread_hash(self) -> str:
        """Changes whenever the public conversation changes; a draft is stale when it differs."""
        digest = hashlib.sha256()
        for message in self.messages:
            if message.role is not Role.NOTE:
                digest.update(
                    f"{message.id}\0{message.role}\0{message.text}\0".encode("utf-8", "surrogatepass")
                )
        return digest.hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class TicketSummary:
    """One row of the queue."""

    id: str
    subject: str
    channel: Channel
    language: str | None
    status: TicketStatus
    customer_name: str
    excerpt: str
    message_count: int
    updated_at: datetime | None
    unread: bool
    waiting: bool
    """True when the customer wrote last."""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class QueueFilter:
    """What the queue shows; empty values do not restrict."""

    text: str = ""
    status: TicketStatus | None = TicketStatus.OPEN
    channel: Channel | None = None
    language: str | None = None
    unread_only: bool = False
    waiting_only: bool = False
    limit: int = 500
    """Rows, the newest ones."""


def parse_time(value: object) -> datetime | None:
    """Read ISO 8601 text or seconds since the epoch; None for anything else, UTC where no zone is given."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        try:
            return datetime.fromtimestamp(value, UTC)
        except (OverflowError, OSError, ValueError):
            return None
    if isinstance(value, str) and value.strip():
        try:
            moment = datetime.fromisoformat(value.strip())
        except ValueError:
            return None
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return None


def format_time(moment: datetime | None) -> str | None:
    """ISO 8601 in UTC, ending in Z; a naive time is taken for local."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z") if moment else None


def _text(value: object, what: str) -> str:
    """Text without NUL and lone surrogates, which neither the database nor the model can hold."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InvalidTicket(f"{what} must be text, not {type(value).__name__}.")
    return value.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def _message(data: object, position: int) -> Message:
    if not isinstance(data, Mapping):
        raise InvalidTicket(f"Message {position} must be an object, not {type(data).__name__}.")
    try:
        role = Role(data.get("role", "customer"))
    except ValueError:
        raise InvalidTicket(f"Message {position} has the unknown role {data.get('role')!r}.") from None
    if "text" not in data:
        raise InvalidTicket(f"Message {position} has no text.")
    identity = data.get("id")
    return Message(
        id=str(identity) if identity not in (None, "") else f"m{position}",
        role=role,
        text=_text(data["text"], f"The text of message {position}"),
        created_at=parse_time(data.get("created_at")),
        author=_text(data.get("author"), f"The author of message {position}"),
        folded=_text(data.get("folded"), f"The folded part of message {position}"),
        attachments=_attachments(data.get("attachments"), position),
    )


def _attachments(data: object, position: int) -> tuple[Attachment, ...]:
    """Names, or objects with a name, and optionally a media type and a size in bytes."""
    if data is None:
        return ()
    if not isinstance(data, list):
        raise InvalidTicket(f"The attachments of message {position} must be a list.")
    found = []
    for item in data:
        entry = item if isinstance(item, Mapping) else {"name": item}
        size = entry.get("size")
        found.append(
            Attachment(
                name=_text(entry.get("name"), f"The name of an attachment of message {position}"),
                media_type=_text(entry.get("media_type"), "The media type of an attachment"),
                size=size if isinstance(size, int) and not isinstance(size, bool) and size >= 0 else None,
            )
        )
    return tuple(found)


def attachment_to_json(attachment: Attachment) -> dict[str, Any]:
    """The interchange form: what it is called and how large it is, not its contents."""
    return {"name": attachment.name, "media_type": attachment.media_type, "size": attachment.size}


def _message_to_json(message: Message) -> dict[str, Any]:
    data: dict[str, Any] = {
        "id": message.id,
        "role": message.role.value,
        "text": message.text,
        "created_at": format_time(message.created_at),
    }
    if message.author:
        data["author"] = message.author
    if message.folded:
        data["folded"] = message.folded
    if message.attachments:
        data["attachments"] = [attachment_to_json(a) for a in message.attachments]
    return data


def ticket_from_json(data: object) -> Ticket:
    """Read the interchange form of a ticket.

    Only `id` and `messages` are required.  Raises InvalidTicket with a sentence that names the
    part at fault.  An unknown channel is read as `web`.
    """
    if not isinstance(data, Mapping):
        raise InvalidTicket(f"A ticket must be an object, not {type(data).__name__}.")
    identity = data.get("id")
    if isinstance(identity, bool) or not isinstance(identity, str | int) or identity == "":
        raise InvalidTicket("The ticket has no id.")
    messages = data.get("messages")
    if not isinstance(messages, list):
        raise InvalidTicket(f"Ticket {identity} has no list of messages.")
    customer = data.get("customer") or {}
    if isinstance(customer, str):
        customer = {"name": customer}
    if not isinstance(customer, Mapping):
        raise InvalidTicket(f"The customer of ticket {identity} must be an object.")
    fields = data.get("fields") or {}
    if not isinstance(fields, Mapping):
        raise InvalidTicket(f"The fields of ticket {identity} must be an object.")
    tags = data.get("tags") or []
    if not isinstance(tags, list):
        raise InvalidTicket(f"The tags of ticket {identity} must be a list.")
    channel = str(data.get("channel") or "email")
    status = str(data.get("status") or "open")
    language = data.get("language")
    return Ticket(
        id=str(identity),
        subject=_text(data.get("subject"), f"The subject of ticket {identity}"),
        channel=Channel(channel) if channel in set(Channel) else Channel.WEB,
        language=_text(language, f"The language of ticket {identity}") or None,
        customer=Customer(*(_text(str(customer.get(k) or ""), k) for k in ("id", "name", "email"))),
        messages=tuple(_message(m, i) for i, m in enumerate(messages, 1)),
        fields={str(k): _text(str(v), str(k)) for k, v in fields.items() if v is not None},
        tags=tuple(str(t) for t in tags),
        status=TicketStatus(status) if status in set(TicketStatus) else TicketStatus.OPEN,
    )


def ticket_to_json(ticket: Ticket) -> dict[str, Any]:
    """The interchange form; `ticket_from_json` reads it back to an equal ticket."""
    return {
        "id": ticket.id,
        "subject": ticket.subject,
        "channel": ticket.channel.value,
        "language": ticket.language,
        "status": ticket.status.value,
        "customer": {"id": ticket.customer.id, "name": ticket.customer.name, "email": ticket.customer.email},
        "messages": [_message_to_json(m) for m in ticket.messages],
        "fields": dict(ticket.fields),
        "tags": list(ticket.tags),
    }
