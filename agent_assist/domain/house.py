"""How a house words what stands around an answer, as seen in the replies that its agents send.

Only set phrases can become house style: what states a fact, holds a figure or names a person cannot.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from agent_assist.domain.facts import find_facts, find_promises
from agent_assist.domain.phrases import Phrases, announcement, is_courtesy, phrases
from agent_assist.domain.text import split_sentences, words
from agent_assist.domain.ticket import LETTER, Channel

WINDOW = 10
"""Replies that are looked at, the newest."""
LEAST = 3
"""Times that agents must have typed a phrase themselves, each in another ticket."""
SHARE = 0.6
"""Of those replies that must have a phrase for it to be the house's."""
KEPT = 0.4
"""Share below which a phrase that is in use is the house's no more."""

_LONGEST = 160
"""Characters of a phrase."""
_MOST = 2
"""Sentences of an opening or an offer."""
_NAME = "{name}"


class Frame(StrEnum):
    """What stands around an answer."""

    GREETING = "greeting"
    """To a customer whose name is known; `{name}` stands for it."""
    GREETING_NOBODY = "greeting_nobody"
    """To one whose name is not."""
    OPENING = "opening"
    """Before the answer itself: "Thank you for your message.", "Here is the short answer:"."""
    OFFER = "offer"
    """After the answer: further help."""
    CLOSING = "closing"
    """Of a letter, before the signature."""


@dataclass(frozen=True, slots=True)
class Style:
    """The phrases of a house in one channel and language, in place of the product's own; None where it has
    no habit, empty where it leaves the part out."""

    greeting: str | None = None
    greeting_nobody: str | None = None
    opening: str | None = None
    offer: str | None = None
    closing: str | None = None

    def get(self, part: Frame) -> str | None:
        phrase: str | None = getattr(self, part.value)
        return phrase

    @property
    def parts(self) -> tuple[Frame, ...]:
        """Those that the house words its own way."""
        return tuple(p for p in Frame if self.get(p) is not None)


PLAIN = Style()
"""No habits: the product's own phrases."""


def style_of(habits: Mapping[Frame, str]) -> Style:
    """The style of these habits."""
    return Style(**{part.value: phrase for part, phrase in habits.items()})


def own_phrase(part: Frame, channel: Channel, language: str) -> str:
    """What the product says where the house has no habit."""
    own: Phrases = phrases(language)
    letter = channel in LETTER
    return {
        Frame.GREETING: own.hello,
        Frame.GREETING_NOBODY: own.hello_nobody if letter else "",
        Frame.OPENING: "",
        Frame.OFFER: own.offer if letter else own.offer_in_chat or own.offer,
        Frame.CLOSING: own.closing if letter else "",
    }[part]


# --- reading a reply --------------------------------------------------------------------------------


def parts_of(
    text: str, channel: Channel, language: str, *, name: str = "", signature: str = ""
) -> dict[Frame, str]:
    """What stands around the answer in a reply, part by part; empty where there is none of it.

    `name` is what the customer is called; in the greeting `{name}` stands for it.
    """
    found = dict.fromkeys(Frame, "")
    rest = text.strip()
    if channel in LETTER:
        rest, found[Frame.CLOSING] = _without_closing(rest, language, signature)
    rest, hello = _without_greeting(rest, name)
    found[Frame.GREETING if name else Frame.GREETING_NOBODY] = hello
    rest, found[Frame.OPENING] = _without_opening(rest, language)
    found[Frame.OFFER] = _offer(rest, language)
    return found


def _without_closing(text: str, language: str, signature: str) -> tuple[str, str]:
    """The letter before its closing, and the closing; the lines below it are the signature."""
    lines = text.splitlines()
    end = len(lines)
    for at in range(len(lines) - 1, max(len(lines) - 5, 0), -1):
        line = lines[at].strip().rstrip(",")
        if line and line not in signature and (len(words(line)) > 4 or line[-1] in ".!?:"):
            break
        if line and line not in signature and _closes(line, language):
            end = at
    if end == len(lines):
        return text, ""
    return "\n".join(lines[:end]).rstrip(), lines[end].strip().rstrip(",")


_CLOSES = re.compile(
    r"^(?:(?:kind|best|warm|many)\b.*|(?:all the )?best|regards|cheers|thanks|yours\b.*|sincerely|take care"
    r"|un (?:cordial )?saludo|saludos\b.*|atentamente"
    r"|(?:viele|liebe|beste|freundliche|herzliche)\b.*grüße\b.*|mit freundlichen\b.*"
    r"|cordialement|bien (?:à vous|cordialement)"
    r"|(?:um )?abraços?|atenciosamente|(?:com os )?melhores cumprimentos|cumprimentos)$",
    re.IGNORECASE,
)


