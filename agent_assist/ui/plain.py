"""Makes received text fit to be shown: visible control characters, broken long lines, folded quotes."""

from __future__ import annotations

import html
import re
import unicodedata
from dataclasses import dataclass

LINE_LIMIT = 2000
"""Characters in one line; Qt lays out one long line in quadratic time (5 MB took over a minute)."""
FOLD_AT = 1600
"""Characters of a message that are shown before "Show all"."""
FOLD_LINES = 24

_NAMES = {
    "\u202a": "LRE", "\u202b": "RLE", "\u202c": "PDF", "\u202d": "LRO", "\u202e": "RLO",
    "\u2066": "LRI", "\u2067": "RLI", "\u2068": "FSI", "\u2069": "PDI", "\u200e": "LRM", "\u200f": "RLM",
    "\u061c": "ALM", "\u200b": "ZWSP", "\u2060": "WJ", "\ufeff": "BOM", "\u00ad": "SHY", "\u180e": "MVS",
    "\u034f": "CGJ", "\u115f": "HCF", "\u1160": "HJF", "\u3164": "HF", "\uffa0": "HHF",
}  # fmt: skip
_TAG_END = "\U000e007f"
_HIDDEN = re.compile(
    "(?P<flag>\U0001f3f4[\U000e0030-\U000e007a]{2,6}\U000e007f)"
    "|(?P<tags>[\U000e0020-\U000e007e]{3,}\U000e007f?)"
    "|(?P<run>(?<=[\ufe00-\ufe0f])[\ufe00-\ufe0f]+|[\U000e0100-\U000e01ef]+)"
    "|[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5"
    "\u180b-\u180f\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e007f]"
)
_BREAKABLE = re.compile(rf"[^\n]{{{LINE_LIMIT + 1},}}")


@dataclass(frozen=True, slots=True)
class Shown:
    """`flags` are (start, end) of the stand-ins for characters that cannot be seen."""

    text: str
    flags: tuple[tuple[int, int], ...] = ()


def reveal(text: str) -> Shown:
    """Replace each invisible or direction-changing character by its name in ‹angle quotes›.

    Joiners inside emoji and scripts that need them (ZWJ, ZWNJ, variation selectors) stay.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n")
    if not _HIDDEN.search(text):
        return Shown(text)
    pieces: list[str] = []
    flags: list[tuple[int, int]] = []
    at = last = 0
    for match in _HIDDEN.finditer(text):
        if match.lastgroup == "flag":  # the flag of England is a black flag with tags
            continue
        before = text[last : match.start()]
        name = _stand_in(match)
        pieces += (before, name)
        at += len(before)
        flags.append((at, at + len(name)))
        at += len(name)
        last = match.end()
    pieces.append(text[last:])
    return Shown("".join(pieces), tuple(flags))


def _stand_in(match: re.Match[str]) -> str:
    """What is shown for a hidden character, or for a run of them that spells or carries something."""
    found = match.group()
    if match.lastgroup == "tags":
        return f"‹hidden text: {''.join(chr(ord(c) - 0xE0000) for c in found.rstrip(_TAG_END))}›"
    if match.lastgroup == "run":
        return f"‹{len(found)} hidden›"
    return f"‹{_NAMES.get(found, f'U+{ord(found):04X}')}›"


def soft_break(text: str) -> str:
    """Break lines longer than `LINE_LIMIT` at a space, or anywhere; other lines stay as they are."""
    if len(text) <= LINE_LIMIT:
        return text

    def cut(match: re.Match[str]) -> str:
        line, lines = match.group(), []
        start = 0
        while len(line) - start > LINE_LIMIT:
            space = line.rfind(" ", start + LINE_LIMIT // 2, start + LINE_LIMIT)
            end = space + 1 if space > 0 else start + LINE_LIMIT
            lines.append(line[start:end])
            start = end
        lines.append(line[start:])
        return "\n".join(lines)

    return _BREAKABLE.sub(cut, text)


def folded(text: str) -> str | None:
    """The beginning to show first, or None where the text is short enough to show as it is."""
    head = text[: FOLD_AT + 1]
    lines = head.split("\n")
    if len(text) <= FOLD_AT and len(lines) <= FOLD_LINES:
        return None
    head = "\n".join(lines[:FOLD_LINES])[:FOLD_AT]
    space = head.rfind(" ", FOLD_AT * 3 // 4)
    return head[:space].rstrip() if space > 0 else head.rstrip()


_QUOTE_HEAD = re.compile(
    r"^\s*(on .{5,200} wrote:|am .{5,200} schrieb.{0,120}:|le .{5,200} a écrit\s?:|el .{5,200} escribió:|"
    r"em .{5,200} escreveu:|-{2,}\s*original message\s*-{2,}|_{10,})\s*$",
    re.IGNORECASE,
)


def split_quote(text: str) -> tuple[str, str]:
    """(what was written, what was quoted below it); the quote is empty where there is none."""
    if ">" not in text and len(text) > 200_000:
        return text, ""
    lines = text[:400_000].split("\n")
    for number, line in enumerate(lines):
        quoted = line.lstrip().startswith(">")
        if not quoted and not (len(line) < 260 and _QUOTE_HEAD.match(line)):
            continue
        rest = [entry for entry in lines[number + 1 :] if entry.strip()]
        below = all(entry.lstrip().startswith(">") for entry in rest) if quoted else True
        if below and number > 0:
            own = "\n".join(lines[:number]).rstrip()
            return own, text[len("\n".join(lines[:number])) :].strip("\n")
    return text, ""


def one_line(text: str, limit: int = 160) -> str:
    """The beginning of a text on one line, with nothing invisible in it."""
    seen = (c for c in text[: limit * 4] if c == "\u200d" or unicodedata.category(c) != "Cf")
    cleaned = "".join(seen)
    cleaned = " ".join(cleaned.split())
    return cleaned if len(cleaned) <= limit else cleaned[: limit - 1].rstrip() + "…"


def tooltip(text: str, limit: int = 600) -> str:
    """A tooltip that shows the text itself: Qt would read anything that looks like HTML as HTML."""
    text = text if len(text) <= limit else text[: limit - 1] + "…"
    return f"<p>{html.escape(reveal(text).text)}</p>" if text else ""


def notice(text: str, limit: int = 160) -> str:
    """One line for a system notification, which on some desktops reads markup: no angle brackets."""
    return one_line(text, limit).replace("<", "‹").replace(">", "›")


_EMPHASIS = re.compile(r"(\*\*|__)(?=\S)([^\n]+?)(?<=\S)\1")
_LINK = re.compile(r"!?\[([^\]\n]{0,300})\]\([^)\s]{0,600}\)")


def without_markup(text: str) -> str:
    """Markdown as a person reads it in a small card: without the signs of emphasis and links."""
    return _EMPHASIS.sub(r"\2", _LINK.sub(r"\1", text))
