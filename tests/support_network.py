"""Watching what a command and all its workers do with the network, by strace."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from subprocess import CompletedProcess

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


def run(command: list[str], environment: dict[str, str], log: Path | None = None) -> CompletedProcess[str]:
    """The ended command, in the folder of `log`; under strace where there is one."""
    return subprocess.run(
        traced(command, log) if log else command,
        cwd=log.parent if log else None,
        env=environment,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )


def environment_without(*names: str) -> dict[str, str]:
    """This process's environment, less what would change the command."""
    return {name: value for name, value in os.environ.items() if name not in names}
