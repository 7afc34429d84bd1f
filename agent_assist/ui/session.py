"""One open workspace in one window: opens the desk, wires controllers and pages, closes in order."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QWidget

from agent_assist.domain.access import Permission
from agent_assist.domain.model import ModelStatus
from agent_assist.errors import AgentAssistError, ErrorInfo
from agent_assist.services.desk import Desk, DeskOpener
from agent_assist.ui import collecting
from agent_assist.ui.actions import Action, ActionRegistry
from agent_assist.ui.bridge import Bridge, info_of
from agent_assist.ui.context import UiContext
from agent_assist.ui.main_window import MainWindow
from agent_assist.ui.places import PLACES, Place, show_places
from agent_assist.ui.theme import Theme
from agent_assist.ui.tokens import Tone

if TYPE_CHECKING:
    from agent_assist.ui.parts import Controllers, DraftController


_SHOWN_ELSEWHERE = ("stale_thread", "delivery_uncertain")
"""What the outbox's own banner shows, with what can be done about it."""

PAINTED_MS = 40
"""After this the queue is on the screen, and painting the first ticket holds the window up by itself."""


class Session(QObject):
    """The window is on the screen at once; the desk opens behind it."""

    ready = Signal()
    closed = Signal()
    desk_wanted = Signal(object)
    """services.desk.DeskOpener of the desk that the person wants instead."""
    new_key_wanted = Signal(str, str)
    """The passphrase now and the new one: the workspace is to be encrypted under a new data key."""
    _opened = Signal(object)
    _failed = Signal(object)

    def __init__(
        self, theme: Theme, opener: DeskOpener, link: str = "", parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._theme, self._opener, self._link = theme, opener, link
        self.desk: Desk | None = None
        self.ui: UiContext | None = None
        self.controllers: Controllers | None = None
        self._told = False
        """The person knows that unsent text cannot be kept."""
        title = "Agent Assist · Demo desk" if opener.demo else "Agent Assist"
        self.window = MainWindow(theme, title)
        show_places(self.window.rail)
        for place in PLACES:
            self.window.rail.button(place.id).setEnabled(False)
        if opener.demo:
            self.window.show_demo()
        self.window.closing.connect(self._on_closing)
        self._opened.connect(self._on_opened)
        self._failed.connect(self._on_failed)

    @property
    def opener(self) -> DeskOpener:
        """What this session opened its desk with."""
        return self._opener

    # --- opening --------------------------------------------------------------------------------

    def start(self, desk: Desk | None = None) -> None:
        """Show the window; open the desk behind it unless it is open already."""
        collecting.pause()
        self.window.show()
        if desk is not None:
            self._on_opened(desk)
        else:
            self._open()

    def _open(self) -> None:
        def work() -> None:
            try:
                desk = self._opener.open()
            except Exception as error:
                self._failed.emit(info_of(error))
            else:
                self._opened.emit(desk)

        threading.Thread(target=work, name="open-desk", daemon=True).start()
        # After the first paint, and in this thread: Qt's classes are not made beside a running event loop.
        QTimer.singleShot(0, lambda: import_module("agent_assist.ui.parts"))

    def _on_failed(self, error: ErrorInfo) -> None:
        collecting.resume()
        view = self.window.desk_view
        view.queue.show_tickets([])
        view.banner.show_message(
            Tone.DANGER,
            error.title,
            f"{error.sentence} {error.remedy}".strip(),
            [("Try again", self._on_retry)],
        )

    def _on_retry(self) -> None:
        self.window.desk_view.banner.hide()
        self._open()

    def _on_opened(self, desk: Desk) -> None:
        from agent_assist.ui import parts

        self.desk = desk
        bridge = Bridge(desk.events, desk.jobs, self)
        ui = UiContext(desk, bridge, self._theme, ActionRegistry(self))
        self.ui = ui
        self._theme.set_options(desk.options.current.appearance)
        window = self.window
        tickets = parts.TicketController(ui, window)
        drafts = parts.DraftController(ui, window, tickets)
        self.controllers = parts.Controllers(
            parts.QueueController(ui, window), tickets, drafts, parts.ReplyController(ui, window, tickets)
        )
        self._safety = parts.SafetyController(ui, window, tickets)
        self.controllers.reply.held_back.connect(self._safety.show_why)
        self._companion = parts.CompanionController(ui, window, tickets, self.controllers.reply)
        self._links = parts.LinkController(ui, window, tickets, self._companion)
        self._outbox = parts.OutboxController(ui, window, tickets)
        self._feedback = parts.FeedbackController(ui, window, tickets)
        self._unsent = parts.UnsentController(ui, window, tickets)
        self._add_places(ui)
        if desk.demo:
            self._offer_own(ui)
        elif desk.keys is not None:
            ui.actions.add(
                Action("desk.rekey", "Encrypt the workspace anew", self.ask_rekey, (), "Window", icon="lock")
            )
        self._actions = parts.WindowActions(ui, window, self.controllers)
        self._background = parts.Background(ui, window, self._actions)
        self._background.tray.ticket_requested.connect(self._on_ticket_requested)
        self._connect(ui, bridge)
        self._fill(drafts)
        if desk.options.current.appearance.side_layout:
            window.set_side(True)
        if not desk.demo and not desk.options.current.first_run_done:
            self._first_run(ui)
        collecting.resume()
        self.ready.emit()

    def _first_run(self, ui: UiContext) -> None:
        from agent_assist.ui.wizard.first_run import FirstRun

        wizard = FirstRun(ui, self.window)
        wizard.ended.connect(self._on_first_run)
        wizard.demo_wanted.connect(lambda: self.desk_wanted.emit(self._opener.demo_desk()))
        wizard.open()

    def _offer_own(self, ui: UiContext) -> None:
        def leave() -> None:
            self.desk_wanted.emit(self._opener.own())

        ui.actions.add(Action("desk.own", "Set up your own desk", leave, (), "Window", icon="sparkle"))
        self.window.demo.acted.connect(leave)

    def ask_rekey(self) -> None:
        """Open the form that gives the workspace a new data key."""
        from agent_assist.ui.dialogs.rekey_dialog import RekeyDialog

        if self.ui is None or self.ui.desk.keys is None:
            return
        dialog = RekeyDialog(self.ui, self.ui.desk.keys, self.window)
        dialog.agreed.connect(self._on_rekey)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _on_rekey(self, passphrase: str, new_passphrase: str) -> None:
        if self._keep_words():
            self.new_key_wanted.emit(passphrase, new_passphrase)

    def _on_error(self, error: ErrorInfo) -> None:
        if error.code not in _SHOWN_ELSEWHERE:
            self.window.desk_view.banner.show_error(error)

    def _on_ticket_requested(self, ticket_id: str) -> None:
        """A notification was clicked."""
        self.window.bring_to_front()
        self.window.go_to("queue")
        if self.controllers is not None:
            self.controllers.tickets.open(ticket_id)

    def _on_first_run(self, ticket_id: str) -> None:
        if self.controllers is None:
            return
        self.controllers.queue.load()
        if ticket_id:
            self.controllers.tickets.open(ticket_id)

    def _connect(self, ui: UiContext, bridge: Bridge) -> None:
        window = self.window
        bridge.model_changed.connect(window.status.show_model)
        bridge.job_changed.connect(window.status.show_job)
        bridge.error_raised.connect(self._on_error)
        bridge.settings_changed.connect(lambda _: self._theme.set_options(ui.desk.options.current.appearance))
        window.status.model_wanted.connect(lambda: window.go_to("models"))

    def _fill(self, drafts: DraftController) -> None:
        if self.controllers is None or self.ui is None:
            return
        queue, tickets = self.controllers.queue, self.controllers.tickets
        queue.loaded.connect(lambda: QTimer.singleShot(PAINTED_MS, self._open_first))
        tickets.ticket_shown.connect(lambda ticket: queue.prefetch_after(ticket.id))
        queue.load()
        drafts.load_macros()
        desk = self.ui.desk
        self.ui.bridge.run(lambda: desk.models.status, self._on_model)

    def _on_model(self, status: ModelStatus) -> None:
        self.window.status.show_model(status)

    def _open_first(self) -> None:
        """Put a draft on the screen at once: the linked ticket, or the first of the queue."""
        if self.ui is None or self.controllers is None or self.controllers.tickets.wanted_id:
            return
        if self._link:
            self.open_link(self._link)
            self._link = ""
        elif not self._companion.following:
            self.window.desk_view.queue.open_first()

    def open_link(self, link: str) -> None:
        """Come to the front and open the ticket that the link leads to."""
        self.window.bring_to_front()
        if link and self.ui is not None:
            self._links.open_link(link)

    # --- places ---------------------------------------------------------------------------------

    def _add_places(self, ui: UiContext) -> None:
        if (access := ui.desk.access) is not None:
            # Reading the role takes a moment; the page itself and the service refuse, too.
            shown = self.window.rail.button("learning").setVisible
            ui.bridge.run(lambda: access.allows(Permission.TRAIN), shown)
        for place in PLACES:
            self.window.set_page(place.id, self._factory(place, ui))
            self.window.rail.button(place.id).setEnabled(True)
            title = f"Go to {place.title}"
            go = Action(f"go.{place.id}", title, self._goer(place.id), place.keys, "Window", icon=place.icon)
            ui.actions.add(go)
        queue = Action(
            "go.queue", "Go to the queue", self._goer("queue"), ("Ctrl+1",), "Window", icon="queue"
        )
        ui.actions.add(queue)

    def _goer(self, place: str) -> Callable[[], None]:
        return lambda: self._go(place)

    def _go(self, place: str) -> None:
        self.window.go_to(place)

    def _factory(self, place: Place, ui: UiContext) -> Callable[[], QWidget]:
        return lambda: place.make(ui, self.window)

    # --- closing --------------------------------------------------------------------------------

    def _on_closing(self, event: QCloseEvent) -> None:
        if self.desk is not None and not self._keep_words():
            event.ignore()
            return
        QTimer.singleShot(0, self, self.close)

    def _keep_words(self) -> bool:
        """Write down what was typed; False where that failed and the person has not been told yet."""
        try:
            self._unsent.close()
        except AgentAssistError as error:
            told, self._told = self._told, True
            if not told:
                self.window.desk_view.banner.show_message(
                    Tone.DANGER,
                    "What you typed could not be kept",
                    f"{error} Close again to quit without it.",
                )
            return told
        return True

    def close(self) -> None:
        """Stop listening, then close the desk."""
        desk = self._detach()
        if desk is not None:
            desk.close()
            self.closed.emit()

    def leave(self) -> threading.Thread:
        """Take the window away now and close the desk behind it, for another desk's window is there."""
        desk = self._detach()
        self.window.close()
        thread = threading.Thread(target=desk.close if desk is not None else None, name="close-desk")
        thread.start()
        return thread

    def _detach(self) -> Desk | None:
        if self.ui is not None:
            with suppress(AgentAssistError):  # told when the window was closed
                self._unsent.close()
            self._background.close()
            self._links.close()
            self._companion.close()
            self.ui.bridge.close()
            self.ui = None
        desk, self.desk = self.desk, None
        return desk
