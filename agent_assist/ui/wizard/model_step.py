"""Step 1: the model that came along is ready; a larger one may be downloaded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from PySide6.QtWidgets import QWidget

from agent_assist.domain.jobs import JobStatus
from agent_assist.domain.model import CatalogueEntry, ModelState, ModelStatus
from agent_assist.errors import ErrorInfo
from agent_assist.ui.context import UiContext
from agent_assist.ui.pages.downloads import Downloads
from agent_assist.ui.pages.memory import best_first, fits_here, memory_words
from agent_assist.ui.pages.model_rows import CatalogueModel, RunningModel
from agent_assist.ui.tokens import TextSize
from agent_assist.ui.widgets.card import Column
from agent_assist.ui.widgets.label import Label
from agent_assist.ui.wizard.step import Step

MOST = 4


class ModelStep(Step):
    """Done as soon as the model in use is ready; downloads go on when the step is left."""

    title: ClassVar[str] = "Pick a model"
    note: ClassVar[str] = (
        "It writes the drafts, here on your machine. The small one below came along and is ready now. "
        "A larger one writes better; you can go on while it downloads."
    )

    def __init__(self, ui: UiContext, parent: QWidget | None = None) -> None:
        super().__init__(ui, parent)
        self._status = ModelStatus()
        self.rows: dict[str, CatalogueModel] = {}
        self.downloads = Downloads(ui, self)
        self.downloads.progressed.connect(self._on_progress)
        self.downloads.finished.connect(self._on_finished)
        self.downloads.failed.connect(self._on_failed)
        self.running = RunningModel(ui.theme)
        self.running.rollback.hide()
        self._column = Column()
        self._column.body.addWidget(self.running)
        self._column.body.addWidget(Label(f"{memory_words()} These fit:", TextSize.SMALL, "muted", wrap=True))
        self.body.addWidget(self._column, 1)
        ui.bridge.model_changed.connect(self._on_model)
        models = ui.desk.models

        def read() -> tuple[Sequence[CatalogueEntry], set[str], ModelStatus]:
            return models.catalogue(), {record.name for record in models.records()}, models.status

        ui.bridge.run(read, self._show, self.banner.show_error)

    @property
    def done(self) -> bool:
        return self._status.state is ModelState.READY

    def _show(self, result: tuple[Sequence[CatalogueEntry], set[str], ModelStatus]) -> None:
        entries, installed, status = result
        self._on_model(status)
        fitting = [entry for entry in entries if fits_here(entry) and entry.name not in installed]
        for entry in best_first(fitting, status.backend)[:MOST]:
            row = CatalogueModel(self.ui.theme, entry, fits=True)
            row.pulled.connect(self.downloads.start)
            row.cancelled.connect(lambda _id, name=entry.name: self.downloads.stop(name))
            self.rows[entry.name] = row
            self._column.body.addWidget(row)
        self._column.body.addStretch(1)

    def _on_model(self, status: ModelStatus) -> None:
        self._status = status
        self.running.show_status(status)
        self.changed.emit()

    def _on_progress(self, name: str, status: JobStatus) -> None:
        if name in self.rows:
            self.rows[name].show_job(status)

    def _on_finished(self, entry: CatalogueEntry) -> None:
        """What was chosen here is what is used."""
        self.rows[entry.name].hide()
        models = self.ui.desk.models
        self.ui.bridge.run(lambda: models.use(entry.name), self._on_model, self.banner.show_error)

    def _on_failed(self, entry: CatalogueEntry, error: ErrorInfo) -> None:
        self.rows[entry.name].show_job(None)
        if error.code != "cancelled":
            self.banner.show_error(error, lambda: self.downloads.start(entry))
