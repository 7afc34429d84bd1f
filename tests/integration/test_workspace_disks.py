"""A workspace on disks that are full or may not be written, and beside other processes that use it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support_store import suggestion, ticket
from support_workspace import PASSPHRASE, opened, with_one_ticket

from agent_assist.adapters.storage.database import Database
from agent_assist.adapters.storage.suggestions import SuggestionStore
from agent_assist.adapters.storage.tickets import TicketStore
from agent_assist.adapters.workspace import DATABASE
from agent_assist.domain.ticket import Message, Role
from agent_assist.errors import (
    DiskFull,
    WorkspaceBusy,
    WorkspaceReadOnly,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return with_one_ticket(tmp_path / "workspace")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 1 MB; only root on Linux can make one."""
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        pytest.skip("a full disk can be made by root on Linux only")
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], check=False).returncode:
        pytest.skip("this container may not mount a disk")
    yield disk
    subprocess.run(["umount", "-l", disk], check=True)


def _write_until_full(store: TicketStore) -> None:
    for number in range(10_000):
        store.add_message("T-1", Message(f"x{number}", Role.NOTE, os.urandom(5_000).hex()))


def test_a_full_disk_loses_nothing(small_disk: Path) -> None:
    with opened(small_disk / "workspace") as workspace:
        store = TicketStore(workspace.database)
        store.save([ticket("T-1")])
        (small_disk / "filler").write_bytes(bytes(300_000))
        with pytest.raises(DiskFull, match="no space left") as caught:
            _write_until_full(store)
        assert caught.value.exit_code == 3
        before = store.get("T-1")
        assert before is not None
        with pytest.raises(DiskFull):
            workspace.change_passphrase(PASSPHRASE, "new")
        (small_disk / "filler").unlink()
        store.add_message("T-1", Message("last", Role.NOTE, "fits again"))
    with opened(small_disk / "workspace") as workspace:
        after = TicketStore(workspace.database).get("T-1")
        assert after is not None
        assert after.messages[:-1] == before.messages
        assert [m.id for m in after.messages[1:-1]] == [f"x{n}" for n in range(len(after.messages) - 2)]


def test_a_disk_that_is_full_from_the_start(small_disk: Path) -> None:
    (small_disk / "filler").write_bytes(bytes(1_030_000))
    with pytest.raises(DiskFull):
        opened(small_disk / "workspace")
    (small_disk / "filler").unlink()
    opened(small_disk / "workspace").close()


def test_a_database_that_may_not_grow_says_full(tmp_path: Path) -> None:
    database = Database(tmp_path / DATABASE, bytes(32))
    store = SuggestionStore(database)
    store.save(suggestion("s1"))
    database._writer.submit(lambda: database.reader.conn.execute("PRAGMA max_page_count = 1")).result()
    with pytest.raises(DiskFull):
        store.save(suggestion("s2", "x" * 500_000))
    assert store.get("s1") == suggestion("s1")
    database.close()


def test_a_read_only_disk_says_so(small_disk: Path) -> None:
    folder = small_disk / "workspace"
    opened(folder).close()
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    with pytest.raises(WorkspaceReadOnly):
        opened(folder)
    with pytest.raises(WorkspaceReadOnly):
        opened(small_disk / "new")
    subprocess.run(["mount", "-o", "remount,rw", small_disk], check=True)
    opened(folder).close()


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_a_folder_of_somebody_else_says_so(folder: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    folder.chmod(0o500)
    try:
        with pytest.raises(WorkspaceReadOnly):
            opened(folder)
    finally:
        folder.chmod(0o700)


WRITER = """
import os, sys
from pathlib import Path
from support_store import ticket
from agent_assist.adapters.storage.tickets import TicketStore
from agent_assist.adapters.workspace import Workspace
with Workspace.open(Path(sys.argv[1])) as workspace:
    store = TicketStore(workspace.database)
    for number in range(40):
        store.save([ticket(f"{sys.argv[2]}-{number}")])
"""


def test_several_processes_make_and_fill_one_workspace(tmp_path: Path) -> None:
    folder = tmp_path / "shared"
    environment = os.environ | {
        "PYTHONPATH": str(Path(__file__).parents[1]),
        "AGENT_ASSIST_PASSPHRASE": PASSPHRASE,
        "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
    }
    running = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, folder, name], env=environment, stderr=subprocess.PIPE
        )
        for name in "abc"
    ]
    for process in running:
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors.decode()
    with opened(folder) as workspace:
        assert TicketStore(workspace.database).count() == 120


def test_a_workspace_that_is_being_prepared_says_so(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent_assist.adapters.workspace.LOCK_SECONDS", 0.1)
    script = (
        "import filelock, sys; lock = filelock.FileLock(sys.argv[1]); lock.acquire();"
        "print('held', flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", script, folder / "workspace.lock"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline().strip() == b"held"
    with pytest.raises(WorkspaceBusy):
        opened(folder)
    holder.communicate()
    opened(folder).close()


def test_a_writer_that_blocks_the_database_is_named(folder: Path) -> None:
    with opened(folder) as first, opened(folder) as second:
        second.database.write(lambda t: t.conn.execute("SELECT 1").fetchall())
        second.database._writer.submit(
            lambda: second.database.reader.conn.execute("PRAGMA busy_timeout=50")
        ).result()

        def both(tables: object) -> None:
            with pytest.raises(WorkspaceBusy, match="Another command"):
                TicketStore(second.database).save([ticket("T-2")])

        first.database.write(both)
        TicketStore(second.database).save([ticket("T-2")])
        assert TicketStore(first.database).count() == 2
