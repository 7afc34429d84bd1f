"""One workspace: a folder with the encrypted database, its key's whereabouts, settings and caches.

Making one is a series of steps of which the last, renaming `workspace.db.new`, is the only one that
counts: whatever a crash leaves behind, the next start either finishes it or begins again.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import filelock
import platformdirs

from agent_assist.adapters import recovery, secrets
from agent_assist.adapters.secrets import Ask, KeyFile, KeyStore
from agent_assist.adapters.storage.database import Database, explain, opens
from agent_assist.errors import (
    BadInput,
    KeyUnavailable,
    WorkspaceBusy,
    WorkspaceDamaged,
    WorkspaceProblem,
    WrongPassphrase,
)
from agent_assist.files import sync_folder, write_whole

DATABASE = "workspace.db"
KEY_FILE = "key.json"
NEXT_KEY_FILE = "key.json.next"
"""Of a data key that is being changed: it takes the other's place when the database has that key."""
PAGE_BYTES = 4096
"""SQLCipher's page: no database is smaller."""
LOCK_SECONDS = 20.0
"""How long to wait for another process that is making or bringing up to date the same workspace."""


def default_folder() -> Path:
    """Where this system keeps application data."""
    return platformdirs.user_data_path("agent-assist", appauthor=False)


class Workspace:
    """An open workspace; close it when done.  Several processes may have the same one open."""

    def __init__(self, folder: Path, database: Database, data_key: bytes, key_file: KeyFile | None) -> None:
        self.folder = folder
        self.database = database
        self.settings_path = folder / "settings.json"
        self.models_folder = folder / "models"
        self.cache_folder = folder / "cache"
        self.cache_key = secrets.derive(data_key, "cache")
        self.policy_key = secrets.derive(data_key, "policy")
        """32 bytes: encrypts what is cached outside the database."""
        carried = secrets.carried_keys(key_file, data_key) if key_file else {}
        self.audit_key = carried.get("audit") or secrets.derive(data_key, "audit")
        """32 bytes: signs the audit log."""
        self.identity_key = carried.get("identity") or secrets.derive(data_key, "identity")
        """32 bytes: makes the pseudonyms of people and of what stands in the audit log."""
        self.secrets_key = carried.get("connections") or secrets.derive(data_key, "connections")
        """32 bytes: seals the helpdesks' tokens where there is no keyring."""
        self._data_key = data_key
        self._key_file = key_file
        self._temporary = key_file is None

    @property
    def identity(self) -> str:
        """The workspace's own random id; empty for the demo desk."""
        return self._key_file.workspace if self._key_file else ""

    @property
    def key_source(self) -> str:
        """`keyring`, `passphrase` or `memory` (the demo desk)."""
        return self._key_file.source if self._key_file else "memory"

    @property
    def key_detail(self) -> str:
        """The keyring's name where the key is in one, else empty."""
        return self._key_file.backend if self._key_file else ""

    @classmethod
    def open(
        cls,
        folder: Path,
        *,
        passphrase: Ask | None = None,
        create: bool = True,
        keyring: Callable[[], KeyStore | None] = secrets.system_keyring,
    ) -> Workspace:
        """Open the workspace in `folder`, making it first where there is none and `create` is set.

        `passphrase` is asked only where it is needed; AGENT_ASSIST_PASSPHRASE stands in for it.
        Raises the errors under WorkspaceProblem.
        """
        folder = folder.expanduser().absolute()
        try:
            if not create and not (folder / KEY_FILE).exists():
                raise WorkspaceProblem(
                    f"There is no workspace in {folder}.", "Check the path, or make one there."
                )
            _make_folder(folder)
            # Asked before anything is locked: nobody else must wait for a person to type.
            answer = passphrase() if passphrase and cls.needs_passphrase(folder, keyring) else ""
            with locked(folder):
                settle_change_of_key(folder, keyring, lambda: answer)
                key_file = _key_file(folder) or _make(folder, keyring(), lambda: answer)
                data_key = _unlock(key_file, keyring, lambda: answer)
                key_file = _at_home(folder, key_file, data_key, keyring)
                database = _open_database(folder, data_key)
        except OSError as error:
            raise explain(error, folder / DATABASE) from error
        return cls(folder, database, data_key, key_file)

    @classmethod
    def demo(cls) -> Workspace:
        """A workspace under a random key held in memory only; gone when closed or at exit."""
        try:
            folder = Path(tempfile.mkdtemp(prefix="agent-assist-demo-"))
            _make_folder(folder)
        except OSError as error:
            raise explain(error, Path(tempfile.gettempdir()) / DATABASE) from error
        data_key = os.urandom(secrets.KEY_BYTES)
        try:
            workspace = cls(
                folder, Database(folder / DATABASE, secrets.derive(data_key, "database")), data_key, None
            )
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        atexit.register(workspace.close)
        return workspace

    @staticmethod
    def exists(folder: Path) -> bool:
        """Whether there is a workspace in the folder: what the unlock dialog and first run ask."""
        return (folder.expanduser() / KEY_FILE).exists()

    @staticmethod
    def needs_passphrase(
        folder: Path, keyring: Callable[[], KeyStore | None] = secrets.system_keyring
    ) -> bool:
        """Whether opening the folder will need a passphrase, without asking for one."""
        folder = folder.expanduser()
        key_file = _key_file(folder) if (folder / KEY_FILE).exists() else None
        if key_file is None:
            return keyring() is None
        if key_file.source == "passphrase":
            return True
        return bool(key_file.recovery) and not _in_keyring(key_file, keyring)

    def change_passphrase(self, old: str, new: str) -> None:
        """Seal the key under a new passphrase; a workspace whose key is in the keyring leaves it.

        `old` may be the recovery key, and is ignored where the key comes from the keyring.  Raises
        WrongPassphrase, BadInput for
        an empty new one or the demo desk, WorkspaceReadOnly or DiskFull; the old one then still holds.
        """
        if self._key_file is None:
            raise BadInput("The demo desk has no passphrase.", "Make a workspace of your own first.")
        self.check_passphrase(old)
        sealed = secrets.seal(self._data_key, self._key_file.workspace, new)
        self._keep(replace(sealed, recovery=self._key_file.recovery, carried=self._key_file.carried))

    def check_passphrase(self, passphrase: str, *, own: bool = False) -> None:
        """Raise WrongPassphrase where it is neither the passphrase nor the recovery key.

        With `own` the recovery key does not do: BadInput.  A key in the keyring needs none of it.
        """
        file = self._key_file
        if file is None or file.source != "passphrase":
            return
        if secrets.open_with(file, passphrase) != self._data_key:
            raise WrongPassphrase("The passphrase is not the one of this workspace.")
        if own and recovery.is_one(passphrase):
            raise BadInput("The recovery key opens the workspace, and cannot seal it.", recovery.GIVE_NEW)

    @property
    def has_recovery_key(self) -> bool:
        return self._key_file is not None and bool(self._key_file.recovery)

    def make_recovery_key(self) -> str:
        """A new recovery key, to be shown once: it is kept nowhere, and an older one no longer opens.

        Raises BadInput for the demo desk, WorkspaceReadOnly or DiskFull.
        """
        if self._key_file is None:
            raise BadInput("The demo desk needs no recovery key.", "Make a workspace of your own first.")
        printed, changed = secrets.with_recovery(self._key_file, self._data_key)
        self._keep(changed)
        return printed

    def _keep(self, key_file: KeyFile) -> None:
        try:
            with locked(self.folder):
                write_whole(self.folder / KEY_FILE, key_file.dump().encode())
        except OSError as error:
            raise explain(error, self.folder / DATABASE) from error
        self._key_file = key_file

    def data_key(self) -> bytes:
        """For a change of the key only."""
        return self._data_key

    def key_file(self) -> KeyFile:
        """Where the key is.  Raises BadInput for the demo desk."""
        if self._key_file is None:
            raise BadInput("The demo desk's key is in memory only.", "Make a workspace of your own first.")
        return self._key_file

    def close(self) -> None:
        """Finish the writes; a demo workspace is deleted.  May be called twice."""
        self.database.close()
        if self._temporary:
            atexit.unregister(self.close)
            shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Workspace:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _make_folder(folder: Path) -> None:
    if not folder.exists():
        folder.mkdir(parents=True, mode=0o700)
    for name in ("models", "cache"):
        (folder / name).mkdir(exist_ok=True)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the folder while it is made or its tables are brought up to date, not while it is in use."""
    lock = filelock.FileLock(folder / "workspace.lock", timeout=LOCK_SECONDS)
    try:
        lock.acquire()
    except filelock.Timeout:
        raise WorkspaceBusy(f"Another process is preparing {folder}.") from None
    try:
        yield
    finally:
        lock.release()


def _key_file(folder: Path) -> KeyFile | None:
    """The key file; None where the folder has no workspace.  Raises WorkspaceDamaged."""
    try:
        text = (folder / KEY_FILE).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise WorkspaceDamaged("The file key.json of the workspace cannot be read.") from None
    except FileNotFoundError:
        if (folder / DATABASE).exists():
            raise WorkspaceDamaged(f"{folder} has a database and no key.json; its key is unknown.") from None
        return None
    return secrets.parse_key_file(text)


def _make(folder: Path, store: KeyStore | None, passphrase: Ask | None) -> KeyFile:
    """Make key and database; key.json comes second to last, the database's final name last."""
    data_key, key_file = secrets.new_key(uuid4().hex, store, passphrase)
    fresh = folder / f"{DATABASE}.new"
    for leftover in folder.glob(f"{fresh.name}*"):
        leftover.unlink()
    Database(fresh, secrets.derive(data_key, "database")).close()
    write_whole(folder / KEY_FILE, key_file.dump().encode())
    return key_file


