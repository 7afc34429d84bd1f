"""What can be seen from outside the services: files of the workspace, this process, a fresh worker."""

from __future__ import annotations

import ctypes
import os
import platform
import stat
from pathlib import Path
from typing import Any

from agent_assist.adapters import network
from agent_assist.adapters.storage.database import Database
from agent_assist.adapters.workers.supervisor import Supervisor

_PLAIN = b"SQLite format 3\0"
_PR_GET_DUMPABLE = 3


def storage(database: Database, folder: Path) -> dict[str, Any]:
    """Whether the database is encrypted, and which files other users may read or change."""
    with database.path.open("rb") as file:
        head = file.read(len(_PLAIN))
    cipher = database.read(lambda t: t.conn.execute("PRAGMA cipher_version").fetchone())
    return {
        "encrypted": head != _PLAIN and bool(cipher),
        "cipher": str(cipher[0]).split()[0] if cipher else "",
        "open_to_others": _open_to_others(folder),
    }


def _open_to_others(folder: Path) -> list[str]:
    """Files that others reach: where the folder itself is closed, none."""
    if os.name != "posix" or not folder.stat().st_mode & 0o077:
        return []
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return [
        str(path.relative_to(folder))
        for path in files
        if stat.S_IMODE(path.stat().st_mode) & 0o066 and not path.name.endswith(".lock")
    ]


def process() -> dict[str, Any]:
    """Of this process: whether core dumps are off and the list of hosts is enforced."""
    return {"core_dumps_off": _core_dumps_off(), "guarded": network.is_guarding()}


def _core_dumps_off() -> bool:
    if os.name != "posix":
        return False
    import resource

    off = resource.getrlimit(resource.RLIMIT_CORE)[0] == 0
    if platform.system() == "Linux":
        return off and bool(ctypes.CDLL(None).prctl(_PR_GET_DUMPABLE, 0, 0, 0, 0) == 0)
    return off


def worker() -> dict[str, Any]:
    """What a worker gives up here: the lightest of them is started and asked."""
    supervisor = Supervisor("conversion")
    try:
        told, _ = supervisor.ask("protection")
    finally:
        supervisor.close()
    return {name: told[name] for name in ("network", "programs", "core_dumps", "why") if name in told}
