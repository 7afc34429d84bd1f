from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from support_store import START, suggestion

from agent_assist.adapters.storage.database import Database
from agent_assist.adapters.storage.models import ModelStore
from agent_assist.adapters.storage.outbox import OutboxStore
from agent_assist.adapters.storage.suggestions import BATCH, SuggestionStore
from agent_assist.domain.feedback import Outcome, OutcomeKind
from agent_assist.domain.model import ModelRecord
from agent_assist.domain.outbox import OutboxItem, OutboxState
from agent_assist.domain.suggestion import Decision
from agent_assist.errors import BadInput


def test_suggestions_and_outcomes_come_back(database: Database) -> None:
    store = SuggestionStore(database)
    assert store.get("s1") is None
    assert store.outcome("s1") is None
    store.save(suggestion())
    store.record(Outcome("s1", OutcomeKind.EDITED, "final \ud800\0", created_at=START, team="north"))
    store.save(suggestion(text="Saved again."))
    assert store.get("s1") == suggestion(text="Saved again.")
    assert store.outcome("s1") == Outcome(
        "s1", OutcomeKind.EDITED, "final \ud800\0", created_at=START, team="north"
    )
    store.record(Outcome("s1", OutcomeKind.ACCEPTED, created_at=START))
    assert store.tally() == {(OutcomeKind.ACCEPTED, Decision.DRAFT): 1}
    assert store.count() == 1


def test_an_outcome_needs_its_suggestion(database: Database) -> None:
    with pytest.raises(BadInput, match="s9"):
        SuggestionStore(database).record(Outcome("s9", OutcomeKind.ACCEPTED))


def test_history_goes_by_time_team_and_direction(database: Database) -> None:
    store = SuggestionStore(database)
    for number in range(4):
        store.save(suggestion(f"s{number}", created_at=START + timedelta(hours=number)))
    store.record(Outcome("s1", OutcomeKind.ACCEPTED, team="north"))

    def ids(**wanted: object) -> list[str]:
        return [s.id for s, _ in store.history(**wanted)]  # type: ignore[arg-type]

    assert ids() == ["s0", "s1", "s2", "s3"]
    assert ids(newest_first=True) == ["s3", "s2", "s1", "s0"]
    assert ids(since=START + timedelta(hours=1), until=START + timedelta(hours=3)) == ["s1", "s2"]
    assert ids(team="north") == ["s1"]
    assert [o for _, o in store.history()][1] == store.outcome("s1")


def test_history_is_read_in_batches_without_loss(database: Database) -> None:
    store = SuggestionStore(database)
    row = suggestion(hits=(), sentences=())
    count = 2 * BATCH + 3
    for number in range(count):
        store.save(replace(row, id=f"{number:05}"))
    assert [s.id for s, _ in store.history()] == [f"{n:05}" for n in range(count)]
    assert next(store.history(newest_first=True))[0].id == f"{count - 1:05}"


def item(identity: str = "o1", **changes: object) -> OutboxItem:
    values: dict[str, object] = {
        "ticket_id": "T-1",
        "text": "Hello",
        "thread_hash": "h",
        "state": OutboxState.QUEUED,
        "created_at": START,
        "due_at": START + timedelta(seconds=8),
        "suggestion_id": "s1",
        "error": "",
    }
    return OutboxItem(identity, **(values | changes))  # type: ignore[arg-type]


def test_outbox_items_come_back_and_change_state(database: Database) -> None:
    store = OutboxStore(database)
    store.put(item())
    store.put(item("o2", created_at=START - timedelta(hours=1)))
    store.put(item("o3", state=OutboxState.SENT))
    assert store.get("o1") == item()
    assert store.get("o9") is None
    assert [i.id for i in store.pending()] == ["o2", "o1"]
    assert store.set_state("o1", OutboxState.FAILED, "No network.") == item(
        state=OutboxState.FAILED, error="No network."
    )
    assert len(store.pending()) == 2
    with pytest.raises(BadInput, match="o9"):
        store.set_state("o9", OutboxState.SENT)


def test_only_one_of_two_gets_an_outbox_item(database: Database) -> None:
    store = OutboxStore(database)
    store.put(item())
    first = store.move("o1", [OutboxState.QUEUED], OutboxState.SENDING)
    assert first is not None
    assert first.state is OutboxState.SENDING
    assert store.move("o1", [OutboxState.QUEUED], OutboxState.WITHDRAWN) is None
    assert store.get("o1") == item(state=OutboxState.SENDING)


def record(name: str) -> ModelRecord:
    return ModelRecord(
        name, f"/models/{name}.gguf", "ab" * 32, 98, languages=("en",), scores={"support": 0.5}
    )


def test_models_are_activated_and_rolled_back(database: Database) -> None:
    store = ModelStore(database)
    assert store.active() is None
    assert store.before() is None
    assert store.rollback() is None
    for name in ("a", "b", "c"):
        store.save(replace(record(name), active=True))
    assert store.get("a") == record("a")
    assert store.get("x") is None
    store.activate("a")
    store.activate("b")
    assert store.activate("b").active
    assert [(r.name, r.active) for r in store.all()] == [("a", False), ("b", True), ("c", False)]
    before = store.before()
    back = store.rollback()
    assert before is not None
    assert replace(before, active=True) == back
    assert store.before() is None
    assert back == replace(record("a"), active=True)
    assert store.active() == back
    assert store.rollback() is None
    assert store.active() == back


def test_removing_the_active_model_brings_back_the_one_before(database: Database) -> None:
    store = ModelStore(database)
    for name in ("a", "b"):
        store.save(record(name))
        store.activate(name)
    store.remove("b")
    assert [r.name for r in store.all()] == ["a"]
    active = store.active()
    assert active is not None
    assert active.name == "a"


def test_an_unknown_model_cannot_be_activated(database: Database) -> None:
    with pytest.raises(BadInput, match="ghost"):
        ModelStore(database).activate("ghost")
