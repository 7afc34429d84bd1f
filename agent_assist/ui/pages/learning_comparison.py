"""Champion and challenger: figures with their intervals, the decision, and what to do with it."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QSizePolicy, QSpinBox, QVBoxLayout, QWidget

from agent_assist.domain.learning import Comparison, Measure
from agent_assist.ui.theme import Theme
from agent_assist.ui.tokens import SPACE_1, SPACE_2, SPACE_3, TextSize, Tone
from agent_assist.ui.widgets.button import Button, Kind
from agent_assist.ui.widgets.card import Card, clear
from agent_assist.ui.widgets.chip import Tag
from agent_assist.ui.widgets.flow import Flow
from agent_assist.ui.widgets.label import Label
from agent_assist.ui.words import count

MEASURE_WORDS = {
    "kept": "Of the draft, the agent kept",
    "grounded": "Sentences that rest on an article",
    "cited": "The right article is cited",
    "decided": "Answers when it can, and only then",
    "answered": "Tickets answered",
    "own_words": "In the model’s own words, not the article’s",
    "unrepeated": "Free of repetition",
    "polite": "Polite",
    "reply_f1": "Words shared with the agent’s reply",
    "chrf": "Letters shared with the agent’s reply",
    "length": "As long as the agent’s reply",
    "seconds": "Seconds for a draft",
}
_FIRST = ("kept", "own_words", "grounded", "cited", "decided", "answered", "polite", "unrepeated", "seconds")
_INTERVALS = 3
"""Their column."""
_WIDE = 560
"""Pixels of the card from which intervals are drawn beside the figures."""
_CHAMPIONS = {
    "packaged": "the model that comes with Agent Assist",
    "base": "its base",
    "champion": "the model in use",
}
_VERDICTS = {
    "better": ("Better", Tone.OK),
    "open": ("Not clear", Tone.NEUTRAL),
    "worse": ("Worse", Tone.ATTENTION),
}


def verdict_of(measure: Measure) -> tuple[str, Tone]:
    """Fewer seconds are better; more of everything else."""
    found = measure.verdict
    if measure.name == "seconds":
        found = {"better": "worse", "worse": "better"}.get(found, found)
    return _VERDICTS[found]


class IntervalView(QWidget):
    """The gain as a dot with its 95 % interval around a line for “no change”."""

    def __init__(self, theme: Theme, measure: Measure, span: float, parent: QWidget | None = None) -> None:
        """`span` is the change that reaches the edge, the same for all that can be compared."""
        super().__init__(parent)
        self._theme, self._measure, self._span = theme, measure, span
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(20)
        self.setMinimumWidth(96)
        interval = f"{_change(measure, measure.low)} to {_change(measure, measure.high)}"
        self.setAccessibleName(f"Change {interval}")
        self.setToolTip(f"{interval} in 95 of 100 draws of these {measure.cases} tickets")
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(180, 20)

    def paintEvent(self, event: QPaintEvent) -> None:
        one = self._measure
        span = self._span
        wide, middle = self.width() - 12, self.height() / 2

        def x(value: float) -> float:
            return 6 + wide * (value + span) / (2 * span)

        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self._theme.colour("border"), 1))
        painter.drawLine(QPointF(6, middle), QPointF(6 + wide, middle))
        painter.setPen(QPen(self._theme.colour("outline"), 1, Qt.PenStyle.DotLine))
        painter.drawLine(QPointF(x(0), 1), QPointF(x(0), self.height() - 1))
        _, tone = verdict_of(one)
        colour = self._theme.colour("muted") if tone is Tone.NEUTRAL else self._theme.tone(tone)
        painter.setPen(QPen(colour, 3, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        painter.drawLine(QPointF(x(one.low), middle), QPointF(x(one.high), middle))
        painter.setBrush(colour)
        at = x(one.challenger - one.champion)
        painter.drawEllipse(QRectF(at - 3, middle - 3, 6, 6))
        painter.end()


class ComparisonCard(Card):
    """The result of the last training run; what is decided on it is told by signals."""

    promote_requested = Signal()
    trial_requested = Signal(float)
    """Share of the tickets, 0 to 1."""
    judge_requested = Signal()
    report_requested = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self._theme = theme
        self.setAccessibleName("The new model against the one in use")
        self.verdict = Tag()
        self.who = Label("", TextSize.SMALL, "muted", wrap=True)
        self.reasons = Label("", wrap=True, selectable=True)
        self._table = QVBoxLayout()
        self.more = Button(theme, "All figures", Kind.QUIET, "chevron-down")
        self.more.setCheckable(True)
        self.more.toggled.connect(lambda _: self._fill())
        self.judge = Button(theme, "Judge blind", Kind.QUIET, "eye")
        self.report = Button(theme, "Open the report", Kind.QUIET, "open")
        self.share = QSpinBox()
        self.share.setRange(1, 50)
        self.share.setValue(10)
        self.share.setSuffix(" % of tickets")
        self.share.lineEdit().setTextMargins(SPACE_2, 0, 0, 0)
        self.share.setAccessibleName("Share of the tickets for a trial")
        self.trial = Button(theme, "Try on")
        self.trial.setAccessibleName("Try it on a share of the tickets")
        self.promote = Button(theme, "Put into use", Kind.PRIMARY, "check")
        self._shown: Comparison | None = None
        self._wide_parts: list[QWidget] = []
        """Intervals, which are left out where there is no room for them."""
        self._grid: QGridLayout | None = None
        self._lay_out()
        self.promote.clicked.connect(self.promote_requested)
        self.trial.clicked.connect(lambda: self.trial_requested.emit(self.share.value() / 100))
        self.judge.clicked.connect(self.judge_requested)
        self.report.clicked.connect(self.report_requested)

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(SPACE_2)
        top.addWidget(Label("The new model against the one in use", bold=True))
        top.addStretch(1)
        top.addWidget(self.verdict)
        look = Flow(spacing=SPACE_1)
        look.addWidget(self.more)
        look.addWidget(self.judge)
        look.addWidget(self.report)
        self._acts = QWidget()
        acts = Flow(self._acts)
        acts.add_gap()
        acts.addWidget(self.trial)
        acts.addWidget(self.share)
        acts.addWidget(self.promote)
        self.body.addLayout(top)
        self.body.addWidget(self.who)
        self.body.addWidget(self.reasons)
        self.body.addLayout(self._table)
        self.body.addLayout(look)
        self.body.addWidget(self._acts)

    def show_comparison(self, found: Comparison, *, may_change: bool, sheet: int, trying: bool) -> None:
        self._shown = found
        if found.in_use:
            self.verdict.set("In use", Tone.OK)
        elif found.promotable:
            self.verdict.set("Better", Tone.OK)
        else:
            self.verdict.set("Stays out", Tone.ATTENTION)
        cases = max((m.cases for m in found.measures), default=0)
        self.who.setText(
            f"{found.challenger} against {_CHAMPIONS.get(found.champion, found.champion)}, "
            f"on {count(cases, 'ticket')} that it has not learnt from."
        )
        self.reasons.setText("\n".join(f"•  {reason}" for reason in found.reasons))
        self.reasons.setVisible(bool(found.reasons))
        self.judge.setText(f"Judge blind ({sheet})")
        self.judge.setAccessibleName(f"Judge {count(sheet, 'pair')} of drafts blind")
        self.judge.setVisible(sheet > 0)
        self._acts.setVisible(found.promotable and may_change and not found.in_use and not trying)
        self._fill()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._show_wide_parts()

    def _fill(self) -> None:
        clear(self._table)
        self._wide_parts, self._grid = [], None
        if self._shown is None:
            return
        by_name = {m.name: m for m in self._shown.measures}
        names = [n for n in _FIRST if n in by_name]
        if self.more.isChecked():
            names += [n for n in by_name if n not in names]
        self._table.addWidget(self._figures([by_name[n] for n in names]))
        self._show_wide_parts()

    def _show_wide_parts(self) -> None:
        wide = self.width() >= _WIDE
        for widget in self._wide_parts:
            widget.setVisible(wide)
        if self._grid is not None:
            self._grid.setColumnStretch(_INTERVALS, 3 if wide else 0)

    def _figures(self, measures: list[Measure]) -> QWidget:
        shares = _span([m for m in measures if m.name != "seconds"])
        table = QWidget()
        grid = QGridLayout(table)
        grid.setContentsMargins(0, SPACE_1, 0, SPACE_1)
        grid.setHorizontalSpacing(SPACE_3)
        grid.setVerticalSpacing(SPACE_1)
        grid.setColumnStretch(0, 2)
        for column, word in enumerate(("", "In use", "New", "Change, with 95 % interval")):
            head = Label(word, TextSize.SMALL, "muted")
            if column in (1, 2):
                head.setAlignment(Qt.AlignmentFlag.AlignRight)
            if column == _INTERVALS:
                self._wide_parts.append(head)
            grid.addWidget(head, 0, column)
        for row, one in enumerate(measures, 1):
            words, tone = verdict_of(one)
            title = Label(MEASURE_WORDS.get(one.name, one.name), wrap=True)
            before, now = _value(one, one.champion), _value(one, one.challenger)
            title.setAccessibleName(f"{title.text()}: {before} before, {now} now, {words}")
            interval = IntervalView(self._theme, one, _span([one]) if one.name == "seconds" else shares)
            change = _right(_change(one, one.challenger - one.champion), TextSize.SMALL)
            cells = (title, _right(before), _right(now), interval, change, Tag(words, tone))
            self._wide_parts += (interval, change)
            for column, widget in enumerate(cells):
                grid.addWidget(widget, row, column)
        self._grid = grid
        return table


def _span(measures: list[Measure]) -> float:
    return 1.15 * max((abs(v) for m in measures for v in (m.low, m.high)), default=0.05) or 0.05


def _value(measure: Measure, value: float) -> str:
    return f"{value:.1f} s" if measure.name == "seconds" else f"{value:.0%}".replace("%", " %")


def _change(measure: Measure, value: float) -> str:
    """ "+12 points", "−0.3 s"."""
    text = f"{value:+.1f} s" if measure.name == "seconds" else f"{100 * value:+.0f} points"
    return text.replace("-", "\u2212")


def _right(text: str, size: TextSize = TextSize.BODY) -> Label:
    made = Label(text, size)
    made.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    return made
