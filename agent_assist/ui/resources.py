"""Where the data files lie: in the source tree's `resources/`, or in the installed package."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import agent_assist


@cache
def folder() -> Path:
    package = Path(agent_assist.__file__).resolve().parent
    installed = package / "_resources"
    return installed if installed.is_dir() else package.parent / "resources"


def resource(*parts: str) -> Path:
    """The path of one data file, for example `resource("icons", "send.svg")`."""
    return folder().joinpath(*parts)
