"""Which of a passage's own sentences, list items and rows make the answer."""

from __future__ import annotations

import pytest

from agent_assist.domain.answers import answer_from, answers_from
from agent_assist.domain.knowledge import Passage

SHIPPING = Passage(
    1,
    "shipping",
    0,
    "",
    "Orders placed before noon leave the same day.\n\n"
    "| Country | Standard | Time |\n|---|---|---|\n"
    "| Norland | €3 | 1–2 days |\n| Southland, Italy | €8 | 3–5 days |\n| Westland | €9 | 4–6 days |\n\n"
    "Standard shipping to Norland costs €3 and takes 1–2 days. "
    "Standard shipping to Westland costs €9 and takes 4–6 days.",
    title="Shipping costs",
)


def solved(reply: str, title: str = "Return by post", question: str = "where is it") -> Passage:
    return Passage(1, "s", 0, "", f"Question: {question}\n\nReply: {reply}", title=title, collection="solved")


def test_the_row_that_was_asked_about_and_no_other_country() -> None:
    answer = answer_from(SHIPPING, "How much is shipping to Italy?")
    assert "Italy: standard €8, time 3–5 days." in answer
    for other in ("Norland", "Southland", "Westland"):
        assert other not in answer


def test_the_tickets_fields_decide_where_the_question_names_a_town() -> None:
    answer = answer_from(SHIPPING, "How much is shipping to Milano?", details="destination Italy")
    assert "Italy: standard €8" in answer
    assert "Norland" not in answer


def test_a_row_is_left_out_where_no_first_cell_is_named() -> None:
    assert "€3" not in answer_from(SHIPPING, "When do orders leave?")


def test_a_heading_inside_a_passage_is_no_sentence_of_the_answer() -> None:
    text = (
        "You can correct your name in the profile at any time, and your address, as often as you like.\n\n"
        "Deleting the account\n\nPress Delete account in the settings. We delete your data within 30 days. "
        "Invoices are kept for seven years, because the tax office asks for them, and are deleted after that."
    )
    answer = answer_from(Passage(1, "a", 0, "", text, title="Data"), "How do I delete my account?")
    assert "Press Delete account" in answer
    assert "Deleting the account" not in answer


def test_a_title_that_begins_the_first_sentence_stays() -> None:
    text = "Gift cards are available from €10."
    assert answer_from(Passage(1, "a", 0, "", text, title="Gift cards"), "gift cards?") == text


def test_steps_come_together() -> None:
    filler = (
        "Our workshop is open from Monday to Friday and has coffee for those who wait for their bike. " * 4
    )
    text = f"{filler}\n\n1. Open the account.\n2. Press Return.\n3. Print the label."
    answer = answer_from(Passage(1, "a", 0, "", text, title="Returns"), "How do I print the return label?")
    assert answer.count("\n") >= 2
    assert "1. Open the account." in answer


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (
            "Hi Paolo, I am sorry, a number cannot be added afterwards.",
            "I am sorry, a number cannot be added",
        ),
        ("Guten Tag Frau Seidel, innerhalb von 60 Tagen.", "Innerhalb von 60 Tagen."),
        ("€79, and it takes a week.", "Return by post: €79, and it takes a week."),
        ("I have sent LW-1234 again. Returns take a week.", "Returns take a week."),
    ],
)
def test_a_colleagues_reply_without_what_was_that_customers_own(reply: str, said: str) -> None:
    answer = answer_from(solved(reply), "how long")
    assert answer.startswith(said)
    assert "LW-1234" not in answer


def test_what_was_taken_out_of_a_solved_ticket_is_not_said_to_another_customer() -> None:
    reply = "Hi [NAME_1],\n\nsocks cannot be exchanged. We wrote to [EMAIL_1] about it.\n\nBest,\n[NAME_2]"
    assert answer_from(solved(reply), "can I exchange socks?") == "Socks cannot be exchanged."


def test_what_is_said_of_another_model_is_left_out() -> None:
    sizes = (
        "For the Canal and the Current: S 155-168 cm, M 168-180 cm, L 180-192 cm.\n"
        "For the Moor: S 158-169 cm, M 169-179 cm, L 179-188 cm.\n"
        "Measure without shoes. Between two sizes, take the smaller one for a sporty seat. "
        "The saddle can be moved by 6 cm on every model, and the handlebar by 3 cm, so that most people fit."
    )
    body = answer_from(
        Passage(1, "a", 0, "", sizes, title="Find your bike size"), "180 cm on the Canal, M or L?"
    )
    assert "Canal" in body
    assert "Moor" not in body


def test_two_questions_of_one_passage_are_answered_once_each() -> None:
    text = (
        "A spare key costs 12 euros. It takes 5 working days. Without the number nobody can make a key. "
        "A workshop removes the lock from your own bike if you show the invoice and an identity card. "
        "The warranty on the lock is two years and does not cover the loss of keys or forced opening."
    )
    passage = Passage(1, "a", 0, "", text, title="Lost keys")
    body = answers_from(passage, ["What does a spare key cost?", "Does the warranty cover the lock?"])
    assert body.count("12 euros") == 1
    assert body.count("two years") == 1
