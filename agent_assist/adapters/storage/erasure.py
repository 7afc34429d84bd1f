"""Finding and removing a person in the workspace database.

Which columns may hold their name is asked of the database itself, so that a table which is added later
is covered without being named here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

from sqlite_utils import Database as Tables

from agent_assist.adapters.storage import threads
from agent_assist.adapters.storage.database import Database
from agent_assist.domain.erasure import Trace, full_names, masked, masked_json, without_articles
from agent_assist.domain.knowledge import Collection
from agent_assist.domain.remembered import ARTICLE_PREFIX
from agent_assist.errors import BadInput

_NOT_SEARCHED = frozenset(
    {
        "audit",
        "tombstones",
        "erasures",
        "models",
        "activations",
        "connections",
        "connection_secrets",
        "vectors",
    }
)
"""Hold no text of customers.  Word indexes (`*_fts`) are brought up to date with what they index."""
_PUBLIC = frozenset({"articles", "passages"})
"""What the company itself published is told of, not changed; solved tickets are removed whole."""


class ErasureStore:
    """Implements ports.ErasureRepository."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def trace(self, identifier: str) -> Trace:
        """Everything that a customer's id or e-mail address leads to.

        Raises BadInput where an id names more than one person.
        """
        rows = self._rows("SELECT id, customer_id, customer_email, customer_name, connection FROM tickets")
        wanted = identifier.strip()
        emails = {wanted.casefold()} if "@" in wanted else set()
        ids: set[tuple[str, str]] = set()
        if not emails:
            ids = {(row[4], row[1]) for row in rows if row[1] == wanted}
            found = {row[2].casefold() for row in rows if (row[4], row[1]) in ids and row[2]}
            if len(found) > 1:
                raise BadInput(
                    f"The id {wanted} leads to {len(found)} e-mail addresses.",
                    "Give the address of the person who is meant.",
                )
        while True:
            mine = [r for r in rows if (r[1] and (r[4], r[1]) in ids) or r[2].casefold() in emails]
            more = {r[2].casefold() for r in mine if r[2]} - emails
            further = {(r[4], r[1]) for r in mine if r[1]} - ids
            if not more and not further:
                break
            emails |= more
            ids |= further
        return Trace(
            frozenset(i for _, i in ids),
            frozenset(emails),
            full_names(r[3] for r in mine),
            tuple(dict.fromkeys(r[0] for r in mine)),
        )

    def solved_articles(self, trace: Trace) -> list[str]:
        """Solved tickets and remembered edits among the articles that come from this person's tickets, or
        name them."""
        pattern, own = trace.pattern(), set(trace.tickets)
        edits = self._records("remembered", "ticket_id", trace.tickets)
        own |= {f"{ARTICLE_PREFIX}{row['id']}" for row in edits}
        rows = self._rows(
            "SELECT id, title, body, url FROM articles WHERE collection IN (?, ?)",
            [Collection.SOLVED.value, Collection.REMEMBERED.value],
        )
        return [row[0] for row in rows if row[0] in own or (pattern and pattern.search("\n".join(row)))]

    def held(self, trace: Trace) -> dict[str, list[dict[str, Any]]]:
        """Everything that is kept of the person, table by table, as it stands."""
        kept: dict[str, list[dict[str, Any]]] = {}
        for table in ("tickets", "messages", "suggestions", "outbox", "unsent", "remembered"):
            key = "id" if table == "tickets" else "ticket_id"
            kept[table] = self._records(table, key, trace.tickets)
        kept["outcomes"] = self._records("outcomes", "suggestion_id", [s["id"] for s in kept["suggestions"]])
        kept["solved articles"] = self._records("articles", "id", self.solved_articles(trace))
        return kept

    def erase(self, trace: Trace, articles: Iterable[str], tombstones: Sequence[str], at: str) -> Any:
        """Remove and mask in one transaction; returns (removed, masked, left) counts by kind.

        `articles` were removed from the knowledge base before.  Raises BadInput while a reply to the
        person is on its way.
        """
        gone = frozenset(articles)

        def work(tables: Tables) -> Any:
            conn = tables.conn
            removed = _remove(conn, trace.tickets)
            conn.executemany(
                "INSERT OR IGNORE INTO tombstones (digest, erased_at) VALUES (?, ?)",
                [(t, at) for t in tombstones],
            )
            # Its weights and words come from tickets, and it does not say from which.
            removed["intent models"] = conn.execute("DELETE FROM intent_model").rowcount
            hidden, left = _mask(conn, trace.pattern(), gone)
            return removed, hidden, left

        return self._database.write(work)

    def is_erased(self, digests: Sequence[str]) -> bool:
        marks = ",".join("?" * len(digests))
        return bool(
            digests and self._rows(f"SELECT 1 FROM tombstones WHERE digest IN ({marks}) LIMIT 1", digests)  # noqa: S608
        )

    def keep_receipt(self, identity: str, at: str, text: str) -> None:
        def work(tables: Tables) -> None:
            tables.conn.execute("INSERT OR REPLACE INTO erasures VALUES (?, ?, ?)", (identity, at, text))

        self._database.write(work)

    def receipts(self) -> list[str]:
        return [row[0] for row in self._rows("SELECT receipt FROM erasures ORDER BY at")]

    def expire(self, solved_before: str, feedback_before: str, sent_before: str) -> dict[str, int]:
        """Remove what is older than each time; an empty one keeps everything."""

        def work(tables: Tables) -> dict[str, int]:
            conn, removed = tables.conn, {"tickets": 0, "feedback": 0, "replies": 0}
            if solved_before:
                old = conn.execute(
                    """SELECT id FROM tickets WHERE status = 'solved' AND updated_at < ?
                        AND id NOT IN (SELECT ticket_id FROM unsent)
                        AND id NOT IN (
                            SELECT ticket_id FROM outbox WHERE state NOT IN ('sent', 'withdrawn'))""",
                    (solved_before,),
                ).fetchall()
                removed["tickets"] = sum(threads.remove(conn, row[0]) for row in old)
            if feedback_before:
                removed["feedback"] = conn.execute(
                    "DELETE FROM suggestions WHERE created_at < ?", (feedback_before,)
                ).rowcount
            if sent_before:
                removed["replies"] = conn.execute(
                    "DELETE FROM outbox WHERE state IN ('sent', 'withdrawn') AND created_at < ?",
                    (sent_before,),
                ).rowcount
            return removed

        return self._database.write(work)

    def compact(self) -> bool:
        """Rewrite the file, so that nothing which was deleted is left in it; False while others read it."""
        for table in ("tickets_fts", "passages_fts"):
            # A word index keeps deleted words in its segments until they are merged.
            self._database.write(
                lambda tables, table=table: tables.conn.execute(  # type: ignore[misc]
                    f"INSERT INTO {table} ({table}) VALUES ('optimize')"  # noqa: S608
                )
            )
        return self._database.compact()

    def _records(self, table: str, key: str, values: Sequence[str]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []

        def work(tables: Tables) -> list[dict[str, Any]]:
            for value in values:
                cursor = tables.conn.execute(f"SELECT * FROM {table} WHERE {key} = ?", (value,))  # noqa: S608
                names = [column[0] for column in cursor.description]
                found.extend(dict(zip(names, row)) for row in cursor)
            return found

        return self._database.read(work)

    def _rows(self, statement: str, values: Sequence[Any] = ()) -> list[Any]:
        return self._database.read(lambda t: t.conn.execute(statement, list(values)).fetchall())


_OF_TICKET = (("drafts", "suggestions"), ("replies", "outbox"), ("unsent", "unsent"), ("rules", "remembered"))


def _remove(conn: Any, tickets: Sequence[str]) -> dict[str, int]:
    removed = dict.fromkeys(("tickets", "messages", "drafts", "outcomes", "replies", "unsent", "rules"), 0)
    for ticket in tickets:
        one = (ticket,)
        if conn.execute("SELECT 1 FROM outbox WHERE ticket_id = ? AND state = 'sending'", one).fetchone():
            raise BadInput("A reply to this customer is on its way right now.", "Try again in a minute.")
        count = "SELECT count(*) FROM {} WHERE ticket_id = ?"
        removed["messages"] += conn.execute(count.format("messages"), one).fetchone()[0]
        removed["outcomes"] += conn.execute(
            """SELECT count(*) FROM outcomes WHERE suggestion_id IN
                (SELECT id FROM suggestions WHERE ticket_id = ?)""",
            one,
        ).fetchone()[0]
        for name, table in _OF_TICKET:
            removed[name] += conn.execute(f"DELETE FROM {table} WHERE ticket_id = ?", one).rowcount  # noqa: S608
        removed["tickets"] += threads.remove(conn, ticket)
    return removed


def _mask(
    conn: Any, pattern: re.Pattern[str] | None, articles: frozenset[str]
) -> tuple[dict[str, int], dict[str, int]]:
    """Mask the person in the records of others; tell how many public articles name them."""
    hidden: dict[str, int] = {}
    left: dict[str, int] = {}
    for table in _searched(conn):
        columns = _text_columns(conn, table)
        keys = _text_keys(conn, table)
        if not columns:
            continue
        names = ", ".join(f'"{c}"' for c in columns)
        rows = conn.execute(f'SELECT rowid, {names} FROM "{table}"').fetchall()  # noqa: S608
        for row in rows:
            changed = {
                column: new
                for column, old in zip(columns, row[1:])
                if isinstance(old, str) and (new := _cleared(table, old, pattern, articles)) != old
            }
            if not changed:
                continue
            if table in _PUBLIC:
                left["public articles"] = left.get("public articles", 0) + (table == "articles")
                continue
            for column in keys & set(changed):
                del changed[column]  # an id that others refer to
            if changed:
                parts = ", ".join(f'"{c}" = ?' for c in changed)
                conn.execute(f'UPDATE "{table}" SET {parts} WHERE rowid = ?', (*changed.values(), row[0]))  # noqa: S608
                hidden[table] = hidden.get(table, 0) + 1
                if table in ("messages", "tickets"):
                    key = "ticket_id" if table == "messages" else "id"
                    found = conn.execute(f'SELECT {key} FROM "{table}" WHERE rowid = ?', (row[0],))  # noqa: S608
                    threads.reindex(conn, found.fetchone()[0])
    return hidden, left


def _cleared(table: str, old: str, pattern: re.Pattern[str] | None, articles: frozenset[str]) -> str:
    if old[:1] in "{[":
        try:
            data = json.loads(old)
        except ValueError:
            data = None
        if isinstance(data, dict | list):
            new = masked_json(data, pattern) if pattern else data
            if table == "suggestions" and articles and isinstance(new, dict):
                new = without_articles(new, articles)
            return old if new == json.loads(old) else json.dumps(new, separators=(",", ":"))
    return masked(old, pattern) if pattern else old


def _searched(conn: Any) -> list[str]:
    rows = conn.execute(
        """SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'
            AND name NOT LIKE 'sqlite_%' AND name NOT LIKE '_sqlite%' AND name NOT LIKE '%_fts%'"""
    )
    return [row[0] for row in rows if row[0] not in _NOT_SEARCHED]


def _text_columns(conn: Any, table: str) -> list[str]:
    return [row[1] for row in conn.execute(f'PRAGMA table_info("{table}")') if row[2].upper() == "TEXT"]


def _text_keys(conn: Any, table: str) -> set[str]:
    """Columns that identify a row or refer to another one."""
    keys = {row[1] for row in conn.execute(f'PRAGMA table_info("{table}")') if row[5]}
    keys |= {row[3] for row in conn.execute(f'PRAGMA foreign_key_list("{table}")')}
    return keys | {"id", "ticket_id", "suggestion_id"}
