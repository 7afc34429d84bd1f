"""Commands as a test gives them: `agent_assist("model", "list")`, see the fixture of that name."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

Run = Callable[..., tuple[int, str, str]]
"""Arguments to (exit code, standard output, standard error)."""
PASSPHRASE = "a passphrase of a test"


def parsed(result: tuple[int, str, str]) -> Any:
    """What a command wrote with --json."""
    return json.loads(result[1])
