"""How a house words what stands around an answer: read from replies, counted, and said again."""

from __future__ import annotations

import pytest

from agent_assist.domain.composing import letter, opened
from agent_assist.domain.house import (
    LEAST,
    WINDOW,
    Frame,
    Seen,
    Style,
    habit,
    may_be_said,
    own_phrase,
    parts_of,
    seen_in,
    style_of,
)
from agent_assist.domain.phrases import PHRASES
from agent_assist.domain.ticket import Channel

BODY = "You can return a bike within 30 days."


@pytest.mark.parametrize("language", sorted(PHRASES))
@pytest.mark.parametrize("channel", list(Channel))
@pytest.mark.parametrize("name", ["Ana", ""])
def test_the_products_own_letter_is_read_as_its_own_phrases(
    language: str, channel: Channel, name: str
) -> None:
    found = parts_of(
        letter(BODY, channel, language, name=name, signature="Max Lund"),
        channel,
        language,
        name=name,
        signature="Max Lund",
    )
    for part in (Frame.GREETING if name else Frame.GREETING_NOBODY, Frame.CLOSING):
        assert found[part] == own_phrase(part, channel, language)
    offer = "" if channel is Channel.SOCIAL else own_phrase(Frame.OFFER, channel, language)
    assert found[Frame.OFFER] == offer
    assert found[Frame.OPENING] == ""


def test_a_reply_in_the_houses_style_is_read_as_it_was_said() -> None:
    style = Style(
        "Dear {name},", "Dear customer,", "Thank you for asking.", "Just write again if not.", "Best"
    )
    text = letter(opened(BODY, style, "en"), Channel.EMAIL, "en", name="Ana", signature="Max", style=style)
    assert text == f"Dear Ana,\n\nThank you for asking. {BODY} Just write again if not.\n\nBest,\nMax"
    found = parts_of(text, Channel.EMAIL, "en", name="Ana", signature="Max")
    assert style_of({p: t for p, t in found.items() if t}) == Style(
        "Dear {name},", None, "Thank you for asking.", "Just write again if not.", "Best"
    )


@pytest.mark.parametrize(
    ("text", "name", "part", "phrase"),
    [
        (f"Here is the short answer: {BODY}", "", Frame.OPENING, "Here is the short answer:"),
        (f"Hi Ana, here is the short answer: {BODY}", "Ana", Frame.OPENING, "Here is the short answer:"),
        (f"Hi Ana! Thanks for waiting. {BODY}", "Ana", Frame.OPENING, "Thanks for waiting."),
        (f"Hi Ana! {BODY}", "Ana", Frame.GREETING, "Hi {name}!"),
        (f"Good morning, {BODY}", "", Frame.GREETING_NOBODY, "Good morning,"),
        (f"Sorry for the trouble. {BODY}", "", Frame.OPENING, ""),
        (f"{BODY} Let us know. Take care.", "", Frame.OFFER, "Let us know. Take care."),
        (BODY, "Ana", Frame.GREETING, ""),
    ],
)
def test_parts_of_a_chat_message(text: str, name: str, part: Frame, phrase: str) -> None:
    assert parts_of(text, Channel.CHAT, "en", name=name)[part] == phrase


def test_a_part_can_be_left_out() -> None:
    style = Style(greeting="", offer="", closing="")
    assert letter(BODY, Channel.EMAIL, "en", name="Ana", signature="Max", style=style) == f"{BODY}\n\nMax"
    assert letter(BODY, Channel.CHAT, "en", name="Ana", style=style) == BODY


def test_an_answer_is_not_opened_twice() -> None:
    style = Style(opening="Here is the short answer:")
    once = opened("You can return it.", style, "en")
    assert once == "Here is the short answer: you can return it."
    assert opened(once, style, "en") == once
    assert opened("In short: you can.", style, "en") == "In short: you can."


@pytest.mark.parametrize(
    "phrase",
    [
        "Here is what holds for 30 days:",
        "Dear Crystal,",
        "Write to help@example.com.",
        "We refund you.",
        "See https://example.com.",
        "Thank you " * 20,
        "Hi {company},",
        "[NAME_1],",
    ],
)
def test_what_states_something_or_names_somebody_is_no_house_style(phrase: str) -> None:
    kept = may_be_said(phrase, "Crystal Minh")
    assert not kept or phrase == "We refund you."


def test_a_promise_never_becomes_house_style() -> None:
    assert not may_be_said("We will refund you today.", "")


def test_what_neither_side_has_says_nothing() -> None:
    nothing = dict.fromkeys(Frame, "")
    assert seen_in(nothing, nothing, "") == {Frame.OPENING: Seen("", False)}
    sent = nothing | {Frame.GREETING: "Hello {name},"}
    assert seen_in(nothing, sent, "Ana")[Frame.GREETING] == Seen("Hello {name},", True)


def _times(phrase: str, count: int, typed: bool = True) -> list[Seen]:
    return [Seen(phrase, typed)] * count


def test_a_phrase_becomes_a_habit_where_agents_typed_it_often_enough() -> None:
    assert habit(_times("Hello,", LEAST), "Hi,") == "Hello,"
    assert habit(_times("Hello,", LEAST - 1), "Hi,") is None
    assert habit(_times("Hello,", LEAST) + _times("Hi,", LEAST, typed=False), "Hi,") is None
    assert habit(_times("Hi,", WINDOW, typed=False), "Hi,") is None
    assert habit([], "Hi,") is None
    # Only the newest count: what was usual before is over.
    assert habit(_times("Hello,", WINDOW) + _times("Hi,", 3 * WINDOW, typed=False), "Hi,") == "Hello,"


def test_a_habit_stays_while_drafts_are_sent_with_it_and_goes_when_it_is_taken_out() -> None:
    assert habit(_times("Hello,", WINDOW, typed=False), "Hi,", "Hello,") == "Hello,"
    assert habit(_times("Hi,", 3) + _times("Hello,", 7, typed=False), "Hi,", "Hello,") == "Hello,"
    assert habit(_times("Hi,", 7) + _times("Hello,", 3, typed=False), "Hi,", "Hello,") is None
    assert habit(_times("Hey,", 7) + _times("Hello,", 3, typed=False), "Hi,", "Hello,") == "Hey,"
    mixed = [Seen(f"Hey {n},", True) for n in range(7)] + _times("Hello,", 3, typed=False)
    assert habit(mixed, "Hi,", "Hello,") is None
