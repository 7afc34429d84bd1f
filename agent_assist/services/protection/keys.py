"""The key of the workspace: its passphrase and its recovery key."""

from __future__ import annotations

from agent_assist.domain.access import Permission
from agent_assist.domain.audit import AuditAction
from agent_assist.errors import BadInput
from agent_assist.ports import KeyKeeper
from agent_assist.services.access import AccessService
from agent_assist.services.audit import AuditService


class KeyService:
    """Each change is in the audit log; no key ever is."""

    def __init__(self, keeper: KeyKeeper, access: AccessService, audit: AuditService) -> None:
        self._keeper = keeper
        self._access = access
        self._audit = audit

    @property
    def source(self) -> str:
        """`keyring`, `passphrase` or `memory` (the demo desk)."""
        return self._keeper.key_source

    @property
    def keyring(self) -> str:
        """The keyring that was recorded as having the key; empty where it is in none."""
        return self._keeper.key_detail

    @property
    def has_recovery_key(self) -> bool:
        return self._keeper.has_recovery_key

    def change_passphrase(self, old: str, new: str) -> None:
        """Seal the key under a new passphrase; `old` may be the recovery key.

        A workspace whose key was in the keyring opens with the passphrase from now on.  Raises
        WrongPassphrase, or BadInput for an empty one or the demo desk; the old one then still opens.
        """
        self._keeper.change_passphrase(old, new)
        self._audit.record(AuditAction.KEY_CHANGED, wait=True, what="passphrase")

    def begin_rekey(self, passphrase: str | None = None, new_passphrase: str = "") -> None:
        """Write down that the data key is about to change; the desk is closed then, and `app` does it.

        A `passphrase` that is given is tried first.  Raises PermissionDenied, WrongPassphrase, or BadInput
        for the demo desk and for a recovery key without a new passphrase.
        """
        self._access.require(Permission.MAKE_RECOVERY_KEY)
        if self.source == "memory":
            raise BadInput("The demo desk has no key to change.", "Make a workspace of your own first.")
        if passphrase is not None:
            self._keeper.check_passphrase(passphrase, own=not new_passphrase)
        self._audit.record(AuditAction.KEY_CHANGED, wait=True, what="data key")

    def make_recovery_key(self) -> str:
        """A new recovery key: show it once and let it be printed, it is kept nowhere.  An older one no
        longer opens.  Raises PermissionDenied, or BadInput for the demo desk."""
        self._access.require(Permission.MAKE_RECOVERY_KEY)
        self._audit.record(AuditAction.KEY_CHANGED, wait=True, what="recovery key")
        return self._keeper.make_recovery_key()
