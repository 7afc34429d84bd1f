"""The key of a workspace: made at random once, kept where only its owner gets at it.

A workspace's data key is 32 random bytes.  It lies in the system's keyring; where there is none it
lies in `key.json`, sealed with AES-GCM under a key that scrypt makes of a passphrase.  Changing the
passphrase seals the same data key again, so nothing else is rewritten.  A recovery key, printed once,
opens either kind: it is random, so no stretching is needed to seal a copy of the data key under it.
Each use (database, cache, check) takes a key of its own from the data key by HKDF.
"""

from __future__ import annotations

import base64
import hmac
import json
import os
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

import keyring
import keyring.backend
import keyring.errors
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from agent_assist.adapters import recovery
from agent_assist.errors import BadInput, KeyUnavailable, WorkspaceDamaged, WorkspaceNewer, WrongPassphrase

VERSION = 1
KEY_BYTES = 32
SERVICE = "agent-assist"
SCRYPT_N, SCRYPT_R, SCRYPT_P = 2**15, 8, 1
"""32 MB and about a tenth of a second for one guess."""
_N_LIMIT, _R_LIMIT, _P_LIMIT = 2**20, 32, 16
"""A forged key.json must not be able to ask for all of the machine's memory."""

PASSPHRASE_VARIABLE = "AGENT_ASSIST_PASSPHRASE"

# Only stores that the system itself guards.  keyring would otherwise pick keyrings.alt's plain-text
# file without a word where that package is installed.
REAL_KEYRINGS = frozenset(
    {
        ("keyring.backends.macOS", "Keyring"),
        ("keyring.backends.Windows", "WinVaultKeyring"),
        ("keyring.backends.SecretService", "Keyring"),
        ("keyring.backends.kwallet", "DBusKeyring"),
        ("keyring.backends.kwallet", "DBusKeyringKWallet4"),
        ("keyring.backends.libsecret", "Keyring"),
    }
)

Ask = Callable[[], str]
"""Asks the person for the passphrase; an empty answer means that none is given."""


class KeyStore(Protocol):
    """A place of the system that keeps secrets."""

    @property
    def name(self) -> str:
        """Recorded in key.json, so that a missing key can be looked for in the right place."""

    def get(self, name: str) -> bytes | None: ...

    def set(self, name: str, secret: bytes) -> None: ...

    def remove(self, name: str) -> None: ...


class SystemKeyring:
    """One of the allowed backends of the package keyring.  Raises KeyUnavailable when it is locked."""

    def __init__(self, backend: keyring.backend.KeyringBackend) -> None:
        self._backend = backend

    @property
    def name(self) -> str:
        return f"{type(self._backend).__module__}.{type(self._backend).__name__}"

    def get(self, name: str) -> bytes | None:
        text = self._call(lambda: self._backend.get_password(SERVICE, name))
        try:
            return base64.b64decode(text, validate=True) if text else None
        except ValueError:
            raise WorkspaceDamaged("The key in the system keyring has been changed.") from None

    def set(self, name: str, secret: bytes) -> None:
        self._call(lambda: self._backend.set_password(SERVICE, name, base64.b64encode(secret).decode()))

    def remove(self, name: str) -> None:
        self._call(lambda: self._backend.delete_password(SERVICE, name))

    def _call(self, work: Callable[[], Any]) -> Any:
        try:
            return work()
        except keyring.errors.PasswordDeleteError:
            return None
        except Exception as error:
            # Backends raise what their platform raises (D-Bus, COM, Security.framework errors).
            raise KeyUnavailable(f"The system keyring could not be used ({error}).") from error


def system_keyring() -> SystemKeyring | None:
    """The keyring that this system offers, None where there is no allowed one.

    A backend chosen in keyring's own configuration is respected, a forbidden one included: it then
    counts as none.
    """
    try:
        chosen = keyring.get_keyring()
    except Exception:
        return None  # a configuration that names a backend which is not installed
    for backend in getattr(chosen, "backends", None) or [chosen]:
        if (type(backend).__module__, type(backend).__name__) in REAL_KEYRINGS:
            return SystemKeyring(backend)
    return None


def derive(data_key: bytes, purpose: str) -> bytes:
    """A 32-byte key for one purpose."""
    return HKDF(hashes.SHA256(), KEY_BYTES, None, f"agent-assist {purpose}".encode()).derive(data_key)


