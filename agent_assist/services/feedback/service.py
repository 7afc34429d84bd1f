"""What the agent does with drafts, kept as the record that later becomes training data."""

from __future__ import annotations

import re
import statistics
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import islice
from pathlib import Path
from uuid import uuid4

from rapidfuzz.distance import Indel, Levenshtein

from agent_assist.domain.access import Permission
from agent_assist.domain.audit import AuditAction
from agent_assist.domain.feedback import (
    TRAINING,
    Action,
    ExportFormat,
    ExportReport,
    FeedbackStats,
    Outcome,
    OutcomeKind,
    Preference,
    Reason,
    Strength,
)
from agent_assist.domain.suggestion import Decision, Suggestion
from agent_assist.domain.ticket import Ticket
from agent_assist.errors import BadInput
from agent_assist.ports import Clock, Redactor, SuggestionRepository
from agent_assist.services.access import AccessService
from agent_assist.services.audit import AuditService
from agent_assist.services.events import EventBus, FeedbackRecorded
from agent_assist.services.feedback.export import FeedbackExport, is_example, normalised
from agent_assist.services.options import OptionsService
from agent_assist.services.tickets import TicketService

REWRITTEN_FROM = 0.4
"""Edit distance at which an edit counts as a rewrite."""

_LONGEST = 100_000
"""Characters compared: a pasted log must not stop the window for the sake of a number."""
_TOKEN = re.compile(r"\s+|\w+|[^\w\s]")
_USED = frozenset({OutcomeKind.ACCEPTED, OutcomeKind.EDITED, OutcomeKind.REWRITTEN})


