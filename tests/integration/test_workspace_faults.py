"""A workspace under everything that goes wrong with folders, keys, disks and other processes."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support_store import suggestion, ticket

from agent_assist.adapters.secrets import KeyStore
from agent_assist.adapters.storage.database import Database
from agent_assist.adapters.storage.suggestions import SuggestionStore
from agent_assist.adapters.storage.tickets import TicketStore
from agent_assist.adapters.workspace import DATABASE, Workspace, default_folder
from agent_assist.domain.ticket import Message, Role
from agent_assist.errors import (
    BadInput,
    DiskFull,
    KeyUnavailable,
    WorkspaceBusy,
    WorkspaceDamaged,
    WorkspaceNewer,
    WorkspaceProblem,
    WorkspaceReadOnly,
    WrongPassphrase,
)

PASSPHRASE = "correct horse battery"


class Vault:
    """A keyring that works, in memory."""

    name = "test vault"

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def get(self, name: str) -> bytes | None:
        return self.kept.get(name)

    def set(self, name: str, secret: bytes) -> None:
        self.kept[name] = secret

    def remove(self, name: str) -> None:
        self.kept.pop(name, None)


def no_keyring() -> KeyStore | None:
    return None


def opened(folder: Path, passphrase: str = PASSPHRASE, *, create: bool = True) -> Workspace:
    return Workspace.open(folder, passphrase=lambda: passphrase, create=create, keyring=no_keyring)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A workspace with one ticket, closed."""
    folder = tmp_path / "workspace"
    with opened(folder) as workspace:
        TicketStore(workspace.database).save([ticket("T-1", "kept secret")])
    return folder


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


def test_a_workspace_keeps_what_was_saved(folder: Path) -> None:
    assert Workspace.exists(folder)
    assert Workspace.needs_passphrase(folder, no_keyring)
    with opened(folder, create=False) as workspace:
        assert TicketStore(workspace.database).get("T-1") == ticket("T-1", "kept secret")
        assert (workspace.key_source, workspace.key_detail) == ("passphrase", "")
        assert workspace.settings_path.parent == folder
        assert all(
            f.is_dir() for f in (workspace.models_folder, workspace.cache_folder, workspace.logs_folder)
        )
        assert len(workspace.cache_key) == 32
        workspace.close()


