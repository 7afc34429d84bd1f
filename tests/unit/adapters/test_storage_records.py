from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_assist.adapters.storage.records import dump, from_json, parse, to_json
from agent_assist.domain.feedback import Outcome, OutcomeKind, Preference, Reason
from agent_assist.domain.knowledge import Hit, Passage
from agent_assist.domain.model import ModelRecord, Usage
from agent_assist.domain.suggestion import Mark, MarkKind, Sentence, Suggestion, Timings
from agent_assist.errors import WorkspaceDamaged

words = st.text(st.characters(), max_size=20)
numbers = st.floats(allow_nan=False)
zones = st.integers(-14 * 60, 14 * 60).map(lambda m: timezone(timedelta(minutes=m)))
moments = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=zones)  # noqa: DTZ001
many = {"max_size": 3}


def lists(of: st.SearchStrategy[object]) -> st.SearchStrategy[tuple[object, ...]]:
    return st.lists(of, max_size=3).map(tuple)


passages = st.builds(
    Passage, heading=words, text=words, language=st.none() | words, updated_at=st.none() | moments
)
hits = st.builds(Hit, passage=passages, score=numbers, dense=st.none() | numbers, lexical=st.none() | numbers)
marks = st.builds(Mark, kind=st.sampled_from(MarkKind), reason=words)
sentences = st.builds(
    Sentence, text=words, citations=lists(words), passages=lists(st.integers()), marks=lists(marks)
)
suggestions = st.builds(
    Suggestion,
    text=words,
    message_ids=lists(words),
    sentences=lists(sentences),
    hits=lists(hits),
    confidence=numbers,
    reasons=lists(words),
    timings=st.builds(Timings, numbers, numbers, numbers),
    usage=st.builds(Usage),
    body=st.none() | st.tuples(st.integers(), st.integers()),
    prompt_passages=st.none() | lists(st.integers()),
    prompt_texts=lists(words),
    created_at=st.none() | moments,
)
outcomes = st.builds(
    Outcome,
    suggestion_id=words,
    kind=st.sampled_from(OutcomeKind),
    final_text=words,
    edit_distance=numbers,
    decision_ms=numbers,
    reasons=lists(st.sampled_from(Reason)),
    relevance=st.dictionaries(words, st.booleans(), max_size=3),
    preference=st.none() | st.builds(Preference),
    created_at=st.none() | moments,
)
models = st.builds(
    ModelRecord, languages=lists(words), scores=st.dictionaries(words, numbers), added_at=moments
)


@settings(max_examples=200, deadline=None)
@given(suggestions | outcomes | models)
def test_a_record_comes_back_equal_and_of_the_same_types(value: object) -> None:
    text = dump(value)
    back = parse(type(value), text)
    assert back == value
    assert dump(back) == text
    assert text.isascii()


def test_the_parts_have_their_types_again() -> None:
    value = Outcome(
        "s", OutcomeKind.EDITED, reasons=(Reason.POLICY,), created_at=datetime(2026, 1, 1, tzinfo=UTC)
    )
    back = from_json(Outcome, json.loads(json.dumps(to_json(value))))
    assert type(back.kind) is OutcomeKind
    assert type(back.reasons[0]) is Reason
    assert back.created_at is not None
    assert back.created_at.tzinfo is UTC


def test_a_row_of_another_version_is_read() -> None:
    back = parse(Outcome, '{"suggestion_id": "s", "kind": "edited", "of_the_future": [1]}')
    assert back == Outcome("s", OutcomeKind.EDITED)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"suggestion_id": "s"}', '{"suggestion_id": "s", "kind": "?"}']
)
def test_a_damaged_row_says_what_it_is(text: str) -> None:
    with pytest.raises(WorkspaceDamaged, match="outcome"):
        parse(Outcome, text)
