"""Who is to be forgotten, and the proof that it was done (GDPR articles 15, 17 and 20)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

MASK = "\u2022"
"""Stands for each character of what was erased: texts keep their length, so that offsets still fit."""

_LEAST_ID = 6
"""Characters of a customer id that is looked for in texts: a shorter one stands in too many of them."""
_LEAST_NAME = 7


@dataclass(frozen=True, slots=True)
class Trace:
    """What a person goes by in a workspace."""

    ids: frozenset[str] = frozenset()
    emails: frozenset[str] = frozenset()
    """Folded to lower case."""
    names: frozenset[str] = frozenset()
    tickets: tuple[str, ...] = ()

    @property
    def known(self) -> bool:
        return bool(self.tickets)

    def identifiers(self) -> list[tuple[str, str]]:
        """(kind, value) of what a tombstone remembers, as a digest only."""
        return sorted({("id", i) for i in self.ids} | {("email", e) for e in self.emails})

    def pattern(self) -> re.Pattern[str] | None:
        """What to look for in texts of others: addresses, telling ids and full names."""
        words = set(self.emails)
        words |= {i for i in self.ids if len(i) >= _LEAST_ID and any(c.isdigit() for c in i)}
        words |= {n for n in self.names if len(n) >= _LEAST_NAME and len(n.split()) > 1}
        if not words:
            return None
        joined = "|".join(re.escape(w).replace(r"\ ", r"\s+") for w in sorted(words, key=len, reverse=True))
        return re.compile(rf"(?<!\w)(?:{joined})(?!\w)", re.IGNORECASE)


def masked(text: str, pattern: re.Pattern[str]) -> str:
    """With each character of what the pattern finds replaced by MASK: the text keeps its length."""
    return pattern.sub(lambda found: MASK * len(found[0]), text)


def masked_json(value: Any, pattern: re.Pattern[str]) -> Any:
    """A JSON value with every text in it, keys included, masked."""
    if isinstance(value, str):
        return masked(value, pattern)
    if isinstance(value, list):
        return [masked_json(part, pattern) for part in value]
    if isinstance(value, dict):
        return {masked(key, pattern): masked_json(part, pattern) for key, part in value.items()}
    return value


def without_articles(record: Any, articles: frozenset[str]) -> Any:
    """A stored suggestion with the passages of these articles masked whole."""
    for hit in record.get("hits", ()):
        passage = hit.get("passage", {})
        if passage.get("article_id") in articles:
            for name in ("text", "title", "heading", "url"):
                passage[name] = MASK * len(passage.get(name) or "")
    return record


@dataclass(frozen=True, slots=True)
class Receipt:
    """Proof of an erasure, without personal data."""

    id: str
    at: str
    """ISO 8601."""
    person: str
    """A keyed digest: shown the same identifier, the workspace can say whether this is theirs."""
    removed: Mapping[str, int] = field(default_factory=dict)
    """Kind of record to how many were deleted."""
    masked: Mapping[str, int] = field(default_factory=dict)
    """Kind of record of other people to how many named the person."""
    left: Mapping[str, int] = field(default_factory=dict)
    """What the person may still stand in, and only people can judge."""
    compacted: bool = False
    """Whether the freed pages of the database were overwritten."""
    seal: str = ""
    """MAC of the workspace over everything else."""

    def sealed_text(self) -> str:
        data = receipt_json(self)
        del data["seal"]
        return json.dumps(data, sort_keys=True)


def receipt_json(receipt: Receipt) -> dict[str, Any]:
    """The receipt as it is kept and handed out; its seal covers everything but itself."""
    return {
        "receipt": receipt.id,
        "at": receipt.at,
        "person": receipt.person,
        "removed": dict(receipt.removed),
        "masked": dict(receipt.masked),
        "left": dict(receipt.left),
        "compacted": receipt.compacted,
        "seal": receipt.seal,
    }


def full_names(names: Iterable[str]) -> frozenset[str]:
    """Names with their spaces normalised; empty ones are left out."""
    return frozenset(" ".join(name.split()) for name in names if name.strip())
