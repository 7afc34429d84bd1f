"""The classifier of intents on made-up vectors: what it learns, what it refuses, what it is stored as."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from agent_assist.adapters.intents import LogisticIntents
from agent_assist.adapters.storage.database import Database
from agent_assist.adapters.storage.intents import IntentStore
from agent_assist.domain.triage import IntentModel
from agent_assist.errors import BadInput, IndexDamaged

SIZE = 16


def _vectors(centres: list[int], noise: float = 0.05, seed: int = 0) -> bytes:
    """Unit vectors around the axes named."""
    made = np.random.default_rng(seed).normal(0, noise, (len(centres), SIZE))
    made[np.arange(len(centres)), centres] += 1
    return (made / np.linalg.norm(made, axis=1, keepdims=True)).astype("<f4").tobytes()


def _rows(*, null: bool) -> tuple[bytes, list[str | None]]:
    centres = [0, 1, 2] * 20 + ([5, 6, 7, 8] * 5 if null else [])
    names: list[str | None] = ["refund", "parcel", "repair"] * 20
    return _vectors(centres), names + [None] * (len(centres) - 60)


@pytest.mark.parametrize("null", [True, False])
def test_intents_are_told_apart_and_strangers_are_out_of_scope(null: bool) -> None:
    classifier = LogisticIntents()
    vectors, names = _rows(null=null)
    model = classifier.fit("e", SIZE, vectors, names)
    assert model.labels == ("parcel", "refund", "repair", *([""] if null else []))
    assert model.facts["accuracy"] == 1
    assert model.facts["rows"] == len(names)
    assert ("out_of_scope_recall" in model.facts) is null
    found = classifier.read(model, _vectors([0, 1, 2, 9], seed=5))
    assert [one.label for one in found[:3]] == ["refund", "parcel", "repair"]
    assert all(one.in_scope and one.confidence > 0.5 for one in found[:3])
    if null:
        assert model.facts["out_of_scope_recall"] == 1
        assert not found[3].in_scope
        assert found[3].label  # the nearest one is named even so
    again = classifier.fit("e", SIZE, vectors, names)
    assert (again.weights, again.threshold) == (model.weights, model.threshold)


def test_two_intents_and_a_lonely_one() -> None:
    model = LogisticIntents().fit("e", SIZE, _vectors([0, 1] * 6 + [2]), ["a", "b"] * 6 + ["once"])
    assert model.labels == ("a", "b")
    assert model.facts["left_out"] == 1
    assert [i.label for i in LogisticIntents().read(model, _vectors([0, 1]))] == ["a", "b"]
    with pytest.raises(BadInput, match="at least two"):
        LogisticIntents().fit("e", SIZE, _vectors([0, 0, 1]), ["a", "a", None])


def test_an_intent_that_the_trial_did_not_see_is_learnt_in_the_end() -> None:
    names: list[str | None] = ["a", "b"] * 10 + ["few"] * 2
    model = LogisticIntents().fit("e", SIZE, _vectors([0, 1] * 10 + [2] * 2), names)
    assert LogisticIntents().read(model, _vectors([2]))[0].label == "few"


def test_vectors_of_another_size_are_refused() -> None:
    vectors, names = _rows(null=False)
    model = LogisticIntents().fit("e", SIZE, vectors, names)
    with pytest.raises(IndexDamaged):
        LogisticIntents().read(model, b"\0" * 12)
    with pytest.raises(IndexDamaged):
        LogisticIntents().read(IntentModel(model.labels, "e", SIZE, model.weights[4:], 0.5), _vectors([0]))


def test_what_is_stored_is_what_comes_back_and_damage_is_seen(tmp_path: Path) -> None:
    database = Database(tmp_path / "w.db", os.urandom(32))
    store = IntentStore(database)
    assert store.get() is None
    model = IntentModel(("zurück", ""), "e", 2, b"\0\1\2\xff" * 6, 0.25, {"accuracy": 0.5})
    store.save(model)
    assert store.get() == model
    store.save(IntentModel(("other", "one"), "e", 2, b"\0" * 24, 0.1, {}))
    assert store.get() != model
    database.write(lambda tables: tables.conn.execute("UPDATE intent_model SET weights = zeroblob(20)"))
    with pytest.raises(IndexDamaged, match="fit"):
        store.get()
    database.close()
