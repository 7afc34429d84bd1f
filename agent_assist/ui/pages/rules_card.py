"""Edits that are remembered: what each says, where it is from, and whether it is used."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from agent_assist.domain.remembered import Rule, RuleState, origin_at
from agent_assist.errors import ErrorInfo
from agent_assist.ui.context import UiContext
from agent_assist.ui.pages.page import Page
from agent_assist.ui.plain import one_line
from agent_assist.ui.tokens import SPACE_1, SPACE_2, TextSize, Tone
from agent_assist.ui.widgets.button import Button, Kind
from agent_assist.ui.widgets.card import Card, clear
from agent_assist.ui.widgets.chip import Tag
from agent_assist.ui.widgets.label import Label

SHOWN = 20
"""Listed here; the command line shows all."""
STATES = {
    RuleState.ACTIVE: ("In use", Tone.OK),
    RuleState.WAITING: ("Waits for you", Tone.ATTENTION),
    RuleState.REVIEW: ("To review", Tone.ATTENTION),
    RuleState.DISABLED: ("Off", Tone.NEUTRAL),
    RuleState.NONE: ("No rule", Tone.NEUTRAL),
}
"""What a state is called, and its tone."""
_NAME = 60


class RulesCard(Card):
    """Reads and changes rules off the UI thread; hidden on a desk that remembers none."""

    def __init__(self, page: Page, parent: QWidget | None = None) -> None:
        super().__init__(
            "Remembered edits",
            "What you corrected in a draft, used in the next ones like it before any training.",
            parent,
        )
        self._page = page
        self._ui: UiContext = page.ui
        self.nothing = Label(
            "Nothing yet. Correct a sentence of a draft and send it.", TextSize.SMALL, "muted"
        )
        self.more = Label("", TextSize.SMALL, "muted", wrap=True)
        self._rows = QVBoxLayout()
        self._rows.setSpacing(SPACE_2)
        self.body.addLayout(self._rows)
        self.body.addWidget(self.nothing)
        self.body.addWidget(self.more)
        self.more.hide()
        self.setVisible(self._ui.desk.remembered is not None)
        self._ui.bridge.rules_changed.connect(lambda _sentence: self.refresh())

    def refresh(self) -> None:
        remembered = self._ui.desk.remembered
        if remembered is not None:
            self._ui.bridge.run(remembered.all, self.show_rules, self._page.show_error, latest="rules")

    def show_rules(self, rules: Sequence[Rule]) -> None:
        clear(self._rows)
        for rule in rules[:SHOWN]:
            self._rows.addWidget(self._row(rule))
        self.nothing.setVisible(not rules)
        left = len(rules) - SHOWN
        self.more.setText(f"{left} more: agent-assist feedback rules list" if left > 0 else "")
        self.more.setVisible(left > 0)

    def _row(self, rule: Rule) -> QWidget:
        row = QWidget()
        column = QVBoxLayout(row)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE_1)
        head = QHBoxLayout()
        head.setSpacing(SPACE_2)
        head.addWidget(Tag(*STATES[rule.state]))
        head.addWidget(Label(one_line(rule.question, 160), TextSize.SMALL, "muted", wrap=True), 1)
        for button in self._buttons(rule):
            head.addWidget(button)
        column.addLayout(head)
        column.addWidget(Label(rule.after, wrap=True, selectable=True))
        from_ticket = f"{origin_at(rule.url)}." if rule.url else ""
        why = "" if rule.url and rule.state is RuleState.ACTIVE else rule.why
        column.addWidget(Label(f"{why} {from_ticket}".strip(), TextSize.SMALL, "muted", wrap=True))
        return row

    def _buttons(self, rule: Rule) -> list[Button]:
        remembered = self._ui.desk.remembered
        if remembered is None:
            return []
        if rule.state is RuleState.ACTIVE:
            first = self._button("Switch off", rule, lambda: remembered.disable(rule.id))
        else:
            first = self._button("Use it", rule, lambda: remembered.confirm(rule.id))
        return [first, self._button("Remove", rule, lambda: remembered.remove(rule.id), "trash")]

    def _button(self, text: str, rule: Rule, work: Callable[[], object], icon: str = "") -> Button:
        button = Button(self._ui.theme, text, Kind.QUIET, icon)
        button.setAccessibleName(f"{text}: {one_line(rule.after, _NAME)}")
        button.clicked.connect(lambda: self._do(button, work))
        return button

    def _do(self, button: Button, work: Callable[[], object]) -> None:
        """The encoder may have to be waited for: the button is off until then."""
        button.setEnabled(False)
        self._ui.bridge.run(work, None, self._failed)

    def _failed(self, error: ErrorInfo) -> None:
        self._page.show_error(error)
        self.refresh()