@dataclass(frozen=True, slots=True)
class KeyFile:
    """What key.json holds: how to get at the data key, and how to tell that it is the right one."""

    workspace: str
    source: str
    """`keyring` or `passphrase`."""
    check: str
    """Derived from the data key; compared before the database is touched."""
    backend: str = ""
    """The keyring's name."""
    salt: bytes = b""
    nonce: bytes = b""
    sealed: bytes = b""
    """The data key under AES-GCM; its key is the passphrase stretched by scrypt (RFC 7914) with `salt`, n, r
    and p."""
    n: int = SCRYPT_N
    r: int = SCRYPT_R
    p: int = SCRYPT_P
    recovery: bytes = b""
    """Nonce and the data key sealed under the recovery key; empty where none was made."""
    carried: bytes = b""
    """Keys of an earlier data key that must not change with it, sealed under this one; see `carried_keys`."""
    slot: str = ""
    """The keyring's entry where it is not the workspace's id: a new data key gets a new one."""

    def dump(self) -> str:
        data: dict[str, Any] = {
            "version": VERSION,
            "workspace": self.workspace,
            "source": self.source,
            "check": self.check,
        }
        if self.source == "keyring":
            data["backend"] = self.backend
        else:
            data["scrypt"] = {"n": self.n, "r": self.r, "p": self.p, "salt": _text(self.salt)}
            data["nonce"], data["sealed"] = _text(self.nonce), _text(self.sealed)
        for name in ("recovery", "carried"):
            if value := getattr(self, name):
                data[name] = _text(value)
        if self.slot:
            data["slot"] = self.slot
        return json.dumps(data, indent=2) + "\n"


