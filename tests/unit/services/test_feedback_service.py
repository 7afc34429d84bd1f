from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support_store import START, FixedClock, Listener, open_database, suggestion, ticket

from agent_assist.adapters.privacy.rules import RuleRedactor
from agent_assist.adapters.storage.suggestions import SuggestionStore
from agent_assist.adapters.storage.tickets import TicketStore
from agent_assist.domain.feedback import Action, OutcomeKind, Preference, Reason, Strength
from agent_assist.domain.suggestion import Decision
from agent_assist.errors import BadInput
from agent_assist.services.events import EventBus, FeedbackRecorded
from agent_assist.services.feedback.service import FeedbackService, difference, edit_distance
from agent_assist.services.options import OptionsService
from agent_assist.services.tickets import TicketService

DRAFT = "Your parcel arrives on Monday."


class Desk:
    def __init__(self, folder: Path) -> None:
        self.database = open_database(folder)
        self.clock = FixedClock()
        self.events = EventBus()
        self.listener = Listener(self.events)
        self.options = OptionsService(None, self.events)
        self.store = SuggestionStore(self.database)
        tickets = TicketService(TicketStore(self.database), self.events, self.clock)
        tickets.save([ticket("T-1")])
        self.feedback = FeedbackService(
            self.store, tickets, self.options, self.events, self.clock, RuleRedactor()
        )

    @property
    def told(self) -> list[str]:
        return [event.sentence for event in self.listener.of(FeedbackRecorded)]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    desk.database.close()


@pytest.mark.parametrize(
    ("final", "kind"),
    [
        (DRAFT, OutcomeKind.ACCEPTED),
        (f"  {DRAFT.replace(' ', chr(10))}\n", OutcomeKind.ACCEPTED),
        (DRAFT.replace("Monday", "monday"), OutcomeKind.EDITED),
        (DRAFT + " Sorry!", OutcomeKind.EDITED),
        ("We refund you in full, of course.", OutcomeKind.REWRITTEN),
    ],
)
def test_the_kind_follows_from_the_text(desk: Desk, final: str, kind: OutcomeKind) -> None:
    desk.feedback.shown(suggestion(text=DRAFT))
    outcome = desk.feedback.decide("s1", final, Action.SENT)
    assert outcome.kind is kind
    assert outcome.final_text == final
    assert (outcome.edit_distance == 0) == (final == DRAFT)
    assert desk.feedback.outcome("s1") is not None


def test_the_record_says_who_when_and_how_long(desk: Desk) -> None:
    desk.options.change({"feedback.team": "north"})
    desk.store.save(suggestion())
    desk.clock.pass_time(5)
    desk.feedback.shown(suggestion())
    desk.clock.pass_time(2.5)
    desk.feedback.shown(suggestion())
    outcome = desk.feedback.decide(
        "s1", "Something else entirely.", Action.COPIED, reasons=[Reason.WRONG_TONE], reason_text="stiff"
    )
    assert outcome.decision_ms == 2500
    assert (outcome.channel, outcome.language, outcome.team) == ("email", "en", "north")
    assert (outcome.reasons, outcome.reason_text, outcome.action) == (
        (Reason.WRONG_TONE,),
        "stiff",
        Action.COPIED,
    )
    saved = desk.feedback.outcome("s1")
    assert saved == replace(outcome, created_at=START + timedelta(seconds=7.5))


def test_the_pseudonym_is_made_once_and_kept(desk: Desk) -> None:
    desk.store.save(suggestion("s1"))
    desk.store.save(suggestion("s2"))
    first = desk.feedback.reject("s1").agent_id
    assert first.startswith("agent-")
    assert desk.feedback.reject("s2").agent_id == first == desk.options.current.feedback.agent_id


