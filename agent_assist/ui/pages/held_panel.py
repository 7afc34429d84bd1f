"""Sentences of articles that are held back, with the reason, for a lead to approve."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from agent_assist.domain.planted import HeldSentence
from agent_assist.ui.permission import allow
from agent_assist.ui.plain import one_line, tooltip
from agent_assist.ui.theme import Theme
from agent_assist.ui.tokens import SPACE_2, TextSize
from agent_assist.ui.widgets.button import Button, Kind
from agent_assist.ui.widgets.card import Card
from agent_assist.ui.widgets.label import Label
from agent_assist.ui.words import count

MOST_ROWS = 4
"""Shown at once; more scroll."""


class HeldPanel(QWidget):
    """Shown while there is something to approve."""

    approve_requested = Signal(list)
    """Ids of sentences."""
    article_requested = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._why_not = ""
        self.title = Label("", bold=True)
        note = Label(
            "They look as if somebody wanted to steer replies, so no draft uses them. Approve those that are"
            " meant for your customers.",
            TextSize.SMALL,
            "muted",
            wrap=True,
        )
        self.list = QTreeWidget()
        self.list.setHeaderLabels(["Sentence", "Why"])
        self.list.setRootIsDecorated(False)
        self.list.setUniformRowHeights(True)
        self.list.setAccessibleName("Sentences that are held back")
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.list.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self.list.header().setStretchLastSection(False)
        self.list.itemSelectionChanged.connect(self._on_selection)
        self.list.itemDoubleClicked.connect(lambda *_: self._on_open())
        self.open = Button(theme, "Open the article", Kind.QUIET, "eye")
        self.open.clicked.connect(self._on_open)
        self.approve = Button(theme, "Approve", Kind.SECONDARY, "check-circle")
        self.approve.clicked.connect(self._on_approve)
        head = QHBoxLayout()
        head.setSpacing(SPACE_2)
        head.addWidget(self.title, 1)
        head.addWidget(self.open)
        head.addWidget(self.approve)
        card = Card()
        card.body.addLayout(head)
        card.body.addWidget(note)
        card.body.addWidget(self.list)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(card)
        self.hide()

    def show_held(self, held: Sequence[HeldSentence], why_not: str = "") -> None:
        """List these; `why_not` says why the person may not approve any, empty where they may."""
        self._why_not = why_not
        said = "is" if len(held) == 1 else "are"
        self.title.setText(f"{count(len(held), 'sentence')} {said} held back")
        self.list.clear()
        for sentence in held:
            item = QTreeWidgetItem([one_line(sentence.text, 300), sentence.reason])
            item.setToolTip(0, tooltip(f"{sentence.text}\n\n{sentence.article_id}"))
            item.setToolTip(1, tooltip(sentence.reason))
            item.setData(0, Qt.ItemDataRole.UserRole, (sentence.id, sentence.article_id))
            self.list.addTopLevelItem(item)
        row = self.list.sizeHintForRow(0) if held else 0
        self.list.setFixedHeight(self.list.header().sizeHint().height() + row * min(MOST_ROWS, len(held)) + 2)
        self._on_selection()
        self.setVisible(bool(held))

    def chosen(self) -> list[tuple[str, str]]:
        """(sentence id, article id) of the selected rows."""
        return [item.data(0, Qt.ItemDataRole.UserRole) for item in self.list.selectedItems()]

    def _on_selection(self) -> None:
        number = len(self.list.selectedItems())
        self.open.setEnabled(number == 1)
        nothing = "" if number else "Choose a sentence first."
        allow(self.approve, self._why_not or nothing)
        self.approve.setText(f"Approve {number}" if number > 1 else "Approve")

    def _on_open(self) -> None:
        if len(chosen := self.chosen()) == 1:
            self.article_requested.emit(chosen[0][1])

    def _on_approve(self) -> None:
        if chosen := self.chosen():
            self.approve_requested.emit([sentence for sentence, _ in chosen])
