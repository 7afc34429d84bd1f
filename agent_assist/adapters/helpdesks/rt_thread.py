"""Request Tracker's tickets, transactions and attachments as tickets of ours."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from json import dumps
from typing import Any, TypeVar

from agent_assist.adapters.helpdesks.rt_session import PER_PAGE, Row, RtSession, name_of, number
from agent_assist.domain.mailtext import Reduced, reduce_mail
from agent_assist.domain.ticket import (
    Attachment,
    Channel,
    Customer,
    Message,
    Role,
    Ticket,
    TicketStatus,
    parse_time,
)
from agent_assist.ports import CancelToken

TYPES = ("Create", "Correspond", "Comment")
"""Transactions with a text; EmailRecord and CommentEmailRecord repeat it as it was mailed."""
TICKET_FIELDS = {
    "fields": "Subject,Status,Created,Queue,Owner,Requestors,CustomFields",
    "fields[Queue]": "Name",
    "fields[Requestors]": "RealName,EmailAddress",
}
PEOPLE = {"fields[Creator]": "RealName"}
STATUS = {
    "new": TicketStatus.OPEN,
    "open": TicketStatus.OPEN,
    "stalled": TicketStatus.PENDING,
    "resolved": TicketStatus.SOLVED,
    "rejected": TicketStatus.SOLVED,
    "deleted": TicketStatus.SOLVED,
}
"""RT's default lifecycle; a status of another one is asked for (see RtConnector)."""
LONGEST_PART = 1_000_000
"""Bytes of text that are read of one part of a message."""
_IDS_IN_ONE_QUERY = 40
_T = TypeVar("_T")
_TOO_LONG = "(This message is too long to be shown here. Open the ticket in Request Tracker.)"


@dataclass(frozen=True, slots=True)
class Thread:
    """What a ticket is made of, apart from its row."""

    transactions: list[Row]
    parts: Mapping[int, list[Row]]
    """By transaction, in RT's order, with the text of those that are text."""


def one_of(name: str, values: Iterable[object]) -> list[dict[str, str]]:
    """RT's JSON search for any of these values."""
    return [{"field": name, "value": str(value)} for value in values]


def chunks(values: Sequence[_T]) -> Iterator[Sequence[_T]]:
    """As many at a time as fit into the address of one request."""
    for start in range(0, len(values), _IDS_IN_ONE_QUERY):
        yield values[start : start + _IDS_IN_ONE_QUERY]


def read_threads(session: RtSession, tickets: Sequence[str], cancel: CancelToken | None) -> dict[str, Thread]:
    """The messages of each ticket.  A ticket's list has those of tickets that were merged into it."""
    found = {ticket: _transactions(session, ticket, cancel) for ticket in tickets}
    parts = read_parts(session, [number(row["id"]) for rows in found.values() for row in rows], cancel)
    return {ticket: Thread(rows, parts) for ticket, rows in found.items()}


def _transactions(session: RtSession, ticket: str, cancel: CancelToken | None) -> list[Row]:
    types = one_of("Type", TYPES)
    return list(session.walk(f"ticket/{ticket}/history", types, "Type,Creator,Created", cancel, **PEOPLE))


def read_parts(
    session: RtSession, transactions: Sequence[int], cancel: CancelToken | None
) -> dict[int, list[Row]]:
    """The parts of these transactions; files are listed and not fetched.

    A transaction's own list gives Content in base64, the list of all attachments gives it as text, so
    the lists are asked: first for what there is, then for the texts that are wanted.
    """
    parts: dict[int, list[Row]] = defaultdict(list)
    fields = "TransactionId,ContentType,Filename,ContentLength"
    for ids in chunks(transactions):
        for row in session.walk("attachments", one_of("TransactionId", ids), fields, cancel):
            parts[number(name_of(row.get("TransactionId")))].append(row)
    wanted = [
        number(row["id"])
        for rows in parts.values()
        for row in rows
        if is_text(row) and 0 < number(row.get("ContentLength")) <= LONGEST_PART
    ]
    texts: dict[int, str] = {}
    for ids in chunks(wanted):
        # These are our own ids of records that were just seen, fewer than a page: one page has them all.
        params = {"query": dumps(one_of("id", ids)), "fields": "Content", "per_page": PER_PAGE}
        for row in session.items("attachments", params, cancel):
            texts[number(row.get("id"))] = str(row.get("Content") or "")
    return {
        transaction: [{**row, "Content": texts.get(number(row["id"]), "")} for row in rows]
        for transaction, rows in parts.items()
    }


