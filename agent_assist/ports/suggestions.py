"""Drafts, what became of them, and agents' edits that are remembered as rules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Protocol

from agent_assist.domain.feedback import Outcome, OutcomeKind
from agent_assist.domain.remembered import Rule, RuleState
from agent_assist.domain.suggestion import Decision, Suggestion


class SuggestionRepository(Protocol):
    """Suggestions and what became of them.  A returned call is on the disk (synchronous=FULL)."""

    def count(self) -> int:
        """How many suggestions are kept, decided or not."""

    def tally(self) -> dict[tuple[OutcomeKind, Decision], int]:
        """How many outcomes of each kind there are, by what the suggestion was."""

    def save(self, suggestion: Suggestion) -> None:
        """Insert or replace by id."""

    def get(self, suggestion_id: str) -> Suggestion | None:
        """None where it was not saved, or its time of keeping is over."""

    def record(self, outcome: Outcome) -> None:
        """Save or replace the outcome of one suggestion."""

    def outcome(self, suggestion_id: str) -> Outcome | None:
        """None where nothing was recorded of it yet."""

    def history(
        self,
        since: datetime | None = None,
        until: datetime | None = None,
        team: str | None = None,
        *,
        newest_first: bool = False,
    ) -> Iterator[tuple[Suggestion, Outcome | None]]:
        """From `since` up to, not including, `until`; a team's are those that it decided."""

    def outcomes(
        self, since: datetime | None = None, until: datetime | None = None, team: str | None = None
    ) -> Iterator[tuple[Decision, Outcome | None]]:
        """As history, oldest first, with no more of the suggestion than its decision: for counting."""


class RememberedRepository(Protocol):
    """Agents' edits as rules, whatever their state."""

    def save(self, rule: Rule) -> None:
        """Insert or replace."""

    def get(self, rule_id: str) -> Rule | None:
        """None where there is no such rule."""

    def all(self, states: Iterable[RuleState] | None = None) -> list[Rule]:
        """Those in these states, or all, newest first."""

    def forget(self, rule_id: str) -> None:
        """Remove the row: the edit may become a rule again."""
