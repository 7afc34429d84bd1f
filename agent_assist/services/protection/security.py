"""One look at everything that keeps customer data safe: what a security officer runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from agent_assist.domain.access import TeamRole
from agent_assist.domain.policy import Policy
from agent_assist.domain.security import Safety, SecurityCheck
from agent_assist.errors import AgentAssistError
from agent_assist.services.access import AccessService
from agent_assist.services.audit import AuditService
from agent_assist.services.learning.models import ModelService
from agent_assist.services.protection.keys import KeyService

OK, WARNING, PROBLEM = Safety.OK, Safety.WARNING, Safety.PROBLEM


class SecurityService:
    """The checks of `agent-assist doctor --security`; they only look, nothing is mended."""

    def __init__(
        self,
        audit: AuditService,
        access: AccessService,
        keys: KeyService,
        models: ModelService,
        *,
        storage: Callable[[], Mapping[str, Any]],
        worker: Callable[[], Mapping[str, Any]],
        process: Callable[[], Mapping[str, Any]],
        hosts: Callable[[], Sequence[str]],
        policy: Callable[[], Policy] = Policy,
    ) -> None:
        """The callables look at what only adapters see: the files of the workspace, what a fresh worker
        gave up, this process, and the hosts of configured helpdesks."""
        self._audit = audit
        self._access = access
        self._keys = keys
        self._models = models
        self._storage = storage
        self._worker = worker
        self._process = process
        self._hosts = hosts
        self._policy = policy

    def checks(self) -> list[SecurityCheck]:
        """Every check, in the order of the report; blocking, seconds where a large model is hashed."""
        looks = {
            "encryption": self._encryption,
            "key": self._key,
            "files": self._files,
            "audit": self._log,
            "roles": self._roles,
            "policy": self._rules,
            "models": self._hashes,
            "network": self._network,
            "workers": self.workers,
            "crashes": self._crashes,
        }
        found = []
        for name, look in looks.items():
            try:
                found.append(look())
            except AgentAssistError as error:
                found.append(SecurityCheck(name, PROBLEM, error.sentence, error.remedy))
        return found

    def _encryption(self) -> SecurityCheck:
        facts = self._storage()
        if not facts["encrypted"]:
            return SecurityCheck(
                "encryption", PROBLEM, "The database is not encrypted.", "Restore it from a backup.", facts
            )
        sentence = f"The database is encrypted (SQLCipher {facts['cipher']}, AES-256, a MAC on every page)."
        return SecurityCheck("encryption", OK, sentence, facts=facts)

    def _key(self) -> SecurityCheck:
        facts = {
            "source": self._keys.source,
            "keyring": self._keys.keyring,
            "recovery_key": self._keys.has_recovery_key,
        }
        where = {
            "keyring": f"The key is in the system keyring ({self._keys.keyring})",
            "passphrase": "The key is sealed with a passphrase (scrypt, AES-256-GCM)",
        }.get(self._keys.source)
        if where is None:
            return SecurityCheck("key", OK, "The demo desk's key is in memory only.", facts=facts)
        if not self._keys.has_recovery_key:
            remedy = "Make one and print it: `agent-assist workspace recovery-key`."
            return SecurityCheck("key", WARNING, f"{where}; there is no recovery key.", remedy, facts)
        return SecurityCheck("key", OK, f"{where}; there is a recovery key.", facts=facts)

    def _files(self) -> SecurityCheck:
        open_to_others = self._storage()["open_to_others"]
        facts = {"open_to_others": open_to_others}
        if open_to_others:
            names = ", ".join(open_to_others[:3])
            return SecurityCheck(
                "files",
                WARNING,
                f"Other users of this machine may read or change {names}.",
                "Take their rights away: `chmod -R go= FOLDER`.",
                facts,
            )
        return SecurityCheck("files", OK, "Only you may read the workspace folder.", facts=facts)

    def _log(self) -> SecurityCheck:
        report = self._audit.verify()
        facts = {
            "entries": report.entries,
            "head": f"{report.head.number}:{report.head.mac}",
            "anchors": dict(report.anchors),
            "accepted_gaps": report.accepted,
        }
        if report.findings:
            sentence = f"The audit log was tampered with: {report.findings[0].sentence}"
            return SecurityCheck("audit", PROBLEM, sentence, "See `agent-assist audit verify`.", facts)
        gaps = f"; an admin accepted {report.accepted} gaps" if report.accepted else ""
        noun = "entry" if report.entries == 1 else "entries"
        sentence = f"The audit log is whole and in order ({report.entries} {noun}{gaps})."
        return SecurityCheck("audit", OK, sentence, facts=facts)

    def _roles(self) -> SecurityCheck:
        people = self._access.people()
        counts = {role.value: sum(p.role is role for p in people) for role in TeamRole}
        facts = {"me": self._access.me, "role": self._access.role.value, "people": counts}
        if not counts["admin"] and self._keys.source != "memory":
            return SecurityCheck("roles", PROBLEM, "No untampered entry names an admin.", facts=facts)
        listed = ", ".join(f"{count} {role}{'s' * (count != 1)}" for role, count in counts.items() if count)
        return SecurityCheck("roles", OK, f"{listed}; you are {self._access.role.value}.", facts=facts)

    def _rules(self) -> SecurityCheck:
        policy = self._policy()
        facts = {"rules": len(policy.rules), "held_back": policy.held_back}
        if policy.held_back:
            return SecurityCheck(
                "policy",
                WARNING,
                "The policy file was changed by somebody who may not; the rules before it hold.",
                "Let a lead look at it and open the desk, or put the file back.",
                facts,
            )
        rules = f"{len(policy.rules)} rule{'s' * (len(policy.rules) != 1)}"
        return SecurityCheck("policy", OK, f"{rules} of the lead's hold for replies.", facts=facts)

    def _hashes(self) -> SecurityCheck:
        results = self._models.verify()
        broken = [(record, error) for record, error in results if error is not None]
        facts = {"models": {r.name: "whole" if e is None else e.sentence for r, e in results}}
        if broken:
            error = broken[0][1]
            return SecurityCheck("models", PROBLEM, error.sentence, error.remedy, facts)
        return SecurityCheck(
            "models", OK, f"Every model file has its sha256 ({len(results)} checked).", facts=facts
        )

    def _network(self) -> SecurityCheck:
        hosts = sorted(set(self._hosts()))
        facts = {"allowed": hosts, "guarded": self._process().get("guarded", False)}
        if not hosts:
            return SecurityCheck("network", OK, "Offline: no helpdesk is connected.", facts=facts)
        return SecurityCheck("network", OK, f"Reaches {', '.join(hosts)}, and nobody else.", facts=facts)

    def workers(self) -> SecurityCheck:
        """Whether workers can reach the network on this system."""
        facts = dict(self._worker())
        if facts.get("network") == "open":
            sentence = f"Workers are not kept from the network here. {facts.get('why', '')}".strip()
            return SecurityCheck(
                "workers", WARNING, sentence, "Deny the program the network in the system's firewall.", facts
            )
        more = " and can start no other program" if facts.get("programs") else ""
        return SecurityCheck(
            "workers", OK, f"Workers have no network ({facts['network']}){more}.", facts=facts
        )

    def _crashes(self) -> SecurityCheck:
        facts = dict(self._process())
        if not facts.get("core_dumps_off"):
            sentence = "A crash of this process could leave its memory on the disk."
            return SecurityCheck("crashes", WARNING, sentence, "Turn core dumps off in the system.", facts)
        return SecurityCheck("crashes", OK, "No crash leaves memory on the disk.", facts=facts)
