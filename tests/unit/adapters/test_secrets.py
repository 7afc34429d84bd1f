from __future__ import annotations

import json
from typing import Any

import keyring
import keyring.backends.chainer
import keyring.backends.fail
import keyring.backends.null
import keyring.errors
import pytest
from keyring.backend import KeyringBackend

from agent_assist.adapters import secrets
from agent_assist.adapters.secrets import (
    SystemKeyring,
    new_key,
    parse_key_file,
    seal,
    system_keyring,
    unlock,
    unseal,
)
from agent_assist.errors import BadInput, KeyUnavailable, WorkspaceDamaged, WorkspaceNewer, WrongPassphrase

KEY = bytes(range(32))


class Backend(KeyringBackend):
    """A keyring in memory, standing in for the system's."""

    priority = 5  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}
        self.locked = False

    def _check(self) -> None:
        if self.locked:
            raise keyring.errors.KeyringLocked("locked")

    def get_password(self, service: str, username: str) -> str | None:
        self._check()
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self._check()
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if (service, username) not in self.kept:
            raise keyring.errors.PasswordDeleteError("none")
        del self.kept[service, username]


def test_a_sealed_key_opens_with_its_passphrase_only() -> None:
    file = seal(KEY, "w", "correct horse")
    again = parse_key_file(file.dump())
    assert again == file
    assert unseal(again, "correct horse") == KEY
    assert "correct horse" not in file.dump()
    for wrong in ("", "Correct horse", "correct horse "):
        with pytest.raises(WrongPassphrase):
            unseal(file, wrong)


def test_the_same_passphrase_composed_differently_opens() -> None:
    assert unseal(seal(KEY, "w", "gru\u0308n"), "gr\u00fcn") == KEY


def test_a_passphrase_with_bytes_that_are_no_text_works() -> None:
    assert unseal(seal(KEY, "w", "x\udcff"), "x\udcff") == KEY


def test_the_seal_belongs_to_its_workspace() -> None:
    moved = json.loads(seal(KEY, "w", "p").dump()) | {"workspace": "other"}
    with pytest.raises(WrongPassphrase):
        unseal(parse_key_file(json.dumps(moved)), "p")


def test_an_empty_passphrase_is_refused() -> None:
    with pytest.raises(BadInput):
        seal(KEY, "w", "")


def _changed(**changes: Any) -> str:
    data = json.loads(seal(KEY, "w", "p").dump())
    cost = data["scrypt"] | {k: v for k, v in changes.items() if k in data["scrypt"]}
    return json.dumps(data | {"scrypt": cost} | {k: v for k, v in changes.items() if k not in cost})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        "{}",
        _changed(source="plain"),
        _changed(n=2**30),
        _changed(n=12345),
        _changed(r=10**6),
        _changed(p=0),
        _changed(salt="not base64"),
        _changed(sealed=3),
        _changed(version="one"),
    ],
)
def test_a_damaged_key_file_says_so(text: str) -> None:
    with pytest.raises(WorkspaceDamaged, match=r"key\.json"):
        parse_key_file(text)


def test_a_shortened_nonce_says_damaged() -> None:
    with pytest.raises(WorkspaceDamaged):
        unseal(parse_key_file(_changed(nonce="AAAA")), "p")


def test_a_key_file_of_a_newer_version_says_so() -> None:
    with pytest.raises(WorkspaceNewer):
        parse_key_file(_changed(version=2))


def test_a_key_in_the_keyring_is_found_again() -> None:
    backend = Backend()
    store = SystemKeyring(backend)
    key, file = new_key("w", store, None)
    assert (file.source, file.backend) == ("keyring", store.name)
    assert unlock(parse_key_file(file.dump()), store, None) == key
    assert all(key.hex() not in secret for secret in file.dump())
    store.remove("w")
    store.remove("w")
    with pytest.raises(KeyUnavailable, match="not in the system keyring"):
        unlock(file, store, None)
    with pytest.raises(KeyUnavailable, match="not running"):
        unlock(file, None, None)


def test_a_locked_keyring_says_so() -> None:
    backend = Backend()
    store = SystemKeyring(backend)
    _, file = new_key("w", store, None)
    backend.locked = True
    with pytest.raises(KeyUnavailable, match="could not be used"):
        unlock(file, store, None)


def test_a_changed_key_in_the_keyring_says_so() -> None:
    backend = Backend()
    store = SystemKeyring(backend)
    _, file = new_key("w", store, None)
    store.set("w", KEY)
    with pytest.raises(WorkspaceDamaged, match="does not belong"):
        unlock(file, store, None)
    backend.kept["agent-assist", "w"] = "***"
    with pytest.raises(WorkspaceDamaged, match="changed"):
        unlock(file, store, None)


def test_the_passphrase_comes_from_the_person_else_from_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(KeyUnavailable, match="no passphrase was given") as caught:
        new_key("w", None, None)
    assert "AGENT_ASSIST_PASSPHRASE" in caught.value.remedy
    monkeypatch.setenv("AGENT_ASSIST_PASSPHRASE", "from the environment")
    key, file = new_key("w", None, None)
    assert unlock(file, None, None) == key
    assert unlock(file, None, lambda: "") == key
    with pytest.raises(WrongPassphrase):
        unlock(file, None, lambda: "typed")
    monkeypatch.delenv("AGENT_ASSIST_PASSPHRASE")
    with pytest.raises(KeyUnavailable, match="opens with a passphrase"):
        unlock(file, None, lambda: "")


def _named(module: str, name: str = "Keyring") -> KeyringBackend:
    backend: KeyringBackend = type(name, (Backend,), {"__module__": module})()
    return backend


@pytest.mark.parametrize(
    ("backend", "allowed"),
    [
        (_named("keyring.backends.macOS"), True),
        (_named("keyring.backends.Windows", "WinVaultKeyring"), True),
        (_named("keyring.backends.SecretService"), True),
        (_named("keyring.backends.kwallet", "DBusKeyring"), True),
        (_named("keyring.backends.libsecret"), True),
        (_named("keyrings.alt.file", "PlaintextKeyring"), False),
        (_named("keyrings.alt.file", "EncryptedKeyring"), False),
        (keyring.backends.null.Keyring(), False),
        (keyring.backends.fail.Keyring(), False),
    ],
)
def test_only_keyrings_of_the_system_are_used(
    backend: KeyringBackend, allowed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keyring, "get_keyring", lambda: backend)
    assert (system_keyring() is not None) is allowed


def test_a_chain_gives_its_first_allowed_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    good = _named("keyring.backends.SecretService")
    chain = type("Chain", (), {"backends": [_named("keyrings.alt.file", "PlaintextKeyring"), good]})()
    monkeypatch.setattr(keyring, "get_keyring", lambda: chain)
    found = system_keyring()
    assert found is not None
    assert found.name == "keyring.backends.SecretService.Keyring"


def test_a_broken_keyring_configuration_counts_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> KeyringBackend:
        raise ModuleNotFoundError("no such backend")

    monkeypatch.setattr(keyring, "get_keyring", broken)
    assert system_keyring() is None


def test_each_purpose_has_its_own_key() -> None:
    keys = {secrets.derive(KEY, purpose) for purpose in ("database", "cache", "check")}
    assert len(keys) == 3
    assert KEY not in keys