class FeedbackService:
    """Thread-safe.  Every decision is on the disk before the call returns."""

    def __init__(
        self,
        suggestions: SuggestionRepository,
        tickets: TicketService,
        options: OptionsService,
        events: EventBus,
        clock: Clock,
        redactor: Redactor,
        access: AccessService | None = None,
        audit: AuditService | None = None,
        erased: Callable[[Ticket], bool] | None = None,
        reference: Callable[[str, str], str] | None = None,
    ) -> None:
        """Without `access` everybody may do everything; `erased` tells of a ticket's customer whether they
        were erased, and then no export has anything of it; `reference` makes keyed digests."""
        self._access = access
        self._audit = audit
        self._suggestions = suggestions
        self._options = options
        self._events = events
        self._clock = clock
        self._export = FeedbackExport(suggestions, tickets, options, redactor, clock, erased, reference)
        self._lock = threading.Lock()
        self._shown: dict[str, datetime] = {}
        self._since_pair = -1
        self._pair_for = ""
        """The suggestion that is to be compared with an alternative."""
        self._last_shown = ""

    # --- one suggestion -------------------------------------------------------------------------

    def shown(self, suggestion: Suggestion) -> None:
        """The draft is ready on the screen; the time to the decision counts from here."""
        if self._suggestions.get(suggestion.id) is None:
            self._suggestions.save(suggestion)
        every = self._options.current.feedback.pair_every
        with self._lock:
            new = suggestion.id not in self._shown
            self._shown.setdefault(suggestion.id, self._clock.now())
            if suggestion.alternative_of:
                return
            self._last_shown = suggestion.id
            if not new:
                return
            if self._since_pair < 0:
                self._since_pair = (self._suggestions.count() - 1) % every if every else 0
            self._since_pair += 1
            if every and self._since_pair >= every:
                self._since_pair, self._pair_for = 0, suggestion.id

    def wants_pair(self) -> bool:
        """Whether the draft shown last is one of those to be compared with an alternative."""
        return bool(self._pair_for) and self._pair_for == self._last_shown

    def decide(
        self,
        suggestion_id: str,
        final_text: str,
        action: Action,
        *,
        reasons: Sequence[Reason] = (),
        reason_text: str = "",
        confirmed: Sequence[str] = (),
    ) -> Outcome:
        """The agent used the draft: what left the editor, and how.

        Accepted where only white space differs, edited below 40 % of the characters, else rewritten.
        With Action.NONE the reply was taken back: its text is kept, and the draft counts as ignored.
        Raises BadInput for an empty text.
        """
        if not final_text.strip():
            raise BadInput("An empty reply teaches nothing.", "Reject the draft instead.")
        suggestion = self._suggestion(suggestion_id)
        distance = edit_distance(suggestion.text, final_text)
        if normalised(suggestion.text) == normalised(final_text):
            kind = OutcomeKind.ACCEPTED
        else:
            kind = OutcomeKind.EDITED if distance < REWRITTEN_FROM else OutcomeKind.REWRITTEN
        if action is Action.NONE:
            kind = OutcomeKind.IGNORED
        outcome = replace(
            self._outcome(suggestion),
            kind=kind,
            final_text=final_text,
            action=action,
            edit_distance=distance,
            decision_ms=self._elapsed(suggestion),
            reasons=tuple(reasons),
            reason_text=reason_text,
            confirmed=tuple(sorted(confirmed)),
        )
        self._record(outcome)
        examples = self._examples()
        what = {OutcomeKind.ACCEPTED: "This reply", OutcomeKind.EDITED: "This edit"}.get(kind, "Your wording")
        told = (
            f"{what} is now 1 of {examples} training examples."
            if is_example(suggestion.decision, outcome)
            else ""
        )
        self._tell(suggestion_id, told or ("" if action is Action.NONE else "Your decision is recorded."))
        return outcome

    def reject(self, suggestion_id: str, reasons: Sequence[Reason] = (), text: str = "") -> Outcome:
        """The draft is of no use; `reasons` and `text` say why.  Raises BadInput for an unknown id."""
        suggestion = self._suggestion(suggestion_id)
        outcome = replace(
            self._outcome(suggestion),
            kind=OutcomeKind.REJECTED,
            final_text="",
            action=Action.NONE,
            edit_distance=0.0,
            decision_ms=self._elapsed(suggestion),
            reasons=tuple(reasons),
            reason_text=text,
        )
        self._record(outcome)
        self._tell(suggestion_id, "This draft is now an example of what not to write.")
        return outcome

    def ignore(self, suggestion_id: str) -> None:
        """Shown, and the agent replied without it or moved on.  A decision made before stands."""
        self._close(suggestion_id, OutcomeKind.IGNORED)

    def expire(self, suggestion_id: str) -> None:
        """Never shown, or the ticket changed before the agent decided.  A decision made before stands."""
        self._close(suggestion_id, OutcomeKind.EXPIRED)

    def mark_relevance(self, suggestion_id: str, article_id: str, relevant: bool | None) -> None:
        """Whether an article helped; None takes the mark back."""
        outcome = self._outcome(self._suggestion(suggestion_id))
        marks = {name: mark for name, mark in outcome.relevance.items() if name != article_id}
        if relevant is not None:
            marks[article_id] = relevant
        self._record(replace(outcome, relevance=marks))
        told = "The mark is taken back." if relevant is None else "Your mark on this article is recorded."
        self._tell(suggestion_id, told)

    def report_missing(self, suggestion_id: str, note: str) -> None:
        """No article answers this question; `note` says what one should say."""
        outcome = self._outcome(self._suggestion(suggestion_id))
        self._record(replace(outcome, missing_knowledge=True, missing_note=note))
        self._tell(suggestion_id, "This question is now on the list of missing knowledge.")

    def prefer(self, chosen_id: str, rejected_id: str, strength: Strength) -> None:
        """The agent compared two drafts that stood beside each other."""
        chosen, rejected = self._suggestion(chosen_id), self._suggestion(rejected_id)
        if chosen.ticket_id != rejected.ticket_id or chosen_id == rejected_id:
            raise BadInput("Only two drafts of the same ticket can be compared.")
        with self._lock:
            self._pair_for = ""
        preference = Preference(chosen_id, rejected_id, strength)
        self._record(replace(self._outcome(chosen), preference=preference))
        self._tell(chosen_id, "This comparison is now a preference pair for training.")

    def outcome(self, suggestion_id: str) -> Outcome | None:
        return self._suggestions.outcome(suggestion_id)

    def difference(self, suggestion_id: str, text: str) -> list[tuple[str, str]]:
        """The draft against `text` by words: (`equal` | `delete` | `insert`, text) in reading order."""
        return difference(self._suggestion(suggestion_id).text, text)

    # --- all of them ----------------------------------------------------------------------------

    def stats(
        self, since: datetime | None = None, until: datetime | None = None, team: str | None = None
    ) -> FeedbackStats:
        mine = self._only_mine()
        return statistics_of(
            (decision, outcome)
            for decision, outcome in self._suggestions.outcomes(since, until, team)
            if mine is None or (outcome is not None and outcome.agent_id == mine)
        )

    def entries(
        self,
        limit: int = 100,
        since: datetime | None = None,
        until: datetime | None = None,
        team: str | None = None,
    ) -> list[tuple[Suggestion, Outcome | None]]:
        """Newest first; an agent sees their own, a lead everybody's."""
        mine = self._only_mine()
        history = self._suggestions.history(since, until, team, newest_first=True)
        seen = (e for e in history if mine is None or e[1] is None or e[1].agent_id == mine)
        return list(islice(seen, limit))

    def export(
        self,
        format: ExportFormat | str,  # noqa: A002 -- the word of the command line
        path: Path,
        since: datetime | None = None,
        until: datetime | None = None,
        team: str | None = None,
        raw: bool = False,
    ) -> ExportReport:
        """Write a file of training data or of all records, and its dataset card beside it.

        Personal data is replaced by placeholders unless `raw`, which takes an admin; training data takes a
        lead; of the records an agent's export holds their own, a lead's everybody's.  Raises
        PermissionDenied, BadInput where the file cannot be written, DiskFull; an older file of that name is
        then as it was.
        """
        if self._access is not None:
            if ExportFormat(format) in TRAINING:
                self._access.require(Permission.TRAIN)
            if raw:
                self._access.require(Permission.EXPORT_RAW)
        if self._audit is not None:
            # Before, not after: what has left must be in the log whatever happens next.
            action = AuditAction.READ_RAW if raw else AuditAction.EXPORTED
            self._audit.record(action, wait=True, format=ExportFormat(format).value)
        return self._export.run(
            ExportFormat(format), path, since, until, team, raw=raw, agent=self._only_mine()
        )

    # --- parts ----------------------------------------------------------------------------------

    def _only_mine(self) -> str | None:
        """The pseudonym that feedback is limited to; None where all of it may be seen."""
        if self._access is None or self._access.allows(Permission.SEE_OTHERS):
            return None
        return self._access.me

    def _suggestion(self, suggestion_id: str) -> Suggestion:
        suggestion = self._suggestions.get(suggestion_id)
        if suggestion is None:
            raise BadInput(f"There is no suggestion {suggestion_id}.", "It may have been removed.")
        return suggestion

    def _outcome(self, suggestion: Suggestion) -> Outcome:
        """What is recorded so far; marks made before a decision stand on an ignored one."""
        before = self._suggestions.outcome(suggestion.id)
        if before is not None:
            return before
        options = self._options.current.feedback
        return Outcome(
            suggestion_id=suggestion.id,
            kind=OutcomeKind.IGNORED,
            decision_ms=self._elapsed(suggestion),
            agent_id=self._agent_id(),
            team=options.team,
            channel=suggestion.channel,
            language=suggestion.language,
        )

    def _agent_id(self) -> str:
        """Who decides: the pseudonym that the roles go by, where there are roles; a chosen one could be
        somebody else's."""
        if self._access is not None:
            return self._access.me
        return self._options.current.feedback.agent_id or self._new_agent_id()

    def _new_agent_id(self) -> str:
        return self._options.change({"feedback.agent_id": f"agent-{uuid4().hex[:12]}"}).feedback.agent_id

    def _record(self, outcome: Outcome) -> None:
        self._suggestions.record(replace(outcome, created_at=self._clock.now()))

    def _elapsed(self, suggestion: Suggestion) -> float:
        """Milliseconds since the draft was on the screen."""
        now = self._clock.now()
        started = self._shown.get(suggestion.id) or suggestion.created_at or now
        return max(0.0, (now - started).total_seconds() * 1000)

    def _close(self, suggestion_id: str, kind: OutcomeKind) -> None:
        if self._suggestions.outcome(suggestion_id) is None:
            self._record(replace(self._outcome(self._suggestion(suggestion_id)), kind=kind))
            self._tell(suggestion_id, "")

    def _examples(self) -> int:
        return sum(
            count
            for (kind, decision), count in self._suggestions.tally().items()
            if kind in _USED and (decision is not Decision.ESCALATE or kind is not OutcomeKind.ACCEPTED)
        )

    def _tell(self, suggestion_id: str, sentence: str) -> None:
        self._events.publish(FeedbackRecorded(suggestion_id, sentence))


