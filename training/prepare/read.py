"""Exports of helpdesks as tickets: CSV, JSON Lines, mbox, EML, Zendesk and Zammad JSON, Parquet.

Reading has two steps: a file gives records, each the raw material of one ticket as text, and a pure function
makes a ticket of a record, with quotes, signatures and HTML removed.  Records can be sent to other machines.
A record that cannot be read is a `Bad`, with where it stands and why; it never ends the reading.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from agent_assist.domain.mailtext import reduce_mail
from agent_assist.domain.ticket import (
    Channel,
    Customer,
    Message,
    Role,
    Ticket,
    TicketStatus,
    parse_time,
    ticket_from_json,
)
from agent_assist.errors import AgentAssistError, BadInput
from training.config import Source
from training.prepare.mail import eml, eml_files, mail_ticket, mbox
from training.prepare.mail import threads as mail_threads
from training.prepare.record import COLUMNS, Read, Record
from training.prepare.record import Bad as Bad

csv.field_size_limit(20_000_000)


def read(source: Source) -> Iterator[Ticket | Bad]:
    """All tickets of a file, or of the files below a folder, in the order of their names."""
    for found in records(source):
        yield found if isinstance(found, Bad) else ticket_of(found)


def ticket_of(record: Record) -> Ticket | Bad:
    """The ticket that a record is, cleaned; depends on nothing else."""
    try:
        ticket = _MAKERS[record.kind](record.payload)
    except AgentAssistError as error:
        return Bad(record.where, error.sentence)
    except (KeyError, TypeError, ValueError, AttributeError, LookupError, RecursionError) as error:
        return Bad(record.where, f"It is no ticket ({type(error).__name__}: {error}).")
    return ticket if ticket.messages else Bad(record.where, "It has no messages.")


def records(source: Source) -> Read:
    """All records of a file, or of the files below a folder, in the order of their names."""
    for found in _records(source):
        if isinstance(found, Record) and not found.source:
            found = replace(found, source=source.path.name)
        yield found


def _records(source: Source) -> Read:
    path = source.path
    if not path.exists():
        raise BadInput(f"{path} is not there.", "Check `prepare.inputs` in the configuration.")
    if path.is_dir() and source.format != "eml":
        for file in sorted(p for p in path.rglob("*") if p.is_file() and not p.name.startswith(".")):
            yield from _file(file, source.format)
    elif path.is_dir():
        yield from mail_threads(eml_files(path))
    else:
        yield from _file(path, source.format)


def _file(path: Path, wanted: str) -> Read:
    kind = _kind(path) if wanted == "auto" else wanted
    reader = _READERS.get(kind)
    if reader is None:
        yield Bad(path.name, "It is of no format that is known here.")
        return
    try:
        yield from reader(path)
    except (OSError, ValueError, RecursionError, csv.Error) as error:
        yield Bad(path.name, f"It cannot be read: {error}")


def _kind(path: Path) -> str:
    suffix = path.suffix.lower().lstrip(".")
    if suffix == "json":
        head = path.read_text(encoding="utf-8", errors="replace")[:4000]
        return "zammad" if '"articles"' in head or '"article_count"' in head else "zendesk"
    return {"ndjson": "jsonl", "mbx": "mbox"}.get(suffix, suffix)


# --- JSON Lines and CSV ---------------------------------------------------------------------------


def _jsonl(path: Path) -> Read:
    """One ticket a line, in the product's own form."""
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                yield Record("jsonl", f"{path.name}:{number}", line)


_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "ticket": ("ticket_id", "ticket", "conversation_id", "thread_id", "case", "id"),
    "role": ("role", "sender_type", "author_type", "from_type", "direction", "inbound"),
    "text": ("text", "body", "message", "content", "description"),
    "time": ("created_at", "timestamp", "time", "date", "sent_at"),
    "author": ("author", "agent", "agent_id", "sender", "from"),
    "subject": ("subject", "title"),
    "channel": ("channel", "via"),
    "intent": ("intent", "topic", "category"),
}
_AGENT = frozenset(
    ["agent", "admin", "staff", "support", "operator", "outbound", "outgoing", "reply", "false", "0"]
)
_NOTE = frozenset(["note", "internal", "private", "system"])


