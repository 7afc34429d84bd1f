"""What stands around the window: the list of background work, the tray icon."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject

from agent_assist.ui.context import UiContext
from agent_assist.ui.controllers.window_actions import WindowActions
from agent_assist.ui.main_window import MainWindow
from agent_assist.ui.popovers.jobs_popover import JobsPopover
from agent_assist.ui.tray import Tray


class Background(QObject):
    """Joins the jobs' popover and the tray icon with the window; `close` takes the icon away."""

    def __init__(self, ui: UiContext, window: MainWindow, actions: WindowActions) -> None:
        super().__init__(window)
        self._ui, self._window = ui, window
        self._prefetch = 0
        self.jobs = JobsPopover(ui.theme, window)
        self.jobs.cancelled.connect(self._on_cancel)
        ui.bridge.job_changed.connect(self.jobs.on_job_changed)
        window.status.jobs_wanted.connect(lambda: self.jobs.open_at(window.status))
        self.tray = Tray(ui.theme, self)
        self.tray.open_requested.connect(window.bring_to_front)
        self.tray.quit_requested.connect(window.close)
        self.tray.side_layout_requested.connect(lambda _: actions.toggle_side())
        self.tray.pause_requested.connect(self._on_pause)
        ui.bridge.draft_changed.connect(self.tray.on_draft_changed)
        ui.bridge.model_changed.connect(self.tray.on_model_changed)
        ui.bridge.customer_wrote.connect(self._on_customer_wrote)
        actions.side_changed.connect(self.tray.set_side_layout)
        self.tray.set_side_layout(window.side)
        self.tray.show()

    def close(self) -> None:
        self.tray.hide()

    def _on_customer_wrote(self, ticket_id: str, title: str, excerpt: str) -> None:
        if not self._window.isActiveWindow():  # who looks at the window sees the queue change
            self.tray.on_customer_wrote(ticket_id, title, excerpt)

    def _on_cancel(self, job_id: str) -> None:
        self._run(lambda: self._ui.desk.jobs.cancel(job_id))

    def _on_pause(self, paused: bool) -> None:
        """No drafts ahead while paused; the number set before comes back after."""
        current = self._ui.desk.options.current.reply.prefetch
        if paused and current:
            self._prefetch = current
        wanted = 0 if paused else (self._prefetch or 3)
        self._run(lambda: self._ui.desk.options.change({"reply.prefetch": wanted}))

    def _run(self, work: Callable[[], object]) -> None:
        self._ui.bridge.run(work)
