"""What was understood of the ticket and why this was decided; words first, figures on hover."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from agent_assist.domain.suggestion import Decision, Suggestion
from agent_assist.domain.ticket import Ticket
from agent_assist.ui import tokens, words
from agent_assist.ui.theme import Theme
from agent_assist.ui.tokens import TextSize, Tone
from agent_assist.ui.widgets.button import Button, Kind
from agent_assist.ui.widgets.chip import Tag
from agent_assist.ui.widgets.label import Label

_TONES = {Decision.DRAFT: Tone.OK, Decision.CLARIFY: Tone.ACCENT, Decision.ESCALATE: Tone.ATTENTION}


class Understanding(QWidget):
    """Decision, language and reasons of the suggestion that is shown."""

    missing_wanted = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._decision = Tag()
        self._language = Tag()
        self._confidence = Label("", TextSize.SMALL, "muted")
        self._reasons = Label("", TextSize.SMALL, "muted", wrap=True, selectable=True)
        self.missing = Button(theme, "Knowledge is missing", Kind.LINK, "flag")
        self.missing.setProperty("textSize", "small")
        self.missing.clicked.connect(self.missing_wanted)
        tags = QHBoxLayout()
        tags.setSpacing(tokens.SPACE_1)
        tags.addWidget(self._decision)
        tags.addWidget(self._language)
        tags.addWidget(self._confidence)
        tags.addStretch(1)
        foot = QHBoxLayout()
        foot.addWidget(self.missing)
        foot.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(tokens.SPACE_2)
        column.addWidget(Label("Understanding", TextSize.SMALL, bold=True))
        column.addLayout(tags)
        column.addWidget(self._reasons)
        column.addLayout(foot)
        self.show_suggestion(None, None)

    def show_suggestion(self, suggestion: Suggestion | None, ticket: Ticket | None) -> None:
        language = (suggestion.language if suggestion else "") or (ticket.language if ticket else "") or ""
        self._language.set(words.language(language))
        self._language.setVisible(bool(language))
        self._decision.setVisible(suggestion is not None)
        self._confidence.setVisible(suggestion is not None)
        self._reasons.setVisible(suggestion is not None and bool(suggestion.reasons))
        self.missing.setEnabled(suggestion is not None)
        self.setVisible(ticket is not None or suggestion is not None)
        if suggestion is None:
            return
        self._decision.set(words.DECISIONS[suggestion.decision], _TONES[suggestion.decision])
        self._confidence.setText(words.confidence(suggestion.confidence))
        self._confidence.setToolTip(f"Confidence {words.percent(suggestion.confidence)}")
        self._reasons.setText("\n".join(suggestion.reasons[:4]))
