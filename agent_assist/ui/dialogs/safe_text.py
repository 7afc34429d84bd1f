"""Shows Markdown or plain text from any source without loading anything it refers to."""

from __future__ import annotations

import re
from typing import Any

from PySide6.QtCore import QUrl, Signal
from PySide6.QtGui import QFont, QImage, QTextBlockFormat, QTextCharFormat, QTextCursor, QTextDocument
from PySide6.QtWidgets import QTextBrowser, QWidget

from agent_assist.ui.plain import reveal, soft_break
from agent_assist.ui.tokens import SPACE_2, SPACE_3

MAX_MARKDOWN = 200_000
"""Characters; longer texts are shown plain, because laying out Markdown of that size blocks the window."""

MARKDOWN = QTextDocument.MarkdownFeature.MarkdownDialectGitHub | QTextDocument.MarkdownFeature.MarkdownNoHTML
_HEADING_RATIO = {1: 1.35, 2: 1.18}


class SafeDocument(QTextDocument):
    """A document whose images are blank: `file:` and remote addresses are never opened."""

    def loadResource(self, kind: int, name: QUrl | str) -> Any:
        blank = QImage(1, 1, QImage.Format.Format_ARGB32)
        blank.fill(0)
        return blank


class SafeTextBrowser(QTextBrowser):
    """Read-only, selectable text; a click on a link is only reported."""

    link_clicked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setDocument(SafeDocument(self))
        self.setOpenLinks(False)
        self.setOpenExternalLinks(False)
        self.anchorClicked.connect(self._on_anchor)

    def loadResource(self, kind: int, name: QUrl | str) -> Any:
        return self.document().loadResource(kind, name)

    def show_markdown(self, text: str) -> None:
        """Show `text` as Markdown without HTML; a very long one plain."""
        if len(text) > MAX_MARKDOWN:
            self.show_plain(text)
            return
        self.document().setMarkdown(soft_break(reveal(text).text), MARKDOWN)
        space_out(self.document(), self.font())

    def show_plain(self, text: str) -> None:
        self.document().setPlainText(soft_break(reveal(text).text))

    def _on_anchor(self, url: QUrl) -> None:
        if url.scheme() == "" and url.path() == "" and url.hasFragment():
            self.scrollToAnchor(url.fragment())
        else:
            self.link_clicked.emit(url.toString())


def space_out(document: QTextDocument, font: QFont) -> None:
    """Give what came from Markdown the house's line height, distances and heading sizes."""
    body = font.pixelSize() if font.pixelSize() > 0 else 14
    block = document.begin()
    while block.isValid():
        level = block.blockFormat().headingLevel()
        cursor = QTextCursor(block)
        shape = QTextBlockFormat()
        shape.setLineHeight(135, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
        inside_list = block.textList() is not None
        shape.setBottomMargin(2 if inside_list else SPACE_2)
        shape.setTopMargin(SPACE_3 if level and block.blockNumber() else 0)
        cursor.mergeBlockFormat(shape)
        if level:
            cursor.movePosition(QTextCursor.MoveOperation.EndOfBlock, QTextCursor.MoveMode.KeepAnchor)
            letters = QTextCharFormat(cursor.charFormat())
            letters.setProperty(
                QTextCharFormat.Property.FontPixelSize, round(body * _HEADING_RATIO.get(level, 1.0))
            )
            letters.clearProperty(QTextCharFormat.Property.FontSizeAdjustment)
            letters.setFontWeight(QFont.Weight.DemiBold)
            cursor.setCharFormat(letters)
        block = block.next()


_WORD = re.compile(r"\w+")


def locate(text: str, wanted: str) -> tuple[int, int] | None:
    """Where the words of `wanted` stand in `text`, whatever lies between them.

    The longest run from its beginning is taken where not all of it is there; None for less than
    four words (or all, where it has fewer).
    """
    words = [(m.group().casefold(), m.start(), m.end()) for m in _WORD.finditer(text)]
    sought = [m.group().casefold() for m in _WORD.finditer(wanted)]
    if not sought:
        return None
    best: tuple[int, int] | None = None
    longest = min(4, len(sought)) - 1
    for first, (word, start, _) in enumerate(words):
        if word != sought[0]:
            continue
        length = 0
        for (have, _, _), want in zip(words[first:], sought):
            if have != want:
                break
            length += 1
        if length > longest:
            longest, best = length, (start, words[first + length - 1][2])
    return best
