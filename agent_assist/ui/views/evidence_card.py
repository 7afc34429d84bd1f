"""One passage that the draft may rest on: number, where it stands, the text, how well it fits."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QEnterEvent, QKeyEvent, QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from agent_assist.domain.knowledge import Hit
from agent_assist.domain.remembered import origin_at
from agent_assist.ui import tokens, words
from agent_assist.ui.plain import one_line, reveal, soft_break, tooltip, without_markup
from agent_assist.ui.theme import Theme
from agent_assist.ui.tokens import TextSize, Tone
from agent_assist.ui.views.evidence_match import best_stretch
from agent_assist.ui.widgets.button import Button, IconButton, Kind
from agent_assist.ui.widgets.chip import Tag
from agent_assist.ui.widgets.label import ElidedLabel, restyle
from agent_assist.ui.widgets.text_block import TextBlock

_FOLDED_LINES = 4
_TEXT_LIMIT = 6000
_TONES = {"macros": Tone.ACCENT, "solved": Tone.OK, "remembered": Tone.ATTENTION}


class EvidenceCard(QFrame):
    """One hit, folded to a few lines; the agent can mark whether it helps."""

    relevance_changed = Signal(str, object)
    """(article id, True, False or None)."""
    open_wanted = Signal(str)
    """Id of the article."""
    draft_wanted = Signal(int)
    """Passage id: the reply is to rest on it."""
    entered = Signal(int)
    """Passage id under the pointer, -1 when it left."""

    def __init__(
        self, theme: Theme, number: int, hit: Hit, cited: bool, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._theme, self.number, self.hit = theme, number, hit
        self._open = False
        self.setProperty("panel", "card")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        passage = hit.passage
        self.setAccessibleName(f"Evidence {number}: {passage.title}, {words.score(hit.score)}")
        self._text = TextBlock(theme, TextSize.SMALL)
        self._text.set_text(reveal(soft_break(without_markup(passage.text[:_TEXT_LIMIT]))).text)
        self._text.set_line_limit(_FOLDED_LINES)
        column = QVBoxLayout(self)
        column.setContentsMargins(tokens.SPACE_3, tokens.SPACE_2, tokens.SPACE_3, tokens.SPACE_2)
        column.setSpacing(tokens.SPACE_1)
        column.addLayout(self._head(cited))
        if under := origin_at(passage.url) or passage.heading:
            column.addWidget(ElidedLabel(under, TextSize.SMALL, "muted"))
        column.addWidget(self._text)
        column.addSpacing(2)
        column.addLayout(self._foot())
        column.addLayout(self._marks())

    # --- building -------------------------------------------------------------------------------

    def _head(self, cited: bool) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(tokens.SPACE_2)
        self._number = Tag(str(self.number))
        self.set_cited(cited)
        row.addWidget(self._number, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(ElidedLabel(self.hit.passage.title or self.hit.passage.article_id, bold=True), 1)
        return row

    def _foot(self) -> QHBoxLayout:
        hit, row = self.hit, QHBoxLayout()
        row.setSpacing(tokens.SPACE_1)
        kind = hit.passage.collection
        row.addWidget(Tag(words.collection(kind), _TONES.get(kind, Tone.NEUTRAL)))
        row.addSpacing(tokens.SPACE_1)
        parts = [f"Score {hit.score:.2f}"]
        if hit.dense is not None:
            parts.append(f"meaning {hit.dense:.2f}")
        if hit.lexical is not None:
            parts.append(f"words {hit.lexical:.2f}")
        if hit.passage.updated_at is not None:
            parts.append(f"changed {hit.passage.updated_at:%d %B %Y}")
        fits = " · ".join(filter(None, (words.score(hit.score), words.age(hit.passage.updated_at))))
        row.addWidget(ElidedLabel(fits, TextSize.SMALL, "muted", details=", ".join(parts)), 1)
        return row

    def _marks(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(2)
        question = QLabel("Relevant?")
        question.setTextFormat(Qt.TextFormat.PlainText)
        restyle(question, textSize="small", tone="muted")
        self._yes = IconButton(self._theme, "check", f"Evidence {self.number} is relevant", checkable=True)
        self._no = IconButton(self._theme, "close", f"Evidence {self.number} is not relevant", checkable=True)
        self._yes.clicked.connect(lambda on: self._on_mark(True if on else None))
        self._no.clicked.connect(lambda on: self._on_mark(False if on else None))
        self._use = Button(self._theme, "Use", Kind.LINK)
        self._use.setProperty("textSize", "small")
        self._use.setAccessibleName(f"Draft from evidence {self.number}")
        self._use.setToolTip(tooltip("Draft the reply from this passage  D"))
        self._use.clicked.connect(lambda: self.draft_wanted.emit(self.hit.passage.id))
        self._more = Button(self._theme, "More", Kind.LINK)
        self._more.setProperty("textSize", "small")
        self._more.setAccessibleName(f"Show all of evidence {self.number}")
        self._more.clicked.connect(lambda: self.set_open(not self._open))
        opener = IconButton(self._theme, "open", f"Open {one_line(self.hit.passage.title, 60)}")
        opener.setToolTip(tooltip("Open the article"))
        opener.clicked.connect(lambda: self.open_wanted.emit(self.hit.passage.article_id))
        for widget in (question, self._yes, self._no):
            row.addWidget(widget)
        row.addStretch(1)
        row.addWidget(self._use)
        row.addWidget(self._more)
        row.addWidget(opener)
        return row

    # --- showing --------------------------------------------------------------------------------

    def show_match(self, sentence: str) -> None:
        """Mark the stretch that `sentence` rests on, unfolding where it lies below the fold."""
        stretch = best_stretch(self._text.text, sentence) if sentence else None
        self._text.set_stretches([(*stretch, "match")] if stretch else [])
        restyle(self, current="true" if sentence else "false")
        if stretch is not None and stretch[1] > 200 and not self._open:
            self.set_open(True)

    def set_cited(self, cited: bool) -> None:
        """Whether the reply rests on this passage."""
        self._number.set(str(self.number), Tone.ACCENT if cited else Tone.NEUTRAL)
        self._number.setToolTip(
            "The reply rests on this passage" if cited else "Found, not used in the reply"
        )

    def set_relevance(self, relevant: bool | None) -> None:
        self._yes.setChecked(relevant is True)
        self._no.setChecked(relevant is False)

    def set_open(self, opened: bool) -> None:
        self._open = opened
        self._text.set_line_limit(0 if opened else _FOLDED_LINES)
        self._more.setText("Less" if opened else "More")

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._more.setVisible(self._open or self._text.shortened)

    def _on_mark(self, relevant: bool | None) -> None:
        self.set_relevance(relevant)
        self.relevance_changed.emit(self.hit.passage.article_id, relevant)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.set_open(not self._open)
        else:
            super().keyPressEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.open_wanted.emit(self.hit.passage.article_id)

    def enterEvent(self, event: QEnterEvent) -> None:
        super().enterEvent(event)
        self.entered.emit(self.hit.passage.id)

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.entered.emit(-1)