def parse_key_file(text: str) -> KeyFile:
    """Raises WorkspaceDamaged or WorkspaceNewer."""
    try:
        data = json.loads(text)
        if data["version"] > VERSION:
            raise WorkspaceNewer("The key of this workspace was stored by a newer version.")
        common = KeyFile(
            str(data["workspace"]),
            str(data["source"]),
            str(data["check"]),
            recovery=_bytes(str(data.get("recovery", ""))),
            carried=_bytes(str(data.get("carried", ""))),
            slot=str(data.get("slot", "")),
        )
        if common.source == "keyring":
            return replace(common, backend=str(data["backend"]))
        if common.source != "passphrase":
            raise ValueError(common.source)
        cost = data["scrypt"]
        n, r, p = int(cost["n"]), int(cost["r"]), int(cost["p"])
        if not (1 < n <= _N_LIMIT and n & (n - 1) == 0 and 0 < r <= _R_LIMIT and 0 < p <= _P_LIMIT):
            raise ValueError("scrypt")
        return replace(
            common,
            salt=_bytes(cost["salt"]),
            nonce=_bytes(data["nonce"]),
            sealed=_bytes(data["sealed"]),
            n=n,
            r=r,
            p=p,
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise WorkspaceDamaged("The file key.json of the workspace cannot be read.") from error


def seal(data_key: bytes, workspace: str, passphrase: str) -> KeyFile:
    """Wrap the data key under a passphrase.  Raises BadInput for an empty one."""
    if not passphrase:
        raise BadInput("An empty passphrase protects nothing.", "Choose one and try again.")
    empty = KeyFile(workspace, "passphrase", check_of(data_key), salt=os.urandom(16), nonce=os.urandom(12))
    sealed = AESGCM(_stretch(empty, passphrase)).encrypt(empty.nonce, data_key, _bound(workspace))
    return replace(empty, sealed=sealed)


def unseal(file: KeyFile, passphrase: str) -> bytes:
    """The data key.  Raises WrongPassphrase."""
    try:
        return AESGCM(_stretch(file, passphrase)).decrypt(file.nonce, file.sealed, _bound(file.workspace))
    except InvalidTag:
        raise WrongPassphrase("The passphrase is not the one of this workspace.") from None
    except ValueError:
        raise WorkspaceDamaged("The file key.json of the workspace has been changed.") from None


def with_recovery(file: KeyFile, data_key: bytes) -> tuple[str, KeyFile]:
    """A fresh recovery key as its owner prints it, and the key file that it opens; an older one no longer
    does."""
    printed = recovery.fresh()
    nonce = os.urandom(12)
    sealed = AESGCM(_recovery_key(printed)).encrypt(nonce, data_key, _bound(file.workspace))
    return printed, replace(file, recovery=nonce + sealed)


def unseal_recovery(file: KeyFile, printed: str) -> bytes:
    """The data key.  Raises WrongPassphrase."""
    wrong = WrongPassphrase("The recovery key is not the one of this workspace.")
    if not file.recovery or not recovery.is_one(printed):
        raise wrong
    try:
        return AESGCM(_recovery_key(printed)).decrypt(
            file.recovery[:12], file.recovery[12:], _bound(file.workspace)
        )
    except (InvalidTag, ValueError):
        raise wrong from None


def open_with(file: KeyFile, given: str) -> bytes:
    """The data key by what a person typed: the passphrase, or the recovery key.  Raises WrongPassphrase."""
    if file.recovery and recovery.is_one(given):
        return unseal_recovery(file, given)
    if file.source != "passphrase":
        raise WrongPassphrase("That is not the recovery key of this workspace.")
    return unseal(file, given)


def new_key(workspace: str, store: KeyStore | None, ask: Ask | None) -> tuple[bytes, KeyFile]:
    """A fresh data key, kept in the keyring, else under the passphrase given.

    Raises KeyUnavailable where there is neither.
    """
    data_key = os.urandom(KEY_BYTES)
    if store is not None:
        store.set(workspace, data_key)
        if store.get(workspace) == data_key:
            return data_key, KeyFile(workspace, "keyring", check_of(data_key), backend=store.name)
    return data_key, seal(data_key, workspace, _passphrase(ask, creating=True))


def unlock(file: KeyFile, store: KeyStore | None, ask: Ask | None) -> bytes:
    """The data key of an existing workspace.

    Raises WrongPassphrase, KeyUnavailable or WorkspaceDamaged.
    """
    if file.source == "passphrase":
        data_key = open_with(file, _passphrase(ask, creating=False))
    else:
        try:
            data_key = _from_keyring(file, store)
        except KeyUnavailable as error:
            # Another keyring, a new session, a restored home folder: the printed key still opens it.
            given = (ask() if ask else "") or os.environ.get(PASSPHRASE_VARIABLE, "")
            if not file.recovery or not given:
                raise _unavailable(file, error) from None
            data_key = open_with(file, given)
    if not hmac.compare_digest(check_of(data_key), file.check):
        raise WorkspaceDamaged("The key that was found does not belong to this workspace.")
    return data_key


def _from_keyring(file: KeyFile, store: KeyStore | None) -> bytes:
    if store is None:
        raise KeyUnavailable(
            f"The key of this workspace is in the system keyring ({file.backend}), which is not running.",
            "Log in to the desktop session that has it, or restore the keyring.",
        )
    found = store.get(file.slot or file.workspace)
    if found is None:
        raise KeyUnavailable(
            f"The key of this workspace is not in the system keyring ({store.name}).",
            "Open it as the user who made it, or restore the keyring from a backup.",
        )
    return found


def _unavailable(file: KeyFile, error: KeyUnavailable) -> KeyUnavailable:
    if not file.recovery:
        return error
    return KeyUnavailable(
        error.sentence,
        f"It also opens with its recovery key: type it where the passphrase is asked for, or set "
        f"{PASSPHRASE_VARIABLE} to it.",
    )


def carry(data_key: bytes, keys: Mapping[str, bytes]) -> bytes:
    """Seal keys that outlive a change of the data key: what they signed or made must stay valid."""
    nonce = os.urandom(12)
    text = json.dumps({name: _text(key) for name, key in keys.items()})
    return nonce + AESGCM(derive(data_key, "carried")).encrypt(nonce, text.encode(), None)


def carried_keys(file: KeyFile, data_key: bytes) -> dict[str, bytes]:
    """What `carry` sealed.  Raises WorkspaceDamaged."""
    if not file.carried:
        return {}
    try:
        text = AESGCM(derive(data_key, "carried")).decrypt(file.carried[:12], file.carried[12:], None)
        return {name: _bytes(key) for name, key in json.loads(text).items()}
    except (InvalidTag, ValueError) as error:
        raise WorkspaceDamaged("The file key.json of the workspace has been changed.") from error


def keyring_named(name: str) -> SystemKeyring | None:
    """The allowed keyring of this name, whichever one is preferred now; None where it is not here."""
    try:
        backends = keyring.backend.get_all_keyring()
    except Exception:
        return None
    for backend in backends:
        known = (type(backend).__module__, type(backend).__name__) in REAL_KEYRINGS
        if known and SystemKeyring(backend).name == name:
            return SystemKeyring(backend)
    return None


def _recovery_key(printed: str) -> bytes:
    return HKDF(hashes.SHA256(), KEY_BYTES, None, b"agent-assist recovery").derive(recovery.secret(printed))


def _passphrase(ask: Ask | None, *, creating: bool) -> str:
    # What was just typed wins: a wrong variable must not lock its owner out of the window.
    given = (ask() if ask else "") or os.environ.get(PASSPHRASE_VARIABLE, "")
    if not given:
        raise KeyUnavailable(
            "There is no system keyring and no passphrase was given."
            if creating
            else "This workspace opens with a passphrase, and none was given.",
            f"Set {PASSPHRASE_VARIABLE}, or run the command in a terminal, where it asks for one.",
        )
    return given


def _stretch(file: KeyFile, passphrase: str) -> bytes:
    # The same passphrase typed on another system may come composed differently.
    text = unicodedata.normalize("NFKC", passphrase).encode("utf-8", "surrogatepass")
    return Scrypt(salt=file.salt, length=KEY_BYTES, n=file.n, r=file.r, p=file.p).derive(text)


def check_of(data_key: bytes) -> str:
    """What tells the right data key without telling anything of it."""
    return _text(derive(data_key, "check")[:16])


def _bound(workspace: str) -> bytes:
    """What the seal is bound to: it cannot be moved to another workspace's file."""
    return f"agent-assist {VERSION} {workspace}".encode()


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
