"""Who is sitting here, as a pseudonym that only this workspace can make."""

from __future__ import annotations

import getpass
import hashlib
import hmac
import os
import sys


class Identity:
    """Pseudonyms under a workspace's key: the same person has another one in every workspace."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    @property
    def me(self) -> str:
        """The pseudonym of the system's user who runs this process."""
        return self._agent(_account())

    def agent_named(self, account: str) -> str | None:
        """The pseudonym of another user of this machine; None where there is no such user."""
        if sys.platform == "win32":
            return self._agent(account.lower()) if account else None
        import pwd

        try:
            return self._agent(f"{pwd.getpwnam(account).pw_uid}:{account}")
        except (KeyError, ValueError):
            return None

    def reference(self, kind: str, value: str) -> str:
        """A short keyed digest that stands for a value in logs and tombstones."""
        text = f"{kind}\0{value}".encode("utf-8", "surrogatepass")
        return hmac.new(self._key, text, hashlib.sha256).hexdigest()[:32]

    def seal(self, text: str) -> str:
        """A MAC that shows later that this workspace wrote `text`."""
        return hmac.new(self._key, f"seal\0{text}".encode(), hashlib.sha256).hexdigest()

    def _agent(self, account: str) -> str:
        return f"agent-{self.reference('account', account)[:12]}"


def _account() -> str:
    """The account as the system knows it; the environment, which anybody can set, has no say."""
    if sys.platform == "win32":
        try:
            return os.getlogin().lower()
        except OSError:
            return getpass.getuser().lower()
    import pwd

    number = os.getuid()
    try:
        return f"{number}:{pwd.getpwuid(number).pw_name}"
    except KeyError:
        return f"{number}:"
