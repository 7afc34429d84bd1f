"""The settings form, made from `agent_assist.settings`: no option is named here."""

from __future__ import annotations

from typing import Any, ClassVar

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget

from agent_assist.domain.access import taken_by
from agent_assist.errors import ErrorInfo
from agent_assist.ui.context import UiContext
from agent_assist.ui.pages.option_fields import OptionGroup, option_groups
from agent_assist.ui.pages.option_row import OptionRow
from agent_assist.ui.pages.page import Page
from agent_assist.ui.tokens import SPACE_3
from agent_assist.ui.widgets.card import READING_WIDTH, Card, Column
from agent_assist.ui.widgets.empty import EmptyState
from agent_assist.ui.widgets.line import Line

SETTLE_MS = 30
"""How long the cards are not drawn while they find their heights."""


class SettingsPage(Page):
    """A change is saved as soon as the editor is left; there is no button to forget."""

    title: ClassVar[str] = "Settings"
    icon: ClassVar[str] = "settings"
    widest: ClassVar[int] = READING_WIDTH

    def __init__(self, ui: UiContext, parent: QWidget | None = None) -> None:
        super().__init__(ui, parent)
        self.rows: dict[str, OptionRow] = {}
        self._cards: list[tuple[OptionGroup, Card]] = []
        self._lines: dict[str, Line] = {}
        self.search = QLineEdit()
        self.search.setPlaceholderText("Find a setting")
        self.search.setAccessibleName("Find a setting")
        self.search.setClearButtonEnabled(True)
        self.search.setMinimumWidth(220)
        self.search.textChanged.connect(self._on_search)
        self.tools.addWidget(self.search)
        self.say_facts("A change applies at once.")
        self._column = column = Column()
        self._places = QVBoxLayout()
        self._places.setSpacing(SPACE_3)
        column.body.addLayout(self._places)
        self._waiting = list(option_groups())
        self.nothing = EmptyState(ui.theme, "search", "No setting has these words", "Try a shorter word.")
        self.nothing.hide()
        column.body.addWidget(self.nothing)
        column.body.addStretch(1)
        self.body.addWidget(column)
        self.setFocusProxy(self.search)
        ui.bridge.settings_changed.connect(self._on_settings_changed)
        self._build_next()

    def _build_next(self) -> None:
        """One group in each turn of the event loop: all at once would hold up a streaming draft.

        All but the first are shown together at the end: each that came alone would squeeze the others
        until their heights are known.
        """
        card = self._card(self._waiting.pop(0))
        card.setVisible(len(self._cards) == 1)
        self._places.addWidget(card)
        if self._waiting:
            QTimer.singleShot(0, self, self._build_next)
        else:
            self._column.setUpdatesEnabled(False)
            for _, card in self._cards:
                card.show()
            QTimer.singleShot(SETTLE_MS, self, lambda: self._column.setUpdatesEnabled(True))
            if self.search.text():
                self._on_search(self.search.text())
            self._ask_roles()

    def _ask_roles(self) -> None:
        """Bar what this person's role does not allow, with the reason."""
        access = self.ui.desk.access
        if access is None:
            return
        takes = {name: need for name in self.rows if (need := taken_by(name)) is not None}

        def read() -> dict[str, str]:
            return {name: access.why_not(need) for name, need in takes.items()}

        def show(reasons: dict[str, str]) -> None:
            for name, why_not in reasons.items():
                self.rows[name].bar(why_not)

        self.ui.bridge.run(read, show, self.retrying(self._ask_roles), latest="roles of options")

    def _card(self, group: OptionGroup) -> Card:
        card = Card(group.title)
        card.body.setSpacing(0)
        current = self.ui.desk.options.current
        for position, option in enumerate(group.fields):
            row = OptionRow(self.ui.theme, option, option.value_in(current))
            row.changed.connect(self._on_changed)
            self.rows[option.name] = row
            if position:
                self._lines[option.name] = Line()
                card.body.addWidget(self._lines[option.name])
            card.body.addWidget(row)
        self._cards.append((group, card))
        return card

    def _on_changed(self, name: str, value: Any) -> None:
        options = self.ui.desk.options
        row = self.rows[name]

        def refused(error: ErrorInfo) -> None:
            row.say(str(error))

        self.ui.bridge.run(lambda: options.change({name: value}), None, refused)

    def _on_settings_changed(self, names: frozenset[str]) -> None:
        current = self.ui.desk.options.current
        for name in names & self.rows.keys():
            row = self.rows[name]
            row.show_value(row.option.value_in(current))

    def _on_search(self, words: str) -> None:
        any_shown = False
        for group, card in self._cards:
            whole = all(word in group.title.casefold() for word in words.casefold().split())
            shown = [option for option in group.fields if whole or option.matches(words)]
            for option in group.fields:
                self.rows[option.name].setVisible(option in shown)
                if option.name in self._lines:
                    self._lines[option.name].setVisible(option in shown and option is not shown[0])
            card.setVisible(bool(shown))
            any_shown = any_shown or bool(shown)
        self.nothing.setVisible(not any_shown)
