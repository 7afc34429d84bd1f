"""The language models: the one in use, those on this machine, and those that can be downloaded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

from PySide6.QtWidgets import QFileDialog, QVBoxLayout, QWidget

from agent_assist.domain.access import Permission
from agent_assist.domain.jobs import JobStatus
from agent_assist.domain.model import Backend, CatalogueEntry, ModelRecord, ModelStatus
from agent_assist.errors import AgentAssistError, ErrorInfo
from agent_assist.ui.context import UiContext
from agent_assist.ui.dialogs.add_model_dialog import AddModelDialog, NewModel
from agent_assist.ui.pages.downloads import Downloads
from agent_assist.ui.pages.memory import best_first, fits_here, memory_words
from agent_assist.ui.pages.model_rows import CatalogueModel, InstalledModel, RunningModel, heading
from agent_assist.ui.pages.page import Page
from agent_assist.ui.permission import allow, barred
from agent_assist.ui.tokens import SPACE_2, Tone
from agent_assist.ui.widgets.button import Button, Kind
from agent_assist.ui.widgets.card import READING_WIDTH, Column, clear


@dataclass(frozen=True, slots=True)
class _Shown:
    records: Sequence[ModelRecord]
    catalogue: Sequence[CatalogueEntry]
    status: ModelStatus
    why_not: str
    """Why the person may not change models; empty where they may."""


class ModelsPage(Page):
    """What it shows is read again after each change; loading, verifying and downloading are jobs."""

    title: ClassVar[str] = "Models"
    icon: ClassVar[str] = "chip"
    widest: ClassVar[int] = READING_WIDTH

    def __init__(self, ui: UiContext, parent: QWidget | None = None) -> None:
        super().__init__(ui, parent)
        self.installed: dict[str, InstalledModel] = {}
        self.catalogue: dict[str, CatalogueModel] = {}
        self.downloads = Downloads(ui, self)
        self.downloads.progressed.connect(self._on_progress)
        self.downloads.finished.connect(self._on_pulled)
        self.downloads.failed.connect(self._on_pull_failed)
        self.add_file = Button(ui.theme, "Add a file", Kind.SECONDARY, "plus")
        self.add_file.clicked.connect(self._on_add_file)
        self.tools.addWidget(self.add_file)
        self.say_facts(memory_words())
        self.running = RunningModel(ui.theme)
        self.running.rollback_requested.connect(self._on_rollback)
        column = Column()
        self._installed = QVBoxLayout()
        self._available = QVBoxLayout()
        for layout in (self._installed, self._available):
            layout.setSpacing(SPACE_2)
        column.body.addWidget(self.running)
        column.body.addLayout(heading("On this machine"))
        column.body.addLayout(self._installed)
        column.body.addLayout(
            heading(
                "To download", "Downloads are checked before they are used, and resume where they stopped."
            )
        )
        column.body.addLayout(self._available)
        column.body.addStretch(1)
        self.body.addWidget(column)
        self.setFocusProxy(self.add_file)
        ui.bridge.model_changed.connect(self._on_model_changed)
        self._state = self._why_not = ""
        self._backend = Backend.CPU
        self.refresh()

    # --- reading ------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Read what is installed and what there is."""
        desk, models = self.ui.desk, self.ui.desk.models

        def read() -> _Shown:
            why_not = barred(desk, Permission.CHANGE_MODELS)
            return _Shown(models.records(), models.catalogue(), models.status, why_not)

        self.ui.bridge.run(
            read,
            self._show,
            self.retrying(self.refresh),
            latest="models",
        )

    def _show(self, shown: _Shown) -> None:
        active = next((record.name for record in shown.records if record.active), "")
        self._show_status(replace(shown.status, name=shown.status.name or active))
        self._why_not = shown.why_not
        for button in (self.add_file, self.running.rollback):
            allow(button, shown.why_not)
        self.say_facts(" ".join(filter(None, (memory_words(), shown.why_not))))
        clear(self._installed)
        self.installed = {}
        for record in sorted(shown.records, key=lambda r: (not r.active, r.name)):
            row = InstalledModel(self.ui.theme, record)
            row.used.connect(self._on_use)
            row.verified.connect(self._on_verify)
            row.removed.connect(self._on_remove)
            row.bar(shown.why_not)
            self.installed[record.name] = row
            self._installed.addWidget(row)
        self.running.rollback.setVisible(len(shown.records) > 1)
        self._show_catalogue([entry for entry in shown.catalogue if entry.name not in self.installed])

    def _show_catalogue(self, entries: list[CatalogueEntry]) -> None:
        clear(self._available)
        self.catalogue = {}
        for entry in best_first(entries, self._backend):
            row = CatalogueModel(self.ui.theme, entry, fits_here(entry))
            row.pulled.connect(self.pull)
            row.cancelled.connect(lambda _id, name=entry.name: self.downloads.stop(name))
            row.bar(self._why_not)
            self.catalogue[entry.name] = row
            self._available.addWidget(row)
            if (status := self.downloads.status(entry.name)) is not None:
                row.show_job(status)

    def _show_status(self, status: ModelStatus) -> None:
        self._backend = status.backend
        self.running.show_status(status)

    # --- changing -----------------------------------------------------------------------------------

    def pull(self, entry: CatalogueEntry) -> None:
        """Download a model in the background; its row shows the progress."""
        self.downloads.start(entry)

    def _on_progress(self, name: str, status: JobStatus) -> None:
        if (row := self.catalogue.get(name)) is not None:
            row.show_job(status)

    def _on_pulled(self, entry: CatalogueEntry) -> None:
        self.toast.say(f"{entry.title} is ready.", "Use it", lambda: self._on_use(entry.name))
        self.refresh()

    def _on_pull_failed(self, entry: CatalogueEntry, error: ErrorInfo) -> None:
        if (row := self.catalogue.get(entry.name)) is not None:
            row.show_job(None)
        if error.code == "cancelled":
            self.toast.say("Stopped. The next download goes on from here.", tone=Tone.NEUTRAL)
        else:
            self.banner.show_error(error, lambda: self.pull(entry))

    def _change(self, name: str, work: Any, said: str) -> None:
        """Run a short change of one installed model, with its row busy meanwhile."""
        row = self.installed.get(name)
        if row is not None:
            row.set_busy(True)

        def done(_: object) -> None:
            self.toast.say(said)
            self.refresh()

        def failed(error: ErrorInfo) -> None:
            if row is not None and self.installed.get(name) is row:
                row.set_busy(False)
            self.show_error(error)

        self.ui.bridge.run(work, done, failed)

    def _on_use(self, name: str) -> None:
        models = self.ui.desk.models
        self._change(name, lambda: models.use(name), f"{name} writes the drafts now.")

    def _on_remove(self, name: str) -> None:
        """A downloaded file is deleted with its model, so that is asked first."""
        if self.installed[name].record.source.startswith("hub:"):
            self.banner.show_message(
                Tone.ATTENTION,
                f"Remove {name}?",
                "Its file is deleted. You can download it again.",
                [("Remove", lambda: self._remove(name))],
                closable=True,
            )
        else:
            self._remove(name)

    def _remove(self, name: str) -> None:
        models = self.ui.desk.models
        self.banner.hide()
        self._change(name, lambda: models.remove(name), f"{name} removed.")

    def _on_rollback(self) -> None:
        models = self.ui.desk.models

        def done(_: object) -> None:
            self.toast.say("The model before this one writes the drafts again.")
            self.refresh()

        self.ui.bridge.run(models.rollback, done, self.show_error)

    def _on_verify(self, name: str) -> None:
        models = self.ui.desk.models
        row = self.installed[name]
        row.set_busy(True)
        row.say("Reading the file…")

        def settle(sentence: str, tone: Tone) -> None:
            if self.installed.get(name) is row:
                row.set_busy(False)
                row.say(sentence, tone)

        def done(results: list[tuple[ModelRecord, AgentAssistError | None]]) -> None:
            broken = next((error for _, error in results if error is not None), None)
            if broken is None:
                settle("The file is whole.", Tone.OK)
            else:
                settle(str(broken), Tone.DANGER)

        self.ui.bridge.run(lambda: models.verify(name), done, lambda error: settle(str(error), Tone.DANGER))

    def _on_add_file(self) -> None:
        chosen, _ = QFileDialog.getOpenFileName(
            self, "Add a model file", "", "GGUF models (*.gguf);;All files (*)"
        )
        if chosen:
            self.ask_about(Path(chosen))

    def ask_about(self, path: Path) -> AddModelDialog:
        """Ask for the name, licence and languages of a file, then add it."""
        dialog = AddModelDialog(self.ui.theme, path, self)
        dialog.chosen.connect(self._add)
        dialog.open()
        return dialog

    def _add(self, new: NewModel) -> None:
        models = self.ui.desk.models

        def done(_: object) -> None:
            self.toast.say(f"{new.name} added.", "Use it", lambda: self._on_use(new.name))
            self.refresh()

        self.ui.bridge.run(
            lambda: models.add(new.path, new.name, licence=new.licence, languages=new.languages),
            done,
            self.show_error,
        )

    # --- slots --------------------------------------------------------------------------------------

    def _on_model_changed(self, status: ModelStatus) -> None:
        self._show_status(status)
        settled = f"{status.name} {status.state}"
        if settled != self._state:
            self._state = settled
            self.refresh()
