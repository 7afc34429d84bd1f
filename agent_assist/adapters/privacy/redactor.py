"""Whole tickets, and texts with what came before them: rules, what the ticket knows, and the classifier.

A plain object without files, workers or a window: exports, the command line, imports of solved tickets and
`training/` use the same one.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final, Protocol

from agent_assist.adapters.privacy.asked import answers, asked_for, typed
from agent_assist.adapters.privacy.company import CompanyPatterns
from agent_assist.adapters.privacy.normal import Folded, folded
from agent_assist.adapters.privacy.people import addresses, names
from agent_assist.adapters.privacy.placeholders import (
    Entity,
    Found,
    Numbering,
    filled,
    restore,
    without_overlaps,
)
from agent_assist.adapters.privacy.plausible import is_foreign, plausible
from agent_assist.adapters.privacy.presidio import national_ids
from agent_assist.adapters.privacy.rules import known_pattern, named, personal_numbers, sure_first
from agent_assist.adapters.privacy.spoken import labelled_numbers, spoken
from agent_assist.domain.privacy import PLACEHOLDER, ticket_values
from agent_assist.domain.ticket import Customer, Role, Ticket
from agent_assist.settings import Settings

log = logging.getLogger(__name__)

_MOST_TAGGED: Final = 200_000
"""Characters of one text that the classifier reads; rules read all of it."""
_PART: Final = 32_768
"""Characters that rules read in one go."""
_SHORT: Final = 12
"""Words below which a text has the language of its ticket."""
_LOOK_BACK: Final = 6
"""Messages in which the question is looked for that a message answers."""


class Names(Protocol):
    """The classifier, as the redactor sees it."""

    def tag(
        self,
        texts: Sequence[str],
        contexts: Sequence[str] | None = None,
        foreign: Sequence[bool] | None = None,
    ) -> list[list[Found]]: ...


@dataclass(frozen=True, slots=True)
class RedactedTicket:
    """A ticket whose texts hold placeholders, and where they stand in the original ones."""

    ticket: Ticket
    entities: tuple[tuple[Entity, ...], ...]
    """Of each message's text, in order."""
    subject_entities: tuple[Entity, ...]
    mapping: dict[str, str]
    """What each placeholder stands for.  Never stored with the redacted ticket."""

    def restore(self, text: str) -> str:
        """A draft made from the redacted ticket, as the agent sees it."""
        return restore(text, self.mapping)


class TicketRedactor:
    """Implements ports.Redactor; thread-safe."""

    def __init__(
        self,
        tagger: Callable[[], Names] | None = None,
        patterns: Callable[[], str] = lambda: "",
        presidio: Callable[[], bool] = lambda: True,
        company: Callable[[], str] = lambda: "",
    ) -> None:
        """`tagger` gives the classifier when it is first needed; None means rules only.

        `patterns` gives the company's own patterns, as `privacy.patterns` holds them; `presidio` says
        whether Presidio looks for identity numbers, too; `company` gives the company's own name, which
        is nobody's.
        """
        self._make = tagger
        self._tagger: Names | None = None
        self._patterns = patterns
        self._presidio = presidio
        self._own = company

    def redact(self, text: str, known: Sequence[tuple[str, str]] = ()) -> tuple[str, list[Entity]]:
        return self.redact_all([text], known)[0]

    def redact_all(
        self, texts: Sequence[str], known: Sequence[tuple[str, str]] = ()
    ) -> list[tuple[str, list[Entity]]]:
        """Texts of one ticket in their order, with one numbering; each is read with the one before it."""
        return self._together(texts, known)[0]

    def redact_each(self, texts: Sequence[str]) -> list[tuple[str, list[Entity]]]:
        """Texts that have nothing to do with each other: each with its own numbering."""
        found = self._find(texts, [""] * len(texts), ())
        return [Numbering(None, (t,)).replaced(t, f) for t, f in zip(texts, found, strict=True)]

    def redact_ticket(self, ticket: Ticket) -> RedactedTicket:
        """Subject, messages (with their folded parts and authors), customer and fields."""
        known = ticket_values(ticket)
        texts = [ticket.subject, *(m.text for m in ticket.messages), *(m.folded for m in ticket.messages)]
        befores = ["", *_befores(ticket), *("" for _ in ticket.messages)]
        results, numbers = self._together(texts, known, befores)
        count = len(ticket.messages)
        messages = tuple(
            replace(
                m,
                text=results[1 + n][0],
                folded=results[1 + count + n][0],
                author=numbers.placeholder("NAME", m.author) if m.author.strip() else "",
                attachments=(),  # their names are free text
            )
            for n, m in enumerate(ticket.messages)
        )
        customer = ticket.customer
        hidden = Customer(
            numbers.placeholder("CUSTOMER_ID", customer.id) if customer.id else "",
            numbers.placeholder("NAME", customer.name) if customer.name else "",
            numbers.placeholder("EMAIL", customer.email) if customer.email else "",
        )
        values = {v: k for k, v in reversed(known)}
        fields = {
            name: numbers.placeholder(values[value.strip()], value) if value.strip() in values else value
            for name, value in ticket.fields.items()
        }
        made = replace(ticket, subject=results[0][0], messages=messages, customer=hidden, fields=fields)
        entities = tuple(tuple(results[1 + n][1]) for n in range(count))
        return RedactedTicket(made, entities, tuple(results[0][1]), numbers.mapping)

    def _together(
        self, texts: Sequence[str], known: Sequence[tuple[str, str]], befores: Sequence[str] | None = None
    ) -> tuple[list[tuple[str, list[Entity]]], Numbering]:
        """One numbering for all; a name found in one text is looked for in the others."""
        found = self._find(texts, ["", *texts[:-1]] if befores is None else befores, known, together=True)
        heard = dict.fromkeys(
            text[start:end].strip()
            for text, spans in zip(texts, found, strict=True)
            for kind, start, end in spans
            if kind == "NAME" and _tells(text[start:end])
        )
        given = known_pattern(tuple(known))[1]
        more = [("NAME", v) for v in heard if " ".join(v.casefold().split()) not in given]
        everything = [*known, *more[:200]]
        if more and len(texts) > 1:
            pattern, wholes = known_pattern(tuple(everything))
            for n, text in enumerate(texts):
                plain = folded(text)
                again = plain.back_all(named(plain.text, pattern, wholes))
                found[n] = filled(text, found[n], again)
        numbers = Numbering(known_pattern(tuple(everything))[1], texts)
        return [numbers.replaced(t, f) for t, f in zip(texts, found, strict=True)], numbers

    def _find(
        self,
        texts: Sequence[str],
        befores: Sequence[str],
        known: Sequence[tuple[str, str]],
        together: bool = False,
    ) -> list[list[Found]]:
        company = CompanyPatterns.read(self._patterns())
        plains = [folded(t) for t in texts]
        questions = [folded(b[-2000:]).text for b in befores]
        asked = [asked_for(q) if q else () for q in questions]
        found = [self._by_rules(p, known, company, a) for p, a in zip(plains, asked, strict=True)]
        if self._make is not None:
            if self._tagger is None:
                self._tagger = self._make()
            read = [p.text[:_MOST_TAGGED] for p in plains]
            own = self._own()
            tagged = self._tagger.tag(read, questions, _foreign(read, together))
            found = [
                filled(
                    p.text, f, plausible(p.text, typed(p.text, _outside_placeholders(p.text, t), a), q, own)
                )
                for p, f, t, a, q in zip(plains, found, tagged, asked, questions, strict=True)
            ]
        return [p.back_all(f) for p, f in zip(plains, found, strict=True)]

    def _by_rules(
        self,
        plain: Folded,
        known: Sequence[tuple[str, str]],
        company: CompanyPatterns,
        asked: Sequence[str],
    ) -> list[Found]:
        pattern, wholes = known_pattern(tuple(known))
        presidio = self._presidio()
        found: list[Found] = []
        for start, part in _parts(plain.text):
            here = [
                *company.find(part),
                *sure_first(part),
                *named(part, pattern, wholes),
                *_likely(part, presidio),
                *answers(part, asked),
            ]
            found += [(k, s + start, e + start) for k, s, e in without_overlaps(here)]
        return found


