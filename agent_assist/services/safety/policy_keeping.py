"""Who may change the lead's rules.

`policy.yaml` is a plain file that people edit with any editor, so nothing can stop somebody from writing
to it.  What it says holds only once it was taken over by a person who may edit the policy: by opening the
desk, or with `agent-assist policy set`.  Until then the rules that were taken over last hold, from a sealed
copy, and the attempt stands in the audit log.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from typing import Protocol

from agent_assist.domain.access import Permission
from agent_assist.domain.audit import AuditAction
from agent_assist.domain.policy import Fault, Policy
from agent_assist.errors import BadInput
from agent_assist.services.access import AccessService
from agent_assist.services.audit import AuditService

HELD_BACK = (
    "This file was changed by somebody who may not edit the policy, so the rules before it hold. A lead takes"
    " it over by opening the desk, or with `agent-assist policy set`."
)


class PolicyText(Protocol):
    """The file of rules."""

    def changed(self) -> object:
        """Another value whenever the file may be another one; cheap."""

    def text(self) -> str | None:
        """What stands in it; None where there is none.  Raises BadInput where it cannot be read."""

    def write(self, text: str) -> None:
        """Replace it in one step.  Raises WorkspaceReadOnly or DiskFull."""


class KeptPolicy(Protocol):
    """The sealed copy of the text that was taken over last."""

    def read(self) -> str | None:
        """None where there is none that is whole."""

    def write(self, text: str) -> None:
        """Keep this text in the place of the one before; never raises."""


class PolicyKeeper:
    """Implements services.policy.PolicySource; thread-safe."""

    def __init__(
        self,
        file: PolicyText,
        kept: KeptPolicy,
        parse: Callable[[str], Policy],
        access: AccessService,
        audit: AuditService,
    ) -> None:
        self._file = file
        self._kept = kept
        self._parse = parse
        self._access = access
        self._audit = audit
        self._lock = threading.Lock()
        self._refused: str | None = None
        """Digest of the text whose refusal stands in the log."""

    def changed(self) -> object:
        return self._file.changed()

    def read(self) -> Policy:
        """The rules that hold.  Raises BadInput where the file cannot be read."""
        with self._lock:
            text = self._file.text()
            sha256 = digest(text)
            known = self._audit.policy_sha256()
            if sha256.startswith(known) and bool(known) == bool(sha256):
                if text is not None and self._kept.read() != text:
                    self._kept.write(text)
                return self._parse(text or "")
            if self._access.allows(Permission.EDIT_POLICY):
                self._take_over(text, sha256)
                return self._parse(text or "")
            return self._held_back(text, sha256, known)

    def set(self, text: str) -> Policy:
        """Make these the rules.  Raises PermissionDenied, or BadInput where a rule has a fault."""
        self._access.require(Permission.EDIT_POLICY)
        policy = self._parse(text)
        if policy.faults:
            first = policy.faults[0]
            raise BadInput(
                f"Line {first.line}: {first.sentence}",
                "Correct it; `agent-assist policy check` shows all faults.",
            )
        with self._lock:
            self._file.write(text)
            self._take_over(text, digest(text))
        return policy

    def _take_over(self, text: str | None, sha256: str) -> None:
        # The copy first: a log that names a text nobody has would leave an agent's change in force.
        self._kept.write(text or "")
        self._audit.note_policy(sha256)

    def _held_back(self, text: str | None, sha256: str, known: str) -> Policy:
        kept = self._kept.read() if known else None
        if known and (kept is None or not digest(kept).startswith(known)):
            # Without the copy there is nothing else that could hold; the change stands in the log.
            self._audit.note_policy(sha256)
            return self._parse(text or "")
        if self._refused != sha256:
            self._refused = sha256
            self._audit.record(
                AuditAction.REFUSED,
                wanted=Permission.EDIT_POLICY.name.lower(),
                role=self._access.role.value,
                sha256=sha256[:16],
            )
        rules = self._parse(kept or "")
        return Policy(rules.rules, (Fault(1, HELD_BACK), *rules.faults), held_back=True)


def digest(text: str | None) -> str:
    """sha256 of the rules' text in hexadecimal; empty where there is no file."""
    return "" if text is None else hashlib.sha256(text.encode()).hexdigest()
