"""Step 3: a customer's message in, a draft out."""

from __future__ import annotations

from typing import Any, ClassVar

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QWidget

from agent_assist.domain.suggestion import Decision, Suggestion
from agent_assist.domain.ticket import Channel, Message, Role, Ticket
from agent_assist.errors import ErrorInfo
from agent_assist.services.jobs import Job, JobContext
from agent_assist.ui.context import UiContext
from agent_assist.ui.plain import one_line, reveal, soft_break
from agent_assist.ui.tokens import SPACE_2, TextSize, Tone
from agent_assist.ui.widgets.button import Button, Kind
from agent_assist.ui.widgets.chip import Tag
from agent_assist.ui.widgets.label import Label
from agent_assist.ui.widgets.spinner import Spinner
from agent_assist.ui.wizard.step import Step
from agent_assist.ui.words import DECISIONS, count, origin

EXAMPLE = "Hello, how long do I have to return a helmet that does not fit? Thanks, Crystal"
TICKET_ID = "first-ticket"
LONGEST = 20_000
"""Characters of a pasted message; more than any customer writes, less than what stalls the model."""


class TryStep(Step):
    """Drafts for a ticket that is not saved; the draft can be stopped."""

    title: ClassVar[str] = "Try a ticket"
    note: ClassVar[str] = "Paste what a customer wrote, or take the example, and see the draft."
    _streamed = Signal(str)

    def __init__(self, ui: UiContext, parent: QWidget | None = None) -> None:
        super().__init__(ui, parent)
        self._job: Job[Any] | None = None
        self.suggestion: Suggestion | None = None
        self.ticket: Ticket | None = None
        self.message = QPlainTextEdit()
        self.message.setPlaceholderText("A customer's message")
        self.message.setAccessibleName("A customer's message")
        self.message.setTabChangesFocus(True)
        self.message.setMaximumHeight(110)
        self.message.textChanged.connect(self._on_typed)
        self.example = Button(ui.theme, "Use the example", Kind.QUIET)
        self.example.clicked.connect(lambda: self.message.setPlainText(EXAMPLE))
        self.go = Button(ui.theme, "Draft a reply", Kind.SECONDARY, "sparkle")
        self.go.clicked.connect(self._on_go)
        self.stop = Button(ui.theme, "Stop", Kind.QUIET, "stop")
        self.stop.clicked.connect(self._on_stop)
        self._spinner = Spinner(ui.theme)
        self.state = Label("", TextSize.SMALL, "muted", wrap=True)
        self.decision = Tag()
        self.draft = QPlainTextEdit()
        self.draft.setReadOnly(True)
        self.draft.setAccessibleName("The draft")
        self.draft.setPlaceholderText("The draft appears here.")
        self.draft.setTabChangesFocus(True)
        tools = QHBoxLayout()
        tools.setSpacing(SPACE_2)
        for widget in (self.go, self.example):
            tools.addWidget(widget)
        tools.addStretch(1)
        told = QHBoxLayout()
        told.setSpacing(SPACE_2)
        told.addWidget(self._spinner)
        told.addWidget(self.decision)
        told.addWidget(self.state, 1)
        told.addWidget(self.stop)
        self.sources = Label("", TextSize.SMALL, "muted", wrap=True)
        self.body.addWidget(self.message)
        self.body.addLayout(tools)
        self.body.addLayout(told)
        self.body.addWidget(self.draft, 1)
        self.body.addWidget(self.sources)
        self._streamed.connect(self._on_streamed)
        self._set_busy(False)
        self.decision.hide()
        self._on_typed()

    @property
    def done(self) -> bool:
        return self.suggestion is not None

    def enter(self) -> None:
        self.message.setFocus()

    def _set_busy(self, busy: bool) -> None:
        self._spinner.setVisible(busy)
        self.stop.setVisible(busy)
        self.stop.setEnabled(busy)
        self.example.setEnabled(not busy)
        self.message.setReadOnly(busy)
        self._on_typed()

    def _on_typed(self) -> None:
        self.go.setEnabled(bool(self.message.toPlainText().strip()) and self._job is None)

    def _on_go(self) -> None:
        text = self.message.toPlainText().strip()[:LONGEST]
        message = Message("m1", Role.CUSTOMER, text)
        ticket = Ticket(TICKET_ID, (message,), subject=one_line(text, 60), channel=Channel.EMAIL)
        self.ticket = ticket
        self.suggestion = None
        drafting = self.ui.desk.drafting

        def work(context: JobContext) -> Suggestion:
            return drafting.draft(ticket, cancel=context.cancel, on_text=self._streamed.emit)

        self.banner.hide()
        self.decision.hide()
        self.draft.clear()
        self.sources.setText("")
        self.state.setText("Reading the message and looking for passages…")
        self._job = self.ui.bridge.submit(
            "Draft a reply", work, self._on_drafted, self._on_failed, visible=False
        )
        self._set_busy(True)

    def _on_streamed(self, text: str) -> None:
        if self._job is not None:
            self.state.setText("Writing…")
            self._show_text(text)

    def _on_drafted(self, suggestion: Suggestion) -> None:
        self._job = None
        self.suggestion = suggestion
        self._set_busy(False)
        answered = suggestion.decision is Decision.DRAFT
        self.decision.set(DECISIONS[suggestion.decision], Tone.OK if answered else Tone.ATTENTION)
        self.decision.show()
        self.state.setText(origin(suggestion)[1] if answered else " ".join(suggestion.reasons[:2]))
        self._show_text(suggestion.text)
        self.sources.setText(sources_words(suggestion))
        self.changed.emit()

    def _show_text(self, text: str) -> None:
        self.draft.setPlainText(soft_break(reveal(text).text))

    def _on_failed(self, error: ErrorInfo) -> None:
        self._job = None
        self._set_busy(False)
        self.state.setText("Stopped." if error.code == "cancelled" else "")
        if error.code != "cancelled":
            self.banner.show_error(error, self._on_go)

    def _on_stop(self) -> None:
        if self._job is not None:
            self.stop.setEnabled(False)
            self._job.cancel()


def sources_words(suggestion: Suggestion) -> str:
    """ "Rests on: Returns and refunds, Macro: size swap. 1 statement to check." """
    titles = {hit.passage.article_id: hit.passage.title or hit.passage.article_id for hit in suggestion.hits}
    used = [titles.get(article_id, article_id) for article_id in suggestion.citations]
    parts = [f"Rests on: {', '.join(one_line(title, 60) for title in used)}." if used else ""]
    if suggestion.marks:
        parts.append(f"{count(len(suggestion.marks), 'statement')} to check.")
    return " ".join(part for part in parts if part)
