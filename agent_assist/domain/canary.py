"""How a challenger does beside the model in use, on tickets that chance gave to each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agent_assist.domain.model import Canary

SLOWEST = 1.5
"""Median time of a draft, as a ratio to that of the model in use."""
ENOUGH = 20
"""Drafts of each side from which times are compared."""


@dataclass(frozen=True, slots=True)
class Arm:
    """One side."""

    name: str
    drafts: int = 0
    decided: int = 0
    accepted: int = 0
    """Sent as they were, or with less than 40 % changed."""
    edit_costs: tuple[float, ...] = ()
    """Share of the characters changed, of each that was sent."""
    milliseconds: tuple[float, ...] = ()
    """Of each draft, from asking for it to its end."""

    @property
    def acceptance(self) -> float | None:
        return self.accepted / self.decided if self.decided else None

    @property
    def edit_cost(self) -> float | None:
        return sum(self.edit_costs) / len(self.edit_costs) if self.edit_costs else None

    @property
    def median_ms(self) -> float | None:
        return sorted(self.milliseconds)[len(self.milliseconds) // 2] if self.milliseconds else None


@dataclass(frozen=True, slots=True)
class CanaryReport:
    """Both sides since the canary began, as the page Learning and `agent-assist model canary` show them."""

    canary: Canary
    champion: Arm
    challenger: Arm
    acceptance_gain: tuple[float, float] | None = None
    """95 % interval of the difference of the acceptances (challenger less champion)."""
    problems: Sequence[str] = ()
    """Guards that do not hold, in sentences."""


def difference_of_shares(one: Arm, other: Arm) -> tuple[float, float] | None:
    """95 % interval of other's acceptance less one's; None where a side has decided nothing.

    Newcombe's hybrid score interval (1998, method 10), which holds for small counts.
    """
    if not one.decided or not other.decided:
        return None
    p, low1, high1 = _wilson(one.accepted, one.decided)
    q, low2, high2 = _wilson(other.accepted, other.decided)
    gain = q - p
    below = ((q - low2) ** 2 + (high1 - p) ** 2) ** 0.5
    above = ((high2 - q) ** 2 + (p - low1) ** 2) ** 0.5
    return gain - below, gain + above


def _wilson(hits: int, count: int) -> tuple[float, float, float]:
    """(share, low, high), Wilson 1927, at 95 %."""
    z, p = 1.959964, hits / count
    middle = (p + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * (p * (1 - p) / count + z * z / (4 * count * count)) ** 0.5
    return p, max(0.0, middle - half), min(1.0, middle + half)


def problems_of(canary: Canary, champion: Arm, challenger: Arm) -> list[str]:
    """Guards that do not hold."""
    found = []
    if canary.failures:
        drafts = "draft" if canary.failures == 1 else "drafts"
        found.append(f"It broke down on {canary.failures} {drafts}.")
    old, new = champion.median_ms, challenger.median_ms
    enough = min(champion.drafts, challenger.drafts) >= ENOUGH
    if enough and old and new and new > SLOWEST * old:
        found.append(f"It is slower: {new / 1000:.1f} s a draft, {old / 1000:.1f} s before.")
    gain = difference_of_shares(champion, challenger)
    if gain is not None and gain[1] < 0:
        found.append("Agents accept fewer of its drafts.")
    return found
