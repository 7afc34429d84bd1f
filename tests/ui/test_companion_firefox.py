"""The companion in a real Firefox, unchanged, allowed by a click: found, shown, filled, left alone.

One test for all pages, and one for RT's: a Firefox takes long to start.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import support_browser
import support_firefox
from pytestqt.qtbot import QtBot
from support_companion import LOOKED, NOT_ALLOWED, PATHS, PATIENCE, REPLY, Window, put, words
from support_rt import AGENT, PASSWORD, RequestTracker

from agent_assist.domain.companion import Mode, PutOutcome
from agent_assist.domain.helpdesk import Connection

pytestmark = pytest.mark.timeout(280)
PAGES = [name for name in PATHS if name != "pasting"]
STATE = "return document.getElementById('state').textContent"
BUTTONS = "return [...document.querySelectorAll('li button')].map((b) => b.textContent)"


@pytest.fixture
def window(tmp_path: Path, qapp: object) -> Iterator[Window]:
    (tmp_path / "workspace").mkdir()
    with support_browser.page_server() as port:
        made = Window(tmp_path / "workspace", port)
        yield made
        made.link.close()


@pytest.fixture
def firefox(tmp_path: Path, window: Window) -> Iterator[support_firefox.Firefox]:
    with support_firefox.browser(tmp_path, tmp_path / "workspace") as opened:
        yield opened


def address(window: Window, name: str) -> str:
    return f"http://{name}.localhost:{window.port}{PATHS.get(name, '/tickets/41/')}"


def allow(firefox: support_firefox.Firefox, qtbot: QtBot) -> None:
    """What a person does once: open the companion's page, and click Allow for each helpdesk but one."""
    firefox.goto(support_firefox.POPUP)
    qtbot.waitUntil(lambda: len(firefox.run(BUTTONS)) == len(PATHS) + 1, timeout=PATIENCE)
    assert firefox.run(STATE) == "Agent Assist is running."
    assert set(firefox.run(BUTTONS)) == {"Allow"}  # nothing is allowed that nobody has allowed
    for at, name in enumerate(PATHS, 1):
        firefox.click(f"li:nth-child({at}) button")
        qtbot.waitUntil(lambda at=at: firefox.run(BUTTONS)[at - 1] == "Stop", timeout=PATIENCE)
        assert name in firefox.run(f"return document.querySelector('li:nth-child({at})').textContent")
    assert firefox.run(BUTTONS) == [*["Stop"] * len(PATHS), "Allow"]


def test_a_ticket_open_in_firefox_is_shown_here_and_the_text_stands_in_its_reply_box(
    firefox: support_firefox.Firefox, window: Window, qtbot: QtBot
) -> None:
    allow(firefox, qtbot)
    for name in PAGES:
        firefox.open_tab()
        firefox.goto(address(window, name))
        qtbot.waitUntil(lambda name=name: window.front == f"{name}:41", timeout=PATIENCE)
        assert put(window, qtbot, f"{name}:41") is PutOutcome.INSERTED, name
        held = firefox.run("return model()")
        assert words(held)[: len(words(REPLY))] == words(REPLY), name
        assert not firefox.run("return Boolean(window.submitted)")
        firefox.close_tab()
        qtbot.waitUntil(lambda name=name: window.service.page_of(f"{name}:41") is None, timeout=PATIENCE)

    # What somebody typed stays; added to it only where the agent says so.
    firefox.open_tab()
    firefox.goto(address(window, "django-helpdesk"))
    qtbot.waitUntil(lambda: window.front == "django-helpdesk:41", timeout=PATIENCE)
    firefox.run("const box = document.querySelector('#commentBox'); box.value = 'My own words'")
    assert put(window, qtbot, "django-helpdesk:41") is PutOutcome.OCCUPIED
    assert put(window, qtbot, "django-helpdesk:41", mode=Mode.APPEND) is PutOutcome.APPENDED
    box = "return document.querySelector('#commentBox').value"
    assert firefox.run(box) == f"My own words\n\n{REPLY}"
    # The page's own scripts see nothing of the companion.
    assert (
        firefox.run("return typeof agentAssistCompanion + typeof agentAssistEditor") == "undefinedundefined"
    )
    firefox.close_tab()
    qtbot.waitUntil(lambda: window.front == "", timeout=PATIENCE)

    # A helpdesk that is connected and not allowed, and a site that is neither.
    shown = len(window.heard)
    firefox.open_tab()
    for name in (NOT_ALLOWED, "elsewhere"):
        firefox.goto(address(window, name))
        qtbot.wait(LOOKED)
        assert window.front == ""
    assert all(type(message).__name__ != "PageShown" for message in window.heard[shown:])


class OneDesk(Window):
    """The window with a Request Tracker alone."""

    address = ""

    def all(self) -> list[Connection]:
        return [Connection("rt", "rt", "RT", {"url": self.address})]


def test_rts_own_editor_takes_the_text_in_firefox(
    tmp_path: Path, qapp: object, qtbot: QtBot, rt_server: RequestTracker
) -> None:
    """RT has its reply box on another page, in an editor in a frame that takes a paste."""
    rt_server.mail("crystal@customer.example", "companion in Firefox", "Where is my parcel?")
    ticket = rt_server.newest("companion in Firefox")
    rt_server.take(ticket)
    (tmp_path / "workspace").mkdir()
    window = OneDesk(tmp_path / "workspace", 0)
    window.address = rt_server.url
    with support_firefox.browser(tmp_path, tmp_path / "workspace") as firefox:
        firefox.goto(support_firefox.POPUP)
        qtbot.waitUntil(lambda: firefox.run(BUTTONS) == ["Allow"], timeout=PATIENCE)
        firefox.click("li button")
        qtbot.waitUntil(lambda: firefox.run(BUTTONS) == ["Stop"], timeout=PATIENCE)
        firefox.goto(f"{rt_server.url}/NoAuth/Login.html")
        firefox.run(
            "document.querySelector('input[name=user]').value = arguments[0];"
            "document.querySelector('input[name=pass]').value = arguments[1];",
            AGENT,
            PASSWORD,
        )
        firefox.click("input[type=submit], button[type=submit]")
        firefox.goto(f"{rt_server.url}/Ticket/Display.html?id={ticket}")
        qtbot.waitUntil(lambda: window.front == f"rt:{ticket}", timeout=PATIENCE)
        assert put(window, qtbot, f"rt:{ticket}") is PutOutcome.INSERTED
        assert "/Ticket/Update.html" in firefox.run("return location.href")
        held = firefox.run("return CKEDITOR.instances.UpdateContent.getData()")
        assert words(re.sub(r"<[^>]+>|&nbsp;", " ", held)) == words(REPLY)
    window.link.close()
