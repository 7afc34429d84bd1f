"""The encrypted database of a workspace.

SQLCipher through sqlite-utils.  Reads use one connection a thread; writes run one after the other
on one thread of their own, each in a transaction, so that no two parts of the product ever wait
for each other's locks.  Every commit is on the disk when the call returns: WAL with
synchronous=FULL (15 kill -9 runs of this combination lost no acknowledged row), and on macOS
fullfsync.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import sys
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import sqlcipher3

# sqlite-utils looks for these names first; without the alias it would compare exceptions and
# types of two different SQLite builds, and insert(alter=True) breaks.
sys.modules.setdefault("pysqlite3", sqlcipher3)
sys.modules.setdefault("pysqlite3.dbapi2", sqlcipher3.dbapi2)

# Where pandas is installed (training needs it) sqlite-utils imports it for one column type that is used
# nowhere here: a second of every command's start.
_HIDDEN = "pandas" not in sys.modules
if _HIDDEN:
    sys.modules["pandas"] = None  # type: ignore[assignment]
import sqlite_utils  # noqa: E402

if _HIDDEN:
    del sys.modules["pandas"]

from agent_assist.adapters.storage.migrations import migrations  # noqa: E402
from agent_assist.errors import (  # noqa: E402
    AgentAssistError,
    DiskFull,
    KeyUnavailable,
    WorkspaceBusy,
    WorkspaceDamaged,
    WorkspaceNewer,
    WorkspaceProblem,
    WorkspaceReadOnly,
)

T = TypeVar("T")
KEY_BYTES = 32
SPARE_BYTES = 1 << 16


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
        self._connections: dict[int, Any] = {}
        self._lock = threading.Lock()
        self._closed = False
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
            raise WorkspaceNewer(
                f"{self.path.parent} holds tables that this version does not know ({newer[0]})."
            )
        migrations.apply(database)

    @property
    def reader(self) -> sqlite_utils.Database:
        """This thread's connection; use it for reading only.  It is closed when the thread ends."""
        held: _Held | None = getattr(self._local, "held", None)
        if held is None:
            held = self._local.held = self._connect()
        return held.tables

    def read(self, work: Callable[[sqlite_utils.Database], T]) -> T:
        """Run `work` on this thread's connection; the database's errors come out as the product's."""
        try:
            return work(self.reader)
        except sqlcipher3.dbapi2.Error as error:
            raise explain(error, self.path) from error

    def write(self, work: Callable[[sqlite_utils.Database], T]) -> T:
        """Run `work` on the writer thread in one transaction and wait for it.

        All or nothing: an exception rolls back.  Raises DiskFull, WorkspaceReadOnly, WorkspaceBusy
        or WorkspaceDamaged.
        """
        return self.write_later(work).result()

    def write_later(self, work: Callable[[sqlite_utils.Database], T]) -> Future[T]:
        """As `write`, without waiting."""

        def run() -> T:
            try:
                database = self.reader
                # IMMEDIATE: a transaction that reads first and writes later would fail at once,
                # without waiting, when another process has written in between.
                database.conn.execute("BEGIN IMMEDIATE")
                try:
                    result = work(database)
                    database.conn.execute("COMMIT")
                except BaseException:
                    database.conn.rollback()
                    raise
                return result
            except sqlcipher3.dbapi2.Error as error:
                raise explain(error, self.path) from error

        try:
            return self._writer.submit(run)
        except RuntimeError:
            raise _closed() from None

    def compact(self) -> bool:
        """Rewrite the whole file, so that nothing that was deleted is left in its pages, and empty the log
        of writes; False where another process is reading.  Takes about a second for 100 MB."""

        def run() -> bool:
            try:
                conn = self.reader.conn
                conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                conn.execute("VACUUM")
                return bool(conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0)
            except sqlcipher3.dbapi2.OperationalError as error:
                problem = explain(error, self.path)
                if isinstance(problem, WorkspaceBusy):
                    return False
                raise problem from error

        try:
            return self._writer.submit(run).result()
        except RuntimeError:
            raise _closed() from None

    def close(self) -> None:
        """Finish the writes that are under way, then close every connection."""
        self._writer.shutdown(wait=True)
        with self._lock:
            self._closed = True
            connections = list(self._connections.values())
            self._connections.clear()
        for connection in connections:
            connection.close()

    def _connect(self) -> _Held:
        if self._closed:
            raise _closed()
        try:
            connection = sqlcipher3.dbapi2.connect(str(self.path), timeout=10.0, check_same_thread=False)
        except sqlcipher3.dbapi2.Error as error:
            raise explain(error, self.path) from error
        try:
            connection.execute(f"PRAGMA key = \"x'{self._key.hex()}'\"")
            connection.execute("PRAGMA cipher_memory_security = OFF")
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA secure_delete = FAST")
            connection.execute("PRAGMA foreign_keys = ON")
            # Each page that is not held is decrypted and authenticated again: a fifth to a third of the
            # time of a search of 12,000 passages with SQLite's 2 MB.
            connection.execute("PRAGMA cache_size = -16000")
            if sys.platform == "darwin":
                connection.execute("PRAGMA fullfsync = ON")
        except sqlcipher3.dbapi2.Error as error:
            connection.close()
            raise explain(error, self.path) from error
        with self._lock:
            self._connections[id(connection)] = connection
        held = _Held(sqlite_utils.Database(connection))
        # When a thread ends its locals go, and with them this object: a pool of short-lived threads
        # must not leave a file handle behind for each of them.
        weakref.finalize(held, _release, self._connections, self._lock, connection)
        return held


