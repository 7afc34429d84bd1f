"""The line above the reply: how far the draft is, who worded it, alternatives, redo."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from agent_assist.domain.suggestion import Decision, Draft, DraftState, Origin, Suggestion
from agent_assist.ui import icons, tokens, words
from agent_assist.ui.theme import Theme
from agent_assist.ui.tokens import TextSize, Tone
from agent_assist.ui.widgets.button import IconButton
from agent_assist.ui.widgets.chip import Tag
from agent_assist.ui.widgets.label import Label
from agent_assist.ui.widgets.spinner import Spinner

_WORKING = {
    DraftState.GATHERING: "Reading the thread…",
    DraftState.RETRIEVING: "Looking through the articles…",
    DraftState.PREFILLING: "Reading the thread…",
    DraftState.GENERATING: "Writing…",
    DraftState.CHECKING: "Checking facts…",
}


def state_words(draft: Draft) -> tuple[str, Tone]:
    """What the header says of a draft, and how it looks."""
    suggestion = draft.suggestion
    if draft.state in _WORKING:
        return _WORKING[draft.state], Tone.NEUTRAL
    match draft.state:
        case DraftState.READY:
            took = 0.0 if draft.prefetched or suggestion is None else suggestion.timings.total
            return f"Ready in {words.seconds(took)}", Tone.OK
        case DraftState.ABSTAINED:
            if suggestion is not None and suggestion.decision is Decision.ESCALATE:
                return "Better handed over", Tone.ATTENTION
            return "Not enough to answer", Tone.ATTENTION
        case DraftState.FAILED:
            return "No draft", Tone.DANGER
        case DraftState.STALE:
            return "Written before the last message", Tone.ATTENTION
    return "Reply", Tone.NEUTRAL


class DraftHeader(QWidget):
    """Says what it is shown and emits wishes."""

    regenerate_wanted = Signal()
    stop_wanted = Signal()
    alternative_wanted = Signal()
    stepped = Signal(int)
    """-1 to the draft before, 1 to the next one."""
    beside_toggled = Signal(bool)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._tone, self._working = Tone.NEUTRAL, False
        self._spinner = Spinner(theme)
        self._picture = QLabel()
        self._words = Label("Reply", TextSize.SMALL, bold=True)
        self._origin = Tag()
        self._previous = IconButton(theme, "chevron-left", "Previous draft")
        self._place = Label("", TextSize.SMALL, "muted")
        self._next = IconButton(theme, "chevron-right", "Next draft")
        self.beside = IconButton(theme, "side", "Show two drafts beside each other", checkable=True)
        self._another = IconButton(theme, "plus", "Write an alternative")
        self._redo = IconButton(theme, "redo", "Write again")
        self._stop = IconButton(theme, "stop", "Stop writing")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(tokens.SPACE_1)
        row.addWidget(self._spinner)
        row.addWidget(self._picture)
        row.addSpacing(2)
        row.addWidget(self._words)
        row.addSpacing(tokens.SPACE_1)
        row.addWidget(self._origin)
        row.addStretch(1)
        for widget in (self._previous, self._place, self._next, self.beside, self._another, self._stop):
            row.addWidget(widget)
        row.addWidget(self._redo)
        self._previous.clicked.connect(lambda: self.stepped.emit(-1))
        self._next.clicked.connect(lambda: self.stepped.emit(1))
        self._another.clicked.connect(self.alternative_wanted)
        self._redo.clicked.connect(self.regenerate_wanted)
        self._stop.clicked.connect(self.stop_wanted)
        self.beside.toggled.connect(self.beside_toggled)
        theme.changed.connect(self._tint)
        self.show_draft(None, None)

    def show_draft(self, draft: Draft | None, shown: Suggestion | None) -> None:
        """`shown` is the suggestion in the editor, which may be an older alternative."""
        text, self._tone = state_words(draft) if draft is not None else ("Reply", Tone.NEUTRAL)
        self._working = draft is not None and draft.state.working
        self._words.setText(text)
        self._words.set_tone("muted" if self._tone is Tone.NEUTRAL else self._tone)
        self.setAccessibleName(f"Draft: {text}")
        self._spinner.setVisible(self._working)
        self._stop.setVisible(self._working)
        self._show_origin(draft, shown)
        others = draft.alternatives if draft is not None else ()
        several = len(others) > 1
        for widget in (self._previous, self._place, self._next, self.beside):
            widget.setVisible(several)
        if several:
            ids = [s.id for s in others]
            number = ids.index(shown.id) + 1 if shown is not None and shown.id in ids else len(ids)
            self._place.setText(f"{number} of {len(ids)}")
            self._previous.setEnabled(number > 1)
            self._next.setEnabled(number < len(ids))
        settled = draft is not None and draft.state in (DraftState.READY, DraftState.ABSTAINED)
        self._another.setVisible(settled)
        self._redo.setVisible(draft is not None and not self._working)
        self._tint()

    def _show_origin(self, draft: Draft | None, shown: Suggestion | None) -> None:
        done = draft is not None and draft.state in (DraftState.READY, DraftState.ABSTAINED)
        visible = done and shown is not None
        self._origin.setVisible(visible)
        if shown is not None:
            tone = Tone.NEUTRAL if shown.origin is Origin.MODEL else Tone.ACCENT
            short, sentence = words.origin(shown)
            self._origin.set(short, tone)
            self._origin.setToolTip(sentence)

    def _tint(self) -> None:
        name = {Tone.OK: "check-circle", Tone.ATTENTION: "triangle", Tone.DANGER: "octagon"}.get(self._tone)
        self._picture.setVisible(bool(name) and not self._working)
        if name:
            self._picture.setPixmap(icons.pixmap(name, self._theme.tone(self._tone)))
