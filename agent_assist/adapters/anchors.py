"""Where the head of the audit log is remembered outside the database.

A file in the workspace, one in the person's own state folder, and the system's keyring where there is
one.  Each is sealed, so that it cannot be made by hand, and never goes back to a smaller number.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
from contextlib import suppress
from pathlib import Path

import filelock

from agent_assist.adapters.secrets import KeyStore
from agent_assist.domain.audit import Head
from agent_assist.errors import AgentAssistError, AuditDamaged
from agent_assist.files import write_whole

log = logging.getLogger(__name__)

_LOCK_SECONDS = 5.0


class FileAnchor:
    """Implements ports.AuditAnchor as a file that is replaced in one step."""

    def __init__(self, path: Path, key: bytes, place: str, *, required: bool) -> None:
        """`required`: a log that has entries must have this file, too."""
        self.place = place
        self.required = required
        self._path = path
        self._key = key

    def read(self) -> Head | None:
        try:
            return _parse(self._path.read_bytes(), self._key, self.place)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise AuditDamaged(f"{self.place} cannot be read ({error.strerror}).") from None

    def write(self, head: Head, *, back: bool = False) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            # Of two processes that append, the slower one must not put the older head back.
            with filelock.FileLock(f"{self._path}.lock", timeout=_LOCK_SECONDS):
                with suppress(AuditDamaged):
                    before = self.read()
                    if before is not None and before.number >= head.number and not back:
                        return
                write_whole(self._path, _dump(head, self._key))
        except (OSError, filelock.Timeout) as error:
            log.warning("The head of the audit log was not written to %s: %s", self.place, error)


class KeyringAnchor:
    """Implements ports.AuditAnchor in the system's keyring."""

    required = False

    def __init__(self, store: KeyStore, workspace: str, key: bytes) -> None:
        self.place = "the system keyring"
        self._store = store
        self._name = f"{workspace} audit head"
        self._key = key

    def read(self) -> Head | None:
        try:
            data = self._store.get(self._name)
        except AgentAssistError:
            return None  # locked, or gone: the other places remember it too
        return _parse(data, self._key, self.place) if data else None

    def write(self, head: Head, *, back: bool = False) -> None:
        try:
            with suppress(AuditDamaged):
                before = self.read()
                if before is not None and before.number >= head.number and not back:
                    return
            self._store.set(self._name, _dump(head, self._key))
        except AgentAssistError as error:
            log.warning("The head of the audit log was not written to %s: %s", self.place, error.sentence)


def _seal(head: Head, key: bytes) -> str:
    return hmac.new(key, f"{head.number} {head.mac}".encode(), hashlib.sha256).hexdigest()


def _dump(head: Head, key: bytes) -> bytes:
    data = {"number": head.number, "mac": head.mac, "seal": _seal(head, key)}
    return (json.dumps(data) + "\n").encode()


def _parse(data: bytes, key: bytes, place: str) -> Head:
    try:
        found = json.loads(data)
        head = Head(int(found["number"]), str(found["mac"]))
        if hmac.compare_digest(_seal(head, key), str(found["seal"])):
            return head
    except (ValueError, KeyError, TypeError):
        pass
    raise AuditDamaged(f"The head of the audit log in {place} was changed by hand.")
