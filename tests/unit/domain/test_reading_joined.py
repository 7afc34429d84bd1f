"""Sentences and list items of a passage, put together again for a draft."""

from __future__ import annotations

import pytest

from agent_assist.domain.reading import joined, units_of


@pytest.mark.parametrize(
    ("said", "joined_text"),
    [
        ("Shipping is free! It takes two days", "Shipping is free. It takes two days."),
        ("Really free!! Isn't that good?!", "Really free. Isn't that good?"),
        ("Use the code SUMMER!26 at https://shop.example/#!/sale today", None),
        ("- Pull the plug!\n- Wait", "- Pull the plug.\n- Wait"),
    ],
)
def test_what_an_article_exclaims_is_said_calmly_and_codes_stay(said: str, joined_text: str | None) -> None:
    assert joined(units_of(said)) == (joined_text or f"{said}.")


def test_nothing_joins_to_nothing() -> None:
    assert joined([]) == ""
