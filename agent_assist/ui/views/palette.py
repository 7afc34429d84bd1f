"""Ctrl+K: every action and the tickets of the queue, found by a few letters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, QPoint, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit, QListWidget, QListWidgetItem, QWidget

from agent_assist.ui.actions import ActionRegistry
from agent_assist.ui.theme import Theme
from agent_assist.ui.views.palette_delegate import ICON, KEYS, PaletteDelegate
from agent_assist.ui.widgets.popover import Popover

_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the palette; `run` is called after the palette has closed."""

    title: str
    run: Callable[[], object]
    keys: str = ""
    icon: str = ""


def fuzzy(query: str, text: str) -> float:
    """How well the letters of `query` appear in `text`, in order; 0 where they do not.

    Runs of letters and beginnings of words count more.
    """
    query, low = query.casefold().replace(" ", ""), text.casefold()
    if not query:
        return 1.0
    total, at, run = 0.0, 0, 0
    for letter in query:
        found = low.find(letter, at)
        if found < 0:
            return 0.0
        start_of_word = found == 0 or not low[found - 1].isalnum()
        run = run + 1 if found == at and at else 1
        total += run + (3 if start_of_word else 0)
        at = found + 1
    if query in low.replace(" ", ""):
        total += 4 * len(query)
    return total / (1 + len(low) / 80)


class CommandPalette(Popover):
    """Entries are ranked by how well their titles match what is typed."""

    def __init__(self, theme: Theme, actions: ActionRegistry, parent: QWidget) -> None:
        super().__init__("Command palette", parent, width=520)
        self._theme, self._actions = theme, actions
        self._extra: list[Entry] = []
        self._found: list[Entry] = []
        self.edit = QLineEdit()
        self.edit.setPlaceholderText("What do you want to do?")
        self.edit.setAccessibleName("Search actions and tickets")
        self.edit.textChanged.connect(lambda _: self._fill())
        self.edit.returnPressed.connect(self._on_enter)
        self.edit.installEventFilter(self)
        self.list = QListWidget()
        self.list.setAccessibleName("Actions and tickets")
        self._delegate = PaletteDelegate(theme)
        self.list.setItemDelegate(self._delegate)
        self.list.setProperty("ground", "raised")
        self.list.itemClicked.connect(lambda _: self._on_enter())
        self.body.addWidget(self.edit)
        self.body.addWidget(self.list)

    def open_over(self, window: QWidget, extra: Sequence[Entry] = ()) -> None:
        """Open at the top of the window; `extra` are entries beside the actions (tickets)."""
        self._extra = list(extra)
        self.edit.clear()
        self._fill()
        self.adjustSize()
        corner = window.mapToGlobal(QPoint((window.width() - self.width()) // 2, 64))
        self.move(corner)
        self.show()
        self.edit.setFocus()

    @property
    def titles(self) -> list[str]:
        return [entry.title for entry in self._found]

    def _entries(self) -> list[Entry]:
        actions = [
            Entry(a.title, a.run, a.key_text, a.icon) for a in self._actions.all() if a.listed and a.enabled()
        ]
        return actions + self._extra

    def _fill(self) -> None:
        query = self.edit.text().strip()
        scored = [(fuzzy(query, entry.title), entry) for entry in self._entries()]
        if query:
            scored = sorted((s for s in scored if s[0] > 0), key=lambda s: -s[0])
        self._found = [entry for _, entry in scored[: _SHOWN if query else 60]]
        self.list.clear()
        for entry in self._found:
            item = QListWidgetItem(entry.title)
            item.setData(KEYS, entry.keys)
            item.setData(ICON, entry.icon)
            self.list.addItem(item)
        row = self._delegate_height()
        self.list.setFixedHeight(row * min(_SHOWN, max(1, len(self._found))) + 4)
        self.adjustSize()
        if self._found:
            self.list.setCurrentRow(0)
        else:
            nothing = QListWidgetItem("Nothing found")
            nothing.setFlags(Qt.ItemFlag.NoItemFlags)
            self.list.addItem(nothing)

    def _delegate_height(self) -> int:
        return self.list.sizeHintForRow(0) if self.list.count() else 32

    def _on_enter(self) -> None:
        row = self.list.currentRow()
        if 0 <= row < len(self._found):
            entry = self._found[row]
            self.close()
            entry.run()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.edit and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            step = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: 8, Qt.Key.Key_PageUp: -8}
            by = step.get(Qt.Key(event.key()))
            if by is not None:
                row = self.list.currentRow() + by
                self.list.setCurrentRow(min(max(row, 0), max(0, len(self._found) - 1)))
                return True
        return super().eventFilter(watched, event)
