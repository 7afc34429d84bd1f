"""What was found becomes placeholders: `[NAME_1]`, the same for the same person or number in all texts of
one ticket, and never shared between tickets."""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterable, Mapping, Sequence

from agent_assist.domain.privacy import PLACEHOLDER

_HALF = re.compile(r"\[(?:[A-Za-z][A-Za-z0-9_]{0,47})?$")
"""The beginning of a placeholder at the end of a text."""
_SPELLED = re.compile(PLACEHOLDER.pattern, re.IGNORECASE)
Found = tuple[str, int, int]
"""Type, start, end."""
Entity = tuple[str, int, int, str]
"""Type, start, end, placeholder."""

_DIGITS_ONLY = frozenset({"PHONE", "CARD", "IBAN", "ACCOUNT", "NATIONAL_ID"})


def without_overlaps(found: Iterable[Found]) -> list[Found]:
    """The first named wins: what the ticket knows, then the rules from the surest to the loosest."""
    taken: list[Found] = []
    for candidate in found:
        at = bisect.bisect(taken, candidate[1], key=lambda f: f[1])
        free_before = at == 0 or taken[at - 1][2] <= candidate[1]
        free_after = at == len(taken) or candidate[2] <= taken[at][1]
        if free_before and free_after:
            taken.insert(at, candidate)
    return taken


def filled(text: str, taken: Sequence[Found], more: Iterable[Found]) -> list[Found]:
    """`taken` and what of `more` it leaves free: a part of a span counts where it holds a letter or digit."""
    result = list(taken)
    starts = [f[1] for f in taken]
    for kind, start, end in more:
        at = max(0, bisect.bisect(starts, start) - 1)
        begin = start
        while at < len(taken) and taken[at][1] < end:
            _add(text, result, kind, begin, min(end, taken[at][1]))
            begin = max(begin, taken[at][2])
            at += 1
        _add(text, result, kind, begin, end)
    return _joined(text, sorted(result, key=lambda f: f[1]))


def _joined(text: str, found: Sequence[Found]) -> list[Found]:
    """A street that a rule found and a town that the classifier found are one address, and what touches is
    one value."""
    result: list[Found] = []
    for kind, start, end in found:
        if result and result[-1][0] == kind:
            between = text[result[-1][2] : start]
            if not between or (kind == "ADDRESS" and len(between) < 4 and not between.strip(" ,")):
                result[-1] = (kind, result[-1][1], end)
                continue
        result.append((kind, start, end))
    return result


def _add(text: str, result: list[Found], kind: str, start: int, end: int) -> None:
    part = text[start:end]
    start += len(part) - len(part.lstrip())
    end = start + len(part.strip())
    if start < end and any(c.isalnum() for c in text[start:end]):
        result.append((kind, start, end))


class Numbering:
    """Which value has which placeholder, in one ticket."""

    def __init__(
        self, wholes: Mapping[str, tuple[str, str]] | None = None, texts: Iterable[str] = ()
    ) -> None:
        """`wholes` gives the value that a spelling counts as: a first name as the full name it is part of.

        A placeholder that already stands in one of `texts` is not given to another value.
        """
        self._wholes = dict(wholes or {})
        self._placeholders: dict[tuple[str, str], str] = {}
        self._counts: dict[str, int] = {}
        self._used = {m.group() for text in texts if "[" in text for m in PLACEHOLDER.finditer(text)}
        self.mapping: dict[str, str] = {}
        """What each placeholder stands for, as it was first written."""

    def placeholder(self, kind: str, spelled: str) -> str:
        folded = " ".join(spelled.casefold().split())
        known = self._wholes.get(folded)
        value = (kind, known[1] if known else self._value(kind, folded))
        if value not in self._placeholders:
            made = ""
            while not made or made in self._used:
                self._counts[kind] = self._counts.get(kind, 0) + 1
                made = f"[{kind}_{self._counts[kind]}]"
            self._placeholders[value] = made
            self.mapping[made] = spelled
            if kind == "NAME":
                self._learn(folded)
        return self._placeholders[value]

    def replaced(self, text: str, found: Sequence[Found]) -> tuple[str, list[Entity]]:
        pieces: list[str] = []
        entities: list[Entity] = []
        position = 0
        for kind, start, end in found:
            placeholder = self.placeholder(kind, text[start:end])
            pieces += [text[position:start], placeholder]
            entities.append((kind, start, end, placeholder))
            position = end
        pieces.append(text[position:])
        return "".join(pieces), entities

    def _value(self, kind: str, folded: str) -> str:
        return canonical(kind, folded)

    def _learn(self, folded: str) -> None:
        """Parts of a full name that stand alone later are the same person's."""
        parts = folded.split()
        if len(parts) > 1:
            for part in (parts[0], parts[-1], f"{parts[-1]} {parts[0]}", f"{parts[-1]}, {parts[0]}"):
                if len(part) > 1:
                    self._wholes.setdefault(part, ("NAME", canonical("NAME", folded)))


def canonical(kind: str, value: str) -> str:
    """Two spellings of one value (a phone number with and without blanks) are the same person's."""
    if kind in _DIGITS_ONLY:
        return re.sub(r"[^0-9A-Za-z]", "", value).upper()
    return " ".join(value.casefold().split())


class Restorer:
    """`restore` for a text that arrives in pieces: what may be the first half of a placeholder waits."""

    def __init__(self, mapping: Mapping[str, str]) -> None:
        self._mapping = mapping
        self._held = ""

    def feed(self, piece: str) -> str:
        """What can be shown now of the text so far."""
        text = self._held + piece
        half = _HALF.search(text)
        at = half.start() if half else len(text)
        self._held = text[at:]
        return restore(text[:at], self._mapping)

    def rest(self) -> str:
        """What was held back, once nothing more comes."""
        text, self._held = self._held, ""
        return restore(text, self._mapping)


def restore(text: str, mapping: Mapping[str, str]) -> str:
    """`text` with what its placeholders stand for; a placeholder of another ticket stays as it is.

    Small models write "[Name_1]", too.
    """
    return _SPELLED.sub(lambda m: mapping.get(m.group().upper(), m.group()), text)
