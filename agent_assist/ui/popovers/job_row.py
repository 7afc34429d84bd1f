"""One piece of background work: what it is, how far it is, and a way to stop it."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from agent_assist.domain.jobs import JobState, JobStatus
from agent_assist.ui.theme import Theme
from agent_assist.ui.tokens import SPACE_1, SPACE_2, TextSize, Tone
from agent_assist.ui.widgets.button import Button, Kind
from agent_assist.ui.widgets.label import ElidedLabel, Label

STATE_WORDS = {
    JobState.WAITING: "Waiting",
    JobState.RUNNING: "Working",
    JobState.DONE: "Done",
    JobState.FAILED: "Failed",
    JobState.CANCELLED: "Stopped",
}
_TONES = {JobState.DONE: Tone.OK, JobState.FAILED: Tone.DANGER}
LIVE = frozenset({JobState.WAITING, JobState.RUNNING})


def progress_words(job: JobStatus) -> str:
    """ "12 of 45 · returns.md", "1.2 of 4.7 GB", "Waiting"."""
    if job.state is JobState.FAILED and job.error is not None:
        return str(job.error)
    if job.state is not JobState.RUNNING:
        return STATE_WORDS[job.state]
    if not job.total:
        return job.note or STATE_WORDS[job.state]
    if job.total > 5_000_000:
        scale, unit = (1e9, "GB") if job.total >= 1e9 else (1e6, "MB")
        amount = f"{job.done / scale:.1f} of {job.total / scale:.1f} {unit}"
    else:
        amount = f"{job.done:,} of {job.total:,}"
    return f"{amount} · {job.note}" if job.note else amount


class JobRow(QWidget):
    """Shows the job that it is given last; its button asks for a stop, nothing stops here."""

    cancelled = Signal(str)
    """The job's id."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._id = ""
        self._title = ElidedLabel("", bold=True)
        self._words = Label("", TextSize.SMALL, "muted", wrap=True)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.stop = Button(theme, "Stop", Kind.QUIET, "stop")
        self.stop.clicked.connect(self._on_stop)
        words = QVBoxLayout()
        words.setSpacing(SPACE_1)
        words.addWidget(self._title)
        words.addWidget(self.bar)
        words.addWidget(self._words)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, SPACE_1, 0, SPACE_1)
        layout.setSpacing(SPACE_2)
        layout.addLayout(words, 1)
        layout.addWidget(self.stop)

    @property
    def words(self) -> str:
        return self._words.text()

    def show_job(self, job: JobStatus) -> None:
        self._id = job.id
        self._title.setText(job.title)
        self._words.setText(progress_words(job))
        self._words.set_tone(_TONES.get(job.state, "muted"))
        self.bar.setVisible(job.state in LIVE)
        if job.total:
            # Parts in a thousand: file sizes are beyond Qt's 32-bit range.
            self.bar.setRange(0, 1000)
            self.bar.setValue(min(1000, job.done * 1000 // job.total))
        else:
            self.bar.setRange(0, 0)
        self.bar.setAccessibleName(job.title)
        self.bar.setAccessibleDescription(self._words.text())
        self.stop.setVisible(job.state in LIVE)
        self.stop.setAccessibleName(f"Stop: {job.title}")

    def _on_stop(self) -> None:
        self.stop.setEnabled(False)
        self._words.setText("Stopping")
        self.cancelled.emit(self._id)
