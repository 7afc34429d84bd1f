"""What every service of a desk stands on: clock, options, audit log, roles, jobs, tickets."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime

import platformdirs

from agent_assist.adapters import secrets
from agent_assist.adapters.anchors import FileAnchor, KeyringAnchor
from agent_assist.adapters.identity import Identity
from agent_assist.adapters.privacy.redactor import packaged_redactor
from agent_assist.adapters.storage.audit import AuditStore
from agent_assist.adapters.storage.suggestions import SuggestionStore
from agent_assist.adapters.storage.tickets import TicketStore
from agent_assist.adapters.workspace import Workspace
from agent_assist.domain.access import taken_by
from agent_assist.ports import AuditAnchor, Redactor
from agent_assist.services.access import AccessService
from agent_assist.services.audit import AuditService
from agent_assist.services.events import EventBus
from agent_assist.services.jobs import JobQueue
from agent_assist.services.options import OptionsService
from agent_assist.services.tickets import TicketService


class SystemClock:
    """Implements ports.Clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass(frozen=True)
class Ground:
    """What every part stands on."""

    workspace: Workspace
    clock: SystemClock
    events: EventBus
    options: OptionsService
    jobs: JobQueue
    tickets: TicketService
    suggestions: SuggestionStore
    audit: AuditService
    access: AccessService
    identity: Identity
    redactor: Redactor
    """What a ticket's own fields, the rules and the classifier find."""
    stack: ExitStack
    """Closes in the reverse order what was opened, when something fails on the way or at the end."""


def ground(workspace: Workspace, stack: ExitStack) -> Ground:
    """The ground of a desk on `workspace`; `stack` gets what must be closed."""
    clock, events = SystemClock(), EventBus()
    options = OptionsService(workspace.settings_path, events)
    audit, access, identity = _governance(workspace, events, options, clock, stack)
    jobs = JobQueue(events)
    stack.callback(jobs.close)
    return Ground(
        workspace,
        clock,
        events,
        options,
        jobs,
        TicketService(TicketStore(workspace.database), events, clock),
        SuggestionStore(workspace.database),
        audit,
        access,
        identity,
        packaged_redactor(lambda: options.current),
        stack,
    )


def _governance(
    workspace: Workspace, events: EventBus, options: OptionsService, clock: SystemClock, stack: ExitStack
) -> tuple[AuditService, AccessService, Identity]:
    """The audit log and the roles that rest on it."""
    key = workspace.audit_key
    anchors: list[AuditAnchor] = [
        FileAnchor(
            workspace.folder / "audit.head", key, "the file audit.head of the workspace", required=True
        )
    ]
    if workspace.identity:
        # A second one away from the workspace: a whole folder that is put back shows, too.
        away = platformdirs.user_state_path("agent-assist", appauthor=False) / "audit"
        anchors.append(
            FileAnchor(away / f"{workspace.identity}.head", key, "your own state folder", required=False)
        )
        if workspace.key_source == "keyring" and (store := secrets.system_keyring()) is not None:
            anchors.append(KeyringAnchor(store, workspace.identity, key))
    identity = Identity(workspace.identity_key)
    audit = AuditService(AuditStore(workspace.database, key), anchors, clock, identity.me)
    stack.callback(audit.close)
    access = AccessService(audit, identity.agent_named, demo=not workspace.identity)
    access.begin()
    audit.listen(events)

    def guard(names: frozenset[str]) -> None:
        for needed in sorted({need for name in names if (need := taken_by(name)) is not None}):
            access.require(needed)

    options.guard = guard
    audit.guard = access.require
    return audit, access, identity
