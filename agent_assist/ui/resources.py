"""The data files of the window: icons and styles."""

from __future__ import annotations

from pathlib import Path

from agent_assist.resources import resource_path


def resource(*parts: str) -> Path:
    """The path of one data file, for example `resource("icons", "send.svg")`."""
    return resource_path("/".join(parts))
