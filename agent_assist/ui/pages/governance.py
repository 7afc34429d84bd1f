"""What the parts of the security page share: the services behind them, and controls that a role bars."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtWidgets import QWidget

from agent_assist.domain.access import Permission
from agent_assist.services.access import AccessService
from agent_assist.services.audit import AuditService
from agent_assist.services.desk import Desk
from agent_assist.services.keys import KeyService
from agent_assist.services.privacy import PrivacyService


@dataclass(frozen=True, slots=True)
class Governance:
    access: AccessService
    audit: AuditService
    keys: KeyService
    privacy: PrivacyService

    @classmethod
    def of(cls, desk: Desk) -> Governance:
        if desk.access is None or desk.audit is None or desk.keys is None or desk.privacy is None:
            raise RuntimeError("this desk was made without roles and an audit log")
        return cls(desk.access, desk.audit, desk.keys, desk.privacy)


def barred(desk: Desk, permission: Permission) -> str:
    """Why the person at this machine may not do it, "" where they may.  Reads the log: off the UI thread."""
    return desk.access.why_not(permission) if desk.access is not None else ""


def allow(widget: QWidget, why_not: str) -> None:
    """Enable a control, or disable it with the reason on hover and for screen readers."""
    widget.setEnabled(not why_not)
    widget.setToolTip(why_not)
    widget.setAccessibleDescription(why_not)
