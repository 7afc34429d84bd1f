"""What became of the drafts, as one quiet bar with its legend: shades and words, not hues alone."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from agent_assist.domain.feedback import FeedbackStats, OutcomeKind
from agent_assist.ui.theme import Theme
from agent_assist.ui.tokens import SPACE_2, SPACE_4, TextSize
from agent_assist.ui.widgets.label import Label
from agent_assist.ui.words import percent

HEIGHT = 14
PARTS: tuple[tuple[str, tuple[OutcomeKind, ...], str, Qt.BrushStyle], ...] = (
    ("Sent as is", (OutcomeKind.ACCEPTED,), "accent", Qt.BrushStyle.SolidPattern),
    ("Light edit", (OutcomeKind.EDITED,), "accent", Qt.BrushStyle.Dense4Pattern),
    ("Rewritten", (OutcomeKind.REWRITTEN,), "attention_line", Qt.BrushStyle.BDiagPattern),
    ("Discarded", (OutcomeKind.REJECTED, OutcomeKind.IGNORED), "outline", Qt.BrushStyle.Dense6Pattern),
)
"""(words, outcomes, token colour, pattern): each part differs in its pattern too."""


def shares(stats: FeedbackStats) -> list[tuple[str, int, float]]:
    """(words, number, share of all that were decided) for each part."""
    counts: Mapping[str, int] = stats.by_kind
    numbers = [(words, sum(counts.get(kind.value, 0) for kind in kinds)) for words, kinds, _, _ in PARTS]
    total = sum(number for _, number in numbers)
    return [(words, number, number / total if total else 0.0) for words, number in numbers]


class _Bar(QWidget):
    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._shares: list[float] = []
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(HEIGHT)
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(240, HEIGHT)

    def show_shares(self, values: list[float]) -> None:
        self._shares = values
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        outline = QPainterPath()
        outline.addRoundedRect(QRectF(self.rect()), HEIGHT / 2, HEIGHT / 2)
        painter.setClipPath(outline)
        painter.fillRect(self.rect(), self._theme.colour("sunken"))
        left = 0.0
        for share, (_, _, token, pattern) in zip(self._shares, PARTS):
            width = share * self.width()
            fill(painter, QRectF(left, 0, max(0.0, width - 2), HEIGHT), self._theme.colour(token), pattern)
            left += width


class _Swatch(QWidget):
    def __init__(self, theme: Theme, token: str, pattern: Qt.BrushStyle) -> None:
        super().__init__()
        self._theme, self._token, self._pattern = theme, token, pattern
        self.setFixedSize(12, 12)
        theme.changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        fill(QPainter(self), QRectF(self.rect()), self._theme.colour(self._token), self._pattern)


def fill(painter: QPainter, area: QRectF, colour: QColor, pattern: Qt.BrushStyle) -> None:
    """A soft ground with a pattern over it, so that shares differ without their colour."""
    ground = QColor(colour)
    ground.setAlpha(60)
    painter.fillRect(area, ground)
    painter.fillRect(area, QBrush(colour, pattern))


class ShareBar(QWidget):
    """The outcomes of drafts as shares of all that were decided."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bar = _Bar(theme)
        self._figures: list[Label] = []
        legend = QGridLayout()
        legend.setHorizontalSpacing(SPACE_4)
        legend.setVerticalSpacing(2)
        for column, (words, _, token, pattern) in enumerate(PARTS):
            line = QHBoxLayout()
            line.setSpacing(SPACE_2)
            line.addWidget(_Swatch(theme, token, pattern))
            line.addWidget(Label(words, TextSize.SMALL, "muted"), 1)
            figure = Label("", bold=True)
            self._figures.append(figure)
            legend.addLayout(line, 0, column)
            legend.addWidget(figure, 1, column)
            legend.setColumnStretch(column, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE_2)
        layout.addWidget(self._bar)
        layout.addLayout(legend)

    def show_stats(self, stats: FeedbackStats) -> None:
        parts = shares(stats)
        self._bar.show_shares([share for _, _, share in parts])
        for figure, (_, number, share) in zip(self._figures, parts):
            figure.setText(f"{percent(share)}  ({number:,})" if number else "–")
        said = ", ".join(f"{words} {percent(share)}" for words, _, share in parts)
        self.setAccessibleName(f"What became of the drafts: {said}")
