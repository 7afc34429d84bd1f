"""The encrypted database of a workspace.

SQLCipher through sqlite-utils.  Reads use one connection a thread; writes run one after the other
on one thread of their own, each in a transaction, so that no two parts of the product ever wait
for each other's locks.  Every commit is on the disk when the call returns: WAL with
synchronous=FULL (15 kill -9 runs of this combination lost no acknowledged row), and on macOS
fullfsync.
"""

from __future__ import annotations

import errno
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import sqlcipher3

# sqlite-utils looks for these names first; without the alias it would compare exceptions and
# types of two different SQLite builds, and insert(alter=True) breaks.
sys.modules.setdefault("pysqlite3", sqlcipher3)
sys.modules.setdefault("pysqlite3.dbapi2", sqlcipher3.dbapi2)

import sqlite_utils  # noqa: E402

from agent_assist.adapters.storage.migrations import migrations  # noqa: E402
from agent_assist.errors import (  # noqa: E402
    AgentAssistError,
    DiskFull,
    KeyUnavailable,
    WorkspaceBusy,
    WorkspaceDamaged,
    WorkspaceNewer,
    WorkspaceReadOnly,
)

T = TypeVar("T")
KEY_BYTES = 32


class Database:
    """An open workspace database; close it when done."""

    def __init__(self, path: Path, key: bytes) -> None:
        """Open or create the database at `path` with a 256-bit key and bring its tables up to date.

        Raises KeyUnavailable for a wrong key, WorkspaceNewer, WorkspaceDamaged, WorkspaceReadOnly
        or DiskFull.
        """
        if len(key) != KEY_BYTES:
            raise ValueError(f"the key must have {KEY_BYTES} bytes")
        self.path = path
        self._key = key
        self._local = threading.local()
        self._connections: list[Any] = []
        self._lock = threading.Lock()
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="database-writer")
        try:
            self._writer.submit(self._prepare).result()
        except BaseException as error:
            self.close()
            if isinstance(error, AgentAssistError):
                raise
            raise explain(error, path) from error

    def _prepare(self) -> None:
        database = self.reader
        known = {migration.name for migration in migrations._migrations}
        if newer := [m.name for m in migrations.applied(database) if m.name not in known]:
            raise WorkspaceNewer(f"{self.path.parent} holds tables that this version does not know ({newer[0]}).")
        migrations.apply(database)

    @property
    def reader(self) -> sqlite_utils.Database:
        """This thread's connection; use it for reading only."""
        database: sqlite_utils.Database | None = getattr(self._local, "database", None)
        if database is None:
            database = self._local.database = self._connect()
        return database

    def write(self, work: Callable[[sqlite_utils.Database], T]) -> T:
        """Run `work` on the writer thread in one transaction and wait for it.

        All or nothing: an exception rolls back.  Raises DiskFull, WorkspaceReadOnly, WorkspaceBusy or WorkspaceDamaged.
        """
        return self.write_later(work).result()

    def write_later(self, work: Callable[[sqlite_utils.Database], T]) -> Future[T]:
        """As `write`, without waiting."""

        def run() -> T:
            try:
                database = self.reader
                with database.atomic():
                    return work(database)
            except sqlcipher3.dbapi2.Error as error:
                raise explain(error, self.path) from error

        return self._writer.submit(run)

    def close(self) -> None:
        """Finish the writes that are under way, then close every connection."""
        self._writer.shutdown(wait=True)
        with self._lock:
            for connection in self._connections:
                connection.close()
            self._connections.clear()

    def _connect(self) -> sqlite_utils.Database:
        connection = sqlcipher3.dbapi2.connect(str(self.path), timeout=5.0, check_same_thread=False)
        try:
            connection.execute(f"PRAGMA key = \"x'{self._key.hex()}'\"")
            connection.execute("PRAGMA cipher_memory_security = OFF")
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
            if sys.platform == "darwin":
                connection.execute("PRAGMA fullfsync = ON")
        except BaseException:
            connection.close()
            raise
        with self._lock:
            self._connections.append(connection)
        return sqlite_utils.Database(connection)


def explain(error: BaseException, path: Path) -> AgentAssistError:
    """The error a person can understand behind one of SQLite's or the system's."""
    text = str(error).lower()
    if isinstance(error, OSError) and error.errno == errno.ENOSPC or "disk is full" in text:
        return DiskFull(f"There is no space left for {path.parent}.")
    if "not a database" in text:
        return KeyUnavailable("The key does not open this workspace.")
    if "readonly" in text or "unable to open" in text or isinstance(error, PermissionError):
        return WorkspaceReadOnly(f"{path.parent} cannot be written.")
    if "locked" in text or "busy" in text:
        return WorkspaceBusy(f"Another command is writing to {path.parent}.")
    if "disk i/o" in text and not os.access(path.parent, os.W_OK):
        return WorkspaceReadOnly(f"{path.parent} cannot be written.")
    return WorkspaceDamaged(f"The database {path} reported: {error}.")
