"""Shown instead of an invented answer: what is missing, a question to ask, a hand-over to prepare."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from agent_assist.domain.suggestion import Decision, Suggestion
from agent_assist.ui import icons, tokens
from agent_assist.ui.theme import Theme
from agent_assist.ui.tokens import TextSize, Tone
from agent_assist.ui.widgets.button import Button, Kind
from agent_assist.ui.widgets.label import Label


class AbstainedCard(QFrame):
    hand_over_wanted = Signal()
    missing_wanted = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setProperty("banner", "attention")
        self._picture = QLabel()
        self._title = Label("", bold=True, wrap=True)
        self._reasons = Label("", TextSize.BODY, wrap=True, selectable=True)
        self._hint = Label("", TextSize.SMALL, "muted", wrap=True)
        self._hand_over = Button(theme, "Hand over", Kind.SECONDARY, "handover")
        self._missing = Button(theme, "Knowledge is missing", Kind.SECONDARY, "flag")
        head = QHBoxLayout()
        head.setSpacing(tokens.SPACE_2)
        head.addWidget(self._picture)
        head.addWidget(self._title, 1)
        buttons = QHBoxLayout()
        buttons.setSpacing(tokens.SPACE_2)
        buttons.addWidget(self._hand_over)
        buttons.addWidget(self._missing)
        buttons.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(tokens.SPACE_3, tokens.SPACE_3, tokens.SPACE_3, tokens.SPACE_3)
        column.setSpacing(tokens.SPACE_2)
        column.addLayout(head)
        column.addWidget(self._reasons)
        column.addWidget(self._hint)
        column.addLayout(buttons)
        self._hand_over.clicked.connect(self.hand_over_wanted)
        self._missing.clicked.connect(self.missing_wanted)
        theme.changed.connect(self._tint)
        self._tint()
        self.hide()

    def show_suggestion(self, suggestion: Suggestion) -> None:
        escalate = suggestion.decision is Decision.ESCALATE
        title = "Better handed over" if escalate else "The articles do not answer this"
        self._title.setText(title)
        self._reasons.setText("\n".join(suggestion.reasons) or "No passage fits well enough to rest on.")
        if suggestion.text:
            kind = "A hand-over note" if escalate else "A question to the customer"
            self._hint.setText(f"{kind} is in the reply below. Change it as you like.")
        self._hint.setVisible(bool(suggestion.text))
        self.setAccessibleName(f"{title}. {self._reasons.text()}")
        self.show()

    def _tint(self) -> None:
        self._picture.setPixmap(icons.pixmap("triangle", self._theme.tone(Tone.ATTENTION), 18))
