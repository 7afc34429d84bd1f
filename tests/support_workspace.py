"""Workspaces of their own for tests: a passphrase, a keyring that works, none at all."""

from __future__ import annotations

from pathlib import Path

from support_store import ticket

from agent_assist.adapters.secrets import KeyStore
from agent_assist.adapters.storage.tickets import TicketStore
from agent_assist.adapters.workspace import Workspace

PASSPHRASE = "correct horse battery"


class MemoryKeyring:
    """Implements adapters.secrets.KeyStore."""

    def __init__(self, name: str = "memory") -> None:
        self.name = name
        self.entries: dict[str, bytes] = {}

    def get(self, name: str) -> bytes | None:
        return self.entries.get(name)

    def set(self, name: str, secret: bytes) -> None:
        self.entries[name] = secret

    def remove(self, name: str) -> None:
        self.entries.pop(name, None)


def no_keyring() -> KeyStore | None:
    return None


def opened(folder: Path, passphrase: str = PASSPHRASE, *, create: bool = True) -> Workspace:
    """The workspace in `folder`, where there is no keyring."""
    return Workspace.open(folder, passphrase=lambda: passphrase, create=create, keyring=no_keyring)


def with_one_ticket(folder: Path) -> Path:
    """A workspace that holds the ticket T-1, closed."""
    with opened(folder) as workspace:
        TicketStore(workspace.database).save([ticket("T-1", "kept secret")])
    return folder
