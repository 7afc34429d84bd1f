"""Downloads of models in progress, for whoever shows them."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QObject, Signal

from agent_assist.domain.jobs import JobStatus
from agent_assist.domain.model import CatalogueEntry
from agent_assist.errors import ErrorInfo
from agent_assist.services.jobs import Job, JobContext
from agent_assist.ui.context import UiContext
from agent_assist.ui.popovers.job_row import LIVE


class Downloads(QObject):
    """Starts, follows and stops downloads by the name of the catalogue's entry; one at a time for each."""

    progressed = Signal(str, object)
    """(entry name, JobStatus) of a download under way."""
    finished = Signal(object)
    """The CatalogueEntry that is installed now."""
    failed = Signal(object, object)
    """(CatalogueEntry, ErrorInfo); a stopped one fails with the code `cancelled`."""

    def __init__(self, ui: UiContext, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._ui = ui
        self._jobs: dict[str, Job[Any]] = {}
        ui.bridge.job_changed.connect(self._on_job)

    def status(self, name: str) -> JobStatus | None:
        job = self._jobs.get(name)
        return job.status if job is not None else None

    def start(self, entry: CatalogueEntry) -> None:
        """Download in the background; nothing happens where that one is on its way already."""
        if entry.name in self._jobs:
            return
        models = self._ui.desk.models

        def work(context: JobContext) -> object:
            return models.pull(entry.name, progress=context.progress, cancel=context.cancel)

        def done(_: object) -> None:
            self._jobs.pop(entry.name, None)
            self.finished.emit(entry)

        def failed(error: ErrorInfo) -> None:
            self._jobs.pop(entry.name, None)
            self.failed.emit(entry, error)

        job = self._ui.bridge.submit(f"Download {entry.title}", work, done, failed)
        self._jobs[entry.name] = job
        self.progressed.emit(entry.name, job.status)

    def stop(self, name: str) -> None:
        """Stop; what was downloaded is kept, and the next start goes on from there."""
        if (job := self._jobs.get(name)) is not None:
            job.cancel()

    def _on_job(self, status: JobStatus) -> None:
        for name, job in self._jobs.items():
            if job.id == status.id and status.state in LIVE:
                self.progressed.emit(name, status)
