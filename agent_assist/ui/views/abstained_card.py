"""Shown instead of an invented answer: what is missing, and the ways on."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from agent_assist.domain.suggestion import Decision, Suggestion
from agent_assist.ui import tokens
from agent_assist.ui.plain import tooltip
from agent_assist.ui.theme import Theme
from agent_assist.ui.tokens import TextSize
from agent_assist.ui.widgets.button import Button, Kind
from agent_assist.ui.widgets.label import Label

SHOWN = 2
"""Reasons that stand there: why, and what the customer wants.  More would take the reply's room; they are in
the tool tip and in the note of a hand-over."""


class AbstainedCard(QFrame):
    """Hidden until a suggestion with another decision than to draft is shown."""

    hand_over_wanted = Signal()
    missing_wanted = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("banner", "attention")
        self._reasons = Label("", TextSize.BODY, wrap=True, selectable=True)
        self._hint = Label("", TextSize.SMALL, wrap=True)
        self._hand_over = Button(theme, "Hand over", Kind.SECONDARY, "handover")
        self._missing = Button(theme, "Knowledge is missing", Kind.SECONDARY, "flag")
        foot = QHBoxLayout()
        foot.setSpacing(tokens.SPACE_2)
        foot.addWidget(self._hint, 1)
        foot.addWidget(self._missing)
        foot.addWidget(self._hand_over)
        column = QVBoxLayout(self)
        column.setContentsMargins(tokens.SPACE_3, tokens.SPACE_2, tokens.SPACE_2, tokens.SPACE_2)
        column.setSpacing(tokens.SPACE_1)
        column.addWidget(self._reasons)
        column.addLayout(foot)
        self._hand_over.clicked.connect(self.hand_over_wanted)
        self._missing.clicked.connect(self.missing_wanted)
        self.hide()

    def show_suggestion(self, suggestion: Suggestion) -> None:
        reasons = suggestion.reasons or ("No passage fits well enough to rest on.",)
        self._reasons.setText("\n".join(reasons[:SHOWN]))
        self._reasons.setToolTip(tooltip("\n".join(reasons)) if len(reasons) > SHOWN else "")
        escalate = suggestion.decision is Decision.ESCALATE
        hint = "A reply that hands over is below." if escalate else "A question to the customer is below."
        self._hint.setText(hint if suggestion.text else "")
        self.setAccessibleName("\n".join(reasons))
        self.show()

    def set_compact(self, compact: bool) -> None:
        self._hint.setVisible(not compact)
