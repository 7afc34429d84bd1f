"""Roles are enforced by the services, and cannot be had by editing the database."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from support_governance import Office

from agent_assist.domain.access import LEAST, Permission, TeamRole, may
from agent_assist.domain.audit import AuditAction
from agent_assist.errors import AuditDamaged, BadInput, PermissionDenied
from agent_assist.services.access import AccessService

OTHER = "agent-0123456789ab"


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path)
    yield made
    made.close()


def test_every_permission_has_a_least_role_and_an_admin_has_all() -> None:
    assert set(LEAST) == set(Permission)
    assert all(may(TeamRole.ADMIN, p) for p in Permission)
    assert not any(may(TeamRole.AGENT, p) for p in Permission)
    assert may(TeamRole.LEAD, Permission.SEE_OTHERS)
    assert not may(TeamRole.LEAD, Permission.EXPORT_RAW)


def test_the_first_person_is_admin_and_the_next_one_an_agent(office: Office) -> None:
    assert office.access.role is TeamRole.ADMIN
    office.again(OTHER)
    assert office.access.role is TeamRole.AGENT
    with pytest.raises(PermissionDenied, match="Only an admin may export feedback"):
        office.access.require(Permission.EXPORT_RAW)
    with pytest.raises(PermissionDenied, match="Only a lead may change models; you are an agent"):
        office.access.require(Permission.CHANGE_MODELS)
    assert office.audit.entries(1, AuditAction.REFUSED)[0].agent == OTHER


def test_an_admin_gives_and_takes_roles(office: Office) -> None:
    office.access.set_role(OTHER, TeamRole.LEAD)
    assert [(p.agent, p.role.value) for p in office.access.people()] == [
        (office.access.me, "admin"),
        (OTHER, "lead"),
    ]
    me = office.access.me
    office.again(OTHER)
    office.access.require(Permission.CHANGE_MODELS)
    with pytest.raises(PermissionDenied):
        office.access.set_role(OTHER, TeamRole.ADMIN)
    office.again(me)
    office.access.set_role(OTHER, TeamRole.AGENT)
    office.again(OTHER)
    assert not office.access.allows(Permission.CHANGE_MODELS)


def test_the_last_admin_stays(office: Office) -> None:
    with pytest.raises(BadInput):
        office.access.set_role(office.access.me, TeamRole.AGENT)


def test_a_colleague_is_named_by_their_account(office: Office) -> None:
    with pytest.raises(BadInput):
        office.access.set_role("no such user here", TeamRole.LEAD)
    if os.name == "posix":
        import pwd

        name = pwd.getpwuid(os.getuid()).pw_name
        assert office.access.set_role(name, TeamRole.ADMIN).agent == office.access.me


@pytest.mark.parametrize(
    "statement",
    [
        f"""UPDATE audit SET details = replace(details, '"agent"', '"admin"')
            WHERE details LIKE '%{OTHER}%'""",
        f'UPDATE audit SET details = \'{{"by":"setup","role":"admin","who":"{OTHER}"}}\' WHERE number = 1',
        f"""INSERT INTO audit SELECT max(number) + 1, max(at), 'agent-x', 'role_changed',
            '{{"by":"x","role":"admin","who":"{OTHER}"}}', max(mac) FROM audit""",
        "DELETE FROM audit WHERE number = 3",
        "UPDATE audit SET action = 'sent' WHERE number = 3",
    ],
    ids=["edit", "take over the first", "insert", "delete the demotion", "hide the demotion"],
)
def test_sql_gives_nobody_a_right(office: Office, statement: str) -> None:
    office.access.set_role(OTHER, TeamRole.ADMIN)
    office.access.set_role(OTHER, TeamRole.AGENT)
    office.tamper(statement)
    office.again(OTHER)
    with pytest.raises((PermissionDenied, AuditDamaged)):
        office.access.require(Permission.EXPORT_RAW)


def test_the_demo_desk_has_a_lead(office: Office) -> None:
    demo = AccessService(office.audit, demo=True)
    assert demo.role is TeamRole.LEAD
    demo.begin()
    demo.require(Permission.CHANGE_MODELS)
    assert [p.role for p in demo.people()] == [TeamRole.LEAD]
    with pytest.raises(PermissionDenied):
        demo.require(Permission.ERASE)


def test_the_environment_has_no_say_in_who_i_am(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    before = office.identity.me
    for name in ("USER", "LOGNAME", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "somebody")
    assert office.identity.me == before
