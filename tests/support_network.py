"""Watching what a command and all its workers do with the network, by strace."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

needs_strace = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")

# Not `socket` and `bind`: urllib3 asks on import whether the machine knows IPv6 by binding one to
# itself, which reaches nobody.
_CALLS = "trace=connect,sendto,sendmsg,sendmmsg"
_INTERNET = re.compile(r"AF_INET6?\b|AF_PACKET")


def traced(command: list[str], log: Path) -> list[str]:
    """The command under strace, its children too."""
    return ["strace", "-f", "--seccomp-bpf", "-qq", "-e", _CALLS, "-o", str(log), *command]


def connections(log: Path) -> list[str]:
    """Lines in which something asked for, or used, the internet; a refused attempt counts too."""
    return [line for line in log.read_text(errors="replace").splitlines() if _INTERNET.search(line)]
