"""The audit log: what must not be missed is on the disk before the caller goes on."""

from __future__ import annotations

import csv
import json
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import astuple, replace
from pathlib import Path

from agent_assist.domain.access import Permission
from agent_assist.domain.audit import (
    AuditAction,
    AuditEntry,
    AuditFinding,
    AuditNote,
    AuditReport,
    Head,
)
from agent_assist.domain.suggestion import DraftState
from agent_assist.errors import AgentAssistError, AuditDamaged, BadInput
from agent_assist.files import saving
from agent_assist.ports import AuditAnchor, AuditRepository, Clock
from agent_assist.services.events import DraftChanged, Event, EventBus, SettingsChanged

log = logging.getLogger(__name__)

_REMEMBERED = 2000
"""Drafts of which is known that they are in the log."""


class AuditService:
    """Thread-safe.  Entries are written by a thread of its own, many in one transaction where many
    come at once, so that no caller pays for another's wait for the disk."""

    def __init__(
        self,
        repository: AuditRepository,
        anchors: Sequence[AuditAnchor],
        clock: Clock,
        agent: str,
    ) -> None:
        """`agent` is the pseudonym of the person at this machine."""
        self._repository = repository
        self._anchors = tuple(anchors)
        self._clock = clock
        self.agent = agent
        self._lock = threading.Condition()
        self._waiting: list[tuple[AuditNote, Future[Head]]] = []
        self._last: Future[Head] | None = None
        """Of the batch that is being written."""
        self._thread: threading.Thread | None = None
        self._closing = False
        self._unsubscribe: Callable[[], None] = _nothing
        self._drafted: dict[str, None] = {}
        self._damage: tuple[AuditFinding, ...] | None = None
        self.guard: Callable[[Permission], None] | None = None
        """Asked before the log is read or a gap accepted; raises PermissionDenied where a role is missing."""

    # --- writing --------------------------------------------------------------------------------

    def record(self, action: AuditAction, *, wait: bool = False, **details: str | int) -> None:
        """Write down that the person at this machine did something.

        With `wait` it returns when the entry is on the disk, and raises what kept it from there
        (DiskFull, WorkspaceReadOnly); without, it returns at once.  `details` are ids, names of
        options and counts: never text of a ticket, never a person's name.
        """
        note = AuditNote(self._clock.now(), self.agent, action, details)
        future: Future[Head] = Future()
        with self._lock:
            self._waiting.append((note, future))
            if self._thread is None and not self._closing:
                self._thread = threading.Thread(target=self._run, name="audit", daemon=True)
                self._thread.start()
            self._lock.notify_all()
            late = self._closing
        if late:
            self._write_waiting()  # a thread that ends late still has its word
        if wait:
            future.result()

    def listen(self, events: EventBus) -> None:
        """Note finished drafts and changed settings, which many services cause."""
        self._unsubscribe = events.subscribe(self._on_event)

    def flush(self) -> None:
        """Wait until everything recorded so far is on the disk."""
        with self._lock:
            last = self._waiting[-1][1] if self._waiting else self._last
        if last is not None:
            last.exception()

    def close(self) -> None:
        """Write what is waiting, and stop."""
        self._unsubscribe()
        with self._lock:
            self._closing = True
            self._lock.notify_all()
            thread = self._thread
        if thread is not None:
            thread.join()

    # --- reading --------------------------------------------------------------------------------

    def entries(self, limit: int = 100, action: AuditAction | None = None) -> list[AuditEntry]:
        """Newest first.  Raises PermissionDenied where the log is not this person's to read."""
        self._ask(Permission.READ_AUDIT)
        self.flush()
        found: list[AuditEntry] = []
        for entry in self._repository.entries(action=action, newest_first=True):
            found.append(entry)
            if len(found) >= limit:
                break
        return found

    def every(self) -> Iterator[AuditEntry]:
        """The whole log, oldest first.  Raises PermissionDenied at the first entry."""
        self._ask(Permission.READ_AUDIT)
        self.flush()
        yield from self._repository.entries()

    def verify(self, expected: Head | None = None) -> AuditReport:
        """Read the whole log and compare it with every place that remembers its head.

        `expected` is a head that somebody noted elsewhere: it also shows a log that a person with
        the key and the folder has written anew.
        """
        self.flush()
        # The places first: what another process appends in between only makes the log longer.
        heads, findings = self._heads()
        if expected is not None:
            heads["the head you noted"] = expected
        report = self._repository.check(heads)
        if report.entries:
            for anchor in self._anchors:
                if anchor.required and anchor.place not in heads and not _about(findings, anchor.place):
                    findings.append(AuditFinding(0, f"{anchor.place.capitalize()} is missing."))
        return replace(report, findings=(*findings, *report.findings))

    def require_intact(self) -> None:
        """Raise AuditDamaged where the log was tampered with; the whole log is read once a session."""
        if self._damage is None:
            self._damage = self.verify().findings
        if self._damage:
            raise AuditDamaged(self._damage[0].sentence)

    def role_changes(self) -> list[AuditEntry]:
        """The untampered entries that gave or took a role; quick, and never waits for the disk."""
        return self._repository.role_changes()

    @property
    def empty(self) -> bool:
        """Whether the log never had an entry, as far as anything remembers."""
        heads, findings = self._heads()
        self.flush()
        remembered = any(head.number for head in heads.values())
        return not findings and not remembered and not self._repository.head().number

    def note_policy(self, sha256: str) -> None:
        """Write down that the policy file is another one than the log last knew; "" for none.

        It is a file that people edit with any editor: what is seen is that it changed, and by whose desk.
        """
        if sha256[:16] != self.policy_sha256():
            self.record(AuditAction.POLICY_CHANGED, sha256=sha256[:16])

    def policy_sha256(self) -> str:
        """The beginning of the hash of the policy file as the log last knew it; "" for none."""
        self.flush()
        last = next(iter(self._repository.entries(0, AuditAction.POLICY_CHANGED, True)), None)
        return str(last.facts.get("sha256", "")) if last else ""

    def accept(self, why: str) -> AuditReport:
        """Go on after a gap that is known (a restored backup): the gap stays in the log for ever.

        Raises PermissionDenied, or BadInput where nothing is wrong, or where entries themselves were
        changed: those no restored backup explains.
        """
        self._ask(Permission.ACCEPT_AUDIT)
        report = self.verify()
        if report.intact:
            raise BadInput("The audit log has no gap.", "Nothing needs to be accepted.")
        heads, _ = self._heads()
        lost = max(heads.values(), key=lambda h: h.number, default=Head())
        if lost.number <= report.entries:
            raise BadInput(
                "Entries of the audit log were changed; a restored backup does not explain that.",
                "Keep the workspace folder for whoever looks into it, and go on from a backup.",
            )
        self.record(
            AuditAction.AUDIT_ACCEPTED,
            wait=True,
            why=why[:200],
            lost_number=lost.number,
            lost_mac=lost.mac,
            found_number=report.entries,
        )
        self._damage = None
        head = self._repository.head()
        for anchor in self._anchors:
            anchor.write(head, back=True)
        return self.verify()

    def export(self, path: Path) -> int:
        """Write the whole log as JSON Lines, or CSV where the name ends so; returns the entries.

        The last line of JSON Lines is the head: kept elsewhere, it is what `verify --head` takes.
        Raises PermissionDenied, or BadInput where the file cannot be written.
        """
        self._ask(Permission.READ_AUDIT)
        self.record(AuditAction.AUDIT_EXPORTED, wait=True)
        count = 0
        with saving(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as out:
            if path.suffix.lower() == ".csv":
                writer = csv.writer(out)
                writer.writerow(("number", "at", "agent", "action", "details", "mac"))
                for entry in self.every():
                    writer.writerow(astuple(entry))
                    count += 1
                return count
            last = Head()
            for entry in self.every():
                out.write(json.dumps(entry_json(entry)) + "\n")
                count, last = count + 1, Head(entry.number, entry.mac)
            out.write(json.dumps({"head": f"{last.number}:{last.mac}"}) + "\n")
        return count

    # --- parts ----------------------------------------------------------------------------------

    def _ask(self, permission: Permission) -> None:
        if self.guard is not None:
            self.guard(permission)

    def _heads(self) -> tuple[dict[str, Head], list[AuditFinding]]:
        heads: dict[str, Head] = {}
        findings: list[AuditFinding] = []
        for anchor in self._anchors:
            try:
                head = anchor.read()
            except AuditDamaged as error:
                findings.append(AuditFinding(0, error.sentence))
            else:
                if head is not None:
                    heads[anchor.place] = head
        return heads, findings

    def _on_event(self, event: Event) -> None:
        if isinstance(event, DraftChanged):
            draft = event.draft
            suggestion = draft.suggestion
            if suggestion is None or draft.state not in (DraftState.READY, DraftState.ABSTAINED):
                return
            with self._lock:
                if suggestion.id in self._drafted:
                    return
                self._drafted[suggestion.id] = None
                while len(self._drafted) > _REMEMBERED:
                    del self._drafted[next(iter(self._drafted))]
            self.record(
                AuditAction.DRAFTED,
                suggestion=suggestion.id,
                decision=suggestion.decision.value,
                model=suggestion.model_sha256[:12],
            )
        elif isinstance(event, SettingsChanged):
            self.record(AuditAction.SETTINGS_CHANGED, names=" ".join(sorted(event.names)))

    def _run(self) -> None:
        while True:
            with self._lock:
                while not self._waiting and not self._closing:
                    self._lock.wait()
                if not self._waiting:
                    return
            self._write_waiting()

    def _write_waiting(self) -> None:
        with self._lock:
            batch, self._waiting = self._waiting, []
            if batch:
                self._last = batch[-1][1]
        if batch:
            self._append(batch)

    def _append(self, batch: list[tuple[AuditNote, Future[Head]]]) -> None:
        try:
            head = self._repository.append([note for note, _ in batch])
        except AgentAssistError as error:
            log.error("%d entries of the audit log were not written: %s", len(batch), error.sentence)
            for _, future in batch:
                future.set_exception(error)
            return
        except Exception as error:
            log.exception("entries of the audit log were not written")
            for _, future in batch:
                future.set_exception(error)
            return
        for anchor in self._anchors:
            anchor.write(head)
        for _, future in batch:
            future.set_result(head)


def _nothing() -> None:
    pass


def entry_json(entry: AuditEntry) -> dict[str, object]:
    """An entry as it is exported: with its MAC, so that whoever has the key can check the chain."""
    return {
        "number": entry.number,
        "at": entry.at,
        "agent": entry.agent,
        "action": entry.action,
        "details": entry.facts,
        "mac": entry.mac,
    }


def _about(findings: Sequence[AuditFinding], place: str) -> bool:
    return any(place in finding.sentence for finding in findings)
