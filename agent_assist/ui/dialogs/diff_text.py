"""Two wordings of one text, word by word, in colour and in shape."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import Enum

from PySide6.QtGui import QTextCharFormat, QTextCursor, QTextOption
from PySide6.QtWidgets import QFrame, QTextEdit, QWidget

from agent_assist.ui.theme import Theme
from agent_assist.ui.tokens import SPACE_3
from agent_assist.ui.words import count

Pieces = Sequence[tuple[str, str]]
"""(operation, text): `equal`, `insert` or `delete`; joined without the inserted ones it is the first
text, without the deleted ones the second."""


_WORD = re.compile(r"\w+")


class Side(Enum):
    """Which wording is shown: one of both, or both in one text."""

    BEFORE = "before"
    AFTER = "after"
    BOTH = "both"


def difference_words(pieces: Pieces) -> str:
    """A sentence for screen readers and for the line under the texts."""
    added = sum(len(_WORD.findall(text)) for operation, text in pieces if operation == "insert")
    removed = sum(len(_WORD.findall(text)) for operation, text in pieces if operation == "delete")
    if all(operation == "equal" for operation, _ in pieces):
        return "No difference."
    if not added and not removed:
        return "Only punctuation or spaces differ."
    parts = [f"{count(n, 'word')} {what}" for n, what in ((added, "added"), (removed, "removed")) if n]
    return ", ".join(parts) + "."


class DiffText(QTextEdit):
    """Read-only.  Added words are underlined, removed ones struck through, each on its own ground."""

    def __init__(self, theme: Theme, side: Side = Side.BOTH, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._side = side
        self._pieces: Pieces = ()
        self.setReadOnly(True)
        self.setTabChangesFocus(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.document().setDocumentMargin(SPACE_3)
        theme.changed.connect(self._draw)

    def show_difference(self, pieces: Pieces) -> None:
        self._pieces = tuple(pieces)
        self._draw()
        self.setAccessibleDescription(difference_words(self._pieces))

    def _draw(self) -> None:
        left_out = {Side.BEFORE: "insert", Side.AFTER: "delete", Side.BOTH: ""}[self._side]
        self.clear()
        cursor = self.textCursor()
        for operation, text in self._pieces:
            if operation != left_out:
                cursor.insertText(text, self._format(operation))
        self.moveCursor(QTextCursor.MoveOperation.Start)

    def _format(self, operation: str) -> QTextCharFormat:
        shape = QTextCharFormat()
        shape.setForeground(self._theme.colour("text"))
        if operation == "insert":
            shape.setForeground(self._theme.colour("ok"))
            shape.setBackground(self._theme.colour("ok_soft"))
            shape.setUnderlineStyle(QTextCharFormat.UnderlineStyle.SingleUnderline)
            shape.setUnderlineColor(self._theme.colour("ok"))
        elif operation == "delete":
            shape.setForeground(self._theme.colour("danger"))
            shape.setBackground(self._theme.colour("danger_soft"))
            shape.setFontStrikeOut(True)
        return shape