def opens(path: Path, key: bytes) -> bool:
    """Whether the database has this key; nothing is changed."""
    connection = sqlcipher3.dbapi2.connect(str(path), timeout=10.0)
    try:
        connection.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlcipher3.dbapi2.DatabaseError:
        return False
    finally:
        connection.close()
    return True


def change_key(path: Path, old: bytes, new: bytes) -> None:
    """Encrypt every page anew, in one transaction of SQLCipher: a crash leaves the old key or the new one.

    Raises WorkspaceBusy where anybody else has the database open.
    """
    connection = sqlcipher3.dbapi2.connect(str(path), timeout=2.0, isolation_level=None)
    try:
        connection.execute(f"PRAGMA key = \"x'{old.hex()}'\"")
        # Leaving write-ahead logging succeeds only for whoever is alone with the file.
        mode = connection.execute("PRAGMA journal_mode = DELETE").fetchone()[0]
        if mode != "delete":
            raise WorkspaceBusy(f"Another process has {path.parent} open.")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA rekey = \"x'{new.hex()}'\"")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlcipher3.dbapi2.Error as error:
        raise explain(error, path) from error
    finally:
        connection.close()


class _Held:
    """One thread's connection; its end is the end of the thread."""

    def __init__(self, tables: sqlite_utils.Database) -> None:
        self.tables = tables


def _release(connections: dict[int, Any], lock: threading.Lock, connection: Any) -> None:
    with lock:
        known = connections.pop(id(connection), None)
    if known is not None:
        known.close()


def _closed() -> WorkspaceProblem:
    return WorkspaceProblem("The workspace has been closed.", "Open it again.")


def explain(error: BaseException, path: Path) -> AgentAssistError:
    """The error a person can understand behind one of SQLite's or the system's."""
    text = str(error).lower()
    system = error.errno if isinstance(error, OSError) else None
    if system in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)) or "disk is full" in text:
        return DiskFull(f"There is no space left for {path.parent}.")
    if "not a database" in text:
        return KeyUnavailable("The key does not open this workspace.")
    if (
        "readonly" in text
        or "unable to open" in text
        or isinstance(error, PermissionError)
        or system == errno.EROFS
    ):
        return WorkspaceReadOnly(f"{path.parent} cannot be written.")
    if "locked" in text or "busy" in text:
        return WorkspaceBusy(f"Another command is writing to {path.parent}.")
    if "disk i/o" in text:
        # SQLite says no more than this when it cannot enlarge its shared-memory file.
        if not os.access(path.parent, os.W_OK):
            return WorkspaceReadOnly(f"{path.parent} cannot be written.")
        with contextlib.suppress(OSError):
            if shutil.disk_usage(path.parent).free < SPARE_BYTES:
                return DiskFull(f"There is no space left for {path.parent}.")
    return WorkspaceDamaged(f"The database {path} reported: {error}.")
