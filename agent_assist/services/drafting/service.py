"""Drafts for the tickets of the desk: on open, ahead of time, and again when the thread changes."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from agent_assist.domain.suggestion import (
    Asked,
    Broke,
    Completed,
    Draft,
    DraftEvent,
    DraftState,
    Stopped,
    Streamed,
    Suggestion,
    ThreadChanged,
    reduce,
)
from agent_assist.domain.ticket import Ticket
from agent_assist.errors import AgentAssistError, BadInput, Cancelled
from agent_assist.ports import (
    CancelToken,
    Clock,
    LanguageDetector,
    LanguageModel,
    SemanticIndex,
    SuggestionRepository,
)
from agent_assist.services.drafting.entries import Entry, Wanted, index_is_settled, wait_for
from agent_assist.services.drafting.framing import House, plain
from agent_assist.services.drafting.rewriting import Rewrite, Rewriter
from agent_assist.services.drafting.writing import DraftWriter
from agent_assist.services.events import DraftChanged, ErrorRaised, Event, EventBus, TicketChanged
from agent_assist.services.jobs import JobQueue, error_info
from agent_assist.services.knowledge.retrieval import RetrievalService
from agent_assist.services.learning.models import ModelService
from agent_assist.services.options import OptionsService
from agent_assist.services.safety.service import SafetyService
from agent_assist.services.tickets import TicketService

log = logging.getLogger(__name__)

TEXT_INTERVAL = 0.03
"""Seconds between two streamed updates of one draft."""
BURST = 1.0
"""Seconds of quiet after a customer's message before its draft is begun: people write in bursts."""
CLOSING = 0.5
"""Seconds that `close` waits for drafts to stop."""
_NOW, _AHEAD = 0, 5
"""Priorities in the job queue: asked for by the agent, and ahead of time."""


