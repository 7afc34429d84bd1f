"""A workspace under everything that goes wrong with folders, keys and its files."""

from __future__ import annotations

import json
import os
import shutil
import stat
from pathlib import Path

import pytest
from support_store import ticket
from support_workspace import PASSPHRASE, MemoryKeyring, no_keyring, opened, with_one_ticket

from agent_assist.adapters.storage.tickets import TicketStore
from agent_assist.adapters.workspace import DATABASE, Workspace, default_folder
from agent_assist.errors import (
    BadInput,
    KeyUnavailable,
    WorkspaceDamaged,
    WorkspaceNewer,
    WorkspaceProblem,
    WrongPassphrase,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return with_one_ticket(tmp_path / "workspace")


def test_a_workspace_keeps_what_was_saved(folder: Path) -> None:
    assert Workspace.exists(folder)
    assert Workspace.needs_passphrase(folder, no_keyring)
    with opened(folder, create=False) as workspace:
        assert TicketStore(workspace.database).get("T-1") == ticket("T-1", "kept secret")
        assert (workspace.key_source, workspace.key_detail) == ("passphrase", "")
        assert workspace.settings_path.parent == folder
        assert all(f.is_dir() for f in (workspace.models_folder, workspace.cache_folder))
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
    vault = MemoryKeyring("test vault")
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
    vault = MemoryKeyring("test vault")
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
