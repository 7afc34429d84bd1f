"""What runs in the background: progress, a way to stop it, and what failed."""

from __future__ import annotations

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QWidget

from agent_assist.domain.jobs import JobState, JobStatus
from agent_assist.ui.popovers.job_row import LIVE, JobRow
from agent_assist.ui.theme import Theme
from agent_assist.ui.widgets.label import Label
from agent_assist.ui.widgets.popover import Popover

KEPT = 5
"""Finished jobs that stay on the list, the newest ones."""


class JobsPopover(Popover):
    """Feed it every JobChanged, shown or not; `counted` carries how many jobs run."""

    cancelled = Signal(str)
    """A job's id."""
    counted = Signal(int)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__("Background work", parent, 360)
        self._theme = theme
        self._jobs: dict[str, JobStatus] = {}
        self.rows: dict[str, JobRow] = {}
        self.body.addWidget(Label("Background work", bold=True))
        self._nothing = Label("Nothing runs in the background.", tone="muted", wrap=True)
        self.body.addWidget(self._nothing)

    @property
    def running(self) -> int:
        return sum(job.state in LIVE for job in self._jobs.values())

    def on_job_changed(self, job: JobStatus) -> None:
        if not job.visible:
            return
        before = self.running
        if job.state is JobState.CANCELLED:
            self._drop(job.id)
        else:
            self._jobs[job.id] = job
            self._row(job.id).show_job(job)
            self._forget_old()
        self._nothing.setVisible(not self._jobs)
        if self.isVisible():
            # A new row has its size only after the layout has seen it.
            QTimer.singleShot(0, self, self.adjustSize)
        if self.running != before:
            self.counted.emit(self.running)

    def _row(self, job_id: str) -> JobRow:
        if job_id not in self.rows:
            row = JobRow(self._theme)
            row.cancelled.connect(self.cancelled)
            self.rows[job_id] = row
            self.body.addWidget(row)
        return self.rows[job_id]

    def _drop(self, job_id: str) -> None:
        self._jobs.pop(job_id, None)
        row = self.rows.pop(job_id, None)
        if row is not None:
            row.hide()
            row.deleteLater()

    def _forget_old(self) -> None:
        finished = [name for name, job in self._jobs.items() if job.state not in LIVE]
        for name in finished[:-KEPT]:
            self._drop(name)
