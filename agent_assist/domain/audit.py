"""Who did what and when: the entries of the audit log and the chain that binds them.

Each entry carries a MAC over itself and over the MAC before it, so that an entry cannot be changed,
removed or moved without breaking the chain from there on.  What the chain itself cannot show, that
its end was cut off or that the whole database is an older one, the anchor shows: number and MAC of
the last entry, kept outside the database.  The construction is that of Schneier and Kelsey, "Secure
Audit Logs to Support Computer Forensics" (1999), with one key and an outside head in place of
evolving keys: a desktop has no trusted second machine that could keep the first key.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

START = ""
"""The MAC before the first entry."""


class AuditAction(StrEnum):
    """What an entry is about; the value stands in the log and must never change."""

    DRAFTED = "drafted"
    """A draft became ready or abstained."""
    DRAFT_CONFIRMED = "draft_confirmed"
    """A person let a draft pass that the guardrails had blocked."""
    SENT = "sent"
    """A person pressed Send."""
    WITHDRAWN = "withdrawn"
    """Taken back before it left."""
    DELIVERED = "delivered"
    """It stands in the helpdesk's thread."""
    EXPORTED = "exported"
    """Feedback left redacted."""
    READ_RAW = "read_raw"
    """Feedback left unredacted."""
    MODEL_ADDED = "model_added"
    MODEL_CHANGED = "model_changed"
    MODEL_REMOVED = "model_removed"
    MODEL_PROMOTED = "model_promoted"
    CANARY_CHANGED = "canary_changed"
    """A challenger writes for a share of the tickets; 0 % ended it."""
    SETTINGS_CHANGED = "settings_changed"
    POLICY_CHANGED = "policy_changed"
    CONNECTION_CHANGED = "connection_changed"
    ROLE_CHANGED = "role_changed"
    ERASED = "erased"
    """A person was forgotten."""
    PERSON_EXPORTED = "person_exported"
    """What is held on a person was handed out."""
    RETENTION = "retention"
    """What was older than the settings allow was removed."""
    KEY_CHANGED = "key_changed"
    """Passphrase, data key or recovery key."""
    TRAINED = "trained"
    ARTICLE_APPROVED = "article_approved"
    """A lead let a sentence of an article count that had been held back, or took that back."""
    AUDIT_EXPORTED = "audit_exported"
    AUDIT_ACCEPTED = "audit_accepted"
    """An admin took a gap in the log for known: a restored backup."""
    REFUSED = "refused"
    """Somebody tried what their role does not allow."""


@dataclass(frozen=True, slots=True)
class AuditNote:
    """What is to be written down."""

    at: datetime
    agent: str
    """Pseudonym."""
    action: AuditAction
    details: Mapping[str, str | int] = field(default_factory=dict)
    """Ids, names of options and counts; never a text of a ticket, never a name of a person."""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One line of the log."""

    number: int
    """From 1, without gaps."""
    at: str
    """ISO 8601 in UTC with microseconds: kept as the text that the MAC covers."""
    agent: str
    action: str
    details: str
    """JSON with sorted keys, as the MAC covers it."""
    mac: str

    @property
    def facts(self) -> dict[str, str | int]:
        try:
            data = json.loads(self.details)
        except ValueError:
            return {}
        return data if isinstance(data, dict) else {}


@dataclass(frozen=True, slots=True)
class Head:
    """The last entry of a log, as something outside the database remembers it."""

    number: int = 0
    mac: str = START


@dataclass(frozen=True, slots=True)
class AuditFinding:
    """One thing that is wrong with a log."""

    number: int
    """The first entry it concerns; 0 for the log as a whole."""
    sentence: str


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What a check of the whole log found."""

    entries: int
    head: Head
    findings: tuple[AuditFinding, ...] = ()
    anchors: Mapping[str, int] = field(default_factory=dict)
    """Where the head is kept outside the database, and the number that stands there."""
    accepted: int = 0
    """Gaps that an admin took for known."""

    @property
    def intact(self) -> bool:
        return not self.findings


def details_text(details: Mapping[str, str | int]) -> str:
    """The one text form of details: sorted and ASCII."""
    return json.dumps(dict(details), sort_keys=True, separators=(",", ":"))


def entry_mac(key: bytes, before: str, number: int, at: str, agent: str, action: str, details: str) -> str:
    """HMAC-SHA256 over an entry and the MAC before it, in hexadecimal."""
    covered = json.dumps([before, number, at, agent, action, details], separators=(",", ":"))
    return hmac.new(key, covered.encode(), hashlib.sha256).hexdigest()


def belongs(key: bytes, before: str, entry: AuditEntry) -> bool:
    """Whether the entry is unchanged and follows the one with the MAC `before`."""
    wanted = entry_mac(key, before, entry.number, entry.at, entry.agent, entry.action, entry.details)
    return hmac.compare_digest(wanted, entry.mac)


def check_chain(key: bytes, entries: Iterable[AuditEntry], anchors: Mapping[str, Head]) -> AuditReport:
    """Read a log from its first entry and compare it with every head that was kept elsewhere.

    Entries come in the order in which the database holds them (by number).  After a break the check
    goes on from the entry as it stands, so that each break is told once.
    """
    findings: list[AuditFinding] = []
    accepted = 0
    last = Head()
    # An accepted gap is an entry of its own, so the anchors before it no longer have to be met.
    forgiven: set[tuple[int, str]] = set()
    wanted = {head.number for head in anchors.values() if head.number}
    met: dict[int, str] = {}
    for entry in entries:
        if entry.number != last.number + 1:
            findings.append(_gap(last.number, entry.number))
        elif not belongs(key, last.mac, entry):
            findings.append(
                AuditFinding(entry.number, f"Entry {entry.number} was changed, or does not belong here.")
            )
        if entry.action == AuditAction.AUDIT_ACCEPTED and belongs(key, last.mac, entry):
            accepted += 1
            facts = entry.facts
            forgiven.add((int(facts.get("lost_number", 0)), str(facts.get("lost_mac", ""))))
        if entry.number in wanted:
            met[entry.number] = entry.mac
        last = Head(entry.number, entry.mac)
    for place, head in anchors.items():
        if not head.number or (head.number, head.mac) in forgiven:
            continue
        if head.number > last.number:
            sentence = (
                f"The log ends at entry {last.number}, and {place} remembers {head.number}: its end was cut "
                "off, or the database is an older one."
            )
            findings.append(AuditFinding(last.number, sentence))
        elif met.get(head.number) != head.mac:
            sentence = f"Entry {head.number} is not the one that {place} remembers: the log was written anew."
            findings.append(AuditFinding(head.number, sentence))
    return AuditReport(
        last.number, last, tuple(findings), {place: head.number for place, head in anchors.items()}, accepted
    )


def _gap(before: int, found: int) -> AuditFinding:
    if found <= before:
        return AuditFinding(found, f"Entry {found} stands after entry {before}: entries were moved.")
    if found == before + 2:
        return AuditFinding(before + 1, f"Entry {before + 1} is missing.")
    return AuditFinding(before + 1, f"Entries {before + 1} to {found - 1} are missing.")
