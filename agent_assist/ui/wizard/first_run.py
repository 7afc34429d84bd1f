"""The first run: three steps, each of which can be skipped, with a draft on the screen at the end."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDialog, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from agent_assist.ui.context import UiContext
from agent_assist.ui.tokens import SPACE_1, SPACE_4, SPACE_6, Tone
from agent_assist.ui.widgets.button import Button, Kind
from agent_assist.ui.widgets.chip import Tag
from agent_assist.ui.widgets.foot import foot_of
from agent_assist.ui.widgets.line import Line
from agent_assist.ui.wizard.articles_step import ArticlesStep
from agent_assist.ui.wizard.model_step import ModelStep
from agent_assist.ui.wizard.step import Step
from agent_assist.ui.wizard.try_step import TryStep


class FirstRun(QDialog):
    """`ended` carries the id of the ticket that was tried, "" for none; it is saved in the queue then.

    However it ends, it does not come again by itself.
    """

    ended = Signal(str)
    demo_wanted = Signal()
    """The person looks at the demo desk first: this comes again with the next start of the own desk."""

    def __init__(self, ui: UiContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ui = ui
        self._over = False
        self.setWindowTitle("Welcome to Agent Assist")
        self.resize(720, 620)
        self.setMinimumSize(360, 480)
        self.model, self.articles, self.trial = ModelStep(ui), ArticlesStep(ui), TryStep(ui)
        self.steps: tuple[Step, ...] = (self.model, self.articles, self.trial)
        self._stack = QStackedWidget()
        self._marks: list[Tag] = []
        marks = QHBoxLayout()
        marks.setSpacing(SPACE_1)
        for number, step in enumerate(self.steps, 1):
            self._stack.addWidget(step)
            step.changed.connect(self._show_state)
            mark = Tag(f"{number}  {step.title}")
            self._marks.append(mark)
            marks.addWidget(mark)
        marks.addStretch(1)
        self.back = Button(ui.theme, "Back")
        self.back.clicked.connect(lambda: self.go_to(self.place - 1))
        self.skip = Button(ui.theme, "Skip all", Kind.QUIET)
        self.skip.clicked.connect(self.reject)
        self.next = Button(ui.theme, "Continue", Kind.PRIMARY)
        self.next.clicked.connect(self._on_next)
        foot = foot_of(self.back, self.next, left=(self.skip,))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACE_6, SPACE_4, SPACE_6, SPACE_4)
        layout.setSpacing(SPACE_4)
        layout.addLayout(marks)
        layout.addWidget(self._stack, 1)
        layout.addWidget(Line())
        layout.addLayout(foot)
        self.articles.demo_requested.connect(self._on_demo)
        self.go_to(0)
        # Enter goes on; "Skip all" would be the first in the order.
        self.next.setFocus()

    @property
    def place(self) -> int:
        return self._stack.currentIndex()

    def go_to(self, place: int) -> None:
        """Show a step, 0 to 2."""
        place = max(0, min(place, len(self.steps) - 1))
        self._stack.setCurrentIndex(place)
        self.steps[place].enter()
        self._show_state()

    def _show_state(self) -> None:
        place = self.place
        for number, (mark, step) in enumerate(zip(self._marks, self.steps)):
            sign = "✓" if step.done and number != place else str(number + 1)
            tone = Tone.ACCENT if number == place else Tone.OK if step.done else Tone.NEUTRAL
            mark.set(f"{sign}  {step.title}", tone)
        last = place == len(self.steps) - 1
        self.back.setVisible(place > 0)
        self.skip.setVisible(not last)
        done = self.steps[place].done
        text = (
            ("Start working" if done else "Finish without") if last else ("Continue" if done else "Skip this")
        )
        self.next.setText(text)
        self.next.setAccessibleName(text)

    def _on_demo(self) -> None:
        self._over = True
        self.reject()
        self.demo_wanted.emit()

    def _on_next(self) -> None:
        if self.place < len(self.steps) - 1:
            self.go_to(self.place + 1)
        else:
            self.accept()

    def done(self, result: int) -> None:
        """Every way out leads through here: the buttons, Escape, the window's own close button."""
        if not self._over:
            self._over = True
            self._finish()
        super().done(result)

    def _finish(self) -> None:
        desk = self._ui.desk
        ticket = self.trial.ticket if self.trial.done else None

        def work() -> str:
            desk.options.change({"first_run_done": True})
            if ticket is None:
                return ""
            desk.tickets.save([ticket], "first run")
            return ticket.id

        self._ui.bridge.run(work, self.ended.emit)
