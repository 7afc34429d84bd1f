"""One language model on the models page: running, installed, or to be downloaded."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLayout, QProgressBar, QVBoxLayout, QWidget

from agent_assist.domain.jobs import JobStatus
from agent_assist.domain.model import CatalogueEntry, ModelRecord, ModelState, ModelStatus
from agent_assist.ui.permission import allow
from agent_assist.ui.popovers.job_row import JobRow
from agent_assist.ui.theme import Theme
from agent_assist.ui.tokens import SPACE_1, SPACE_2, TextSize, Tone
from agent_assist.ui.widgets.button import Button, Kind
from agent_assist.ui.widgets.card import Card
from agent_assist.ui.widgets.chip import Tag
from agent_assist.ui.widgets.label import ElidedLabel, Label
from agent_assist.ui.words import BACKENDS, count, file_size, languages

_STATE = {
    ModelState.ABSENT: ("None chosen", Tone.ATTENTION),
    ModelState.LOADING: ("Loading", Tone.ACCENT),
    ModelState.READY: ("Ready", Tone.OK),
    ModelState.FAILED: ("Needs attention", Tone.DANGER),
}


class RunningModel(Card):
    """The model that drafts now: its state, where it runs, and why there."""

    rollback_requested = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self.setAccessibleName("The model in use")
        self._name = ElidedLabel("", bold=True)
        self.state = Tag()
        self._facts = Label("", TextSize.SMALL, "muted", wrap=True)
        self.reason = Label("", TextSize.SMALL, wrap=True, selectable=True)
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setRange(0, 100)
        self._bar.setAccessibleName("Loading the model")
        self.rollback = Button(theme, "Go back to the one before", Kind.QUIET, "undo")
        self.rollback.clicked.connect(self.rollback_requested)
        top = QHBoxLayout()
        top.setSpacing(SPACE_2)
        top.addWidget(self._name, 1)
        top.addWidget(self.state)
        self.body.addLayout(top)
        self.body.addWidget(self._bar)
        self.body.addWidget(self._facts)
        self.body.addWidget(self.reason)
        foot = QHBoxLayout()
        foot.addStretch(1)
        foot.addWidget(self.rollback)
        self.body.addLayout(foot)

    def show_status(self, status: ModelStatus) -> None:
        text, tone = _STATE[status.state]
        if status.state is ModelState.ABSENT and status.name:
            text, tone = "Not loaded yet", Tone.NEUTRAL
        self._name.setText(status.name or "No model")
        self.state.set(text, tone)
        self._bar.setVisible(status.state is ModelState.LOADING)
        self._bar.setValue(round(status.progress * 100))
        self._facts.setText(running_words(status))
        self._facts.setVisible(status.state is ModelState.READY)
        self.reason.setText(status.reason)
        self.reason.setVisible(bool(status.reason))


class InstalledModel(Card):
    """A model of the registry; its signals carry its name."""

    used = Signal(str)
    verified = Signal(str)
    removed = Signal(str)

    def __init__(self, theme: Theme, record: ModelRecord, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self.record = record
        self._why_not = ""
        self.setAccessibleName(f"Installed model {record.name}")
        self.use = Button(theme, "Use")
        self.verify = Button(theme, "Verify")
        self.verify.setToolTip("Compare the file with the checksum that was kept when it was added")
        self.remove = Button(theme, "Remove", Kind.QUIET, "trash")
        for button, signal in (
            (self.use, self.used),
            (self.verify, self.verified),
            (self.remove, self.removed),
        ):
            button.setAccessibleName(f"{button.text()} {record.name}")
            button.clicked.connect(lambda _=False, told=signal: told.emit(record.name))
        self.use.setVisible(not record.active)
        self.remove.setVisible(not record.active)
        top = QHBoxLayout()
        top.setSpacing(SPACE_2)
        top.addWidget(ElidedLabel(record.name, bold=True), 1)
        if record.adapter_path:
            top.addWidget(Tag("tuned", Tone.ACCENT))
        if record.active:
            top.addWidget(Tag("in use", Tone.OK))
        self.verdict = Label("", TextSize.SMALL, wrap=True)
        self.verdict.hide()
        self.body.addLayout(top)
        facts = (
            record.licence or "licence unknown",
            languages(record.languages),
            file_size(record.size_bytes),
        )
        self.body.addWidget(
            Label(" · ".join((*facts, source_words(record.source))), TextSize.SMALL, "muted", wrap=True)
        )
        self.body.addWidget(self.verdict)
        self.body.addLayout(_buttons(self.use, self.verify, self.remove))

    def say(self, sentence: str, tone: Tone | str = "muted") -> None:
        """The result of a check, under the facts."""
        self.verdict.setText(sentence)
        self.verdict.set_tone(tone)
        self.verdict.setVisible(bool(sentence))

    def set_busy(self, busy: bool) -> None:
        self.verify.setEnabled(not busy)
        for button in (self.use, self.remove):
            button.setEnabled(not busy and not self._why_not)

    def bar(self, why_not: str) -> None:
        """Disable what changes models, with the reason; "" enables it."""
        self._why_not = why_not
        for button in (self.use, self.remove):
            allow(button, why_not)


class CatalogueModel(Card):
    """A model that can be downloaded; its button gives way to the download's progress."""

    pulled = Signal(object)
    """domain.model.CatalogueEntry"""
    cancelled = Signal(str)
    """The job's id."""

    def __init__(
        self, theme: Theme, entry: CatalogueEntry, fits: bool, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent=parent)
        self.entry = entry
        self.setAccessibleName(f"Model to download: {entry.title}")
        top = QHBoxLayout()
        top.setSpacing(SPACE_2)
        top.addWidget(ElidedLabel(entry.title, bold=True), 1)
        memory = f"for {entry.memory_gb} GB of memory"
        top.addWidget(
            Tag(memory if fits else f"needs {entry.memory_gb} GB", Tone.NEUTRAL if fits else Tone.ATTENTION)
        )
        self.pull = Button(theme, f"Download {file_size(entry.size_bytes)}", Kind.SECONDARY, "download")
        self.pull.setAccessibleName(f"Download {entry.title}, {file_size(entry.size_bytes)}")
        self.pull.clicked.connect(lambda: self.pulled.emit(entry))
        self.progress = JobRow(theme)
        self.progress.cancelled.connect(self.cancelled)
        self.progress.hide()
        self.body.addLayout(top)
        facts = (entry.licence, languages(entry.languages), f"context {entry.context_tokens:,}")
        self.body.addWidget(Label(" · ".join(facts), TextSize.SMALL, "muted", wrap=True))
        if entry.note:
            self.body.addWidget(Label(entry.note, TextSize.SMALL, wrap=True))
        self.body.addLayout(_buttons(self.pull))
        self.body.addWidget(self.progress)

    def bar(self, why_not: str) -> None:
        """Disable the download, with the reason; "" enables it."""
        allow(self.pull, why_not)

    def show_job(self, job: JobStatus | None) -> None:
        """The download's progress instead of its button; None for no download."""
        self.pull.setVisible(job is None)
        self.progress.setVisible(job is not None)
        if job is None:
            self.progress.stop.setEnabled(True)
        else:
            self.progress.show_job(job)


