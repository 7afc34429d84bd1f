"""What lies over the text of a reply: its sentences, what needs the agent's eye, and how both are drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from PySide6.QtGui import QFont, QSyntaxHighlighter, QTextCharFormat, QTextCursor, QTextDocument

from agent_assist.domain.suggestion import Mark, mark_id
from agent_assist.ui.theme import Theme

BADGE = 17
"""Pixels that one citation number takes."""


class Marked(Protocol):
    """A document with sentences and facts to be drawn, as `DraftDocument`."""

    spans: list[Span]
    facts: list[Fact]


def utf16(text: str, offset: int) -> int:
    """A character offset as Qt counts: emoji take two."""
    head = text[:offset]
    return offset if head.isascii() else len(head.encode("utf-16-le", "surrogatepass")) // 2


@dataclass(slots=True)
class Span:
    """A sentence of the suggestion; valid while the agent has not changed it."""

    index: int
    cursor: QTextCursor
    text: str
    numbers: tuple[int, ...] = ()
    passages: tuple[int, ...] = ()

    @property
    def intact(self) -> bool:
        return bool(self.text) and self.cursor.selectedText().replace("\u2029", "\n") == self.text


@dataclass(slots=True)
class Fact:
    """An unsupported stretch; gone when the agent changed or removed it."""

    mark: Mark
    cursor: QTextCursor
    text: str
    sentence: Span | None = None
    confirmed: bool = False
    live: bool = False
    """Found while the agent writes: it holds the reply back only where its kind does so for anyone."""

    @property
    def id(self) -> str:
        """What a confirmation of it names."""
        return mark_id(Mark(self.mark.kind, 0, len(self.text), ""), self.text)

    @property
    def present(self) -> bool:
        return bool(self.text) and self.cursor.selectedText().replace("\u2029", "\n") == self.text

    @property
    def open(self) -> bool:
        return self.present and not self.confirmed

    @property
    def holds(self) -> bool:
        """Whether the reply waits for it."""
        return self.open and (not self.live or self.mark.kind.blocks)


class Underlines(QSyntaxHighlighter):
    """Makes room for citation numbers and underlines facts, without touching text or undo."""

    def __init__(self, document: QTextDocument, marked: Marked, theme: Theme) -> None:
        super().__init__(document)
        self._draft, self._theme = marked, theme

    def highlightBlock(self, text: str) -> None:
        block = self.currentBlock()
        low, high = block.position(), block.position() + len(text)
        for span in self._draft.spans:
            last = span.cursor.selectionEnd() - 1
            if span.numbers and low <= last < high and span.intact:
                room = QTextCharFormat()
                room.setFontLetterSpacingType(QFont.SpacingType.AbsoluteSpacing)
                room.setFontLetterSpacing(BADGE * len(span.numbers) + 3)
                self.setFormat(last - low, 1, room)
        for fact in self._draft.facts:
            start, end = fact.cursor.selectionStart(), fact.cursor.selectionEnd()
            first, last = max(start, low), min(end, high)
            if first < last and fact.present:
                self.setFormat(first - low, last - first, self._underline(fact))

    def _underline(self, fact: Fact) -> QTextCharFormat:
        style = QTextCharFormat()
        if fact.confirmed:
            style.setUnderlineStyle(QTextCharFormat.UnderlineStyle.DotLine)
            style.setUnderlineColor(self._theme.colour("outline"))
            return style
        blocks = fact.mark.kind.blocks
        style.setUnderlineStyle(QTextCharFormat.UnderlineStyle.WaveUnderline)
        style.setUnderlineColor(self._theme.colour("danger" if blocks else "attention_line"))
        style.setBackground(self._theme.colour("danger_soft" if blocks else "attention_soft"))
        return style