def settle_change_of_key(
    folder: Path, keyring: Callable[[], KeyStore | None], passphrase: Ask | None
) -> None:
    """Finish, or take back, a change of the data key that a crash interrupted: the database itself says
    which of the two keys it has."""
    waiting = folder / NEXT_KEY_FILE
    if not waiting.exists():
        return
    key_file = _key_file(folder)
    if key_file is None:
        return
    problem: WorkspaceProblem = WorkspaceDamaged(f"No key of {folder} opens its database.")
    for file in (key_file, secrets.parse_key_file(waiting.read_text(encoding="utf-8"))):
        try:
            key = _unlock(file, keyring, passphrase)
        except (WrongPassphrase, KeyUnavailable) as error:
            problem = error
            continue
        if opens(folder / DATABASE, secrets.derive(key, "database")):
            if file is key_file:
                waiting.unlink()
            else:
                waiting.replace(folder / KEY_FILE)
            sync_folder(folder)
            return
    raise problem


def _unlock(key_file: KeyFile, keyring: Callable[[], KeyStore | None], passphrase: Ask | None) -> bytes:
    store = _store_of(key_file, keyring) if key_file.source == "keyring" else None
    return secrets.unlock(key_file, store, passphrase)


def _store_of(key_file: KeyFile, keyring: Callable[[], KeyStore | None]) -> KeyStore | None:
    """The keyring that has the key: the one recorded, where it is still here, else the one of now."""
    store = keyring()
    if store is not None and store.name != key_file.backend:
        return secrets.keyring_named(key_file.backend) or store
    return store


