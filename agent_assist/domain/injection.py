"""Finds stretches of tickets and articles that try to steer the assistant, and takes them out of what
it reads.

A stretch is a sentence, or the rest of a paragraph where it says to drop the rules: what follows is then
part of the attack.  The agent sees the text as it came, with the stretch marked; the model reads a note in
its place.  Text in which nothing is found is returned as it is.
"""

from __future__ import annotations

import base64
import binascii
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

from agent_assist.domain.injection_rules import HINT, IN_ARTICLES, OF_OTHERS, OWN_CASE, RULES, Family
from agent_assist.domain.text import Span, clean, content_words, split_sentences, visible
from agent_assist.domain.ticket import Role, Ticket

NOTE = "[A passage was left out here.]"
"""What the model reads in place of a stretch."""

MOST = 40_000
"""Characters of one text that are looked at, half at each end: prompts hold less."""

_SPREADING = frozenset({Family.OVERRIDE, Family.ROLE, Family.TURN, Family.REVEAL})
_DIRECT = frozenset({Family.WORDING})
_LONGEST = 1200
"""Characters of a sentence that are compared with the rules."""


@dataclass(frozen=True, slots=True)
class Injected:
    """`text[start:end]` of what was looked at tries to steer the assistant."""

    start: int
    end: int
    family: Family

    @property
    def reason(self) -> str:
        return self.family.value


# --- folding ------------------------------------------------------------------------------------

_LOOKALIKES = str.maketrans(
    "аеорсухіјѕһԁɡӏ" + "αεικνορτυχ" + "ɑʟɪ",
    "aeopcyxijshdgl" + "aeikvoptux" + "ali",
)
_LEET = str.maketrans("013457", "oieast")
_MIXED = re.compile(r"\b(?=\w*[a-z])(?=\w*[^\W\d_a-z])\w+")
_SPELT = re.compile(
    r"\b(?=[a-z]*\d?[a-z])[a-z]+[013457][a-z013457]*[a-z]+\b|\b[013457][a-z][a-z013457]{3,}\b"
)
_SPACED = re.compile(r"\b(?:[a-z][ .\-_*]){4,}[a-z]\b")
_QUOTES = str.maketrans("“”„‟«»‘’‚‛`´", "\"\"\"\"\"\"''''''")


def fold(text: str) -> str:
    """The letters a reader sees, for comparing: no accents, no look-alikes of other alphabets, no digits in
    place of letters, no gaps between letters."""
    if not text.isascii():
        text = unicodedata.normalize("NFKD", visible(text).translate(_QUOTES))
        text = "".join(c for c in text if not unicodedata.combining(c)).casefold().replace("ß", "ss")
        text = _MIXED.sub(lambda m: m.group().translate(_LOOKALIKES), text)
    else:
        text = text.casefold()
    text = " ".join(text.split())
    text = _SPELT.sub(lambda m: m.group().translate(_LEET), text)
    return _SPACED.sub(lambda m: re.sub(r"[ .\-_*]", "", m.group()), text)


# --- finding ------------------------------------------------------------------------------------


