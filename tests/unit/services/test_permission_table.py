"""Role by role, what each action of a workspace answers, on a whole desk; refusals stand in the log."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support_store import ticket

from agent_assist import app
from agent_assist.adapters.identity import Identity
from agent_assist.domain.access import GUARDED, LEAST, Permission, TeamRole, may, taken_by
from agent_assist.domain.audit import AuditAction
from agent_assist.errors import AgentAssistError, BadInput, PermissionDenied
from agent_assist.services.access import AccessService
from agent_assist.services.desk import Desk
from agent_assist.settings import Settings

PASSPHRASE = "correct horse"
OTHER = "agent-0123456789ab"
RULES = "- id: hours\n  say: We answer on weekdays.\n"
Act = Callable[[Any, Path], Any]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("desk") / "w"
    made = app.open_desk(folder, passphrase=lambda: PASSPHRASE)
    assert made.access is not None
    made.access.set_role(OTHER, TeamRole.ADMIN)
    made.tickets.save([ticket("T-1", "Hello", "Hi")])
    yield made
    made.close()


def as_role(role: TeamRole, monkeypatch: pytest.MonkeyPatch) -> None:
    """The person at this machine has this role."""
    monkeypatch.setattr(AccessService, "role", property(lambda _: role))


def guarded_changes() -> dict[str, tuple[Permission, Act]]:
    """One change of an option for each kind that not everybody may change."""
    changes = {
        "retention.solved_days": 30,
        "privacy.patterns": "STAFF=S\\d{6}",
        "reply.link_domains": "shop.example",
        "knowledge.minimum_evidence": 0.9,
        "knowledge.review_changes": True,
        "knowledge.encoder": "another",
    }
    assert {n for n in GUARDED if any(c.startswith(n) for c in changes)} == set(GUARDED)

    def change(name: str, value: object) -> Act:
        def act(d: Any, _: Path) -> None:
            before = d.options.current
            for part in name.split("."):
                before = getattr(before, part)
            d.options.change({name: value})
            d.options.change({name: before})

        return act

    return {f"option {n}": (taken_by(n) or Permission.ERASE, change(n, v)) for n, v in changes.items()}


ACTIONS: dict[str, tuple[Permission, Act]] = {
    "export sft": (Permission.TRAIN, lambda d, p: d.feedback.export("sft", p / "a")),
    "export preference": (Permission.TRAIN, lambda d, p: d.feedback.export("preference", p / "a")),
    "export unpaired": (Permission.TRAIN, lambda d, p: d.feedback.export("unpaired", p / "a")),
    "export retrieval": (Permission.TRAIN, lambda d, p: d.feedback.export("retrieval", p / "a")),
    "export raw": (Permission.EXPORT_RAW, lambda d, p: d.feedback.export("csv", p / "a.csv", raw=True)),
    "add a model": (Permission.CHANGE_MODELS, lambda d, p: d.models.add(p / "no.gguf")),
    "pull a model": (Permission.CHANGE_MODELS, lambda d, _: d.models.pull("no such model")),
    "use a model": (Permission.CHANGE_MODELS, lambda d, _: d.models.use("no such model")),
    "remove a model": (Permission.CHANGE_MODELS, lambda d, _: d.models.remove("no such model")),
    "go back to a model": (Permission.CHANGE_MODELS, lambda d, _: d.models.rollback()),
    "let another model write for a share": (Permission.CHANGE_MODELS, lambda d, _: d.canary.start("no", 0.1)),
    "stop a training run": (Permission.TRAIN, lambda d, _: d.learning.stop()),
    "judge blind pairs": (Permission.TRAIN, lambda d, _: d.learning.sheet()),
    "learn intents": (Permission.CHANGE_MODELS, lambda d, _: d.triage.fit([])),
    "change the search model": (Permission.CHANGE_MODELS, lambda d, p: d.knowledge.change_encoder("no such")),
    "approve a held sentence": (Permission.APPROVE_ARTICLES, lambda d, _: d.knowledge.approve(["none"])),
    "set the policy": (Permission.EDIT_POLICY, lambda d, _: d.policy.set(RULES)),
    "connect": (Permission.CONNECT, lambda d, _: d.connections.add("no such kind", "X", {})),
    "change a connection": (Permission.CONNECT, lambda d, _: d.connections.change("none", title="X")),
    "enable a connection": (Permission.CONNECT, lambda d, _: d.connections.enable("none")),
    "remove a connection": (Permission.CONNECT, lambda d, _: d.connections.remove("none")),
    "try a connection": (Permission.CONNECT, lambda d, _: d.connections.test("no such kind", {})),
    "list a server's queues": (Permission.CONNECT, lambda d, _: d.connections.queues("no such kind", {})),
    "read the log": (Permission.READ_AUDIT, lambda d, _: d.audit.entries()),
    "read the whole log": (Permission.READ_AUDIT, lambda d, _: list(d.audit.every())),
    "export the log": (Permission.READ_AUDIT, lambda d, p: d.audit.export(p / "log.jsonl")),
    "accept a gap": (Permission.ACCEPT_AUDIT, lambda d, _: d.audit.accept("why")),
    "look a person up": (Permission.EXPORT_PERSON, lambda d, _: d.privacy.look_up("C-7")),
    "export a person": (Permission.EXPORT_PERSON, lambda d, p: d.privacy.export("C-7", p / "c.json")),
    "erase a person": (Permission.ERASE, lambda d, _: d.privacy.erase("nobody")),
    "give a role": (Permission.CHANGE_ROLES, lambda d, _: d.access.set_role("no such user", TeamRole.LEAD)),
    "make a recovery key": (Permission.MAKE_RECOVERY_KEY, lambda d, _: d.keys.make_recovery_key()),
    "change the data key": (Permission.MAKE_RECOVERY_KEY, lambda d, _: d.keys.begin_rekey()),
    **guarded_changes(),
}
"""Actions whose role suffices may fail for another reason: what they name is not there."""

FREE: dict[str, Act] = {
    "export own records": lambda d, p: d.feedback.export("csv", p / "mine.csv"),
    "look at own feedback": lambda d, _: d.feedback.entries(),
    "verify the log": lambda d, _: d.audit.verify(),
    "see who has a role": lambda d, _: d.access.people(),
    "see what is held back": lambda d, _: d.knowledge.held(),
    "see the rules": lambda d, _: d.policy.read(),
    "see the models": lambda d, _: d.models.records(),
    "apply the periods": lambda d, _: d.privacy.apply_retention(),
    "choose a theme": lambda d, _: d.options.change({"appearance.theme": "dark"}),
}


def attempt(act: Act, desk: Desk, folder: Path) -> AgentAssistError | None:
    try:
        act(desk, folder)
    except AgentAssistError as error:
        return error
    return None


def test_every_permission_is_asked_for_by_some_action() -> None:
    asked = {permission for permission, _ in ACTIONS.values()}
    # What is seen of others' feedback is a filter, not a refusal: tested where feedback is.
    assert asked == set(Permission) - {Permission.SEE_OTHERS}


@pytest.mark.parametrize("role", TeamRole)
@pytest.mark.parametrize("name", ACTIONS)
def test_an_action_is_refused_below_its_role(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, role: TeamRole, name: str
) -> None:
    permission, act = ACTIONS[name]
    folder = tmp_path / "out"
    folder.mkdir()
    before = refusals(desk)
    with monkeypatch.context() as patch:
        as_role(role, patch)
        error = attempt(act, desk, folder)
    assert isinstance(error, PermissionDenied) != may(role, permission)
    assert desk.audit is not None
    assert len(refusals(desk)) - len(before) == isinstance(error, PermissionDenied)
    if isinstance(error, PermissionDenied):
        newest = desk.audit.entries(1)[0]
        assert newest.facts == {"wanted": permission.name.lower(), "role": role.value}
        assert LEAST[permission].value in error.sentence
        assert list(folder.iterdir()) == []


@pytest.mark.parametrize("role", TeamRole)
@pytest.mark.parametrize("name", FREE)
def test_what_is_everybodys_is_refused_to_nobody(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, role: TeamRole, name: str
) -> None:
    as_role(role, monkeypatch)
    assert attempt(FREE[name], desk, tmp_path) is None


def test_an_option_that_takes_a_role_is_an_option() -> None:
    known = Settings().model_dump()
    for name in GUARDED:
        section, _, option = name.partition(".")
        assert section in known
        assert not option or option in known[section]


# --- the policy file, which any editor reaches ------------------------------------------------------


class Team:
    """One workspace that its admin (this account) and an agent open in turn."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self._patch = monkeypatch
        self._me = Identity.me

    @property
    def file(self) -> Path:
        return self.folder / "policy.yaml"

    def open(self, who: str = "") -> Desk:
        self._patch.setattr(Identity, "me", property(lambda _: who) if who else self._me)
        return app.open_desk(self.folder, passphrase=lambda: PASSPHRASE)


