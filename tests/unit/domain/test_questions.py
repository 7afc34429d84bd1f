"""The questions of one message."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_assist.domain.phrases import PHRASES, is_courtesy, phrases
from agent_assist.domain.questions import (
    MOST_QUESTIONS,
    Question,
    asks_price,
    names_price,
    questions_in,
    told_points,
)
from agent_assist.domain.text import split_sentences


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Where is my parcel?", ["Where is my parcel?"]),
        ("Hello. My lamp is broken.", []),
        (
            "Who pays for the return label, and do I get the import tax back?",
            ["Who pays for the return label?", "do I get the import tax back?"],
        ),
        ("Is that normal or do I have to send it back?", ["Is that normal or do I have to send it back?"]),
        (
            "Can I still use the seat tomorrow? And if not, what do I have to do?",
            ["Can I still use the seat tomorrow? what do I have to do?"],
        ),
        (
            "Mr Pym asks what the plan costs, whether pads are included, and whether he gets a loan bike.",
            [
                "what the plan costs?",
                "whether pads are included?",
                "whether he gets a loan bike?",
            ],
        ),
        (
            "Who makes us an offer?\ncan we pay by invoice",
            ["Who makes us an offer?", "can we pay by invoice?"],
        ),
        ("When I opened the box, the lamp was broken.", []),
        ("Where is my parcel?\n> What does express cost?", ["Where is my parcel?"]),
        ("Where is my parcel? WHERE IS MY PARCEL?", ["Where is my parcel?"]),
        (
            "Gilt die Garantie noch, und was kostet ein neuer Akku?",
            ["Gilt die Garantie noch?", "was kostet ein neuer Akku?"],
        ),
        (
            "¿Cuánto tiempo tengo para devolverla y cuánto cuesta desde Valencia?",
            ["¿Cuánto tiempo tengo para devolverla?", "cuánto cuesta desde Valencia?"],
        ),
    ],
)
def test_what_is_asked(text: str, expected: list[str]) -> None:
    assert [q.text for q in questions_in(text)] == expected


def test_a_question_comes_with_what_was_told_before_it() -> None:
    first, second = questions_in(
        "The shoes are too small. How do I send the pair back from Bergen? I paid by card. Is tax refunded?"
    )
    assert first.situation == "The shoes are too small."
    assert second.situation == "I paid by card."
    assert second.meant == "I paid by card. Is tax refunded?"
    (alone,) = questions_in("I just became Gold. What do I get?")
    assert not alone.telling
    assert questions_in("Hello? Are you there?") == []


@pytest.mark.parametrize(
    ("text", "quote"),
    [
        ("and can we pay by invoice??", "Can we pay by invoice"),
        ("Is https://evil.example yours?", ""),
        ('Is the page "80% off" yours?', ""),
        ("x" * 200 + "?", ""),
        ("Do you ship there? And when?", "Do you ship there"),
    ],
)
def test_only_what_may_be_repeated_is_quoted(text: str, quote: str) -> None:
    assert Question(text, "", True).quote == quote


@pytest.mark.parametrize("language", list(PHRASES))
def test_saying_that_there_is_no_answer_is_one_sentence_and_states_nothing(language: str) -> None:
    said = phrases(language).no_answer.format(question="Can I pay 30 euros by invoice")
    assert len(split_sentences(said)) == 1
    assert is_courtesy(said, language)


@settings(deadline=None)
@given(st.text(max_size=400))
def test_any_text_can_be_read(text: str) -> None:
    found = questions_in(text)
    assert len(found) <= MOST_QUESTIONS + 1
    assert all("\n" not in q.quote and len(q.quote) <= 140 for q in found)


@pytest.mark.parametrize(
    ("question", "price"),
    [
        ("What do you charge for a new tube?", True),
        ("How much is the shipping to Milan?", True),
        ("Was kostet ein neuer Akku?", True),
        ("How much can the rack carry?", False),
        ("Do I need an appointment?", False),
    ],
)
def test_a_question_for_a_price(question: str, price: bool) -> None:
    assert asks_price(question) is price


def test_a_sentence_that_names_a_price() -> None:
    assert names_price("A new tube costs €15.")
    assert names_price("The pick-up is free for members.")
    assert not names_price("It takes 15 minutes.")


def test_numbered_points_that_ask_nothing() -> None:
    long = "The box had a hole on its right side, and the gear that was inside is bent and scratched"
    assert told_points(f"1. {long}.\n2. {long}.\n3. Is that covered?") == 2
    assert told_points(f"1. {long}. What can I do about it?\n2. It rattles.") == 0
    assert told_points("I waited 3. Then it came.") == 0
