"""Opens what a link, a page's address or the clipboard points to."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from uuid import uuid4

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QGuiApplication

from agent_assist.domain.ticket import Channel, Message, Role, Ticket
from agent_assist.errors import ErrorInfo
from agent_assist.services.helpdesks.links import Found, LinkService
from agent_assist.ui.actions import Action
from agent_assist.ui.context import UiContext
from agent_assist.ui.controllers.companion_controller import CompanionController
from agent_assist.ui.controllers.ticket_controller import TicketController
from agent_assist.ui.main_window import MainWindow
from agent_assist.ui.plain import one_line

LONGEST = 20_000
"""Characters of a copied message; what is longer is cut."""
_PAUSE_MS = 150
"""Programs change the clipboard several times for one copy."""
_LOOK_MS = 1000
"""macOS tells nobody of a copy in another program: there the clipboard is asked."""


class LinkController(QObject):
    """Resolves links with `LinkService`; the clipboard is read only while its option is on, or when asked
    for."""

    def __init__(
        self, ui: UiContext, window: MainWindow, tickets: TicketController, companion: CompanionController
    ) -> None:
        super().__init__(window)
        self._ui, self._window = ui, window
        self._tickets, self._companion = tickets, companion
        self._links = LinkService(ui.desk.tickets, ui.desk.connections)
        self._clipboard = QGuiApplication.clipboard()
        self._watching = False
        self._last = ""
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_PAUSE_MS)
        self._timer.timeout.connect(self._look)
        self._clock = QTimer(self)
        self._clock.setInterval(_LOOK_MS)
        self._clock.timeout.connect(self._look)
        window.status.clipboard_wanted.connect(self._stop_watching)
        ui.bridge.settings_changed.connect(lambda _: self._show())
        title, keys = "Open what was copied", ("Ctrl+Shift+O",)
        ui.actions.add(Action("tickets.copied", title, self.open_copied, keys, "Tickets", icon="copy"))
        self._show()

    def close(self) -> None:
        self._watch(False)

    # --- links -----------------------------------------------------------------------------------

    def open_link(self, link: str) -> None:
        """Open the ticket of a link; say so where there is none.  A link can do nothing else."""
        self._ui.bridge.run(lambda: self._links.find(link), self._on_link, self._on_error)

    def _on_link(self, found: Found | None) -> None:
        if found is None:
            self._window.status.say("That link leads to no ticket of a connected helpdesk.")
        else:
            self._open(found)

    def _open(self, found: Found) -> None:
        self._window.go_to("queue")
        if found.connection:
            self._companion.open_remote(found.connection, found.remote)
        else:
            self._tickets.open(found.ticket_id)

    # --- the clipboard ---------------------------------------------------------------------------

    def open_copied(self) -> None:
        """The agent's own wish: the ticket that was copied, or else a new one of the copied message."""
        text = self._clipboard.text()[:LONGEST].strip()
        if not text:
            self._window.status.say("There is no text on the clipboard.")
            return

        def work() -> Found:
            return self._links.find(text) or Found("", self._new_ticket(text))

        self._ui.bridge.run(work, self._open, self._on_error)

    def _new_ticket(self, text: str) -> str:
        message = Message(uuid4().hex, Role.CUSTOMER, text, datetime.now(UTC))
        identity = f"copied-{uuid4().hex[:8]}"
        ticket = Ticket(identity, (message,), one_line(text, 60), Channel.MESSAGING)
        self._ui.desk.tickets.save([ticket], "clipboard")
        return identity

    def _show(self) -> None:
        wanted = self._ui.desk.options.current.companion.watch_clipboard
        self._watch(wanted)
        self._window.status.show_clipboard(wanted)

    def _watch(self, wanted: bool) -> None:
        if wanted == self._watching:
            return
        self._watching = wanted
        if wanted:
            self._last = self._clipboard.text()[:LONGEST]  # what was copied before is not opened
            self._clipboard.dataChanged.connect(self._timer.start)
            if sys.platform == "darwin":
                self._clock.start()
        else:
            self._clipboard.dataChanged.disconnect(self._timer.start)
            self._timer.stop()
            self._clock.stop()
            self._last = ""

    def _stop_watching(self) -> None:
        options = self._ui.desk.options
        self._ui.bridge.run(
            lambda: options.change({"companion.watch_clipboard": False}), None, self._on_error
        )

    def _look(self) -> None:
        """Only while the watch is on; own copies are not looked at."""
        if not self._watching or self._clipboard.ownsClipboard():
            return
        text = self._clipboard.text()[:LONGEST]
        if text == self._last:
            return
        self._last = text
        self._ui.bridge.run(lambda: self._links.find(text), self._on_copied, self._on_error, latest="copied")

    def _on_copied(self, found: Found | None) -> None:
        if found is not None:
            self._window.status.say(f"Opened #{one_line(found.remote, 20)}, which you copied.")
            self._open(found)

    def _on_error(self, error: ErrorInfo) -> None:
        self._window.desk_view.banner.show_error(error)
