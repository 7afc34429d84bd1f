"""A strip above content that says what happened and offers what to do: tone by colour and shape."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from agent_assist.errors import ErrorInfo
from agent_assist.ui import icons, tokens
from agent_assist.ui.theme import Theme
from agent_assist.ui.tokens import SHAPES, Tone
from agent_assist.ui.widgets.button import Button, IconButton, Kind
from agent_assist.ui.widgets.label import Label, restyle

Choice = tuple[str, Callable[[], None]]


class Banner(QFrame):
    """Hidden until it has something to say; one message at a time, the newest."""

    closed = Signal()
    """Dismissed by the person."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme, self._tone, self._icon = theme, Tone.NEUTRAL, ""
        self._picture = QLabel()
        self._picture.setFixedSize(18, 18)
        self._title = Label(bold=True, wrap=True)
        self._text = Label(wrap=True, selectable=True)
        self._buttons = QHBoxLayout()
        self._buttons.setSpacing(tokens.SPACE_2)
        self._close = IconButton(theme, "close", "Dismiss")
        self._close.clicked.connect(self._on_close)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self._title)
        words.addWidget(self._text)
        words.addLayout(self._buttons)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(tokens.SPACE_3, tokens.SPACE_2, tokens.SPACE_2, tokens.SPACE_2)
        layout.setSpacing(tokens.SPACE_2)
        layout.addWidget(self._picture, 0, Qt.AlignmentFlag.AlignTop)
        layout.addLayout(words, 1)
        layout.addWidget(self._close, 0, Qt.AlignmentFlag.AlignTop)
        theme.changed.connect(self._tint)
        self.hide()

    def show_message(
        self,
        tone: Tone,
        title: str,
        text: str = "",
        choices: Sequence[Choice] = (),
        *,
        closable: bool = False,
        icon: str = "",
    ) -> None:
        """Say something; `choices` are (label, callable), the first one stands out."""
        self._tone, self._icon = tone, icon
        self._title.setText(title)
        self._title.setVisible(bool(title))
        self._text.setText(text)
        self._text.setVisible(bool(text))
        self._close.setVisible(closable)
        self._set_choices(choices)
        restyle(self, banner=str(tone))
        self.setAccessibleName(f"{title} {text}".strip())
        self._tint()
        self.show()

    def show_error(self, error: ErrorInfo, retry: Callable[[], None] | None = None) -> None:
        choices = [("Try again", retry)] if retry is not None and error.retryable else []
        text = f"{error.sentence} {error.remedy}".strip()
        self.show_message(Tone.DANGER, error.title, text, choices, closable=True)

    def _set_choices(self, choices: Sequence[Choice]) -> None:
        while (item := self._buttons.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        for label, run in choices:
            button = Button(self._theme, label, Kind.SECONDARY)
            button.clicked.connect(lambda _=False, call=run: call())
            self._buttons.addWidget(button)
        if choices:
            self._buttons.setContentsMargins(0, tokens.SPACE_1, 0, 2)
        else:
            self._buttons.setContentsMargins(0, 0, 0, 0)
        # Also with no button: a row without a stretch may not grow, and would keep the words narrow.
        self._buttons.addStretch(1)

    def _on_close(self) -> None:
        self.hide()
        self.closed.emit()

    def _tint(self) -> None:
        name = self._icon or SHAPES[self._tone]
        self._picture.setPixmap(icons.pixmap(name, self._theme.tone(self._tone), 18))
