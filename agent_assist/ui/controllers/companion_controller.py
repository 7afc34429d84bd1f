"""Follows the ticket that is open in the browser, and puts the accepted reply into its page.

Nothing here brings the window to the front: the agent is in the browser.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QGuiApplication

from agent_assist.domain.companion import (
    FromBrowser,
    Hello,
    Mode,
    PageLeft,
    PageShown,
    PutOutcome,
    Result,
    Sites,
)
from agent_assist.domain.feedback import Action
from agent_assist.domain.helpdesk import remote_id, ticket_id
from agent_assist.domain.ticket import Ticket
from agent_assist.errors import BadInput, ErrorInfo
from agent_assist.services.helpdesks.companion import CompanionService, Put, TicketPage
from agent_assist.settings import SendKey
from agent_assist.ui.companion_link import CompanionLink
from agent_assist.ui.context import UiContext
from agent_assist.ui.controllers.reply_controller import ReplyController
from agent_assist.ui.controllers.ticket_controller import TicketController
from agent_assist.ui.main_window import MainWindow
from agent_assist.ui.plain import one_line
from agent_assist.ui.tokens import Tone

T = TypeVar("T")
ANSWER_MS = 40_000
"""A browser that has not said by then what became of a text will not say it."""
_NOT_PUT = {
    PutOutcome.OCCUPIED: (
        "The reply box in your browser holds other text",
        "Nothing was changed there.",
    ),
    PutOutcome.NOTE: (
        "The reply box in your browser is set to an internal note",
        "Nothing was changed. Set it to a reply there, then press Ctrl+I again.",
    ),
    PutOutcome.NO_BOX: (
        "No reply box was found on the page",
        "The reply is on the clipboard: paste it where it belongs.",
    ),
    PutOutcome.OTHER_TICKET: (
        "Your browser shows another ticket by now",
        "Nothing was put into it. Open this ticket there, then try again.",
    ),
    PutOutcome.GONE: (
        "The ticket's page is closed",
        "Nothing was put into it. Open this ticket in your browser, then try again.",
    ),
    PutOutcome.UNCERTAIN: (
        "Look at the reply box in your browser",
        "The page took the text, but does not show it as it is here.",
    ),
}
_NO_ANSWER = ("Your browser did not answer", "Look at its reply box before you send anything there.")


class CompanionController(QObject):
    """Between the companion's link and the window; on the demo desk it does not listen."""

    def __init__(
        self, ui: UiContext, window: MainWindow, tickets: TicketController, reply: ReplyController
    ) -> None:
        super().__init__(window)
        self._ui, self._window, self._tickets = ui, window, tickets
        self._view = window.desk_view
        self.service = CompanionService(ui.desk.connections)
        self.link = CompanionLink(ui.desk.folder, self)
        self._wanted = ""
        """The ticket of the browser that is to be shown, also while it is still fetched."""
        self._chosen_before = ""
        """What was on its way to the screen when the browser's ticket was asked for."""
        self._confirmed: dict[str, frozenset[str]] = {}
        reply.page = self
        self.link.arrived.connect(self._on_arrived)
        self.link.joined.connect(lambda _: self._show())
        self.link.lost.connect(self._on_lost)
        window.status.followed_wanted.connect(self._on_followed_wanted)
        tickets.ticket_shown.connect(self._on_ticket_shown)
        ui.bridge.ticket_followed.connect(self._on_ticket_followed)
        ui.bridge.connections_changed.connect(self._tell_sites)
        ui.bridge.settings_changed.connect(lambda _: self._show())
        if not ui.desk.demo:
            # The demo desk has no helpdesk, and must not answer for the person's own one.
            self.link.listen()
        self._tell_sites()

    def close(self) -> None:
        self.link.close()

    # --- what the reply controller asks ----------------------------------------------------------

    @property
    def following(self) -> bool:
        """Whether the browser has said which ticket is to be shown."""
        return bool(self._wanted)

    def is_open(self, ticket_id: str) -> bool:
        """Whether the ticket's page is open in a browser."""
        return self.service.page_of(ticket_id) is not None

    def takes_send_key(self, ticket_id: str) -> bool:
        """Whether the send key puts this ticket's reply into its page."""
        key = self._ui.desk.options.current.companion.send_key
        return key is SendKey.PAGE and self.service.has_pages(remote_id(ticket_id)[0])

    def put(
        self,
        ticket_id: str,
        text: str,
        suggestion_id: str,
        confirmed: frozenset[str] = frozenset(),
        mode: Mode = Mode.FILL,
    ) -> None:
        """Put the reply into the page; what becomes of it is said."""
        try:
            peer, message = self.service.insert(ticket_id, text, suggestion_id, mode)
        except BadInput as error:
            self._view.banner.show_error(error.info)
            return
        self._confirmed[message.request] = confirmed
        self.link.send(peer, message)
        self._window.status.say("Putting the reply into your browser…")
        answered = Result(message.request, PutOutcome.GONE)
        QTimer.singleShot(ANSWER_MS, self, lambda: self._on_no_answer(peer, answered))

    # --- what the browser says -------------------------------------------------------------------

    def _on_arrived(self, peer: int, message: FromBrowser) -> None:
        match message:
            case Hello():
                self._run(self.service.sites, lambda sites: self._answer_hello(peer, sites))
            case PageShown():
                page = self.service.shown(peer, message)
                if page is not None:
                    self._follow(page)
            case PageLeft():
                self.service.left(peer, message)
            case Result():
                put = self.service.result(peer, message)
                if put is not None:
                    self._on_put(put)
        self._show()

    def _answer_hello(self, peer: int, sites: Sites) -> None:
        self.link.send(peer, sites)
        self._show()

    def _on_lost(self, peer: int) -> None:
        for put in self.service.lost(peer):
            self._say_not_put(put, _NO_ANSWER)
        self._show()

    def _tell_sites(self) -> None:
        def done(sites: Sites) -> None:
            self.link.send_all(sites)
            self._show()

        self._run(self.service.sites, done)

    # --- following -------------------------------------------------------------------------------

    def _follow(self, page: TicketPage) -> None:
        if not self._ui.desk.options.current.companion.follow:
            return
        self._wanted = page.ticket_id
        self.open_remote(page.shown.connection, page.shown.ticket)

    def open_remote(self, connection: str, remote: str) -> None:
        """Show a ticket of a helpdesk by the helpdesk's own id, fetching it where it is not here yet."""
        desk = self._ui.desk
        local = ticket_id(connection, remote)
        self._wanted, self._chosen_before = local, self._tickets.wanted_id
        sync = desk.sync

        def known() -> bool:
            return desk.tickets.get(local) is not None

        def go_on(here: bool) -> None:
            if here:
                self._on_ticket_followed(local)
            if sync is not None and here:
                self._run(lambda: sync.opened(connection, remote))
            elif sync is not None:
                self._window.status.say(f"Fetching #{one_line(remote, 20)} from your helpdesk…")
                self._ui.bridge.submit(
                    "Fetch the ticket",
                    lambda _: sync.opened(connection, remote),
                    on_error=self._on_error,
                    priority=-1,
                    visible=False,
                )

        self._run(known, go_on)

    def _on_ticket_followed(self, ticket_id: str) -> None:
        if ticket_id != self._wanted:
            return  # the agent has gone on to another one meanwhile
        self._window.go_to("queue")
        if ticket_id != self._tickets.current_id:
            self._tickets.open(ticket_id)

    def _on_ticket_shown(self, ticket: Ticket) -> None:
        if ticket.id not in (self._wanted, self._chosen_before):
            self._wanted = ""  # the agent chose another one: what is still fetched does not take its place
        self._show()

    def _on_followed_wanted(self) -> None:
        if (front := self.service.front) is not None:
            self.open_remote(front.shown.connection, front.shown.ticket)

    # --- texts -----------------------------------------------------------------------------------

    def _on_put(self, put: Put) -> None:
        confirmed = self._confirmed.pop(put.request, frozenset())
        if put.outcome in (PutOutcome.INSERTED, PutOutcome.APPENDED):
            self._on_done(put, confirmed)
        elif put.outcome is PutOutcome.OCCUPIED:
            title, text = _NOT_PUT[PutOutcome.OCCUPIED]
            below = ("Put it below", lambda: self._append(put, confirmed))
            leave = ("Leave it", self._view.banner.hide)
            self._view.banner.show_message(Tone.ATTENTION, title, text, [below, leave])
        elif put.outcome is not None:
            self._say_not_put(put, _NOT_PUT[put.outcome])

    def _on_done(self, put: Put, confirmed: frozenset[str]) -> None:
        where = "Below what stood there" if put.outcome is PutOutcome.APPENDED else "In the reply box"
        self._window.status.say(f"{where}. Send it there.")
        document = self._view.draft.document_of(put.ticket_id)
        if document.text.strip() == put.text.strip():
            document.mark_used()
            self._view.draft.words_changed.emit(put.ticket_id)
        self._ui.bridge.run(lambda: self._record(put, confirmed), None, self._on_error)

    def _record(self, put: Put, confirmed: frozenset[str]) -> None:
        self._ui.desk.unsent.forget(put.ticket_id)
        if put.suggestion_id:
            self._ui.desk.feedback.decide(
                put.suggestion_id, put.text, Action.INSERTED, confirmed=sorted(confirmed)
            )

    def _append(self, put: Put, confirmed: frozenset[str]) -> None:
        self._view.banner.hide()
        self.put(put.ticket_id, put.text, put.suggestion_id, confirmed, Mode.APPEND)

    def _say_not_put(self, put: Put, words: tuple[str, str]) -> None:
        if put.outcome is PutOutcome.NO_BOX:
            QGuiApplication.clipboard().setText(put.text)
        title, text = words
        self._window.status.say(f"{title}.")
        self._view.banner.show_message(Tone.ATTENTION, title, text, closable=True)

    def _on_no_answer(self, peer: int, answer: Result) -> None:
        put = self.service.result(peer, answer)
        if put is not None:
            self._confirmed.pop(put.request, None)
            self._say_not_put(put, _NO_ANSWER)

    # --- showing ---------------------------------------------------------------------------------

    def _show(self) -> None:
        current = self._tickets.current_id
        there = bool(current) and self.is_open(current)
        self._view.draft.reply.show_page(there, there and self.takes_send_key(current))
        front = self.service.front
        if not self.link.browsers:
            self._window.status.show_followed("")
        elif front is None:
            self._window.status.show_followed(
                "Browser: no ticket", "No ticket of your helpdesk is open there."
            )
        else:
            number = one_line(front.shown.ticket, 20)
            tip = f"Ticket #{number} is open in your browser. Press to show it here."
            self._window.status.show_followed(f"#{number} in your browser", tip, f"#{number}")

    def _run(self, work: Callable[[], T], on_done: Callable[[T], None] | None = None) -> None:
        self._ui.bridge.run(work, on_done, self._on_error)

    def _on_error(self, error: ErrorInfo) -> None:
        self._view.banner.show_error(error)
