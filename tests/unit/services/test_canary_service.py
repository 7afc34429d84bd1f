"""A challenger for a share of the tickets: who writes, what is compared, what ends it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from support_gguf import SMALL, SMALL_TENSORS, write_gguf
from support_models import RememberingModel
from support_store import START, FixedClock, open_database, suggestion

from agent_assist.adapters.inference.catalogue import read_catalogue
from agent_assist.adapters.inference.files import LocalModelFiles
from agent_assist.adapters.inference.hub import HuggingFaceHub
from agent_assist.adapters.storage.models import ModelStore
from agent_assist.adapters.storage.suggestions import SuggestionStore
from agent_assist.domain.access import Permission
from agent_assist.domain.canary import Arm, difference_of_shares, problems_of
from agent_assist.domain.feedback import Outcome, OutcomeKind
from agent_assist.domain.model import (
    Canary,
)
from agent_assist.domain.suggestion import Timings
from agent_assist.errors import BadInput, PermissionDenied
from agent_assist.services.events import ErrorRaised, Event, EventBus
from agent_assist.services.learning.canary import CanaryService
from agent_assist.services.learning.models import CANARY_FAILURES, ModelService
from agent_assist.services.options import OptionsService


class Desk:
    def __init__(self, folder: Path) -> None:
        self.database = open_database(folder)
        self.events = EventBus()
        self.seen: list[Event] = []
        self.events.subscribe(self.seen.append)
        self.store = ModelStore(self.database)
        self.suggestions = SuggestionStore(self.database)
        self.model = RememberingModel()
        file = write_gguf(folder / "small.gguf", SMALL, SMALL_TENSORS)
        self.models = ModelService(
            self.store,
            self.model,
            HuggingFaceHub(),
            read_catalogue(),
            self.events,
            folder / "models",
            OptionsService(None, self.events),
            LocalModelFiles(),
        )
        self.canary = CanaryService(self.store, self.models, self.suggestions, FixedClock())
        base = self.models.add(file, "champion")
        self.store.save(replace(base, adapter_path="/a.gguf", adapter_sha256="aaaa"))
        self.store.save(replace(base, name="challenger", adapter_path="/b.gguf", adapter_sha256="bbbb"))
        self.store.save(replace(base, name="other", sha256="ffff", adapter_path="/c.gguf"))
        self.models.use("champion")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.models.close()
    made.database.close()


def test_a_share_of_the_tickets_is_the_challengers_and_each_keeps_its_model(desk: Desk) -> None:
    assert all(not desk.models.writes(f"T-{n}")[1] for n in range(50))
    desk.canary.start("challenger", 0.1)
    assert desk.model.loads[-1] == ("champion", "challenger")
    first = {n for n in range(2000) if desk.models.writes(f"T-{n}")[1]}
    assert 140 <= len(first) <= 260
    record, challenger = desk.models.writes(f"T-{min(first)}")
    assert challenger
    assert record is not None
    assert record.adapter_sha256 == "bbbb"
    before = len(desk.model.loads)
    desk.canary.start("challenger", 0.3)
    assert len(desk.model.loads) == before, "a greater share loads nothing"
    assert first < {n for n in range(2000) if desk.models.writes(f"T-{n}")[1]}
    assert desk.canary.stop() == "challenger"
    assert not any(desk.models.writes(f"T-{n}")[1] for n in range(2000))


def test_what_another_process_put_into_use_is_loaded_without_a_restart(desk: Desk) -> None:
    desk.store.activate("challenger")  # as `agent-assist model use` in a terminal does
    desk.models.settle()
    assert desk.model.loads[-1] == ("challenger", "")
    before = len(desk.model.loads)
    desk.models.settle()
    assert len(desk.model.loads) == before
    assert desk.models.rollback().name == "champion"
    assert desk.model.loads[-1] == ("champion", "")


def test_only_another_adapter_on_the_base_in_use_can_be_tried(desk: Desk) -> None:
    for name, share in (("other", 0.1), ("champion", 0.1), ("nobody", 0.1), ("challenger", 1.0)):
        with pytest.raises(BadInput):
            desk.canary.start(name, share)
    with pytest.raises(BadInput):
        desk.canary.stop()
    with pytest.raises(BadInput):
        desk.canary.promote()


def test_a_challenger_that_breaks_down_writes_no_more(desk: Desk) -> None:
    desk.canary.start("challenger", 0.5)
    for _ in range(CANARY_FAILURES):
        assert desk.canary.current() is not None
        desk.models.challenger_failed()
    assert desk.canary.current() is None
    assert any(isinstance(e, ErrorRaised) and "writes no more" in str(e.error) for e in desk.seen)


def test_a_challenger_that_cannot_be_loaded_leaves_the_model_in_use_at_work(desk: Desk) -> None:
    desk.model.broken.add("challenger")
    desk.canary.start("challenger", 0.5)
    assert desk.model.loads[-1] == ("champion", "")
    assert desk.canary.current() is None


def test_promoting_and_another_model_end_the_canary(desk: Desk) -> None:
    desk.canary.start("challenger", 0.5)
    desk.canary.promote()
    active = desk.models.active()
    assert active is not None
    assert active.name == "challenger"
    assert desk.canary.current() is None
    assert desk.models.rollback().name == "champion"


def test_both_sides_are_compared_by_what_agents_did(desk: Desk) -> None:
    assert desk.canary.report() is None
    desk.canary.start("challenger", 0.5)
    for n in range(40):
        adapter, accepted = ("bbbb", n % 4 != 1) if n % 2 else ("aaaa", n % 8 == 0)
        one = replace(
            suggestion(f"s{n}", "A draft.", created_at=START + timedelta(hours=n + 1)),
            adapter_sha256=adapter,
            prompt_passages=(1,),
            timings=Timings(total=1000.0 if adapter == "aaaa" else 2000.0),
        )
        desk.suggestions.save(one)
        kind = OutcomeKind.ACCEPTED if accepted else OutcomeKind.REWRITTEN
        desk.suggestions.record(Outcome(one.id, kind, "x", edit_distance=0.0 if accepted else 0.6))
    desk.suggestions.save(replace(suggestion("macro", "x", created_at=START), prompt_passages=None))
    found = desk.canary.report()
    assert found is not None
    assert (found.champion.drafts, found.challenger.drafts) == (20, 20)
    assert found.champion.acceptance == 0.25
    assert found.challenger.acceptance == 0.5
    assert found.challenger.edit_cost == pytest.approx(0.3)
    assert found.acceptance_gain is not None
    assert found.acceptance_gain[0] < 0.25 < found.acceptance_gain[1]
    assert any("slower" in problem for problem in found.problems)


def test_the_interval_is_newcombes() -> None:
    """The example of the 1998 paper: 56/70 against 48/80 gives 0.2 (0.0524 to 0.3339)."""
    found = difference_of_shares(Arm("a", decided=80, accepted=48), Arm("b", decided=70, accepted=56))
    assert found == (pytest.approx(0.0524, abs=5e-5), pytest.approx(0.3339, abs=5e-5))
    assert difference_of_shares(Arm("a"), Arm("b", decided=1)) is None
    worse = problems_of(
        Canary("b", 0.1, START, failures=1),
        Arm("a", decided=100, accepted=80),
        Arm("b", decided=100, accepted=40),
    )
    assert len(worse) == 2


def test_only_a_lead_may_try_a_challenger(desk: Desk) -> None:
    class Agents:
        def require(self, permission: Permission) -> None:
            assert permission is Permission.CHANGE_MODELS
            raise PermissionDenied("Only a lead may change models; you are an agent here.")

    service = CanaryService(
        desk.store,
        desk.models,
        desk.suggestions,
        FixedClock(),
        Agents(),  # type: ignore[arg-type]
    )
    for forbidden in (lambda: service.start("challenger", 0.1), service.stop, service.promote):
        with pytest.raises(PermissionDenied):
            forbidden()
    assert desk.canary.current() is None
