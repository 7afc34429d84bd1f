"""The people of a workspace and their roles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from agent_assist.domain.access import LEAST, Permission, Person, TeamRole
from agent_assist.errors import ErrorInfo
from agent_assist.ui.pages.governance import Governance
from agent_assist.ui.permission import allow
from agent_assist.ui.theme import Theme
from agent_assist.ui.tokens import SPACE_2, SPACE_3, TextSize, Tone
from agent_assist.ui.widgets.button import Button, IconButton, Kind
from agent_assist.ui.widgets.card import Card, Column, clear
from agent_assist.ui.widgets.chip import Tag
from agent_assist.ui.widgets.label import Label
from agent_assist.ui.widgets.line import Line
from agent_assist.ui.words import series

if TYPE_CHECKING:
    from agent_assist.ui.pages.page import Page

NAMES = {TeamRole.AGENT: "Agent", TeamRole.LEAD: "Lead", TeamRole.ADMIN: "Admin"}
ROLE_WIDTH = 120


@dataclass(frozen=True, slots=True)
class _Shown:
    people: Sequence[Person]
    why_not: str
    """Why this person may not change roles; empty where they may."""


class PersonRow(QWidget):
    """`changed` carries the pseudonym and the role that was picked."""

    changed = Signal(str, object)

    def __init__(self, theme: Theme, person: Person, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.person = person
        name = Label(person.agent, selectable=True)
        since = f"since {person.since[:10]}" if person.since else "was given no role"
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(name)
        words.addWidget(Label(since, TextSize.SMALL, "muted"))
        self.role = role_box(f"Role of {person.agent}")
        self.role.setCurrentIndex(self.role.findData(person.role))
        self.role.activated.connect(self._on_picked)
        line = QHBoxLayout(self)
        line.setContentsMargins(0, SPACE_2, 0, SPACE_2)
        line.setSpacing(SPACE_2)
        line.addLayout(words)
        if person.me:
            line.addWidget(Tag("You", Tone.ACCENT), 0, Qt.AlignmentFlag.AlignTop)
            copy = IconButton(theme, "copy", "Copy your pseudonym")
            copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(person.agent))
            line.addWidget(copy, 0, Qt.AlignmentFlag.AlignTop)
        line.addStretch(1)
        line.addWidget(self.role)

    def allow(self, why_not: str) -> None:
        allow(self.role, why_not)

    def _on_picked(self, index: int) -> None:
        wanted = TeamRole(self.role.itemData(index))  # Qt hands a string back
        if wanted is not self.person.role:
            self.changed.emit(self.person.agent, wanted)

    def restore(self) -> None:
        self.role.setCurrentIndex(self.role.findData(self.person.role))


class PeoplePanel(Column):
    """Everybody with a role, and giving or taking one; who may not change roles sees why."""

    def __init__(self, page: Page, services: Governance) -> None:
        super().__init__()
        self._page, self._ui = page, page.ui
        self._access = services.access
        self.rows: dict[str, PersonRow] = {}
        self.reason = Label("", TextSize.SMALL, "muted", wrap=True)
        self._list = QVBoxLayout()
        self._list.setSpacing(0)
        people = Card("People")
        people.body.addWidget(self.reason)
        people.body.addLayout(self._list)
        self.body.addWidget(people)
        self.body.addWidget(self._new())
        self.body.addWidget(_meanings())
        self.body.addStretch(1)

    def _new(self) -> Card:
        card = Card(
            "Give somebody a role",
            "Ask them for the pseudonym that they see here, or type their user name on this machine.",
        )
        self.who = QLineEdit()
        self.who.setPlaceholderText("Pseudonym or user name")
        self.who.setAccessibleName("Pseudonym or user name")
        self.who.textChanged.connect(self._on_typed)
        self.who.returnPressed.connect(self._on_give)
        self.what = role_box("Role to give")
        self.give = Button(self._ui.theme, "Give role", Kind.PRIMARY)
        self.give.setEnabled(False)
        self.give.clicked.connect(self._on_give)
        line = QHBoxLayout()
        line.setSpacing(SPACE_2)
        line.addWidget(self.who, 1)
        line.addWidget(self.what)
        line.addWidget(self.give)
        card.body.addLayout(line)
        return card

    def refresh(self) -> None:
        """Read who has which role."""
        access = self._access
        self._ui.bridge.run(
            lambda: _Shown(access.people(), access.why_not(Permission.CHANGE_ROLES)),
            self._show,
            self._page.retrying(self.refresh),
            latest="people",
        )

    def _show(self, shown: _Shown) -> None:
        clear(self._list)
        self.rows = {}
        for person in shown.people:
            if self.rows:
                self._list.addWidget(Line())
            row = PersonRow(self._ui.theme, person)
            row.allow(shown.why_not)
            row.changed.connect(self._on_changed)
            self.rows[person.agent] = row
            self._list.addWidget(row)
        self.reason.setText(shown.why_not)
        self.reason.setVisible(bool(shown.why_not))
        for widget in (self.who, self.what, self.give):
            allow(widget, shown.why_not)
        self._on_typed()

    # --- slots --------------------------------------------------------------------------------------

    def _on_typed(self) -> None:
        self.give.setEnabled(bool(self.who.text().strip()) and self.who.isEnabled())

    def _on_give(self) -> None:
        if self.give.isEnabled():
            self._set(self.who.text().strip(), TeamRole(self.what.currentData()))

    def _on_changed(self, agent: str, role: TeamRole) -> None:
        row = self.rows[agent]
        if not row.person.me:
            self._set(agent, role)
            return
        # Nobody should lose the right to take it back by a slip of the wheel.
        row.restore()
        self._page.banner.show_message(
            Tone.ATTENTION,
            f"Make yourself {_article(role)} {role.value}?",
            "You can then no longer change roles; another admin has to.",
            [(f"Make me {_article(role)} {role.value}", lambda: self._set(agent, role))],
            closable=True,
        )

    def _set(self, who: str, role: TeamRole) -> None:
        access = self._access
        self._page.banner.hide()

        def done(person: Person) -> None:
            self.who.clear()
            self._page.toast.say(f"{person.agent} is {_article(person.role)} {person.role.value} now.")
            self.refresh()

        def failed(error: ErrorInfo) -> None:
            for row in self.rows.values():
                row.restore()
            self._page.show_error(error)

        self._ui.bridge.run(lambda: access.set_role(who, role), done, failed)


def role_box(name: str) -> QComboBox:
    """A box to choose a TeamRole from, as its items' data; `name` is for screen readers."""
    box = QComboBox()
    box.setAccessibleName(name)
    box.setFixedWidth(ROLE_WIDTH)
    box.setFocusPolicy(Qt.FocusPolicy.StrongFocus)  # the wheel scrolls the page, it changes no role
    for role, text in NAMES.items():
        box.addItem(text, role)
    return box


def _meanings() -> Card:
    """What each role may do beyond the one before it."""
    card = Card("What a role may do")
    card.body.setSpacing(SPACE_3)
    card.body.addLayout(_meaning(TeamRole.AGENT, "write, send, and see their own feedback"))
    for role in (TeamRole.LEAD, TeamRole.ADMIN):
        more = [p.value for p in Permission if LEAST[p] is role]
        card.body.addLayout(_meaning(role, f"also {series(more)}"))
    return card


def _meaning(role: TeamRole, text: str) -> QHBoxLayout:
    line = QHBoxLayout()
    line.setSpacing(SPACE_3)
    name = Label(NAMES[role], TextSize.SMALL, bold=True)
    name.setFixedWidth(64)
    line.addWidget(name, 0, Qt.AlignmentFlag.AlignTop)
    line.addWidget(Label(f"May {text}.", TextSize.SMALL, "muted", wrap=True), 1)
    return line


def _article(role: TeamRole) -> str:
    return "a" if role is TeamRole.LEAD else "an"
