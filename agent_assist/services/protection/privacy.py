"""What a person may ask for (GDPR articles 15, 17 and 20), and how long things are kept."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from agent_assist.domain.access import Permission
from agent_assist.domain.audit import AuditAction
from agent_assist.domain.erasure import Receipt, Trace, receipt_json
from agent_assist.domain.ticket import Ticket, format_time
from agent_assist.errors import BadInput
from agent_assist.files import saving
from agent_assist.ports import Clock, ErasureRepository, LearntFiles, Pseudonyms
from agent_assist.services.access import AccessService
from agent_assist.services.audit import AuditService
from agent_assist.services.events import EventBus, QueueChanged, TicketChanged
from agent_assist.services.knowledge.service import KnowledgeService
from agent_assist.services.options import OptionsService

log = logging.getLogger(__name__)

_PURPOSE = "Answering this person's requests to customer support, and improving the drafts of such answers."


@dataclass(frozen=True, slots=True)
class Holdings:
    """How much is kept of a person, before it is exported or erased."""

    person: str
    """Keyed digest."""
    counts: Mapping[str, int]
    """Kind of record to how many."""


class PrivacyService:
    """All methods but `is_erased` may take seconds: call them from a job."""

    def __init__(
        self,
        repository: ErasureRepository,
        pseudonyms: Pseudonyms,
        knowledge: KnowledgeService,
        options: OptionsService,
        events: EventBus,
        clock: Clock,
        access: AccessService,
        audit: AuditService,
        forget_caches: Callable[[], int] = lambda: 0,
        learnt: LearntFiles | None = None,
    ) -> None:
        """`forget_caches` deletes what is kept outside the database of articles, and says how many files."""
        self._learnt = learnt
        self._repository = repository
        self._pseudonyms = pseudonyms
        self._knowledge = knowledge
        self._options = options
        self._events = events
        self._clock = clock
        self._access = access
        self._audit = audit
        self._forget_caches = forget_caches

    # --- one person -----------------------------------------------------------------------------

    def look_up(self, identifier: str) -> Holdings:
        """How much is kept of the customer with this id or e-mail address.

        Raises PermissionDenied, or BadInput where nothing is known or an id names several people.
        """
        self._access.require(Permission.EXPORT_PERSON)
        trace = self._traced(identifier)
        held = self._repository.held(trace)
        return Holdings(self._person(identifier), {kind: len(rows) for kind, rows in held.items()})

    def export(self, identifier: str, path: Path) -> Holdings:
        """Write everything that is kept of a person as one JSON file (articles 15 and 20)."""
        self._access.require(Permission.EXPORT_PERSON)
        trace = self._traced(identifier)
        held = self._repository.held(trace)
        counts = {kind: len(rows) for kind, rows in held.items()}
        person = self._person(identifier)
        self._audit.record(
            AuditAction.PERSON_EXPORTED, wait=True, person=person[:16], records=sum(counts.values())
        )
        retention = self._options.current.retention
        data = {
            "person": {
                "ids": sorted(trace.ids),
                "emails": sorted(trace.emails),
                "names": sorted(trace.names),
            },
            "made_at": format_time(self._clock.now()),
            "purpose": _PURPOSE,
            "recipients": "The helpdesk that the tickets came from; nobody else.",
            "kept_for_days": {k: v or "until removed" for k, v in retention.model_dump().items()},
            "held": {kind: [_readable(row) for row in rows] for kind, rows in held.items()},
        }
        with saving(path.expanduser()) as temporary:
            temporary.write_text(json.dumps(data, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
        return Holdings(person, counts)

    def erase(self, identifier: str) -> Receipt:
        """Remove a person from tickets, feedback, the outbox, solved tickets, indexes and the files of
        training runs, mask them in the records of others, and remember a digest so that no export has them
        again (article 17).

        Raises PermissionDenied, or BadInput where nothing is known of them, an id names several people, or
        a reply to them is on its way.
        """
        self._access.require(Permission.ERASE)
        trace = self._traced(identifier)
        now = format_time(self._clock.now()) or ""
        person = self._person(identifier)
        number = uuid4().hex
        # Before anything goes: an erasure that was begun must be in the log.
        self._audit.record(AuditAction.ERASED, wait=True, person=person[:16], receipt=number)
        articles = self._repository.solved_articles(trace)
        removed, masked, left = self._repository.erase(trace, articles, self._tombstones(trace), now)
        removed = {**removed, "solved articles": self._knowledge.remove(articles)}
        removed["cache files"] = self._forget_caches()
        if self._learnt is not None:
            gone, kept = self._learnt.forget(trace, self._as_exported(trace))
            removed, left = {**removed, **gone}, {**left, **kept}
        receipt = Receipt(number, now, person, removed, masked, left, self._repository.compact())
        receipt = replace(receipt, seal=self._pseudonyms.seal(receipt.sealed_text()))
        self._repository.keep_receipt(number, now, json.dumps(receipt_json(receipt)))
        for ticket in trace.tickets:
            self._events.publish(TicketChanged(ticket))
        self._events.publish(QueueChanged())
        return receipt

    def receipts(self) -> list[dict[str, Any]]:
        """Of all erasures, oldest first."""
        return [json.loads(text) for text in self._repository.receipts()]

    def is_genuine(self, receipt: Mapping[str, Any]) -> bool:
        """Whether this workspace wrote the receipt, unchanged."""
        try:
            given = Receipt(
                str(receipt["receipt"]),
                str(receipt["at"]),
                str(receipt["person"]),
                dict(receipt["removed"]),
                dict(receipt["masked"]),
                dict(receipt["left"]),
                bool(receipt["compacted"]),
                str(receipt["seal"]),
            )
        except (KeyError, TypeError, ValueError):
            return False
        return self._pseudonyms.seal(given.sealed_text()) == given.seal

    def is_erased(self, ticket: Ticket) -> bool:
        """Whether the ticket's customer was erased: such tickets are no training data, ever."""
        customer = ticket.customer
        values = [("id", customer.id), ("email", customer.email.strip().casefold())]
        return self._repository.is_erased([self._digest(kind, value) for kind, value in values if value])

    # --- retention ------------------------------------------------------------------------------

    def apply_retention(self, *, compact: bool = False) -> dict[str, int]:
        """Remove what is older than the settings allow; returns counts by kind.

        What was deleted is overwritten where something was, and with `compact` in any case.
        """
        retention = self._options.current.retention
        now = self._clock.now()

        def before(days: int) -> str:
            return (now - timedelta(days=days)).isoformat(timespec="microseconds") if days else ""

        removed = self._repository.expire(
            before(retention.solved_days), before(retention.feedback_days), before(retention.sent_days)
        )
        if any(removed.values()):
            self._audit.record(AuditAction.RETENTION, wait=True, **removed)
            self._events.publish(QueueChanged())
        if compact or any(removed.values()):
            self._repository.compact()
        return removed

    # --- parts ----------------------------------------------------------------------------------

    def _traced(self, identifier: str) -> Trace:
        if not identifier.strip():
            raise BadInput("No customer was named.", "Give their id or e-mail address.")
        trace = self._repository.trace(identifier)
        if not trace.known:
            raise BadInput(
                "Nothing is kept of a customer with this id or e-mail address.",
                "Check the spelling; the id is the one that tickets carry.",
            )
        return trace

    def _person(self, identifier: str) -> str:
        return self._digest("person", identifier.strip().casefold())

    def _as_exported(self, trace: Trace) -> frozenset[str]:
        """The digests that training rows name the person by."""
        return frozenset(self._pseudonyms.reference("customer", v) for _, v in trace.identifiers())

    def _tombstones(self, trace: Trace) -> list[str]:
        return [self._digest(kind, value) for kind, value in trace.identifiers()]

    def _digest(self, kind: str, value: str) -> str:
        return self._pseudonyms.reference(f"erased {kind}", value)


def _readable(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row with its JSON texts as JSON."""
    data: dict[str, Any] = {}
    for name, value in row.items():
        data[name] = value
        if isinstance(value, str) and value[:1] in ("{", "["):
            try:
                data[name] = json.loads(value)
            except ValueError:
                continue
    return data
