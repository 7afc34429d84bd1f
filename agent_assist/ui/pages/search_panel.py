"""A box to try the search as a draft would use it: the passages it finds, with their scores."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QProgressBar, QVBoxLayout, QWidget

from agent_assist.domain.knowledge import Hit
from agent_assist.ui.plain import one_line
from agent_assist.ui.theme import Theme
from agent_assist.ui.tokens import SPACE_1, SPACE_2, SPACE_3, TextSize, Tone
from agent_assist.ui.widgets.button import Button, Kind
from agent_assist.ui.widgets.card import Column, clear
from agent_assist.ui.widgets.chip import Tag
from agent_assist.ui.widgets.empty import EmptyState
from agent_assist.ui.widgets.label import ElidedLabel, Label
from agent_assist.ui.words import collection

EXCERPT = 260
"""Characters of a passage that its card shows."""


class HitCard(QFrame):
    """One passage; a click or Enter opens its article there."""

    opened = Signal(object)

    def __init__(self, hit: Hit, enough: float, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.hit = hit
        passage = hit.passage
        self.setProperty("panel", "card")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        title = one_line(passage.title or passage.article_id)
        self.setAccessibleName(f"{title}, score {hit.score:.2f}")
        self.setAccessibleDescription(one_line(passage.text, EXCERPT))
        weak = hit.score < enough
        bar = QProgressBar()
        bar.setTextVisible(False)
        bar.setRange(0, 100)
        bar.setValue(round(min(1.0, max(0.0, hit.score)) * 100))
        bar.setFixedWidth(48)
        bar.setEnabled(not weak)
        score = Label(f"{hit.score:.2f}", TextSize.SMALL, "muted" if weak else Tone.OK)
        parts = [
            f"{word} {value:.2f}"
            for word, value in (("meaning", hit.dense), ("words", hit.lexical))
            if value is not None
        ]
        score.setToolTip("By " + ", by ".join(parts) if parts else "")
        top = QHBoxLayout()
        top.setSpacing(SPACE_2)
        top.addWidget(ElidedLabel(title, bold=True), 1)
        top.addWidget(bar)
        top.addWidget(score)
        foot = QHBoxLayout()
        foot.setSpacing(SPACE_2)
        foot.addWidget(Tag(collection(passage.collection)))
        if weak:
            foot.addWidget(Tag("below the evidence needed", Tone.ATTENTION))
        foot.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACE_3, SPACE_2, SPACE_3, SPACE_3)
        layout.setSpacing(SPACE_1)
        layout.addLayout(top)
        if passage.heading:
            layout.addWidget(ElidedLabel(passage.heading, TextSize.SMALL, "muted"))
        layout.addWidget(Label(one_line(passage.text, EXCERPT), wrap=True))
        layout.addLayout(foot)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            self.opened.emit(self.hit)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.opened.emit(self.hit)
        else:
            super().keyPressEvent(event)


class SearchPanel(QWidget):
    """Asks by a signal and shows the hits that it is given."""

    asked = Signal(str)
    """The question as it was typed."""
    opened = Signal(object)
    """domain.knowledge.Hit"""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.field = QLineEdit()
        self.field.setPlaceholderText("Ask as a customer would")
        self.field.setAccessibleName("Try the search")
        self.field.setClearButtonEnabled(True)
        self.field.returnPressed.connect(self._on_ask)
        self.button = Button(theme, "Search", Kind.SECONDARY, "search")
        self.button.clicked.connect(self._on_ask)
        self.empty = EmptyState(
            theme,
            "search",
            "Try the search",
            "See which passages a draft would rest on, and how well they fit.",
        )
        self._column = Column()
        self._column.hide()
        line = QHBoxLayout()
        line.setSpacing(SPACE_1)
        line.addWidget(self.field, 1)
        line.addWidget(self.button)
        self.outer = layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE_2)
        layout.addLayout(line)
        layout.addWidget(self.empty, 1)
        layout.addWidget(self._column, 1)
        self.cards: list[HitCard] = []

    def show_hits(self, hits: Sequence[Hit], enough: float) -> None:
        """`enough` is the score below which a draft is not written."""
        clear(self._column.body)
        self.cards = []
        for hit in hits:
            card = HitCard(hit, enough)
            card.opened.connect(self.opened)
            self._column.body.addWidget(card)
            self.cards.append(card)
        self._column.body.addStretch(1)
        self._column.setVisible(bool(hits))
        self.empty.setVisible(not hits)
        self.button.setEnabled(True)
        if not hits:
            self.empty.set(
                "Nothing fits", "No passage has these words or this meaning. An article may be missing."
            )

    def show_busy(self) -> None:
        self.button.setEnabled(False)

    def show_failed(self) -> None:
        self.button.setEnabled(True)

    def _on_ask(self) -> None:
        if words := self.field.text().strip():
            self.asked.emit(words)