def _csv(path: Path) -> Read:
    """One message a row; rows of one ticket need not stand together."""
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        sample = file.read(20_000)
        file.seek(0)
        try:
            dialect: Any = csv.Sniffer().sniff(sample, ",;\t|")
        except csv.Error:
            dialect = csv.excel
        rows = csv.DictReader(file, dialect=dialect)
        names = {(n or "").strip().casefold(): n for n in rows.fieldnames or ()}
        at = {what: next((names[n] for n in some if n in names), "") for what, some in _COLUMNS.items()}
        if not at["ticket"] or not at["text"]:
            raise ValueError("it has no columns for the ticket and the text")
        grouped: dict[str, list[tuple[int, Mapping[str, str]]]] = {}
        for number, row in enumerate(rows, 2):
            identity = (row.get(at["ticket"]) or "").strip()
            if not identity or not (row.get(at["text"]) or "").strip():
                yield Bad(f"{path.name}:{number}", "It has no ticket or no text.")
            else:
                grouped.setdefault(identity, []).append((number, row))
    for identity, group in grouped.items():
        used = {column for column in at.values() if column}
        rows_of = [{k: v for k, v in row.items() if k in used} for _, row in group]
        yield Record("csv", f"{path.name}:{group[0][0]}", json.dumps([identity, rows_of, at]))


def _csv_ticket(payload: str) -> Ticket:
    identity, rows, at = json.loads(payload)

    def value(row: Mapping[str, str], what: str) -> str:
        return (row.get(at[what]) or "").strip() if at[what] else ""

    messages = [
        Message(
            f"{identity}-{place}",
            _role(value(row, "role")),
            reduce_mail(value(row, "text")).text,
            _moment(value(row, "time")),
            value(row, "author"),
        )
        for place, row in enumerate(rows)
    ]
    return Ticket(
        identity,
        in_time(messages),
        subject=value(rows[0], "subject"),
        channel=_channel(value(rows[0], "channel")),
        fields={"intent": found} if (found := value(rows[0], "intent")) else {},
        status=TicketStatus.SOLVED,
    )


# --- JSON of helpdesks ----------------------------------------------------------------------------


def _zendesk(path: Path) -> Read:
    """`{"tickets": […]}` with comments, a list of them, or one ticket a line."""
    for where, one in _objects(path, "tickets"):
        yield Record("zendesk", where, json.dumps(one))


def _zendesk_ticket(payload: str) -> Ticket:
    one = json.loads(payload)
    requester = str(one.get("requester_id", (one.get("requester") or {}).get("id", "")))
    comments = one.get("comments") or []
    if not comments and one.get("description"):
        comments = [{"author_id": requester, "body": one["description"], "created_at": one.get("created_at")}]
    messages = []
    for place, comment in enumerate(comments):
        author = str(comment.get("author_id", ""))
        role = Role.CUSTOMER if author == requester else Role.AGENT
        if not comment.get("public", True):
            role = Role.NOTE
        html = comment.get("html_body")
        text = reduce_mail(str(html or comment.get("body") or ""), html=bool(html)).text
        moment = _moment(comment.get("created_at"))
        messages.append(Message(str(comment.get("id", place)), role, text, moment, author))
    via = one.get("via") or {}
    return Ticket(
        str(one["id"]),
        in_time(messages),
        subject=str(one.get("subject") or ""),
        channel=_channel(str(via.get("channel") or "")),
        customer=Customer(id=requester),
        tags=tuple(map(str, one.get("tags") or ())),
        status=TicketStatus.SOLVED if one.get("status") in ("solved", "closed") else TicketStatus.OPEN,
    )


def _zammad(path: Path) -> Read:
    for where, one in _objects(path, "tickets"):
        yield Record("zammad", where, json.dumps(one))