def edit_distance(draft: str, final: str) -> float:
    """Levenshtein distance over the longer length, in characters: 0 identical, 1 all changed."""
    return Levenshtein.normalized_distance(draft[:_LONGEST], final[:_LONGEST])


def difference(before: str, after: str) -> list[tuple[str, str]]:
    """(`equal` | `delete` | `insert`, text) in reading order, by words."""
    if len(before) > _LONGEST or len(after) > _LONGEST:
        return [pair for pair in (("delete", before), ("insert", after)) if pair[1]]
    old, new = _TOKEN.findall(before), _TOKEN.findall(after)
    groups: list[tuple[str, str]] = []
    deleted = inserted = ""
    for step in Indel.opcodes(old, new):
        gone, come = (
            "".join(old[step.src_start : step.src_end]),
            "".join(new[step.dest_start : step.dest_end]),
        )
        if step.tag != "equal":
            deleted, inserted = deleted + gone, inserted + come
        elif gone.isspace() and (deleted or inserted) and step.src_end < len(old):
            # A lone space between two changed words would tear the change into shreds.
            deleted, inserted = deleted + gone, inserted + gone
        else:
            groups += [("delete", deleted), ("insert", inserted), ("equal", gone)]
            deleted = inserted = ""
    groups += [("delete", deleted), ("insert", inserted)]
    return [group for group in groups if group[1]]


