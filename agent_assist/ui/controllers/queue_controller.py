"""The queue: loads it, filters it, says how far drafts are, has the next ones drafted ahead."""

from __future__ import annotations

import time
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QFileDialog

from agent_assist.domain.suggestion import Draft
from agent_assist.domain.ticket import QueueFilter, TicketSummary
from agent_assist.services.jobs import JobContext
from agent_assist.ui import words
from agent_assist.ui.context import UiContext
from agent_assist.ui.main_window import MainWindow
from agent_assist.ui.tokens import Tone
from agent_assist.ui.views.queue_model import note_of

_BURST_MS = 120
_SHARE = 5
"""A list that takes long to read is read again so many times as late."""
_LONGEST_MS = 1500


class QueueController(QObject):
    """Keeps the list of tickets as the database has it; bursts of changes are read once."""

    loaded = Signal()
    """The rows on the screen are those of the last `load`."""

    def __init__(self, ui: UiContext, window: MainWindow) -> None:
        super().__init__(window)
        self._ui, self._window = ui, window
        self._view = window.desk_view.queue
        self._reload = QTimer(self)
        self._reload.setSingleShot(True)
        self._reload.setInterval(_BURST_MS)
        self._reload.timeout.connect(self.load)
        self._view.filter_changed.connect(lambda _: self.load())
        self._view.import_wanted.connect(self.import_tickets)
        ui.bridge.queue_changed.connect(self._reload.start)
        ui.bridge.draft_changed.connect(self._on_draft)

    def load(self) -> None:
        wanted: QueueFilter = self._view.filter

        def read() -> tuple[list[TicketSummary], float]:
            began = time.monotonic()
            return self._ui.desk.tickets.queue(wanted), 1000 * (time.monotonic() - began)

        self._ui.bridge.run(read, self._on_loaded, latest="queue")

    def prefetch_after(self, ticket_id: str) -> None:
        """Have the tickets below this one drafted while the agent reads."""
        ahead = self._view.model.ids_after(ticket_id, self._ui.desk.options.current.reply.prefetch)
        if ahead:
            self._ui.bridge.run(lambda: self._ui.desk.drafting.prefetch(ahead))

    def import_tickets(self) -> None:
        names, _ = QFileDialog.getOpenFileNames(
            self._window, "Import tickets", "", "Tickets (*.json *.jsonl);;All files (*)"
        )
        if names:
            self.import_files([Path(name) for name in names])

    def import_files(self, paths: list[Path]) -> None:
        def work(_context: JobContext) -> tuple[int, list[tuple[str, str]]]:
            return self._ui.desk.tickets.import_files(paths)

        self._ui.bridge.submit(
            "Import tickets", work, self._on_imported, self._window.desk_view.banner.show_error
        )

    def _on_loaded(self, read: tuple[list[TicketSummary], float]) -> None:
        summaries, took_ms = read
        # While thousands of tickets come in, the list is not read again all the time.
        self._reload.setInterval(int(min(max(_BURST_MS, _SHARE * took_ms), _LONGEST_MS)))
        self._view.show_tickets(summaries)
        self.loaded.emit()

    def _on_imported(self, result: tuple[int, list[tuple[str, str]]]) -> None:
        saved, failures = result
        self._window.status.say(f"{words.count(saved, 'ticket')} imported.")
        if failures:
            where, sentence = failures[0]
            more = f" And {len(failures) - 1:,} more." if len(failures) > 1 else ""
            title = f"{words.count(len(failures), 'row')} could not be read"
            self._window.desk_view.banner.show_message(
                Tone.ATTENTION, title, f"{where}: {sentence}{more}", closable=True
            )

    def _on_draft(self, draft: Draft) -> None:
        self._view.show_note(draft.ticket_id, note_of(draft))
