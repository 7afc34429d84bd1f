"""Who says the opposite of whom: the "no" that answers is not the "no" that denies."""

from __future__ import annotations

import pytest

from agent_assist.domain.polarity import contradicts, negative


@pytest.mark.parametrize(
    ("clause", "denies"),
    [
        ("No it does not offer live music", True),
        ("No they do not offer take out", True),
        ("No, we don't", True),
        ("No alcohol is served", True),
        ("No it is a smoking house", False),
        ("It is not without charm", False),
        ("Dogs are welcome", False),
    ],
)
def test_a_clause_denies_once(clause: str, denies: bool) -> None:
    assert negative(clause) is denies


@pytest.mark.parametrize(
    ("sentence", "source", "question", "opposite"),
    [
        ("No, they don't offer take out.", "No they do not offer take out.", "Is there take out?", False),
        (
            "No, there is no live music here.",
            "No it does not offer live music.",
            "Is there live music?",
            False,
        ),
        ("No alcohol is served here.", "Alcohol is not served.", "Do you serve alcohol?", False),
        ("Alcohol is served here.", "Alcohol is not served here.", "Do you serve alcohol?", True),
        ("Yes, they offer live music.", "No it does not offer live music.", "Is there live music?", True),
        ("They offer take out.", "No they do not offer take out.", "Is there take out?", True),
    ],
)
def test_only_the_opposite_contradicts(sentence: str, source: str, question: str, opposite: bool) -> None:
    assert contradicts(sentence, source, question) is opposite
