"""The list of what the company knows, with a filter and what can be done with the chosen rows."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QButtonGroup,
    QHBoxLayout,
    QLineEdit,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from agent_assist.ui.pages.articles_model import ArticleRow, ArticlesModel
from agent_assist.ui.theme import Theme
from agent_assist.ui.tokens import SPACE_1, SPACE_2
from agent_assist.ui.widgets.button import Button, Kind
from agent_assist.ui.widgets.card import clear
from agent_assist.ui.widgets.chip import Chip
from agent_assist.ui.widgets.empty import EmptyState
from agent_assist.ui.widgets.table import RowTable
from agent_assist.ui.words import collection_title

NOTHING_YET = "Add the articles that replies rest on: Markdown, HTML, text, PDF, DOCX, CSV or JSONL."
TYPING_MS = 150
"""The filter waits this long for the next key."""


class ArticlesPanel(QWidget):
    """Shows and filters what it is given; what is to be done is told by signals."""

    opened = Signal(object)
    """domain.knowledge.Article"""
    remove_requested = Signal(list)
    """Of the Articles that are chosen."""
    add_requested = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = ArticlesModel(self)
        self.search = QLineEdit()
        self.search.setPlaceholderText("Filter the list")
        self.search.setAccessibleName("Filter the list of articles")
        self.search.setClearButtonEnabled(True)
        self.table = self._make_table()
        self.open_button = Button(theme, "Open", Kind.QUIET, "eye")
        self.open_button.clicked.connect(self._on_open)
        self.remove_button = Button(theme, "Remove", Kind.QUIET, "trash")
        self.remove_button.clicked.connect(self._on_remove)
        self._chips = QHBoxLayout()
        self._chips.setSpacing(SPACE_1)
        self._group = QButtonGroup(self)
        self.empty = EmptyState(
            theme,
            "book",
            "Nothing here yet",
            NOTHING_YET,
            "Add files",
        )
        self.empty.acted.connect(self.add_requested)
        self._stack = QStackedLayout()
        self._stack.addWidget(self.table)
        self._stack.addWidget(self.empty)
        tools = QHBoxLayout()
        tools.setSpacing(SPACE_1)
        tools.addWidget(self.search, 1)
        tools.addWidget(self.open_button)
        tools.addWidget(self.remove_button)
        self.outer = layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE_2)
        layout.addLayout(tools)
        layout.addLayout(self._chips)
        layout.addLayout(self._stack, 1)
        self._typing = QTimer(self, singleShot=True, interval=TYPING_MS)
        self._typing.timeout.connect(self._on_filter)
        self.search.textChanged.connect(lambda _text: self._typing.start())
        self._on_selection()

    def show_rows(self, rows: Sequence[ArticleRow]) -> None:
        """Show these instead of those before; the filter stays."""
        self.model.show(rows)
        self._show_chips()
        self._show_emptiness()
        self._on_selection()

    def set_narrow(self, narrow: bool) -> None:
        """Only the title and the collection where there is no room for more."""
        for column in (2, 3):
            self.table.setColumnHidden(column, narrow)

    def chosen(self) -> list[object]:
        """The articles of the selected rows."""
        return [self.model.article(index.row()) for index in self.table.selectionModel().selectedRows()]

    def _make_table(self) -> _Table:
        table = _Table(self.model, "Articles", stretched=0)
        table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        for column, width in ((1, 116), (2, 96), (3, 116)):
            table.setColumnWidth(column, width)
        table.setSortingEnabled(True)
        table.sortByColumn(0, Qt.SortOrder.AscendingOrder)
        table.doubleClicked.connect(lambda _index: self._on_open())
        table.key_pressed.connect(self._on_key)
        table.selectionModel().selectionChanged.connect(self._on_selection)
        return table

    def _on_key(self, key: int) -> None:
        if key == Qt.Key.Key_Delete:
            self._on_remove()
        else:
            self._on_open()

    def _show_chips(self) -> None:
        chosen = self._group.checkedButton()
        current = chosen.property("collection") if chosen else ""
        clear(self._chips)
        counts = self.model.collections()
        choices = [("", f"All {self.model.total():,}")]
        choices += [(name, f"{collection_title(name)} {count:,}") for name, count in sorted(counts.items())]
        for name, text in choices:
            chip = Chip(text, checkable=True)
            chip.setProperty("collection", name)
            chip.setChecked(name == (current if current in counts else ""))
            chip.clicked.connect(lambda _=False, wanted=name: self._on_collection(wanted))
            self._group.addButton(chip)
            self._chips.addWidget(chip)
        self._chips.addStretch(1)
        if current and current not in counts:
            self.model.narrow(collection="")

    def _show_emptiness(self) -> None:
        if self.model.total() == 0:
            self.empty.set(
                "Nothing here yet",
                NOTHING_YET,
                "Add files",
                "book",
            )
        else:
            self.empty.set("No article has these words", "Try fewer or shorter words.", "", "search")
        self._stack.setCurrentWidget(self.table if self.model.rowCount() else self.empty)

    def _on_filter(self) -> None:
        self.model.narrow(words=self.search.text())
        self._show_emptiness()
        self._on_selection()

    def _on_collection(self, name: str) -> None:
        self.model.narrow(collection=name)
        self._show_emptiness()
        self._on_selection()

    def _on_selection(self) -> None:
        count = len(self.table.selectionModel().selectedRows())
        self.open_button.setEnabled(count == 1)
        self.remove_button.setEnabled(count > 0)
        self.remove_button.setText(f"Remove {count}" if count > 1 else "Remove")

    def _on_open(self) -> None:
        chosen = self.chosen()
        if len(chosen) == 1:
            self.opened.emit(chosen[0])

    def _on_remove(self) -> None:
        if chosen := self.chosen():
            self.remove_requested.emit(chosen)


class _Table(RowTable):
    """Delete and Enter belong to the chosen rows."""

    key_pressed = Signal(int)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.key_pressed.emit(event.key())
        else:
            super().keyPressEvent(event)
