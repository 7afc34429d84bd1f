"""What a reply must not say unseen: another person's data, links, advice, insults, leaks, the lead's rules.

Drafts get these marks when they are made, the window asks again while the agent writes, and nothing with a
blocking mark leaves through a service until the agent has confirmed it.
"""

from __future__ import annotations

import re
from collections.abc import Collection as Many
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from agent_assist.domain.asking import find_asking
from agent_assist.domain.facts import find_facts, find_promises
from agent_assist.domain.knowledge import Collection, Hit
from agent_assist.domain.privacy import PLACEHOLDER
from agent_assist.domain.prompt import Style, system_message
from agent_assist.domain.safety import find_unsafe, greeted
from agent_assist.domain.suggestion import Mark, MarkKind, Sentence, Suggestion, mark_id
from agent_assist.domain.support import evidence_for
from agent_assist.domain.text import split_sentences, words
from agent_assist.domain.ticket import QueueFilter, Ticket
from agent_assist.errors import Unconfirmed
from agent_assist.ports import KnowledgeRepository, Redactor
from agent_assist.services.events import Event, EventBus, KnowledgeChanged
from agent_assist.services.options import OptionsService
from agent_assist.services.safety.contacts import Contacts
from agent_assist.services.safety.policy import Applied, PolicyService
from agent_assist.services.tickets import TicketService

LONGEST = 50_000
"""Characters of a reply that are looked at; a pasted log is not searched for names."""

_READ = 20_000
"""Characters of a message in which the customer's own values are looked for."""

_LOOKED_UP = 8
"""Values of one reply that are looked for in other tickets."""

_RUN = re.compile(r"\d(?:[\d \u00a0().\-/]*\d)?")
_KINDS = {
    "EMAIL": "e-mail address",
    "PHONE": "telephone number",
    "CARD": "card number",
    "IBAN": "bank account",
    "ACCOUNT": "account number",
    "IP": "network address",
    "URL": "personal link",
    "NAME": "name",
    "ADDRESS": "address",
    "PASSWORD": "password",
}


@dataclass(frozen=True)
class Own:
    """What may stand in a reply: what this ticket says, and what the company says of itself."""

    text: str

    @cached_property
    def folded(self) -> str:
        return " ".join(self.text.casefold().split())

    @cached_property
    def words(self) -> frozenset[str]:
        return frozenset(words(self.text))

    @cached_property
    def digits(self) -> frozenset[str]:
        return frozenset(re.sub(r"\D", "", m.group()) for m in _RUN.finditer(self.text))

    def has(self, value: str, kind: str = "") -> bool:
        """Whether the value stands here, however it is spelt."""
        if value.casefold() in self.folded:
            return True
        if kind in ("NAME", "ADDRESS", "LOCATION"):
            parts = set(words(value))
            least = len(parts) if kind == "NAME" else 0.6 * len(parts)
            return len(parts & self.words) >= least
        digits = re.sub(r"\D", "", value)
        if len(digits) >= 4 and not re.search(r"@|://", value):
            # With or without the country's code: what counts is the rest of the number.
            bare = (run.lstrip("0") for run in self.digits)
            return any(run.endswith(digits) for run in self.digits) or (
                kind == "PHONE" and any(len(run) >= 7 and digits.endswith(run) for run in bare)
            )
        return False


