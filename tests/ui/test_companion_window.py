"""The window's part of the companion, with a browser's messages and without a browser: what is opened, which
key puts the reply where, what is said, and what the clipboard and links may do."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
import support_window as sample
from PySide6.QtGui import QGuiApplication
from PySide6.QtNetwork import QLocalSocket
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from support_pages import caught_up

from agent_assist.domain.companion import (
    RENDEZVOUS,
    Hello,
    Mode,
    PageLeft,
    PageShown,
    PutOutcome,
    Result,
    encode,
)
from agent_assist.domain.helpdesk import Connection
from agent_assist.domain.ticket import Ticket
from agent_assist.errors import BadInput
from agent_assist.services.desk import Desk
from agent_assist.services.events import EventBus, TicketFollowed
from agent_assist.services.options import OptionsService
from agent_assist.ui.actions import ActionRegistry
from agent_assist.ui.bridge import Bridge
from agent_assist.ui.companion_link import CompanionLink
from agent_assist.ui.context import UiContext
from agent_assist.ui.controllers.companion_controller import CompanionController
from agent_assist.ui.controllers.link_controller import LinkController
from agent_assist.ui.controllers.reply_controller import ReplyController
from agent_assist.ui.controllers.ticket_controller import TicketController
from agent_assist.ui.main_window import MainWindow
from agent_assist.ui.theme import Theme

PAGE = "page-00001.1"


class FakeDesk:
    """The few services that these controllers call, written down."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.demo = folder, False
        self.events = EventBus()
        self.options = OptionsService(None, self.events)
        self.safety = None
        self.here = {f"rt:{n}": replace(sample.ticket(), id=f"rt:{n}") for n in (12, 13)}
        self.fetched: list[str] = []
        self.decided: list[tuple[Any, ...]] = []
        self.sent: list[str] = []
        self.saved: list[Ticket] = []
        self.connections = self.sync = self.tickets = self.drafting = self.models = self.languages = self
        self.unsent = self.feedback = self.outbox = self
        self.jobs = self

    def all(self) -> list[Connection]:
        return [Connection("rt", "rt", "Our desk", {"url": "https://rt.example.com"})]

    def ticket_of_url(self, url: str) -> tuple[str, str] | None:
        return ("rt", url.rpartition("=")[2]) if url.startswith("https://rt.example.com/") else None

    def opened(self, connection: str, remote: str) -> str:
        local = f"{connection}:{remote}"
        self.fetched.append(local)
        if remote == "404":
            raise BadInput("There is no ticket 404.")
        self.here.setdefault(local, replace(sample.ticket(), id=local))
        self.events.publish(TicketFollowed(local))
        return local

    def open(self, ticket_id: str) -> Any:
        return self.here[ticket_id] if ticket_id in self.here else sample.draft(ticket_id=ticket_id)

    def get(self, ticket_id: str) -> Any:
        return self.here.get(ticket_id)

    def save(self, tickets: list[Ticket], source: str) -> None:
        self.saved += tickets
        self.here |= {t.id: t for t in tickets}

    def submit(self, _: str, call: Callable[[Any], None], **__: Any) -> None:
        with contextlib.suppress(BadInput):
            call(None)

    def speaks(self, _: str) -> bool:
        return True

    def detect(self, _: str) -> tuple[str, float]:
        return "", 0.0

    def started_from(self, _: object) -> None:
        return None

    def forget(self, ticket_id: str) -> None:
        pass

    def decide(self, *arguments: Any, **_: Any) -> None:
        self.decided.append(arguments)


class UnsentNothing:
    def get(self, _: str) -> None:
        return None

    def forget(self, _: str) -> None:
        pass


class App:
    def __init__(self, folder: Path, theme: Theme) -> None:
        self.desk = FakeDesk(folder)
        self.desk.unsent = UnsentNothing()  # type: ignore[assignment]
        self.desk.drafting = cast("Any", type("D", (), {"open": lambda _, t: sample.draft(ticket_id=t)})())
        self.bridge = Bridge(self.desk.events, cast("Any", self.desk))
        self.window = MainWindow(theme)
        self.ui = UiContext(cast("Desk", self.desk), self.bridge, theme, ActionRegistry(self.window))
        self.tickets = TicketController(self.ui, self.window)
        self.reply = ReplyController(self.ui, self.window, self.tickets)
        self.companion = CompanionController(self.ui, self.window, self.tickets, self.reply)
        self.links = LinkController(self.ui, self.window, self.tickets, self.companion)
        self.sent: list[Any] = []
        self.companion.link.send = self._send  # type: ignore[method-assign, assignment]
        self.window.show()

    def _send(self, peer: int, message: Any) -> bool:
        self.sent.append(message)
        return True

    def hear(self, message: Any, peer: int = 1) -> None:
        self.companion.link.arrived.emit(peer, message)

    def shown(self, ticket: str, tab: int = 1) -> None:
        self.hear(PageShown(tab, PAGE, "rt", ticket))

    def write(self, text: str) -> None:
        draft = self.window.desk_view.draft
        draft.expect_new()
        draft.editor.selectAll()
        draft.editor.textCursor().insertText(text)

    @property
    def banner(self) -> str:
        banner = self.window.desk_view.banner
        return banner.accessibleName() if banner.isVisible() else ""

    def close(self) -> None:
        self.links.close()
        self.companion.close()
        self.bridge.close()


