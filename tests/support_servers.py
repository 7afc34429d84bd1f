"""Programs that tests talk to: installed where this process may, else a visible skip, in CI a failure."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

PACKAGING = Path(__file__).parents[1] / "packaging"


def require(*names: str) -> None:
    """Install these of `packaging/system_packages.py` where we may; else skip, or fail in CI."""
    sys.path.insert(0, str(PACKAGING))
    try:
        from system_packages import ensure_servers

        missing = ensure_servers(names)
    finally:
        sys.path.remove(str(PACKAGING))
    if missing:
        absent(
            f"Not installed: {', '.join(missing)}. As root, `make test` installs what is missing on Debian."
        )


def absent(reason: str) -> None:
    """What a test needs is not there: a visible skip, a failure in CI."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