class SafetyService:
    """Thread-safe.  A review takes milliseconds: call it off the UI thread."""

    def __init__(
        self,
        redactor: Redactor,
        tickets: TicketService,
        articles: KnowledgeRepository,
        options: OptionsService,
        events: EventBus,
        rules: PolicyService | None = None,
    ) -> None:
        self._redactor = redactor
        self._tickets = tickets
        self._articles = articles
        self._options = options
        self.rules = rules
        self._contacts = Contacts(articles, options)
        self._unsubscribe = events.subscribe(self._on_event)

    def close(self) -> None:
        self._unsubscribe()

    # --- what others call -------------------------------------------------------------------------

    def marked(self, ticket: Ticket, suggestion: Suggestion) -> Suggestion:
        """The suggestion with these marks laid over its sentences."""
        marks = self.review(ticket, suggestion.text, suggestion)
        return replace(suggestion, sentences=_laid_over(suggestion, marks)) if marks else suggestion

    def review(self, ticket: Ticket, text: str, suggestion: Suggestion | None = None) -> tuple[Mark, ...]:
        """The marks of a text as it stands, in order; `suggestion` is the draft that it started from."""
        text = text[:LONGEST]
        if not text.strip():
            return ()
        hits = suggestion.hits if suggestion is not None else ()
        language = (suggestion.language if suggestion is not None else ticket.language) or "en"
        approved = [
            f"{h.passage.title}\n{h.passage.text}" for h in hits if h.passage.collection != Collection.SOLVED
        ]
        reply = self._options.current.reply
        prompt = system_message(Style(reply.company, reply.voice)).content
        steer = suggestion.steer if suggestion is not None else ""
        marks = self._personal(ticket, text, hits, approved, steer, language)
        marks += find_unsafe(text, approved, prompt)
        marks += find_asking(text)
        marks += self._contacts.marks(text, self._own(ticket, (), steer))
        marks += _promises(text, hits, suggestion)
        if self.rules is not None:
            marks += self.rules.marks(ticket, text, language)
        return tuple(_settled(marks))

    def asked(self, ticket: Ticket, language: str) -> Applied:
        """What the lead's rules ask of this ticket, before a draft of it is written."""
        return self.rules.applied(ticket, language) if self.rules is not None else Applied()

    def require(
        self, ticket: Ticket, text: str, suggestion: Suggestion | None, confirmed: Many[str] = ()
    ) -> None:
        """Raise Unconfirmed where a blocking mark of the text is not among the confirmed ids."""
        wanting = [
            m
            for m in self.review(ticket, text, suggestion)
            if m.kind.blocks and mark_id(m, text) not in confirmed
        ]
        if wanting:
            first = wanting[0]
            said = " ".join(text[first.start : first.end].split())
            more = f" There are {len(wanting) - 1} more." if len(wanting) > 1 else ""
            raise Unconfirmed(f"“{said[:60]}”: {first.reason}{more}")

    # --- whose data -------------------------------------------------------------------------------

    def _personal(
        self,
        ticket: Ticket,
        text: str,
        hits: Sequence[Hit],
        approved: Sequence[str],
        steer: str,
        language: str,
    ) -> list[Mark]:
        own = self._own(ticket, approved, steer)
        solved = Own("\n".join(h.passage.text for h in hits if h.passage.collection == Collection.SOLVED))
        marks: list[Mark] = []
        for kind, start, end, _ in self._redactor.redact(text)[1]:
            value = text[start:end]
            if not own.has(value, kind) and not self._published(value, kind):
                what = _KINDS.get(kind, kind.replace("_", " ").lower())
                marks.append(Mark(MarkKind.PERSONAL, start, end, f"This {what} is not in this ticket."))
        marks += self._numbers(ticket, text, own, solved, language)
        marks += self._names(ticket, text, own, solved, language)
        marks += [
            Mark(MarkKind.NAME, m.start(), m.end(), "Something was taken out here: fill it in or remove it.")
            for m in PLACEHOLDER.finditer(text)
        ]
        return marks

    def _own(self, ticket: Ticket, approved: Iterable[str], steer: str) -> Own:
        reply = self._options.current.reply
        customer = ticket.customer
        return Own(
            "\n".join(
                (
                    customer.name,
                    customer.email,
                    customer.id,
                    ticket.id,
                    ticket.subject,
                    *(f"{k} {v}" for k, v in ticket.fields.items()),
                    *(f"{m.author}\n{m.text[:_READ]}\n{m.folded[:_READ]}" for m in ticket.messages[-300:]),
                    reply.company,
                    reply.signature,
                    steer,
                    *approved,
                )
            )
        )

    def _published(self, value: str, kind: str) -> bool:
        """Whether the company's own articles or macros have it: its hotline, its address."""
        ids = [i for i, _ in self._articles.lexical_search(value, 6)]
        found = self._articles.passages(ids).values()
        texts = (f"{p.title} {p.text} {p.url}" for p in found if p.collection != Collection.SOLVED)
        return any(Own(t).has(value, kind) for t in texts)

    def _numbers(self, ticket: Ticket, text: str, own: Own, solved: Own, language: str) -> Iterable[Mark]:
        """Order numbers and the like that stand in what was written for another customer."""
        facts = [f for f in find_facts(text, language) if f.kind is MarkKind.NUMBER]
        looked = 0
        for fact in facts:
            digits = sum(c.isdigit() for c in fact.text)
            if digits < 4 or (digits < 6 and fact.what != "code") or own.has(fact.text):
                continue
            looked += 1
            if solved.has(fact.text) or (looked <= _LOOKED_UP and self._elsewhere(ticket, fact.text)):
                reason = "This number belongs to another customer's ticket."
                yield Mark(MarkKind.PERSONAL, fact.start, fact.end, reason)

    def _names(self, ticket: Ticket, text: str, own: Own, solved: Own, language: str) -> Iterable[Mark]:
        known = own.words
        at = greeted(text)
        stranger = at is not None and not set(words(text[at[0] : at[1]])) & known
        if at and stranger and (ticket.customer.name.strip() or solved.has(text[at[0] : at[1]], "NAME")):
            yield Mark(MarkKind.PERSONAL, *at, "The greeting names someone who is not in this ticket.")
        names = [f for f in find_facts(text, language) if f.kind is MarkKind.NAME]
        looked = 0
        for fact in names:
            if len(fact.text) < 3 or set(words(fact.text)) & known:
                continue
            follows = next((n for n in names if n.start == fact.end + 1), None)
            full = f"{fact.text} {follows.text}" if follows is not None else ""
            if solved.has(fact.text, "NAME") and not self._published(fact.text, "NAME"):
                yield Mark(
                    MarkKind.PERSONAL, fact.start, fact.end, "This name is from another customer's ticket."
                )
            elif full and looked < _LOOKED_UP:
                looked += 1
                if self._another_customer(ticket, full):
                    end = follows.end if follows is not None else fact.end
                    yield Mark(MarkKind.PERSONAL, fact.start, end, "This is the name of another customer.")

    def _elsewhere(self, ticket: Ticket, value: str) -> bool:
        rows = self._tickets.queue(QueueFilter(text=value, status=None, limit=5))
        others = (self._tickets.get(r.id) for r in rows if r.id != ticket.id)
        return any(o is not None and self._own(o, (), "").has(value) for o in others)

    def _another_customer(self, ticket: Ticket, name: str) -> bool:
        rows = self._tickets.queue(QueueFilter(text=name, status=None, limit=5))
        wanted = set(words(name))
        return any(r.id != ticket.id and wanted <= set(words(r.customer_name)) for r in rows)

    def _on_event(self, event: Event) -> None:
        if isinstance(event, KnowledgeChanged):
            self._contacts.forget()


