"""The new text of a mail apart from what only repeats: quoted history and signatures are folded.

Nothing is lost: each line is in one part or the other, in its order.  Where in doubt a line stays
visible, and a mail that would have no visible text left is shown whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from agent_assist.domain import mailwords as words
from agent_assist.domain.mailhtml import Kind, Line, html_lines, html_to_text

__all__ = ["Reduced", "html_to_text", "reduce_mail"]

_QUOTED = re.compile(r"[ \t\xa0]{0,3}>")
_BLANK_LINES = re.compile(r"\n{4,}")
_LONGEST_ATTRIBUTION = 400
_MOST_ATTRIBUTION_LINES = 4
_MOST_HEADER_LINES = 14
_LONGEST_SIGNATURE = 25
_LONGEST_UNSURE_SIGNATURE = 12
_LONGEST_CONTACT_LINE = 90


@dataclass(frozen=True, slots=True)
class Reduced:
    """A mail's text in two parts."""

    text: str
    """What is new in this mail."""
    folded: str
    """Quoted history and signatures."""


def reduce_mail(content: str, *, html: bool = False) -> Reduced:
    """Take a mail's body apart; any input is accepted, in time linear in its length.

    Of HTML, scripts, styles, comments and hidden elements are dropped; links become "text (address)".
    """
    content = content.replace("\0", "").encode("utf-8", "replace").decode("utf-8")
    lines = html_lines(content) if html else _plain_lines(content)
    kinds = _fold([line.text for line in lines], [line.kind for line in lines])
    text = _join(line.text for line, kind in zip(lines, kinds) if kind is Kind.NEW)
    if not text:
        return Reduced(_join(line.text for line in lines), "")
    return Reduced(text, _join(line.text for line, kind in zip(lines, kinds) if kind is not Kind.NEW))


def _plain_lines(content: str) -> list[Line]:
    content = content.replace("\r\n", "\n").replace("\r", "\n")
    return [Line(line) for line in _BLANK_LINES.sub("\n\n\n", content).split("\n")]


def _join(lines: Iterable[str]) -> str:
    """The lines with at most one empty one between two."""
    kept: list[str] = []
    for line in lines:
        line = line.rstrip()
        if line or (kept and kept[-1]):
            kept.append(line)
    return "\n".join(kept).rstrip()


def _fold(texts: Sequence[str], kinds: list[Kind]) -> list[Kind]:
    _fold_quotes(texts, kinds)
    _fold_gaps(texts, kinds)
    start = 0
    while start < len(kinds):  # each stretch between two quotes may end in a signature
        end = start
        while end < len(kinds) and kinds[end] is not Kind.QUOTE:
            end += 1
        _fold_signature(texts, kinds, start, end)
        start = end + 1
    return kinds


# --- quotes -------------------------------------------------------------------------------------


def _fold_quotes(texts: Sequence[str], kinds: list[Kind]) -> None:
    position, count = 0, len(texts)
    while position < count:
        text = texts[position]
        if kinds[position] is not Kind.NEW or not text or text.isspace():
            position += 1
            continue
        if _QUOTED.match(text):
            kinds[position] = Kind.QUOTE
            position += 1
            continue
        end, sure = _announcement(texts, position)
        if end == position:
            position += 1
            continue
        following = _next_text(texts, end)
        if following < count and (_QUOTED.match(texts[following]) or kinds[following] is Kind.QUOTE):
            _mark(kinds, position, following)
            position = following
        elif sure:  # quoted without a sign before each line: all that follows
            _mark(kinds, _with_rule(texts, position), count)
            return
        else:
            position += 1


def _fold_gaps(texts: Sequence[str], kinds: list[Kind]) -> None:
    """Empty lines within a quote belong to it."""
    last = 0
    for position, text in enumerate(texts):
        if text and not text.isspace():
            if kinds[position] is Kind.QUOTE and kinds[last] is Kind.QUOTE:
                _mark(kinds, last, position)
            last = position


def _mark(kinds: list[Kind], start: int, end: int) -> None:
    for position in range(start, end):
        kinds[position] = Kind.QUOTE


def _next_text(texts: Sequence[str], position: int) -> int:
    while position < len(texts) and not texts[position].strip():
        position += 1
    return position


def _with_rule(texts: Sequence[str], position: int) -> int:
    """The line of dashes before `position`, where there is one."""
    before = position - 1
    while before > 0 and position - before < 3 and not texts[before].strip():
        before -= 1
    return before if before >= 0 and words.RULE.match(texts[before]) else position