def test_the_agent_is_told_what_the_feedback_did(desk: Desk) -> None:
    for identity in ("s1", "s2", "s3", "s4"):
        desk.store.save(suggestion(identity, text=DRAFT))
    desk.store.save(suggestion("s5", text="Handed over.", decision=Decision.ESCALATE))
    desk.feedback.decide("s1", DRAFT, Action.SENT)
    desk.feedback.decide("s2", DRAFT + " Sorry!", Action.SENT)
    desk.feedback.decide("s3", "We refund you in full, of course.", Action.SENT)
    desk.feedback.reject("s4", [Reason.TOO_LONG], "long")
    desk.feedback.decide("s5", "Handed over.", Action.SENT)
    desk.feedback.mark_relevance("s1", "a1", True)
    desk.feedback.mark_relevance("s1", "a1", None)
    desk.feedback.report_missing("s1", "Sunday delivery")
    desk.feedback.prefer("s1", "s2", Strength.MUCH)
    assert desk.told == [
        "This reply is now 1 of 1 training examples.",
        "This edit is now 1 of 2 training examples.",
        "Your wording is now 1 of 3 training examples.",
        "This draft is now an example of what not to write.",
        "Your decision is recorded.",
        "Your mark on this article is recorded.",
        "The mark is taken back.",
        "This question is now on the list of missing knowledge.",
        "This comparison is now a preference pair for training.",
    ]
    assert desk.feedback.stats().trainable == 3


def test_marks_before_and_after_the_decision_stay_together(desk: Desk) -> None:
    desk.store.save(suggestion())
    desk.feedback.mark_relevance("s1", "a1", True)
    desk.feedback.mark_relevance("s1", "a2", False)
    desk.feedback.report_missing("s1", "Sunday delivery")
    desk.feedback.ignore("s1")
    desk.feedback.decide("s1", DRAFT, Action.SENT)
    desk.clock.pass_time(60)
    desk.feedback.mark_relevance("s1", "a2", None)
    outcome = desk.feedback.outcome("s1")
    assert outcome is not None
    assert outcome.kind is OutcomeKind.ACCEPTED
    assert outcome.relevance == {"a1": True}
    assert (outcome.missing_knowledge, outcome.missing_note) == (True, "Sunday delivery")
    assert outcome.decision_ms == 0


def test_a_decision_is_not_undone_by_moving_on(desk: Desk) -> None:
    desk.store.save(suggestion("s1"))
    desk.store.save(suggestion("s2"))
    desk.feedback.decide("s1", DRAFT, Action.SENT)
    desk.feedback.expire("s1")
    desk.feedback.ignore("s1")
    desk.feedback.expire("s2")
    kinds = [outcome.kind for _, outcome in desk.feedback.entries() if outcome]
    assert sorted(kinds) == [OutcomeKind.ACCEPTED, OutcomeKind.EXPIRED]


def test_what_cannot_be_is_refused(desk: Desk) -> None:
    desk.store.save(suggestion("s1"))
    desk.store.save(suggestion("s2", ticket_id="T-2"))
    with pytest.raises(BadInput, match="empty"):
        desk.feedback.decide("s1", " \n", Action.SENT)
    with pytest.raises(BadInput, match="same ticket"):
        desk.feedback.prefer("s1", "s2", Strength.BETTER)
    with pytest.raises(BadInput, match="same ticket"):
        desk.feedback.prefer("s1", "s1", Strength.BETTER)
    with pytest.raises(BadInput, match="s9"):
        desk.feedback.reject("s9")


def test_a_pair_is_asked_for_now_and_then(desk: Desk) -> None:
    desk.options.change({"feedback.pair_every": 3})
    asked = []
    for number in range(7):
        desk.feedback.shown(suggestion(f"s{number}"))
        desk.feedback.shown(suggestion(f"s{number}"))
        asked.append(desk.feedback.wants_pair())
        if asked[-1]:
            desk.feedback.shown(suggestion(f"alternative{number}", alternative_of=f"s{number}"))
            assert desk.feedback.wants_pair()
            desk.feedback.prefer(f"s{number}", f"alternative{number}", Strength.SLIGHTLY)
            assert not desk.feedback.wants_pair()
    assert asked == [False, False, True, False, False, True, False]
    outcome = desk.feedback.outcome("s2")
    assert outcome is not None
    assert outcome.preference == Preference("s2", "alternative2", Strength.SLIGHTLY)


