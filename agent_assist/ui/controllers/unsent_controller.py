"""Keeps what the agent types: written down within a second, at every change of ticket, and at the end."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from PySide6.QtCore import QObject, QTimer

from agent_assist.domain.unsent import Unsent
from agent_assist.errors import ErrorInfo
from agent_assist.ui.context import UiContext
from agent_assist.ui.controllers.ticket_controller import TicketController
from agent_assist.ui.main_window import MainWindow
from agent_assist.ui.tokens import Tone
from agent_assist.ui.views.queue_model import Note

LONGEST_LOSS_MS = 1000
"""What was typed longer ago than this is on the disk."""
_NOTE = Note("not sent", Tone.ACCENT, "note")


class UnsentController(QObject):
    """What is typed survives a crash but for its last LONGEST_LOSS_MS milliseconds."""

    def __init__(self, ui: UiContext, window: MainWindow, tickets: TicketController) -> None:
        super().__init__(window)
        self._ui, self._window = ui, window
        self._panel = window.desk_view.draft
        self._changed: set[str] = set()
        self._kept: dict[str, Unsent] = {}
        """What was last handed over to be written, by ticket."""
        self._waiting: dict[str, Unsent] = {}
        self._writing = threading.Lock()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(LONGEST_LOSS_MS)
        self._timer.timeout.connect(self.flush)
        self._panel.words_changed.connect(self._on_changed)
        tickets.leaving.connect(lambda _: self.flush())
        ui.bridge.run(ui.desk.unsent.all, self._on_all, self._on_error)

    def flush(self) -> None:
        """Write down now, off the UI thread, what has changed."""
        if self._collect():
            self._ui.bridge.run(self._write, None, self._on_error)

    def close(self) -> None:
        """Write down what has changed before returning.  Raises WorkspaceProblem where that fails."""
        self._timer.stop()
        self._collect()
        self._write()

    def _on_changed(self, ticket_id: str) -> None:
        if not ticket_id:
            return
        self._changed.add(ticket_id)
        # Not put off by the next key: who types without a pause would have nothing kept.
        if not self._timer.isActive():
            self._timer.start()

    def _collect(self) -> bool:
        changed, self._changed = self._changed, set()
        for ticket_id in changed:
            unsent = self._panel.unsent_of(ticket_id)
            if self._kept.get(ticket_id) != unsent:
                self._kept[ticket_id] = self._waiting[ticket_id] = unsent
        return bool(self._waiting)

    def _write(self) -> None:
        """One at a time, so that what was typed last is what is written last."""
        with self._writing:
            while self._waiting:
                ticket_id, unsent = self._waiting.popitem()
                try:
                    self._ui.desk.unsent.save(unsent)
                except Exception:
                    self._waiting.setdefault(ticket_id, unsent)
                    raise

    def _on_all(self, kept: Sequence[Unsent]) -> None:
        for unsent in kept:
            self._window.desk_view.queue.show_note(unsent.ticket_id, _NOTE)

    def _on_error(self, error: ErrorInfo) -> None:
        self._window.desk_view.banner.show_error(error)
