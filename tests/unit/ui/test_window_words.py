from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

import pytest

from agent_assist.resources import resource
from agent_assist.ui import plain, tokens, words
from agent_assist.ui.actions import Action, ActionRegistry
from agent_assist.ui.views.evidence_match import best_stretch
from agent_assist.ui.views.palette import fuzzy

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def luminance(colour: str) -> float:
    """Relative luminance of "#rrggbb" as WCAG 2 defines it."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio as WCAG 2 defines it, 1 to 21."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("scheme", [tokens.LIGHT, tokens.DARK], ids=["light", "dark"])
def test_every_text_pair_meets_aa(scheme: tokens.Colours) -> None:
    poor = {
        (text, ground): round(contrast(getattr(scheme, text), getattr(scheme, ground)), 2)
        for text, ground in tokens.TEXT_PAIRS
        if contrast(getattr(scheme, text), getattr(scheme, ground)) < 4.5
    }
    assert poor == {}


@pytest.mark.parametrize("scheme", [tokens.LIGHT, tokens.DARK], ids=["light", "dark"])
def test_every_edge_is_visible(scheme: tokens.Colours) -> None:
    for edge, ground in tokens.EDGE_PAIRS:
        assert contrast(getattr(scheme, edge), getattr(scheme, ground)) >= 3, (edge, ground)


def test_contrast_of_black_on_white_is_21() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


def test_semantic_tones_differ_in_shape() -> None:
    shapes = [tokens.SHAPES[t] for t in (tokens.Tone.OK, tokens.Tone.ATTENTION, tokens.Tone.DANGER)]
    assert len(set(shapes)) == 3
    for name in shapes:
        assert resource("icons", f"{name}.svg").is_file()


def test_the_style_sheet_names_only_tokens() -> None:
    sheet = resource("styles", "window.qss").read_text(encoding="utf-8")
    assert not re.search(r"#[0-9a-fA-F]{3,8}\b", sheet)
    assert "gradient" not in sheet


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        (timedelta(minutes=3), "new"),
        (timedelta(hours=5), "5 hours old"),
        (timedelta(days=1), "1 day old"),
        (timedelta(days=21), "3 weeks old"),
        (timedelta(days=70), "2 months old"),
        (timedelta(days=800), "2 years old"),
    ],
)
def test_age(span: timedelta, expected: str) -> None:
    assert words.age(NOW - span, NOW) == expected


def test_ago() -> None:
    spans = [
        timedelta(hours=5),
        timedelta(days=1),
        timedelta(days=21),
        timedelta(days=70),
        timedelta(days=800),
    ]
    assert [words.ago(NOW - span, NOW) for span in spans] == [
        "today",
        "1 day ago",
        "3 weeks ago",
        "2 months ago",
        "2 years ago",
    ]
    assert words.ago((NOW - timedelta(days=7)).replace(tzinfo=None), NOW) == "1 week ago"


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        (timedelta(seconds=5), "now"),
        (timedelta(minutes=26), "26 min"),
        (timedelta(hours=3), "3 h"),
        (timedelta(days=4), "4 d"),
        (timedelta(days=30), "4 w"),
    ],
)
def test_waiting(span: timedelta, expected: str) -> None:
    assert words.waiting(NOW - span, NOW) == expected


def test_days() -> None:
    today = date(2026, 11, 22)
    local = datetime(2026, 11, 22, 12).astimezone()
    assert words.day(local, today) == "Today"
    assert words.day(local - timedelta(days=1), today) == "Yesterday"
    assert words.day(local - timedelta(days=400), today).endswith("2025")


def test_words_for_figures() -> None:
    assert words.confidence(0.9) == "likely right"
    assert words.confidence(0.5) == "check this"
    assert words.confidence(0.1) == "unsure"
    assert words.score(0.41) == "weak match"
    assert words.count(1, "reply", "replies") == "1 reply"
    assert words.count(2, "reply", "replies") == "2 replies"
    assert words.language("pt-BR") == "Portuguese"
    assert words.language("tlh") == "tlh"
    assert words.language(None) == "unknown language"
    assert words.languages(("en", "de")) == "English and German"
    assert words.languages(("en", "de", "fr", "es", "pt")) == "English, German, French and 2 more"
    assert words.languages(()) == "languages unknown"
    assert words.collection_title("solved") == "Solved tickets"
    assert words.collection_title("price_lists") == "Price lists"
    assert words.text_size(5_000_000) == "5.0 million characters"
    assert [words.file_size(n) for n in (0, 5, 98_400_000, 2_400_000_000)] == [
        "unknown size",
        "1 kB",
        "98 MB",
        "2.4 GB",
    ]
    assert words.seconds(420) == "0.4 s"
    assert words.age(None) == words.waiting(None) == words.ago(None) == words.clock(None) == ""


def test_invisible_characters_are_named_and_flagged() -> None:
    shown = plain.reveal("a\u202egnp.exe\u200b!\u0000")
    assert shown.text == "a‹RLO›gnp.exe‹ZWSP›!‹U+0000›"
    assert [shown.text[start:end] for start, end in shown.flags] == ["‹RLO›", "‹ZWSP›", "‹U+0000›"]


def test_emoji_joiners_stay() -> None:
    family = "👩‍👩‍👧 ❤️"
    assert plain.reveal(family).text == family


def test_long_lines_are_broken_without_losing_a_character() -> None:
    text = "word " * 5000 + "x" * 9000
    broken = plain.soft_break(text)
    assert max(map(len, broken.split("\n"))) <= plain.LINE_LIMIT
    assert broken.replace("\n", "") == text


def test_folding() -> None:
    assert plain.folded("short") is None
    assert len(plain.folded("word " * 2000) or "") <= plain.FOLD_AT
    assert (plain.folded("line\n" * 100) or "").count("\n") < plain.FOLD_LINES


@pytest.mark.parametrize(
    "head", ["On Mon, 3 Nov 2026 Maya wrote:", "Am 3.11.2026 schrieb Maya:", "Le 3 nov. Maya a écrit :"]
)
def test_quotes_are_split_off(head: str) -> None:
    own, quote = plain.split_quote(f"Yes please.\n\n{head}\n> Shall we?\n> Maya")
    assert own == "Yes please."
    assert quote.startswith(head)


def test_a_greater_than_sign_in_the_middle_is_no_quote() -> None:
    text = "first\n> a point\nand more of my own"
    assert plain.split_quote(text) == (text, "")


def test_tooltips_show_markup_as_text() -> None:
    assert plain.tooltip("<img src='file:///x'>") == "<p>&lt;img src=&#x27;file:///x&#x27;&gt;</p>"
    assert plain.tooltip("") == ""


def test_one_line() -> None:
    assert plain.one_line("a\n\nb\u202e  c") == "a b c"
    assert plain.one_line("x" * 500, 10) == "x" * 9 + "…"


def test_fuzzy_prefers_beginnings_of_words() -> None:
    titles = ["Send the reply", "Show or hide the queue", "Mark as pending"]
    assert max(titles, key=lambda t: fuzzy("sr", t)) == "Send the reply"
    assert max(titles, key=lambda t: fuzzy("pend", t)) == "Mark as pending"
    assert fuzzy("zzz", titles[0]) == 0
    assert fuzzy("", titles[0]) > 0


def test_best_stretch_finds_the_sentence() -> None:
    passage = "Shipping takes two days. You can exchange an item within 90 days. Boxes are brown."
    start, end = best_stretch(passage, "You may exchange it within 90 days of delivery.") or (0, 0)
    assert passage[start:end] == "You can exchange an item within 90 days."
    assert best_stretch(passage, "Hello there") is None
    assert best_stretch(passage, "") is None


def test_actions_refuse_a_taken_key_and_id() -> None:
    actions = ActionRegistry()
    actions.add(Action("a", "First", lambda: None, ("J",)))
    with pytest.raises(ValueError, match="J belongs to a"):
        actions.add(Action("b", "Second", lambda: None, ("J",)))
    with pytest.raises(ValueError, match="exists"):
        actions.add(Action("a", "Again", lambda: None))


def test_a_disabled_action_does_not_run() -> None:
    ran: list[str] = []
    actions = ActionRegistry()
    actions.add(Action("no", "No", lambda: ran.append("no"), enabled=lambda: False))
    actions.add(Action("yes", "Yes", lambda: ran.append("yes")))
    assert not actions.trigger("no")
    assert actions.trigger("yes")
    assert ran == ["yes"]
    assert actions.tooltip("yes") == "Yes"
