"""A workspace under a new data key: whole, provable, closed to the old key; a crash in between is mended."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from support_store import ticket
from support_workspace import MemoryKeyring, no_keyring

from agent_assist import app
from agent_assist.adapters import secrets
from agent_assist.adapters.rekey import rekey
from agent_assist.adapters.storage.database import opens
from agent_assist.adapters.workspace import DATABASE, KEY_FILE, NEXT_KEY_FILE, Workspace
from agent_assist.domain.access import TeamRole
from agent_assist.errors import BadInput, WorkspaceBusy, WrongPassphrase

OTHER = "agent-000000000001"


def furnished(folder: Path) -> tuple[bytes, str]:
    """(data key, recovery key) of a workspace with a log, roles and a ticket."""
    desk = app.open_desk(folder, passphrase=lambda: "old one")
    assert desk.access is not None
    assert desk.keys is not None
    desk.access.set_role(OTHER, TeamRole.LEAD)
    desk.tickets.save([ticket("T-1", "Hello")])
    printed = desk.keys.make_recovery_key()
    desk.close()
    with Workspace.open(folder, passphrase=lambda: "old one", keyring=no_keyring) as workspace:
        return workspace.data_key(), printed


def check(folder: Path, passphrase: str, old: bytes, printed: str) -> None:
    desk = app.open_desk(folder, passphrase=lambda: passphrase)
    assert desk.audit is not None
    assert desk.access is not None
    assert desk.audit.verify().intact
    assert {p.role for p in desk.access.people()} == {TeamRole.ADMIN, TeamRole.LEAD}
    assert desk.access.role is TeamRole.ADMIN, "pseudonyms are the same"
    assert desk.tickets.get("T-1") is not None
    desk.close()
    assert not opens(folder / DATABASE, secrets.derive(old, "database"))
    assert not (folder / NEXT_KEY_FILE).exists()
    with pytest.raises(WrongPassphrase):
        Workspace.open(folder, passphrase=lambda: printed, keyring=no_keyring)


def test_everything_is_encrypted_anew_and_stays_provable(tmp_path: Path) -> None:
    old, printed = furnished(tmp_path)
    rekey(tmp_path, "old one", keyring=no_keyring)
    check(tmp_path, "old one", old, printed)
    rekey(tmp_path, "old one", "new one", keyring=no_keyring)
    check(tmp_path, "new one", old, printed)
    with pytest.raises(WrongPassphrase):
        Workspace.open(tmp_path, passphrase=lambda: "old one", keyring=no_keyring)


def test_it_needs_the_workspace_for_itself_and_a_passphrase(tmp_path: Path) -> None:
    old, printed = furnished(tmp_path)
    with (
        Workspace.open(tmp_path, passphrase=lambda: "old one", keyring=no_keyring),
        pytest.raises(WorkspaceBusy),
    ):
        rekey(tmp_path, "old one", keyring=no_keyring)
    with pytest.raises(BadInput, match="passphrase of its own"):
        rekey(tmp_path, printed, keyring=no_keyring)
    assert opens(tmp_path / DATABASE, secrets.derive(old, "database"))
    rekey(tmp_path, printed, "by recovery", keyring=no_keyring)
    check(tmp_path, "by recovery", old, printed)


@pytest.mark.parametrize("typed", ["old one", "new one"])
def test_a_crash_after_the_database_changed_is_finished(tmp_path: Path, typed: str) -> None:
    old, printed = furnished(tmp_path)
    before = (tmp_path / KEY_FILE).read_bytes()
    rekey(tmp_path, "old one", "new one", keyring=no_keyring)
    shutil.move(tmp_path / KEY_FILE, tmp_path / NEXT_KEY_FILE)
    (tmp_path / KEY_FILE).write_bytes(before)
    if typed == "old one":
        with pytest.raises(WrongPassphrase):
            Workspace.open(tmp_path, passphrase=lambda: typed, keyring=no_keyring)
    check(tmp_path, "new one", old, printed)


def test_a_crash_before_the_database_changed_is_taken_back(tmp_path: Path) -> None:
    old, _ = furnished(tmp_path)
    copy = tmp_path / "copy"
    shutil.copytree(tmp_path, copy)
    rekey(copy, "old one", keyring=no_keyring)
    shutil.copy(copy / KEY_FILE, tmp_path / NEXT_KEY_FILE)
    with Workspace.open(tmp_path, passphrase=lambda: "old one", keyring=no_keyring) as workspace:
        assert workspace.data_key() == old
    assert not (tmp_path / NEXT_KEY_FILE).exists()


def test_a_key_in_the_keyring_moves_to_a_new_entry(tmp_path: Path) -> None:
    vault = MemoryKeyring()
    Workspace.open(tmp_path, keyring=lambda: vault).close()
    (before,) = vault.entries.items()
    rekey(tmp_path, keyring=lambda: vault)
    (after,) = vault.entries.items()
    assert before[0] != after[0]
    assert before[1] != after[1]
    with Workspace.open(tmp_path, keyring=lambda: vault) as workspace:
        assert workspace.data_key() == after[1]
