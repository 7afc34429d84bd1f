"""HTML mail as lines of plain text: lists, tables and links readable, hidden elements left out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import IntEnum

from agent_assist.domain.markup import Token, tokens


class Kind(IntEnum):
    """What a line of a mail is."""

    NEW = 0
    QUOTE = 1
    SIGNATURE = 2


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a mail, without its line break."""

    text: str
    kind: Kind = Kind.NEW


_SPACE = re.compile(r"[ \t\r\n\f\v\xa0\u2007\u202f]+")
_VOID = frozenset(
    ("area", "base", "col", "embed", "input", "link", "meta", "param", "source", "track", "wbr")
)
_APART = frozenset(("p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "dl", "table", "blockquote", "pre"))
_BLOCK = _APART | frozenset(
    (
        *(
            "address",
            "article",
            "aside",
            "body",
            "caption",
            "center",
            "dd",
            "details",
            "dialog",
            "dir",
            "div",
        ),
        *(
            "dt",
            "fieldset",
            "figcaption",
            "figure",
            "footer",
            "form",
            "header",
            "html",
            "legend",
            "li",
            "main",
        ),
        *(
            "menu",
            "nav",
            "optgroup",
            "option",
            "section",
            "select",
            "summary",
            "tbody",
            "tfoot",
            "thead",
            "tr",
        ),
    )
)
_TABLE = frozenset(("table", "tbody", "thead", "tfoot", "tr", "td", "th"))
_SCOPE = frozenset(("table", "ul", "ol", "blockquote", "td", "th"))
_CELL = frozenset(("td", "th"))
# An element that ends by itself where the next of its kind begins.
_CLOSES: Mapping[str, tuple[str, ...]] = {
    "li": ("li",),
    "dt": ("dt", "dd"),
    "dd": ("dt", "dd"),
    "option": ("option",),
    "tr": ("td", "th", "tr"),
    "td": ("td", "th"),
    "th": ("td", "th"),
    "a": ("a",),
}
# How the mail programs mark what they add themselves.
_QUOTE_MARK = re.compile(r"yahoo_quoted|gmail_attr|moz-cite-prefix|zmail_extra", re.IGNORECASE)
_SIGNATURE_MARK = re.compile(
    r"gmail_signature|moz-signature|protonmail_signature|AppleMailSignature|^(?:x_)?signature$"
    r"|ms-outlook-mobile-signature|yahoo_signature|ydp\w{1,12}signature",
    re.IGNORECASE,
)
_HIDDEN = re.compile(
    r"(?:^|;)\s*+(?:display\s*+:\s*+none|(?:opacity|max-height)\s*+:\s*+0(?:\.0*+)?+(?:px)?+\s*+(?:[;!]|$))",
    re.IGNORECASE,
)
_VISIBILITY = re.compile(r"(?:^|;)\s*+visibility\s*+:\s*+(\w++)", re.IGNORECASE)
_FONT_SIZE = re.compile(r"(?:^|;)\s*+font-size\s*+:\s*+([\d.]++)", re.IGNORECASE)
_INDENTED = re.compile(r"border(?:-left)?\s*+:\s*+(?:none|0)", re.IGNORECASE)
_ADDRESS = re.compile(r"(?:https?|ftp)://|mailto:|tel:", re.IGNORECASE)
_DEEPEST = 3_000
_DEEPEST_QUOTE = 5
_DEEPEST_LIST = 6
_LONGEST_ADDRESS = 300


@dataclass(frozen=True, slots=True)
class _Style:
    """What text inherits from the elements around it."""

    hidden: bool = False
    invisible: bool = False
    tiny: bool = False
    preformatted: bool = False
    quotes: int = 0
    lists: int = 0
    kind: Kind = Kind.NEW

    @property
    def shown(self) -> bool:
        return not (self.hidden or self.invisible or self.tiny)


@dataclass(slots=True)
class _Element:
    name: str
    style: _Style
    target: str = ""
    """A link's address."""
    mark: tuple[int, int] = (0, 0)
    """Where a link's text or a cell began."""
    number: int | None = None
    """The last number of an ordered list; None for any other."""


class _Writer:
    """The lines so far, with white space as a browser would show it."""

    def __init__(self) -> None:
        self._done: list[Line] = []
        self._parts: list[str] = []
        self._head: tuple[Kind, int] = (Kind.NEW, 0)
        self._breaks = 0
        self._space = False
        self._cell = False
        self._fresh = False
        """A cell or list item has just begun: a block within it needs no line of its own."""

    def begin(self) -> tuple[int, int]:
        """Where the next text goes, for `since`; breaks that were wished for are made."""
        self._break()
        return len(self._done), len(self._parts)

    def begin_item(self) -> tuple[int, int]:
        """As `begin`, for a cell or list item."""
        place = self.begin()
        self._fresh = True
        return place

    def since(self, mark: tuple[int, int]) -> str | None:
        """The beginning of what was written since `mark`; None where that is more than one line."""
        same = mark[0] == len(self._done)
        return "".join(self._parts[mark[1] : mark[1] + 20]).strip() if same else None

    def write(self, text: str, style: _Style) -> None:
        """Text in which runs of white space count as one space."""
        collapsed = _SPACE.sub(" ", text)
        bare = collapsed.strip(" ")
        if bare:
            self._put(bare, style, space=collapsed[0] == " ")
        self._space = self._space or collapsed[-1:] == " "

    def write_raw(self, text: str, style: _Style) -> None:
        """Text whose lines and spaces stand as they are."""
        lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        for position, line in enumerate(lines):
            if position:
                self.end_line()
            if line:
                self._space = False
                self._put(line.replace("\xa0", " "), style)

    def wish_break(self, count: int) -> None:
        """A new line before the next text; 2 for an empty line between."""
        if not self._fresh and (self._parts or (count > 1 and self._done)):
            self._breaks = max(self._breaks, count)
        self._space = False

    def next_cell(self) -> None:
        """The next text is another cell of the row at work."""
        if self._parts:
            self._cell, self._breaks, self._space = True, 0, False
        self._fresh = False

    def end_line(self) -> None:
        text = "".join(self._parts).rstrip()
        kind, quotes = self._head
        if text or not (len(self._done) > 1 and not self._done[-1].text and not self._done[-2].text):
            self._done.append(Line("> " * quotes + text if text else "", kind))
        self._parts.clear()
        self._breaks, self._space, self._cell, self._fresh = 0, False, False, False

    def finish(self) -> list[Line]:
        if self._parts:
            self.end_line()
        return self._done

    def _put(self, text: str, style: _Style, *, space: bool = False) -> None:
        head = (style.kind, min(style.quotes, _DEEPEST_QUOTE))
        if self._breaks:
            self._break()
        elif self._parts and head != self._head:
            self.end_line()
        if self._cell and self._parts:
            self._parts.append(" | ")
        elif self._parts and (space or self._space):
            self._parts.append(" ")
        self._cell = self._space = self._fresh = False
        self._head = head
        self._parts.append(text)

    def _break(self) -> None:
        apart = self._breaks > 1
        if self._breaks and self._parts:
            self.end_line()
        if apart and self._done and self._done[-1].text:
            self._done.append(Line("", self._done[-1].kind))
        self._breaks = 0


class _Reader:
    """Follows the open elements and hands their text to the writer."""

    def __init__(self) -> None:
        self.writer = _Writer()
        self._open: list[_Element] = [_Element("", _Style())]
        self._counts: Counter[str] = Counter()
        self._scopes: list[Counter[str]] = [Counter()]
        """For each element of _SCOPE that is open, what is open within it."""
        self._too_deep: Counter[str] = Counter()

    def read(self, token: Token) -> None:
        name = token.name
        style = self._open[-1].style
        if not name:
            if style.shown:
                (self.writer.write_raw if style.preformatted else self.writer.write)(token.text, style)
        elif name in ("br", "hr", "img"):
            if style.shown:
                self._single(name, token.attributes, style)
        elif name in _VOID:
            pass
        elif token.closing:
            self._close(name)
        else:
            self._begin(name, token.attributes)

    def _single(self, name: str, attributes: Mapping[str, str], style: _Style) -> None:
        if name == "br":
            self.writer.end_line()
        elif name == "hr":
            self.writer.wish_break(1)
            self.writer.write("-" * 10, style)
            self.writer.wish_break(1)
        elif (label := attributes.get("alt", "").strip()) and self._style(style, name, attributes).shown:
            self.writer.write(f"[{label}]", style)

    def _begin(self, name: str, attributes: Mapping[str, str]) -> None:
        if name in _BLOCK and self._open[-1].name == "p":
            self._pop()
        for other in _CLOSES.get(name, ()):
            # A cell is a scope itself, so that an open one stands in the scope around it.
            around = self._scopes[-2] if other in _CELL and len(self._scopes) > 1 else self._scopes[-1]
            if around[other]:
                self._pop_to(other)
        if len(self._open) > _DEEPEST:
            self._too_deep[name] += 1
            return
        parent = self._open[-1]
        element = _Element(name, self._style(parent.style, name, attributes))
        self._enter(element, parent, attributes)
        self._open.append(element)
        self._counts[name] += 1
        self._scopes[-1][name] += 1
        if name in _SCOPE:
            self._scopes.append(Counter())

    def _enter(self, element: _Element, parent: _Element, attributes: Mapping[str, str]) -> None:
        """What an element shows of itself at its beginning."""
        name = element.name
        if name in _BLOCK:
            self.writer.wish_break(_gap(element))
        if name == "ol":
            start = attributes.get("start", "1")
            element.number = int(start) - 1 if start.isdecimal() and len(start) < 7 else 0
        elif name == "li" and element.style.shown:
            if parent.number is not None:
                parent.number += 1
            sign = "-" if parent.number is None else f"{parent.number}."
            indent = "  " * (min(element.style.lists, _DEEPEST_LIST) - 1)
            self.writer.write_raw(f"{indent}{sign} ", element.style)
            self.writer.begin_item()
        elif name == "a":
            target = _SPACE.sub("", attributes.get("href", ""))
            element.target = target if _ADDRESS.match(target) and len(target) <= _LONGEST_ADDRESS else ""
        if name == "a" or name in _CELL:
            element.mark = self.writer.begin_item() if name in _CELL else self.writer.begin()

    def _style(self, style: _Style, name: str, attributes: Mapping[str, str]) -> _Style:
        if name == "pre":
            style = replace(style, preformatted=True)
        elif name in ("ul", "ol"):
            style = replace(style, lists=style.lists + 1)
        css = attributes.get("style", "")
        if "hidden" in attributes or (css and _HIDDEN.search(css)):
            style = replace(style, hidden=True)
        if css and (match := _VISIBILITY.search(css)):
            style = replace(style, invisible=match[1].lower() in ("hidden", "collapse"))
        if css and (match := _FONT_SIZE.search(css)):
            style = replace(style, tiny=not match[1].strip("0."))
        marks = (attributes.get("class", ""), attributes.get("id", ""))
        if name == "blockquote" and (
            attributes.get("type") == "cite" or "quote" in marks[0] or not _INDENTED.search(css)
        ):
            style = replace(style, quotes=style.quotes + 1)
        if any(mark and _QUOTE_MARK.search(mark) for mark in marks):
            style = replace(style, kind=Kind.QUOTE)
        elif any(mark and _SIGNATURE_MARK.search(mark) for mark in marks) and style.kind is Kind.NEW:
            style = replace(style, kind=Kind.SIGNATURE)
        return style

    def _close(self, name: str) -> None:
        if self._too_deep[name]:
            self._too_deep[name] -= 1
            return
        within = self._counts if name in _SCOPE or name in _TABLE else self._scopes[-1]
        if within[name]:
            self._pop_to(name)
        elif name == "p":  # as a browser does
            self.writer.wish_break(2)

    def _pop_to(self, name: str) -> None:
        while self._open[-1].name != name:
            self._pop()
        self._pop()

    def _pop(self) -> None:
        element = self._open.pop()
        name = element.name
        if name in _SCOPE:
            self._scopes.pop()
        self._counts[name] -= 1
        self._scopes[-1][name] -= 1
        if name == "a" and element.target and element.style.shown:
            text = self.writer.since(element.mark)
            bare = element.target.split(":", 1)[1].lstrip("/").rstrip("/").casefold()
            if text != "" and (text is None or bare not in text.casefold()):
                self.writer.write(f" ({element.target.removeprefix('mailto:')})", element.style)
        elif name in _CELL:
            if self.writer.since(element.mark) is not None:
                self.writer.next_cell()
            else:
                self.writer.wish_break(1)
        elif name in _BLOCK:
            self.writer.wish_break(_gap(element))


def _gap(element: _Element) -> int:
    """How many line ends stand around a block: a list's items stand close together."""
    within_list = element.style.lists - (element.name in ("ul", "ol")) > 0
    return 2 if element.name in _APART and not within_list else 1


def html_lines(content: str) -> list[Line]:
    """`content` as lines; those that the mail program itself marked as a quote or signature say so.

    A line of a cited block begins with "> " for each of its levels.
    """
    reader = _Reader()
    for token in tokens(content):
        reader.read(token)
    return reader.writer.finish()


def html_to_text(content: str) -> str:
    """`content` as plain text, whole: quotes and signatures stay."""
    return "\n".join(line.text for line in html_lines(content)).strip()
