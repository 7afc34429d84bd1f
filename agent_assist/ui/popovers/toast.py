"""A line at the bottom that says what just happened, with a way to undo it; goes by itself."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QApplication, QFrame, QHBoxLayout, QLabel, QWidget

from agent_assist.ui import icons
from agent_assist.ui.theme import Theme
from agent_assist.ui.tokens import SHAPES, SPACE_2, SPACE_3, SPACE_4, Tone
from agent_assist.ui.widgets.button import Button, IconButton, Kind
from agent_assist.ui.widgets.label import Label

SECONDS = 5.0
SECONDS_WITH_ACTION = 10.0
"""Long enough to read the line, reach for the mouse and press."""


class Toast(QFrame):
    """One at a time, over the bottom of `host`; it takes no focus from where the person types.

    While the pointer is on it, or the keyboard in it, it stays.
    """

    acted = Signal()
    gone = Signal()

    def __init__(self, theme: Theme, host: QWidget) -> None:
        super().__init__(host)
        self._theme, self._tone = theme, Tone.NEUTRAL
        self._action: Callable[[], None] | None = None
        self.setProperty("panel", "popover")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._picture = QLabel()
        self._text = Label(wrap=True)
        self.button = Button(theme, "Undo", Kind.LINK)
        self.button.clicked.connect(self._on_action)
        self._close = IconButton(theme, "close", "Dismiss")
        self._close.clicked.connect(self.dismiss)
        for button in (self.button, self._close):
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._host = host
        self._layout = layout = QHBoxLayout(self)
        layout.setContentsMargins(SPACE_3, SPACE_2, SPACE_2, SPACE_2)
        layout.setSpacing(SPACE_2)
        layout.addWidget(self._picture)
        layout.addWidget(self._text, 1)
        layout.addWidget(self.button)
        layout.addWidget(self._close)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._on_time)
        escape = QShortcut(
            QKeySequence(Qt.Key.Key_Escape), self, context=Qt.ShortcutContext.WidgetWithChildrenShortcut
        )
        escape.activated.connect(self.dismiss)
        theme.changed.connect(self._tint)
        host.installEventFilter(self)
        self.hide()

    @property
    def text(self) -> str:
        return self._text.text()

    def say(
        self,
        sentence: str,
        action: str = "",
        run: Callable[[], None] | None = None,
        tone: Tone = Tone.OK,
        seconds: float = 0.0,
    ) -> None:
        """Show `sentence`; with `action` a button of that name that calls `run`."""
        self._tone, self._action = tone, run
        self._text.setText(sentence)
        self.setAccessibleName(sentence)
        self.button.setText(action)
        self.button.setAccessibleName(action)
        self.button.setVisible(bool(action))
        self._tint()
        self._place()
        self.show()
        self.raise_()
        wait = seconds or (SECONDS_WITH_ACTION if action else max(SECONDS, len(sentence) / 14))
        self._timer.start(round(wait * 1000))

    def dismiss(self) -> None:
        self._timer.stop()
        if self.isVisible():
            self.hide()
            self.gone.emit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._host and event.type() == QEvent.Type.Resize and self.isVisible():
            self._place()
        return super().eventFilter(watched, event)

    def _on_action(self) -> None:
        self.dismiss()
        self.acted.emit()
        if self._action is not None:
            self._action()

    def _on_time(self) -> None:
        focused = QApplication.focusWidget()
        if self.underMouse() or (focused is not None and self.isAncestorOf(focused)):
            self._timer.start(1500)
        else:
            self.dismiss()

    def _place(self) -> None:
        host = self._host
        widest = max(240, host.width() - 2 * SPACE_4)
        self._text.setWordWrap(False)
        wanted = self._layout.sizeHint().width() + SPACE_4
        self._text.setWordWrap(True)
        width = min(widest, wanted, 620)
        height = (
            self._layout.heightForWidth(width)
            if self._layout.hasHeightForWidth()
            else self.sizeHint().height()
        )
        self.setGeometry((host.width() - width) // 2, host.height() - height - SPACE_4, width, height)

    def _tint(self) -> None:
        self._picture.setPixmap(icons.pixmap(SHAPES[self._tone], self._theme.tone(self._tone), 18))
