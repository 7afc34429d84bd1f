"""One ticket with its messages, to and from the rows of the database; inside a transaction."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from agent_assist.adapters.storage.rows import clean, stamp
from agent_assist.domain.helpdesk import TicketChange
from agent_assist.domain.ticket import Attachment, Channel, Customer, Message, Role, Ticket, TicketStatus

EXCERPT_CHARACTERS = 160
INDEXED_CHARACTERS = 100_000
"""Of one message: nobody searches for the tail of a pasted log, and indexing 5 MB takes a second."""
ECHO = timedelta(minutes=15)
"""How much earlier than here a message written here may stand in the helpdesk: clocks differ."""

_ROLES = {role.value: role for role in Role}
_SPACE = re.compile(r"\s+")
_COLUMNS = "id, role, text, created_at, local, author, folded, attachments"

Held = tuple[Message, bool]
"""A message, and whether it was written here."""


def header(conn: Any, ticket_id: str) -> Any:
    """The ticket's row: its number first, then what `save` writes, in that order; None where it is new."""
    return conn.execute(
        """SELECT row, source, subject, channel, language, status, customer_id, customer_name,
            customer_email, fields, tags, connection, unread FROM tickets WHERE id = ?""",
        (ticket_id,),
    ).fetchone()


def load(conn: Any, ticket_id: str) -> Ticket | None:
    """A ticket with its whole thread; None where it is not here."""
    row = header(conn, ticket_id)
    if row is None:
        return None
    return Ticket(
        id=ticket_id,
        subject=row[2],
        channel=Channel(row[3]),
        language=row[4],
        status=TicketStatus(row[5]),
        customer=Customer(row[6], row[7], row[8]),
        fields=json.loads(row[9]),
        tags=tuple(json.loads(row[10])),
        messages=tuple(message for message, _ in thread(conn, ticket_id)),
    )


def thread(conn: Any, ticket_id: str) -> list[Held]:
    """The messages, oldest first."""
    rows = conn.execute(
        f"SELECT {_COLUMNS} FROM messages WHERE ticket_id = ? ORDER BY position",  # noqa: S608 -- our names
        (ticket_id,),
    ).fetchall()
    read = datetime.fromisoformat
    return [
        (Message(i, _ROLES[r], t, read(c) if c else None, a, f, _attachments(files)), bool(local))
        for i, r, t, c, local, a, f, files in rows
    ]


def save(conn: Any, ticket: Ticket, *, source: str = "", connection: str = "") -> TicketChange | None:
    """Insert or replace one ticket; None where nothing changed.

    A ticket of a file is unread when it is new and when the customer wrote, one of a helpdesk only where
    nobody has answered: its history comes with it.
    """
    identity = clean(ticket.id)
    known = header(conn, identity)
    before = thread(conn, identity) if known else []
    after = _merged(before, [_cleaned(m) for m in ticket.messages], echoes=bool(connection))
    values = _values(ticket, source, connection)
    if known and after == before and tuple(known[1:12]) == tuple(values.values()):
        return None
    news = _news(before, after)
    waiting = _last_public(after).role is Role.CUSTOMER
    if known is None:
        unread = waiting or not connection
    else:
        unread = bool(known[12]) or (bool(news) if connection else _customer_wrote(before, after))
    summary = _summary(after) | {"unread": int(unread)}
    row = _write_header(conn, identity, known, values | summary)
    if after != before:
        same = 0
        while same < len(before) and same < len(after) and before[same] == after[same]:
            same += 1
        if same < len(before):
            _cut(conn, row, identity, same)
        _insert(conn, row, identity, [(same + i, m, local) for i, (m, local) in enumerate(after[same:])])
    if known is None or tuple(known[1:11]) != tuple(values.values())[:10]:
        _index_header(conn, row, ticket, new=known is None)
    return TicketChange(identity, values["subject"], created=known is None, news=news)


def append(conn: Any, ticket_id: str, message: Message) -> bool:
    """Add a message that was written here, once; False where there is no such ticket.

    One of the customer makes the ticket unread and opens it again.
    """
    found = header(conn, ticket_id)
    if found is None:
        return False
    new = _cleaned(message)
    known = "SELECT 1 FROM messages WHERE ticket_id = ? AND id = ?"
    if not conn.execute(known, (ticket_id, new.id)).fetchone():
        last = "SELECT coalesce(max(position), -1) FROM messages WHERE ticket_id = ?"
        position = conn.execute(last, (ticket_id,)).fetchone()[0] + 1
        _insert(conn, found[0], ticket_id, [(position, new, True)])
        if message.role is Role.CUSTOMER:
            conn.execute("UPDATE tickets SET unread = 1, status = 'open' WHERE id = ?", (ticket_id,))
        _summarise(conn, ticket_id)
    return True


