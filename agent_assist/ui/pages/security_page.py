"""Who may do what, what was done, and what protects the data: one page of three parts."""

from __future__ import annotations

from typing import ClassVar

from PySide6.QtWidgets import QButtonGroup, QStackedWidget, QWidget

from agent_assist.ui.context import UiContext
from agent_assist.ui.pages.audit_panel import AuditPanel
from agent_assist.ui.pages.governance import Governance
from agent_assist.ui.pages.page import Page
from agent_assist.ui.pages.people_panel import PeoplePanel
from agent_assist.ui.pages.privacy_panel import PrivacyPanel
from agent_assist.ui.widgets.card import READING_WIDTH
from agent_assist.ui.widgets.chip import Chip

PARTS = ("People", "Log", "Key and privacy")
_FACTS = {
    "People": "What each role may do is enforced wherever it is done, not only in this window.",
    "Log": "Who did what and when, in a chain that shows any change.",
    "Key and privacy": "The key that opens this workspace, how long things are kept, and one person's data.",
}


class SecurityPage(Page):
    """One part is shown at a time, read anew whenever it is opened."""

    title: ClassVar[str] = "Security"
    icon: ClassVar[str] = "lock"
    widest: ClassVar[int] = READING_WIDTH

    def __init__(self, ui: UiContext, parent: QWidget | None = None) -> None:
        super().__init__(ui, parent)
        services = Governance.of(ui.desk)
        self.people = PeoplePanel(self, services)
        self.audit = AuditPanel(self, services)
        self.privacy = PrivacyPanel(self, services)
        self._stack = QStackedWidget()
        self.parts: dict[str, Chip] = {}
        group = QButtonGroup(self)
        for name, panel in zip(PARTS, (self.people, self.audit, self.privacy), strict=True):
            chip = Chip(name, checkable=True)
            chip.clicked.connect(lambda _=False, wanted=name: self.open_part(wanted))
            group.addButton(chip)
            self.tools.addWidget(chip)
            self.parts[name] = chip
            self._stack.addWidget(panel)
        self.body.addWidget(self._stack)
        self.open_part(PARTS[0])

    def open_part(self, name: str) -> None:
        """Show one of PARTS, read anew."""
        self.parts[name].setChecked(True)
        self.banner.hide()
        self.say_facts(_FACTS[name])
        panel = (self.people, self.audit, self.privacy)[PARTS.index(name)]
        self._stack.setCurrentWidget(panel)
        self.setFocusProxy(self.parts[name])
        panel.refresh()
