"""A draft: what the window shows of it while it grows, and what is kept of it when it is done."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from agent_assist.domain.knowledge import Hit
from agent_assist.domain.model import Usage
from agent_assist.errors import ErrorInfo


class Decision(StrEnum):
    """What to do with the ticket."""

    DRAFT = "draft"
    CLARIFY = "clarify"
    """The text asks the customer what is missing for an answer."""
    ESCALATE = "escalate"
    """The text hands over to a person; nothing is answered."""


class Origin(StrEnum):
    """Who worded the draft; the window says so."""

    MODEL = "model"
    MACRO = "macro"
    PASSAGES = "passages"
    """Composed from the passages' own sentences because no candidate passed the check."""
    TEMPLATE = "template"
    """A clarifying question or a hand-over."""


class MarkKind(StrEnum):
    """What has to be looked at in a place of a reply; NUMBER to NAME are facts that no evidence has."""

    NUMBER = "number"
    DATE = "date"
    AMOUNT = "amount"
    LINK = "link"
    NAME = "name"
    PROMISE = "promise"
    """The company commits itself to what no evidence says it does."""
    CONTRADICTION = "contradiction"
    """An article says the opposite."""
    PERSONAL = "personal"
    """Personal data of someone else than this ticket's customer."""
    ADVICE = "advice"
    """Legal or medical advice."""
    PROMPT = "prompt"
    """The assistant's own instructions."""
    INSULT = "insult"
    POLICY = "policy"
    """Against a rule of the lead."""
    SECRET = "secret"
    """Asks the customer for a password, a whole card number, a code."""
    PAYMENT = "payment"
    """Sends money to an account or on a way that fraudsters use."""
    CONTACT = "contact"
    """A link, an e-mail address or a telephone number that one article alone gives."""

    @property
    def blocks(self) -> bool:
        """Whether a reply with such a mark leaves only when it was confirmed, whoever wrote it."""
        return self in _BLOCKING


_BLOCKING = frozenset(
    {
        MarkKind.PERSONAL,
        MarkKind.PROMPT,
        MarkKind.INSULT,
        MarkKind.POLICY,
        MarkKind.SECRET,
        MarkKind.PAYMENT,
        MarkKind.CONTACT,
    }
)


@dataclass(frozen=True, slots=True)
class Mark:
    """A stretch that needs the agent's eye; offsets count characters of the draft's text."""

    kind: MarkKind
    start: int
    end: int
    reason: str


def mark_id(mark: Mark, text: str) -> str:
    """What a confirmation names: the kind and a digest of the marked words, wherever they stand.

    It holds none of the words, so that it can stand in a log.
    """
    said = "".join(c for c in text[mark.start : mark.end].casefold() if c.isalnum() or c == "@")
    return f"{mark.kind.value}:{hashlib.sha256(said.encode('utf-8', 'replace')).hexdigest()[:16]}"


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of the draft and what it rests on; offsets count characters of the draft's text."""

    text: str
    start: int
    end: int
    citations: tuple[str, ...] = ()
    """Article ids, best first."""
    passages: tuple[int, ...] = ()
    """Passage ids, parallel to `citations`."""
    supported: bool = True
    """True for a supported fact and for a sentence that states none (a greeting)."""
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True, slots=True)
class Timings:
    """Milliseconds since the draft was asked for."""

    retrieve: float = 0.0
    first_token: float = 0.0
    total: float = 0.0


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A finished draft with everything needed to explain it and to learn from it."""

    id: str
    ticket_id: str
    message_ids: tuple[str, ...]
    """The customer's messages that it answers."""
    thread_hash: str
    decision: Decision
    origin: Origin
    text: str
    sentences: tuple[Sentence, ...]
    hits: tuple[Hit, ...]
    confidence: float
    """0 to 1."""
    reasons: tuple[str, ...]
    """Why this decision, in sentences for the agent."""
    language: str
    """ISO 639-1, of the text."""
    channel: str
    model_name: str
    model_sha256: str
    adapter_sha256: str
    """Empty where the base wrote alone."""
    prompt_version: str
    steer: str = ""
    alternative_of: str = ""
    """The id of the suggestion it stands beside, where two were shown."""
    timings: Timings = field(default_factory=Timings)
    usage: Usage = field(default_factory=Usage)
    created_at: datetime | None = None
    body: tuple[int, int] | None = None
    """Where the answer itself stands in `text`, between the greeting and closing that were put around
    it; None where nothing was.  Training uses the body alone: the model never writes the rest."""
    prompt_passages: tuple[int, ...] | None = None
    """Ids of the passages that the model was shown, in that order; None where that was not kept."""
    prompt_texts: tuple[str, ...] = ()
    """What of each of them it was shown; empty where each was shown whole.  Training shows it the same."""

    @property
    def citations(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(a for s in self.sentences for a in s.citations))

    @property
    def marks(self) -> tuple[Mark, ...]:
        return tuple(m for s in self.sentences for m in s.marks)


