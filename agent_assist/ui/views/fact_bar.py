"""Below the reply: the fact that nothing supports, why, and the two ways out of it."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QWidget

from agent_assist.ui import icons, tokens, words
from agent_assist.ui.plain import one_line, tooltip
from agent_assist.ui.theme import Theme
from agent_assist.ui.tokens import TextSize
from agent_assist.ui.views.draft_document import Fact
from agent_assist.ui.widgets.button import Button, Kind
from agent_assist.ui.widgets.label import Label, restyle


class FactBar(QFrame):
    """About one fact at a time: the one at the caret, or the only one that is open."""

    confirmed = Signal(object)
    """The Fact."""
    removed = Signal(object)
    """The Fact whose sentence is to go."""
    next_wanted = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._fact: Fact | None = None
        self._blocks = False
        self.setProperty("banner", "attention")
        self._icon = QLabel()
        self._text = Label("", TextSize.SMALL, wrap=True)
        self._confirm = Button(theme, "It is right", Kind.QUIET)
        self._remove = Button(theme, "Remove sentence", Kind.QUIET)
        self._next = Button(theme, "Next", Kind.QUIET)
        self._next.setToolTip("Next fact to check  (F8)")
        row = QHBoxLayout(self)
        row.setContentsMargins(tokens.SPACE_3, 2, tokens.SPACE_1, 2)
        row.setSpacing(tokens.SPACE_1)
        row.addWidget(self._icon)
        row.addSpacing(tokens.SPACE_1)
        row.addWidget(self._text, 1)
        for button in (self._confirm, self._remove, self._next):
            button.setProperty("textSize", "small")
            row.addWidget(button)
        self._confirm.clicked.connect(self._on_confirm)
        self._remove.clicked.connect(self._on_remove)
        self._next.clicked.connect(self.next_wanted)
        theme.changed.connect(self._tint)
        self._tint()
        self.hide()

    def show_facts(self, current: Fact | None, open_facts: list[Fact]) -> None:
        """Hidden where nothing is open; otherwise the fact at the caret, or how many there are."""
        self._fact = current if current is not None and current.open else None
        if self._fact is None and len(open_facts) == 1:
            self._fact = open_facts[0]
        self.setVisible(bool(open_facts))
        for button in (self._confirm, self._remove):
            button.setVisible(self._fact is not None)
        self._next.setVisible(len(open_facts) > 1 or self._fact is None)
        self._next.setText("Next" if self._fact is not None else "Show me")
        if self._fact is not None:
            fact = self._fact
            text = f"“{one_line(fact.text, 40)}”  {fact.mark.reason}"
        else:
            text = f"{words.count(len(open_facts), 'thing')} to confirm or remove before sending."
        blocks = any(f.mark.kind.blocks for f in ([self._fact] if self._fact else open_facts))
        if blocks != self._blocks:
            self._blocks = blocks
            restyle(self, banner="danger" if blocks else "attention")
            self._tint()
        self._text.setText(text)
        self.setToolTip(tooltip(text))
        self.setAccessibleName(text)

    def _on_confirm(self) -> None:
        if self._fact is not None:
            self.confirmed.emit(self._fact)

    def _on_remove(self) -> None:
        if self._fact is not None:
            self.removed.emit(self._fact)

    def _tint(self) -> None:
        colours = self._theme.colours
        sign, colour = ("octagon", colours.danger) if self._blocks else ("triangle", colours.attention)
        self._icon.setPixmap(icons.pixmap(sign, colour))