@pytest.fixture
def team(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Team:
    made = Team(tmp_path / "w", monkeypatch)
    made.open().close()
    return made


def held(desk: Desk) -> tuple[list[str], bool]:
    assert desk.policy is not None
    policy = desk.policy.read()
    return [rule.id for rule in policy.rules], policy.held_back


def refusals(desk: Desk) -> list[str]:
    assert desk.audit is not None
    desk.audit.flush()
    store = desk.audit._repository
    return [str(e.facts["wanted"]) for e in store.entries(action=AuditAction.REFUSED)]


@pytest.mark.parametrize("change", ["edited", "deleted", "broken"])
def test_what_an_agent_writes_into_the_file_does_not_hold(team: Team, change: str) -> None:
    desk = team.open()
    assert desk.policy is not None
    desk.policy.set(RULES)
    assert team.file.read_text() == RULES
    desk.close()
    if change == "deleted":
        team.file.unlink()
    else:
        team.file.write_text("- id: free\n  say: All is free.\n" if change == "edited" else ": : [")
    desk = team.open(OTHER)
    assert held(desk) == (["hours"], True)
    assert held(desk) == (["hours"], True)
    assert refusals(desk) == ["edit_policy"]
    assert desk.security is not None
    assert {c.name: c.state for c in desk.security.checks()}["policy"] == "warning"
    desk.close()
    desk = team.open()
    assert held(desk) == ({"edited": ["free"]}.get(change, []), False)
    assert desk.audit is not None
    assert desk.audit.entries(1)[0].action == AuditAction.POLICY_CHANGED
    desk.close()


def test_an_agent_who_brings_the_first_rules_brings_none(team: Team) -> None:
    team.file.write_text(RULES)
    desk = team.open(OTHER)
    assert held(desk) == ([], True)
    desk.close()


def test_a_lead_edits_the_file_with_any_editor(team: Team) -> None:
    desk = team.open()
    team.file.write_text(RULES)
    assert held(desk) == (["hours"], False)
    desk.close()
    desk = team.open(OTHER)
    assert held(desk) == (["hours"], False)
    assert refusals(desk) == []
    desk.close()


def test_without_the_sealed_copy_the_change_stands_in_the_log(team: Team) -> None:
    desk = team.open()
    assert desk.policy is not None
    desk.policy.set(RULES)
    desk.close()
    (team.folder / "policy.sealed").write_bytes(b"0" * 64)
    team.file.write_text("- id: free\n  say: All is free.\n")
    desk = team.open(OTHER)
    assert held(desk) == (["free"], False)
    assert desk.audit is not None
    desk.audit.flush()
    newest = list(desk.audit._repository.entries(action=AuditAction.POLICY_CHANGED))[-1]
    assert newest.agent == OTHER
    desk.close()


def test_rules_with_a_fault_are_not_set(team: Team) -> None:
    desk = team.open()
    assert desk.policy is not None
    with pytest.raises(BadInput, match="Line 1"):
        desk.policy.set("- id: empty\n")
    assert not team.file.exists()
    desk.close()