def _befores(ticket: Ticket) -> list[str]:
    """For each message what it answers: the last message of the other side, else the message before it."""
    befores = []
    for n, message in enumerate(ticket.messages):
        public = [m for m in ticket.messages[max(0, n - _LOOK_BACK) : n] if m.role is not Role.NOTE]
        other = next((m.text for m in reversed(public) if m.role is not message.role), None)
        before = ticket.messages[n - 1].text if n else ticket.subject
        befores.append(before if other is None else other)
    return befores


def _foreign(texts: Sequence[str], together: bool) -> list[bool]:
    """Which texts are not English; those of one ticket tell it of each other where one is short."""
    foreign = [is_foreign(t) for t in texts]
    if not (together and any(foreign)):
        return foreign
    whole = is_foreign("\n".join(t[:400] for t in texts))
    return [own or (whole and len(t.split()) < _SHORT) for own, t in zip(foreign, texts, strict=True)]


def _outside_placeholders(text: str, found: Sequence[Found]) -> list[Found]:
    """Without the names that the classifier takes placeholders for."""
    if "[" not in text:
        return list(found)
    taken = [m.span() for m in PLACEHOLDER.finditer(text)]
    return [f for f in found if not any(f[1] < end and start < f[2] for start, end in taken)]


def _likely(text: str, presidio: bool) -> Iterable[Found]:
    """From the surest to the loosest."""
    digit = any(c.isdigit() for c in text)
    yield from spoken(text)
    if digit:
        if presidio:
            yield from national_ids(text)
        yield from personal_numbers(text)
        yield from addresses(text)
        yield from labelled_numbers(text)
    yield from names(text)


def _parts(text: str) -> Iterable[tuple[int, str]]:
    """Long texts cut at blanks: overlaps are looked for among thousands of spans, not among millions."""
    at = 0
    while at < len(text):
        end = len(text)
        if end - at > _PART:
            cut = max(
                text.rfind("\n", at + _PART // 2, at + _PART), text.rfind(" ", at + _PART - 2048, at + _PART)
            )
            end = cut + 1 if cut > at else at + _PART
        yield at, text[at:end]
        at = end


def _tells(name: str) -> bool:
    """Whether a name found in one text may be looked for in the others: "may" or "ed" would hit too much."""
    return len(name) > 3 and (name[:1].isupper() or " " in name.strip()) and "\n" not in name


def packaged_redactor(options: Callable[[], Settings], *, rules_only: bool = False) -> TicketRedactor:
    """With the classifier that comes with the application, and the settings as they are when it redacts."""
    return TicketRedactor(
        None if rules_only else packaged_tagger,
        lambda: options().privacy.patterns,
        lambda: options().privacy.presidio,
        lambda: options().reply.company,
    )


@lru_cache(maxsize=1)
def packaged_tagger() -> Names:
    """The classifier that comes with the application.  Raises EncoderMissing or ModelDamaged."""
    from agent_assist.adapters.knowledge.embedding import DEFAULT_ENCODER, find_encoder
    from agent_assist.adapters.privacy.tagger import Tagger
    from agent_assist.resources import resource

    return Tagger(find_encoder(DEFAULT_ENCODER), resource("privacy"))
