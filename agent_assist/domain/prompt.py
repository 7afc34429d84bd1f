"""The one builder of prompts: serving, feedback export and tuning all call it.

The messages of a ticket only grow: what the model has read of a ticket stays the beginning of
every later prompt of the same ticket, so that its prefix is still in the KV cache.

    system      who writes and in which voice; the same for the whole workspace
    user        the articles found for these customer messages, then the messages
    assistant   what the agent answered
    user        … and so on; the last one ends with the instruction (language, channel, steer)

Tickets and articles are untrusted: they are cleaned of what a reader cannot see and of what tries to
steer the assistant (`injection.readable`), labelled as what they are, and the worker tokenises them as
plain text, so that no marker in them is a marker.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from agent_assist.domain.injection import readable
from agent_assist.domain.knowledge import Hit, Passage
from agent_assist.domain.model import ChatMessage
from agent_assist.domain.text import clean, content_words, shorten, split_sentences
from agent_assist.domain.ticket import Channel, Message, Role, Ticket

PROMPT_VERSION = "1"

DEFAULT_BUDGET = 3072
"""Tokens for the whole prompt where the caller knows no context size."""

_TURNS_PER_STEP = 8
"""Old turns leave in groups of this many, so that the prefix changes seldom."""

_PASSAGE_SHARE, _MESSAGE_SHARE = 0.45, 0.35
"""Of the budget: what the passages of one turn, and one customer message, may take."""

LANGUAGE_NAMES: Mapping[str, str] = {
    "en": "English",
    "es": "Spanish",
    "de": "German",
    "fr": "French",
    "pt": "Portuguese",
    "it": "Italian",
    "nl": "Dutch",
    "pl": "Polish",
    "ru": "Russian",
    "tr": "Turkish",
    "zh": "Chinese",
    "ja": "Japanese",
    "ko": "Korean",
    "ar": "Arabic",
}

_CHANNEL_WORDS: Mapping[Channel, str] = {
    Channel.CHAT: "chat message",
    Channel.MESSAGING: "chat message",
    Channel.SOCIAL: "public post",
    Channel.EMAIL: "question",
    Channel.WEB: "question",
    Channel.PHONE: "question on the phone",
}

Count = Callable[[str], int]


def estimate_tokens(text: str) -> int:
    """A cautious bound on the tokens of ordinary text, without a model."""
    return len(text.encode("utf-8", "ignore")) // 3 + 1


@dataclass(frozen=True, slots=True)
class Turn:
    """Consecutive public messages of one side."""

    role: Role
    messages: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a model is asked, as turns."""

    messages: tuple[ChatMessage, ...]
    notes: tuple[str, ...] = ()
    """What was left out and why, in sentences for the agent."""


@dataclass(frozen=True, slots=True)
class Style:
    """How the workspace wants its replies."""

    company: str = ""
    voice: str = ""


def turns_of(ticket: Ticket) -> list[Turn]:
    """The public conversation by turns; internal notes are left out."""
    turns: list[Turn] = []
    for message in ticket.messages:
        if message.role is Role.NOTE or not message.text.strip():
            continue
        if turns and turns[-1].role is message.role:
            turns[-1] = replace(turns[-1], messages=(*turns[-1].messages, message))
        else:
            turns.append(Turn(message.role, (message,)))
    return turns


def ticket_until(ticket: Ticket, message_ids: Sequence[str]) -> Ticket:
    """The ticket as it was when the last of `message_ids` was the newest message."""
    wanted = set(message_ids)
    last = max((i for i, m in enumerate(ticket.messages) if m.id in wanted), default=len(ticket.messages) - 1)
    return replace(ticket, messages=ticket.messages[: last + 1])


def system_message(style: Style) -> ChatMessage:
    """The first message: nothing in it depends on the ticket, so that all tickets share it."""
    company, voice = clean(style.company), clean(style.voice) or "friendly"
    who = f"You are a support agent of {company}." if company else "You are a support agent."
    return ChatMessage(
        "system",
        f"{who} Answer the customer in one or two short, {voice} sentences. "
        "Use only facts from the articles.",
    )


def excerpt(passage: Passage, question: str, limit: int) -> str:
    """The passage's sentences that matter most to the question, in their order, within `limit` characters."""
    text = readable(passage.text, article=True)
    if len(text) <= limit:
        return text
    wanted = set(content_words(question))
    spans = split_sentences(text)
    order = sorted(range(len(spans)), key=lambda i: (-len(wanted & set(content_words(spans[i].text))), i))
    taken: list[int] = []
    size = 0
    for index in order:
        length = len(spans[index].text) + 1
        if size + length <= limit:
            taken.append(index)
            size += length
    return " ".join(spans[i].text for i in sorted(taken)) if taken else shorten(text, limit)


def render_passage(passage: Passage, question: str, limit: int) -> str:
    """Where it stands, then what it says.

    A title that asks is left out: a small model answers, or repeats, the question.  Of the columns
    that stand in the heading ("entity: Acorn House") only a name is kept, where the text lacks it.
    """
    body = " ".join(excerpt(passage, question, limit).split())
    parts = [] if passage.title.rstrip().endswith("?") else [passage.title]
    parts += [h for h in passage.heading.split(" › ") if h and ": " not in h and not h.endswith("?")]
    parts += [name for name in named_in_heading(passage) if name.casefold() not in body.casefold()]
    where = clean(" › ".join(dict.fromkeys(p for p in parts if p)))
    return f"{where}: {body}" if where and not body.startswith(where) else body


