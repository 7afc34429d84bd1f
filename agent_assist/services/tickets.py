"""Tickets: the queue, one thread, and files of tickets."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

from agent_assist.domain.ticket import (
    Message,
    QueueFilter,
    Role,
    Ticket,
    TicketStatus,
    TicketSummary,
    ticket_from_json,
)
from agent_assist.errors import AgentAssistError, BadInput
from agent_assist.ports import Clock, TicketRepository
from agent_assist.services.events import EventBus, QueueChanged, TicketChanged

BATCH = 200
"""Tickets saved in one transaction by an import."""


class TicketService:
    """Thread-safe.  What changes here is told as an event; no helpdesk hears of it."""

    def __init__(self, repository: TicketRepository, events: EventBus, clock: Clock) -> None:
        self._repository = repository
        self._events = events
        self._clock = clock

    def queue(self, wanted: QueueFilter | None = None) -> list[TicketSummary]:
        """Newest first; open tickets where no filter is given."""
        return self._repository.queue(wanted or QueueFilter())

    def count(self) -> int:
        return self._repository.count()

    def get(self, ticket_id: str) -> Ticket | None:
        return self._repository.get(ticket_id)

    def open(self, ticket_id: str) -> Ticket:
        """The ticket, which counts as read from now on.  Raises BadInput for an unknown id."""
        ticket = self._repository.get(ticket_id)
        if ticket is None:
            raise BadInput(
                f"There is no ticket {ticket_id}.", "It may have been removed; choose another one."
            )
        self._repository.set_read(ticket_id)
        self._changed(ticket_id)
        return ticket

    def save(self, tickets: Iterable[Ticket], source: str = "") -> None:
        """Insert or replace tickets in one transaction."""
        wanted = list(tickets)
        if wanted:
            self._repository.save(wanted, source=source)
            self._changed(*(ticket.id for ticket in wanted))

    def import_files(self, paths: Sequence[Path]) -> tuple[int, list[tuple[str, str]]]:
        """Read files of tickets: JSON (one ticket or a list) or JSON Lines.

        Returns how many were saved and, for each one that could not be read, where it stands and
        why.  A ticket that is here already keeps its status unless the file names one.
        """
        saved, failures = 0, []
        batch: list[Ticket] = []
        for path in paths:
            try:
                for where, row in _rows(path):
                    try:
                        batch.append(self._ticket(row))
                    except AgentAssistError as error:
                        failures.append((where, error.sentence))
                    if len(batch) >= BATCH:
                        saved += self._save_import(batch)
            except AgentAssistError as error:
                failures.append((str(path), error.sentence))
        saved += self._save_import(batch)
        return saved, failures

    def add_message(self, ticket_id: str, message: Message) -> Ticket:
        """Append to the thread; a message that is there already adds nothing."""
        ticket = self._repository.add_message(ticket_id, message)
        self._changed(ticket_id)
        return ticket

    def add_note(self, ticket_id: str, text: str) -> Ticket:
        """Append an internal note.  Raises BadInput for an empty one."""
        if not text.strip():
            raise BadInput("An empty note was not saved.", "Write something first.")
        return self.add_message(ticket_id, Message(uuid4().hex, Role.NOTE, text, self._clock.now()))

    def set_status(self, ticket_id: str, status: TicketStatus) -> None:
        """Here only: a ticket of a helpdesk is changed through `SyncService`."""
        self._repository.set_status(ticket_id, status)
        self._changed(ticket_id)

    def set_read(self, ticket_id: str, read: bool = True) -> None:
        """Here only, for everybody who uses this workspace."""
        self._repository.set_read(ticket_id, read)
        self._changed(ticket_id)

    def _ticket(self, row: Any) -> Ticket:
        ticket = ticket_from_json(row)
        if "status" not in row and (known := self._repository.get(ticket.id)):
            ticket = replace(ticket, status=known.status)
        return ticket

    def _save_import(self, batch: list[Ticket]) -> int:
        count = len(batch)
        self.save(batch, "file")
        batch.clear()
        return count

    def _changed(self, *ticket_ids: str) -> None:
        for ticket_id in ticket_ids:
            self._events.publish(TicketChanged(ticket_id))
        self._events.publish(QueueChanged())


def _rows(path: Path) -> Iterator[tuple[str, Any]]:
    """(where, parsed row) of a file; raises BadInput where the file as a whole cannot be read."""
    try:
        text = path.read_text(encoding="utf-8-sig", errors="replace")
    except OSError as error:
        raise BadInput(f"{path} cannot be read ({error.strerror}).") from None
    if path.suffix.lower() == ".json":
        try:
            data = json.loads(text)
        except (ValueError, RecursionError):
            raise BadInput(f"{path} is not valid JSON.") from None
        rows = data if isinstance(data, list) else [data]
        yield from ((f"{path}, ticket {number}", row) for number, row in enumerate(rows, 1))
        return
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                row = json.loads(line)
            except (ValueError, RecursionError):
                row = None
            yield f"{path}, line {number}", row
