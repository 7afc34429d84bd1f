"""Tickets and their threads in the workspace database."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from sqlite_utils import Database as Tables

from agent_assist.adapters.privacy import logs
from agent_assist.adapters.storage.database import Database
from agent_assist.adapters.storage.rows import clean, moment
from agent_assist.adapters.storage.threads import append, load, save
from agent_assist.domain.ticket import Channel, Message, QueueFilter, Ticket, TicketStatus, TicketSummary
from agent_assist.errors import BadInput

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
                logs.remember(ticket)
                save(tables.conn, ticket, source=source)

        self._database.write(work)

    def get(self, ticket_id: str) -> Ticket | None:
        ticket = self._database.read(lambda tables: load(tables.conn, ticket_id))
        if ticket is not None:
            logs.remember(ticket)
        return ticket

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
            return load(tables.conn, ticket_id) if append(tables.conn, ticket_id, message) else None

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
