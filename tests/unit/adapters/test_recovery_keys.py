"""The recovery key opens a workspace whose keyring is gone, and no key is ever told."""

from __future__ import annotations

import base64
import json
import logging
import traceback
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support_workspace import MemoryKeyring, no_keyring

from agent_assist.adapters import recovery, secrets
from agent_assist.adapters.workspace import KEY_FILE, Workspace
from agent_assist.errors import BadInput, KeyUnavailable, WrongPassphrase


def test_a_printed_key_is_read_however_it_is_typed() -> None:
    printed = recovery.fresh()
    assert [len(group) for group in printed.split("-")] == [4] * 9
    wanted = recovery.secret(printed)
    assert recovery.secret(printed.lower().replace("-", " ")) == wanted
    assert recovery.secret(printed.replace("0", "O").replace("1", "l")) == wanted
    assert recovery.fresh() != printed


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 35), st.sampled_from("0123456789ABCDEFGHJKMNPQRSTVWXYZ"))
def test_a_slip_of_the_pen_is_noticed(place: int, letter: str) -> None:
    letters = recovery.fresh().replace("-", "")
    slipped = letters[:place] + letter + letters[place + 1 :]
    # 20 bits of check: one slip in a million would pass, and then not open anything.
    assert recovery.is_one(slipped) == (slipped == letters)


@given(st.text(max_size=60))
def test_no_other_text_is_taken_for_one(text: str) -> None:
    assert not recovery.is_one(text)


def test_it_opens_a_workspace_with_a_forgotten_passphrase(tmp_path: Path) -> None:
    with Workspace.open(tmp_path, passphrase=lambda: "forgotten", keyring=no_keyring) as workspace:
        first = workspace.make_recovery_key()
        printed = workspace.make_recovery_key()
    with pytest.raises(WrongPassphrase):
        Workspace.open(tmp_path, passphrase=lambda: first, keyring=no_keyring)
    with Workspace.open(tmp_path, passphrase=lambda: printed, keyring=no_keyring) as workspace:
        assert workspace.has_recovery_key
        workspace.change_passphrase(printed, "new one")
    with Workspace.open(tmp_path, passphrase=lambda: "new one", keyring=no_keyring) as workspace:
        assert workspace.has_recovery_key, "a new passphrase leaves the recovery key"
    with Workspace.open(tmp_path, passphrase=lambda: printed, keyring=no_keyring):
        pass
    with pytest.raises(WrongPassphrase):
        Workspace.open(tmp_path, passphrase=lambda: "forgotten", keyring=no_keyring)


def test_a_changed_keyring_locks_nobody_out(tmp_path: Path) -> None:
    old, new = MemoryKeyring("kwallet"), MemoryKeyring("libsecret")
    with Workspace.open(tmp_path, keyring=lambda: old) as workspace:
        assert workspace.key_detail == "kwallet"
        printed = workspace.make_recovery_key()
    assert not Workspace.needs_passphrase(tmp_path, lambda: old)
    assert Workspace.needs_passphrase(tmp_path, lambda: new), "the window must ask"
    with pytest.raises(KeyUnavailable, match="not in the system keyring") as caught:
        Workspace.open(tmp_path, keyring=lambda: new)
    assert "recovery key" in str(caught.value)
    with pytest.raises(WrongPassphrase, match="not the recovery key"):
        Workspace.open(tmp_path, passphrase=lambda: "a guess", keyring=lambda: new)
    with Workspace.open(tmp_path, passphrase=lambda: printed, keyring=lambda: new) as workspace:
        assert workspace.key_detail == "libsecret", "from now on the new keyring has it"
    with Workspace.open(tmp_path, keyring=lambda: new):
        pass
    # And where there is no keyring at all any more:
    with Workspace.open(tmp_path, passphrase=lambda: printed, keyring=no_keyring) as workspace:
        workspace.change_passphrase("", "a passphrase")
    with Workspace.open(tmp_path, passphrase=lambda: "a passphrase", keyring=no_keyring):
        pass


def test_without_a_recovery_key_the_sentence_says_where_the_key_is(tmp_path: Path) -> None:
    vault = MemoryKeyring("kwallet")
    Workspace.open(tmp_path, keyring=lambda: vault).close()
    with pytest.raises(KeyUnavailable, match="kwallet") as caught:
        Workspace.open(tmp_path, keyring=no_keyring)
    assert "recovery key" not in str(caught.value)


def test_a_recovery_key_belongs_to_its_workspace(tmp_path: Path) -> None:
    with Workspace.open(tmp_path / "a", passphrase=lambda: "p", keyring=no_keyring) as workspace:
        printed = workspace.make_recovery_key()
    with Workspace.open(tmp_path / "b", passphrase=lambda: "p", keyring=no_keyring) as workspace:
        workspace.make_recovery_key()
    moved = json.loads((tmp_path / "b" / KEY_FILE).read_text())
    moved["recovery"] = json.loads((tmp_path / "a" / KEY_FILE).read_text())["recovery"]
    (tmp_path / "b" / KEY_FILE).write_text(json.dumps(moved))
    with pytest.raises(WrongPassphrase):
        Workspace.open(tmp_path / "b", passphrase=lambda: printed, keyring=no_keyring)


def test_the_demo_desk_has_no_keys() -> None:
    with Workspace.demo() as demo, pytest.raises(BadInput):
        demo.make_recovery_key()


def test_no_key_stands_in_a_repr_a_log_or_a_traceback(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    told = ""
    right, wrong = "correct" + " horse", "wrong" + " horse"
    with Workspace.open(tmp_path, passphrase=lambda: right, keyring=no_keyring) as workspace:
        printed = workspace.make_recovery_key()
        keys = [workspace._data_key, workspace.cache_key, workspace.audit_key, workspace.identity_key]
        keys.append(secrets.derive(workspace._data_key, "database"))
        told += repr(workspace) + str(workspace) + repr(workspace.database) + repr(workspace._key_file)
        try:
            workspace.database.read(lambda t: t.conn.execute("SELECT nonsense FROM nowhere"))
        except Exception:
            told += traceback.format_exc()
    try:
        Workspace.open(tmp_path, passphrase=lambda: wrong, keyring=no_keyring)
    except WrongPassphrase:
        told += traceback.format_exc()
    told += caplog.text + (tmp_path / KEY_FILE).read_text()
    for path in (tmp_path / "logs").glob("*"):
        told += path.read_text()
    assert right not in told
    assert wrong not in told
    assert printed not in told
    for key in keys:
        for form in (key.hex(), base64.b64encode(key).decode(), repr(key)):
            assert form not in told
