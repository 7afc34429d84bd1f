"""Workspaces of their own for tests: a passphrase, a keyring that works, none at all."""

from __future__ import annotations

from pathlib import Path

import sqlcipher3
from support_store import ticket

from agent_assist.adapters import secrets
from agent_assist.adapters.secrets import KeyStore
from agent_assist.adapters.storage.tickets import TicketStore
from agent_assist.adapters.workspace import DATABASE, Workspace

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


def as_insider(folder: Path, *statements: str, passphrase: str = PASSPHRASE) -> None:
    """Change the database behind the application's back, as somebody who has its key can."""
    with opened(folder, passphrase, create=False) as workspace:
        key = secrets.derive(workspace._data_key, "database")
    connection = sqlcipher3.dbapi2.connect(str(folder / DATABASE))
    connection.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
    for statement in ("DROP TRIGGER audit_no_update", "DROP TRIGGER audit_no_delete", *statements):
        connection.execute(statement)
    connection.commit()
    connection.close()
