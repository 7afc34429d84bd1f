"""Mails put together as conversations: by what they refer to, else by subject and correspondent.

A conversation's id is made of its first mail's Message-ID, which all later ones carry on: it stays the
same when the server numbers its mails anew, and when the first mail itself is gone.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta

from agent_assist.adapters.helpdesks.mail_message import Envelope

SAME_SUBJECT_WITHIN = timedelta(days=30)
_ANSWER = re.compile(
    r"\s*+(?:(?:re|aw|antw|antwort|sv|vs|ref|odp|rif|res|r|ynt|vá|回复|回覆|答复|返信)(?:\[\d+\]|\(\d+\))?\s?[:：]\s*+)+",
    re.IGNORECASE,
)
_FORWARD = re.compile(r"\s*+(?:(?:fwd?|wg|tr|rv|i|enc|doorst|pd|vb|vl|ilt|转发)\s?[:：]\s*+)+", re.IGNORECASE)


def bare_subject(subject: str) -> tuple[str, bool]:
    """The subject without "Re:" and the like in any of their languages, and whether one stood there."""
    bare, answer = subject, False
    for _ in range(20):
        match = _ANSWER.match(bare)
        other = None if match else _FORWARD.match(bare)
        if match is None and other is None:
            break
        bare = bare[(match or other).end() :]  # type: ignore[union-attr]
        answer = answer or match is not None
    return bare.strip(), answer


@dataclass(frozen=True, slots=True)
class Place:
    """Where a copy of a mail lies."""

    folder: str
    uid: int


@dataclass(slots=True)
class Known:
    """A mail and where its copies are."""

    envelope: Envelope
    places: set[Place] = field(default_factory=set)
    answered: bool = False


class Threads:
    """All mails that are known, as conversations."""

    def __init__(self, ours: Iterable[str] = ()) -> None:
        """`ours` are addresses, and domains without "@", of the people who answer here."""
        self._ours = frozenset(entry.strip().lower().lstrip("@") for entry in ours if entry.strip())
        self._mails: dict[tuple[str, str], Known] = {}
        self._by_place: dict[Place, tuple[str, str]] = {}
        self._by_id: dict[str, list[tuple[str, str]]] = {}
        self._parent: dict[str, str] = {}
        self._members: dict[str, set[tuple[str, str]]] = {}
        self._by_subject: dict[tuple[str, str], tuple[str, str]] = {}

    def is_ours(self, address: str) -> bool:
        return address in self._ours or address.rpartition("@")[2] in self._ours

    def __len__(self) -> int:
        return len(self._mails)

    def add(self, envelope: Envelope, place: Place | None, answered: bool = False) -> Known:
        """One mail more, or one more copy of a known one."""
        known = self._mails.get(envelope.key)
        if known is None:
            known = self._mails[envelope.key] = Known(envelope)
            self._by_id.setdefault(envelope.id, []).append(envelope.key)
            self._join(envelope)
        if place is not None:
            known.places.add(place)
            self._by_place[place] = envelope.key
        known.answered = known.answered or answered
        return known

    def get(self, key: tuple[str, str]) -> Known | None:
        return self._mails.get(key)

    def places(self) -> Iterable[tuple[Place, tuple[str, str]]]:
        """Each copy of a mail, and its key."""
        return self._by_place.items()

    def at(self, place: Place) -> Known | None:
        key = self._by_place.get(place)
        return self._mails.get(key) if key else None

    def find(self, message_id: str) -> list[Known]:
        return [self._mails[key] for key in self._by_id.get(message_id, ())]

    def remove(self, place: Place) -> str | None:
        """A copy is gone; returns the conversation it stood in."""
        key = self._by_place.pop(place, None)
        known = self._mails.get(key) if key else None
        if known is None:
            return None
        conversation = self.conversation(known.envelope)
        known.places.discard(place)
        if not known.places:
            # Its id stays as a link between the others.
            del self._mails[known.envelope.key]
            self._by_id[known.envelope.id].remove(known.envelope.key)
            self._members[self._top(known.envelope.id)].discard(known.envelope.key)
        return conversation

    def forget(self, folder: str) -> set[str]:
        """Drop all copies in a folder, which the server has numbered anew; returns their conversations."""
        places = [place for place in self._by_place if place.folder == folder]
        return {conversation for place in places if (conversation := self.remove(place))}

    def conversation(self, envelope: Envelope) -> str:
        """The id of the conversation that a mail stands in."""
        members = self._members.get(self._top(envelope.id), set())
        first = min((self._mails[k].envelope for k in members), key=_order, default=envelope)
        root = first.references[0] if first.references else first.id
        return hashlib.sha256(root.encode("utf-8", "replace")).hexdigest()[:16]

    def conversations(self) -> dict[str, list[Known]]:
        """All of them, each with its mails, oldest first."""
        found: dict[str, list[Known]] = {}
        for members in self._members.values():
            mails = _in_order([self._mails[key] for key in members])
            if mails:
                found.setdefault(self.conversation(mails[0].envelope), []).extend(mails)
        return found

    def mails_with(self, envelope: Envelope) -> list[Known]:
        """The conversation that a mail stands in, oldest first."""
        members = self._members.get(self._top(envelope.id), set())
        return _in_order([self._mails[key] for key in members])

    def missing(self, mails: Iterable[Known]) -> list[str]:
        """Message-IDs that these refer to and that are not known."""
        named = dict.fromkeys(r for known in mails for r in known.envelope.references)
        return [reference for reference in named if not self._by_id.get(reference)]

    def _join(self, envelope: Envelope) -> None:
        self._members.setdefault(self._top(envelope.id), set()).add(envelope.key)
        for reference in envelope.references:
            self._union(envelope.id, reference)
        bare, answer = bare_subject(envelope.subject)
        other = self._correspondent(envelope)
        if not bare or not other:
            return
        subject = (bare.casefold(), other)
        before = self._mails.get(self._by_subject.get(subject, ("", "")))
        known_reference = any(self._by_id.get(r) for r in envelope.references)
        if (
            answer
            and before is not None
            and not known_reference
            and abs(envelope.at - before.envelope.at) <= SAME_SUBJECT_WITHIN
        ):
            self._union(envelope.id, before.envelope.id)
        self._by_subject[subject] = envelope.key

    def _correspondent(self, envelope: Envelope) -> str:
        if envelope.sender.email and not self.is_ours(envelope.sender.email):
            return envelope.sender.email
        others = (a.email for a in (*envelope.to, *envelope.cc) if not self.is_ours(a.email))
        return next(others, envelope.sender.email)

    def _top(self, identity: str) -> str:
        path = []
        while (parent := self._parent.get(identity, identity)) != identity:
            path.append(identity)
            identity = parent
        for step in path:
            self._parent[step] = identity
        return identity

    def _union(self, one: str, other: str) -> None:
        first, second = self._top(one), self._top(other)
        if first == second:
            return
        if len(self._members.get(first, ())) < len(self._members.get(second, ())):
            first, second = second, first
        self._parent[second] = first
        self._members.setdefault(first, set()).update(self._members.pop(second, set()))


def _order(envelope: Envelope) -> tuple[float, int, str]:
    return envelope.at.timestamp(), len(envelope.references), envelope.id


def _in_order(mails: Iterable[Known]) -> list[Known]:
    """Oldest first, and never an answer before its question: mail servers count seconds only."""
    by_time = sorted(mails, key=lambda k: _order(k.envelope))
    named: dict[str, list[Known]] = {}
    for known in by_time:
        named.setdefault(known.envelope.id, []).append(known)
    found: list[Known] = []
    begun: set[tuple[str, str]] = set()
    for known in by_time:
        waiting = [] if known.envelope.key in begun else [known]
        while waiting:
            last = waiting[-1]
            begun.add(last.envelope.key)
            before = (k for r in last.envelope.references for k in named.get(r, ()))
            question = next((k for k in before if k.envelope.key not in begun), None)
            if question is not None:
                waiting.append(question)
                continue
            found.append(waiting.pop())
    return found
