"""The workspace's own key: how it is kept, and digests that only it can make."""

from __future__ import annotations

from typing import Protocol


class KeyKeeper(Protocol):
    """The workspace, as the keeper of its own key."""

    @property
    def key_source(self) -> str:
        """`keyring`, `passphrase` or `memory`."""

    @property
    def key_detail(self) -> str:
        """The keyring's name where the key is in one."""

    @property
    def has_recovery_key(self) -> bool:
        """Whether one was made; it is kept nowhere, only the workspace key sealed under it."""

    def change_passphrase(self, old: str, new: str) -> None:
        """Seal the key under `new`; `old` may be the recovery key, and is ignored where the key is in a
        keyring.

        Raises WrongPassphrase, BadInput for an empty `new`, WorkspaceReadOnly or DiskFull; the old one then
        still holds.
        """

    def make_recovery_key(self) -> str:
        """A new recovery key, to be shown once; an older one no longer opens.  Raises WorkspaceReadOnly or
        DiskFull."""

    def check_passphrase(self, passphrase: str, *, own: bool = False) -> None:
        """Raise WrongPassphrase where it is neither the passphrase nor the recovery key.

        With `own` the recovery key does not do: BadInput.  A key in a keyring needs none of it.
        """


class Pseudonyms(Protocol):
    """Keyed digests that only this workspace can make."""

    def reference(self, kind: str, value: str) -> str:
        """Stands for a value in logs, exports and tombstones: 32 hex digits, the same for the same kind and
        value."""

    def seal(self, text: str) -> str:
        """A MAC over `text`, in hex, that shows later that this workspace wrote it."""
