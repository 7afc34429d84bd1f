"""The whole way in a real Chromium on real Request Tracker pages: opened there, shown here, accepted here,
standing in the reply box there; sent by the agent's own press of RT's button, once."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Iterator
from email.message import Message
from pathlib import Path
from typing import Any

import pytest
import support_browser
import support_servers
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from support_rt import AGENT, PASSWORD, RequestTracker

from agent_assist import app as root
from agent_assist.opening import window_opener
from agent_assist.ui.session import Session
from agent_assist.ui.theme import Theme

pytestmark = [pytest.mark.real_model, pytest.mark.timeout(280)]
log = logging.getLogger(__name__)
PATIENCE = 60_000
REPLY = "Hello Crystal,\n\nyour parcel waits at the depot. It comes on Monday.\n\nKind regards\nAda"


@pytest.fixture
def tickets(rt_server: RequestTracker) -> tuple[str, str]:
    """Two customers have written."""
    for name in ("companion first", "companion second"):
        rt_server.mail("crystal@customer.example", name, f"Where is my parcel? ({name})")
    found = rt_server.newest("companion first"), rt_server.newest("companion second")
    for ticket in found:
        rt_server.take(ticket)
    return found


@pytest.fixture
def session(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rt_server: RequestTracker, tickets: object
) -> Iterator[Session]:
    support_servers.require("Chromium")
    monkeypatch.setenv("AGENT_ASSIST_PASSPHRASE", "four plain words together")
    folder = tmp_path / "workspace"
    desk = root.open_desk(folder, passphrase=lambda: "four plain words together")
    desk.options.change({"first_run_done": True})
    assert desk.connections is not None
    desk.connections.add("rt", "RT", {"url": rt_server.url, "user": AGENT}, {"password": PASSWORD})
    desk.close()
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    made = Session(Theme(app), window_opener(folder, demo=False))
    made.start()
    qtbot.addWidget(made.window)
    qtbot.waitUntil(lambda: made.controllers is not None, timeout=PATIENCE)
    yield made
    made.close()


@pytest.fixture
def page(tmp_path: Path, session: Session, rt_server: RequestTracker) -> Iterator[Any]:
    folder = tmp_path / "browser"
    folder.mkdir()
    with support_browser.browser(folder, tmp_path / "workspace", [rt_server.url]) as context:
        opened = context.new_page()
        opened.goto(f"{rt_server.url}/NoAuth/Login.html")
        opened.fill("input[name=user]", AGENT)
        opened.fill("input[name=pass]", PASSWORD)
        opened.click("input[type=submit], button[type=submit]")
        yield opened


def current(session: Session) -> str:
    return session.controllers.tickets.current_id if session.controllers else ""


def box(page: Any) -> str:
    """What RT's editor holds, in its own words: what it would send."""
    page.wait_for_function("window.CKEDITOR?.instances.UpdateContent?.status === 'ready'")
    held: str = page.evaluate("CKEDITOR.instances.UpdateContent.getData()")
    return re.sub(r"<[^>]+>|&nbsp;", " ", held)


def words(mail: Message) -> list[str]:
    """Of a mail's plain text."""
    part = next(p for p in mail.walk() if p.get_content_type() == "text/plain")
    body = part.get_payload(decode=True)
    assert isinstance(body, bytes)
    return body.decode().split()


def write(session: Session, text: str) -> None:
    """The agent writes a reply of their own and puts it into the page."""
    draft = session.window.desk_view.draft
    draft.expect_new()
    draft.editor.selectAll()
    draft.editor.textCursor().insertText(text)
    assert draft.reply.insert.text() == "Put into page"
    assert session.ui is not None
    assert session.ui.actions.trigger("reply.insert")


def test_a_ticket_that_is_open_in_rt_is_shown_and_its_accepted_reply_stands_in_rts_box(
    session: Session,
    page: Any,
    rt_server: RequestTracker,
    tickets: tuple[str, str],
    qtbot: QtBot,
) -> None:
    first, second = tickets
    before = {mail["Message-ID"] for mail in rt_server.outgoing()}

    def fresh() -> list[list[str]]:
        """The words of what RT has mailed since; its files are in no order of time."""
        return [words(mail) for mail in rt_server.outgoing() if mail["Message-ID"] not in before]

    qtbot.waitUntil(lambda: session._companion.link.browsers == 1, timeout=PATIENCE)
    page.goto(f"{rt_server.url}/Ticket/Display.html?id={first}")
    qtbot.waitUntil(lambda: current(session) == f"rt:{first}", timeout=PATIENCE)

    # A ticket that is here is shown within a second of its page's coming up.
    page.goto(f"{rt_server.url}/Ticket/Display.html?id={second}")
    qtbot.waitUntil(lambda: current(session) == f"rt:{second}", timeout=PATIENCE)
    page.goto(f"{rt_server.url}/Ticket/Display.html?id={first}")
    began = time.monotonic()
    qtbot.waitUntil(lambda: current(session) == f"rt:{first}", timeout=PATIENCE)
    log.info("shown %.2f s after the page", time.monotonic() - began)

    # Accepted: RT has its reply box on another page; the text follows the ticket there.
    write(session, REPLY)
    qtbot.waitUntil(lambda: "Send it there" in session.window.status.said, timeout=PATIENCE)
    page.wait_for_url(f"**/Ticket/Update.html?*id={first}*")
    assert box(page).split() == REPLY.split()
    assert not session.window.desk_view.draft.document.dirty
    assert not fresh()  # the companion sends nothing

    # Another ticket's page has a box of its own, in which nothing stands.
    other = page.context.new_page()
    other.goto(f"{rt_server.url}/Ticket/Update.html?id={second}&Action=Respond")
    qtbot.waitUntil(lambda: current(session) == f"rt:{second}", timeout=PATIENCE)
    assert box(other).strip() == ""
    # What was typed there is kept, and the agent is asked.
    other.frame_locator("iframe.cke_wysiwyg_frame").locator("body").press_sequentially("Mine")
    write(session, "For the second.")
    banner = session.window.desk_view.banner
    qtbot.waitUntil(lambda: "holds other text" in banner.accessibleName(), timeout=PATIENCE)
    assert box(other).strip() == "Mine"
    other.close()

    # The agent sends it with RT's own button: the customer gets exactly these words, once.
    page.bring_to_front()
    page.click("input[name=SubmitTicket]")
    page.wait_for_url("**/Ticket/Display.html**")
    qtbot.waitUntil(lambda: bool(fresh()), timeout=PATIENCE)
    assert fresh() == [REPLY.split()]