def _closes(line: str, language: str) -> bool:
    own = phrases(language)
    return line in (own.closing, own.formal_closing) or bool(_CLOSES.match(line))


_GREETS = re.compile(
    r"(?:hi|hello|hey|dear|good (?:morning|afternoon|evening|day)|greetings|hola|buen[oa]s|estimad[oa]s?"
    r"|hallo|guten (?:tag|morgen|abend)|liebe[rs]?|sehr geehrte[rs]?|moin|servus|bonjour|bonsoir|salut"
    r"|chère?|olá|oi|bom dia|boa (?:tarde|noite)|prezad[oa]s?|car[oa])\b[^\n.,:!?\d]{0,40}(?:[,:!.]|(?=\n))",
    re.IGNORECASE,
)


def _without_greeting(text: str, name: str) -> tuple[str, str]:
    """The reply after its greeting, and the greeting."""
    by_name = rf"(?:[^\W\d_]+,? ){{0,3}}{re.escape(name)}(?:\s?[,:!.–-]+|(?=\n))(?=\s|$)"
    found = (re.match(by_name, text) if name else None) or _GREETS.match(text)
    if found is None or found.end() == len(text):
        return text, ""
    hello = " ".join(found.group().split())
    return text[found.end() :].lstrip(), hello.replace(name, _NAME) if name else hello


def _without_opening(text: str, language: str) -> tuple[str, str]:
    """The answer, and what stands before it: set phrases, or words that announce it."""
    opening: list[str] = []
    rest = text
    regret = phrases(language).sorry
    for _ in range(_MOST + 1):
        begun = announcement(rest)
        if begun:
            opening.append(rest[:begun].strip())
            return rest[begun:], _upper(" ".join(opening))
        spans = split_sentences(rest)
        first = spans[0].text if len(spans) > 1 else ""
        if not first or first.endswith("?") or not is_courtesy(first, language):
            break
        if first != regret:  # it is said to who tells of trouble, and to nobody else
            opening.append(" ".join(first.split()))
        rest = rest[spans[0].end :].lstrip()
    return rest, _upper(" ".join(opening))


def _offer(text: str, language: str) -> str:
    """The set phrases at the end; nothing where there is nothing before them."""
    spans = split_sentences(text)
    ended: list[str] = []
    while len(spans) > 1 and len(ended) < _MOST and is_courtesy(spans[-1].text, language):
        ended.insert(0, " ".join(spans.pop().text.split()))
    return " ".join(ended)


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]


# --- habits -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Seen:
    """One part of one reply that was sent."""

    phrase: str
    typed: bool
    """Whether it is the agent's: the draft had another, or none."""


def seen_in(draft: Mapping[Frame, str], sent: Mapping[Frame, str], name: str) -> dict[Frame, Seen]:
    """What a reply shows of the house's habits.

    A part that neither the draft nor the reply has says nothing, but for the opening, which drafts have only
    by habit; nor does a phrase that holds for one customer alone.
    """
    found: dict[Frame, Seen] = {}
    for part, phrase in sent.items():
        if (phrase or draft[part] or part is Frame.OPENING) and may_be_said(phrase, name):
            found[part] = Seen(phrase, phrase != draft[part])
    return found


def may_be_said(phrase: str, name: str = "") -> bool:
    """Whether a phrase may be said to every customer: no figure, link or name in it, and not long."""
    bare = phrase.replace(_NAME, "")
    named = {w.casefold() for w in words(name)} & {w.casefold() for w in words(bare)}
    # Read as German, where a capital makes no name: "Kind Regards" is none, and redaction finds people.
    safe = not find_facts(bare, "de") and not find_promises(bare) and not set("{}[]<>@") & set(bare)
    return safe and not named and len(phrase) <= _LONGEST


def habit(seen: Sequence[Seen], own: str, now: str | None = None) -> str | None:
    """What the house says, by its newest replies; None where it is what the product says anyway.

    `own` is the product's phrase, `now` the habit so far: it stays while KEPT of the replies have it and no
    other phrase has become the habit.
    """
    newest = seen[:WINDOW]
    counts = Counter(s.phrase for s in newest)
    phrase, times = counts.most_common(1)[0] if counts else (own, 0)
    typed = sum(s.typed for s in newest if s.phrase == phrase)
    if times >= SHARE * len(newest) and typed >= LEAST and phrase != now:
        return None if phrase == own else phrase
    return now if now is not None and (not newest or counts[now] >= KEPT * len(newest)) else None
