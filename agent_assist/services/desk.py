"""All services of one open workspace: what the window and the commands are handed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from agent_assist.ports import LanguageDetector
    from agent_assist.services.access import AccessService
    from agent_assist.services.audit import AuditService
    from agent_assist.services.drafting.service import DraftingService
    from agent_assist.services.events import EventBus
    from agent_assist.services.feedback.remembered import RememberedService
    from agent_assist.services.feedback.service import FeedbackService
    from agent_assist.services.helpdesks.connections import ConnectionService
    from agent_assist.services.helpdesks.outbox import OutboxService
    from agent_assist.services.helpdesks.sync import SyncService
    from agent_assist.services.jobs import JobQueue
    from agent_assist.services.knowledge.retrieval import RetrievalService
    from agent_assist.services.knowledge.service import KnowledgeService
    from agent_assist.services.learning.canary import CanaryService
    from agent_assist.services.learning.models import ModelService
    from agent_assist.services.learning.service import LearningService
    from agent_assist.services.learning.triage import TriageService
    from agent_assist.services.options import OptionsService
    from agent_assist.services.protection.keys import KeyService
    from agent_assist.services.protection.privacy import PrivacyService
    from agent_assist.services.protection.security import SecurityService
    from agent_assist.services.safety.policy_keeping import PolicyKeeper
    from agent_assist.services.safety.service import SafetyService
    from agent_assist.services.tickets import TicketService
    from agent_assist.services.unsent import UnsentService


@dataclass(frozen=True)
class Desk:
    """Made by `agent_assist.app`; close it when done."""

    folder: Path
    demo: bool
    key_source: str
    """`keyring`, `passphrase` or `memory` (the demo desk)."""
    events: EventBus
    jobs: JobQueue
    options: OptionsService
    tickets: TicketService
    knowledge: KnowledgeService
    retrieval: RetrievalService
    models: ModelService
    drafting: DraftingService
    feedback: FeedbackService
    outbox: OutboxService
    unsent: UnsentService
    languages: LanguageDetector
    on_close: Callable[[], None]
    # Where a desk is put together for one test, roles and the audit log may be left out.
    access: AccessService | None = None
    audit: AuditService | None = None
    privacy: PrivacyService | None = None
    keys: KeyService | None = None
    security: SecurityService | None = None
    policy: PolicyKeeper | None = None
    canary: CanaryService | None = None
    learning: LearningService | None = None
    safety: SafetyService | None = None
    """Looks replies over; None only where a test leaves it out."""
    connections: ConnectionService | None = None
    sync: SyncService | None = None
    """Both None only where a test leaves them out; the demo desk has them and connects nothing."""
    remembered: RememberedService | None = None
    """Edits that act at once; None only where a test leaves it out."""
    triage: TriageService | None = None

    def close(self) -> None:
        """Stop the workers, finish the writes, close the database."""
        self.on_close()


class KeyNeed(StrEnum):
    """What a person must give before a workspace opens."""

    NOTHING = "nothing"
    PASSPHRASE = "passphrase"
    NEW_PASSPHRASE = "new_passphrase"
    """There is no keyring here and no workspace yet: a passphrase must be chosen."""


class DeskOpener(Protocol):
    """How the window gets its desk: made by `agent_assist.opening` for `ui.application.run_window`."""

    @property
    def folder(self) -> Path | None:
        """The workspace; None for the demo desk."""

    @property
    def demo(self) -> bool: ...

    def need(self) -> KeyNeed:
        """Looks at the folder and the keyring only; may block on the keyring."""

    def open(self, passphrase: str = "") -> Desk:
        """Open or create the workspace; blocking.  Raises WrongPassphrase and the other WorkspaceProblems."""

    def own(self) -> DeskOpener:
        """The opener of the person's own workspace: what "Set up your own desk" on the demo desk opens."""

    def anew(self, passphrase: str, new_passphrase: str, free: threading.Event) -> DeskOpener:
        """The opener of the same workspace that first gives it a new data key, as soon as `free` says that
        nobody has it open any more."""

    def demo_desk(self) -> DeskOpener:
        """The opener of the demo desk; its `own` leads back here."""