class DraftState(StrEnum):
    """From GATHERING to CHECKING in this order, skipping where there is nothing to do; `reduce` has the
    moves."""

    IDLE = "idle"
    GATHERING = "gathering"
    """Ticket, history and language are being read."""
    RETRIEVING = "retrieving"
    PREFILLING = "prefilling"
    """The model reads the prompt."""
    GENERATING = "generating"
    CHECKING = "checking"
    READY = "ready"
    ABSTAINED = "abstained"
    """Ready, and no answer: a clarifying question or a hand-over."""
    FAILED = "failed"
    STALE = "stale"
    """The thread has changed since; the text is kept until a new draft is asked for."""

    @property
    def working(self) -> bool:
        return self in _WORKING

    @property
    def final(self) -> bool:
        return self in (DraftState.READY, DraftState.ABSTAINED, DraftState.FAILED)


_WORKING = frozenset(
    {
        DraftState.GATHERING,
        DraftState.RETRIEVING,
        DraftState.PREFILLING,
        DraftState.GENERATING,
        DraftState.CHECKING,
    }
)


@dataclass(frozen=True, slots=True)
class Draft:
    """What the window renders of one ticket's draft at one moment."""

    ticket_id: str
    thread_hash: str = ""
    state: DraftState = DraftState.IDLE
    text: str = ""
    """Streamed so far; the final text when the state is final."""
    hits: tuple[Hit, ...] = ()
    suggestion: Suggestion | None = None
    alternatives: tuple[Suggestion, ...] = ()
    """All finished suggestions for this thread, `suggestion` among them, oldest first."""
    steer: str = ""
    chosen: Hit | None = None
    """The passage that the agent chose to be answered from."""
    error: ErrorInfo | None = None
    prefetched: bool = False


# --- what can happen to a draft -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Asked:
    """A draft is wanted for the thread as it is now."""

    thread_hash: str
    steer: str = ""
    chosen: Hit | None = None
    prefetched: bool = False


@dataclass(frozen=True, slots=True)
class Gathered:
    """Ticket, history and language are known; search begins."""


@dataclass(frozen=True, slots=True)
class Retrieved:
    """The passages that the draft may rest on, best first."""

    hits: tuple[Hit, ...]


@dataclass(frozen=True, slots=True)
class PromptDone:
    """The prompt has been read; the first token comes next."""


@dataclass(frozen=True, slots=True)
class Streamed:
    """The model has written more."""

    text: str
    """All text so far, not the last piece alone."""


@dataclass(frozen=True, slots=True)
class Generated:
    """The model is done; the facts are being checked."""


@dataclass(frozen=True, slots=True)
class Completed:
    """The suggestion has been checked and is saved."""

    suggestion: Suggestion


@dataclass(frozen=True, slots=True)
class Broke:
    """No draft came of it."""

    error: ErrorInfo


@dataclass(frozen=True, slots=True)
class Stopped:
    """Cancelled by the agent; the text so far stays."""


@dataclass(frozen=True, slots=True)
class ThreadChanged:
    """The ticket's public conversation is another one now."""

    thread_hash: str


DraftEvent = (
    Asked
    | Gathered
    | Retrieved
    | PromptDone
    | Streamed
    | Generated
    | Completed
    | Broke
    | Stopped
    | ThreadChanged
)

_NEXT: Mapping[type[Any], frozenset[DraftState]] = {
    Gathered: frozenset({DraftState.GATHERING}),
    Retrieved: frozenset({DraftState.RETRIEVING}),
    PromptDone: frozenset({DraftState.PREFILLING}),
    Streamed: frozenset({DraftState.PREFILLING, DraftState.GENERATING}),
    Generated: frozenset({DraftState.RETRIEVING, DraftState.PREFILLING, DraftState.GENERATING}),
    Completed: _WORKING,
    Broke: _WORKING,
    Stopped: _WORKING,
}


def reduce(draft: Draft, event: DraftEvent) -> Draft:
    """The draft after `event`.

    Events that do not belong to the current state change nothing: a late token of a cancelled
    generation cannot bring a stale draft back.
    """
    if isinstance(event, Asked):
        keep = draft.alternatives if draft.thread_hash == event.thread_hash else ()
        return Draft(
            draft.ticket_id,
            event.thread_hash,
            DraftState.GATHERING,
            alternatives=keep,
            steer=event.steer,
            chosen=event.chosen,
            prefetched=event.prefetched,
        )
    if isinstance(event, ThreadChanged):
        if draft.state is DraftState.IDLE or draft.thread_hash == event.thread_hash:
            return draft
        return replace(draft, state=DraftState.STALE)
    if draft.state not in _NEXT[type(event)]:
        return draft
    match event:
        case Gathered():
            return replace(draft, state=DraftState.RETRIEVING)
        case Retrieved(hits):
            return replace(draft, state=DraftState.PREFILLING, hits=hits)
        case PromptDone():
            return replace(draft, state=DraftState.GENERATING)
        case Streamed(text):
            return replace(draft, state=DraftState.GENERATING, text=text)
        case Generated():
            return replace(draft, state=DraftState.CHECKING)
        case Broke(error):
            return replace(draft, state=DraftState.FAILED, error=error)
        case Stopped():
            return replace(draft, state=DraftState.IDLE)
        case Completed(suggestion):
            state = DraftState.READY if suggestion.decision is Decision.DRAFT else DraftState.ABSTAINED
            return replace(
                draft,
                state=state,
                text=suggestion.text,
                hits=suggestion.hits,
                suggestion=suggestion,
                alternatives=(*(a for a in draft.alternatives if a.id != suggestion.id), suggestion),
                error=None,
            )
