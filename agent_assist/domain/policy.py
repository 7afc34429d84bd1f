"""The rules that a lead writes for replies: when each holds, and what it asks for."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Pattern:
    """Words, or a regular expression where `regex` is true."""

    text: str
    regex: bool = False


@dataclass(frozen=True, slots=True)
class When:
    """All that is given must hold; of several patterns or values one is enough."""

    patterns: tuple[Pattern, ...] = ()
    """Looked for in the customer's open messages and the subject."""
    intents: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PolicyRule:
    """One rule of policy.yaml."""

    id: str
    line: int
    """Of the file, from 1."""
    when: When = When()
    say: str = ""
    """Added to a draft that does not say it yet."""
    must_say: tuple[Pattern, ...] = ()
    """A reply has to have each of these."""
    must_not: tuple[Pattern, ...] = ()
    """A reply may have none of these."""
    hand_over: bool = False
    """The ticket goes to a person instead of being answered."""
    reason: str = ""
    """Shown to the agent."""
    begins: date | None = None
    """The first day on which it holds."""
    ends: date | None = None
    """The last day on which it holds."""

    def holds_on(self, day: date) -> bool:
        return (self.begins is None or self.begins <= day) and (self.ends is None or day <= self.ends)


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a policy file, and where."""

    line: int
    sentence: str

    def __str__(self) -> str:
        return f"Line {self.line}: {self.sentence}"


@dataclass(frozen=True, slots=True)
class Policy:
    """What the policy file says, as far as it can be read."""

    rules: tuple[PolicyRule, ...] = ()
    faults: tuple[Fault, ...] = ()
    """Rules with a fault are left out of `rules`; the others hold."""
    held_back: bool = False
    """Whether the file says something else that waits for somebody who may edit the policy."""


def folded(text: str) -> str:
    """For comparing words: lower case, no accents, plain apostrophes; as many characters as the text."""
    return "".join(_fold(c) for c in text)


def _fold(character: str) -> str:
    if character.isascii():
        return character.lower()
    if character in "’‘":
        return "'"
    base = unicodedata.normalize("NFD", character)[0].lower()
    return base if len(base) == 1 else character


def words_pattern(words: str) -> str:
    """A regular expression for folded text that finds these words as whole ones; * stands for any ending."""
    parts = [re.escape(part).replace(r"\*", r"\w*") for part in folded(words).split()]
    return r"(?<!\w)" + r"\s+".join(parts) + r"(?!\w)"


def holding(rules: Iterable[PolicyRule], day: date) -> list[PolicyRule]:
    """The rules that hold on this day, in the file's order."""
    return [rule for rule in rules if rule.holds_on(day)]