def named_in_heading(passage: Passage) -> list[str]:
    """Names that the article's own columns give it: the values that are not plain lower-case words."""
    pairs = (part.partition(": ") for part in passage.heading.split(" › "))
    return [value for _, colon, value in pairs if colon and value != value.lower()]


def build_prompt(
    ticket: Ticket,
    passages: Sequence[Passage | Hit],
    *,
    shown: Mapping[str, Sequence[Passage]] | None = None,
    company: str = "",
    voice: str = "",
    channel: Channel | None = None,
    language: str = "en",
    steer: str = "",
    budget: int = DEFAULT_BUDGET,
    count: Count = estimate_tokens,
) -> Prompt:
    """The prompt for a reply to what the customer wrote last.

    `shown` maps a customer message's id to the passages that stood before it in earlier prompts of
    this ticket; `passages` are those found now, of which only new ones are added.  `budget` is in
    tokens as `count` counts them.
    """
    shown = shown or {}
    system = system_message(Style(company, voice))
    turns = turns_of(ticket)
    # A reply with nothing after it (the agent wrote last) still answers the last customer turn.
    while turns and turns[-1].role is Role.AGENT:
        turns.pop()
    notes: list[str] = []
    found = [p.passage if isinstance(p, Hit) else p for p in passages]
    blocks = _Blocks(shown, found, budget, notes, channel or ticket.channel)
    contents = [(turn.role, blocks.render(turn, newest=i == len(turns) - 1)) for i, turn in enumerate(turns)]
    ending = instruction(channel or ticket.channel, language, steer)
    start = _first_turn(contents, budget - count(system.content) - count(ending) - 24, count)
    if start:
        notes.append(f"The conversation is long: its first {start} turns were left out.")
    kept = contents[start:]
    messages = [system]
    for role, content in kept:
        messages.append(ChatMessage("assistant" if role is Role.AGENT else "user", content))
    if kept:
        messages[-1] = ChatMessage("user", f"{messages[-1].content}\n{ending}")
    else:
        messages.append(ChatMessage("user", ending))
    return Prompt(tuple(messages), tuple(notes))


def build_messages(
    ticket: Ticket,
    passages: Sequence[Passage | Hit],
    *,
    company: str = "",
    voice: str = "",
    channel: Channel | None = None,
    language: str = "en",
    steer: str = "",
    budget: int = DEFAULT_BUDGET,
) -> tuple[ChatMessage, ...]:
    """The messages alone, without what an earlier prompt showed: for export and tuning."""
    prompt = build_prompt(
        ticket,
        passages,
        company=company,
        voice=voice,
        channel=channel,
        language=language,
        steer=steer,
        budget=budget,
    )
    return prompt.messages


def instruction(channel: Channel, language: str, steer: str = "") -> str:
    """The last line of the prompt.  Short on purpose: a small model echoes what it is told at length,
    so the language is named only where it is not English, and the channel rule where it forbids something.
    """
    name = "" if language in ("", "en") else f" in {LANGUAGE_NAMES.get(language, language)}"
    care = " and no personal data" if channel is Channel.SOCIAL else ""
    text = f"Answer it{name} using only these facts{care}."
    wish = clean(steer)
    return f"{text} Say also: {wish}" if wish else text


class _Blocks:
    """Renders turns, adding each passage before the first message that needed it."""

    def __init__(
        self,
        shown: Mapping[str, Sequence[Passage]],
        found: Sequence[Passage],
        budget: int,
        notes: list[str],
        channel: Channel,
    ) -> None:
        self._channel = _CHANNEL_WORDS[channel]
        self._shown = shown
        self._found = found
        self._notes = notes
        self._seen: set[int] = set()
        self._passage_limit = int(budget * _PASSAGE_SHARE * 3)
        self._message_limit = int(budget * _MESSAGE_SHARE * 3)

    def render(self, turn: Turn, newest: bool) -> str:
        if turn.role is Role.AGENT:
            return shorten(clean("\n".join(m.text for m in turn.messages)), self._message_limit)
        parts: list[str] = []
        for index, message in enumerate(turn.messages):
            text = readable(message.text)
            passages = list(self._shown.get(message.id, ()))
            if newest and index == len(turn.messages) - 1:
                passages += self._found
            fresh = [p for p in passages if p.id not in self._seen]
            self._seen.update(p.id for p in fresh)
            fresh = list({p.id: p for p in fresh}.values())
            if fresh:
                limit = min(900, self._passage_limit // len(fresh))
                facts = " ".join(render_passage(p, text, limit) for p in fresh)
                parts.append(f"Facts: {facts}")
            if len(text) > self._message_limit:
                self._notes.append(
                    f"The customer's message is very long ({len(text):,} characters): "
                    "the model reads its beginning and its end."
                )
                text = shorten(text, self._message_limit)
            parts.append(f"Customer's {self._channel}: {text}")
        return "\n\n".join(parts)


def _first_turn(contents: Sequence[tuple[Role, str]], room: int, count: Count) -> int:
    """The first turn that is kept: 0, or a multiple of a step, always a customer's turn or the last."""
    sizes = [count(content) + 8 for _, content in contents]
    total = sum(sizes)
    start = 0
    while total > room and start < len(contents) - 1:
        step = min(_TURNS_PER_STEP, len(contents) - 1 - start)
        total -= sum(sizes[start : start + step])
        start += step
    while start < len(contents) - 1 and start and contents[start][0] is Role.AGENT:
        start += 1
    return start