def test_nothing_on_the_disk_can_be_read(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert b"kept secret" not in data
            assert b"SQLite format" not in data
            assert PASSPHRASE.encode() not in data


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_only_the_owner_reads_the_key(folder: Path) -> None:
    assert stat.S_IMODE((folder / "key.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_wrong_passphrase_opens_nothing_and_may_be_tried_again(folder: Path) -> None:
    with pytest.raises(WrongPassphrase) as caught:
        opened(folder, "guess")
    assert caught.value.retryable
    with pytest.raises(KeyUnavailable):
        Workspace.open(folder, keyring=no_keyring)
    opened(folder).close()


def test_the_environment_stands_in_for_the_prompt(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENT_ASSIST_PASSPHRASE", PASSPHRASE)
    Workspace.open(folder, keyring=no_keyring).close()


def test_nothing_is_made_where_it_was_not_asked_for(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceProblem, match="no workspace"):
        opened(tmp_path / "none", create=False)
    assert not (tmp_path / "none").exists()
    assert not Workspace.exists(tmp_path / "none")
    with pytest.raises(KeyUnavailable):
        Workspace.open(tmp_path / "none", keyring=no_keyring)
    opened(tmp_path / "none").close()


def test_a_keyring_needs_no_passphrase(tmp_path: Path) -> None:
    vault = Vault()
    for _ in range(2):
        assert not Workspace.needs_passphrase(tmp_path, lambda: vault)
        with Workspace.open(tmp_path, keyring=lambda: vault) as workspace:
            assert (workspace.key_source, workspace.key_detail) == ("keyring", "test vault")
    with pytest.raises(KeyUnavailable, match="not running"):
        opened(tmp_path)


def test_a_new_passphrase_replaces_the_old_one(folder: Path) -> None:
    with opened(folder) as workspace:
        with pytest.raises(WrongPassphrase):
            workspace.change_passphrase("guess", "new")
        with pytest.raises(BadInput):
            workspace.change_passphrase(PASSPHRASE, "")
        workspace.change_passphrase(PASSPHRASE, "new")
        workspace.change_passphrase("new", "newer")
    with pytest.raises(WrongPassphrase):
        opened(folder)
    with opened(folder, "newer") as workspace:
        assert TicketStore(workspace.database).count() == 1


def test_a_key_can_leave_the_keyring(tmp_path: Path) -> None:
    vault = Vault()
    with Workspace.open(tmp_path, keyring=lambda: vault) as workspace:
        workspace.change_passphrase("", "portable")
        assert workspace.key_source == "passphrase"
    opened(tmp_path, "portable").close()


def test_the_demo_desk_leaves_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "home"))
    with Workspace.demo() as workspace:
        assert workspace.key_source == "memory"
        TicketStore(workspace.database).save([ticket()])
        assert [p for p in (tmp_path / "home").iterdir() if p.name.startswith("agent")] == [workspace.folder]
        with pytest.raises(BadInput, match="demo desk"):
            workspace.change_passphrase("", "new")
    assert not workspace.folder.exists()
    workspace.close()


def test_the_default_folder_is_the_systems(monkeypatch: pytest.MonkeyPatch) -> None:
    assert default_folder().name == "agent-assist"


# --- crashes while it is made ---------------------------------------------------------------------


def test_a_crash_before_the_key_was_written_begins_again(tmp_path: Path) -> None:
    (tmp_path / f"{DATABASE}.new").write_bytes(b"half a database")
    (tmp_path / f"{DATABASE}.new-wal").write_bytes(b"half a log")
    opened(tmp_path).close()
    assert not list(tmp_path.glob("*.new*"))


def test_a_crash_before_the_last_step_is_finished(folder: Path) -> None:
    (folder / DATABASE).rename(folder / f"{DATABASE}.new")
    with opened(folder) as workspace:
        assert TicketStore(workspace.database).count() == 1


# --- damage ---------------------------------------------------------------------------------------


def test_a_lost_key_file_is_never_replaced(folder: Path) -> None:
    (folder / "key.json").unlink()
    with pytest.raises(WorkspaceDamaged, match=r"no key\.json"):
        opened(folder)
    assert not (folder / "key.json").exists()


@pytest.mark.parametrize(
    "data", [b"", b'{"version": 1', b"\xff\xfe\x00", b'{"version": 1, "source": "passphrase"}']
)
def test_a_damaged_key_file_says_so(folder: Path, data: bytes) -> None:
    (folder / "key.json").write_bytes(data)
    with pytest.raises(WorkspaceDamaged, match=r"key\.json"):
        opened(folder)


@pytest.mark.parametrize("size", [None, 0, 1, 100, 4096, 10_000])
def test_a_missing_or_truncated_database_is_not_started_over(folder: Path, size: int | None) -> None:
    path = folder / DATABASE
    if size is None:
        path.unlink()
    else:
        os.truncate(path, size)
    with pytest.raises(WorkspaceDamaged):
        _read_everything(folder)


@pytest.mark.parametrize("offset", [0, 20, 5_000, 40_000])
def test_changed_bytes_are_noticed(folder: Path, offset: int) -> None:
    path = folder / DATABASE
    data = bytearray(path.read_bytes())
    data[offset : offset + 64] = bytes(64)
    path.write_bytes(data)
    with pytest.raises(WorkspaceDamaged):
        _read_everything(folder)


def _read_everything(folder: Path) -> None:
    with opened(folder) as workspace:
        for table in workspace.database.read(lambda t: t.table_names()):
            workspace.database.read(lambda t, name=table: list(t[name].rows))  # type: ignore[misc]


def test_a_database_of_another_key_says_so(folder: Path, tmp_path: Path) -> None:
    with opened(tmp_path / "other"):
        pass
    shutil.copy(tmp_path / "other" / DATABASE, folder / DATABASE)
    with pytest.raises(WorkspaceDamaged, match="damaged"):
        opened(folder)


def test_a_newer_workspace_is_left_alone(folder: Path) -> None:
    with opened(folder) as workspace:
        workspace.database.write(
            lambda t: t["_sqlite_migrations"].insert(
                {"migration_set": "workspace", "name": "9999_future", "applied_at": "2099-01-01"}
            )
        )
    with pytest.raises(WorkspaceNewer, match="9999_future"):
        opened(folder)
    data = json.loads((folder / "key.json").read_text())
    (folder / "key.json").write_text(json.dumps(data | {"version": 2}))
    with pytest.raises(WorkspaceNewer):
        opened(folder)


def test_a_file_where_the_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(WorkspaceProblem):
        opened(tmp_path / "file")


# --- disks ----------------------------------------------------------------------------------------


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


# --- other processes ------------------------------------------------------------------------------

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