def remove(conn: Any, ticket_id: str) -> bool:
    """Drop a ticket with its messages and words; False where there is none."""
    found = header(conn, ticket_id)
    if found is None:
        return False
    conn.execute(
        "DELETE FROM tickets_fts WHERE rowid BETWEEN ? AND ?",
        (_word_row(found[0]), _word_row(found[0] + 1) - 1),
    )
    conn.execute("DELETE FROM messages WHERE ticket_id = ?", (ticket_id,))
    conn.execute("DELETE FROM tickets WHERE id = ?", (ticket_id,))
    return True


def reindex(conn: Any, ticket_id: str) -> None:
    """Bring the word index and what the queue shows of a ticket up to date with its rows."""
    row = header(conn, ticket_id)[0]
    ticket = load(conn, ticket_id)
    if ticket is None:
        return
    conn.execute(
        "DELETE FROM tickets_fts WHERE rowid BETWEEN ? AND ?", (_word_row(row), _word_row(row + 1) - 1)
    )
    conn.executemany(
        "INSERT INTO tickets_fts (rowid, text) VALUES (?, ?)",
        [(_word_row(row, n), m.text[:INDEXED_CHARACTERS]) for n, m in _positions(conn, ticket)],
    )
    _index_header(conn, row, ticket, new=True)
    _summarise(conn, ticket_id)


def _positions(conn: Any, ticket: Ticket) -> list[tuple[int, Message]]:
    rows = conn.execute("SELECT position FROM messages WHERE ticket_id = ? ORDER BY position", (ticket.id,))
    return [(row[0], message) for row, message in zip(rows, ticket.messages)]


def _values(ticket: Ticket, source: str, connection: str) -> dict[str, Any]:
    return {
        "source": source,
        "subject": clean(ticket.subject),
        "channel": ticket.channel.value,
        "language": ticket.language,
        "status": ticket.status.value,
        "customer_id": clean(ticket.customer.id),
        "customer_name": clean(ticket.customer.name),
        "customer_email": clean(ticket.customer.email),
        "fields": json.dumps(dict(ticket.fields)),
        "tags": json.dumps(list(ticket.tags)),
        "connection": connection,
    }


def _write_header(conn: Any, identity: str, known: Any, values: dict[str, Any]) -> int:
    """Returns the ticket's number."""
    if known is None:
        names = ", ".join(values)
        marks = ", ".join("?" * (len(values) + 1))
        done = conn.execute(
            f"INSERT INTO tickets (id, {names}) VALUES ({marks})",  # noqa: S608 -- our names
            (identity, *values.values()),
        )
        return int(done.lastrowid)
    names = ", ".join(f"{name} = ?" for name in values)
    conn.execute(f"UPDATE tickets SET {names} WHERE id = ?", (*values.values(), identity))  # noqa: S608
    return int(known[0])


def _cleaned(message: Message) -> Message:
    at = message.created_at
    return Message(
        clean(message.id),
        message.role,
        clean(message.text),
        at.replace(tzinfo=UTC) if at and at.tzinfo is None else at,
        clean(message.author),
        clean(message.folded),
        tuple(Attachment(clean(a.name), clean(a.media_type), a.size) for a in message.attachments),
    )


def _merged(before: list[Held], incoming: list[Message], *, echoes: bool) -> list[Held]:
    """The incoming thread with what was written here put after the message it followed.

    With `echoes` a message that was written here goes when the same words come back from the helpdesk
    under another id: it is the same one.
    """
    known = {message.id for message in incoming}
    held = {message.id for message, _ in before}
    fresh = [m for m in incoming if m.id not in held] if echoes else []
    followers: dict[str, list[Message]] = {}
    anchor = ""
    for message, local in before:
        if message.id in known:
            anchor = message.id
        elif local and not any(_is_echo(message, other) for other in fresh):
            followers.setdefault(anchor, []).append(message)
    merged = [(message, True) for message in followers.pop("", [])]
    for message in incoming:
        merged.append((message, False))
        merged += [(follower, True) for follower in followers.pop(message.id, [])]
    return merged


