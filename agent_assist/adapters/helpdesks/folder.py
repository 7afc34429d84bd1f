"""Tickets in a file or folder of JSON, for any system that a script can reach.

The file, or each `*.json` and `*.jsonl` in the folder, holds tickets in the interchange form: one, a list,
or one on each line.  What is answered is written beside it, each reply as a file of its own:

    replies/TOKEN.json   {"kind": "reply", "ticket": …, "id": TOKEN, "text": …, "created_at": …}

The script sends what it finds there and then moves the file to `replies/done` (or adds the message, with
the same id, to its ticket): by that a reply is known to be there and is never written again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import re
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar
from uuid import uuid4

from agent_assist.domain.helpdesk import (
    Ability,
    Account,
    Changes,
    Connection,
    ConnectionField,
    FieldKind,
    Queue,
)
from agent_assist.domain.ticket import (
    Message,
    Role,
    Ticket,
    format_time,
    parse_time,
    ticket_from_json,
    ticket_to_json,
)
from agent_assist.errors import (
    BadInput,
    Cancelled,
    DiskFull,
    HelpdeskProblem,
    InvalidSetting,
    InvalidTicket,
    TicketGone,
)
from agent_assist.ports import CancelToken, Clock

log = logging.getLogger(__name__)
PAGE = 200
LARGEST = 100_000_000
"""Bytes of one file."""
_LOOK_EVERY = 1.0
_TOKEN = re.compile(r"[A-Za-z0-9-]{8,64}")
Stamp = tuple[int, int]
"""Time of the last change in ns, and size."""


class FolderConnector:
    """Implements ports.HelpdeskConnector; nothing here needs a network."""

    kind: ClassVar[str] = "folder"
    title: ClassVar[str] = "File or folder of tickets"
    fields: ClassVar[Sequence[ConnectionField]] = (
        ConnectionField(
            "path",
            "File or folder",
            "Tickets as JSON, one on each line (.jsonl) or as a list; every .json and .jsonl of a folder.",
            FieldKind.PATH,
            required=True,
        ),
        ConnectionField(
            "replies",
            "Folder for replies",
            "Empty: “replies” beside the tickets.",
            FieldKind.PATH,
        ),
        ConnectionField("name", "Your name", "Stands as the author of replies."),
        ConnectionField(
            "queues",
            "Queues",
            "Only tickets whose field “queue” is one of these; empty for all.",
            FieldKind.LIST,
        ),
    )
    abilities: ClassVar[frozenset[Ability]] = frozenset({Ability.NOTE, Ability.PUSH})

    def __init__(self, connection: Connection, secrets: Mapping[str, str], clock: Clock) -> None:
        values = connection.values
        if not values.get("path", "").strip():
            raise InvalidSetting("No file or folder of tickets is named.")
        self._path = Path(values["path"].strip()).expanduser()
        written = values.get("replies", "").strip()
        beside = self._path.parent if self._path.suffix in (".json", ".jsonl") else self._path
        self._replies = Path(written).expanduser() if written else beside / "replies"
        self._name = values.get("name", "").strip()
        self._queues = frozenset(q for q in map(str.strip, values.get("queues", "").split(",")) if q)
        self._clock = clock
        self._lock = threading.RLock()
        self._stamps: dict[Path, Stamp] = {}
        self._by_file: dict[Path, dict[str, Ticket]] = {}
        self._broken: dict[Path, str] = {}
        self._answers: dict[Path, dict[str, Any]] = {}
        self._given: dict[str, str] = {}
        """Ticket id to the hash of what was last given."""
        self._told: str | None = None

    # --- reading ----------------------------------------------------------------------------------

    def check(self) -> Account:
        with self._lock:
            self._load()
            if self._broken and not any(self._by_file.values()):
                path, sentence = next(iter(self._broken.items()))
                raise HelpdeskProblem(f"{path.name} cannot be read: {sentence}", "Correct the file.")
            self._make_folder()
        return Account(self._name or "folder", self._name)

    def queues(self) -> list[Queue]:
        with self._lock:
            self._load()
            names = {t.fields.get("queue", "") for found in self._by_file.values() for t in found.values()}
            return [Queue(name, name) for name in sorted(filter(None, names))]

    def changes(self, cursor: str, cancel: CancelToken) -> Changes:
        with self._lock:
            if cursor != self._told:
                self._given.clear()
            self._load(cancel)
            tickets = self._tickets()
            marks = {name: _mark(ticket) for name, ticket in tickets.items()}
            changed = [name for name, mark in marks.items() if self._given.get(name) != mark]
            page = changed[:PAGE]
            self._given.update({name: marks[name] for name in page})
            gone = tuple(name for name in self._given if name not in tickets)
            for name in gone:
                del self._given[name]
            self._told = uuid4().hex
            return Changes(tuple(tickets[n] for n in page), self._told, len(changed) > PAGE, gone)

    def ticket(self, ticket: str) -> Ticket:
        with self._lock:
            self._load()
            found = self._tickets().get(ticket)
        if found is None:
            raise TicketGone(f"There is no ticket {ticket[:40]} in {self._path.name}.")
        return found

    def wait(self, seconds: float, cancel: CancelToken) -> bool:
        deadline = time.monotonic() + seconds
        while not cancel.is_set():
            with contextlib.suppress(HelpdeskProblem):
                if self._look() != self._stamps:
                    return True
            left = deadline - time.monotonic()
            if left <= 0:
                break
            cancel.wait(min(_LOOK_EVERY, left))
        return False

    def ticket_of(self, url: str) -> str | None:
        """By the field “url” of the tickets."""
        if not url.startswith(("https://", "http://")):
            return None
        with self._lock:
            found = self._tickets().values()
            return next((t.id for t in found if t.fields.get("url", "").rstrip("/") == url.rstrip("/")), None)

    def page_of(self, ticket: str) -> str:
        with self._lock:
            found = self._tickets().get(ticket)
        url = found.fields.get("url", "") if found else ""
        return url if url.startswith(("https://", "http://")) else ""

    # --- writing ----------------------------------------------------------------------------------

    def find_reply(self, ticket: str, token: str, text: str, since: datetime) -> Message | None:
        with self._lock:
            self._load()
            found = self._tickets().get(ticket)
            return next((m for m in found.messages if m.id == _name(token)), None) if found else None

    def reply(self, ticket: str, text: str, token: str) -> Message:
        return self._write(ticket, text, token, Role.AGENT)

    def note(self, ticket: str, text: str, token: str) -> Message:
        return self._write(ticket, text, token, Role.NOTE)

    def set_status(self, ticket: str, status: object) -> None:
        raise BadInput("A file of tickets takes no status from here.")

    def set_tags(self, ticket: str, tags: Sequence[str]) -> None:
        raise BadInput("A file of tickets takes no tags from here.")

    def close(self) -> None:
        """Nothing is open."""

    def _write(self, ticket: str, text: str, token: str, role: Role) -> Message:
        if not text.strip():
            raise BadInput("An empty reply was not sent.", "Write something first.")
        self.ticket(ticket)  # raises TicketGone
        name = _name(token)
        now = self._clock.now()
        content = {
            "kind": "note" if role is Role.NOTE else "reply",
            "ticket": ticket,
            "id": name,
            "text": text,
            "author": self._name,
            "created_at": format_time(now),
        }
        with self._lock:
            self._make_folder()
            _write_once(self._replies / f"{name}.json", json.dumps(content, ensure_ascii=False, indent=1))
        return Message(name, role, text, parse_time(content["created_at"]), author=self._name)

    def _make_folder(self) -> None:
        try:
            self._replies.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not os.access(self._replies, os.W_OK):
                raise PermissionError("not writable")
        except OSError as error:
            raise HelpdeskProblem(
                f"Replies cannot be written to {self._replies}: {error.strerror or error}.",
                "Choose another folder for replies, or make it writable.",
            ) from None

    # --- files ------------------------------------------------------------------------------------

    def _look(self) -> dict[Path, Stamp]:
        """All files of tickets and replies, stamped.  Raises HelpdeskProblem where nothing is there."""
        try:
            files = list(self._files())
        except OSError as error:
            raise HelpdeskProblem(
                f"{self._path} cannot be read: {error.strerror or error}.", "Check the name of the file."
            ) from None
        found = {}
        for path in files:
            with contextlib.suppress(OSError):  # gone since
                stat = path.stat()
                found[path] = (stat.st_mtime_ns, stat.st_size)
        return found

    def _files(self) -> Iterator[Path]:
        if self._path.is_dir():
            yield from sorted(p for p in self._path.iterdir() if p.suffix in (".json", ".jsonl"))
        else:
            self._path.stat()  # says so where it is not there
            yield self._path
        for folder in (self._replies, self._replies / "done"):
            if folder.is_dir():
                yield from sorted(folder.glob("*.json"))

    def _load(self, cancel: CancelToken | None = None) -> None:
        """Read what has changed since the last look; a file that cannot be read keeps its old tickets."""
        now = self._look()
        for path, stamp in now.items():
            if cancel is not None and cancel.is_set():
                raise Cancelled("Reading the tickets was stopped.")
            if self._stamps.get(path) == stamp:
                continue
            try:
                if path.parent in (self._replies, self._replies / "done"):
                    self._answers[path] = _answer(path)
                else:
                    self._by_file[path] = {ticket.id: ticket for ticket in _tickets_in(path)}
                self._broken.pop(path, None)
            except (InvalidTicket, OSError, ValueError, RecursionError) as error:
                # Half-written, perhaps: it is read again as soon as it changes.
                sentence = error.sentence if isinstance(error, InvalidTicket) else str(error)
                log.info("a file of tickets cannot be read: %s", sentence)
                self._broken[path] = sentence
        for path in [p for p in self._stamps if p not in now]:
            self._by_file.pop(path, None)
            self._answers.pop(path, None)
            self._broken.pop(path, None)
        self._stamps = now

    def _tickets(self) -> dict[str, Ticket]:
        """All tickets, each with what was written to it here and is not yet in its own file."""
        tickets = {name: ticket for found in self._by_file.values() for name, ticket in found.items()}
        if self._queues:
            tickets = {n: t for n, t in tickets.items() if t.fields.get("queue", "") in self._queues}
        written: dict[str, dict[str, Message]] = {}
        for answer in self._answers.values():
            message = Message(
                id=answer["id"],
                role=Role.NOTE if answer["kind"] == "note" else Role.AGENT,
                text=answer["text"],
                created_at=parse_time(answer.get("created_at")),
                author=str(answer.get("author") or ""),
            )
            written.setdefault(answer["ticket"], {})[message.id] = message
        for name, messages in written.items():
            ticket = tickets.get(name)
            if ticket is not None:
                there = {m.id for m in ticket.messages}
                further = [m for m in messages.values() if m.id not in there]
                tickets[name] = replace(ticket, messages=_in_order([*ticket.messages, *further]))
        return tickets


def _in_order(messages: Sequence[Message]) -> tuple[Message, ...]:
    """By time where all have one; else as they come."""
    if all(m.created_at is not None for m in messages):
        return tuple(sorted(messages, key=lambda m: m.created_at.timestamp() if m.created_at else 0.0))
    return tuple(messages)


def _mark(ticket: Ticket) -> str:
    told = json.dumps(ticket_to_json(ticket), sort_keys=True, default=str)
    return hashlib.sha256(told.encode("utf-8", "replace")).hexdigest()


def _name(token: str) -> str:
    """A token as a file's name and a message's id."""
    if _TOKEN.fullmatch(token):
        return token
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()[:32]


def _read(path: Path) -> str:
    if path.stat().st_size > LARGEST:
        raise ValueError(f"it is larger than {LARGEST // 1_000_000} MB")
    return path.read_text(encoding="utf-8-sig")


def _tickets_in(path: Path) -> Iterator[Ticket]:
    content = _read(path)
    if path.suffix == ".jsonl":
        for number, line in enumerate(content.split("\n"), 1):
            if line.strip():
                try:
                    yield ticket_from_json(json.loads(line))
                except json.JSONDecodeError as error:
                    raise InvalidTicket(f"Line {number} is not JSON ({error.msg}).") from None
        return
    data = json.loads(content) if content.strip() else []
    rows = (
        data if isinstance(data, list) else data.get("tickets", [data]) if isinstance(data, dict) else [data]
    )
    for row in rows:
        yield ticket_from_json(row)


def _answer(path: Path) -> dict[str, Any]:
    data = json.loads(_read(path))
    if not isinstance(data, dict) or not all(
        isinstance(data.get(name), str) for name in ("kind", "ticket", "id", "text")
    ):
        raise InvalidTicket(f"{path.name} is not a reply.")
    return data


def _write_once(path: Path, content: str) -> None:
    """A whole file under its name or none; one that is there already stays as it is."""
    if path.exists() or (path.parent / "done" / path.name).exists():
        return
    temporary = path.with_name(f".{path.name}.{uuid4().hex[:8]}")
    try:
        with temporary.open("x", encoding="utf-8") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        if error.errno == 28:
            raise DiskFull("There is no room left for the reply.") from None
        raise HelpdeskProblem(f"The reply cannot be written: {error.strerror or error}.") from None
