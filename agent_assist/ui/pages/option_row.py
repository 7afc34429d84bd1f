"""One option of the settings form: what it is called, what it does, its editor, and what is wrong."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QCheckBox, QComboBox, QGridLayout, QLineEdit, QSizePolicy, QVBoxLayout, QWidget

from agent_assist.ui.pages.option_fields import OptionField, OptionKind, show_number
from agent_assist.ui.theme import Theme
from agent_assist.ui.tokens import SPACE_2, TextSize, Tone
from agent_assist.ui.widgets.button import IconButton
from agent_assist.ui.widgets.label import Label, restyle

EDITOR_WIDTH = 220
NUMBER_WIDTH = 104
NARROW = 460
"""Below this width the editor stands under the words."""


class OptionRow(QWidget):
    """`changed` is emitted with the option's name and a value that is within its limits.

    What cannot be used stays in the editor, with a sentence under it, until it is mended.
    """

    changed = Signal(str, object)

    def __init__(self, theme: Theme, option: OptionField, value: Any, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.option = option
        self._value = value
        self._barred = ""
        """Why nothing may be changed here."""
        self.editor = self._make_editor()
        self.editor.setAccessibleName(option.title)
        self.editor.setAccessibleDescription(" ".join(filter(None, (option.description, option.limits))))
        self.restore = IconButton(theme, "undo", f"Set {option.title} back to its default")
        self.restore.clicked.connect(self._on_restore)
        keep = self.restore.sizePolicy()
        keep.setRetainSizeWhenHidden(True)
        self.restore.setSizePolicy(keep)
        self.problem = Label("", TextSize.SMALL, Tone.DANGER, wrap=True)
        self.problem.hide()
        title = Label(option.title)
        title.setBuddy(self.editor)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(title)
        note = option.description + (f" {option.limits}." if option.limits else "")
        words.addWidget(Label(note, TextSize.SMALL, "muted", wrap=True))
        words.addWidget(self.problem)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, SPACE_2, 0, SPACE_2)
        self._grid.setHorizontalSpacing(SPACE_2)
        self._grid.addLayout(words, 0, 0)
        self._grid.addWidget(self.restore, 0, 1, Qt.AlignmentFlag.AlignTop)
        self._grid.setColumnStretch(0, 1)
        self._narrow: bool | None = None
        self._arrange(narrow=False)
        self.show_value(value)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        wide = isinstance(self.editor, QLineEdit | QComboBox)
        self._arrange(narrow=wide and event.size().width() < NARROW)

    def minimumSizeHint(self) -> QSize:
        # The widest thing that cannot shrink: the editor with its button, in the narrow arrangement.
        return QSize(EDITOR_WIDTH + 48, super().minimumSizeHint().height())

    def _arrange(self, narrow: bool) -> None:
        """The editor beside the words, or below them where there is no room beside."""
        if narrow is self._narrow:
            return
        self._narrow = narrow
        if narrow:
            self._grid.addWidget(self.editor, 1, 0, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        else:
            self._grid.addWidget(self.editor, 0, 2, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop)

    def show_value(self, value: Any) -> None:
        """Show what is saved; what the person is typing is left alone unless it is that."""
        self._value = value
        self.say("")
        if isinstance(self.editor, QCheckBox):
            self.editor.setChecked(bool(value))
        elif isinstance(self.editor, QComboBox):
            self.editor.setCurrentIndex(self.editor.findData(value))
        elif isinstance(self.editor, QLineEdit):
            text = self._text_of(value)
            if self.editor.text() != text:
                self.editor.setText(text)
        self.restore.setVisible(value != self.option.default)

    def bar(self, why_not: str) -> None:
        """Let nothing be changed here, and say why; "" lets it again."""
        self._barred = why_not
        self.editor.setEnabled(not why_not)
        self.restore.setEnabled(not why_not)
        self.say("")

    def say(self, sentence: str) -> None:
        """What is wrong with the value in the editor; "" for nothing."""
        invalid = bool(sentence)
        sentence = sentence or self._barred
        self.problem.set_tone(Tone.DANGER if invalid else "muted")
        self.problem.setText(sentence)
        self.problem.setVisible(bool(sentence))
        self.editor.setAccessibleDescription(sentence or self.option.description)
        restyle(self.editor, invalid=invalid)

    def _make_editor(self) -> QWidget:
        option = self.option
        if option.kind is OptionKind.SWITCH:
            box = QCheckBox()
            # No words stand beside it: the box itself ends where the other editors end.
            box.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
            box.clicked.connect(self._offer)
            return box
        if option.kind is OptionKind.CHOICE:
            choices = QComboBox()
            for choice in option.choices:
                choices.addItem(choice.replace("_", " ").capitalize(), choice)
            choices.activated.connect(lambda index: self._offer(choices.itemData(index)))
            choices.setMinimumWidth(NUMBER_WIDTH + 40)
            choices.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            return choices
        if option.kind is OptionKind.TEXT:
            line = QLineEdit()
            line.setFixedWidth(EDITOR_WIDTH)
            line.setPlaceholderText("None" if not option.default else "")
        else:
            line = _NumberEdit(option)
            line.setFixedWidth(NUMBER_WIDTH)
            line.setAlignment(Qt.AlignmentFlag.AlignRight)
        line.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        line.editingFinished.connect(self._on_typed)
        return line

    def _text_of(self, value: Any) -> str:
        return str(value) if self.option.kind is OptionKind.TEXT else show_number(value)

    def _on_typed(self) -> None:
        if isinstance(self.editor, QLineEdit):
            value, sentence = self.option.read(self.editor.text())
            self.say(sentence)
            if not sentence:
                self._offer(value)

    def _on_restore(self) -> None:
        self._offer(self.option.default)
        self.show_value(self.option.default)
        self.editor.setFocus(Qt.FocusReason.OtherFocusReason)

    def _offer(self, value: Any) -> None:
        if value != self._value:
            self.changed.emit(self.option.name, value)


class _NumberEdit(QLineEdit):
    """Up and Down step the number within its limits; anything may be typed."""

    def __init__(self, option: OptionField) -> None:
        super().__init__()
        self._option = option

    def keyPressEvent(self, event: QKeyEvent) -> None:
        direction = {Qt.Key.Key_Up: 1, Qt.Key.Key_Down: -1}.get(Qt.Key(event.key()), 0)
        value, sentence = self._option.read(self.text())
        if not direction or sentence:
            super().keyPressEvent(event)
            return
        step = 1.0 if self._option.kind is OptionKind.WHOLE else 0.05
        new = value + direction * step
        if self._option.minimum is not None:
            new = max(self._option.minimum, new)
        if self._option.maximum is not None:
            new = min(self._option.maximum, new)
        self.setText(show_number(round(new, 4)))
