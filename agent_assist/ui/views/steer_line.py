"""One line to say how the draft should be: free words, rewrite chips, or "/" for a macro."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, QSortFilterProxyModel, QStringListModel, Qt, Signal, SignalInstance
from PySide6.QtWidgets import QCompleter, QHBoxLayout, QLineEdit, QListView, QVBoxLayout, QWidget

from agent_assist.domain.knowledge import Article
from agent_assist.ui import tokens
from agent_assist.ui.plain import one_line
from agent_assist.ui.theme import Theme
from agent_assist.ui.widgets.chip import Chip

REWRITES = {
    "shorter": "Make it shorter.",
    "warmer": "Make it warmer and more personal.",
    "formal": "Make it more formal.",
    "simpler": "Use simpler words and shorter sentences.",
}


class SteerLine(QWidget):
    """`steered` carries the wish, `macro_chosen` the Article."""

    steered = Signal(str)
    macro_chosen = Signal(object)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._macros: list[Article] = []
        self.edit = QLineEdit()
        self.edit.setPlaceholderText("Steer the draft, e.g. mention the delay   ·   / for macros")
        self.edit.setAccessibleName("Steer the draft, or type a slash for macros")
        self.edit.setMaxLength(500)
        self.edit.returnPressed.connect(self._on_enter)
        self.edit.textEdited.connect(self._on_typed)
        self._titles = QStringListModel(self)
        self._completer = QCompleter(self._titles, self)
        self._completer.setFilterMode(Qt.MatchFlag.MatchContains)
        self._completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self._completer.setMaxVisibleItems(10)
        self._completer.setWidget(self.edit)
        self._popup = QListView()
        self._popup.setAccessibleName("Macros")
        self._completer.setPopup(self._popup)
        # The stubs do not know that a signal with two forms is chosen by its argument.
        chosen: SignalInstance = self._completer.activated[QModelIndex]  # type: ignore[index]
        chosen.connect(self._on_macro)
        self.chips: list[Chip] = []
        chips = QHBoxLayout()
        chips.setSpacing(tokens.SPACE_1)
        for name, wish in REWRITES.items():
            chip = Chip(name)
            chip.setToolTip(wish)
            chip.clicked.connect(lambda _=False, text=wish: self.steered.emit(text))
            self.chips.append(chip)
            chips.addWidget(chip)
        chips.addStretch(1)
        self._chip_row = QWidget()
        self._chip_row.setLayout(chips)
        chips.setContentsMargins(0, 0, 0, 0)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(tokens.SPACE_2)
        column.addWidget(self.edit)
        column.addWidget(self._chip_row)

    def set_macros(self, macros: Sequence[Article]) -> None:
        self._macros = list(macros)
        self._titles.setStringList([one_line(m.title, 80) for m in self._macros])

    def set_rewrites_enabled(self, enabled: bool) -> None:
        for chip in self.chips:
            chip.setEnabled(enabled)

    def set_compact(self, compact: bool) -> None:
        self._chip_row.setVisible(not compact)

    def start_macro(self) -> None:
        self.edit.setFocus()
        self.edit.setText("/")
        self._on_typed("/")

    def _on_typed(self, text: str) -> None:
        popup = self._popup
        if not text.startswith("/"):
            popup.hide()
            return
        self._completer.setCompletionPrefix(text[1:].strip())
        if self._completer.completionCount():
            self._completer.complete()
            popup.setCurrentIndex(self._completer.completionModel().index(0, 0))
        else:
            popup.hide()

    def _on_macro(self, index: QModelIndex) -> None:
        model = self._completer.completionModel()
        source = model.mapToSource(index) if isinstance(model, QSortFilterProxyModel) else index
        title = index.data()
        row = source.row() if source is not index else -1
        macro = self._macros[row] if 0 <= row < len(self._macros) else self._by_title(title)
        self.edit.clear()
        if macro is not None:
            self.macro_chosen.emit(macro)

    def _by_title(self, title: str) -> Article | None:
        return next((m for m in self._macros if one_line(m.title, 80) == title), None)

    def _on_enter(self) -> None:
        text = self.edit.text().strip()
        if text.startswith("/"):
            index = self._completer.completionModel().index(0, 0)
            if index.isValid():
                self._popup.hide()
                self._on_macro(index)
            return
        if text:
            self.edit.clear()
            self.steered.emit(text)