class DraftingService:
    """Thread-safe; no method but `draft` and `rewrite` waits for the model."""

    def __init__(
        self,
        tickets: TicketService,
        retrieval: RetrievalService,
        model: LanguageModel,
        models: ModelService,
        index: SemanticIndex,
        languages: LanguageDetector,
        suggestions: SuggestionRepository,
        jobs: JobQueue,
        events: EventBus,
        options: OptionsService,
        clock: Clock,
        safety: SafetyService | None = None,
        house: House = plain,
    ) -> None:
        """`house` is how the team words what stands around an answer."""
        self._tickets = tickets
        self._suggestions = suggestions
        self._model = model
        self._jobs = jobs
        self._events = events
        self._options = options
        self._writer = DraftWriter(retrieval, model, models, index, languages, options, clock, safety, house)
        self._rewriter = Rewriter(index, languages, options)
        self._lock = threading.RLock()
        self._entries: dict[str, Entry] = {}
        self._opened = ""
        self._ahead: list[str] = []
        self._closed = False
        self._unsubscribe = events.subscribe(self._on_event)

    # --- what the window calls --------------------------------------------------------------------

    def open(self, ticket_id: str) -> Draft:
        """Show this ticket's draft: the prefetched one at once, or a new one that starts now.

        Work for other tickets is stopped first, so that it never delays this one.
        """
        with self._lock:
            self._opened = ticket_id
            for other_id, other in self._entries.items():
                if other_id != ticket_id and other.draft.state.working:
                    self._stop(other)
        ticket = self._tickets.get(ticket_id)
        if ticket is None:
            return Draft(ticket_id)
        with self._lock:
            entry = self._entries.get(ticket_id)
            if entry and entry.draft.thread_hash == ticket.thread_hash and entry.useful:
                self._events.publish(DraftChanged(entry.draft))
                return entry.draft
        if not ticket.open_customer_messages:
            return self._reset(ticket)
        return self._start(ticket, Wanted(), _NOW)

    def current(self, ticket_id: str) -> Draft:
        """The draft as it is; IDLE where there is none."""
        with self._lock:
            entry = self._entries.get(ticket_id)
            return entry.draft if entry else Draft(ticket_id)

    def regenerate(self, ticket_id: str, steer: str = "") -> Draft:
        """Draft again, from the passage that the agent chose where one was chosen for this thread; the same
        steer as before gives another wording where there is one."""
        ticket = self._tickets.get(ticket_id)
        if ticket is None:
            return Draft(ticket_id)
        with self._lock:
            entry = self._entries.get(ticket_id)
            before = entry.draft if entry else Draft(ticket_id)
            same = before.thread_hash == ticket.thread_hash
            seen = before.alternatives if same and before.steer == steer else ()
            wanted = Wanted(steer, before.chosen if same else None, seen)
        return self._start(ticket, wanted, _NOW)

    def draft_from(self, ticket_id: str, passage_id: int) -> Draft:
        """Draft again from a passage that was found for this ticket and that the agent chose.

        Raises BadInput where it is not among those found.
        """
        ticket = self._tickets.get(ticket_id)
        with self._lock:
            entry = self._entries.get(ticket_id)
            hit = entry.hit_of(passage_id) if entry else None
            steer = entry.draft.steer if entry else ""
        if ticket is None or hit is None:
            raise BadInput("This passage is not among those found any more.", "Choose one from the evidence.")
        return self._start(ticket, Wanted(steer, hit), _NOW)

    def alternative(self, ticket_id: str) -> Draft:
        """A different draft beside the one there is: at once where one passed the check before."""
        ticket = self._tickets.get(ticket_id)
        if ticket is None:
            return Draft(ticket_id)
        with self._lock:
            entry = self._entries.get(ticket_id)
            draft = entry.draft if entry else Draft(ticket_id)
            if entry and draft.suggestion and draft.thread_hash == ticket.thread_hash and entry.spares:
                spare = replace(entry.spares[0], alternative_of=draft.suggestion.id)
                entry.spares = entry.spares[1:]
                self._save(spare)
                asked = Asked(draft.thread_hash, draft.steer, draft.chosen)
                entry.draft = reduce(reduce(draft, asked), Completed(spare))
                self._events.publish(DraftChanged(entry.draft))
                return entry.draft
        beside = draft.suggestion.id if draft.suggestion else ""
        wanted = Wanted(draft.steer, draft.chosen, draft.alternatives, beside)
        return self._start(ticket, wanted, _NOW)

    def cancel(self, ticket_id: str) -> None:
        """Stop this draft; the text so far stays."""
        with self._lock:
            entry = self._entries.get(ticket_id)
            if entry and entry.draft.state.working:
                self._stop(entry)

    def refresh(self, ticket_id: str) -> Draft:
        """Look at the thread again: a draft of an older thread becomes stale and, when the ticket is
        open and the customer wrote, is redone after a short quiet."""
        ticket = self._tickets.get(ticket_id)
        with self._lock:
            entry = self._entries.get(ticket_id)
            if ticket is None and entry is not None:  # removed: its draft goes with it
                entry.drop_work()
                del self._entries[ticket_id]
                return Draft(ticket_id)
            if ticket is None or entry is None or entry.draft.thread_hash in ("", ticket.thread_hash):
                return entry.draft if entry else Draft(ticket_id)
            if not ticket.open_customer_messages:
                return self._reset(ticket)
            entry.drop_work()
            self._set(entry, reduce(entry.draft, ThreadChanged(ticket.thread_hash)))
            if ticket_id == self._opened and not self._closed:
                entry.timer = threading.Timer(BURST, self._redo, (ticket_id,))
                entry.timer.daemon = True
                entry.timer.start()
            return entry.draft

    def prefetch(self, ticket_ids: Sequence[str]) -> None:
        """Draft these ahead, in this order, whenever nothing else is being drafted."""
        with self._lock:
            self._ahead = list(ticket_ids)[: self._options.current.reply.prefetch]
        self._go_ahead()

    def rewrite(self, ticket_id: str, kind: Rewrite | str, text: str) -> Suggestion | None:
        """The text made shorter, warmer, more formal or simpler, with its facts kept and checked again."""
        ticket = self._tickets.get(ticket_id)
        draft = self.current(ticket_id)
        if ticket is None or draft.suggestion is None:
            return None
        made = self._rewriter.rewrite(ticket, draft.suggestion, Rewrite(kind), text)
        return self._writer.looked_over(ticket, made)

    def draft(
        self,
        ticket: Ticket,
        *,
        steer: str = "",
        cancel: CancelToken | None = None,
        on_text: Callable[[str], None] | None = None,
    ) -> Suggestion:
        """One draft, now, on this thread.  Nothing is saved and no event is published."""

        def observe(event: DraftEvent) -> None:
            if on_text and isinstance(event, Streamed):
                on_text(event.text)

        return self._writer.write(ticket, steer=steer, cancel=cancel or threading.Event(), observe=observe)[0]

    def close(self) -> None:
        """Stop all drafts and timers; waits a moment for those that are being written, as what they use
        is closed next."""
        self._unsubscribe()
        with self._lock:
            self._closed = True
            self._ahead = []
            for entry in self._entries.values():
                entry.drop_work()
            entries = list(self._entries.values())
        wait_for(entries, CLOSING)

    # --- the work ---------------------------------------------------------------------------------

    def _start(self, ticket: Ticket, wanted: Wanted, priority: int) -> Draft:
        with self._lock:
            if self._closed:
                return self.current(ticket.id)
            entry = self._entries.setdefault(ticket.id, Entry(Draft(ticket.id)))
            entry.drop_work()
            entry.cancel = threading.Event()
            entry.last_text = 0.0
            turn, cancel = entry.turn, entry.cancel
            ahead = priority == _AHEAD
            asked = Asked(ticket.thread_hash, wanted.steer, wanted.chosen, prefetched=ahead)
            self._set(entry, reduce(entry.draft, asked))
            try:
                entry.job = self._jobs.submit(
                    "Draft a reply",
                    lambda _: self._work(ticket, wanted, turn, cancel),
                    priority=priority,
                    visible=False,
                )
            except Cancelled:
                self._set(entry, reduce(entry.draft, Stopped()))
            return entry.draft

    def _work(self, ticket: Ticket, wanted: Wanted, turn: int, cancel: CancelToken) -> None:
        if not index_is_settled(self._jobs, cancel):
            return
        try:
            best, *spares = self._writer.write(
                ticket,
                steer=wanted.steer,
                chosen=wanted.chosen,
                cancel=cancel,
                observe=lambda event: self._apply(ticket.id, turn, event),
                avoid=[s.text for s in wanted.avoid],
            )
            if wanted.beside:
                best = replace(best, alternative_of=wanted.beside)
            if not cancel.is_set():
                self._save(best)
                with self._lock:
                    entry = self._entries[ticket.id]
                    if entry.turn == turn:
                        entry.spares = tuple(spares)
                self._apply(ticket.id, turn, Completed(best))
        except Exception as error:  # an unexpected fault must end the draft too, or it would seem to work on
            if isinstance(error, Cancelled) or cancel.is_set():  # stopped: what broke on the way is no fault
                self._apply(ticket.id, turn, Stopped())
                return
            if not isinstance(error, AgentAssistError):
                log.exception("the draft of a ticket failed")
            self._apply(ticket.id, turn, Broke(error_info(error)))
        finally:
            self._go_ahead()

    def _apply(self, ticket_id: str, turn: int, event: DraftEvent) -> None:
        with self._lock:
            entry = self._entries.get(ticket_id)
            if entry is None or entry.turn != turn:
                return
            draft = reduce(entry.draft, event)
            if isinstance(event, Streamed):
                now = time.monotonic()
                if now - entry.last_text < TEXT_INTERVAL and entry.draft.state is draft.state:
                    entry.draft = draft
                    return
                entry.last_text = now
            self._set(entry, draft)

    def _set(self, entry: Entry, draft: Draft) -> None:
        if draft is not entry.draft:
            entry.draft = draft
            self._events.publish(DraftChanged(draft))

    def _stop(self, entry: Entry) -> None:
        entry.drop_work()
        if entry.job:
            entry.job.cancel()
        self._set(entry, reduce(entry.draft, Stopped()))

    def _reset(self, ticket: Ticket) -> Draft:
        """Nothing to answer: the agent wrote last."""
        with self._lock:
            entry = self._entries.setdefault(ticket.id, Entry(Draft(ticket.id)))
            entry.drop_work()
            self._set(entry, Draft(ticket.id, ticket.thread_hash))
            return entry.draft

    def _redo(self, ticket_id: str) -> None:
        ticket = self._tickets.get(ticket_id)
        stale = self.current(ticket_id).state is DraftState.STALE
        if stale and ticket is not None and ticket.open_customer_messages:
            self._start(ticket, Wanted(), _NOW)

    def _save(self, suggestion: Suggestion) -> None:
        try:
            self._suggestions.save(suggestion)
        except AgentAssistError as error:
            # The draft is good even where its record cannot be written: show it, and say what failed.
            self._events.publish(ErrorRaised(error.info))

    def _on_event(self, event: Event) -> None:
        if isinstance(event, TicketChanged):
            with self._lock:
                known = event.ticket_id in self._entries
            if known:
                self.refresh(event.ticket_id)

    # --- ahead of time ----------------------------------------------------------------------------

    def _go_ahead(self) -> None:
        """Start the next prefetch when no draft is being made."""
        while True:
            with self._lock:
                busy = any(e.draft.state.working for e in self._entries.values())
                if self._closed or not self._ahead or busy:
                    return
                ticket_id = self._ahead.pop(0)
                entry = self._entries.get(ticket_id)
            ticket = self._tickets.get(ticket_id)
            if ticket is None or not ticket.open_customer_messages:
                continue
            if entry and entry.draft.thread_hash == ticket.thread_hash and entry.draft.state.final:
                continue
            self._forget_surplus()
            self._start(ticket, Wanted(), _AHEAD)
            return

    def _forget_surplus(self) -> None:
        """Keep at most as many unopened drafts as the setting names."""
        with self._lock:
            ahead = [i for i, e in self._entries.items() if e.draft.prefetched and i != self._opened]
            for ticket_id in ahead[: max(0, len(ahead) - self._options.current.reply.prefetch + 1)]:
                if not self._entries[ticket_id].draft.state.working:
                    del self._entries[ticket_id]