@pytest.fixture
def app(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[App]:
    (tmp_path / "run").mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    instance = QApplication.instance()
    assert isinstance(instance, QApplication)
    made = App(tmp_path, Theme(instance))
    qtbot.addWidget(made.window)
    qtbot.waitUntil(lambda: made.companion.service.has_pages("rt"))
    yield made
    made.close()


def at(app: App, qtbot: QtBot, ticket: str) -> None:
    app.shown(ticket)
    qtbot.waitUntil(lambda: app.tickets.current_id == f"rt:{ticket}")


def test_the_page_in_front_is_shown_and_an_unknown_ticket_is_fetched(
    app: App, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("activateWindow", "raise_", "bring_to_front"):  # the agent is in the browser
        monkeypatch.setattr(app.window, name, lambda name=name: pytest.fail(name))
    at(app, qtbot, "12")
    qtbot.waitUntil(lambda: app.desk.fetched == ["rt:12"])
    at(app, qtbot, "99")
    assert app.desk.fetched[-1] == "rt:99"
    app.hear(PageShown(1, PAGE, "unknown", "1"))
    assert app.tickets.current_id == "rt:99"


def test_following_can_be_switched_off(app: App, qtbot: QtBot) -> None:
    app.desk.options.change({"companion.follow": False})
    app.shown("12")
    caught_up(qtbot, app.bridge)
    assert app.tickets.current_id == ""
    assert app.companion.is_open("rt:12")
    app.window.status.followed_wanted.emit()
    qtbot.waitUntil(lambda: app.tickets.current_id == "rt:12")


def test_a_ticket_that_the_agent_chose_meanwhile_stays(app: App, qtbot: QtBot) -> None:
    at(app, qtbot, "12")
    app.tickets.open("rt:13")
    qtbot.waitUntil(lambda: app.tickets.current_id == "rt:13")
    app.desk.events.publish(TicketFollowed("rt:12"))  # of an earlier page, late
    caught_up(qtbot, app.bridge)
    assert app.tickets.current_id == "rt:13"


def test_what_was_on_its_way_to_the_screen_before_is_no_later_choice(app: App, qtbot: QtBot) -> None:
    app.tickets.open("rt:13")  # as the window does by itself with the first of the queue
    app.shown("99")  # not here yet: it is fetched, and rt:13 is shown meanwhile
    assert app.companion.following
    qtbot.waitUntil(lambda: app.desk.fetched == ["rt:99"])
    qtbot.waitUntil(lambda: app.tickets.current_id == "rt:99")


def test_one_key_puts_the_reply_into_the_page_and_it_counts_as_used(app: App, qtbot: QtBot) -> None:
    at(app, qtbot, "12")
    app.window.desk_view.draft.show_draft(
        sample.draft(ticket_id="rt:12", suggestion=sample.clean(ticket_id="rt:12"))
    )
    assert app.window.desk_view.draft.reply.insert.text() == "Put into page"
    app.write("Hello Crystal")
    app.reply.insert()
    qtbot.waitUntil(lambda: bool(app.sent))
    sent = app.sent[-1]
    assert (sent.ticket, sent.text, sent.mode, sent.page) == ("12", "Hello Crystal", Mode.FILL, PAGE)
    app.hear(Result(sent.request, PutOutcome.INSERTED))
    qtbot.waitUntil(lambda: bool(app.desk.decided))
    assert app.desk.decided[0][1:] == ("Hello Crystal", "inserted")
    assert "Send it there" in app.window.status.said
    assert not app.window.desk_view.draft.document.dirty


def test_text_in_the_page_is_asked_about_and_never_replaced(app: App, qtbot: QtBot) -> None:
    at(app, qtbot, "12")
    app.write("Hello")
    app.reply.insert()
    qtbot.waitUntil(lambda: bool(app.sent))
    app.hear(Result(app.sent[-1].request, PutOutcome.OCCUPIED))
    assert "holds other text" in app.banner
    app.window.desk_view.banner.findChildren(type(app.window.desk_view.draft.reply.send))[0].click()
    qtbot.waitUntil(lambda: app.sent[-1].mode is Mode.APPEND)
    app.hear(Result(app.sent[-1].request, PutOutcome.APPENDED))
    assert "Below what stood there" in app.window.status.said


@pytest.mark.parametrize(
    "outcome",
    [PutOutcome.NOTE, PutOutcome.NO_BOX, PutOutcome.OTHER_TICKET, PutOutcome.GONE, PutOutcome.UNCERTAIN],
)
def test_what_went_wrong_is_said_and_the_text_stays(app: App, qtbot: QtBot, outcome: PutOutcome) -> None:
    at(app, qtbot, "12")
    app.write("Hello")
    app.reply.insert()
    qtbot.waitUntil(lambda: bool(app.sent))
    app.hear(Result(app.sent[-1].request, outcome))
    assert app.banner
    assert app.window.desk_view.draft.text == "Hello"
    assert not app.desk.decided
    if outcome is PutOutcome.NO_BOX:
        assert QGuiApplication.clipboard().text() == "Hello"


def test_a_browser_that_goes_away_is_said(app: App, qtbot: QtBot) -> None:
    at(app, qtbot, "12")
    app.write("Hello")
    app.reply.insert()
    qtbot.waitUntil(lambda: bool(app.sent))
    app.companion.link.lost.emit(1)
    assert "did not answer" in app.banner
    assert app.window.desk_view.draft.reply.insert.text() == "Insert"


def test_the_send_key_can_put_into_the_page_and_then_never_sends_by_itself(app: App, qtbot: QtBot) -> None:
    app.desk.options.change({"companion.send_key": "put_into_page"})
    at(app, qtbot, "12")
    bar = app.window.desk_view.draft.reply
    qtbot.waitUntil(lambda: (bar.send.text(), bar.insert.text()) == ("Put into page", "Send"))
    app.write("Hello")
    app.reply.send()
    qtbot.waitUntil(lambda: bool(app.sent))
    app.hear(PageLeft(1))
    app.reply.send()
    assert "not open in your browser" in app.window.status.said
    assert len(app.sent) == 1


def test_links_open_tickets(app: App, qtbot: QtBot) -> None:
    app.links.open_link("agentassist://ticket/rt/13")
    qtbot.waitUntil(lambda: app.tickets.current_id == "rt:13")
    app.links.open_link("https://rt.example.com/Ticket/Display.html?id=12")
    qtbot.waitUntil(lambda: app.tickets.current_id == "rt:12")
    app.links.open_link("https://elsewhere.example/?id=12")
    qtbot.waitUntil(lambda: "leads to no ticket" in app.window.status.said)


def test_the_clipboard_is_read_only_while_it_is_watched(
    app: App, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    clipboard = QGuiApplication.clipboard()
    monkeypatch.setattr(type(clipboard), "ownsClipboard", lambda _: False)  # as if copied elsewhere
    with qtbot.waitSignal(clipboard.dataChanged):
        clipboard.setText("#13")
    caught_up(qtbot, app.bridge)
    assert app.tickets.current_id == ""
    app.desk.options.change({"companion.watch_clipboard": True})
    qtbot.waitUntil(lambda: app.window.status._clipboard.isVisible())
    clipboard.setText("#12")
    qtbot.waitUntil(lambda: app.tickets.current_id == "rt:12")
    clipboard.setText("any other text")
    app.window.status.clipboard_wanted.emit()
    qtbot.waitUntil(lambda: not app.window.status._clipboard.isVisible())
    with qtbot.waitSignal(clipboard.dataChanged):
        clipboard.setText("#13")
    caught_up(qtbot, app.bridge)
    assert app.tickets.current_id == "rt:12"


def test_a_copied_message_becomes_a_ticket_on_demand(app: App, qtbot: QtBot) -> None:
    QGuiApplication.clipboard().setText("Hi, where is my parcel? It was due on Monday.")
    assert app.ui.actions.trigger("tickets.copied")
    qtbot.waitUntil(lambda: app.tickets.current_id.startswith("copied-"))
    assert app.desk.saved[0].messages[0].text.startswith("Hi, where")
    QGuiApplication.clipboard().setText("Ticket #13")
    app.ui.actions.trigger("tickets.copied")
    qtbot.waitUntil(lambda: app.tickets.current_id == "rt:13")


# --- the socket ---------------------------------------------------------------------------------------


def connect(link: CompanionLink) -> QLocalSocket:
    socket = QLocalSocket()
    socket.connectToServer(link._address)
    assert socket.waitForConnected(2000)
    return socket


def line(data: object) -> bytes:
    return json.dumps(data).encode() + b"\n"


def test_only_who_knows_the_token_is_heard(app: App, qtbot: QtBot, tmp_path: Path) -> None:
    del app.companion.link.send  # type: ignore[misc]
    link = app.companion.link
    file = tmp_path / RENDEZVOUS
    assert file.stat().st_mode & 0o777 == 0o600
    heard: list[Any] = []
    link.arrived.connect(lambda _, message: heard.append(message))
    gone = QLocalSocket.LocalSocketState.UnconnectedState
    for greeting in (line({"token": "x" * 40}), line(encode(Hello("x", "1"))), line([]), b"x" * 70_000):
        stranger = connect(link)
        stranger.write(greeting)
        qtbot.waitUntil(lambda s=stranger: s.state() is gone)
    assert link.browsers == 0
    friend = connect(link)
    friend.write(
        line({"token": json.loads(file.read_text())["token"]}) + line(encode(Hello("chromium", "0.1")))
    )
    qtbot.waitUntil(lambda: heard == [Hello("chromium", "0.1")])
    qtbot.waitUntil(lambda: b'"sites"' in bytes(friend.peek(10_000).data()))
    assert app.window.status._followed.accessibleName() == "Browser: no ticket"
    friend.write(line({"v": 1, "type": "page", "tab": 1}))
    qtbot.waitUntil(lambda: friend.state() is gone)
    link.close()
    assert not file.exists()
