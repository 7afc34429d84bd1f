"""The services behind the parts of the security page."""

from __future__ import annotations

from dataclasses import dataclass

from agent_assist.services.access import AccessService
from agent_assist.services.audit import AuditService
from agent_assist.services.desk import Desk
from agent_assist.services.protection.keys import KeyService
from agent_assist.services.protection.privacy import PrivacyService


@dataclass(frozen=True, slots=True)
class Governance:
    """Those services, each of which is there; a desk of the tests may have none."""

    access: AccessService
    audit: AuditService
    keys: KeyService
    privacy: PrivacyService

    @classmethod
    def of(cls, desk: Desk) -> Governance:
        if desk.access is None or desk.audit is None or desk.keys is None or desk.privacy is None:
            raise RuntimeError("this desk was made without roles and an audit log")
        return cls(desk.access, desk.audit, desk.keys, desk.privacy)
