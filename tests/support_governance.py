"""A workspace database with its audit log and roles, and the tools of an insider who has its key."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlcipher3
from support_store import FixedClock

from agent_assist.adapters.anchors import FileAnchor
from agent_assist.adapters.identity import Identity
from agent_assist.adapters.storage.audit import AuditStore
from agent_assist.adapters.storage.database import Database
from agent_assist.services.access import AccessService
from agent_assist.services.audit import AuditService


class Office:
    """What `agent_assist.app` joins for the audit log and the roles, on one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key, self.audit_key = os.urandom(32), os.urandom(32)
        self.identity = Identity(os.urandom(32))
        self.anchor = FileAnchor(folder / "audit.head", self.audit_key, "the file audit.head", required=True)
        self.clock = FixedClock()
        self.open()

    @property
    def path(self) -> Path:
        return self.folder / "workspace.db"

    def open(self, agent: str = "") -> None:
        self.database = Database(self.path, self.key)
        store = AuditStore(self.database, self.audit_key)
        self.audit = AuditService(store, [self.anchor], self.clock, agent or self.identity.me)
        self.access = AccessService(self.audit, self.identity.agent_named)
        self.access.begin()

    def close(self) -> None:
        self.audit.close()
        self.database.close()

    def again(self, agent: str = "") -> None:
        self.close()
        self.open(agent)

    def tamper(self, *statements: str | tuple[str, tuple[Any, ...]]) -> None:
        """As an insider would: the real file, the real database key, plain SQL."""
        self.close()
        connection = sqlcipher3.dbapi2.connect(str(self.path))
        connection.execute(f"PRAGMA key = \"x'{self.key.hex()}'\"")
        for name in ("audit_no_update", "audit_no_delete"):
            connection.execute(f"DROP TRIGGER IF EXISTS {name}")
        for statement in statements:
            if isinstance(statement, str):
                connection.execute(statement)
            else:
                connection.execute(*statement)
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
        self.open()

    def files(self, work: Callable[[], None]) -> None:
        """Do something to the files while nobody has them open."""
        self.close()
        work()
        self.open()
