"""What stands around an answer, each sentence checked: greeting, opening, lead's rules, offer, closing."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from agent_assist.domain import composing
from agent_assist.domain.house import PLAIN, Frame, Style
from agent_assist.domain.knowledge import Hit
from agent_assist.domain.model import ModelRecord, Usage
from agent_assist.domain.phrases import phrases
from agent_assist.domain.signals import in_trouble
from agent_assist.domain.suggestion import Decision, DraftEvent, Sentence
from agent_assist.domain.support import Evidence, check
from agent_assist.domain.text import coverage
from agent_assist.domain.ticket import LETTER, Channel, Ticket
from agent_assist.ports import CancelToken
from agent_assist.services.drafting.context import DraftContext
from agent_assist.services.drafting.decision import Verdict, Way
from agent_assist.services.options import OptionsService

_SAID = 0.8
"""Share of the words of what a rule adds from which a text says it already."""

_AS_SENT = "The {parts} read as your team's replies do: see Feedback › Remembered edits."
_NAMES = {
    Frame.GREETING: "greeting",
    Frame.GREETING_NOBODY: "greeting",
    Frame.OPENING: "opening",
    Frame.OFFER: "offer of help",
    Frame.CLOSING: "closing",
}

Observe = Callable[[DraftEvent], None]


@dataclass
class Run:
    """One draft being made."""

    ticket: Ticket
    context: DraftContext
    hits: tuple[Hit, ...]
    verdict: Verdict
    evidence: Evidence
    steer: str
    cancel: CancelToken
    observe: Observe
    started: float
    retrieve_ms: float = 0.0
    first_token_ms: float = 0.0
    usage: Usage = field(default_factory=Usage)
    notes: list[str] = field(default_factory=list)
    says: tuple[str, ...] = ()
    """What the lead's rules add to an answer."""
    said: dict[int, list[tuple[Hit, str]]] = field(default_factory=dict)
    """By passage: what it and those beside it answer, which is read once."""
    prompt_passages: tuple[int, ...] | None = None
    """Ids of the passages that the model was shown; None where it was not asked."""
    prompt_texts: tuple[str, ...] = ()
    """What it was shown of each of them, in the same order; empty where that was the whole passage."""
    record: ModelRecord | None = None
    """The model that writes for this ticket."""
    challenger: bool = False
    """Whether it is the challenger of a canary."""

    def since(self) -> float:
        """Milliseconds since the draft was asked for."""
        return (time.monotonic() - self.started) * 1000


House = Callable[[Channel, str], Style]
"""How the team words what stands around an answer, by channel and language."""


def plain(_channel: Channel, _language: str) -> Style:
    """A team without habits."""
    return PLAIN


class Framing:
    """Puts an answer into its letter or chat message, in the house's words."""

    def __init__(self, options: OptionsService, house: House = plain) -> None:
        self._options = options
        self._house = house

    def before_body(self, run: Run) -> str:
        """What stands before the model's words in the finished draft, so that nothing jumps."""
        mark = "\0"
        return self._letter(run, mark, offer=False).split(mark)[0]

    def begun(self, run: Run, text: str) -> str:
        """What the draft looks like while it is written."""
        return self.before_body(run) + self._going_on(run, self._opened(run, text.lstrip(), ())[0])

    def _going_on(self, run: Run, body: str) -> str:
        """The body as it reads after the greeting of a chat, with which it is one sentence."""
        alone = run.ticket.channel in LETTER or not (run.context.name and run.context.first_reply)
        return body if alone or _sorry(run) else composing.lower_first(body, run.context.language)

    def _letter(self, run: Run, body: str, offer: bool) -> str:
        own = phrases(run.context.language)
        return composing.letter(
            body,
            run.ticket.channel,
            run.context.language,
            name=run.context.name,
            signature=self._options.current.reply.signature,
            first=run.context.first_reply,
            offer=offer,
            sorry=_sorry(run) and own.sorry not in body,
            style=self._style(run),
        )

    def notes(self, run: Run) -> tuple[str, ...]:
        """Says where an answer reads as the team writes."""
        names = dict.fromkeys(_NAMES[p] for p in self._style(run).parts) if _answers(run) else {}
        return (_AS_SENT.format(parts=" and ".join(names)),) if names else ()

    def _style(self, run: Run) -> Style:
        return self._house(run.ticket.channel, run.context.language)

    def _opened(
        self, run: Run, body: str, sentences: tuple[Sentence, ...]
    ) -> tuple[str, tuple[Sentence, ...]]:
        """An answer behind what the house says before one."""
        if not _answers(run):
            return body, sentences
        language = run.context.language
        text = composing.opened(body, self._style(run), language)
        by = len(text) - len(body)
        moved = tuple(shifted(s, by) for s in sentences)
        if by and moved and text[:by].rstrip().endswith(":"):  # it is one sentence with what it announces
            return text, (replace(moved[0], start=0, text=text[: moved[0].end]), *moved[1:])
        return text, (*check(text[:by], run.evidence, language), *moved)

    def with_rules(
        self, run: Run, body: str, sentences: tuple[Sentence, ...]
    ) -> tuple[str, tuple[Sentence, ...]]:
        """An answer with what the lead's rules add to it, where it does not say that yet."""
        for say in (s for s in run.says if _answers(run) and coverage(s, body) < _SAID):
            more = check(f" {say}", run.evidence, run.context.language)
            sentences = (*sentences, *(shifted(s, len(body)) for s in more))
            body = f"{body} {say}"
        return body, sentences

    def framed(
        self, run: Run, body: str, sentences: tuple[Sentence, ...], offer: bool
    ) -> tuple[str, int, int, tuple[Sentence, ...]]:
        """The whole text, where its body begins and ends, and its sentences."""
        language, around = run.context.language, run.evidence
        own = phrases(language)
        offers = (own.offer, own.offer_in_chat, self._style(run).offer)
        offer = offer and not any(said and said in body for said in offers)
        body, sentences = self._opened(run, body, sentences)
        body = self._going_on(run, body)
        # One of them began with the capital letter.
        sentences = tuple(replace(s, text=body[s.start : s.end]) if not s.start else s for s in sentences)
        text = self._letter(run, body, offer)
        at = text.index(body)
        end = at + len(body)
        parts = (
            *check(text[:at], around, language),
            *(shifted(s, at) for s in sentences),
            *(shifted(s, end) for s in check(text[end:], around, language)),
        )
        return text, at, end, parts


def _answers(run: Run) -> bool:
    return run.verdict.decision is Decision.DRAFT and run.verdict.way is not Way.SMALL_TALK


def _sorry(run: Run) -> bool:
    """Whether a word of regret goes before the reply: the first, to a customer who tells what went wrong."""
    draft = run.verdict.decision is Decision.DRAFT and run.verdict.way not in (Way.MACRO, Way.SMALL_TALK)
    asks = run.verdict.way is Way.QUESTION
    return (draft or asks) and run.context.first_reply and in_trouble(run.context.question)


def shifted(sentence: Sentence, by: int) -> Sentence:
    """The sentence where it stands with `by` more characters before it."""
    marks = tuple(replace(m, start=m.start + by, end=m.end + by) for m in sentence.marks)
    return replace(sentence, start=sentence.start + by, end=sentence.end + by, marks=marks)
