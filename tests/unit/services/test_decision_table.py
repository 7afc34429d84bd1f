"""Draft, ask back or hand over."""

from __future__ import annotations

import pytest

from agent_assist.adapters.language import PackagedLanguageDetector
from agent_assist.domain.knowledge import Hit, Passage
from agent_assist.domain.suggestion import Decision
from agent_assist.domain.ticket import Customer, Message, Role, Ticket
from agent_assist.services.context import gather
from agent_assist.services.decision import Way, decide
from agent_assist.settings import Settings

LANGUAGES = PackagedLanguageDetector()


def hit(number: int, title: str, text: str, score: float = 0.95, dense: float = 0.8, **more: str) -> Hit:
    return Hit(
        Passage(number, f"a{number}", 0, more.pop("heading", ""), text, title=title, **more),
        score,
        dense=dense,
        lexical=0.5,
    )


RETURNS = hit(1, "Returns", "You can return items within 90 days.")
WEAK = hit(2, "Gift cards", "Gift cards are valid for two years.", score=0.6, dense=0.52)
FAR = hit(3, "Careers", "We are hiring.", score=0.02, dense=0.1)


def ask(
    text: str,
    *hits: Hit,
    speaks: bool = True,
    steer: str = "",
    language: str | None = None,
    before: tuple[str, ...] = (),
) -> tuple[Decision, Way, str]:
    earlier = tuple(
        Message(f"h{i}", Role.CUSTOMER if i % 2 == 0 else Role.AGENT, t) for i, t in enumerate(before)
    )
    ticket = Ticket(
        "T",
        (*earlier, Message("m", Role.CUSTOMER, text)),
        language=language,
        customer=Customer(name="Ana Diaz"),
    )
    context = gather(ticket, LANGUAGES, Settings(), steer)
    verdict = decide(context, hits, speaks=speaks, minimum=0.5, steer=steer)
    assert verdict.reasons
    assert all(r for r in verdict.reasons)
    assert 0 <= verdict.confidence <= 1
    return verdict.decision, verdict.way, " ".join(verdict.reasons)


@pytest.mark.parametrize(
    ("text", "hits", "decision", "way", "says"),
    [
        ("Can I return items?", [RETURNS], Decision.DRAFT, Way.MODEL, "Returns"),
        ("Thanks, bye", [], Decision.DRAFT, Way.SMALL_TALK, "goodbye"),
        ("Hello", [], Decision.DRAFT, Way.SMALL_TALK, "greeting"),
        (
            "I want to speak to a real person about returns",
            [RETURNS],
            Decision.ESCALATE,
            Way.HOLDING,
            "person",
        ),
        ("My lawyer will contact you about this return", [RETURNS], Decision.ESCALATE, Way.HOLDING, "legal"),
        ("My account was hacked", [RETURNS], Decision.ESCALATE, Way.HOLDING, "fraud"),
        ("Where do you buy your coffee beans?", [FAR], Decision.ESCALATE, Way.HOLDING, "No article answers"),
        ("Where do you buy your coffee beans?", [], Decision.ESCALATE, Way.HOLDING, "No article"),
        ("How long is a gift voucher for my sister valid?", [WEAK], Decision.CLARIFY, Way.QUESTION, "weak"),
        ("How much is it?", [WEAK], Decision.CLARIFY, Way.QUESTION, "does not say"),
        ("", [], Decision.CLARIFY, Way.QUESTION, "no text"),
        ("???", [], Decision.CLARIFY, Way.QUESTION, "no text"),
    ],
)
def test_the_table(text: str, hits: list[Hit], decision: Decision, way: Way, says: str) -> None:
    found = ask(text, *hits)
    assert found[:2] == (decision, way), found
    assert says in found[2]


def test_an_approved_macro_that_fits_comes_first() -> None:
    macro = hit(
        5, "Return an item", "Hi {customer_name}, you can return items within 90 days.", collection="macros"
    )
    assert ask("Can I return items?", macro)[1] is Way.MACRO


def test_a_steer_line_gets_a_draft_even_on_weak_evidence() -> None:
    assert ask("Where do you buy your coffee?", FAR, steer="say we buy in Peru")[:2] == (
        Decision.DRAFT,
        Way.MODEL,
    )


def test_another_language_than_the_models() -> None:
    german = hit(6, "Rückgabe", "Sie können Artikel zurückgeben.", collection="macros", language="de")
    question = "Kann ich die Lampe zurückgeben? Sie ist leider zu groß für meinen Tisch."
    assert ask(question, german, speaks=False)[:2] == (Decision.DRAFT, Way.MACRO)
    decision, _, reasons = ask(question, RETURNS, speaks=False)
    assert decision is Decision.ESCALATE
    assert "does not write German" in reasons


def test_a_name_that_no_article_has_is_not_answered_with_another() -> None:
    other = hit(7, "Is parking free?", "Parking is free at the Acorn House.", heading="entity: ACORN HOUSE")
    decision, _, reasons = ask("Is parking free at the Grand Budapest?", other)
    assert decision is Decision.ESCALATE
    assert "Budapest" in reasons
    assert ask("Is parking free at the Acorn House?", other)[0] is Decision.DRAFT


def test_articles_that_differ_are_asked_about() -> None:
    one = hit(8, "Is parking free?", "Parking is free at the Acorn House.", heading="entity: ACORN HOUSE")
    two = hit(
        9, "Is parking free?", "Parking costs 5 pounds at the Birch House.", heading="entity: BIRCH HOUSE"
    )
    decision, way, _ = ask("Is parking free?", one, two)
    assert (decision, way) == (Decision.CLARIFY, Way.QUESTION)
    assert ask("Is parking free at the Acorn House?", one, two)[0] is Decision.DRAFT
    same = hit(9, "Is parking free?", "Parking is free at the Birch House.", heading="entity: BIRCH HOUSE")
    assert ask("Is parking free?", one, same)[0] is Decision.DRAFT


def test_the_language_of_a_short_message_is_not_guessed() -> None:
    for text in ("do you serve alcohol?", "ok", "12 pm", "Han"):
        ticket = Ticket("T", (Message("m", Role.CUSTOMER, text),))
        assert gather(ticket, LANGUAGES, Settings()).language == "en", text
    known = Ticket("T", (Message("m", Role.CUSTOMER, "ok"),), language="de")
    assert gather(known, LANGUAGES, Settings()).language == "de"


def test_a_huge_message_is_read_in_part_and_says_so() -> None:
    ticket = Ticket("T", (Message("m", Role.CUSTOMER, "a" * 5_000_000),))
    context = gather(ticket, LANGUAGES, Settings())
    assert len(context.question) < 10_000
    assert "very long" in context.notes[0]
