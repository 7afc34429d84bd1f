"""Controls that a role bars: why, and so that it is seen and heard."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from agent_assist.domain.access import Permission
from agent_assist.services.desk import Desk


def barred(desk: Desk, permission: Permission) -> str:
    """Why the person at this machine may not do it, "" where they may.  Reads the log: off the UI thread."""
    return desk.access.why_not(permission) if desk.access is not None else ""


def allow(widget: QWidget, why_not: str) -> None:
    """Enable a control, or disable it with the reason on hover and for screen readers."""
    widget.setEnabled(not why_not)
    widget.setToolTip(why_not)
    widget.setAccessibleDescription(why_not)
