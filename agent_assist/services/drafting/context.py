"""What is known before a draft is begun: what must be answered, in which language, for whom."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from agent_assist.domain.composing import greeting_of
from agent_assist.domain.injection import nothing_left, shielded
from agent_assist.domain.mailtext import reduce_mail
from agent_assist.domain.polarity import opening
from agent_assist.domain.signals import Signals, read_signals
from agent_assist.domain.text import clean, content_words, shorten, words
from agent_assist.domain.ticket import Message, Role, Ticket
from agent_assist.ports import LanguageDetector
from agent_assist.settings import Settings

_QUESTION_LIMIT = 6000
"""Characters of the customer's words that are looked at; a longer text is cut in the middle."""


@dataclass(frozen=True, slots=True)
class DraftContext:
    """A ticket read for one draft; immutable."""

    ticket: Ticket
    """Without what tries to steer the assistant: what search, decision and check read."""
    open_messages: tuple[Message, ...]
    """What the draft answers."""
    question: str
    """The open messages as one text."""
    language: str
    """ISO 639-1, of the reply."""
    signals: Signals
    name: str
    """What to call the customer; empty where it is not known."""
    first_reply: bool
    """Nobody has answered yet: the reply greets."""
    said: tuple[str, ...]
    """The agent's own words: earlier replies and the steer line."""
    customer_words: tuple[str, ...]
    """Their messages with the ticket's subject and fields: what stands there may be repeated to them."""
    known_names: tuple[str, ...]
    """Of the customer, the agent and the company."""
    asked: str = ""
    """The question as it is meant: without quoted mail and signature, and with the earlier question where the
    customer only answers the agent."""
    details: str = ""
    """What else is known of the case: the ticket's subject and fields."""
    continues: bool = False
    """The customer only says what the agent asked for ("three", "yes, please")."""
    notes: tuple[str, ...] = ()
    """What was left out and why, in sentences for the agent."""
    overtaken: bool = False
    """All that the customer wrote tries to steer the assistant: nothing is left to answer."""


def gather(ticket: Ticket, languages: LanguageDetector, settings: Settings, steer: str = "") -> DraftContext:
    """Read the ticket; pure but for the language detector."""
    ticket, steering = shielded(ticket)
    messages = ticket.open_customer_messages
    if not messages and ticket.last_customer_message:
        messages = (ticket.last_customer_message,)
    full = clean("\n\n".join(m.text for m in messages))
    question = shorten(full, _QUESTION_LIMIT)
    notes: tuple[str, ...] = ()
    if len(question) < len(full):
        notes = (f"The message is very long ({len(full):,} characters): its beginning and end were read.",)
    if steering:
        reasons = " ".join(dict.fromkeys(s.reason for s in steering))
        notes = (*notes, f"Part of the message was not shown to the model. {reasons}")
    name, first = greeting_of(ticket)
    agent_words = tuple(
        shorten(clean(m.text), _QUESTION_LIMIT) for m in ticket.messages if m.role is Role.AGENT
    )[-20:]
    customer_words = tuple(
        shorten(clean(m.text), _QUESTION_LIMIT) for m in ticket.messages[-200:] if m.role is Role.CUSTOMER
    )[-20:]
    reply = settings.reply
    fields = tuple(f"{k} {v}" for k, v in ticket.fields.items())
    earlier = earlier_question(ticket, question)
    own = (reduce_mail(shorten(m.text, 10 * _QUESTION_LIMIT)).text for m in messages)
    new = shorten(clean("\n\n".join(own)), _QUESTION_LIMIT)
    return DraftContext(
        ticket=ticket,
        asked=shorten(f"{earlier}\n{new}".strip(), _QUESTION_LIMIT) if earlier else new,
        details="; ".join((clean(ticket.subject), *fields)),
        continues=bool(earlier),
        open_messages=messages,
        question=question,
        language=language_of(ticket, question, languages),
        signals=_signals(ticket, question, ticket.subject if first else ""),
        name=name,
        first_reply=first,
        said=(*agent_words, *((clean(steer),) if steer.strip() else ())),
        customer_words=(clean(ticket.subject), *customer_words, *fields),
        known_names=(ticket.customer.name, reply.company, reply.signature),
        notes=notes,
        overtaken=bool(steering) and nothing_left(ticket),
    )


_BRIEF = 12
"""Words up to which a message without a question may be only an answer to the agent's."""
_ASKS = re.compile(
    r"\W*(?:(?:and|but|so|then) )?(?:do|does|did|is|are|was|can|could|will|would|may|should|what|how|when"
    r"|where|which|who|why|i need|i want|tell me|please \w+)\b",
    re.IGNORECASE,
)
"""A question, or a wish, though its mark was left out."""


_ASKS_ON = re.compile(
    r"\b(?:(?:so )?(?:and )?(?:what|and) (?:now|next|then)|what (?:should|can) (?:i|we) do(?: now)?)\s*\?+",
    re.IGNORECASE,
)
"""A question that only asks how it goes on."""
_ALL_DONE = re.compile(
    r"\b(?:anything else|everything|is that all|that all|answer(?:s|ed)? your|solved|resolved|helpful)\b",
    re.IGNORECASE,
)
_BYE = re.compile(r"\b(?:bye|goodbye|have a (?:good|nice|great))\b", re.IGNORECASE)


def _signals(ticket: Ticket, question: str, subject: str) -> Signals:
    """What the words show; "yes, thank you" to the agent's question is a yes, and no goodbye."""
    found = read_signals(question, subject)
    asked = next((m.text for m in reversed(ticket.messages) if m.role is Role.AGENT and m.text.strip()), "")
    last = asked[-200:].rstrip()
    offered = last.endswith("?") and not _ALL_DONE.search(last) and not _BYE.search(question)
    if found.small_talk and opening(question) is True and offered:
        return replace(found, small_talk=None)
    return found


def earlier_question(ticket: Ticket, question: str) -> str:
    """What the customer asked before the agent's last question, where this message only answers that;
    empty otherwise."""
    public = [m for m in ticket.messages if m.role is not Role.NOTE and m.text.strip()]
    last_agent = max((i for i, m in enumerate(public) if m.role is Role.AGENT), default=-1)
    if last_agent < 1 or "?" not in public[last_agent].text:
        return ""
    told = _ASKS_ON.sub("", question)
    if "?" in told or _ASKS.match(told) or not 0 < len(words(question)) <= _BRIEF:
        return ""
    before: list[str] = []
    for message in reversed(public[:last_agent]):
        if message.role is Role.CUSTOMER:
            before.insert(0, clean(message.text))
            if sum(len(content_words(t)) for t in before) >= 4:
                break
    return "\n".join(before)


def language_of(ticket: Ticket, question: str, languages: LanguageDetector) -> str:
    """The language to answer in: what the customer writes now, else the ticket's, else what came before."""
    code, confidence = languages.detect(question)
    declared = (ticket.language or "")[:2].lower()
    if code and (confidence >= 0.5 or code == declared):
        return code
    if declared:
        return declared
    earlier = clean(" ".join(m.text for m in ticket.messages[-30:] if m.role is Role.CUSTOMER)[:3000])
    code, confidence = languages.detect(f"{ticket.subject}\n{earlier}")
    return code if code and confidence >= 0.5 else "en"
