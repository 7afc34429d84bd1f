"""The text of one ticket's reply with what is known of it: sentences, citations, facts to check.

One document for each ticket, so that undo and unsent text stay with the ticket.  What the agent typed
is only replaced as an edit that can be undone, and never by a draft that nobody asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QTextCursor, QTextDocument
from PySide6.QtWidgets import QPlainTextDocumentLayout

from agent_assist.domain.suggestion import Mark, Suggestion
from agent_assist.ui.theme import Theme
from agent_assist.ui.views.draft_marks import BADGE, Fact, Span, Underlines, utf16


@dataclass(slots=True)
class _Baseline:
    """The last text that did not come from the agent."""

    text: str = ""
    streaming: bool = False
    suggestion: Suggestion | None = None
    numbers: Mapping[int, int] = field(default_factory=dict)


class DraftDocument(QTextDocument):
    """`facts_changed` is emitted when facts appeared, were confirmed or went; `held` when a finished
    draft waits because the agent's own text stands in the editor."""

    facts_changed = Signal()
    held_changed = Signal()

    def __init__(self, theme: Theme, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.setDocumentLayout(QPlainTextDocumentLayout(self))
        self.setDefaultFont(theme.font())
        self.setDocumentMargin(8)
        self.spans: list[Span] = []
        self.facts: list[Fact] = []
        self.held: Suggestion | None = None
        self._base = _Baseline()
        self._sent: Suggestion | None = None
        self._shown: dict[str, tuple[Suggestion, Mapping[int, int]]] = {}
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(0)
        self._settle.timeout.connect(self._find_again)
        self._writing = False
        self._expected = False
        self._open_facts = 0
        self._known: set[str] = set()
        """Ids of what was confirmed in this reply."""
        self._marks = Underlines(self, self, theme)
        self._theme = theme
        theme.changed.connect(self._on_theme)
        self.contentsChange.connect(self._on_change)

    # --- reading --------------------------------------------------------------------------------

    @property
    def text(self) -> str:
        """The text as it stands, no-break spaces kept."""
        return self.toRawText().replace("\u2029", "\n").replace("\u2028", "\n")

    @property
    def dirty(self) -> bool:
        """True when the agent's own words stand here."""
        text = self.text
        return bool(text.strip()) and text != self._base.text

    @property
    def suggestion(self) -> Suggestion | None:
        """The suggestion that the text started from."""
        return self._base.suggestion

    @property
    def open_facts(self) -> list[Fact]:
        if self._settle.isActive():
            self._settle.stop()
            self._find_again()
        return [fact for fact in self.facts if fact.holds]

    @property
    def confirmed(self) -> frozenset[str]:
        """Ids of what the agent has confirmed and what still stands here."""
        return frozenset(fact.id for fact in self.facts if fact.confirmed and fact.present)

    def span_at(self, position: int) -> Span | None:
        for span in self.spans:
            if span.cursor.selectionStart() <= position <= span.cursor.selectionEnd() and span.intact:
                return span
        return None

    def fact_at(self, position: int) -> Fact | None:
        for fact in self.facts:
            if fact.cursor.selectionStart() <= position <= fact.cursor.selectionEnd() and fact.present:
                return fact
        return None

    # --- writing --------------------------------------------------------------------------------

    def expect(self) -> None:
        """The agent asked for a new draft: it may replace the text, in one edit that can be undone."""
        self._expected = True
        self._set_held(None)

    def stream(self, text: str) -> None:
        """Show the text so far of a draft that is being written."""
        if not text or (self.dirty and not self._expected):
            return
        if not self._base.streaming:
            self._forget_marks()
        self._write(text, joined=self._base.streaming)
        self._base = _Baseline(text, True)
        self._expected = False

    def finish(self, suggestion: Suggestion, numbers: Mapping[int, int]) -> bool:
        """Show a finished draft; False where it waits because the agent's own text stands here."""
        if suggestion is self._base.suggestion or (self.held is not None and suggestion.id == self.held.id):
            return self.held is None
        if self._base.suggestion is not None and suggestion.id == self._base.suggestion.id:
            return True
        if self.dirty and not self._expected:
            self._base = _Baseline(self._base.text, False, self._base.suggestion, self._base.numbers)
            self._set_held(suggestion)
            return False
        self._show(suggestion, numbers, joined=self._base.streaming)
        return True

    def use(self, suggestion: Suggestion, numbers: Mapping[int, int]) -> None:
        """Replace the text by this suggestion because the agent chose it; can be undone."""
        self._show(suggestion, numbers, joined=False)

    def keep_mine(self) -> None:
        self._set_held(None)

    def restore(
        self, text: str, suggestion: Suggestion | None = None, numbers: Mapping[int, int] | None = None
    ) -> None:
        """Give a withdrawn or kept reply back, with what is still there of the suggestion that it
        started from; what stands here stays reachable by undo."""
        if suggestion is not None:
            self._show(suggestion, numbers or {}, joined=False)
            self._write(text, joined=True)
            self._find_again()
            return
        self._forget_marks()
        self._write(text, joined=False)
        self._base = _Baseline("", False, self._sent)

    def mark_used(self) -> None:
        """The text has gone where it was meant for: it stays here, and is no longer waiting to be sent."""
        self._base = replace(self._base, text=self.text)

    def reset(self) -> None:
        """Empty the document after its text has been sent."""
        self._sent = self._base.suggestion
        self._set_held(None)
        self._known.clear()
        self._forget_marks()
        self._write("", joined=False)
        self._base = _Baseline()

    def confirm(self, fact: Fact) -> None:
        """What is confirmed once is so wherever the same words stand."""
        for other in self.facts:
            other.confirmed = other.confirmed or other.id == fact.id
        self._known.add(fact.id)
        self._marks.rehighlight()
        self._tell_facts()

    def remove_fact(self, fact: Fact) -> None:
        """Delete the sentence that states the fact, or the stretch where there is no sentence."""
        target = fact.sentence.cursor if fact.sentence is not None and fact.sentence.intact else fact.cursor
        cursor = QTextCursor(self)
        cursor.setPosition(target.selectionStart())
        cursor.setPosition(target.selectionEnd(), QTextCursor.MoveMode.KeepAnchor)
        cursor.beginEditBlock()
        cursor.removeSelectedText()
        if self.characterAt(cursor.position()) == " ":
            cursor.deleteChar()
        cursor.endEditBlock()
        self._tell_facts()

    def mark_live(self, text: str, marks: Sequence[Mark]) -> None:
        """Lay over the text what was found in it just now; nothing where it has changed since."""
        if text != self.text:
            return
        drafted = [fact for fact in self.facts if not fact.live]
        taken = {
            (fact.cursor.selectionStart(), fact.cursor.selectionEnd()) for fact in drafted if fact.present
        }
        live = [
            Fact(m, self._range(text, m.start, m.end), text[m.start : m.end], live=True)
            for m in marks
            if (utf16(text, m.start), utf16(text, m.end)) not in taken
        ]
        for fact in live:
            at = fact.cursor.selectionStart()
            fact.sentence = next((s for s in self.spans if _holds(s, at)), None)
            fact.confirmed = fact.id in self._known
        before = [f.id for f in self.facts if f.live]
        self.facts = [*drafted, *live]
        if live or before:
            self._marks.rehighlight()
            self._tell_facts()

    # --- inside ---------------------------------------------------------------------------------

    def _show(self, suggestion: Suggestion, numbers: Mapping[int, int], *, joined: bool) -> None:
        self._set_held(None)
        self._forget_marks()
        self._write(suggestion.text, joined=joined)
        self._shown[suggestion.text] = (suggestion, numbers)
        self._mark(suggestion, numbers)

    def _mark(self, suggestion: Suggestion, numbers: Mapping[int, int]) -> None:
        """Lay sentences and facts over the text, which is the suggestion's."""
        self._base = _Baseline(suggestion.text, False, suggestion, numbers)
        self._expected = False
        self.spans, self.facts = [], []
        text = suggestion.text
        for index, sentence in enumerate(suggestion.sentences):
            cursor = self._range(text, sentence.start, sentence.end)
            span = Span(index, cursor, text[sentence.start : sentence.end], (), tuple(sentence.passages))
            span.numbers = _numbers(span.passages, numbers)
            self.spans.append(span)
            for mark in sentence.marks:
                where = self._range(text, mark.start, mark.end)
                fact = Fact(mark, where, text[mark.start : mark.end], span)
                fact.confirmed = fact.id in self._known
                self.facts.append(fact)
        self._marks.rehighlight()
        self._tell_facts()

    def _range(self, text: str, start: int, end: int) -> QTextCursor:
        cursor = QTextCursor(self)
        cursor.setPosition(utf16(text, start))
        cursor.setPosition(utf16(text, end), QTextCursor.MoveMode.KeepAnchor)
        return cursor

    def _forget_marks(self) -> None:
        had = bool(self.spans or self.facts)
        self.spans, self.facts = [], []
        if had:
            self._marks.rehighlight()
            self._tell_facts()

    def _write(self, text: str, *, joined: bool) -> None:
        """Change only what differs, so that the caret, the selection and the scrolling stay."""
        before = self.text
        if before == text:
            return
        start = 0
        shorter = min(len(before), len(text))
        if text.startswith(before):
            start = len(before)
        else:
            while start < shorter and before[start] == text[start]:
                start += 1
        end = 0
        while end < shorter - start and before[-1 - end] == text[-1 - end]:
            end += 1
        cursor = QTextCursor(self)
        cursor.setPosition(utf16(before, start))
        cursor.setPosition(utf16(before, len(before) - end), QTextCursor.MoveMode.KeepAnchor)
        self._writing = True
        if joined and self.isUndoAvailable():
            cursor.joinPreviousEditBlock()
        else:
            cursor.beginEditBlock()
        cursor.insertText(text[start : len(text) - end])
        cursor.endEditBlock()
        self._writing = False

    def _set_held(self, suggestion: Suggestion | None) -> None:
        if self.held is not suggestion:
            self.held = suggestion
            self.held_changed.emit()

    def _tell_facts(self) -> None:
        self._open_facts = len(self.open_facts)
        self.facts_changed.emit()

    def _on_change(self, _position: int, removed: int, added: int) -> None:
        if self._writing or (not removed and not added):
            return
        # Undo and redo give text back without its marks; they are found again once Qt is done.
        self._settle.start()

    def _find_again(self) -> None:
        text = self.text
        earlier = self._shown.get(text)
        if earlier is not None and earlier[0] is not self._base.suggestion:
            self._mark(*earlier)
            return
        found = False
        for span in self.spans:
            found = self._anchor(span, text) or found
        for fact in self.facts:
            found = self._anchor(fact, text) or found
        if found:
            self._marks.rehighlight()
        if found or len(self.open_facts) != self._open_facts:
            self._tell_facts()

    def _anchor(self, part: Span | Fact, text: str) -> bool:
        """Lay a sentence or fact over its text again where it came back; tells whether it did."""
        there = part.intact if isinstance(part, Span) else part.present
        if there or not part.text:
            return False
        start = text.find(part.text)
        if start < 0:
            return False
        part.cursor = self._range(text, start, start + len(part.text))
        return True

    def _on_theme(self) -> None:
        self.setDefaultFont(self._theme.font())
        self._marks.rehighlight()


def _holds(span: Span, position: int) -> bool:
    return span.intact and span.cursor.selectionStart() <= position < span.cursor.selectionEnd()


def _numbers(passages: tuple[int, ...], numbers: Mapping[int, int]) -> tuple[int, ...]:
    found = dict.fromkeys(numbers[p] for p in passages if p in numbers)
    return tuple(found)[:3]


__all__ = ["BADGE", "DraftDocument", "Fact", "Span", "utf16"]