# --- marks ----------------------------------------------------------------------------------------


def _promises(text: str, hits: Sequence[Hit], suggestion: Suggestion | None) -> list[Mark]:
    """Promises that no passage makes, in what the agent wrote; a draft's own were marked by the check."""
    if suggestion is not None and suggestion.text == text:
        return []
    said = (suggestion.steer,) if suggestion is not None and suggestion.steer else ()
    actions = evidence_for(hits, said=said).actions
    return [
        Mark(
            MarkKind.PROMISE,
            span.start + p.start,
            span.start + p.end,
            "This is a promise that no passage makes.",
        )
        for span in split_sentences(text)
        for p in find_promises(span.text)
        if not p.actions <= actions
    ]


def _settled(marks: Iterable[Mark]) -> list[Mark]:
    """In order; of two over each other the blocking one stays, else the longer one."""
    kept: list[Mark] = []
    for mark in sorted(marks, key=lambda m: (not m.kind.blocks, -(m.end - m.start))):
        if mark.start < mark.end and not any(mark.start < k.end and k.start < mark.end for k in kept):
            kept.append(mark)
    return sorted(kept, key=lambda m: m.start)


def _laid_over(suggestion: Suggestion, marks: Sequence[Mark]) -> tuple[Sentence, ...]:
    """The sentences with the further marks; one that blocks takes the place of what it overlaps."""
    left = list(marks)
    made: list[Sentence] = []
    for number, sentence in enumerate(suggestion.sentences):
        last = number == len(suggestion.sentences) - 1
        own = [m for m in left if m.start < sentence.end or last]
        left = [m for m in left if m not in own]
        if not own:
            made.append(sentence)
            continue
        before = [
            m
            for m in sentence.marks
            if not any(
                o.start < m.end and m.start < o.end and (o.kind.blocks or o.kind is m.kind) for o in own
            )
        ]
        both = tuple(sorted((*before, *own), key=lambda m: m.start))
        made.append(replace(sentence, marks=both, supported=False))
    return tuple(made)
