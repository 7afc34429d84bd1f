"""Who may do what.  A person's role is what the last role entry of the audit log says of them: there
is no table of roles that could be edited beside it."""

from __future__ import annotations

from collections.abc import Callable

from agent_assist.domain.access import LEAST, Permission, Person, TeamRole, may
from agent_assist.domain.audit import AuditAction, AuditEntry
from agent_assist.errors import AuditDamaged, BadInput, PermissionDenied
from agent_assist.services.audit import AuditService

_SETUP = "setup"
_SETTLES = frozenset({Permission.ACCEPT_AUDIT, Permission.READ_AUDIT})
"""What it takes to look into a log that was tampered with, and to settle it."""


class AccessService:
    """Asked by the services themselves; the window only hides what they would refuse."""

    def __init__(
        self,
        audit: AuditService,
        account: Callable[[str], str | None] = lambda _: None,
        *,
        demo: bool = False,
    ) -> None:
        """`account` gives the pseudonym of another user of this machine.

        The first person in a new workspace becomes its admin; everybody is a lead of the demo desk.
        """
        self._audit = audit
        self._account = account
        self._demo = demo

    @property
    def me(self) -> str:
        """The pseudonym of the person at this machine."""
        return self._audit.agent

    @property
    def role(self) -> TeamRole:
        """Of the person at this machine; whoever was given none is an agent."""
        if self._demo:
            return TeamRole.LEAD
        person = self._people().get(self.me)
        return person.role if person else TeamRole.AGENT

    def begin(self) -> None:
        """Make the first person of a new workspace its admin."""
        if not self._demo and self._audit.empty:
            self._give(self.me, TeamRole.ADMIN, _SETUP)

    def allows(self, permission: Permission) -> bool:
        """Whether it would be allowed; for what the window offers."""
        return may(self.role, permission)

    def why_not(self, permission: Permission) -> str:
        """The sentence with which it would be refused; empty where it is allowed.  Nothing is recorded."""
        role = self.role
        return "" if may(role, permission) else _refusal(role, permission)

    def require(self, permission: Permission) -> None:
        """Raise PermissionDenied where the person's role does not allow it, AuditDamaged where the log
        that says so was tampered with."""
        role = self.role
        if not may(role, permission):
            self._audit.record(AuditAction.REFUSED, wanted=permission.name.lower(), role=role.value)
            raise PermissionDenied(_refusal(role, permission))
        if permission not in _SETTLES and not self._demo:
            try:
                self._audit.require_intact()
            except AuditDamaged as error:
                self._audit.record(AuditAction.REFUSED, wanted=permission.name.lower(), role=role.value)
                raise AuditDamaged(
                    f"{error.sentence} Until that is settled nobody may {permission.value}."
                ) from None

    def people(self) -> list[Person]:
        """Everybody who was given a role, admins first."""
        found = self._people()
        if self._demo:
            return [Person(self.me, TeamRole.LEAD, "", _SETUP, me=True)]
        if self.me not in found:
            found[self.me] = Person(self.me, TeamRole.AGENT, "", "", me=True)
        return sorted(found.values(), key=lambda p: (-p.role.rank, p.agent))

    def set_role(self, who: str, role: TeamRole) -> Person:
        """Give a person, named by pseudonym or by their account on this machine, a role.

        Raises PermissionDenied, or BadInput for an unknown account or the last admin.
        """
        self.require(Permission.CHANGE_ROLES)
        agent = who if who.startswith("agent-") else self._account(who)
        if agent is None:
            raise BadInput(
                f"There is no user {who} on this machine.",
                "Give the pseudonym that `agent-assist role whoami` shows them.",
            )
        people = self._people()
        admins = [p.agent for p in people.values() if p.role is TeamRole.ADMIN]
        if admins == [agent] and role is not TeamRole.ADMIN:
            raise BadInput("A workspace keeps at least one admin.", "Make somebody else an admin first.")
        self._give(agent, role, self.me)
        return self._people()[agent]

    def _give(self, agent: str, role: TeamRole, by: str) -> None:
        self._audit.record(AuditAction.ROLE_CHANGED, wait=True, who=agent, role=role.value, by=by)

    def _people(self) -> dict[str, Person]:
        """Roles as the untampered entries of the log give them."""
        people: dict[str, Person] = {}
        for entry in self._audit.role_changes():
            if (person := self._person(entry, people)) is not None:
                people[person.agent] = person
        return people

    def _person(self, entry: AuditEntry, before: dict[str, Person]) -> Person | None:
        facts = entry.facts
        try:
            role = TeamRole(str(facts.get("role")))
        except ValueError:
            return None
        giver = before.get(entry.agent)
        # Only the first entry of a log, or an admin's, counts.
        if entry.number != 1 and (giver is None or giver.role is not TeamRole.ADMIN):
            return None
        agent = str(facts.get("who", ""))
        return Person(agent, role, entry.at, str(facts.get("by", "")), me=agent == self.me)


def _refusal(role: TeamRole, permission: Permission) -> str:
    return f"Only {_named(LEAST[permission])} may {permission.value}; you are {_named(role)} here."


def _named(role: TeamRole) -> str:
    return {TeamRole.AGENT: "an agent", TeamRole.LEAD: "a lead", TeamRole.ADMIN: "an admin"}[role]
