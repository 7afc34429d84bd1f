"""The lead's rules at work: before a draft is written, and on every reply."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from typing import Protocol

import regex

from agent_assist.domain.policy import Pattern, Policy, PolicyRule, folded, holding, words_pattern
from agent_assist.domain.suggestion import Mark, MarkKind
from agent_assist.domain.text import split_sentences, visible
from agent_assist.domain.ticket import Role, Ticket
from agent_assist.errors import AgentAssistError
from agent_assist.ports import Clock

log = logging.getLogger(__name__)

TIME_LIMIT = 0.05
"""Seconds that one expression may take on one text; an expression that needs longer counts as found."""
LONGEST = 20_000
"""Characters of a text that are looked at."""


class PolicySource(Protocol):
    """Where the rules come from: a file of the workspace."""

    def changed(self) -> object:
        """Another value whenever the rules may be others; cheap."""

    def read(self) -> Policy:
        """Raises BadInput where nothing can be read."""


@dataclass(frozen=True, slots=True)
class Applied:
    """What the rules ask of one ticket."""

    rules: tuple[PolicyRule, ...] = ()
    slow: tuple[str, ...] = ()
    """Ids of rules with an expression that took too long."""

    @property
    def hand_over(self) -> PolicyRule | None:
        """The first rule that gives the ticket to a person."""
        return next((rule for rule in self.rules if rule.hand_over), None)

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences for the agent."""
        return tuple(f"Your team's rule “{i}” took too long to check and counts as met." for i in self.slow)

    @property
    def says(self) -> tuple[str, ...]:
        """What the reply has to say, each sentence once, in the order of the rules."""
        return tuple(dict.fromkeys(rule.say for rule in self.rules if rule.say))


class PolicyService:
    """Thread-safe.  Rules with a fault are left out; the others hold."""

    def __init__(self, source: PolicySource, clock: Clock) -> None:
        self._source = source
        self._clock = clock
        self._lock = threading.Lock()
        self._seen: object = self  # no state of a file is equal to it, not even that there is none
        self._policy = Policy()

    def policy(self) -> Policy:
        """The rules as they are now; the last readable ones where the file cannot be read."""
        with self._lock:
            seen = self._source.changed()
            if seen != self._seen:
                try:
                    self._policy = self._source.read()
                    self._seen = seen
                except AgentAssistError:
                    log.warning("the policy could not be read", exc_info=True)
            return self._policy

    def applied(self, ticket: Ticket, language: str = "") -> Applied:
        """The rules that hold for this ticket today."""
        day = self._clock.now().astimezone().date()
        rules = holding(self.policy().rules, day)
        if not rules:
            return Applied()
        asked = _asked(ticket)
        kept: list[PolicyRule] = []
        slow: list[str] = []
        for rule in rules:
            when = rule.when
            if when.channels and ticket.channel.value not in when.channels:
                continue
            if when.languages and (language or ticket.language or "")[:2].lower() not in when.languages:
                continue
            if when.intents and not _intents(ticket) & set(when.intents):
                continue
            if when.patterns:
                places = [_search(p, asked) for p in when.patterns]
                if any(isinstance(p, _TooSlow) for p in places):
                    slow.append(rule.id)
                if not any(places):
                    continue
            kept.append(rule)
        return Applied(tuple(kept), tuple(slow))

    def marks(self, ticket: Ticket, text: str, language: str) -> list[Mark]:
        """What in a reply is against a rule, or lacks what one asks for."""
        found: list[Mark] = []
        text = text[:LONGEST]
        for rule in self.applied(ticket, language).rules:
            for pattern in rule.must_not:
                place = _search(pattern, text)
                if place:
                    found.append(
                        _mark(place.start, place.end, rule, f"Rule “{rule.id}” does not allow this.")
                    )
            missing = [p for p in rule.must_say if not _search(p, text)]
            if missing:
                spans = split_sentences(text)
                last = spans[-1] if spans else None
                start, end = (last.start, last.end) if last else (0, len(text))
                wanted = "an expression" if missing[0].regex else f"“{missing[0].text}”"
                found.append(_mark(start, end, rule, f"Rule “{rule.id}” asks that the reply says {wanted}."))
        return found


def _mark(start: int, end: int, rule: PolicyRule, sentence: str) -> Mark:
    return Mark(MarkKind.POLICY, start, end, f"{sentence} {rule.reason}".strip())


@dataclass(frozen=True, slots=True)
class _Place:
    start: int
    end: int


class _TooSlow(_Place):
    """The expression needed too long: the whole text counts as found, so that nobody gets past a rule by
    writing what slows it."""

    __slots__ = ()


def _search(pattern: Pattern, text: str) -> _Place | None:
    source = pattern.text if pattern.regex else words_pattern(pattern.text)
    try:
        match = regex.search(
            source, text if pattern.regex else folded(text), flags=regex.IGNORECASE, timeout=TIME_LIMIT
        )
    except TimeoutError:
        return _TooSlow(0, len(text))
    if match is None:
        return None
    return _Place(match.start(), match.end())


def _asked(ticket: Ticket) -> str:
    messages = ticket.open_customer_messages or tuple(
        m for m in ticket.messages[-3:] if m.role is Role.CUSTOMER
    )
    return visible("\n".join((ticket.subject, *(m.text for m in messages))))[:LONGEST]


def _intents(ticket: Ticket) -> set[str]:
    """The intent that the helpdesk or triage gave the ticket: a field of that name, or a tag."""
    given = {value.casefold() for key, value in ticket.fields.items() if key.casefold() == "intent"}
    return given | {tag.casefold() for tag in ticket.tags}
