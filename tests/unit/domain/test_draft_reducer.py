"""The life of a draft."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agent_assist.domain.suggestion import (
    Asked,
    Broke,
    Completed,
    Decision,
    Draft,
    DraftState,
    Gathered,
    Generated,
    Origin,
    PromptDone,
    Retrieved,
    Stopped,
    Streamed,
    Suggestion,
    ThreadChanged,
    reduce,
)
from agent_assist.errors import NoModel


def suggestion(identity: str = "s1", decision: Decision = Decision.DRAFT) -> Suggestion:
    return Suggestion(
        identity,
        "T",
        ("m1",),
        "h1",
        decision,
        Origin.MODEL,
        "Text.",
        (),
        (),
        0.9,
        (),
        "en",
        "email",
        "m",
        "",
        "",
        "1",
    )


LIFE = [
    Asked("h1"),
    Gathered(),
    Retrieved(()),
    PromptDone(),
    Streamed("Te"),
    Streamed("Text"),
    Generated(),
    Completed(suggestion()),
]


def test_a_whole_life() -> None:
    draft = Draft("T")
    states = []
    for event in LIFE:
        draft = reduce(draft, event)
        states.append(draft.state.value)
    assert states == [
        "gathering",
        "retrieving",
        "prefilling",
        "generating",
        "generating",
        "generating",
        "checking",
        "ready",
    ]
    assert draft.text == "Text."
    assert draft.alternatives == (suggestion(),)


def test_an_abstention_is_final_too() -> None:
    draft = reduce(reduce(Draft("T"), Asked("h")), Completed(suggestion(decision=Decision.CLARIFY)))
    assert draft.state is DraftState.ABSTAINED
    assert draft.state.final


def test_failure_keeps_the_partial_text() -> None:
    draft = Draft("T")
    for event in [*LIFE[:5], Broke(NoModel("No model.").info)]:
        draft = reduce(draft, event)
    assert draft.state is DraftState.FAILED
    assert draft.text == "Te"
    assert draft.error is not None


def test_late_tokens_cannot_bring_a_stale_or_stopped_draft_back() -> None:
    draft = reduce(Draft("T"), Asked("h1"))
    stale = reduce(draft, ThreadChanged("h2"))
    assert stale.state is DraftState.STALE
    assert reduce(stale, Streamed("late")) is stale
    stopped = reduce(draft, Stopped())
    assert reduce(stopped, Completed(suggestion())) is stopped


def test_the_same_thread_does_not_make_a_draft_stale() -> None:
    draft = reduce(Draft("T"), Asked("h1"))
    assert reduce(draft, ThreadChanged("h1")) is draft


def test_alternatives_stay_for_the_same_thread_and_repeat_nothing() -> None:
    draft = Draft("T")
    for event in [*LIFE, Asked("h1"), Completed(suggestion("s2")), Asked("h1"), Completed(suggestion("s1"))]:
        draft = reduce(draft, event)
    assert [a.id for a in draft.alternatives] == ["s2", "s1"]
    assert reduce(draft, Asked("h2")).alternatives == ()


@given(
    st.lists(
        st.sampled_from(
            [*LIFE, Stopped(), Broke(NoModel("x").info), ThreadChanged("h2"), ThreadChanged("h1")]
        ),
        max_size=20,
    )
)
def test_any_order_of_events_leaves_a_consistent_draft(events: list[object]) -> None:
    draft = Draft("T")
    for event in events:
        draft = reduce(draft, event)  # type: ignore[arg-type]
    if draft.state in (DraftState.READY, DraftState.ABSTAINED):
        assert draft.suggestion is not None
    if draft.state is DraftState.FAILED:
        assert draft.error is not None
