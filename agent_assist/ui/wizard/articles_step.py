"""Step 2: the articles that drafts rest on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFileDialog, QFrame, QHBoxLayout, QVBoxLayout, QWidget

from agent_assist.domain.jobs import JobStatus
from agent_assist.domain.knowledge import ImportReport, KnowledgeStats
from agent_assist.errors import ErrorInfo
from agent_assist.services.jobs import Job, JobContext
from agent_assist.ui.context import UiContext
from agent_assist.ui.pages.failures_panel import FailuresPanel
from agent_assist.ui.pages.file_drop import FileDrop
from agent_assist.ui.pages.knowledge_page import FILE_KINDS, import_sentence
from agent_assist.ui.popovers.job_row import LIVE, JobRow
from agent_assist.ui.tokens import SPACE_2, SPACE_4, TextSize, Tone
from agent_assist.ui.widgets.button import Button, Kind
from agent_assist.ui.widgets.label import Label
from agent_assist.ui.wizard.step import Step
from agent_assist.ui.words import count


class ArticlesStep(Step):
    """Imports as a job; the step can be left while it goes on."""

    title: ClassVar[str] = "Add your articles"
    note: ClassVar[str] = (
        "A draft says only what your articles say. They stay on this machine. You can add more at any time."
    )
    demo_requested = Signal()
    """Open the demo desk instead."""

    def __init__(self, ui: UiContext, parent: QWidget | None = None) -> None:
        super().__init__(ui, parent)
        self._job: Job[Any] | None = None
        self._held = 0
        self.add_files = Button(ui.theme, "Add files", Kind.SECONDARY, "plus")
        self.add_folder = Button(ui.theme, "Add a folder", Kind.SECONDARY, "folder")
        self.add_files.clicked.connect(self._on_files)
        self.add_folder.clicked.connect(self._on_folder)
        self.target = QFrame()
        self.target.setProperty("panel", "card")
        self.target.setMinimumHeight(150)
        self._fill_target()
        self.drop = FileDrop(ui.theme, self.target, "Drop them here")
        self.drop.dropped.connect(self.add)
        self.job_row = JobRow(ui.theme)
        self.job_row.hide()
        self.job_row.cancelled.connect(self._on_stop)
        self.result = Label("", wrap=True)
        self.failures = FailuresPanel(ui.theme)
        self.demo = Button(ui.theme, "Look at the demo desk first", Kind.LINK, "sparkle")
        self.demo.clicked.connect(self.demo_requested)
        self.demo.setVisible(not ui.desk.demo)
        for widget in (self.target, self.job_row, self.result, self.failures):
            self.body.addWidget(widget)
        self.body.addStretch(1)
        self.body.addWidget(self.demo, 0, Qt.AlignmentFlag.AlignLeft)
        ui.bridge.job_changed.connect(self._on_job)

    def _fill_target(self) -> None:
        layout = QVBoxLayout(self.target)
        layout.setContentsMargins(SPACE_4, SPACE_4, SPACE_4, SPACE_4)
        layout.addStretch(1)
        for label in (
            Label("Drop files or folders here", bold=True),
            Label("Markdown, HTML, text, PDF, DOCX, CSV or JSONL", TextSize.SMALL, "muted", wrap=True),
        ):
            label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            layout.addWidget(label)
        buttons = QHBoxLayout()
        buttons.setSpacing(SPACE_2)
        buttons.addStretch(1)
        buttons.addWidget(self.add_files)
        buttons.addWidget(self.add_folder)
        buttons.addStretch(1)
        layout.addSpacing(SPACE_2)
        layout.addLayout(buttons)
        layout.addStretch(1)

    @property
    def done(self) -> bool:
        return self._held > 0

    def enter(self) -> None:
        knowledge = self.ui.desk.knowledge
        self.ui.bridge.run(knowledge.stats, self._on_stats, self.banner.show_error, latest="wizard articles")

    def add(self, paths: Sequence[Path]) -> None:
        """Import in the background; the next step can be opened meanwhile."""
        if not paths or self._job is not None:
            return
        knowledge = self.ui.desk.knowledge
        name = paths[0].name if len(paths) == 1 else count(len(paths), "file")

        def work(context: JobContext) -> ImportReport:
            return knowledge.add(list(paths), progress=context.progress, cancel=context.cancel)

        self.add_files.setEnabled(False)
        self.add_folder.setEnabled(False)
        self._job = self.ui.bridge.submit(f"Add {name}", work, self._on_added, self._on_failed)
        self._on_job(self._job.status)

    def _end(self) -> None:
        self._job = None
        self.job_row.hide()
        self.job_row.stop.setEnabled(True)
        self.add_files.setEnabled(True)
        self.add_folder.setEnabled(True)
        self.enter()

    def _on_added(self, report: ImportReport) -> None:
        self._end()
        self.result.setText(import_sentence(report))
        self.result.set_tone(Tone.OK if report.added or report.changed else "muted")
        self.failures.show_failures(report.failed)

    def _on_failed(self, error: ErrorInfo) -> None:
        self._end()
        if error.code == "cancelled":
            self.result.setText("Stopped. What was added before stays.")
        else:
            self.banner.show_error(error)

    def _on_stats(self, stats: KnowledgeStats) -> None:
        self._held = stats.articles
        if stats.articles and not self.result.text():
            self.result.setText(f"{count(stats.articles, 'document')} already here.")
        self.changed.emit()

    def _on_files(self) -> None:
        chosen, _ = QFileDialog.getOpenFileNames(self, "Add files", "", FILE_KINDS)
        self.add([Path(name) for name in chosen])

    def _on_folder(self) -> None:
        if chosen := QFileDialog.getExistingDirectory(self, "Add a folder"):
            self.add([Path(chosen)])

    def _on_stop(self) -> None:
        if self._job is not None:
            self._job.cancel()

    def _on_job(self, status: JobStatus) -> None:
        if self._job is not None and status.id == self._job.id:
            self.job_row.show_job(status)
            self.job_row.setVisible(status.state in LIVE)