def statistics_of(outcomes: Iterable[tuple[Decision, Outcome | None]]) -> FeedbackStats:
    """Acceptance is over all that were shown and settled: an ignored draft counts against it."""
    kinds: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    distances: list[float] = []
    delays: list[float] = []
    suggestions = missing = marks = preferences = trainable = 0
    for decision, outcome in outcomes:
        suggestions += 1
        if outcome is None:
            continue
        kinds[outcome.kind.value] += 1
        reasons.update(reason.value for reason in outcome.reasons)
        missing += outcome.missing_knowledge
        marks += len(outcome.relevance)
        preferences += outcome.preference is not None
        trainable += is_example(decision, outcome)
        if outcome.kind in _USED:
            distances.append(outcome.edit_distance)
        if outcome.kind in _USED or outcome.kind is OutcomeKind.REJECTED:
            delays.append(outcome.decision_ms)
    decided = kinds.total() - kinds[OutcomeKind.EXPIRED]
    return FeedbackStats(
        suggestions=suggestions,
        decided=decided,
        by_kind={kind.value: kinds[kind] for kind in OutcomeKind},
        by_reason=dict(reasons.most_common()),
        acceptance=(kinds[OutcomeKind.ACCEPTED] + kinds[OutcomeKind.EDITED]) / decided if decided else 0.0,
        sent_as_is=kinds[OutcomeKind.ACCEPTED] / decided if decided else 0.0,
        mean_edit_distance=statistics.fmean(distances) if distances else 0.0,
        median_decision_ms=statistics.median(delays) if delays else 0.0,
        missing_knowledge=missing,
        relevance_marks=marks,
        preferences=preferences,
        trainable=trainable,
    )
