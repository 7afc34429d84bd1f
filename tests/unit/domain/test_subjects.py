"""What a figure is said of."""

from __future__ import annotations

import pytest

from agent_assist.domain.subjects import subject
from agent_assist.domain.text import content_words


@pytest.mark.parametrize(
    ("text", "figure", "about"),
    [
        ("Invoices are kept for 7 years, because tax law asks for it.", "7", "invoices"),
        ("Items go back until 28 May, and orders with express come by 21 December.", "21", "orders express"),
        ("Items go back until 28 May, and orders with express come by 21 December.", "28", "items"),
        ("By e-mail it arrives within 15 minutes and by post costs €2.50.", "€2.50", "post"),
        ("Basic costs €7.90 a month: one full service and 10 % off parts.", "10", "basic"),
        ("You pay €5 for the car park.", "€5", ""),
        ("There is a fee of €5.", "€5", ""),
        ("Guests have to pay €5.", "€5", ""),
        ("Free from €100.", "€100", ""),
        ("Las facturas se guardan 7 años.", "7", ""),
    ],
)  # fmt: skip
def test_the_words_before_the_verb_of_the_clause(text: str, figure: str, about: str) -> None:
    assert subject(text, text.index(figure)) == set(content_words(about))
