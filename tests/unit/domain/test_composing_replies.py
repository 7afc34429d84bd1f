"""Replies put together by rule, in five languages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_assist.domain import composing
from agent_assist.domain.answers import answer_from
from agent_assist.domain.composing import (
    clarifying_question,
    fill_slots,
    first_name,
    greeting_of,
    hand_over_summary,
    holding_reply,
    letter,
    macro_body,
    plain,
    small_talk_reply,
    topic_names,
    with_wish,
)
from agent_assist.domain.knowledge import Hit, Passage
from agent_assist.domain.phrases import PHRASES, is_courtesy
from agent_assist.domain.signals import Alarm, SmallTalk, in_trouble, read_signals
from agent_assist.domain.text import split_sentences
from agent_assist.domain.ticket import Channel, Customer, Message, Role, Ticket

LANGUAGES = sorted(PHRASES)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("channel", list(Channel))
def test_every_channel_and_language_frames_the_body(language: str, channel: Channel) -> None:
    text = letter("Body here.", channel, language, name="Ana", signature="Max")
    assert "Body here." in text
    assert ("Max" in text) is (channel in (Channel.EMAIL, Channel.WEB))
    own = PHRASES[language]
    by_mail = channel in (Channel.EMAIL, Channel.WEB)
    offer = own.offer if by_mail else own.offer_in_chat or own.offer
    assert (offer in text) is (channel is not Channel.SOCIAL)
    assert "!" not in text
    assert "{" not in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_phrase_counts_as_courtesy(language: str) -> None:
    own = PHRASES[language]
    for phrase in (
        own.thanks,
        own.sorry,
        own.closing,
        own.formal_closing,
        own.offer,
        own.welcome,
        own.goodbye,
        own.how_help,
        own.detail,
        own.hello.format(name="Ana"),
        own.which_thing,
        *(s.text for s in split_sentences(f"{own.hand_over} {own.to_person} {own.private}")),
    ):
        assert is_courtesy(phrase, language), phrase


def test_a_chat_greets_once_and_an_email_always() -> None:
    assert letter("Body.", Channel.CHAT, "en", name="Ana", first=True).startswith("Hi Ana, Body.")
    assert letter("Body.", Channel.CHAT, "en", name="Ana", first=False).startswith("Body.")
    assert letter("Body.", Channel.EMAIL, "de", name="", first=False).startswith("Guten Tag,\n\nBody.")


@pytest.mark.parametrize(
    ("name", "called"),
    [
        ("crystal minh", "Crystal"),
        ("MARIA LOPEZ", "Maria"),
        ("a@b.example", ""),
        ("user123", ""),
        ("Dr. Ulrike Pfann", ""),
        ("", ""),
        ("Jean-Luc P", "Jean-Luc"),
    ],
)
def test_names_to_greet(name: str, called: str) -> None:
    assert first_name(name) == called


def test_slots_are_filled_or_their_sentence_is_left_out() -> None:
    macro = (
        "Hi {{customer.first_name}},\n\nyour order {order_id} is late. "
        "Call {{branch_phone}} now. Yours, {agent_name}"
    )
    filled = fill_slots(macro, name="Ana", agent="Max", fields={"order_id": "A1"})
    assert filled == "Hi Ana,\n\nyour order A1 is late. Yours, Max"
    assert fill_slots(macro) == ""


@given(st.text(max_size=200))
def test_no_slot_is_ever_left(text: str) -> None:
    assert not composing._SLOT.search(fill_slots(f"{text} Hello {{customer_name}}. {{{{ticket.id}}}}"))


def test_a_macros_own_frame_is_replaced_by_the_channels() -> None:
    body = macro_body("Hi {customer_name},\n\nYour parcel is on its way.\n\nKind regards", name="Ana")
    assert body == "Your parcel is on its way."


def test_markdown_becomes_what_a_person_types() -> None:
    assert (
        plain("## Title\n\n**Bold** and [our page](https://x.example/a).")
        == "Bold and our page (https://x.example/a)."
    )


def test_a_long_passage_gives_the_sentences_that_answer() -> None:
    filler = "Our shop was founded long ago by two sisters in a small town near the sea. " * 6
    text = f"{filler}Returns are free within 90 days. Print the label at home. {filler}"
    answer = answer_from(Passage(1, "a", 0, "", text, title="About us"), "Are returns free?")
    assert "Returns are free within 90 days." in answer
    assert len(answer) < 450


def test_a_solved_ticket_gives_its_reply_only() -> None:
    passage = Passage(
        1, "a", 0, "", "Customer: where is it?\nAgent: It arrives within two days.", collection="solved"
    )
    assert answer_from(passage, "where is it") == "It arrives within two days."


def test_a_faq_answer_is_taken_whole() -> None:
    passage = Passage(1, "a", 0, "", "Yes, pets are welcome.", title="Can I bring a pet?")
    assert answer_from(passage, "May I bring my dog?") == "Yes, pets are welcome."


@pytest.mark.parametrize("language", LANGUAGES)
def test_questions_and_hand_overs_exist_in_every_language(language: str) -> None:
    assert "A1" in clarifying_question(("A1", "B2"), language)
    assert "A1" in clarifying_question(("A1",), language)
    assert clarifying_question((), language).endswith("?")
    assert holding_reply(Channel.SOCIAL, language) != holding_reply(Channel.EMAIL, language)
    for kind in SmallTalk:
        assert small_talk_reply(kind, language)


def test_a_hand_over_says_what_is_wanted_tried_and_missing() -> None:
    ticket = Ticket(
        "T",
        (
            Message("1", Role.CUSTOMER, "Hello. My lamp arrived broken and I want a new one."),
            Message("2", Role.AGENT, "Please send us a photo of it."),
            Message("3", Role.CUSTOMER, "I sent it twice already."),
        ),
        customer=Customer(name="Ana"),
        fields={"order_id": "A1"},
    )
    lines = "\n".join(hand_over_summary(ticket, "an article about it."))
    assert "My lamp arrived broken" in lines
    assert "photo" in lines
    assert "I sent it twice" in lines
    assert "order id A1" in lines
    assert "Missing: an article" in lines
    assert greeting_of(ticket) == ("Ana", False)


def test_of_a_very_long_letter_the_summary_has_what_it_asks() -> None:
    chatter = "We rode along the river with the children, and it was a lovely week. " * 12
    text = f"Hello,\n\n{chatter}Is the seam covered after two years? {chatter}\n\n> On Monday:\n> All well?"
    ticket = Ticket("T", (Message("m", Role.CUSTOMER, text),))
    assert hand_over_summary(ticket)[0] == "The customer wants: Is the seam covered after two years?"


@pytest.mark.parametrize(
    ("text", "alarm"),
    [
        ("I want to speak to a real person", Alarm.HUMAN),
        ("Quiero hablar con una persona", Alarm.HUMAN),
        ("Ich möchte mit einem Mitarbeiter sprechen", Alarm.HUMAN),
        ("My lawyer will hear of this", Alarm.LEGAL),
        ("Ich werde meinen Anwalt einschalten", Alarm.LEGAL),
        ("My account was hacked", Alarm.SECURITY),
        ("I want to die", Alarm.HARM),
        ("This is unacceptable. The worst shop, absolutely ridiculous!!", Alarm.ANGER),
    ],
)
def test_alarms(text: str, alarm: Alarm) -> None:
    assert alarm in read_signals(text).alarms


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Thanks!", SmallTalk.THANKS), ("thank you so much for your help", SmallTalk.THANKS),
        ("Hello", SmallTalk.GREETING),
        ("No thanks. Goodbye", SmallTalk.GOODBYE), ("Muchas gracias", SmallTalk.THANKS),
        ("Danke, tschüss", SmallTalk.GOODBYE),
        ("I'm not sure, I guess that's all I really needed.", SmallTalk.GOODBYE),
        ("I think I needed another size", None),
        ("Hello, where is my order?", None), ("Thanks, but it is still broken", None), ("Yes", None),
        ("", None),
        ("Is that all?", None), ("How much is it?", None),
    ],
)  # fmt: skip
def test_small_talk(text: str, kind: SmallTalk | None) -> None:
    assert read_signals(text).small_talk is kind


def test_a_wish_is_worked_in_or_left_to_the_agent() -> None:
    label = Passage(1, "a", 0, "", "Print the prepaid label at home. It is blue.", title="Returns")
    assert (
        with_wish("Body.", "mention the prepaid label", [label]) == "Body. Print the prepaid label at home."
    )
    assert (
        with_wish("Body.", "say that the parcel is two days late", []) == "Body. The parcel is two days late."
    )
    assert with_wish("Body.", "be kinder", [label]) is None
    assert with_wish("Body.", "mention", [label]) is None


def test_a_sentence_after_the_greeting_of_a_chat_goes_on() -> None:
    def chat(body: str, language: str = "en") -> str:
        return letter(body, Channel.CHAT, language, name="Ana", offer=False)

    assert chat("You can return it.") == "Hi Ana, you can return it."
    assert chat("Express costs 9 euros.") == "Hi Ana, Express costs 9 euros."
    assert chat("I see.") == "Hi Ana, I see."
    assert chat("Sie haben 60 Tage.", "de") == "Hallo Ana, Sie haben 60 Tage."
    assert letter("You can.", Channel.EMAIL, "en", name="Ana", offer=False).startswith("Hi Ana,\n\nYou can.")


def test_a_word_of_regret_comes_before_the_body() -> None:
    text = letter("The search has begun.", Channel.CHAT, "en", name="Ana", sorry=True, offer=False)
    assert text == "Hi Ana, sorry for the trouble. The search has begun."


def test_who_asks_for_a_person_is_told_that_one_takes_over() -> None:
    assert "takes over" in holding_reply(Channel.CHAT, "en", person=True)
    assert holding_reply(Channel.CHAT, "en", sorry=True).startswith("Sorry for the trouble.")


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_the_ticket_knows_is_asked_about(language: str) -> None:
    asked = clarifying_question((), language, fields={"order_id": "LW-1", "product": "Brook jacket"})
    assert "Brook jacket" in asked
    assert "LW-1" in clarifying_question((), language, fields={"order_id": "LW-1"})
    assert clarifying_question((), language, fields={}) == PHRASES[language].which_thing
    assert "A1" in clarifying_question(("A1", "B2"), language, titles=True)


@pytest.mark.parametrize(
    ("text", "trouble"),
    [
        ("The lamp never arrived.", True),
        ("still waiting", True),
        ("Der Artikel ist defekt.", True),
        ("What happens if it is damaged?", False),
        ("I would like to know the size.", False),
    ],
)
def test_trouble_is_told_and_not_asked_about(text: str, trouble: bool) -> None:
    assert in_trouble(text) is trouble


def test_what_another_customer_asked_is_no_name_of_a_topic() -> None:
    article = Hit(Passage(1, "exchanges", 0, "", "Once per item.", "Exchange for another size"), 0.6)
    asked = "keep one jacket in M for me"
    edit = Passage(2, "remembered:1", 0, "", "We cannot reserve.", asked, "remembered")
    assert topic_names([Hit(edit, 0.7), article]) == ["Exchange for another size"]