def is_text(part: Row) -> bool:
    """Whether this is the text of a message and not a file that came with it."""
    return str(part.get("ContentType") or "").startswith("text/") and not part.get("Filename")


def body(parts: Sequence[Row]) -> Reduced:
    """The new text of a message.  Of a plain and an HTML version the plain one is taken."""
    texts = [part for part in parts if is_text(part) and str(part.get("Content") or "").strip()]
    plain = [part for part in texts if part.get("ContentType") == "text/plain"]
    chosen = [
        reduce_mail(str(part["Content"]), html=part.get("ContentType") == "text/html")
        for part in plain or texts
    ]
    if not chosen:
        cut = any(is_text(part) and number(part.get("ContentLength")) > LONGEST_PART for part in parts)
        return Reduced(_TOO_LONG if cut else "", "")
    return Reduced(
        "\n\n".join(filter(None, (part.text for part in chosen))),
        "\n\n".join(filter(None, (part.folded for part in chosen))),
    )


def message(transaction: Row, parts: Sequence[Row], role: Role) -> Message:
    """A transaction and its attachments as one message; parts without a file name are its body."""
    reduced = body(parts)
    creator = transaction.get("Creator")
    named = creator if isinstance(creator, Mapping) else {}
    return Message(
        id=str(transaction.get("id")),
        role=role,
        text=reduced.text,
        created_at=parse_time(transaction.get("Created")),
        author=str(named.get("RealName") or name_of(creator)),
        folded=reduced.folded,
        attachments=tuple(
            Attachment(
                str(part["Filename"]),
                str(part.get("ContentType") or ""),
                number(part.get("ContentLength")) or None,
            )
            for part in parts
            if part.get("Filename")
        ),
    )


def role_of(transaction: Row, requestors: Collection[str], me: str, is_staff: Callable[[str], bool]) -> Role:
    """Who speaks: a comment is internal; of the rest, requestors and people without rights are customers.

    What an agent enters when he opens a ticket for somebody is that customer's request.
    """
    name = name_of(transaction.get("Creator"))
    if transaction.get("Type") == "Comment":
        return Role.NOTE
    if transaction.get("Type") == "Create":
        return Role.CUSTOMER
    if name in (me, "RT_System"):
        return Role.AGENT
    return Role.AGENT if name not in requestors and is_staff(name) else Role.CUSTOMER


def to_ticket(
    row: Row, thread: Thread, me: str, status: TicketStatus, is_staff: Callable[[str], bool]
) -> Ticket:
    """A ticket with its messages, oldest first; empty ones (RT takes empty replies) are left out."""
    people = [person for person in _list(row.get("Requestors")) if isinstance(person, Mapping)]
    requestors = {name_of(person) for person in people}
    messages = [
        message(t, thread.parts.get(number(t["id"]), []), role_of(t, requestors, me, is_staff))
        for t in sorted(thread.transactions, key=lambda t: (str(t.get("Created")), number(t["id"])))
    ]
    first: Mapping[str, Any] = people[0] if people else {}
    queue = row.get("Queue")
    fields = {"queue": str(queue.get("Name") or "")} if isinstance(queue, Mapping) else {}
    for custom in _list(row.get("CustomFields")):
        values = ", ".join(str(v) for v in _list(custom.get("values")) if v not in (None, ""))
        if values:
            fields[str(custom.get("name"))] = values
    return Ticket(
        id=str(row["id"]),
        messages=tuple(m for m in messages if m.text or m.folded or m.attachments),
        subject=str(row.get("Subject") or ""),
        channel=Channel.EMAIL,
        customer=Customer(
            name_of(first), str(first.get("RealName") or ""), str(first.get("EmailAddress") or "")
        ),
        fields={name: value for name, value in fields.items() if value},
        status=status,
    )


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
