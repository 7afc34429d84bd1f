"""What a conversation is about, found by the names its knowledge base knows."""

from __future__ import annotations

import pytest
from support_cost import calls

from agent_assist.services.knowledge.names import names_in, topics_in
from agent_assist.services.knowledge.topics import MAX_TURNS, TopicIndex, words_of

HOUSES = (
    "A AND B GUEST HOUSE",
    "THE LENSFIELD HOTEL",
    "ALPHA-MILTON GUEST HOUSE",
    "ASK RESTAURANT",
    "CURRY PRINCE",
)
INDEX = TopicIndex(
    [("entity", name, [n]) for n, name in enumerate(HOUSES)] + [("kind", "hotel", [0, 1, 2])], 5
)


def first(*turns: str) -> str:
    """The strongest name after turns that customer and agent take in turn, the customer first."""
    found = [
        m for m in INDEX.mentions([(n % 2 == 0, t) for n, t in enumerate(turns)]) if m.topic.key == "entity"
    ]
    return found[0].topic.value if found else ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tell me about the a and b guest house", "A AND B GUEST HOUSE"),
        ("What about A & B Guesthouse, the guest house?", "A AND B GUEST HOUSE"),
        ("is the lens field hotel near", "THE LENSFIELD HOTEL"),
        ("the lensfeild hotel please", "THE LENSFIELD HOTEL"),
        ("alphamilton guest house", "ALPHA-MILTON GUEST HOUSE"),
        ("Book Ask Restaurant", "ASK RESTAURANT"),
        ("I want to ask the price of a table", ""),
        ("", ""),
        ("\0\u202e🙂", ""),
    ],
)
def test_names_as_people_say_them(text: str, expected: str) -> None:
    assert first(text) == expected


def test_a_later_name_wins_and_the_choice_by_its_short_form() -> None:
    offer = "I have The Lensfield Hotel and Alpha-Milton Guest House."
    assert (
        first("I need a room", offer, "lensfield sounds good", "Shall I book?", "is there parking")
        == HOUSES[1]
    )
    assert first("I need a room", offer, "the milton one", "Booked.", "is there parking") == HOUSES[2]
    assert first("The Lensfield Hotel", "Yes?", "rather the a and b guest house") == HOUSES[0]


def test_long_conversations_and_many_topics_cost_no_more() -> None:
    turns = [
        (n % 2 == 0, f"we talked about number{n} and other unknownwords{n} for a while") for n in range(100)
    ]

    def cost(topics: int) -> int:
        named = [("entity", f"House number{n} of street{n % 97}", [n]) for n in range(topics)]
        index = TopicIndex(named, topics)
        assert index.mentions(turns) == index.mentions(turns[-MAX_TURNS:])
        assert index.mentions(turns)
        return calls(lambda: index.mentions(turns))

    few, many = cost(1000), cost(4000)
    assert many < 2 * few


def test_no_topics_no_mentions() -> None:
    assert TopicIndex([], 0).mentions([(True, "anything")]) == []


def test_words_are_compared_without_case_accents_and_apostrophes() -> None:
    assert words_of("Café O’Neill's & Co") == ["cafe", "oneills", "and", "co"]


def test_names_in_text() -> None:
    assert names_in("No, dogs are welcome at Harbour View Hotel.") == ["Harbour View Hotel"]
    assert names_in("Press the button. Yes. Lamps break on Monday.") == []
    assert names_in("We sell the Trail 45 and pay with PayPal") == ["Trail 45", "PayPal"]
    assert "John's Table" in names_in("Is there parking at John's Table?")


def test_names_of_a_whole_knowledge_base() -> None:
    rows = [(n, "Title", f"Room {n} at the Grand Plaza has a view") for n in range(3)]
    rows += [(n, "Title", "Write to the Acme Company") for n in range(3, 60)]
    assert ("name", "Grand Plaza", [0, 1, 2]) in topics_in(rows)
    assert not any(value == "Acme Company" for _, value, _ in topics_in(rows))