def _buttons(*buttons: QWidget) -> QLayout:
    layout = QHBoxLayout()
    layout.setSpacing(SPACE_1)
    for button in buttons:
        layout.addWidget(button)
    layout.addStretch(1)
    return layout


def heading(text: str, note: str = "") -> QLayout:
    """The heading of a group of rows."""
    layout = QVBoxLayout()
    layout.setContentsMargins(0, SPACE_2, 0, 0)
    layout.setSpacing(2)
    layout.addWidget(Label(text, bold=True))
    if note:
        layout.addWidget(Label(note, TextSize.SMALL, "muted", wrap=True))
    return layout


def running_words(status: ModelStatus) -> str:
    """ "Processor · context 4,096 · 98 tokens/s · English"."""
    parts = [BACKENDS[status.backend]]
    if status.gpu_layers:
        parts.append(f"{status.gpu_layers} of {count(status.total_layers, 'layer')} on the GPU")
    if status.context_tokens:
        parts.append(f"context {status.context_tokens:,}")
    if status.tokens_per_second:
        parts.append(f"{status.tokens_per_second:.0f} tokens/s")
    parts.append(languages(status.languages))
    return " · ".join(parts)


def source_words(source: str) -> str:
    """Where a model came from: `package:…`, `hub:owner/repo/file` or a file."""
    kind, _, rest = source.partition(":")
    if kind == "package":
        return "came with Agent Assist"
    return f"from {rest.rsplit('/', 1)[0]}" if kind == "hub" and rest else "from a file"
