"""What a message wants and how it stands: intent, mood, urgency, and whether a person should take over."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from agent_assist.domain.signals import Alarm, SmallTalk, heat_of, read_signals
from agent_assist.domain.text import visible

LONGEST = 20_000
"""Characters of a message that are looked at."""


class Sentiment(StrEnum):
    """The mood of the customer's words."""

    NEGATIVE = "negative"
    NEUTRAL = "neutral"
    POSITIVE = "positive"


class Urgency(StrEnum):
    """How soon somebody should look."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"


@dataclass(frozen=True, slots=True)
class IntentModel:
    """A fitted classifier of intents: numbers and names only."""

    labels: tuple[str, ...]
    encoder: str
    """Whose vectors it reads; those of another encoder mean nothing to it."""
    dimension: int
    weights: bytes
    """float32 little-endian: for each label `dimension` weights and then the bias; where rows out of scope
    were given they are one more label, the last."""
    threshold: float
    """Of the probability of the best label, below which a text is out of scope."""
    facts: Mapping[str, float] = field(default_factory=dict)
    """What was measured on the rows that were put aside while it was fitted."""


@dataclass(frozen=True, slots=True)
class Intent:
    """The likeliest intent; `in_scope` is False where it is not likely enough to be one of those known."""

    label: str
    confidence: float
    in_scope: bool


@dataclass(frozen=True, slots=True)
class Triage:
    """What one message wants and how it stands."""

    intent: str | None
    """None where no intents were learnt."""
    confidence: float
    """Probability of the intent, 0 to 1."""
    in_scope: bool
    """False where the message is about none of the known intents."""
    language: str
    """ISO 639-1; empty where it cannot be told."""
    sentiment: Sentiment
    urgency: Urgency
    escalate: bool
    """Whether a person should take over."""
    reasons: tuple[str, ...]
    """For urgency and escalation, in sentences."""


_FLAGS = re.IGNORECASE
_PRAISE = re.compile(
    r"\b(?:thank(?:s| you)|love(?:d|ly)?|great|perfect(?:ly)?|excellent|awesome|amazing|wonderful|fantastic"
    r"|brilliant|happy|pleased|glad|helpful|appreciate|delighted|superb|nice"
    r"|danke|toll|super|prima|wunderbar|zufrieden|gracias|genial|excelente|encantad[oa]|perfecto"
    r"|merci|parfait|génial|ravie?|obrigad[oa]|ótim[oa]|adorei|maravilhos[oa])\b",
    _FLAGS,
)
_COMPLAINT = re.compile(
    r"\b(?:disappoint\w*|frustrat\w+|annoy\w+|upset|unhappy|complain\w*|broken|damaged|faulty|defective"
    r"|wrong|late|delayed|missing|lost|never (?:arrived|came|got|received)|(?:not|n['’]t) work\w*"
    r"|still (?:waiting|no|not|haven['’]t)|bad|poor|rude|hate|fails?|failed|error|overcharged|refuse[sd]?"
    r"|kaputt|defekt|enttäusch\w*|ärger\w*|falsch|verspätet|fehlt|roto|rota|dañad[oa]|decepcionad[oa]"
    r"|molest[oa]|retras\w+|cassée?|déçue?|abîmée?|retard|énervée?|quebrad[oa]|decepcionad[oa]|atrasad[oa])\b",
    _FLAGS,
)
_DENIED = re.compile(
    r"\b(?:not|no|never|isn['’]t|wasn['’]t|nicht|kein\w*|no|nunca|pas|não)\s+(?:\w+\s+)?$", _FLAGS
)
_URGENT = re.compile(
    r"\b(?:urgent(?:ly)?|asap|a\.s\.a\.p|emergency|immediately|right (?:now|away)|as soon as possible"
    r"|straight away|by (?:today|tonight|tomorrow)|(?:before|within) (?:the|an|one|a) (?:hour|end of the day)"
    r"|time[- ]sensitive|deadline|cannot wait|can['’]t wait|leaving (?:today|tonight|tomorrow)"
    r"|dringend|eilig|sofort|umgehend|heute noch|notfall|urgente|cuanto antes|ahora mismo|de inmediato"
    r"|inmediatamente|emergencia|au plus vite|immédiatement|tout de suite|urgence"
    r"|o quanto antes|agora mesmo|imediatamente|emergência)\b",
    _FLAGS,
)
_AT_ONCE = frozenset({Alarm.HARM, Alarm.SECURITY, Alarm.ANGER, Alarm.LEGAL})


def mood(text: str, subject: str = "") -> tuple[Sentiment, Urgency, bool, tuple[str, ...]]:
    """(sentiment, urgency, escalate, reasons in sentences) by the words of the message alone.

    Rules, so that an agent can see why; they know English, German, Spanish, French and Portuguese.
    """
    signals = read_signals(text, subject)
    seen = f"{visible(subject)[:500]}\n{visible(text)[:LONGEST]}"
    heat = heat_of(seen)
    praise = [
        m for m in _PRAISE.finditer(seen) if not _DENIED.search(seen[max(0, m.start() - 24) : m.start()])
    ]
    bad = heat + len(_COMPLAINT.findall(seen)) + (len(_PRAISE.findall(seen)) - len(praise))
    reasons = [alarm.value for alarm in signals.alarms]
    urgent = _URGENT.search(seen)
    if urgent:
        reasons.append(f"The customer says that it is urgent (“{urgent[0]}”).")
    if bad > len(praise):
        sentiment = Sentiment.NEGATIVE
    else:
        sentiment = Sentiment.POSITIVE if praise and not bad else Sentiment.NEUTRAL
    if urgent or _AT_ONCE & set(signals.alarms):
        urgency = Urgency.HIGH
    elif signals.small_talk in (SmallTalk.THANKS, SmallTalk.GOODBYE):
        urgency = Urgency.LOW
    else:
        urgency = Urgency.NORMAL
    return sentiment, urgency, bool(signals.alarms), tuple(reasons)
