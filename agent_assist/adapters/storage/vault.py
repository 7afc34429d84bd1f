"""The secrets of connections: tokens and passwords.

They lie in the system's keyring, one entry for each.  Where there is none they lie in the encrypted
database, each sealed once more with AES-GCM under a key of their own, so that a copy of the database's
rows, an export or a log of statements shows none.  They never stand in a plain file.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlite_utils import Database as Tables

from agent_assist.adapters.secrets import KeyStore
from agent_assist.adapters.storage.database import Database
from agent_assist.errors import KeyUnavailable, WorkspaceDamaged

_NONCE = 12


class Vault:
    """Implements ports.SecretVault."""

    def __init__(
        self, database: Database, key: bytes, keyring: Callable[[], KeyStore | None], workspace: str
    ) -> None:
        """`key` has 32 bytes.  `workspace` is the workspace's own id, which begins the keyring's entries;
        without one (the demo desk) the keyring is not used."""
        self._database = database
        self._cipher = AESGCM(key)
        self._keyring = keyring
        self._workspace = workspace

    @cached_property
    def _store(self) -> KeyStore | None:
        return self._keyring() if self._workspace else None

    def __repr__(self) -> str:
        return f"Vault({self.place})"

    @property
    def place(self) -> str:
        return "database" if self._store is None else "keyring"

    def get(self, connection_id: str) -> dict[str, str]:
        found = {}
        for name, sealed in self._rows(connection_id):
            if sealed is None:
                value = self._from_keyring(connection_id, name)
            else:
                value = self._opened(connection_id, name, sealed)
                self._move(connection_id, name, value)
            if value:
                found[name] = value
        return found

    def put(self, connection_id: str, secrets: Mapping[str, str]) -> None:
        known = {name for name, _ in self._rows(connection_id)}
        for name, value in secrets.items():
            if value:
                self._write(connection_id, name, self._kept(connection_id, name, value))
            elif name in known:
                self._drop(connection_id, name)

    def remove(self, connection_id: str) -> None:
        for name, _ in self._rows(connection_id):
            self._drop(connection_id, name)

    def _move(self, connection_id: str, name: str, value: str) -> None:
        """A keyring has come since it was sealed: from now on it is there, and only there."""
        if self._store is not None and self._kept(connection_id, name, value) is None:
            self._write(connection_id, name, None)

    def _kept(self, connection_id: str, name: str, value: str) -> bytes | None:
        """What the database keeps: nothing where the keyring took it."""
        if self._store is not None:
            entry = self._entry(connection_id, name)
            self._store.set(entry, value.encode())
            if self._store.get(entry) == value.encode():
                return None
        nonce = os.urandom(_NONCE)
        return nonce + self._cipher.encrypt(nonce, value.encode(), self._bound(connection_id, name))

    def _from_keyring(self, connection_id: str, name: str) -> str:
        if self._store is None:
            raise KeyUnavailable(
                "The helpdesk's token is in the system keyring, which is not running.",
                "Log in to the desktop session that has it, or enter the token again in Settings.",
            )
        found = self._store.get(self._entry(connection_id, name))
        return found.decode() if found else ""

    def _opened(self, connection_id: str, name: str, sealed: bytes) -> str:
        try:
            data = self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], self._bound(connection_id, name))
        except (InvalidTag, ValueError):
            raise WorkspaceDamaged(
                "A helpdesk's token in the workspace has been changed.", "Enter it again in Settings."
            ) from None
        return data.decode()

    def _drop(self, connection_id: str, name: str) -> None:
        if self._store is not None:
            self._store.remove(self._entry(connection_id, name))

        def work(tables: Tables) -> None:
            tables.conn.execute(
                "DELETE FROM connection_secrets WHERE connection_id = ? AND name = ?", (connection_id, name)
            )

        self._database.write(work)

    def _rows(self, connection_id: str) -> list[Any]:
        return self._database.read(
            lambda tables: tables.conn.execute(
                "SELECT name, sealed FROM connection_secrets WHERE connection_id = ?", (connection_id,)
            ).fetchall()
        )

    def _write(self, connection_id: str, name: str, sealed: bytes | None) -> None:
        def work(tables: Tables) -> None:
            tables.conn.execute(
                "INSERT OR REPLACE INTO connection_secrets (connection_id, name, sealed) VALUES (?, ?, ?)",
                (connection_id, name, sealed),
            )

        self._database.write(work)

    def _entry(self, connection_id: str, name: str) -> str:
        return f"{self._workspace}/{connection_id}/{name}"

    def _bound(self, connection_id: str, name: str) -> bytes:
        """A sealed value cannot be moved to another connection's row."""
        return f"{self._workspace}\0{connection_id}\0{name}".encode()
