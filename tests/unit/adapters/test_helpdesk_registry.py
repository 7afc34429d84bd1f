from __future__ import annotations

import sys
import types
from importlib.metadata import EntryPoint

import pytest
from support_helpdesk import FakeConnector
from support_store import FixedClock

from agent_assist.adapters.helpdesks.registry import GROUP, EntryPointRegistry
from agent_assist.domain.helpdesk import Connection
from agent_assist.errors import BadInput, HelpdeskProblem

BUILT_IN = {"chatwoot", "django_helpdesk", "folder", "freshdesk", "mail", "rt", "zammad", "zendesk"}


class Picky(FakeConnector):
    def __init__(self, connection: Connection, secrets: object, clock: object) -> None:
        if connection.values.get("url") == "bad":
            raise BadInput("That address will not do.")
        raise KeyError("odd")


class NoFields(FakeConnector):
    fields = ("url",)  # type: ignore[assignment]


class NoAbilities(FakeConnector):
    abilities = frozenset({"fly"})  # type: ignore[assignment]


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> EntryPointRegistry:
    module = types.ModuleType("their_package")
    members = {
        "Fits": FakeConnector,
        "Picky": Picky,
        "NoFields": NoFields,
        "NoAbilities": NoAbilities,
        "Misses": type("Misses", (), {"title": "Misses", "fields": (), "abilities": ()}),
        "thing": object(),
    }
    for name, value in members.items():
        setattr(module, name, value)
    monkeypatch.setitem(sys.modules, "their_package", module)
    named = {name.lower(): f"their_package:{name}" for name in members} | {"gone": "no_such_package:X"}
    return EntryPointRegistry([EntryPoint(n, v, GROUP) for n, v in named.items()])


def test_a_class_of_another_package_is_found_and_a_broken_one_is_never_fatal(
    registry: EntryPointRegistry,
) -> None:
    found = {kind.name: kind for kind in registry.kinds()}
    assert (found["fits"].title, len(found["fits"].fields), found["fits"].problem) == ("Fake Desk", 7, "")
    assert "cannot be imported (ModuleNotFoundError" in found["gone"].problem
    assert "names no class" in found["thing"].problem
    assert "it has no check" in found["misses"].problem
    assert "fields are not connection fields" in found["nofields"].problem
    assert "abilities" in found["noabilities"].problem
    assert next(kind.name for kind in registry.kinds()) == "fits"


def test_what_cannot_be_made_says_why(registry: EntryPointRegistry) -> None:
    clock = FixedClock()
    with pytest.raises(HelpdeskProblem, match="no connector named none"):
        registry.make(Connection("x", "none", "X"), {}, clock)
    with pytest.raises(HelpdeskProblem, match=r"failed \(KeyError\)"):
        registry.make(Connection("x", "picky", "X"), {}, clock)
    with pytest.raises(BadInput, match="will not do"):
        registry.make(Connection("x", "picky", "X", {"url": "bad"}), {}, clock)


def test_a_built_in_name_stays_ours() -> None:
    points = [
        EntryPoint("rt", "their_package:Rt", GROUP),
        EntryPoint("rt", "agent_assist.adapters.helpdesks.rt:RtConnector", GROUP),
    ]
    [kind] = EntryPointRegistry(points).kinds()
    assert kind.title == "Request Tracker"


def test_every_built_in_connector_is_there_and_declares_itself() -> None:
    found = {kind.name: kind for kind in EntryPointRegistry().kinds()}
    assert set(found) >= BUILT_IN
    for name in BUILT_IN:
        kind = found[name]
        assert kind.problem == "", name
        assert kind.title != name
        names = [field.name for field in kind.fields]
        assert names
        assert len(set(names)) == len(names)
        for field in kind.fields:
            assert field.title, (name, field.name)
            if field.choices:
                assert field.default in ("", *field.choices), (name, field.name)
