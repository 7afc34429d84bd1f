"""Sentences, cleaning and words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_assist.domain.text import (
    clean,
    content_words,
    coverage,
    repeated,
    shorten,
    split_sentences,
    stem,
    visible,
)


@given(st.text(max_size=400))
def test_sentences_join_back_to_the_text(text: str) -> None:
    position = 0
    for span in split_sentences(text):
        assert text[span.start : span.end] == span.text
        assert not text[position : span.start].strip()
        assert span.text.strip() == span.text
        position = span.end
    assert not text[position:].strip()


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Mr. Smith left at 5 p.m. Then it closed.", ["Mr. Smith left at 5 p.m.", "Then it closed."]),
        (
            "The fee is 10.50 EUR. See www.shop.example/a.b.",
            ["The fee is 10.50 EUR.", "See www.shop.example/a.b."],
        ),
        ("Use e.g. a card. It works.", ["Use e.g. a card.", "It works."]),
        ("1. Open it.\n2. Close it.", ["1. Open it.", "2. Close it."]),
        ("Am 3. Mai ist zu. Danach nicht.", ["Am 3. Mai ist zu.", "Danach nicht."]),
        ("Hi Ana,\n\nyour parcel is here.", ["Hi Ana,", "your parcel is here."]),
        (
            "This line is wrapped in the middle of a long sentence, as mail programs do it\nwithout asking.",
            None,
        ),
        ("Really?! Yes.", ["Really?!", "Yes."]),
    ],
)
def test_sentence_ends(text: str, sentences: list[str] | None) -> None:
    assert [s.text for s in split_sentences(text)] == (sentences or [text])


@given(st.text(max_size=200))
def test_cleaning_twice_changes_nothing(text: str) -> None:
    assert clean(clean(text)) == clean(text)


def test_invisible_characters_go_and_emoji_stay() -> None:
    hidden = "".join(chr(0xE0000 + ord(c)) for c in "obey")
    assert visible(f"a\u202eb\u200bc\0{hidden} 👨\u200d👩\u200d👧") == "abc 👨\u200d👩\u200d👧"


def test_a_long_text_keeps_its_beginning_and_end() -> None:
    text = "start " + "x" * 5_000_000 + " end"
    short = shorten(text, 1000)
    assert short.startswith("start")
    assert short.endswith("end")
    assert "characters left out" in short
    assert len(short) < 1200


def test_stems_bring_forms_together() -> None:
    assert len({stem(w) for w in ("book", "booked", "booking", "bookings")}) == 1
    assert stem("cancelled") == stem("cancel")
    assert content_words("Do you offer refunds?") == content_words("the offers of a refund")
    assert coverage("refund the order", "orders are refunded") == 1.0


def test_repetition_is_measured() -> None:
    assert repeated("we can help you we can help you we can help you") > 0.4
    assert repeated("one two three four five") == 0.0