def _zammad_ticket(payload: str) -> Ticket:
    one = json.loads(payload)
    messages = []
    for place, article in enumerate(one.get("articles") or []):
        sender = str(article.get("sender") or "").casefold()
        role = Role.AGENT if sender == "agent" else Role.NOTE if sender == "system" else Role.CUSTOMER
        if article.get("internal"):
            role = Role.NOTE
        html = "html" in str(article.get("content_type") or "")
        text = reduce_mail(str(article.get("body") or ""), html=html).text
        author = str(article.get("created_by_id") or article.get("from") or "")
        messages.append(
            Message(str(article.get("id", place)), role, text, _moment(article.get("created_at")), author)
        )
    return Ticket(
        str(one["id"]),
        in_time(messages),
        subject=str(one.get("title") or ""),
        customer=Customer(id=str(one.get("customer_id") or "")),
        status=TicketStatus.SOLVED,
    )


def _objects(path: Path, key: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    text = path.read_text(encoding="utf-8-sig", errors="replace")
    try:
        whole = json.loads(text)
    except ValueError:
        # Not splitlines: a text may hold U+2028 or U+0085, which end no line of JSON Lines.
        for number, line in enumerate(text.split("\n"), 1):
            if line.strip():
                try:
                    yield f"{path.name}:{number}", json.loads(line)
                except ValueError:
                    yield f"{path.name}:{number}", {}
        return
    rows = whole.get(key, [whole]) if isinstance(whole, dict) else whole
    for number, row in enumerate(rows, 1):
        yield f"{path.name}#{number}", row


# --- Parquet --------------------------------------------------------------------------------------


def _parquet(path: Path) -> Read:
    """Records as `training.prepare.shards` writes them, or tickets as JSON text in a column `ticket`."""
    import pyarrow.parquet as parquet

    with parquet.ParquetFile(path) as file:
        names = set(file.schema_arrow.names)
        columns = COLUMNS if set(COLUMNS) <= names else ("ticket",)
        if not set(columns) <= names:
            raise ValueError("it has neither records nor a column “ticket”")
        number = 0
        for batch in file.iter_batches(256, columns=list(columns)):
            for row in batch.to_pylist():
                number += 1
                if "ticket" in row:
                    yield Record("jsonl", f"{path.name}:{number}", str(row["ticket"] or ""))
                elif row["kind"] == "bad":
                    yield Bad(row["where"], row["payload"])
                else:
                    yield Record(**row)


# --- shared ---------------------------------------------------------------------------------------

_READERS: Mapping[str, Callable[[Path], Read]] = {
    "jsonl": _jsonl,
    "csv": _csv,
    "mbox": mbox,
    "eml": eml,
    "zendesk": _zendesk,
    "zammad": _zammad,
    "parquet": _parquet,
}
_MAKERS: Mapping[str, Callable[[str], Ticket]] = {
    "jsonl": lambda payload: ticket_from_json(json.loads(payload)),
    "csv": _csv_ticket,
    "zendesk": _zendesk_ticket,
    "zammad": _zammad_ticket,
    "mail": mail_ticket,
}


def _role(value: str) -> Role:
    word = value.casefold()
    return Role.AGENT if word in _AGENT else Role.NOTE if word in _NOTE else Role.CUSTOMER


def _channel(value: str) -> Channel:
    word = value.casefold()
    near = {"api": "web", "native_messaging": "messaging", "voice": "phone", "facebook": "social"}
    word = near.get(word, word)
    return Channel(word) if word in set(Channel) else Channel.EMAIL


def _moment(value: object) -> datetime | None:
    try:
        return parse_time(value) if value not in (None, "") else None
    except (AgentAssistError, ValueError, TypeError):
        return None


def in_time(messages: list[Message]) -> tuple[Message, ...]:
    """In the order of their times; as they came where one of them has none."""
    if any(m.created_at is None for m in messages):
        return tuple(messages)
    return tuple(sorted(messages, key=lambda m: m.created_at or datetime.min.replace(tzinfo=UTC)))
