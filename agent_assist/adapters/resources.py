"""Where the data files lie: in the source tree's `resources/`, or in the installed package."""

from __future__ import annotations

from pathlib import Path

import agent_assist


def resource(*parts: str) -> Path:
    """The path of one data file, for example `resource("models", "catalogue.json")`."""
    package = Path(agent_assist.__file__).resolve().parent
    installed = package / "_resources"
    folder = installed if installed.is_dir() else package.parent / "resources"
    return folder.joinpath(*parts)
