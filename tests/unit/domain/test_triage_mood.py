"""Mood, urgency and escalation by the words of a message."""

from __future__ import annotations

import pytest

from agent_assist.domain.signals import Alarm
from agent_assist.domain.triage import Sentiment, Urgency, mood


@pytest.mark.parametrize(
    ("text", "sentiment", "urgency", "escalate"),
    [
        ("Where can I find the invoice of May?", Sentiment.NEUTRAL, Urgency.NORMAL, False),
        ("Thank you so much, that was great!", Sentiment.POSITIVE, Urgency.LOW, False),
        ("The lamp arrived broken and I am disappointed.", Sentiment.NEGATIVE, Urgency.NORMAL, False),
        ("I am not happy with the chair.", Sentiment.NEGATIVE, Urgency.NORMAL, False),
        ("I need a new password as soon as possible please.", Sentiment.NEUTRAL, Urgency.HIGH, False),
        ("THIS IS THE WORST SHOP, unacceptable and ridiculous!!", Sentiment.NEGATIVE, Urgency.HIGH, True),
        ("My account was hacked.", Sentiment.NEUTRAL, Urgency.HIGH, True),
        ("Ich möchte mit einem Mitarbeiter sprechen.", Sentiment.NEUTRAL, Urgency.NORMAL, True),
        ("Das Gerät ist kaputt, ich brauche dringend Ersatz.", Sentiment.NEGATIVE, Urgency.HIGH, False),
        ("Gracias, todo perfecto.", Sentiment.POSITIVE, Urgency.LOW, False),
        ("", Sentiment.NEUTRAL, Urgency.NORMAL, False),
    ],
)
def test_mood(text: str, sentiment: Sentiment, urgency: Urgency, escalate: bool) -> None:
    found = mood(text)
    assert found[:3] == (sentiment, urgency, escalate)


def test_the_reasons_say_why() -> None:
    *_, reasons = mood("My lawyer will write to you, this is urgent.")
    assert reasons[0] == Alarm.LEGAL.value
    assert "“urgent”" in reasons[1]
    assert mood("Hello, a question about sizes.")[3] == ()