def test_no_pair_is_asked_for_where_the_option_says_never(desk: Desk) -> None:
    desk.options.change({"feedback.pair_every": 0})
    for number in range(5):
        desk.feedback.shown(suggestion(f"s{number}"))
        assert not desk.feedback.wants_pair()


def test_statistics(desk: Desk) -> None:
    assert desk.feedback.stats().acceptance == 0
    for number in range(7):
        desk.store.save(suggestion(f"s{number}", text=DRAFT, created_at=START + timedelta(days=number)))
    desk.feedback.decide("s0", DRAFT, Action.SENT)
    desk.feedback.decide("s1", DRAFT + " Sorry!", Action.SENT, reasons=[Reason.MISSING_FACT])
    desk.feedback.decide(
        "s2", "We refund you in full, of course.", Action.COPIED, reasons=[Reason.WRONG_FACT]
    )
    desk.feedback.reject("s3", [Reason.WRONG_FACT, Reason.POLICY])
    desk.feedback.ignore("s4")
    desk.feedback.expire("s5")
    found = desk.feedback.stats()
    assert (found.suggestions, found.decided, found.trainable) == (7, 5, 3)
    assert (found.acceptance, found.sent_as_is) == (0.4, 0.2)
    assert found.by_kind == dict.fromkeys(OutcomeKind, 1)
    assert found.by_reason == {"wrong_fact": 2, "missing_fact": 1, "policy": 1}
    assert 0.2 < found.mean_edit_distance < 0.6
    first_days = desk.feedback.stats(since=START, until=START + timedelta(days=2))
    assert (first_days.suggestions, first_days.acceptance) == (2, 1.0)
    assert desk.feedback.stats(team="north").suggestions == 0
    assert [s.id for s, _ in desk.feedback.entries(2)] == ["s6", "s5"]


def test_the_difference_is_shown_by_words(desk: Desk) -> None:
    desk.store.save(suggestion(text="Your parcel arrives on Monday morning."))
    assert desk.feedback.difference("s1", "Your parcel arrives on Friday evening, sorry.") == [
        ("equal", "Your parcel arrives on "),
        ("delete", "Monday morning"),
        ("insert", "Friday evening, sorry"),
        ("equal", "."),
    ]


@given(st.text(), st.text())
def test_a_difference_holds_both_texts(before: str, after: str) -> None:
    steps = difference(before, after)
    assert "".join(text for kind, text in steps if kind != "insert") == before
    assert "".join(text for kind, text in steps if kind != "delete") == after
    assert all(text for _, text in steps)


@given(st.text(), st.text())
def test_the_edit_distance_is_a_share(before: str, after: str) -> None:
    assert 0 <= edit_distance(before, after) <= 1
    assert (edit_distance(before, after) == 0) == (before == after)


def test_a_pasted_log_is_compared_in_bounded_time() -> None:
    log = "error 42\n" * 500_000
    assert edit_distance("Hello.", log) > 0.9
    assert difference("Hello.", log) == [("delete", "Hello."), ("insert", log)]


def test_a_reply_taken_back_is_no_example_and_its_text_is_kept(desk: Desk) -> None:
    desk.store.save(suggestion(text=DRAFT))
    desk.feedback.decide("s1", DRAFT, Action.SENT)
    desk.feedback.decide("s1", DRAFT, Action.NONE)
    outcome = desk.feedback.outcome("s1")
    assert outcome is not None
    assert (outcome.kind, outcome.final_text) == (OutcomeKind.IGNORED, DRAFT)
    assert desk.feedback.stats().trainable == 0
    assert desk.told[-1] == ""


def test_the_comparison_belongs_to_its_draft(desk: Desk) -> None:
    desk.options.change({"feedback.pair_every": 2})
    for identity, wanted in (("a", False), ("b", True), ("a", False), ("b", True)):
        desk.feedback.shown(suggestion(identity))
        assert desk.feedback.wants_pair() is wanted
