"""A new data key for a workspace: what to do when a recovery key or a copy of key.json got about.

Everything that was encrypted is encrypted anew.  Keys that signed what must stay valid (the audit log,
pseudonyms, receipts, connection secrets) are carried over, sealed under the new one.  The old recovery
key opens nothing any more.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

from agent_assist.adapters import recovery, secrets
from agent_assist.adapters.secrets import KeyFile, KeyStore
from agent_assist.adapters.storage.database import change_key
from agent_assist.adapters.workspace import DATABASE, KEY_FILE, NEXT_KEY_FILE, Workspace, locked
from agent_assist.errors import AgentAssistError, BadInput, KeyUnavailable
from agent_assist.files import write_whole


def rekey(
    folder: Path,
    passphrase: str = "",
    new_passphrase: str = "",
    *,
    keyring: Callable[[], KeyStore | None] = secrets.system_keyring,
) -> None:
    """Give the workspace in `folder`, which nobody may have open, a new data key.

    `passphrase` opens it, and seals the new key too unless `new_passphrase` is given; a workspace in the
    keyring needs neither.  Raises WorkspaceBusy, WrongPassphrase, BadInput where a recovery key was given
    and no new passphrase, WorkspaceReadOnly or DiskFull; the old key then still holds.
    """
    folder = folder.expanduser().absolute()
    with Workspace.open(folder, passphrase=lambda: passphrase, create=False, keyring=keyring) as workspace:
        old, file = workspace.data_key(), workspace.key_file()
        carried = {
            "audit": workspace.audit_key,
            "identity": workspace.identity_key,
            "connections": workspace.secrets_key,
        }
    new = os.urandom(secrets.KEY_BYTES)
    store = keyring() if file.source == "keyring" else None
    made = _sealed(file, new, store, passphrase, new_passphrase)
    made = replace(made, carried=secrets.carry(new, carried))
    with locked(folder):
        write_whole(folder / NEXT_KEY_FILE, made.dump().encode())
        try:
            change_key(folder / DATABASE, secrets.derive(old, "database"), secrets.derive(new, "database"))
        except AgentAssistError:
            (folder / NEXT_KEY_FILE).unlink(missing_ok=True)
            raise
        (folder / NEXT_KEY_FILE).replace(folder / KEY_FILE)
        for cache in (folder / "cache").glob("*.bin"):
            cache.unlink(missing_ok=True)
    if store is not None:
        with suppress(KeyUnavailable):
            store.remove(file.slot or file.workspace)


def _sealed(
    file: KeyFile, new: bytes, store: KeyStore | None, passphrase: str, new_passphrase: str
) -> KeyFile:
    if file.source == "keyring" and store is not None and not new_passphrase:
        slot = f"{file.workspace} {uuid4().hex[:8]}"
        store.set(slot, new)
        if store.get(slot) != new:
            raise KeyUnavailable(f"The system keyring ({store.name}) did not keep the new key.")
        return KeyFile(file.workspace, "keyring", secrets.check_of(new), backend=store.name, slot=slot)
    wanted = new_passphrase or passphrase
    if not new_passphrase and recovery.is_one(passphrase):
        raise BadInput(
            "The recovery key opens the workspace, and the new key needs a passphrase of its own.",
            recovery.GIVE_NEW,
        )
    return secrets.seal(new, file.workspace, wanted)
