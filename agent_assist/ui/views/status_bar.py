"""The foot of the window: model, device, speed, work under way, and that nothing leaves the machine."""

from __future__ import annotations

from PySide6.QtCore import QSize, QTimer, Signal, SignalInstance
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from agent_assist.domain.jobs import JobState, JobStatus
from agent_assist.domain.model import ModelState, ModelStatus
from agent_assist.ui import icons, tokens, words
from agent_assist.ui.plain import tooltip
from agent_assist.ui.theme import Theme
from agent_assist.ui.tokens import TextSize, Tone
from agent_assist.ui.widgets.button import Button, Kind
from agent_assist.ui.widgets.label import ElidedLabel, Label
from agent_assist.ui.widgets.spinner import Spinner

_SAY_MS, _AT_ONCE_MS = 6000, 1000


def model_words(status: ModelStatus) -> tuple[str, Tone]:
    """What the bar says of the model."""
    match status.state:
        case ModelState.READY:
            parts = [status.name, words.BACKENDS[status.backend]]
            if status.tokens_per_second:
                parts.append(f"{status.tokens_per_second:.0f} tokens/s")
            return " · ".join(parts), Tone.OK
        case ModelState.LOADING:
            share = f" {words.percent(status.progress)}" if status.progress else ""
            return f"Loading {status.name}…{share}", Tone.NEUTRAL
        case ModelState.FAILED:
            return "The model could not be loaded", Tone.DANGER
    return "No model", Tone.ATTENTION


class StatusBar(QWidget):
    """Shows what events tell; a sentence of `say` goes away by itself."""

    model_wanted = Signal()
    jobs_wanted = Signal()
    followed_wanted = Signal()
    """Show the ticket that is open in the browser."""
    clipboard_wanted = Signal()
    """Stop reading the clipboard."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme, self._tone = theme, Tone.NEUTRAL
        self._jobs: dict[str, JobStatus] = {}
        self.setProperty("panel", "sunken")
        self.setAccessibleName("Status")
        self._message = ElidedLabel("", TextSize.SMALL, "muted")
        self._last = ""
        self._quiet = QTimer(self)
        self._quiet.setSingleShot(True)
        self._quiet.timeout.connect(lambda: self._message.setText(""))
        self._spinner = Spinner(theme, 12)
        self._work = Button(theme, "", Kind.LINK)
        self._work.setProperty("textSize", "small")
        self._work.clicked.connect(self.jobs_wanted)
        self._compact = False
        self._links: dict[Button, tuple[str, str]] = {}
        """What each says, and in short."""
        self._followed = self._link("web", self.followed_wanted)
        self._clipboard = self._link("copy", self.clipboard_wanted)
        self._dot = QLabel()
        self._model = Button(theme, "No model", Kind.LINK)
        self._model.setProperty("textSize", "small")
        self._model.clicked.connect(self.model_wanted)
        self._lock = QLabel()
        self._local = Label("Local", TextSize.SMALL, "muted")
        self._local.setToolTip("Drafts are made on this machine. Nothing is sent anywhere else.")
        row = QHBoxLayout(self)
        row.setContentsMargins(tokens.SPACE_3, 2, tokens.SPACE_3, 2)
        row.setSpacing(tokens.SPACE_1)
        row.addWidget(self._message, 1)
        for widget in (
            self._followed, self._clipboard, self._spinner, self._work, self._dot, self._model
        ):  # fmt: skip
            row.addWidget(widget)
        row.addSpacing(tokens.SPACE_2)
        row.addWidget(self._lock)
        row.addWidget(self._local)
        theme.changed.connect(self._tint)
        self._show_jobs()
        self._model.setText("Opening…")
        self._tint()

    def say(self, sentence: str) -> None:
        """A sentence that goes away by itself; behind the one that was said in the same moment.

        What a key did and what became of the feedback are told by two services, in any order.
        """
        at_once = self._quiet.isActive() and _SAY_MS - self._quiet.remainingTime() < _AT_ONCE_MS
        before = self._last if at_once and self._last != sentence else ""
        self._last = sentence
        self._message.setText(f"{before} {sentence}".strip())
        self._quiet.start(_SAY_MS)

    @property
    def said(self) -> str:
        return self._message.text()

    def show_model(self, status: ModelStatus) -> None:
        text, self._tone = model_words(status)
        self._model.setText(text)
        self._model.setAccessibleName(f"Model: {text}")
        self._model.setToolTip(tooltip(status.reason))
        self._tint()

    def show_job(self, job: JobStatus) -> None:
        if job.visible and job.state in (JobState.WAITING, JobState.RUNNING):
            self._jobs[job.id] = job
        else:
            self._jobs.pop(job.id, None)
        self._show_jobs()

    def show_followed(self, text: str, tip: str = "", short: str = "") -> None:
        """What is open in the browser; an empty `text` where no browser is connected."""
        self._show_link(self._followed, text, tip, short)

    def show_clipboard(self, watched: bool) -> None:
        """Say for as long as it is so that the clipboard is read."""
        tip = "Tickets whose number or address you copy are opened. Press to stop."
        self._show_link(self._clipboard, "Reading the clipboard" if watched else "", tip)

    def _link(self, icon: str, pressed: SignalInstance) -> Button:
        button = Button(self._theme, "", Kind.LINK, icon)
        button.setProperty("textSize", "small")
        button.setIconSize(QSize(12, 12))
        button.clicked.connect(pressed)
        button.hide()
        return button

    def _show_link(self, button: Button, text: str, tip: str, short: str = "") -> None:
        self._links[button] = (text, short)
        button.setAccessibleName(text)
        button.setToolTip(tooltip(tip))
        button.setVisible(bool(text))
        self._fit_links()

    def _fit_links(self) -> None:
        """In the narrow window only what stands for them: the sentence beside them needs the room."""
        for button, (text, short) in self._links.items():
            shown = short if self._compact else text
            button.setText(f"\u2009{shown}" if shown else "")

    def set_compact(self, compact: bool) -> None:
        self._compact = compact
        self._fit_links()
        self._local.setVisible(not compact)
        self._model.setVisible(not compact)

    def _show_jobs(self) -> None:
        running = list(self._jobs.values())
        self._spinner.setVisible(bool(running))
        self._work.setVisible(bool(running))
        if not running:
            return
        job = running[0]
        share = f" {words.percent(job.done / job.total)}" if job.total else ""
        more = f" and {len(running) - 1} more" if len(running) > 1 else ""
        self._work.setText(f"{job.title}{share}{more}")
        self._work.setAccessibleName(f"Under way: {job.title}{share}{more}")

    def _tint(self) -> None:
        shape = {Tone.OK: "check-circle", Tone.ATTENTION: "triangle", Tone.DANGER: "octagon"}.get(
            self._tone, "clock"
        )
        self._dot.setPixmap(icons.pixmap(shape, self._theme.tone(self._tone), 12))
        self._lock.setPixmap(icons.pixmap("lock", self._theme.colours.muted, 12))
