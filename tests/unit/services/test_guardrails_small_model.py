"""What a small model's wording is looked over for beyond the support of its sentences."""

from __future__ import annotations

import pytest

from agent_assist.domain.knowledge import Passage
from agent_assist.domain.model import Candidate, StopReason
from agent_assist.domain.support import evidence_for
from agent_assist.services.drafting.guardrails import judge, without_wrong_opening


@pytest.mark.parametrize(
    ("text", "question", "answer", "left"),
    [
        (
            "Yes, wifi is free of charge.",
            "Is there a charge for wifi?",
            "Wifi is free of charge.",
            "Wifi is free of charge.",
        ),
        ("Yes, we only take cards.", "Can I pay with cash?", "We only take cards.", "We only take cards."),
        (
            "No, dogs are welcome here.",
            "Are dogs welcome?",
            "Dogs are welcome here.",
            "Dogs are welcome here.",
        ),
        (
            "No, dogs are not allowed.",
            "Are dogs allowed?",
            "Dogs are not allowed.",
            "No, dogs are not allowed.",
        ),
        ("Yes, dogs are welcome.", "Are dogs welcome?", "Dogs are welcome here.", "Yes, dogs are welcome."),
        (
            "Yes, gift cards last 3 years. They cannot be exchanged for cash.",
            "Can I exchange my gift card for cash?",
            "Gift cards last 3 years. They cannot be exchanged for cash.",
            "Gift cards last 3 years. They cannot be exchanged for cash.",
        ),
        ("Yes, at least 18.", "How old must I be?", "At least 18 years.", "At least 18."),
        ("Yes, come in.", "May I come?", "Yes, anybody may come in.", "Yes, come in."),
        ("No smoking is allowed.", "May I smoke?", "No, smoking is not allowed.", "No smoking is allowed."),
        (
            "No alcohol is served here.",
            "Is there alcohol?",
            "Alcohol is not served.",
            "No alcohol is served here.",
        ),
    ],
)
def test_a_yes_or_no_that_nothing_bears_out_is_dropped(
    text: str, question: str, answer: str, left: str
) -> None:
    assert without_wrong_opening(text, question, answer) == left


def _why(text: str, question: str, passage: Passage) -> str:
    evidence = evidence_for([passage], customer=[question])
    candidate = Candidate(text, StopReason.END, -0.5, 10)
    return judge(candidate, evidence, question, "en", None, passage.text).why_not


def test_a_fact_of_one_house_is_not_told_of_another() -> None:
    passage = Passage(
        1, "a", 0, "entity: ACORN HOUSE", "There are designated smoking areas.", title="Smoking?"
    )
    question = "Is smoking allowed at the Maple Inn?"
    assert "Maple Inn" in _why("Yes, there are designated smoking areas at the Maple Inn.", question, passage)
    assert not _why("The Acorn House has designated smoking areas.", question, passage)


def test_a_placeholder_of_another_ticket_is_not_said() -> None:
    passage = Passage(1, "s", 0, "", "We sent it to [ADDRESS_1].", title="Parcel", collection="solved")
    assert _why("We sent it to [ADDRESS_1].", "Where did you send my parcel?", passage)


def test_a_condition_must_not_be_lost() -> None:
    passage = Passage(1, "a", 0, "", "You may park at the station, there may be a fee.", title="Parking")
    assert (
        _why("You may park at the station, there is a fee.", "Can I park?", passage)
        == "it left a condition out"
    )
    assert not _why("You may park at the station, but there might be a fee.", "Can I park?", passage)


def test_an_answer_in_the_words_of_the_question_is_an_answer() -> None:
    passage = Passage(1, "a", 0, "", "La Mimosa is not wheelchair accessible.", title="Access")
    assert not _why(
        "No, La Mimosa is not wheelchair accessible.", "Is La Mimosa wheelchair accessible?", passage
    )


ACCOUNT = Passage(
    1,
    "data",
    0,
    "",
    "You can ask for a copy of your data in your account; it is ready within 14 days. "
    "We delete your account within 30 days after you press Delete. "
    "Invoices are kept for 7 years, because tax law asks for it, and are blocked for every other use. "
    "Vouchers and points that are still on the account are lost, so please spend what you have before.",
    title="Your data",
)


BOTH = "Items can be returned until 28 February, and orders with express come in time until 21 December."
HOLIDAYS = Passage(
    2,
    "holidays",
    0,
    "",
    "Orders with express come in time until 21 December. Items can be returned until 28 February.",
    title="Holidays",
)


@pytest.mark.parametrize(
    ("text", "passage", "why"),
    [
        (
            "Orders with express come in time until 28 February. Items can be returned until 21 December.",
            HOLIDAYS,
            "else than the passage",
        ),
        ("You can delete your account and data within 14 days.", ACCOUNT, "most of the answer"),
        (BOTH, HOLIDAYS, ""),
    ],
)
def test_a_wording_that_mixes_statements_or_says_next_to_nothing_is_refused(
    text: str, passage: Passage, why: str
) -> None:
    found = _why(text, "What can I do?", passage)
    assert why in found if why else not found


DELIVERY = Passage(3, "d", 0, "", "We deliver to Portugal within 5 working days.", title="Delivery")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Here is the short answer: we deliver to Portugal within 5 working days.", ""),
        ("In short: yes, we deliver to Portugal within 5 working days.", ""),
        ("Here is the short answer: we deliver to Portugal within 3 working days.", "supports its number"),
        ("Here is the short answer: we do not deliver to Portugal within 5 working days.", "contradicted"),
        ("Express parcels: we deliver to Portugal within 5 working days.", "no passage"),
        ("Good news for members: we deliver to Portugal within 5 working days.", "no passage"),
    ],
)
def test_a_house_may_announce_its_answers_and_nothing_but_announce(text: str, why: str) -> None:
    found = _why(text, "Do you deliver to Portugal?", DELIVERY)
    assert why in found if why else not found


@pytest.mark.parametrize(
    ("text", "said_of"),
    [
        (
            "We delete your data within 30 days. Your data is kept for 7 years, because tax law asks.",
            "7",
        ),
        ("We delete your data within 30 days. Invoices are kept for 7 years, because tax law asks.", ""),
    ],
)
def test_a_figure_is_said_of_what_the_passage_says_it_of(text: str, said_of: str) -> None:
    passage = Passage(
        1,
        "a",
        0,
        "Deleting your account",
        "We delete your data within 30 days. Invoices are kept for 7 years, because tax law asks for it.",
        title="Your data: copy and deletion",
    )
    why = _why(text, "Delete all my data, including invoices.", passage)
    assert (f"“{said_of}” of something else" in why) if said_of else not why
