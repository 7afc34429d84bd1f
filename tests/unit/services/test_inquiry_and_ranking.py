"""What is searched for, and how signs become one score."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_assist.domain.ticket import Message, Role, Ticket, ticket_from_json
from agent_assist.services.knowledge import ranking
from agent_assist.services.knowledge.inquiry import essence, from_text, from_ticket, with_names
from agent_assist.services.knowledge.ranking import Setting, Signs, bounded_bm25, ideal_bm25, score, signs_of
from agent_assist.services.knowledge.topics import TopicIndex


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("Hello there! Where is my parcel?", "Where is my parcel?"),
        ("Hi Anna,\n\nmy lamp is broken.\n\nKind regards\nTom", "my lamp is broken."),
        ("Thanks, that's great. Is it dry clean only?", "Is it dry clean only?"),
        ("um so yeah can i bring a dog", "can i bring a dog"),
        ("It broke.\n\nOn Monday, the shop wrote:\n> Buy more", "It broke."),
        ("Hola, ¿dónde está mi pedido?", "¿dónde está mi pedido?"),
        ("Hello", ""),
        ("Okinawa is nice", "Okinawa is nice"),
        ("High chairs?", "High chairs?"),
    ],
)
def test_the_essence_of_a_message(message: str, expected: str) -> None:
    assert essence(message) == expected


def test_a_ticket_asks_its_open_messages() -> None:
    ticket = ticket_from_json(
        {
            "id": 1,
            "subject": "Order",
            "fields": {"product": "Trail Jacket"},
            "messages": [
                {"role": "customer", "text": "Hi, I bought the jacket."},
                {"role": "agent", "text": "How can I help?"},
                {"role": "note", "text": "internal secret"},
                {"role": "customer", "text": "It is torn."},
                {"role": "customer", "text": "Can I return it?"},
            ],
        }
    )
    inquiry = from_ticket(ticket)
    assert inquiry.question == "It is torn. Can I return it?"
    assert inquiry.recent.startswith("Order ")
    assert "secret" not in inquiry.recent
    assert (True, "Trail Jacket") in inquiry.turns
    assert not any("secret" in text for _, text in inquiry.turns)


def test_a_greeting_alone_asks_its_subject() -> None:
    ticket = ticket_from_json(
        {"id": 1, "subject": "Refund", "messages": [{"role": "customer", "text": "Hello!"}]}
    )
    assert from_ticket(ticket).question == "Refund"
    empty = from_ticket(ticket_from_json({"id": 1, "messages": []}))
    assert (empty.question, empty.recent, empty.turns) == ("", "", ())


@settings(deadline=None)
@given(st.text(max_size=300))
def test_any_text_is_an_inquiry(text: str) -> None:
    ticket = ticket_from_json({"id": 1, "messages": [{"role": "customer", "text": text}]})
    assert len(from_ticket(ticket).question) <= 710
    assert "\n" not in from_text(text).question


def test_a_long_message_keeps_its_start_and_end() -> None:
    text = "start " + "x " * 4000 + "end?"
    question = from_ticket(
        ticket_from_json({"id": 1, "messages": [{"role": "customer", "text": text}]})
    ).question
    assert question.startswith("start")
    assert len(question) <= 710


def test_a_long_letter_asks_its_questions_and_what_went_wrong() -> None:
    chatter = "We rode along the river with the children, and it was a lovely week. " * 9
    text = (
        f"Dear team,\n\n{chatter}\n\nThe left bag is broken at the seam. {chatter}"
        "Is that covered after two years?\n\nKind regards\nWalter\n\n"
        "> On 12 May, the shop wrote:\n> Is everything to your liking?"
    )
    inquiry = from_ticket(ticket_from_json({"id": 1, "messages": [{"role": "customer", "text": text}]}))
    assert inquiry.question == "The left bag is broken at the seam. Is that covered after two years?"


def test_a_pasted_conversation_asks_its_end() -> None:
    text = (
        "User: I need a hotel in the north with parking for two nights please\n"
        "Agent: I recommend the Grand Plaza, it is a cheap hotel and has free parking for guests.\n"
        "User: Sounds good. Thanks! Do they allow dogs?\nAgent: Let me see."
    )
    inquiry = from_text(text)
    assert inquiry.question == "Thanks! Do they allow dogs?"
    assert [customer for customer, _ in inquiry.turns] == [True, False, True, False]
    assert "Grand Plaza" in inquiry.recent
    speech = from_text("i need a hotel in the north " * 9 + "do they allow dogs at the grand plaza")
    assert speech.question.endswith("do they allow dogs at the grand plaza")
    assert len(speech.question.split()) <= 18


def test_names_are_added_once() -> None:
    assert with_names("Is there parking?", ["Grand Plaza"]) == "Grand Plaza: Is there parking?"
    assert with_names("parking at grand plaza", ["Grand Plaza"]) == "parking at grand plaza"


def test_more_of_any_good_sign_is_a_better_score() -> None:
    base = Signs(question=0.5, named=0.5, lexical=0.5, topic=0.5, other=0.2)
    setting = Setting(size=1000, words=12)
    for better in (
        replace(base, question=0.6),
        replace(base, recent=0.1),
        replace(base, named=0.6),
        replace(base, lexical=0.6),
        replace(base, coverage=0.1),
        replace(base, topic=0.6),
        replace(base, name=0.6),
        replace(base, other=0.1),
        replace(base, length=0.1),
    ):
        assert 0 < score(base, setting) < score(better, setting) < 1
    assert len(base.values()) == len(ranking.WEIGHTS)


def test_an_approved_text_wins_only_where_it_is_about_as_good() -> None:
    setting = Setting(size=300)
    article, as_good, worse = Signs(question=0.6), Signs(question=0.59), Signs(question=0.55)
    assert score(as_good, setting, approved=True) > score(article, setting)
    assert score(worse, setting, approved=True) < score(article, setting)


def test_the_level_knows_the_knowledge_base() -> None:
    signs = Signs(question=0.6, named=0.6, lexical=0.3)
    assert score(signs, Setting(size=20)) > score(signs, Setting(size=3000))
    assert score(signs, Setting(size=20)) > score(signs, Setting(size=20, unknown=0.5))
    assert score(signs, Setting(size=20)) > score(signs, Setting(size=20, declared=True))


def test_a_rare_word_makes_more_of_the_ideal() -> None:
    assert ideal_bm25([1], 1000) > ideal_bm25([100], 1000) > 0
    assert ideal_bm25([900], 1000) == 0
    assert ideal_bm25([], 1000) == 0


def test_bm25_is_bounded() -> None:
    assert bounded_bm25(-1) == 0.0
    assert 0 < bounded_bm25(3) < bounded_bm25(30) < 1


def test_a_passage_about_another_thing_of_the_kind_falls_behind() -> None:
    index = TopicIndex([("hotel", "Grand Plaza", [1]), ("hotel", "Sea View", [2])], 3)
    mentions = index.mentions([(True, "I stay at the Grand Plaza")])
    same = [0.6, 0.6, 0.6]
    signs = signs_of([1, 2, 3], [same, same, same], {}, mentions, index, Setting(size=3), {})
    assert signs[1].topic > 0
    assert signs[2].other > 0
    assert 0 < signs[3].general < 1
    assert score(signs[1], Setting()) > score(signs[3], Setting()) > score(signs[2], Setting())


@pytest.mark.parametrize(
    ("subject", "said", "question"),
    [
        ("Re: AW: Moor S in stock?", ["when is it back?"], "Moor S in stock? when is it back?"),
        ("Returns", ["How do returns work?"], "How do returns work?"),
        ("Selling my tent", ["word " * 30], "word " * 30),
        ("Still no tent", ["where is it?", "*On its way.", "and now?"], "and now?"),
    ],
)  # fmt: skip
def test_a_short_first_message_is_searched_for_with_its_subject(
    subject: str, said: list[str], question: str
) -> None:
    """A letter says itself what it is about, and a thread moves on from its subject."""
    messages = tuple(
        Message(str(i), Role.AGENT if text.startswith("*") else Role.CUSTOMER, text.lstrip("*"))
        for i, text in enumerate(said)
    )
    assert from_ticket(Ticket("T", messages, subject=subject)).question == question.strip()
