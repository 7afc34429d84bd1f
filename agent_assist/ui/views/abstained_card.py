"""Shown instead of an invented answer: what is missing, and the ways on."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from agent_assist.domain.suggestion import Suggestion
from agent_assist.ui import tokens
from agent_assist.ui.plain import tooltip
from agent_assist.ui.theme import Theme
from agent_assist.ui.tokens import TextSize
from agent_assist.ui.widgets.button import Button, Kind
from agent_assist.ui.widgets.flow import Flow
from agent_assist.ui.widgets.label import ElidedLabel, Label
from agent_assist.ui.words import GOOD_MATCH


class AbstainedCard(QFrame):
    """Hidden until a suggestion with another decision than to draft is shown."""

    draft_wanted = Signal()
    """The reply is to rest on the best match all the same."""
    hand_over_wanted = Signal()
    missing_wanted = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("banner", "attention")
        self._why = Label("", TextSize.BODY, wrap=True, selectable=True)
        self._more = ElidedLabel("", TextSize.SMALL)
        self._draft = Button(theme, "Draft from 1", Kind.SECONDARY, "sparkle")
        self._hand_over = Button(theme, "Hand over", Kind.SECONDARY, "handover")
        self._missing = Button(theme, "Knowledge is missing", Kind.SECONDARY, "flag")
        buttons = QWidget()
        foot = Flow(buttons, spacing=tokens.SPACE_2)
        for button in (self._draft, self._missing, self._hand_over):
            foot.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(tokens.SPACE_3, tokens.SPACE_2, tokens.SPACE_2, tokens.SPACE_2)
        column.setSpacing(tokens.SPACE_1)
        column.addWidget(self._why)
        column.addWidget(self._more)
        column.addWidget(buttons)
        self._draft.clicked.connect(self.draft_wanted)
        self._hand_over.clicked.connect(self.hand_over_wanted)
        self._missing.clicked.connect(self.missing_wanted)
        self.hide()

    def show_suggestion(self, suggestion: Suggestion) -> None:
        reasons = suggestion.reasons or ("No passage fits well enough to rest on.",)
        # One line for what else was understood: more would take the reply's room, and the note of a hand-over
        # has it all.
        self._why.setText(reasons[0])
        self._more.setText(" ".join(reasons[1:]))
        self._more.setVisible(len(reasons) > 1)
        best = suggestion.hits[0] if suggestion.hits else None
        near = best is not None and best.score >= GOOD_MATCH
        self._draft.setVisible(near)
        if near and best is not None:
            title = best.passage.title or best.passage.article_id
            self._draft.setToolTip(tooltip(f"Draft the reply from “{title}” all the same  D"))
            self._draft.setAccessibleName(f"Draft from evidence 1, {title}")
        self.setAccessibleName("\n".join(reasons))
        self.show()
