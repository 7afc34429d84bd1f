"""Articles are cut along their structure and nothing is lost."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support_cost import processor_seconds

from agent_assist.adapters.knowledge.chunking import MOST_CHARS, MOST_WORDS, passage_input, passages_of
from agent_assist.domain.knowledge import Article


def cut(body: str, title: str = "Handbook", **context: str) -> list[tuple[str, str]]:
    return passages_of(Article("a", title, body, context=context))


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text)


def test_a_short_faq_row_is_one_passage() -> None:
    assert cut("No, pets stay outside.", "Pets?") == [("", "No, pets stay outside.")]


def test_a_title_without_body_is_found_by_its_title() -> None:
    assert cut("", "Call us") == [("", "Call us")]


def test_the_heading_path_names_every_level_but_the_title() -> None:
    filler = " ".join(["word"] * 90)
    found = cut(f"# Handbook\n\n## Returns\n\n{filler}\n\n### By post\n\n{filler}\n\n## Refunds\n\n{filler}")
    assert [heading for heading, _ in found] == ["Returns", "Returns › By post", "Refunds"]


def test_what_the_article_is_about_stands_before_the_headings() -> None:
    (found,) = cut("# Care\n\nWash cold.", product="Trail Jacket")
    assert found == ("product: Trail Jacket › Care", "Wash cold.")
    assert passage_input("Handbook", *found) == "Trail Jacket, Care\nHandbook\nWash cold."


def test_short_subsections_stay_with_their_parent() -> None:
    (found,) = cut("## Refunds\n\nWe pay back.\n\n### By card\n\nFive days.")
    assert found == ("Refunds", "We pay back.\n\n**By card**\n\nFive days.")


def test_a_heading_with_nothing_under_it_is_kept() -> None:
    assert [text for _, text in cut("## Opening hours\n\n## Closed on Sunday")] == [
        "Opening hours",
        "Closed on Sunday",
    ]


def test_a_long_list_is_cut_between_items() -> None:
    items = [f"- item {n} " + "word " * 15 for n in range(60)]
    found = [text for _, text in cut("\n".join(items))]
    assert len(found) > 3
    assert all(line.startswith("- item") for text in found for line in text.splitlines())


def test_a_long_table_keeps_its_head_on_every_part() -> None:
    rows = "\n".join(f"| size {n} | {n} cm | fits most people well |" for n in range(120))
    found = [text for _, text in cut(f"| Size | Length | Note |\n|---|---|---|\n{rows}")]
    assert len(found) > 1
    assert all(text.startswith("| Size | Length | Note |\n|---|") for text in found)
    assert sum(text.count("| size ") for text in found) == 120


def test_parts_of_one_section_share_a_sentence() -> None:
    paragraphs = [f"First thing {n} is said here. Second thing {n} is said there." for n in range(40)]
    first, second, *_ = [text for _, text in cut("\n\n".join(paragraphs))]
    assert second.startswith(first.rsplit(". ", 1)[-1])


@pytest.mark.parametrize(
    "body", ["x" * 2_000_000, "[(*_`<" * 100_000, "> " * 50_000, "\u202e🙂\u0301" * 100_000]
)
def test_hostile_text_is_cut_in_time(body: str) -> None:
    with processor_seconds(30):
        found = cut(body)
    assert all(len(text) <= MOST_CHARS for _, text in found)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.lists(
                st.sampled_from(["alpha", "beta.", "gamma!", "delta", "déjà", "漢字", "x1", "e"]),
                min_size=1,
                max_size=400,
            ).map(" ".join),
            st.sampled_from(
                ["# One", "## Two", "### Three", "- a\n- b\n  - c", "| h | i |\n|---|---|\n| j | k |"]
            ),
            st.text(max_size=60),
        ),
        max_size=12,
    ).map("\n\n".join)
)
@example("\x0c\n\n\x0c0\n\n# One")
def test_no_word_is_lost_and_no_passage_is_too_long(body: str) -> None:
    found = cut(body, "")
    shown = {word for heading, text in found for word in words(f"{heading} {text}")}
    assert set(words(body)) <= shown
    assert all(len(text.split()) <= MOST_WORDS + 8 and len(text) <= MOST_CHARS + 80 for _, text in found)
