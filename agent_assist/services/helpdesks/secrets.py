"""The secrets of a connection in use, and which of them take each other's place."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

from agent_assist.domain.helpdesk import ConnectionField, ConnectorKind, FieldKind
from agent_assist.domain.oauth import CLIENT_SECRET, REFRESH_TOKEN


class Secrets(dict[str, str]):
    """A connection's secrets, shared by its connectors; a value that is set is kept, none is ever printed.

    Implements ports.SharedSecrets.
    """

    def __init__(
        self,
        values: Mapping[str, str],
        keep: Callable[[str, str], None],
        read: Callable[[], Mapping[str, str]] | None = None,
    ) -> None:
        """`read` gives what is kept now, which another process may have changed."""
        super().__init__(values)
        self._keep, self._read = keep, read
        self.lock = threading.RLock()
        self.transient: dict[str, str] = {}

    def __setitem__(self, name: str, value: str) -> None:
        self._keep(name, value)
        super().__setitem__(name, value)

    def reload(self) -> None:
        if self._read is not None:
            self.update(self._read())

    def __repr__(self) -> str:
        return f"Secrets({', '.join(self)})"

    __str__ = __repr__


def fields_of(kind: ConnectorKind) -> tuple[ConnectionField, ...]:
    """Those of the form, and what signing in leaves."""
    if kind.sign_in is None:
        return kind.fields
    return (*kind.fields, ConnectionField(REFRESH_TOKEN, "Sign-in", kind=FieldKind.SECRET))


def settled(kind: ConnectorKind, secrets: Mapping[str, str]) -> Mapping[str, str]:
    """A password or token that is typed takes the place of having signed in."""
    typed = any(value for name, value in secrets.items() if name not in (CLIENT_SECRET, REFRESH_TOKEN))
    instead = kind.sign_in is not None and typed and not secrets.get(REFRESH_TOKEN)
    return {**secrets, REFRESH_TOKEN: ""} if instead else secrets