def _announcement(texts: Sequence[str], position: int) -> tuple[int, bool]:
    """Where the announcement of a quote that begins at `position` ends, and whether it is one for sure.

    The end is `position` itself where none begins there.
    """
    text = texts[position]
    if len(text) > _LONGEST_ATTRIBUTION:
        return position, False
    bare = text.strip()
    dashed, told = bare[0] in "-_=*", bare.rstrip("*_ \xa0")[-1:] in (":", "：")
    if (dashed and words.SEPARATOR.match(text)) or (told and words.FORWARDED.match(text)):
        following = _next_text(texts, position + 1)
        end = _header_end(texts, following)
        return (end if end > following else position + 1), True
    end = _attribution_end(texts, position, told)
    if end > position:
        joined = " ".join(texts[position:end])
        return end, bool(words.ADDRESS.search(joined) or words.CLOCK.search(joined))
    return (_header_end(texts, position) if ":" in text else position), True


def _attribution_end(texts: Sequence[str], position: int, told: bool) -> int:
    """The line after "On …, Carla wrote:", which may be wrapped; `position` where none begins there.

    `told` says whether the first line ends as the last one has to.
    """
    opened = words.ATTRIBUTION_START.match(texts[position]) is not None
    if not opened and not told:
        return position
    joined = ""
    for end in range(position, min(position + (_MOST_ATTRIBUTION_LINES if opened else 1), len(texts))):
        part = texts[end].strip()
        if not part or len(joined) + len(part) > _LONGEST_ATTRIBUTION:
            break
        joined = f"{joined} {part}"
        if part.rstrip("*_ \xa0")[-1:] in (":", "："):
            return end + 1 if _is_attribution(joined, opened) else position
    return position


def _is_attribution(text: str, opened: bool) -> bool:
    text = text.replace("\xa0", " ").replace("\u202f", " ")
    dated = words.DATE.search(text) or words.CLOCK.search(text)
    addressed = words.ADDRESS.search(text)
    if words.WROTE.search(text):
        return bool(dated or addressed)
    return bool(opened and dated and addressed)


def _header_end(texts: Sequence[str], position: int) -> int:
    """The line after a block of "From: … Sent: … Subject: …"; `position` where none begins there."""
    found: set[str] = set()
    end, extra, address = position, 0, False
    for index in range(position, min(position + _MOST_HEADER_LINES, len(texts))):
        text = texts[index].replace("\xa0", " ")
        if not text.strip():
            if index == position:
                break
            continue
        match = words.LABEL.match(text[:200])
        kind = words.LABEL_KIND.get(match[1].casefold()) if match else None
        if kind is None:
            extra += 1
            if index == position or extra > 2:
                break
            continue
        if index > end and kind in found:
            break
        found.add(kind)
        address = address or "@" in text
        end, extra = index + 1, 0
    mail = "sent" in found or ("date" in found and ("subject" in found or address))
    return end if "from" in found and mail and len(found) >= 3 else position


# --- signatures ---------------------------------------------------------------------------------


def _fold_signature(texts: Sequence[str], kinds: list[Kind], start: int, end: int) -> None:
    """Mark the signature at the end of the lines from `start` to `end`."""
    filled = [i for i in range(start, end) if texts[i].strip() and kinds[i] is Kind.NEW]
    for place, position in enumerate(filled[-(_LONGEST_SIGNATURE + 1) :]):
        text = texts[position].replace("\xa0", " ")
        rest = min(len(filled), _LONGEST_SIGNATURE + 1) - place - 1
        if text.rstrip("\r") == "-- " or (text.strip() in ("--", "—") and rest <= _LONGEST_UNSURE_SIGNATURE):
            for index in range(position, end):
                kinds[index] = max(kinds[index], Kind.SIGNATURE)
            return
    last = filled[-_LONGEST_UNSURE_SIGNATURE:]
    for position in last[-4:]:
        if _sent_from(texts[position]):
            kinds[position] = Kind.SIGNATURE
    _fold_contact(texts, kinds, [p for p in last if kinds[p] is Kind.NEW])


def _sent_from(text: str) -> bool:
    if len(text) > 160:
        return False
    return bool(
        (words.SENT_FROM.match(text) and words.DEVICE.search(text)) or words.SENT_FROM_OTHER.search(text)
    )


def _fold_contact(texts: Sequence[str], kinds: list[Kind], last: Sequence[int]) -> None:
    """Mark what follows "Kind regards" and a name, where it looks like nothing but contact details."""
    closings = [place for place, position in enumerate(last) if _short(texts[position], words.CLOSING)]
    if not closings:
        return
    block = last[closings[-1] + 2 :]
    lines = [texts[position] for position in block]
    if (
        any(words.CONTACT.search(line) for line in lines if len(line) <= _LONGEST_CONTACT_LINE)
        and all(len(line) <= _LONGEST_CONTACT_LINE and "?" not in line for line in lines)
        and not any(words.NEEDED.search(line) for line in lines)
    ):
        for position in block:
            kinds[position] = Kind.SIGNATURE


def _short(text: str, pattern: re.Pattern[str]) -> bool:
    return len(text) <= 60 and pattern.match(text.replace("\xa0", " ")) is not None
