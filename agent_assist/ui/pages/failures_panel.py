"""Documents that could not be read, each with its sentence."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)

from agent_assist.ui.plain import one_line, tooltip
from agent_assist.ui.theme import Theme
from agent_assist.ui.tokens import SPACE_2, Tone
from agent_assist.ui.widgets.button import IconButton
from agent_assist.ui.widgets.card import Card
from agent_assist.ui.widgets.label import ElidedLabel
from agent_assist.ui.words import count

HEIGHT = 132


class FailuresPanel(QWidget):
    """Stays until dismissed, so that nothing that failed goes by unseen."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._failed: tuple[tuple[str, str], ...] = ()
        self.title = ElidedLabel("", bold=True)
        self.list = QListWidget()
        self.list.setAccessibleName("Documents that could not be read")
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.list.setWordWrap(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        copy = IconButton(theme, "copy", "Copy the list")
        copy.clicked.connect(self._on_copy)
        close = IconButton(theme, "close", "Dismiss the list")
        close.clicked.connect(self.hide)
        head = QHBoxLayout()
        head.setSpacing(SPACE_2)
        sign = IconButton(theme, "triangle", "")
        sign.set_colour(str(Tone.ATTENTION))
        sign.setEnabled(True)
        sign.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        sign.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        head.addWidget(sign)
        head.addWidget(self.title, 1)
        head.addWidget(copy)
        head.addWidget(close)
        card = Card()
        card.body.addLayout(head)
        card.body.addWidget(self.list)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(card)
        self.hide()

    def show_failures(self, failed: Sequence[tuple[str, str]]) -> None:
        """(path or row id, sentence) pairs; none hides the panel."""
        self._failed = tuple(failed)
        self.title.setText(f"{count(len(failed), 'document')} could not be read")
        self.list.clear()
        for where, sentence in self._failed:
            item = QListWidgetItem(
                f"{one_line(PurePath(where).name or where, 80)} – {one_line(sentence, 300)}"
            )
            item.setToolTip(tooltip(where))
            self.list.addItem(item)
        row = self.list.sizeHintForRow(0) + 2 if failed else 0
        self.list.setFixedHeight(min(HEIGHT, row * len(self._failed) + SPACE_2))
        self.setVisible(bool(failed))

    def _on_copy(self) -> None:
        QGuiApplication.clipboard().setText(
            "\n".join(f"{where}\t{sentence}" for where, sentence in self._failed)
        )
