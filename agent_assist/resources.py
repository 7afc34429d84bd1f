"""Where the data files that come with the application are."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def resource(*parts: str) -> Path:
    """The path of one data file or folder, for example `resource("icons", "send.svg")`.

    In a checkout they stand beside the package; a wheel and a frozen application carry them inside.
    """
    packaged = _PACKAGE / "_resources"
    return (packaged if packaged.is_dir() else _PACKAGE.parent / "resources").joinpath(*parts)
