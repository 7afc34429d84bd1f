"""Feedback as files: training data in the formats that TRL's trainers load, and tables of all records.

Prompts are made by the builder that serves drafts, from the ticket as it was then and the passages
that the draft saw.  Personal data is replaced ticket by ticket, all texts of one ticket in one go,
so that the same person has the same placeholder in every message.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from agent_assist.domain.feedback import ExportFormat, ExportReport, Outcome, OutcomeKind
from agent_assist.domain.knowledge import Collection, Hit
from agent_assist.domain.model import ChatMessage
from agent_assist.domain.privacy import known_values
from agent_assist.domain.prompt import build_messages, ticket_until
from agent_assist.domain.remembered import is_typo
from agent_assist.domain.suggestion import Decision, Suggestion
from agent_assist.domain.ticket import Channel, Ticket
from agent_assist.files import saving
from agent_assist.ports import Clock, Redactor, SuggestionRepository
from agent_assist.services.feedback.card import dataset_card
from agent_assist.services.feedback.meta import learnt_ticket, meta_of
from agent_assist.services.feedback.retrieval import retrieval_row
from agent_assist.services.feedback.table import Row, record, write_csv, write_parquet
from agent_assist.services.options import OptionsService
from agent_assist.services.tickets import TicketService
from agent_assist.settings import Settings

_USED = frozenset({OutcomeKind.ACCEPTED, OutcomeKind.EDITED, OutcomeKind.REWRITTEN})
_TRAINING = frozenset({ExportFormat.SFT, ExportFormat.PREFERENCE, ExportFormat.UNPAIRED})
_CORRECTED = frozenset({OutcomeKind.EDITED, OutcomeKind.REWRITTEN})


def normalised(text: str) -> str:
    """Text in which white space no longer matters."""
    return " ".join(text.split())


def is_example(decision: Decision, outcome: Outcome) -> bool:
    """Whether the final text is one to learn from; an accepted hand-over is no reply to a customer."""
    handed_over = decision is Decision.ESCALATE and outcome.kind is OutcomeKind.ACCEPTED
    return outcome.kind in _USED and bool(outcome.final_text.strip()) and not handed_over


@dataclass(frozen=True, slots=True)
class Case:
    """One suggestion with everything an export takes from it, redacted or not."""

    suggestion: Suggestion
    outcome: Outcome | None
    ticket: Ticket | None
    """As it was when the draft was made; None where it is no longer here."""
    rejected: str = ""
    """The draft that lost a comparison with this one."""
    customer: str = ""
    """Who wrote, as a digest."""

    @property
    def draft(self) -> str:
        return self.suggestion.text

    @property
    def final(self) -> str:
        return self.outcome.final_text if self.outcome else ""


class FeedbackExport:
    """Writes exports for `FeedbackService`, which asks first whether the person may have them."""

    def __init__(
        self,
        suggestions: SuggestionRepository,
        tickets: TicketService,
        options: OptionsService,
        redactor: Redactor,
        clock: Clock,
        erased: Callable[[Ticket], bool] | None = None,
        reference: Callable[[str, str], str] | None = None,
    ) -> None:
        """`reference` makes keyed digests: customers are grouped by them, never named."""
        self._erased = erased
        self._reference = reference
        self._suggestions = suggestions
        self._tickets = tickets
        self._options = options
        self._redactor = redactor
        self._clock = clock

    def run(
        self,
        wanted: ExportFormat,
        path: Path,
        since: datetime | None,
        until: datetime | None,
        team: str | None,
        *,
        raw: bool,
        agent: str | None = None,
    ) -> ExportReport:
        """Write the history from `since` up to, not including, `until` to `path`, with a dataset card beside
        it.

        `raw` leaves personal data in; `agent` keeps to one agent's decisions.  The file appears whole or not
        at all.  Raises DiskFull, or BadInput where it cannot be written.
        """
        run = _Run(wanted, self._options.current)

        def cases() -> Iterator[Case]:
            for suggestion, outcome in self._suggestions.history(since, until, team):
                if agent is not None and (outcome is None or outcome.agent_id != agent):
                    continue
                if self._is_erased(suggestion):
                    run.skipped["the customer was erased"] += 1
                    continue
                run.count(suggestion, outcome)
                case = self._case(suggestion, outcome)
                case = _bodies(case) if wanted in _TRAINING else case
                case = case if raw else _redacted(case, self._redactor, run.entities)
                yield _at_the_time(case)

        path = path.expanduser()
        with saving(path) as temporary:
            write = {ExportFormat.CSV: write_csv, ExportFormat.PARQUET: write_parquet}.get(
                wanted, _write_jsonl
            )
            rows = write(temporary, run.rows(cases()))
        card = path.with_name(f"{path.name}.card.md")
        report = ExportReport(
            format=wanted,
            path=str(path),
            card_path=str(card),
            rows=rows,
            suggestions=run.suggestions,
            skipped=dict(run.skipped),
            redacted=not raw,
            entities=dict(run.entities),
        )
        with saving(card) as temporary:
            text = dataset_card(report, run.facts, since, until, team, self._clock.now())
            temporary.write_text(text, encoding="utf-8")
        return report

    def _customer_of(self, ticket: Ticket) -> str:
        """Who wrote, as a digest: the same person in all their tickets, and nobody outside."""
        who = ticket.customer.id or ticket.customer.email.casefold()
        return self._reference("customer", who) if who and self._reference else ""

    def _is_erased(self, suggestion: Suggestion) -> bool:
        if self._erased is None:
            return False
        ticket = self._tickets.get(suggestion.ticket_id)
        return ticket is not None and self._erased(ticket)

    def _case(self, suggestion: Suggestion, outcome: Outcome | None) -> Case:
        ticket = self._tickets.get(suggestion.ticket_id)
        other = self._suggestions.get(outcome.preference.rejected) if outcome and outcome.preference else None
        customer = self._customer_of(ticket) if ticket else ""
        return Case(suggestion, outcome, ticket, reply_body(other, other.text) if other else "", customer)


def reply_body(suggestion: Suggestion, text: str) -> str:
    """`text` without the greeting and closing that were put around the suggestion's answer, where
    the agent left them as they were."""
    if suggestion.body is None:
        return text
    start, end = suggestion.body
    greeting, closing = suggestion.text[:start].strip(), suggestion.text[end:].strip()
    text = text.strip()
    if greeting and text.startswith(greeting):
        text = text[len(greeting) :]
    if closing and text.endswith(closing):
        text = text[: -len(closing)]
    return text.strip()


def _bodies(case: Case) -> Case:
    suggestion, outcome = case.suggestion, case.outcome
    if outcome is not None:
        outcome = replace(outcome, final_text=reply_body(suggestion, outcome.final_text))
    body = reply_body(suggestion, suggestion.text)
    return replace(case, suggestion=replace(suggestion, text=body, body=None), outcome=outcome)


def _at_the_time(case: Case) -> Case:
    """The case with its ticket as the draft saw it."""
    if case.ticket is None:
        return case
    return replace(case, ticket=ticket_until(case.ticket, case.suggestion.message_ids))


@dataclass
class _Run:
    """Makes the rows of one export and counts what it met."""

    format: ExportFormat
    options: Settings
    suggestions: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    entities: Counter[str] = field(default_factory=Counter)
    facts: dict[str, Counter[str]] = field(default_factory=dict)

    def count(self, suggestion: Suggestion, outcome: Outcome | None) -> None:
        self.suggestions += 1
        model = f"{suggestion.model_name or 'none'} ({suggestion.model_sha256[:12]})"
        for title, value in (
            ("Models", model),
            ("Prompt versions", suggestion.prompt_version),
            ("Languages", suggestion.language),
            ("Channels", suggestion.channel),
            ("Outcomes", outcome.kind.value if outcome else "open"),
        ):
            self.facts.setdefault(title, Counter())[value or "unknown"] += 1

    def rows(self, cases: Iterator[Case]) -> Iterator[Row]:
        make: dict[ExportFormat, Callable[[Case], list[Row]]] = {
            ExportFormat.SFT: self._sft,
            ExportFormat.PREFERENCE: self._preference,
            ExportFormat.UNPAIRED: self._unpaired,
            ExportFormat.RETRIEVAL: self._retrieval,
        }
        for case in cases:
            if self.format in make:
                yield from make[self.format](case)
            else:
                yield record(case.suggestion, case.outcome)

    def _sft(self, case: Case) -> list[Row]:
        if case.outcome is None or not is_example(case.suggestion.decision, case.outcome):
            return self._skip("not used as a reply")
        return self._with_prompt(case, [{"completion": _reply(case.final)}])

    def _preference(self, case: Case) -> list[Row]:
        rows: list[Row] = []
        outcome = case.outcome
        if outcome and outcome.kind in _CORRECTED and is_example(case.suggestion.decision, outcome):
            if not is_typo(case.draft, case.final, outcome.edit_distance):
                rows.append({"chosen": _reply(case.final), "rejected": _reply(case.draft)})
            else:
                self._skip("only a typo was corrected")
        if case.rejected and normalised(case.rejected) != normalised(case.draft):
            rows.append({"chosen": _reply(case.draft), "rejected": _reply(case.rejected)})
        return self._with_prompt(case, rows) if rows else self._skip("neither corrected nor compared")

    def _unpaired(self, case: Case) -> list[Row]:
        kind = case.outcome.kind if case.outcome else None
        if kind is OutcomeKind.ACCEPTED and case.suggestion.decision is not Decision.ESCALATE:
            return self._with_prompt(case, [{"completion": _reply(case.final), "label": True}])
        if kind in (OutcomeKind.REJECTED, OutcomeKind.REWRITTEN) and case.draft.strip():
            return self._with_prompt(case, [{"completion": _reply(case.draft), "label": False}])
        return self._skip("neither accepted, rejected nor rewritten")

    def _retrieval(self, case: Case) -> list[Row]:
        row = retrieval_row(case.suggestion, case.outcome, case.ticket, case.customer)
        return [row] if row else self._skip("no article is known to answer it")

    def _with_prompt(self, case: Case, rows: list[Row]) -> list[Row]:
        if case.ticket is None:
            return self._skip("the ticket is no longer here")
        prompt = [{"role": m.role, "content": m.content} for m in prompt_of(case, self.options)]
        more: Row = {"meta": meta_of(case.suggestion, case.outcome, case.ticket, case.customer)}
        if self.format is ExportFormat.SFT:
            more["ticket"] = learnt_ticket(case.ticket, case.customer)
        return [{"prompt": prompt, **row, **more} for row in rows]

    def _skip(self, why: str) -> list[Row]:
        self.skipped[why] += 1
        return []


def prompt_of(case: Case, options: Settings) -> tuple[ChatMessage, ...]:
    """The prompt of a case, by the builder that serves."""
    suggestion, ticket = case.suggestion, case.ticket
    if ticket is None:
        raise ValueError("the case has no ticket")
    known = suggestion.channel in set(Channel)
    if suggestion.prompt_passages is None:
        hits = suggestion.hits[: options.knowledge.passages]
    else:
        hits = _shown(suggestion, suggestion.prompt_passages)
    return build_messages(
        ticket,
        hits,
        company=options.reply.company,
        voice=options.reply.voice,
        channel=Channel(suggestion.channel) if known else ticket.channel,
        language=suggestion.language or "en",
        steer=suggestion.steer,
    )


def _shown(suggestion: Suggestion, ids: Sequence[int]) -> tuple[Hit, ...]:
    """The passages as the model was shown them: in their order, and of each what it was shown."""
    known = {h.passage.id: h for h in suggestion.hits}
    texts = dict(zip(ids, suggestion.prompt_texts))
    hits = (known[i] for i in ids if i in known)
    return tuple(
        replace(h, passage=replace(h.passage, text=texts.get(h.passage.id, h.passage.text))) for h in hits
    )


def _reply(text: str) -> list[dict[str, str]]:
    return [{"role": "assistant", "content": text.strip()}]


# --- personal data --------------------------------------------------------------------------------


def _redacted(case: Case, redactor: Redactor, entities: Counter[str]) -> Case:
    """The case with personal data replaced in everything a customer or an agent wrote.

    Articles and macros are the company's own, public text: what stands in them (the support
    number) is no personal data, neither there nor in the reply that quotes it.
    """
    suggestion, outcome, ticket = case.suggestion, case.outcome, case.ticket
    solved = [h for h in suggestion.hits if h.passage.collection == Collection.SOLVED]
    public = "\n".join(h.passage.text for h in suggestion.hits if h.passage.collection != Collection.SOLVED)
    messages = ticket.messages if ticket else ()
    texts = [m.text for m in messages] + [ticket.subject if ticket else "", suggestion.steer]
    texts += [text for h in solved for text in (h.passage.title, h.passage.heading, h.passage.text)]
    texts += suggestion.prompt_texts  # sentences of those passages, word for word
    texts += [case.draft, case.final, case.rejected]
    texts += [outcome.reason_text, outcome.missing_note] if outcome else []
    known = known_values(ticket) if ticket else []
    replaced = iter(without_personal(texts, redactor, known, public, entities))
    if ticket:
        ticket = replace(ticket, messages=tuple(replace(m, text=next(replaced)) for m in messages))
    subject, steer = next(replaced), next(replaced)
    ticket = replace(ticket, subject=subject) if ticket else None
    clean: dict[int, Hit] = {}
    for hit in solved:
        title, heading, text = next(replaced), next(replaced), next(replaced)
        clean[hit.passage.id] = replace(
            hit, passage=replace(hit.passage, title=title, heading=heading, text=text)
        )
    hits = tuple(clean.get(h.passage.id, h) for h in suggestion.hits)
    shown = tuple(next(replaced) for _ in suggestion.prompt_texts)
    draft, final, rejected = next(replaced), next(replaced), next(replaced)
    if outcome:
        reason, note = next(replaced), next(replaced)
        outcome = replace(outcome, final_text=final, reason_text=reason, missing_note=note)
    kept = replace(suggestion, steer=steer, hits=hits, prompt_texts=shown, text=draft)
    return replace(case, suggestion=kept, outcome=outcome, ticket=ticket, rejected=rejected)


def without_personal(
    texts: list[str],
    redactor: Redactor,
    known: list[tuple[str, str]],
    public: str,
    entities: Counter[str],
) -> list[str]:
    """The texts of one ticket with personal data replaced, but for what stands in `public`; counts kinds."""
    replaced: list[str] = []
    for text, (_, found) in zip(texts, redactor.redact_all(texts, known), strict=True):
        pieces: list[str] = []
        position = 0
        for kind, start, end, placeholder in found:
            if text[start:end] not in public:
                pieces += [text[position:start], placeholder]
                position = end
                entities[kind] += 1
        replaced.append("".join([*pieces, text[position:]]))
    return replaced


# --- files ----------------------------------------------------------------------------------------


def _write_jsonl(path: Path, rows: Iterator[Row]) -> int:
    count = 0
    with path.open("w", encoding="utf-8", newline="\n") as out:
        for count, row in enumerate(rows, 1):  # noqa: B007 -- the last count is the result
            out.write(json.dumps(row, ensure_ascii=False) + "\n")
    return count
