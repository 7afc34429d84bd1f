"""The worker processes of this test, found as a person would find them: in the list of processes."""

from __future__ import annotations

import psutil


def worker_pids(module: str = "agent_assist.adapters") -> list[int]:
    """Process ids of the running children whose command names a module below `module`."""
    return [
        child.pid
        for child in psutil.Process().children(recursive=True)
        if any(module in part for part in child.cmdline())
    ]
