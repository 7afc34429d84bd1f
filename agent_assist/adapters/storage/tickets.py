"""Tickets and their threads in the workspace database."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlite_utils import Database as Tables

from agent_assist.adapters.storage.database import Database
from agent_assist.adapters.storage.rows import clean, moment, stamp
from agent_assist.domain.ticket import (
    Channel,
    Customer,
    Message,
    QueueFilter,
    Role,
    Ticket,
    TicketStatus,
    TicketSummary,
)
from agent_assist.errors import BadInput

EXCERPT_CHARACTERS = 160
INDEXED_CHARACTERS = 100_000
"""Of one message: nobody searches for the tail of a pasted log, and indexing 5 MB takes a second."""

_ROLES = {role.value: role for role in Role}
_SPACE = re.compile(r"\s+")
# Scripts written without spaces between words: the tokeniser sees a whole sentence as one word, so
# a part of it is found by comparing text instead.
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)
_IN_WORDS = "row IN (SELECT rowid >> 24 FROM tickets_fts WHERE tickets_fts MATCH ?)"
_IN_TEXT = r"""(subject LIKE ? ESCAPE '\' OR customer_name LIKE ? ESCAPE '\' OR id IN (
    SELECT ticket_id FROM messages WHERE text LIKE ? ESCAPE '\'))"""
_WORD = re.compile(r"[^\W_]")


class TicketStore:
    """Implements ports.TicketRepository.

    A message that `add_message` appended is kept when the ticket is saved again without it: it was
    written here, and the file or helpdesk that the new version comes from does not know it yet.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, tickets: Iterable[Ticket], *, source: str = "") -> None:
        wanted = list(tickets)

        def work(tables: Tables) -> None:
            for ticket in wanted:
                _save(tables.conn, ticket, source)

        self._database.write(work)

    def get(self, ticket_id: str) -> Ticket | None:
        return self._database.read(lambda tables: _load(tables.conn, ticket_id))

    def queue(self, wanted: QueueFilter) -> list[TicketSummary]:
        conditions, values = _conditions(wanted)
        where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
        rows = self._database.read(
            lambda tables: tables.conn.execute(
                f"""SELECT id, subject, channel, language, status, customer_name, excerpt, message_count,
                    updated_at, unread, waiting, tags FROM tickets {where}
                    ORDER BY updated_at DESC, row DESC LIMIT ?""",  # noqa: S608 -- fixed conditions
                (*values, wanted.limit),
            ).fetchall()
        )
        return [
            TicketSummary(
                id=row[0],
                subject=row[1],
                channel=Channel(row[2]),
                language=row[3],
                status=TicketStatus(row[4]),
                customer_name=row[5],
                excerpt=row[6],
                message_count=row[7],
                updated_at=moment(row[8]),
                unread=bool(row[9]),
                waiting=bool(row[10]),
                tags=tuple(json.loads(row[11])),
            )
            for row in rows
        ]

    def add_message(self, ticket_id: str, message: Message) -> Ticket:
        """A message of the customer makes the ticket unread and opens it again."""

        def work(tables: Tables) -> Ticket | None:
            conn = tables.conn
            header = _header(conn, ticket_id)
            if header is None:
                return None
            known = "SELECT 1 FROM messages WHERE ticket_id = ? AND id = ?"
            new = _cleaned(message)
            if not conn.execute(known, (ticket_id, new.id)).fetchone():
                last = "SELECT coalesce(max(position), -1) FROM messages WHERE ticket_id = ?"
                position = conn.execute(last, (ticket_id,)).fetchone()[0] + 1
                _insert(conn, header[0], ticket_id, [(position, new, True)])
                if message.role is Role.CUSTOMER:
                    conn.execute("UPDATE tickets SET unread = 1, status = 'open' WHERE id = ?", (ticket_id,))
                _summarise(conn, ticket_id)
            return _load(conn, ticket_id)

        ticket = self._database.write(work)
        if ticket is None:
            raise BadInput(f"There is no ticket {ticket_id}.")
        return ticket

    def set_read(self, ticket_id: str, read: bool = True) -> None:
        self._update("UPDATE tickets SET unread = ? WHERE id = ?", int(not read), ticket_id)

    def set_status(self, ticket_id: str, status: TicketStatus) -> None:
        self._update("UPDATE tickets SET status = ? WHERE id = ?", status.value, ticket_id)

    def count(self) -> int:
        return int(
            self._database.read(lambda t: t.conn.execute("SELECT count(*) FROM tickets").fetchone())[0]
        )

    def _update(self, statement: str, value: Any, ticket_id: str) -> None:
        def work(tables: Tables) -> None:
            if not tables.conn.execute(statement, (value, ticket_id)).rowcount:
                raise BadInput(f"There is no ticket {ticket_id}.")

        self._database.write(work)


def _header(conn: Any, ticket_id: str) -> Any:
    return conn.execute(
        """SELECT row, subject, channel, language, customer_id, customer_name, customer_email, fields, tags,
            status FROM tickets WHERE id = ?""",
        (ticket_id,),
    ).fetchone()


def _load(conn: Any, ticket_id: str) -> Ticket | None:
    row = _header(conn, ticket_id)
    if row is None:
        return None
    return Ticket(
        id=ticket_id,
        subject=row[1],
        channel=Channel(row[2]),
        language=row[3],
        customer=Customer(row[4], row[5], row[6]),
        fields=json.loads(row[7]),
        tags=tuple(json.loads(row[8])),
        status=TicketStatus(row[9]),
        messages=tuple(message for message, _ in _thread(conn, ticket_id)),
    )


def _thread(conn: Any, ticket_id: str) -> list[tuple[Message, bool]]:
    """The messages, oldest first, each with whether it was written here."""
    rows = conn.execute(
        "SELECT id, role, text, created_at, local FROM messages WHERE ticket_id = ? ORDER BY position",
        (ticket_id,),
    ).fetchall()
    read = datetime.fromisoformat
    return [(Message(i, _ROLES[r], t, read(c) if c else None), bool(local)) for i, r, t, c, local in rows]


def _save(conn: Any, ticket: Ticket, source: str) -> None:
    identity = clean(ticket.id)
    before = _thread(conn, identity) if _header(conn, identity) else []
    after = _merged(before, [_cleaned(message) for message in ticket.messages])
    header = {
        "id": identity,
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
    }
    known = {message.id for message, _ in before}
    news = any(m.role is Role.CUSTOMER and m.id not in known for m, _ in after)
    unread = ", unread = 1" if news else ""
    conn.execute(
        f"""INSERT INTO tickets ({", ".join(header)}) VALUES ({", ".join(":" + name for name in header)})
            ON CONFLICT (id) DO UPDATE
            SET {", ".join(f"{name} = excluded.{name}" for name in header)}{unread}""",  # noqa: S608 -- our names
        header,
    )
    row = _header(conn, identity)[0]
    if after != before:
        same = 0
        while same < len(before) and same < len(after) and before[same] == after[same]:
            same += 1
        _cut(conn, row, identity, same)
        _insert(conn, row, identity, [(same + i, m, local) for i, (m, local) in enumerate(after[same:])])
    _index_header(conn, row, ticket)
    _summarise(conn, identity)


def _cleaned(message: Message) -> Message:
    return Message(clean(message.id), message.role, clean(message.text), message.created_at)


def _merged(before: list[tuple[Message, bool]], incoming: list[Message]) -> list[tuple[Message, bool]]:
    """The incoming thread with what was written here put after the message it followed."""
    known = {message.id for message in incoming}
    followers: dict[str, list[Message]] = {}
    anchor = ""
    for message, local in before:
        if message.id in known:
            anchor = message.id
        elif local:
            followers.setdefault(anchor, []).append(message)
    merged = [(message, True) for message in followers.pop("", [])]
    for message in incoming:
        merged.append((message, False))
        merged += [(follower, True) for follower in followers.pop(message.id, [])]
    return merged


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
        """INSERT INTO messages (ticket_id, position, id, role, text, created_at, local)
            VALUES (?, ?, ?, ?, ?, ?, ?)""",
        (
            (ticket_id, position, m.id, m.role.value, m.text, stamp(m.created_at), local)
            for position, m, local in messages
        ),
    )
    conn.executemany(
        "INSERT INTO tickets_fts (rowid, text) VALUES (?, ?)",
        ((_word_row(row, position), m.text[:INDEXED_CHARACTERS]) for position, m, _ in messages),
    )


def _index_header(conn: Any, row: int, ticket: Ticket) -> None:
    words = (ticket.id, ticket.subject, ticket.customer.name, ticket.customer.email, *ticket.tags)
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


def _conditions(wanted: QueueFilter) -> tuple[list[str], list[Any]]:
    conditions: list[str] = []
    values: list[Any] = []
    for column, value in (
        ("status", wanted.status),
        ("channel", wanted.channel),
        ("language", wanted.language),
    ):
        if value:
            conditions.append(f"{column} = ?")
            values.append(str(value))
    if wanted.unread_only:
        conditions.append("unread = 1")
    if wanted.waiting_only:
        conditions.append("waiting = 1")
    for word in clean(wanted.text.replace("\0", "")).split():
        condition, words = _word_condition(word)
        conditions.append(condition)
        values += words
    return conditions, values


def _word_condition(word: str) -> tuple[str, list[str]]:
    """Tickets that hold a word, or one that begins with it, in the subject, customer or thread."""
    if _WORD.search(word) and not _UNSPACED.search(word):
        phrase = '"' + word.replace('"', '""') + '"*'
        return _IN_WORDS, [phrase]
    part = "%" + re.sub(r"([%_\\])", r"\\\1", word) + "%"
    return _IN_TEXT, [part, part, part]
