"""What the conversation shows of one message, worked out from its text; no widget is touched.

A ticket's messages are read on the thread that fetches the ticket, and remembered: looking for steering and
for invisible characters takes milliseconds a message, more than the window's own thread has to spare.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from agent_assist.domain.injection import Injected, find_injections
from agent_assist.domain.ticket import Message, Role, Ticket
from agent_assist.ui.plain import folded, reveal, soft_break, split_quote

Stretch = tuple[int, int, str]
"""(start, end, colour token) in the text as it is shown."""


@dataclass(frozen=True, slots=True)
class ShownText:
    """Text fit to be drawn; `reasons` say why stretches were kept from the model."""

    text: str
    stretches: tuple[Stretch, ...] = ()
    reasons: tuple[str, ...] = ()
    hidden: bool = False
    """True where it had invisible or direction-changing characters."""


@dataclass(frozen=True, slots=True)
class MessageText:
    """A message ready to be shown; immutable, so that any thread may make it."""

    own: str
    """What was written, without the quoted history."""
    quote: str
    """Quoted history and signature; empty where there is none."""
    first: ShownText
    """What is shown before "Show all"."""
    shortened: bool
    """Whether `own` is longer than `first`."""


@lru_cache(maxsize=128)
def message_text(message: Message) -> MessageText:
    """Worked out once for a message and remembered; thread-safe."""
    own, quote = split_quote(message.text)
    quote = "\n\n".join(filter(None, (quote, message.folded)))
    head = folded(own)
    return MessageText(own, quote, shown_text(own if head is None else head, message.role), head is not None)


def shown_text(text: str, role: Role) -> ShownText:
    """A text with long lines broken, invisible characters named, and steering by a customer marked."""
    text = soft_break(text)
    shown = reveal(text)
    found = find_injections(text) if role is Role.CUSTOMER else ()
    stretches = [(*_place(text, one), "attention_soft") for one in found]
    stretches += [(start, end, "danger") for start, end in shown.flags]
    reasons = tuple(dict.fromkeys(one.reason for one in found))
    return ShownText(shown.text, tuple(stretches), reasons, bool(shown.flags))


def read_ahead(ticket: Ticket, most: int) -> None:
    """Work out the newest `most` messages, so that showing them only looks them up."""
    for message in ticket.messages[-most:]:
        message_text(message)


def _place(text: str, found: Injected) -> tuple[int, int]:
    """Where a stretch stands in the text as it is shown, with names in place of what cannot be seen."""
    return len(reveal(text[: found.start]).text), len(reveal(text[: found.end]).text)
