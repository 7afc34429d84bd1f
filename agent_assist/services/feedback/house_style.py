"""House style learnt from edits at once: how the team greets, opens, offers help and closes.

Nothing is trained: what agents send is counted, in a window, by channel and language.  A habit is kept beside
the remembered edits, where a person sees it, switches it off or removes it; one that was refused does not
come back.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping
from datetime import timedelta
from itertools import islice
from typing import Final

from agent_assist.domain.composing import first_name
from agent_assist.domain.feedback import Action, Outcome, OutcomeKind
from agent_assist.domain.house import (
    PLAIN,
    WINDOW,
    Frame,
    Seen,
    Style,
    habit,
    may_be_said,
    own_phrase,
    parts_of,
    seen_in,
    style_of,
)
from agent_assist.domain.remembered import Rule, RuleState
from agent_assist.domain.suggestion import Decision, Suggestion
from agent_assist.domain.ticket import Channel
from agent_assist.ports import Clock, Redactor, RememberedRepository, SuggestionRepository
from agent_assist.services.events import Event, EventBus, RulesChanged
from agent_assist.services.options import OptionsService
from agent_assist.services.tickets import TicketService

_LOOKED_AT: Final = 100
"""Drafts that are looked through for the newest replies of a channel and language."""
_DAYS: Final = 90
"""How far back: what was usual before a change of style is no habit."""
_SENT: Final = frozenset({OutcomeKind.ACCEPTED, OutcomeKind.EDITED, OutcomeKind.REWRITTEN})
_WHAT: Final = {
    Frame.GREETING: "The greeting by name",
    Frame.GREETING_NOBODY: "The greeting without a name",
    Frame.OPENING: "What stands before the answer",
    Frame.OFFER: "What stands after the answer",
    Frame.CLOSING: "The closing",
}


class HouseStyle:
    """Thread-safe."""

    def __init__(
        self,
        repository: RememberedRepository,
        suggestions: SuggestionRepository,
        tickets: TicketService,
        redactor: Redactor,
        options: OptionsService,
        events: EventBus,
        clock: Clock,
    ) -> None:
        self._repository = repository
        self._suggestions = suggestions
        self._tickets = tickets
        self._redactor = redactor
        self._options = options
        self._events = events
        self._clock = clock
        self._lock = threading.RLock()
        self._known: dict[tuple[str, str], Style] | None = None
        self._unsubscribe = events.subscribe(self._on_event)

    def close(self) -> None:
        self._unsubscribe()

    def of(self, channel: Channel, language: str) -> Style:
        """How replies are worded here: by habits that are in use, read once and again when one changes."""
        with self._lock:
            if self._known is None:
                habits: dict[tuple[str, str], dict[Frame, str]] = {}
                for rule in self._repository.all((RuleState.ACTIVE,)):
                    if rule.style:
                        habits.setdefault((rule.channel, rule.language), {})[Frame(rule.style)] = rule.after
                self._known = {place: style_of(parts) for place, parts in habits.items()}
            return self._known.get((channel.value, _short(language)), PLAIN)

    def learn(self, channel: str, language: str) -> list[Rule]:
        """Count again what this channel's replies in this language have in common; returns new habits."""
        language = _short(language)
        if channel not in set(Channel):
            return []
        learnt: list[Rule] = []
        with self._lock:
            active = self._repository.all((RuleState.ACTIVE,))
            in_use = {r.style: r for r in active if _is_at(r, channel, language)}
            for part, seen in self._seen(Channel(channel), language).items():
                old = in_use.get(part.value)
                own = own_phrase(part, Channel(channel), language)
                phrase = habit(seen, own, old.after if old else None)
                if phrase == (old.after if old else None):
                    continue
                rule = self._rule(part, channel, language, own, phrase, seen) if phrase is not None else None
                if rule and (self._repository.get(rule.id) or not self._is_anybodys(phrase or "")):
                    continue  # a person refused it, or it has somebody's data
                if old is not None:
                    self._repository.forget(old.id)
                if rule is not None:
                    self._repository.save(rule)
                    learnt.append(rule)
                self._known = None
        for rule in learnt:
            said = f"“{rule.after}”" if rule.after else "left out"
            self._events.publish(
                RulesChanged(f"{rule.question}: drafts have it as your team sends it from now on, {said}.")
            )
        return learnt

    def _seen(self, channel: Channel, language: str) -> dict[Frame, list[Seen]]:
        """The newest replies, part by part, each ticket once."""
        found: dict[Frame, list[Seen]] = {part: [] for part in Frame}
        tickets: set[str] = set()
        since = self._clock.now() - timedelta(days=_DAYS)
        for suggestion, outcome in islice(self._suggestions.history(since, newest_first=True), _LOOKED_AT):
            if outcome is None or suggestion.ticket_id in tickets or not _counts(suggestion, outcome):
                continue
            if suggestion.channel != channel.value or _short(suggestion.language) != language:
                continue
            tickets.add(suggestion.ticket_id)
            for part, seen in self._read(suggestion, outcome, channel, language).items():
                found[part].append(seen)
            if len(tickets) >= 2 * WINDOW:
                break
        return found

    def _read(
        self, suggestion: Suggestion, outcome: Outcome, channel: Channel, language: str
    ) -> Mapping[Frame, Seen]:
        ticket = self._tickets.get(suggestion.ticket_id)
        if ticket is None:
            return {}
        name = first_name(ticket.customer.name)
        signature = self._options.current.reply.signature
        draft, sent = (
            parts_of(text, channel, language, name=name, signature=signature)
            for text in (suggestion.text, outcome.final_text)
        )
        return seen_in(draft, sent, ticket.customer.name)

    def _rule(
        self, part: Frame, channel: str, language: str, own: str, phrase: str, seen: list[Seen]
    ) -> Rule:
        newest = seen[:WINDOW]
        times = sum(s.phrase == phrase for s in newest)
        digest = hashlib.sha256(f"{channel}\0{language}\0{part}\0{phrase}".encode()).hexdigest()
        left_out = "" if phrase else " It is left out."
        return Rule(
            id=f"style-{digest[:16]}",
            ticket_id="",
            state=RuleState.ACTIVE,
            created_at=self._clock.now(),
            language=language,
            question=f"{_WHAT[part]}, {channel}, {language}",
            before=own,
            after=phrase,
            why=f"{times} of the last {len(newest)} replies have it so.{left_out}",
            style=part.value,
            channel=channel,
        )

    def _is_anybodys(self, phrase: str) -> bool:
        """Whether the redaction finds nothing in it, and it may be said to every customer."""
        return may_be_said(phrase) and not self._redactor.redact_all([phrase], [])[0][1]

    def _on_event(self, event: Event) -> None:
        if isinstance(event, RulesChanged):
            with self._lock:
                self._known = None


def _counts(suggestion: Suggestion, outcome: Outcome) -> bool:
    """Whether a reply shows how the team words an answer."""
    sent = outcome.kind in _SENT and outcome.action is not Action.NONE
    return sent and suggestion.decision is Decision.DRAFT and bool(outcome.final_text.strip())


def _is_at(rule: Rule, channel: str, language: str) -> bool:
    return bool(rule.style) and (rule.channel, rule.language) == (channel, language)


def _short(language: str) -> str:
    return language[:2].casefold()