def find_injections(text: str, *, article: bool = False) -> tuple[Injected, ...]:
    """The stretches of `text` that try to steer the assistant, in order, none overlapping."""
    if len(text) > MOST:
        tail = len(text) - MOST // 2
        head = find_injections(text[: MOST // 2], article=article)
        rest = find_injections(text[tail:], article=article)
        return (*head, *(replace(i, start=i.start + tail, end=i.end + tail) for i in rest))
    return _found(text, article)


@lru_cache(maxsize=256)
def _found(text: str, article: bool) -> tuple[Injected, ...]:
    """Remembered: search, prompt and window ask about the same messages."""
    found = [*_hidden(text), *_encoded(text)]
    if HINT.search(fold(text)):
        found += _spoken(text, article)
    return _joined(found)


def _spoken(text: str, article: bool) -> Iterable[Injected]:
    spans = split_sentences(text)
    covered = 0
    for number, span in enumerate(spans):
        if span.start < covered:
            continue
        family = _family(fold(span.text[:_LONGEST]), article)
        if family is None and number + 1 < len(spans):
            family = _across(spans[number], spans[number + 1], article)
        if family is None:
            continue
        covered = _reach(text, spans, number, family)
        yield Injected(span.start, covered, family)


def _family(folded: str, article: bool) -> Family | None:
    if not HINT.search(folded):
        return None
    for family, rule in RULES:
        if article and family not in IN_ARTICLES:
            continue
        if rule.search(folded) and not (family in _DIRECT and _own_case(folded)):
            return family
    return None


def _own_case(folded: str) -> bool:
    """Whether a wish about the reply speaks of the customer's own case; what is quoted in it does not."""
    if OF_OTHERS.search(folded):
        return False
    return bool(OWN_CASE.search(re.sub(r"[\"'][^\"']{4,}[\"']", " ", folded)))


def _across(one: Span, other: Span, article: bool) -> Family | None:
    """An order that a line break cuts in two ("Ignore all previous" / "instructions")."""
    if other.start - one.end > 2 or one.text[-1:] in ".!?" or len(one.text) > 300:
        return None
    halves = (fold(one.text), fold(other.text[:300]))
    family = _family(f"{halves[0]} {halves[1]}", article)
    quoted = family is Family.WORDING and one.text[-1:] in '"”“'
    if family not in (Family.OVERRIDE, Family.REVEAL) and not quoted:
        return None
    return None if _family(halves[1], article) is family and not quoted else family


def _reach(text: str, spans: list[Span], number: int, family: Family) -> int:
    """Where the stretch ends: with its sentence, or with its paragraph where it drops the rules."""
    end = spans[number].end
    if family is Family.WORDING and _family(fold(spans[number].text[:_LONGEST]), False) is None:
        return spans[number + 1].end  # the half that a quotation ends belongs to it
    if family not in _SPREADING:
        return end
    for before, span in zip(spans[number:], spans[number + 1 :]):
        if text[before.end : span.start].count("\n") > 1:
            break
        if span.text.rstrip(")\"'”").endswith("?") and _family(fold(span.text), False) is None:
            break
        end = span.end
    return end


_FLAG = re.compile("\U0001f3f4[\U000e0030-\U000e007a]{2,6}\U000e007f")
_TAGS = re.compile("[\U000e0020-\U000e007e]{3,}\U000e007f?")
_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]{6,}")
_ZERO = re.compile("[\u200b\u200c\u200d\u2060-\u2064\ufeff]{12,}")
_COMMENT = 1000
"""Characters of the longest comment that is looked for."""


def _hidden(text: str) -> Iterable[Injected]:
    if not text.isascii():
        flags = {m.start() + 1 for m in _FLAG.finditer(text)}
        for pattern in (_TAGS, _SELECTORS, _ZERO):
            runs = (m for m in pattern.finditer(text) if m.start() not in flags)
            yield from (Injected(m.start(), m.end(), Family.HIDDEN) for m in runs)
    start = text.find("<!--")
    while start >= 0:
        end = text.find("-->", start, start + _COMMENT)
        if end > 0 and any(c.isalpha() for c in text[start:end]):
            yield Injected(start, end + 3, Family.HIDDEN)
        start = text.find("<!--", max(end, start + 4))


_BASE64 = re.compile(r"(?<![\w+/=.:-])[A-Za-z0-9+/]{24,}={0,2}(?![\w+/=])")
_HEX = re.compile(r"(?<![\w-])(?:[0-9a-fA-F]{2}[ ]?){20,}(?![\w-])")


def _encoded(text: str) -> Iterable[Injected]:
    for match in _BASE64.finditer(text):
        value = match.group().rstrip("=")
        with_padding = value + "=" * (-len(value) % 4)
        try:
            decoded = base64.b64decode(with_padding, validate=True)
        except (binascii.Error, ValueError):
            continue
        if _is_prose(decoded):
            yield Injected(match.start(), match.end(), Family.ENCODED)
    for match in _HEX.finditer(text):
        digits = match.group().replace(" ", "")
        if len(digits) % 2 == 0 and _is_prose(bytes.fromhex(digits)):
            yield Injected(match.start(), match.end(), Family.ENCODED)


def _is_prose(data: bytes) -> bool:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    letters = sum(c.isalpha() or c == " " for c in text)
    return text.isprintable() and text.count(" ") >= 2 and letters >= 0.8 * len(text)


def _joined(found: Iterable[Injected]) -> tuple[Injected, ...]:
    kept: list[Injected] = []
    for one in sorted(found, key=lambda i: (i.start, -i.end)):
        if kept and one.start < kept[-1].end:
            kept[-1] = replace(kept[-1], end=max(kept[-1].end, one.end))
        else:
            kept.append(one)
    return tuple(kept)


# --- what the model reads -----------------------------------------------------------------------


def readable(text: str, *, article: bool = False, note: str = NOTE) -> str:
    """`clean` text with a note in place of each stretch; ordinary text is `clean(text)` to the byte."""
    found = find_injections(text, article=article)
    if not found:
        return clean(text)
    pieces: list[str] = []
    at = 0
    for one in found:
        hidden = one.family is Family.HIDDEN and "<" not in text[one.start : one.start + 1]
        pieces += (text[at : one.start], "" if hidden else note)
        at = one.end
    pieces.append(text[at:])
    return clean("".join(pieces))


def shielded(ticket: Ticket) -> tuple[Ticket, tuple[Injected, ...]]:
    """The ticket without such stretches in its subject, fields and customer's messages, and those of the open
    messages: what search, decision and check read.  The same ticket where there are none."""
    changed = False
    messages = []
    open_ids = {m.id for m in ticket.open_customer_messages}
    found: list[Injected] = []
    for message in ticket.messages:
        hits = find_injections(message.text) if message.role is Role.CUSTOMER else ()
        if hits:
            changed = True
            if message.id in open_ids:
                found += hits
            message = replace(message, text=readable(message.text, note=""))
        messages.append(message)
    subject = readable(ticket.subject, note="") if find_injections(ticket.subject) else ticket.subject
    fields = {k: readable(v, note="") if find_injections(v) else v for k, v in ticket.fields.items()}
    if not changed and subject == ticket.subject and fields == dict(ticket.fields):
        return ticket, ()
    return replace(ticket, messages=tuple(messages), subject=subject, fields=fields), tuple(found)


def nothing_left(ticket: Ticket) -> bool:
    """Whether the open messages of a shielded ticket ask nothing any more."""
    return not any(content_words(m.text) for m in ticket.open_customer_messages)
