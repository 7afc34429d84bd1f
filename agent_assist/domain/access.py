"""Who may do what in a workspace."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class TeamRole(StrEnum):
    """What a person is in a workspace; each may do what the one before may."""

    AGENT = "agent"
    LEAD = "lead"
    ADMIN = "admin"

    @property
    def rank(self) -> int:
        return list(TeamRole).index(self)


class Permission(StrEnum):
    """What not everybody may do; the value completes "… may <value>"."""

    SEE_OTHERS = "see the feedback of others"
    CHANGE_MODELS = "change models"
    EDIT_POLICY = "edit the policy"
    TRAIN = "train on the team's feedback"
    APPROVE_ARTICLES = "approve sentences of articles that were held back"
    CONNECT = "connect helpdesks"
    READ_AUDIT = "read the audit log"
    EXPORT_RAW = "export feedback with personal data in it"
    ERASE = "erase a person"
    EXPORT_PERSON = "export what is held on a person"
    SET_RETENTION = "change how long things are kept"
    CHANGE_ROLES = "change roles"
    MAKE_RECOVERY_KEY = "make a recovery key"
    ACCEPT_AUDIT = "accept a gap in the audit log"


LEAST: Mapping[Permission, TeamRole] = {
    Permission.SEE_OTHERS: TeamRole.LEAD,
    Permission.CHANGE_MODELS: TeamRole.LEAD,
    Permission.EDIT_POLICY: TeamRole.LEAD,
    Permission.TRAIN: TeamRole.LEAD,
    Permission.APPROVE_ARTICLES: TeamRole.LEAD,
    Permission.CONNECT: TeamRole.LEAD,
    Permission.READ_AUDIT: TeamRole.LEAD,
    Permission.EXPORT_RAW: TeamRole.ADMIN,
    Permission.ERASE: TeamRole.ADMIN,
    Permission.EXPORT_PERSON: TeamRole.ADMIN,
    Permission.SET_RETENTION: TeamRole.ADMIN,
    Permission.CHANGE_ROLES: TeamRole.ADMIN,
    Permission.MAKE_RECOVERY_KEY: TeamRole.ADMIN,
    Permission.ACCEPT_AUDIT: TeamRole.ADMIN,
}
"""The least role that may do it."""


GUARDED: Mapping[str, Permission] = {
    "retention.": Permission.SET_RETENTION,
    "privacy.": Permission.EDIT_POLICY,
    "reply.link_domains": Permission.EDIT_POLICY,
    "knowledge.minimum_evidence": Permission.EDIT_POLICY,
    "knowledge.review_changes": Permission.EDIT_POLICY,
    "knowledge.encoder": Permission.CHANGE_MODELS,
}
"""What an option, or a section that ends in a point, takes; options that are not here are everybody's own."""


def taken_by(option: str) -> Permission | None:
    """What it takes to change the option with this dotted name; None where anybody may."""
    return next((need for name, need in GUARDED.items() if option.startswith(name)), None)


def may(role: TeamRole, permission: Permission) -> bool:
    """Whether this role is the least that `permission` asks for, or above it."""
    return role.rank >= LEAST[permission].rank


@dataclass(frozen=True, slots=True)
class Person:
    """Someone who has a role in a workspace, under their pseudonym."""

    agent: str
    role: TeamRole
    since: str
    """ISO 8601, UTC."""
    given_by: str
    me: bool = False