def _is_echo(written: Message, come: Message) -> bool:
    if written.role is not come.role or written.text.split() != come.text.split():
        return False
    return not (written.created_at and come.created_at) or come.created_at >= written.created_at - ECHO


def _news(before: list[Held], after: list[Held]) -> tuple[Message, ...]:
    """Messages of the customer that are new and not answered."""
    known = {message.id for message, _ in before}
    run: list[Message] = []
    for message, _ in reversed(after):
        if message.role is Role.AGENT:
            break
        if message.role is Role.CUSTOMER and message.id not in known:
            run.append(message)
    return tuple(reversed(run))


def _customer_wrote(before: list[Held], after: list[Held]) -> bool:
    known = {message.id for message, _ in before}
    return any(m.role is Role.CUSTOMER and m.id not in known for m, _ in after)


_NOBODY = Message("", Role.AGENT, "")


def _last_public(held: list[Held]) -> Message:
    return next((m for m, _ in reversed(held) if m.role is not Role.NOTE), _NOBODY)


def _summary(held: list[Held]) -> dict[str, Any]:
    """What the queue shows of a ticket."""
    last = _last_public(held)
    times = [text for text in (stamp(m.created_at) for m, _ in held) if text]
    return {
        "message_count": len(held),
        "updated_at": max(times, default=None),
        "excerpt": _SPACE.sub(" ", last.text[:2000]).strip()[:EXCERPT_CHARACTERS],
        "waiting": int(last.role is Role.CUSTOMER),
    }


def _cut(conn: Any, row: int, ticket_id: str, position: int) -> None:
    """Remove the messages from `position` on."""
    conn.execute("DELETE FROM messages WHERE ticket_id = ? AND position >= ?", (ticket_id, position))
    conn.execute(
        "DELETE FROM tickets_fts WHERE rowid BETWEEN ? AND ?",
        (_word_row(row, position), _word_row(row + 1) - 1),
    )


def _word_row(row: int, position: int = -1) -> int:
    """The row of the word index for a message; for the ticket's own words without a position."""
    return (row << 24) + position + 1


def _insert(conn: Any, row: int, ticket_id: str, messages: Sequence[tuple[int, Message, bool]]) -> None:
    conn.executemany(
        f"INSERT INTO messages (ticket_id, position, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
        [
            (
                *(ticket_id, position, m.id, m.role.value, m.text, stamp(m.created_at), local),
                *(m.author, m.folded, _attachments_text(m.attachments)),
            )
            for position, m, local in messages
        ],
    )
    conn.executemany(
        "INSERT INTO tickets_fts (rowid, text) VALUES (?, ?)",
        [(_word_row(row, position), m.text[:INDEXED_CHARACTERS]) for position, m, _ in messages],
    )


def _attachments_text(attachments: tuple[Attachment, ...]) -> str:
    return json.dumps([[a.name, a.media_type, a.size] for a in attachments]) if attachments else ""


def _attachments(text: str) -> tuple[Attachment, ...]:
    return tuple(Attachment(*entry) for entry in json.loads(text)) if text else ()


def _index_header(conn: Any, row: int, ticket: Ticket, *, new: bool) -> None:
    words = (ticket.id, ticket.subject, ticket.customer.name, ticket.customer.email, *ticket.tags)
    if not new:
        conn.execute("DELETE FROM tickets_fts WHERE rowid = ?", (_word_row(row),))
    conn.execute(
        "INSERT INTO tickets_fts (rowid, text) VALUES (?, ?)", (_word_row(row), clean("\n".join(words)))
    )


def _summarise(conn: Any, ticket_id: str) -> None:
    """Bring what the queue shows of a ticket up to date with its thread."""
    count, newest = conn.execute(
        "SELECT count(*), max(created_at) FROM messages WHERE ticket_id = ?", (ticket_id,)
    ).fetchone()
    last = conn.execute(
        """SELECT role, substr(text, 1, 2000) FROM messages WHERE ticket_id = ? AND role != 'note'
            ORDER BY position DESC LIMIT 1""",
        (ticket_id,),
    ).fetchone() or ("", "")
    excerpt = _SPACE.sub(" ", last[1]).strip()[:EXCERPT_CHARACTERS]
    conn.execute(
        "UPDATE tickets SET message_count = ?, updated_at = ?, excerpt = ?, waiting = ? WHERE id = ?",
        (count, newest, excerpt, int(last[0] == Role.CUSTOMER), ticket_id),
    )
