"""What a conversation asks: the query of a search, made from more than its last line."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from agent_assist.domain.ticket import Role, Ticket

RECENT_TURNS: Final = 5
MAX_QUESTION_CHARS: Final = 700
MAX_RECENT_CHARS: Final = 1200
MAX_TURN_CHARS: Final = 2000

_PLEASANTRIES: Final = re.compile(
    r"""^(?:\s*(?:
        (?:hi|hello|hey|dear|good\s+(?:morning|afternoon|evening|day)|greetings|
           hola|buen[oa]s\s+\w+|hallo|guten\s+\w+|sehr\s+geehrte[r]?|bonjour|bonsoir|salut|
           ol[aá]|bom\s+dia|boa\s+\w+)
        (?:\s+(?:there|all|team|everyone|sir|madam|again))?(?:[\s,]+[A-Z][\w.'-]{0,20}){0,2}\s*(?:[,!.]+|$)|
        (?:thanks?(?:\s+(?:you|so\s+much|a\s+lot|again))*|thank\s+you(?:\s+\w+){0,2}|cheers|great|perfect|
           ok(?:ay)?|           that(?:'s|\s+is)\s+great|gracias|danke|merci|obrigad[oa])\s*(?:[,!.]+|$)|
        (?:um+|uh+|er+|yeah|so|well|okay)\b[\s,]*
    ))+\s*""",
    re.IGNORECASE | re.VERBOSE,
)
_CLOSING: Final = re.compile(
    r"^\s*(?:(?:best|kind|warm)?\s*regards|best wishes|sincerely|yours\s+\w+|cheers|thanks|thank you|"
    r"many thanks|"
    r"saludos|un saludo|mit freundlichen gr[uü](?:ß|ss)en|"
    r"viele gr[uü](?:ß|ss)e|cordialement|bien à vous|"
    r"atenciosamente|sent from my \w+)\b.{0,40}$",
    re.IGNORECASE,
)
_QUOTED: Final = re.compile(r"^\s*(?:>|On .{5,80} wrote:|-{2,}\s*(?:original|forwarded))", re.IGNORECASE)
_BLANK: Final = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Inquiry:
    """One search: what is asked now, what it was asked in, and who said what before."""

    question: str
    """The customer's open messages without greetings, closings and quoted replies."""
    recent: str = ""
    """The last turns, subject first where the thread is short; empty for a plain query."""
    turns: tuple[tuple[bool, str], ...] = ()
    """(from the customer, text) for the whole conversation, oldest first."""
    language: str | None = None
    facts: Mapping[str, str] | None = None


def from_text(text: str, language: str | None = None) -> Inquiry:
    """A search that a person typed."""
    question = _BLANK.sub(" ", text).strip()[:MAX_QUESTION_CHARS]
    return Inquiry(question, "", ((True, text[:MAX_TURN_CHARS]),), language)


def from_ticket(ticket: Ticket) -> Inquiry:
    """What the ticket's customer asks now; notes are internal and not searched for."""
    public = [m for m in ticket.messages if m.role is not Role.NOTE]
    open_messages = ticket.open_customer_messages or ((m,) if (m := ticket.last_customer_message) else ())
    question = " ".join(filter(None, (essence(m.text) for m in open_messages[-4:])))
    if not question:
        question = ticket.subject
    shown = [essence(m.text) or m.text for m in public[-RECENT_TURNS:]]
    if ticket.subject and len(public) <= RECENT_TURNS:
        shown.insert(0, ticket.subject)
    turns = [(m.role is Role.CUSTOMER, m.text[:MAX_TURN_CHARS]) for m in public]
    if ticket.subject:
        turns.insert(0, (True, ticket.subject))
    turns[:0] = [(True, value) for value in ticket.fields.values()]
    return Inquiry(
        question=_ends(question, MAX_QUESTION_CHARS),
        recent=_tail(" ".join(shown), MAX_RECENT_CHARS),
        turns=tuple(turns),
        language=ticket.language,
    )


def essence(text: str) -> str:
    """A message without greeting, closing, signature and quoted reply, in one line."""
    kept: list[str] = []
    for line in text[: 4 * MAX_TURN_CHARS].splitlines():
        if _QUOTED.match(line) or line.strip() == "--":
            break
        if kept and _CLOSING.match(line):
            break
        kept.append(line)
    plain = _BLANK.sub(" ", " ".join(kept)).strip()
    return _PLEASANTRIES.sub("", plain, count=1).strip()


def with_names(question: str, names: Sequence[str]) -> str:
    """The question with the names it is about, for a search that does not know the conversation."""
    missing = [n for n in names if n.casefold() not in question.casefold()]
    return f"{', '.join(missing)}: {question}" if missing else question


def _ends(text: str, limit: int) -> str:
    """The start and the end: a long message asks its question first or last."""
    if len(text) <= limit:
        return text
    return f"{text[: limit // 3]} … {text[-(limit - limit // 3) :]}"


def _tail(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[-limit:]
