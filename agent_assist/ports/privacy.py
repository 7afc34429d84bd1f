"""Personal data: found and replaced in texts, traced and erased in the workspace."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from agent_assist.domain.erasure import Trace


class Redactor(Protocol):
    """Finds personal data in texts and puts numbered placeholders, such as [EMAIL_1], in its place."""

    def redact(
        self, text: str, known: Sequence[tuple[str, str]] = ()
    ) -> tuple[str, list[tuple[str, int, int, str]]]:
        """Redacted text and its entities (type, start, end, placeholder), offsets into the input.

        `known` are (type, value) pairs that the ticket itself names: the customer's name, an order id.
        """

    def redact_all(
        self, texts: Sequence[str], known: Sequence[tuple[str, str]] = ()
    ) -> list[tuple[str, list[tuple[str, int, int, str]]]]:
        """`redact` for the texts of one ticket in their order, with one numbering for all."""


class ErasureRepository(Protocol):
    """Where a person stands in the workspace, and how they are removed from it."""

    def trace(self, identifier: str) -> Trace:
        """Everything that a customer's id or e-mail address leads to; raises BadInput where an id names
        more than one person."""

    def solved_articles(self, trace: Trace) -> list[str]:
        """Ids of the articles that were made of this person's tickets, or name them."""

    def held(self, trace: Trace) -> dict[str, list[dict[str, Any]]]:
        """Everything that is kept of the person, table by table, as it stands."""

    def erase(self, trace: Trace, articles: Iterable[str], tombstones: Sequence[str], at: str) -> Any:
        """Remove and mask in one transaction; (removed, masked, left) counts by kind.

        `tombstones` are digests by which the person is known when they come back; `at` is ISO 8601.
        Raises BadInput while a reply to the person is on its way.
        """

    def is_erased(self, digests: Sequence[str]) -> bool:
        """Whether one of these is a tombstone."""

    def keep_receipt(self, identity: str, at: str, text: str) -> None:
        """Insert or replace the receipt of one erasure, a JSON document."""

    def receipts(self) -> list[str]:
        """Oldest first."""

    def expire(self, solved_before: str, feedback_before: str, sent_before: str) -> dict[str, int]:
        """Remove what is older than each time (ISO 8601; an empty one keeps everything); counts by kind."""

    def compact(self) -> bool:
        """Overwrite what was deleted; False while another process reads."""


class LearntFiles(Protocol):
    """What training runs keep of the feedback that they were fed with."""

    def forget(self, trace: Trace, customers: frozenset[str]) -> tuple[dict[str, int], dict[str, int]]:
        """Delete a person's rows and what was made of them; (removed, left) counts by kind.

        `customers` are the digests that exports name the person by.
        """
