"""What the company knows: the list, adding and removing, and a try at the search."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QMenu, QSplitter, QWidget

from agent_assist.domain.access import Permission
from agent_assist.domain.jobs import JobStatus
from agent_assist.domain.knowledge import Article, Hit, ImportReport, KnowledgeStats
from agent_assist.domain.planted import HeldSentence
from agent_assist.errors import ErrorInfo
from agent_assist.services.jobs import Job, JobContext
from agent_assist.ui.context import UiContext
from agent_assist.ui.dialogs.article_dialog import ArticleDialog
from agent_assist.ui.pages.articles_model import ArticleRow, article_rows
from agent_assist.ui.pages.articles_panel import ArticlesPanel
from agent_assist.ui.pages.failures_panel import FailuresPanel
from agent_assist.ui.pages.file_drop import FileDrop
from agent_assist.ui.pages.held_panel import HeldPanel
from agent_assist.ui.pages.page import Page
from agent_assist.ui.pages.search_panel import SearchPanel
from agent_assist.ui.popovers.job_row import LIVE, JobRow
from agent_assist.ui.tokens import SPACE_3, Tone
from agent_assist.ui.widgets.button import Button, IconButton, Kind
from agent_assist.ui.words import count

FILE_KINDS = "Documents (*.md *.markdown *.txt *.html *.htm *.pdf *.docx *.csv *.jsonl);;All files (*)"
NARROW = 900
HITS = 8


@dataclass(frozen=True, slots=True)
class _Shown:
    rows: list[ArticleRow]
    stats: KnowledgeStats
    held: list[HeldSentence]
    why_not: str
    """Why the person may not approve what is held back; empty where they may."""


class KnowledgePage(Page):
    """Imports, removes and tries as jobs; a removal can be taken back while its notice is shown."""

    title: ClassVar[str] = "Knowledge"
    icon: ClassVar[str] = "book"

    def __init__(self, ui: UiContext, parent: QWidget | None = None) -> None:
        super().__init__(ui, parent)
        self._job: Job[Any] | None = None
        self._rows: list[ArticleRow] = []
        self._returning: list[ArticleRow] = []
        """Rows that are on their way back: shown at once, though encoding them takes a moment."""
        self.articles = ArticlesPanel(ui.theme)
        self.trial = SearchPanel(ui.theme)
        self.failures = FailuresPanel(ui.theme)
        self.held = HeldPanel(ui.theme)
        self.job_row = JobRow(ui.theme)
        self.job_row.hide()
        self._make_actions()
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.setHandleWidth(1)
        self.articles.setMinimumWidth(240)
        self.trial.setMinimumWidth(240)
        for panel, stretch in ((self.articles, 3), (self.trial, 2)):
            self.splitter.addWidget(panel)
            self.splitter.setStretchFactor(self.splitter.count() - 1, stretch)
        self.articles.outer.setContentsMargins(0, 0, SPACE_3, 0)
        self.trial.outer.setContentsMargins(SPACE_3, 0, 0, 0)
        self.body.addWidget(self.job_row)
        self.body.addWidget(self.failures)
        self.body.addWidget(self.held)
        self.body.addWidget(self.splitter, 1)
        self.setFocusProxy(self.articles.search)
        self.drop = FileDrop(ui.theme, self, "Drop files or folders to add them")
        self._connect()
        self.refresh()

    def _make_actions(self) -> None:
        self.add_files = Button(self.ui.theme, "Add files", Kind.PRIMARY, "plus")
        self.add_folder = Button(self.ui.theme, "Add a folder", Kind.SECONDARY, "folder")
        self.more = IconButton(self.ui.theme, "more", "More")
        menu = QMenu(self.more)
        self.rebuild_action = menu.addAction("Rebuild the search index")
        self.more.setMenu(menu)
        for button in (self.add_folder, self.add_files, self.more):
            self.tools.addWidget(button)

    def _connect(self) -> None:
        self.add_files.clicked.connect(self._on_add_files)
        self.add_folder.clicked.connect(self._on_add_folder)
        self.rebuild_action.triggered.connect(self.rebuild)
        self.drop.dropped.connect(self.add)
        self.articles.add_requested.connect(self._on_add_files)
        self.articles.opened.connect(lambda article: self.open_article(article))
        self.articles.remove_requested.connect(self.remove)
        self.trial.asked.connect(self._on_ask)
        self.trial.opened.connect(self._on_open_hit)
        self.held.approve_requested.connect(self.approve)
        self.held.article_requested.connect(self._on_open_held)
        self.job_row.cancelled.connect(self._on_stop)
        self.ui.bridge.job_changed.connect(self._on_job)
        self.ui.bridge.knowledge_changed.connect(self._on_knowledge)

    # --- reading ----------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Read the list, the figures and what is held back again."""
        knowledge, access = self.ui.desk.knowledge, self.ui.desk.access

        def read() -> _Shown:
            held = knowledge.held()
            why_not = access.why_not(Permission.APPROVE_ARTICLES) if access is not None and held else ""
            return _Shown(article_rows(knowledge.articles()), knowledge.stats(), held, why_not)

        self.ui.bridge.run(read, self._show, self.retrying(self.refresh), latest="knowledge")

    def _show(self, shown: _Shown) -> None:
        self._rows = shown.rows
        self._show_rows()
        self._show_stats(shown.stats)
        self.held.show_held(shown.held, shown.why_not)

    def _show_rows(self) -> None:
        held = {row.article.id for row in self._rows}
        self.articles.show_rows(
            [*self._rows, *(row for row in self._returning if row.article.id not in held)]
        )

    def _show_stats(self, stats: KnowledgeStats) -> None:
        parts = [count(stats.articles, "document"), count(stats.passages, "passage")]
        if stats.encoded < stats.passages:
            parts.append(f"{stats.passages - stats.encoded:,} still to be encoded")
        if stats.encoder:
            parts.append(f"search model {stats.encoder}")
        self.say_facts(" · ".join(parts))
        self.facts.setToolTip(f"Index: {stats.index_kind}" if stats.index_kind else "")

    # --- adding and removing ----------------------------------------------------------------------

    def add(self, paths: Sequence[Path]) -> None:
        """Import files and folders in the background."""
        if not paths:
            return
        knowledge = self.ui.desk.knowledge
        name = paths[0].name if len(paths) == 1 else count(len(paths), "file")

        def work(context: JobContext) -> ImportReport:
            return knowledge.add(list(paths), progress=context.progress, cancel=context.cancel)

        self._start(f"Add {name}", work, self._on_added)

    def rebuild(self) -> None:
        """Encode what has no vector yet and fill the index anew."""
        knowledge = self.ui.desk.knowledge

        def work(context: JobContext) -> None:
            knowledge.rebuild(progress=context.progress, cancel=context.cancel)

        self._start(
            "Rebuild the search index", work, lambda _: self.toast.say("The search index is rebuilt.")
        )

    def remove(self, articles: Sequence[Article]) -> None:
        """Remove at once; for a while the toast brings them back."""
        knowledge = self.ui.desk.knowledge
        removed = list(articles)
        name = f"“{removed[0].title}”" if len(removed) == 1 else count(len(removed), "document")

        def done(_: object) -> None:
            self.toast.say(f"{name} removed.", "Undo", lambda: self._bring_back(removed))
            self.refresh()

        self.ui.bridge.run(
            lambda: knowledge.remove([article.id for article in removed]), done, self.show_error
        )

    def _bring_back(self, articles: list[Article]) -> None:
        knowledge = self.ui.desk.knowledge

        def work(context: JobContext) -> ImportReport:
            return knowledge.add_articles(articles, progress=context.progress, cancel=context.cancel)

        self._returning = article_rows(articles)
        self._show_rows()
        self._start(f"Bring back {count(len(articles), 'document')}", work, self._on_added)

    def approve(self, sentences: Sequence[str]) -> None:
        """Let held-back sentences count; their articles are encoded again in the background."""
        knowledge, wanted = self.ui.desk.knowledge, list(sentences)
        said = f"{count(len(wanted), 'sentence')} approved."
        self._start(
            f"Approve {count(len(wanted), 'sentence')}",
            lambda _: knowledge.approve(wanted),
            lambda _: self.toast.say(said),
        )

    def _start(self, title: str, work: Any, done: Any) -> None:
        self.add_files.setEnabled(False)
        self.add_folder.setEnabled(False)

        def finished(result: Any) -> None:
            self._end()
            done(result)

        self._job = self.ui.bridge.submit(title, work, finished, self._on_failed)
        self._on_job(self._job.status)

    def _end(self) -> None:
        self._job = None
        self._returning = []
        self.job_row.hide()
        self.job_row.stop.setEnabled(True)
        self.add_files.setEnabled(True)
        self.add_folder.setEnabled(True)
        self.refresh()

    def _on_added(self, report: ImportReport) -> None:
        self.failures.show_failures(report.failed)
        self.toast.say(import_sentence(report), tone=Tone.ATTENTION if report.cancelled else Tone.OK)

    def _on_failed(self, error: ErrorInfo) -> None:
        self._end()
        if error.code == "cancelled":
            self.toast.say("Stopped. What was added before stays.", tone=Tone.NEUTRAL)
        else:
            self.show_error(error)

    # --- slots ------------------------------------------------------------------------------------

    def on_width(self, width: int) -> None:
        narrow = width < NARROW
        self.splitter.setOrientation(Qt.Orientation.Vertical if narrow else Qt.Orientation.Horizontal)
        self.articles.outer.setContentsMargins(0, 0, 0 if narrow else SPACE_3, SPACE_3 if narrow else 0)
        self.trial.outer.setContentsMargins(0 if narrow else SPACE_3, SPACE_3 if narrow else 0, 0, 0)
        self.articles.set_narrow(width < 560 or (not narrow and width < 1080))

    def _on_add_files(self) -> None:
        chosen, _ = QFileDialog.getOpenFileNames(self, "Add files", "", FILE_KINDS)
        self.add([Path(name) for name in chosen])

    def _on_add_folder(self) -> None:
        if chosen := QFileDialog.getExistingDirectory(self, "Add a folder"):
            self.add([Path(chosen)])

    def _on_stop(self) -> None:
        if self._job is not None:
            self._job.cancel()

    def _on_job(self, job: JobStatus) -> None:
        if self._job is not None and job.id == self._job.id:
            self.job_row.show_job(job)
            self.job_row.setVisible(job.state in LIVE)

    def _on_knowledge(self, stats: KnowledgeStats) -> None:
        self._show_stats(stats)
        if self._job is None:
            self.refresh()

    def _on_ask(self, words: str) -> None:
        retrieval, enough = self.ui.desk.retrieval, self.ui.desk.options.current.knowledge.minimum_evidence
        self.trial.show_busy()

        def failed(error: ErrorInfo) -> None:
            self.trial.show_failed()
            self.show_error(error)

        self.ui.bridge.run(
            lambda: retrieval.search(words, HITS),
            lambda hits: self.trial.show_hits(hits, enough),
            failed,
            latest="try the search",
        )

    def _on_open_hit(self, hit: Hit) -> None:
        self._open(hit.passage.article_id, hit)

    def _on_open_held(self, article_id: str) -> None:
        self._open(article_id)

    def _open(self, article_id: str, hit: Hit | None = None) -> None:
        knowledge = self.ui.desk.knowledge

        def show(article: Article | None) -> None:
            if article is not None:
                self.open_article(article, hit)

        self.ui.bridge.run(lambda: knowledge.article(article_id), show, self.show_error)

    def open_article(self, article: Article, hit: Hit | None = None) -> ArticleDialog:
        """Show an article, at the passage of `hit` where one is given."""
        dialog = ArticleDialog(self.ui.theme, article, hit.passage if hit else None, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()
        return dialog


def import_sentence(report: ImportReport) -> str:
    """What an import did, in one line."""
    counts = ((report.added, "added"), (report.changed, "changed"), (report.removed, "removed"))
    parts = [f"{number:,} {what}" for number, what in counts if number]
    if report.unchanged:
        parts.append(f"{report.unchanged:,} unchanged")
    if report.failed:
        parts.append(f"{len(report.failed):,} not readable")
    if report.held:
        parts.append(f"{count(report.held, 'sentence')} held back")
    text = ", ".join(parts) or "Nothing to add"
    return f"Stopped: {text}. What was added stays." if report.cancelled else f"{text}."


__all__ = ["KnowledgePage", "import_sentence"]
