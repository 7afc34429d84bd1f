"""The companion in a real Chromium, on pages in the shape of each helpdesk's: found, filled, left alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import support_browser
import support_servers
from pytestqt.qtbot import QtBot
from support_companion import LOOKED, NOT_ALLOWED, PATHS, PATIENCE, REPLY, Window, put, words

from agent_assist.domain.companion import Mode, PageShown, PutOutcome

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def site() -> Iterator[int]:
    with support_browser.page_server() as port:
        yield port


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("companion")


@pytest.fixture(scope="module")
def context(folder: Path, site: int, qapp: object) -> Iterator[Any]:
    support_servers.require("Chromium")
    granted = [f"http://{name}.localhost:{site}" for name in PATHS]
    with support_browser.browser(folder, folder / "workspace", granted) as opened:
        yield opened


@pytest.fixture(scope="module")
def window(folder: Path, site: int, context: Any) -> Iterator[Window]:
    (folder / "workspace").mkdir()
    made = Window(folder / "workspace", site)
    yield made
    made.link.close()


@pytest.fixture(scope="module")
def ready(window: Window, context: Any) -> Window:
    """The extension has heard of the helpdesks: it asks when its own page is opened."""
    from PySide6.QtTest import QTest

    worker = (
        context.service_workers[0] if context.service_workers else context.wait_for_event("serviceworker")
    )
    popup = context.new_page()
    popup.goto(worker.url.replace("background.js", "popup.html"))
    for _ in range(200):
        QTest.qWait(50)
        if popup.locator("li").count() == len(PATHS) + 1:
            break
    buttons = popup.locator("li button").all_inner_texts()
    assert buttons == [*["Stop"] * len(PATHS), "Allow"], popup.content()
    assert popup.locator("#state").inner_text() == "Agent Assist is running."
    popup.close()
    return window


def opened(context: Any, window: Window, qtbot: QtBot, name: str) -> Any:
    # The tab that the test before closed is forgotten first.
    qtbot.waitUntil(lambda: window.service.page_of(f"{name}:41") is None, timeout=PATIENCE)
    page = context.new_page()
    page.goto(f"http://{name}.localhost:{window.port}{PATHS[name]}")
    qtbot.waitUntil(lambda: window.front == f"{name}:41", timeout=PATIENCE)
    return page


def forgotten(window: Window, qtbot: QtBot) -> int:
    """The tab that the test before closed is forgotten; how many pages have been shown until then."""
    qtbot.waitUntil(lambda: window.front == "", timeout=PATIENCE)
    return pages_shown(window)


def pages_shown(window: Window) -> int:
    return sum(isinstance(message, PageShown) for message in window.heard)


@pytest.mark.parametrize("name", [name for name in PATHS if name != "pasting"])
def test_the_accepted_text_stands_in_the_reply_box_of_each_helpdesk(
    name: str, context: Any, ready: Window, qtbot: QtBot
) -> None:
    page = opened(context, ready, qtbot, name)
    assert put(ready, qtbot, f"{name}:41") is PutOutcome.INSERTED
    held = page.evaluate("model()")
    assert words(held)[: len(words(REPLY))] == words(REPLY)
    assert [line.strip() for line in held.split("\n") if line.strip()][:2] == [
        "Hello Crystal,",
        "your parcel is at the depot. It comes on Monday.",
    ]
    assert not page.evaluate("Boolean(window.submitted)")
    # The text that the companion itself put there is replaced by a better one, where it stands alone.
    if name == "zammad":
        assert held.rstrip().endswith("--\nAda, Support")
        assert put(ready, qtbot, f"{name}:41", "Better words.") is PutOutcome.OCCUPIED
    else:
        assert put(ready, qtbot, f"{name}:41", "Better words.") is PutOutcome.INSERTED
        assert page.evaluate("model()").strip() == "Better words."
    page.close()


def test_an_editor_that_takes_only_a_paste_gets_one(context: Any, ready: Window, qtbot: QtBot) -> None:
    page = opened(context, ready, qtbot, "pasting")
    assert put(ready, qtbot, "pasting:41") is PutOutcome.INSERTED
    assert page.evaluate("model()") == REPLY
    page.close()


def test_what_the_agent_typed_in_the_page_is_not_touched(context: Any, ready: Window, qtbot: QtBot) -> None:
    page = opened(context, ready, qtbot, "django-helpdesk")
    page.fill("#commentBox", "My own words")
    assert put(ready, qtbot, "django-helpdesk:41") is PutOutcome.OCCUPIED
    assert page.input_value("#commentBox") == "My own words"
    assert put(ready, qtbot, "django-helpdesk:41", mode=Mode.APPEND) is PutOutcome.APPENDED
    assert page.input_value("#commentBox") == f"My own words\n\n{REPLY}"
    page.fill("#commentBox", "> Where is it?\n\n-- \nAda")
    assert put(ready, qtbot, "django-helpdesk:41") is PutOutcome.INSERTED
    assert page.input_value("#commentBox") == f"{REPLY}\n\n> Where is it?\n\n-- \nAda"
    page.close()


def test_an_internal_note_is_not_filled(context: Any, ready: Window, qtbot: QtBot) -> None:
    page = opened(context, ready, qtbot, "chatwoot")
    page.evaluate("makePrivate()")
    assert put(ready, qtbot, "chatwoot:41") is PutOutcome.NOTE
    assert page.evaluate("model()") == ""
    page.close()


def test_another_ticket_in_the_same_tab_gets_nothing(context: Any, ready: Window, qtbot: QtBot) -> None:
    page = opened(context, ready, qtbot, "chatwoot")
    late = ready.service.insert("chatwoot:41", REPLY)
    page.evaluate("go(42)")
    before = len(ready.puts)
    ready.link.send(*late)  # accepted for 41, and 42 is on the screen by now
    qtbot.waitUntil(lambda: len(ready.puts) > before, timeout=PATIENCE)
    assert ready.puts[-1].outcome is PutOutcome.OTHER_TICKET
    assert page.evaluate("model()") == ""
    qtbot.waitUntil(lambda: ready.front == "chatwoot:42", timeout=PATIENCE)
    # Back in 41 it is another page of it: what was accepted for the first is not put into the second.
    page.evaluate("go(41)")
    qtbot.waitUntil(lambda: ready.front == "chatwoot:41", timeout=PATIENCE)
    page.close()
    qtbot.waitUntil(lambda: ready.service.page_of("chatwoot:41") is None, timeout=PATIENCE)


def test_a_closed_tab_is_said(context: Any, ready: Window, qtbot: QtBot) -> None:
    page = opened(context, ready, qtbot, "django-helpdesk")
    late = ready.service.insert("django-helpdesk:41", REPLY)
    page.close()
    before = len(ready.puts)
    ready.link.send(*late)
    qtbot.waitUntil(lambda: len(ready.puts) > before, timeout=PATIENCE)
    assert ready.puts[-1].outcome is PutOutcome.GONE


def test_a_window_that_is_opened_later_hears_of_the_page_that_is_there(
    context: Any, ready: Window, qtbot: QtBot
) -> None:
    page = opened(context, ready, qtbot, "django-helpdesk")
    ready.start_again()
    assert ready.front == ""
    qtbot.waitUntil(lambda: ready.front == "django-helpdesk:41", timeout=PATIENCE)
    assert put(ready, qtbot, "django-helpdesk:41") is PutOutcome.INSERTED
    page.close()


def test_a_helpdesk_that_is_not_allowed_in_the_browser_is_left_alone(
    context: Any, ready: Window, qtbot: QtBot
) -> None:
    shown = forgotten(ready, qtbot)
    page = context.new_page()
    page.goto(f"http://{NOT_ALLOWED}.localhost:{ready.port}/tickets/41/")
    qtbot.wait(LOOKED)
    assert ready.front == ""
    assert pages_shown(ready) == shown
    page.close()


def test_a_site_that_is_not_connected_sees_nothing_of_the_companion(
    context: Any, ready: Window, qtbot: QtBot
) -> None:
    shown = forgotten(ready, qtbot)
    page = context.new_page()
    page.goto(f"http://elsewhere.localhost:{ready.port}/agent/tickets/41")
    # The page's own scripts: no object, no message, no file of the extension.
    page.evaluate(
        """() => { window.heard = []; addEventListener("message", (e) => heard.push(e.data));
                   document.querySelector("textarea").focus(); }"""
    )
    qtbot.wait(LOOKED)
    assert ready.front == ""
    assert pages_shown(ready) == shown
    assert page.evaluate("heard.length") == 0
    assert page.evaluate("typeof agentAssistCompanion + typeof agentAssistEditor") == "undefinedundefined"
    assert page.evaluate(
        "fetch('chrome-extension://ljdpeghobdimgholimpgdlpejlmdheep/content.js').then(() => 1, () => 0)"
    ) == 0  # fmt: skip
    page.close()


def test_a_page_of_a_connected_helpdesk_cannot_speak_for_another_ticket(
    context: Any, ready: Window, qtbot: QtBot
) -> None:
    page = opened(context, ready, qtbot, "django-helpdesk")
    assert page.evaluate("typeof agentAssistCompanion + typeof agentAssistSites") == "undefinedundefined"
    assert page.evaluate("typeof chrome === 'undefined' || chrome.runtime === undefined") is True
    page.evaluate("postMessage({type: 'page', ticket: '99', page: 'x'}, '*')")
    assert put(ready, qtbot, "django-helpdesk:41") is PutOutcome.INSERTED
    assert ready.front == "django-helpdesk:41"
    page.close()