def _in_keyring(key_file: KeyFile, keyring: Callable[[], KeyStore | None]) -> bool:
    try:
        store = _store_of(key_file, keyring)
        return store is not None and store.get(key_file.slot or key_file.workspace) is not None
    except KeyUnavailable:
        return False


def _at_home(
    folder: Path, key_file: KeyFile, data_key: bytes, keyring: Callable[[], KeyStore | None]
) -> KeyFile:
    """Put a key that only the recovery key gave back into the keyring of now, for the next start."""
    if key_file.source != "keyring" or _in_keyring(key_file, keyring):
        return key_file
    try:
        store = keyring()
        if store is None:
            return key_file
        name = key_file.slot or key_file.workspace
        store.set(name, data_key)
        if store.get(name) != data_key:
            return key_file
        moved = replace(key_file, backend=store.name)
        write_whole(folder / KEY_FILE, moved.dump().encode())
    except (KeyUnavailable, OSError):
        return key_file  # it opened; the next start asks again
    return moved


def _open_database(folder: Path, data_key: bytes) -> Database:
    path = folder / DATABASE
    fresh = folder / f"{DATABASE}.new"
    if not path.exists() and fresh.exists():
        fresh.replace(path)
        sync_folder(folder)
    # SQLite takes a missing file, or one shorter than a page, for a new database and would start
    # over without a word.
    if not path.exists() or path.stat().st_size < PAGE_BYTES:
        raise WorkspaceDamaged(f"The database of the workspace {folder} is missing or cut short.")
    try:
        return Database(path, secrets.derive(data_key, "database"))
    except KeyUnavailable:
        raise WorkspaceDamaged(f"The database {path} is damaged; its key is the right one.") from None
