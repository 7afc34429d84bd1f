"""What became of a suggestion: the record that later becomes training data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class OutcomeKind(StrEnum):
    """What the agent did with a suggestion."""

    ACCEPTED = "accepted"
    """Used as it was."""
    EDITED = "edited"
    """Less than 40 % of the characters changed."""
    REWRITTEN = "rewritten"
    """Used, with 40 % of the characters changed or more."""
    REJECTED = "rejected"
    """The agent said that it is of no use."""
    IGNORED = "ignored"
    """Shown, and the agent replied without it or moved on."""
    EXPIRED = "expired"
    """Never shown, or the ticket changed before the agent decided."""


class Reason(StrEnum):
    """The optional chip on a rejection or rewrite."""

    WRONG_FACT = "wrong_fact"
    MISSING_FACT = "missing_fact"
    WRONG_TONE = "wrong_tone"
    TOO_LONG = "too_long"
    WRONG_LANGUAGE = "wrong_language"
    OFF_TOPIC = "off_topic"
    POLICY = "policy"
    OTHER = "other"


class Action(StrEnum):
    """How the text left the editor."""

    SENT = "sent"
    INSERTED = "inserted"
    COPIED = "copied"
    NONE = "none"


class Strength(StrEnum):
    """How much better the chosen one of two drafts was."""

    SLIGHTLY = "slightly"
    BETTER = "better"
    MUCH = "much"


@dataclass(frozen=True, slots=True)
class Preference:
    """A graded pair: both suggestions were shown beside each other."""

    chosen: str
    """Suggestion id."""
    rejected: str
    strength: Strength


@dataclass(frozen=True, slots=True)
class Outcome:
    """One decision on one suggestion; a later one on the same suggestion replaces it."""

    suggestion_id: str
    kind: OutcomeKind
    final_text: str = ""
    """What left the editor, or stood in it when the reply was taken back; empty where there was none."""
    action: Action = Action.NONE
    edit_distance: float = 0.0
    """Levenshtein distance over the longer length, in characters: 0 identical, 1 all changed."""
    decision_ms: float = 0.0
    """From the draft being ready on the screen to the agent's action."""
    reasons: tuple[Reason, ...] = ()
    reason_text: str = ""
    relevance: Mapping[str, bool] = field(default_factory=dict)
    """Article id to the agent's mark."""
    missing_knowledge: bool = False
    """The agent said that no article has the answer."""
    missing_note: str = ""
    preference: Preference | None = None
    agent_id: str = ""
    """Pseudonymous."""
    team: str = ""
    channel: str = ""
    language: str = ""
    intent: str = ""
    confirmed: tuple[str, ...] = ()
    """Ids of the marks that the agent confirmed before the reply left (`suggestion.mark_id`)."""
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class FeedbackStats:
    """Figures over the outcomes of a time and a team."""

    suggestions: int = 0
    decided: int = 0
    """All but the expired ones: ignored ones count."""
    by_kind: Mapping[str, int] = field(default_factory=dict)
    by_reason: Mapping[str, int] = field(default_factory=dict)
    acceptance: float = 0.0
    """Accepted or edited (inserted with less than 40 % changed) over all decided."""
    sent_as_is: float = 0.0
    """Share of the decided that was used unchanged."""
    mean_edit_distance: float = 0.0
    """As `Outcome.edit_distance`: 0 to 1."""
    median_decision_ms: float = 0.0
    missing_knowledge: int = 0
    relevance_marks: int = 0
    preferences: int = 0
    trainable: int = 0
    """Examples that an SFT export would hold."""


class ExportFormat(StrEnum):
    """What an export of feedback is for."""

    SFT = "sft"
    """Prompt and the agent's final text: supervised tuning."""
    PREFERENCE = "preference"
    """Prompt with a chosen and a rejected text: DPO."""
    UNPAIRED = "unpaired"
    """Prompt, text, and whether it was wanted: KTO."""
    RETRIEVAL = "retrieval"
    """Questions with the articles that answered them, for the encoder."""
    CSV = "csv"
    """One row for each suggestion, for a spreadsheet."""
    PARQUET = "parquet"
    """The rows of the CSV with their types."""


TRAINING = frozenset(
    {ExportFormat.SFT, ExportFormat.PREFERENCE, ExportFormat.UNPAIRED, ExportFormat.RETRIEVAL}
)
"""The formats that a model is trained on; the others hold records to look at."""


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What one export wrote."""

    format: ExportFormat
    path: str
    card_path: str
    rows: int
    suggestions: int
    """Suggestions in the period, used or not."""
    skipped: Mapping[str, int] = field(default_factory=dict)
    """Why suggestions gave no row, in words, and how many each."""
    redacted: bool = True
    entities: Mapping[str, int] = field(default_factory=dict)
    """Kind of personal data to how often it was replaced."""
