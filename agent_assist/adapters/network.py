"""The list of hosts that this process may talk to: those of configured helpdesks, and for the length of
an explicit download those of the model hub.  Everything else is refused before a packet leaves.

An audit hook (PEP 578) sees every look-up and connection that goes through Python's sockets, whichever
library makes it, and a hook cannot be taken away again.  It stops what a dependency does of its own
accord: telemetry, a look for updates, a file fetched on first use.  It is no wall against code that
means to get out; the processes that read hostile files have that (`workers.confinement`).
"""

from __future__ import annotations

import errno
import logging
import re
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import urlsplit

log = logging.getLogger(__name__)

_HOST: Final = re.compile(r"(?i)\[?([a-z0-9_](?:[a-z0-9_.:-]*[a-z0-9])?|::1)\]?")

_lock = threading.Lock()
_permitted: set[str] = set()
_open = 0
_installed = False
_thread = threading.local()


def guard() -> None:
    """From now on this process reaches nobody but whom `permit` names."""
    global _installed
    with _lock:
        if _installed:
            return
        _installed = True
    sys.addaudithook(_check)


def is_guarding() -> bool:
    """Whether the hook is in place; then it stays until the process ends."""
    return _installed


def permit(values: Iterable[str]) -> None:
    """Add the hosts that these addresses or host names stand for; other texts among them do no harm."""
    hosts = {host for value in values if (host := host_of(value))}
    with _lock:
        _permitted.update(hosts)


@contextmanager
def unlimited() -> Iterator[None]:
    """No limit inside the block: a download that a person asked for, which may be sent on to any mirror."""
    global _open
    with _lock:
        _open += 1
    try:
        yield
    finally:
        with _lock:
            _open -= 1


def host_of(value: str) -> str:
    """The host of a URL, or of `host` or `host:port`; empty for anything else."""
    text = value.strip()
    try:
        if "://" in text:
            return (urlsplit(text).hostname or "").lower()
        if not _HOST.fullmatch(text.split("/")[0]):
            return ""
        return (urlsplit(f"//{text}").hostname or "").lower()
    except ValueError:
        return ""


def _proxies() -> set[str]:
    """The system's proxies, behind which the configured hosts are; asked only where a host is no other."""
    import urllib.request

    return {host_of(value) for value in urllib.request.getproxies().values()} - {""}


def _check(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "socket.getaddrinfo":
        host = arguments[0]
    elif event == "socket.connect" and isinstance(arguments[1], tuple):
        host = arguments[1][0]
        if getattr(_thread, "looked_up", False):
            return  # the addresses of a permitted name
    else:
        return
    if host is None or _open:
        return
    name = (host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)).lower().strip("[]")
    if name in _permitted or name in _proxies():
        _thread.looked_up = True
        return
    _thread.looked_up = False
    log.warning("A connection to %s was refused: no helpdesk of this workspace is there.", name)
    raise PermissionError(errno.EACCES, f"{name} is no host of a configured helpdesk")
