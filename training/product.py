"""The product's own commands, run in somebody's workspace."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from agent_assist.errors import BadInput


def run_in(workspace: Path, arguments: Sequence[str]) -> str:
    """What a command printed; the passphrase comes from AGENT_ASSIST_PASSPHRASE or the keyring.

    Raises BadInput with the command's own words.
    """
    done = subprocess.run(
        [sys.executable, "-m", "agent_assist", *arguments, "--workspace", str(workspace)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise BadInput(
            f"`agent-assist {' '.join(arguments[:2])}` failed: {last}", "Nothing was changed after it."
        )
    return done.stdout
