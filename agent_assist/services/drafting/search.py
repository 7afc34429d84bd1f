"""What a draft may rest on: searched for the ticket as it is meant, nearest sentence by sentence."""

from __future__ import annotations

from dataclasses import replace

from agent_assist.domain.knowledge import Collection, Hit
from agent_assist.domain.ticket import Message, Role, Ticket
from agent_assist.errors import WorkerCrashed
from agent_assist.ports import SemanticIndex
from agent_assist.services.drafting.context import DraftContext
from agent_assist.services.drafting.evidence import in_order, telling_sentences
from agent_assist.services.knowledge.retrieval import RetrievalService
from agent_assist.services.learning.models import ModelService

_DEPTH = 8
"""Passages looked at for the decision; fewer are shown."""

_APPROVED = 40
"""Macros looked through for one in a language that the model does not write."""


class EvidenceSearch:
    """Thread-safe; asks the search worker, a second time where it died."""

    def __init__(self, retrieval: RetrievalService, index: SemanticIndex, models: ModelService) -> None:
        self._retrieval = retrieval
        self._index = index
        self._models = models

    def hits_for(self, context: DraftContext) -> list[Hit]:
        """The passages for this ticket, the one to rest on first; none where nothing is asked.

        Raises WorkerCrashed where the search worker died twice.
        """
        if context.overtaken or (context.signals.small_talk and not context.signals.alarms):
            return []
        try:
            found = self._searched(context.ticket, context)
        except WorkerCrashed:
            found = self._searched(context.ticket, context)
        return self._retrieval.prefer(in_order(context, found))

    def as_it_is(self, hit: Hit) -> Hit | None:
        """A hit of an earlier search, its passage read anew; None where that was changed or removed."""
        passages = self._retrieval.passages_of(hit.passage.article_id)
        return next((replace(hit, passage=p) for p in passages if p.id == hit.passage.id), None)

    def _searched(self, ticket: Ticket, context: DraftContext) -> list[Hit]:
        if context.continues:
            # "5", "yes, please": what is searched for is the question that this answers.
            found = self._retrieval.for_ticket(_as_meant(ticket, context.asked), _DEPTH)
            return self._nearness(ticket, context, found) if found else found
        hits = self._retrieval.for_ticket(ticket, _DEPTH)
        if not self._models.speaks(context.language):
            return self._with_approved(hits, context)
        return self._nearness(ticket, context, hits) if hits else hits

    def _nearness(self, ticket: Ticket, context: DraftContext, hits: list[Hit]) -> list[Hit]:
        """`dense` as the nearness to whichever sentence of the customer comes nearest: a letter tells much
        that no article speaks of before it asks, and a later turn ("and how much is it?") names nothing."""
        meant = [] if context.first_reply else [self._retrieval.query_of(ticket)]
        rows = self._index.cosines([*meant, *telling_sentences(context)], [h.passage.id for h in hits])
        nearest = [max(column) for column in zip(*rows)] if rows else [0.0] * len(hits)
        return [replace(h, dense=max(h.dense or 0.0, near)) for h, near in zip(hits, nearest)]

    def _with_approved(self, hits: list[Hit], context: DraftContext) -> list[Hit]:
        """Hits in the customer's language first, with the approved texts in it that search ranks low:
        its encoder may not know the language."""
        known = {h.passage.id for h in hits}
        approved = self._retrieval.search(context.asked, _APPROVED, [Collection.MACROS], context.language)
        more = [h for h in approved if h.passage.id not in known and _in(h, context.language)]
        return sorted([*hits, *more], key=lambda h: not _in(h, context.language))


def _in(hit: Hit, language: str) -> bool:
    return (hit.passage.language or "")[:2] == language


def _as_meant(ticket: Ticket, asked: str) -> Ticket:
    """The ticket with its last message saying in full what it answers."""
    last = ticket.last_customer_message
    said = [m for m in ticket.messages if last is None or m.id != last.id]
    meant = Message("", Role.CUSTOMER, asked, last.created_at if last else None)
    return replace(ticket, messages=(*said, meant))
