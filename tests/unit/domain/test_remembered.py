"""What of an edit holds beyond its ticket, and when a rule goes before an article."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from agent_assist.domain.knowledge import Article, Hit, Passage
from agent_assist.domain.remembered import (
    Change,
    Rule,
    RuleState,
    changed_sentences,
    digest_of,
    is_typo,
    origin_at,
    preferred,
    replaced,
    unsupported,
    why_no_rule,
)
from agent_assist.domain.suggestion import Mark, MarkKind, mark_id

DRAFT = "You can return it within 30 days. The label is free."


def test_what_is_new_is_kept_without_courtesies_questions_and_the_case() -> None:
    final = (
        "You can return it within 60 days. The label is free. I have refunded your order. "
        "Shall I send you a label? Have a nice day."
    )
    change = changed_sentences(DRAFT, final)
    assert change.before == ("You can return it within 30 days.",)
    assert change.after == ("You can return it within 60 days.",)
    assert not why_no_rule(change, 0.3)
    assert replaced(change) != ()
    assert not set(replaced(change)) & {"60"}


@pytest.mark.parametrize(
    ("final", "distance", "why"),
    [
        ("You can return it within 30 days. The lable is free.", 0.05, "typo"),
        ("You can return it within 30 days.", 0.4, "nothing that holds"),
        (f"{DRAFT} Thank you.", 0.1, "nothing that holds"),
        ("You can return it within 30 days. The label is free!", 0.01, "nothing that holds"),
        ("This is a new sentence about returns. " * 40, 0.9, ""),
    ],
)
def test_what_is_no_rule_says_why(final: str, distance: float, why: str) -> None:
    assert why in why_no_rule(changed_sentences(DRAFT, final), distance)


def test_a_number_is_never_a_typo_and_a_whole_article_is_no_rule() -> None:
    assert not why_no_rule(changed_sentences(DRAFT, DRAFT.replace("30", "31")), 0.001)
    assert not is_typo(DRAFT, DRAFT.replace("30", "31"), 0.001)
    assert is_typo(DRAFT, DRAFT.replace("label", "lable"), 0.01)
    long = Change((), tuple(f"Sentence number {n} says that something is allowed here." for n in range(60)))
    assert "at length" in why_no_rule(long, 0.9)


def test_a_new_fact_waits_unless_it_is_known_or_confirmed() -> None:
    text = "Breakfast costs €12 and starts at 7:30."
    found = unsupported(text, ["Breakfast starts at 7:30."])
    assert [f.text for f in found] == ["€12"]
    assert not unsupported(text, ["At 7:30 there is breakfast, for €12."])
    mark = Mark(MarkKind.AMOUNT, text.index("€12"), text.index("€12") + 3, "")
    assert not unsupported(text, ["Breakfast starts at 7:30."], [mark_id(mark, text)])


def _hit(article: str, dense: float, text: str = "", number: int = 1) -> Hit:
    return Hit(Passage(number, article, 0, "", text or article, article), dense, dense)


def _rule(identity: str = "s1", **more: object) -> Rule:
    values: dict[str, object] = {
        "created_at": datetime(2026, 11, 22, tzinfo=UTC),
        "after": "Within 60 days.",
        "gone": replaced(Change(("Within 30 days.",), ("Within 60 days.",))),
        "sources": {"returns": "x"},
    }
    return Rule(identity, "T-1", RuleState.ACTIVE, **(values | more))  # type: ignore[arg-type]


def test_a_rule_goes_before_the_article_that_it_corrected_which_is_left_out() -> None:
    rule = _rule()
    old = _hit("returns", 0.8, "Returns are accepted within 30 days.", 2)
    kept = _hit("returns", 0.5, "The return label is free.", 3)
    mine = _hit(rule.article_id, 0.72, rule.after, 4)
    assert preferred([old, kept, mine], {rule.article_id: rule}) == [mine, kept]


def test_a_passage_that_says_the_opposite_is_left_out() -> None:
    rule = _rule(after="No, dogs are not allowed in the garden.", gone=())
    old = _hit("returns", 0.8, "Yes, dogs are allowed in the garden.", 2)
    kept = _hit("returns", 0.7, "The garden opens at noon.", 3)
    mine = _hit(rule.article_id, 0.8, rule.after, 4)
    assert preferred([old, kept, mine], {rule.article_id: rule}) == [mine, kept]


def test_a_rule_about_something_else_changes_nothing() -> None:
    rule = _rule()
    far = _hit(rule.article_id, 0.5, rule.after, 4)
    other = _hit("shipping", 0.7, "Delivery takes 30 days.", 2)
    assert preferred([other, far], {rule.article_id: rule}) == [other, far]
    assert preferred([other], {}) == [other]


def test_of_two_rules_the_newer_one_goes_first() -> None:
    old, new = _rule(), _rule("s2", created_at=datetime(2026, 12, 1, tzinfo=UTC), after="Within 90 days.")
    hits = [_hit(old.article_id, 0.8, "Within 60 days.", 1), _hit(new.article_id, 0.79, "Within 90 days.", 2)]
    assert preferred(hits, {r.article_id: r for r in (old, new)})[0].passage.article_id == new.article_id


def test_a_digest_is_of_what_an_article_says() -> None:
    one = Article("a", "Returns", "30 days")
    assert digest_of(one) == digest_of(Article("a", "Returns", "30 days", url="x", content_hash="y"))
    assert digest_of(one) != digest_of(Article("a", "Returns", "60 days"))


def test_the_address_of_a_rule_says_where_it_is_from() -> None:
    rule = _rule(agent_id="agent-7", sources={})
    assert origin_at(rule.url) == "Edited by agent-7 on 2026-11-22 in ticket T-1"
    assert origin_at("https://example.com/returns") == ""
    assert origin_at(Rule("s", "T/1 ?&", RuleState.ACTIVE).url) == "Edited by an agent in ticket T/1 ?&"


def test_a_newer_rule_about_something_else_does_not_go_before_the_nearer_one() -> None:
    storage = _rule("s1", sources={"repairs": "x"})
    bikes = _rule("s2", sources={"returns": "x"}, created_at=datetime(2026, 11, 23, tzinfo=UTC))
    near, far = _hit(storage.article_id, 0.8), _hit(bikes.article_id, 0.72)
    rules = {r.article_id: r for r in (storage, bikes)}
    top = _hit("repairs", 0.74, "Storage costs €3 a day.")
    assert preferred([top, near, far], rules)[0] is near
    assert preferred([near, replace(far, dense=0.79)], rules)[0].passage.article_id == bikes.article_id


def test_words_that_only_announce_an_answer_are_no_change() -> None:
    change = changed_sentences(
        DRAFT, "Here is the short answer: you can return it within 30 days. The label is free."
    )
    assert change == Change((), ())
    changed = changed_sentences(
        f"Here is the short answer: {DRAFT}", "In short: it can be returned within 60 days."
    )
    assert changed.after == ("It can be returned within 60 days.",)
