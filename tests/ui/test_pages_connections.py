"""The connections page: a helpdesk is connected by its generated form, tested, changed, switched, removed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QObject, Qt, QUrl, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QAbstractButton, QLineEdit
from pytestqt.qtbot import QtBot
from support_http import serving
from support_oauth import CLIENT, AuthorizationServer, authorization_server
from support_pages import Surface, picture, texts, unnamed
from support_store import open_database
from support_zammad import Clock, SmallZammad

from agent_assist.adapters.helpdesks.registry import EntryPointRegistry
from agent_assist.adapters.storage.connections import ConnectionStore
from agent_assist.adapters.storage.tickets import TicketStore
from agent_assist.adapters.storage.vault import Vault
from agent_assist.services.events import EventBus
from agent_assist.services.helpdesks.connections import ConnectionService
from agent_assist.services.helpdesks.sync import SyncService
from agent_assist.services.options import OptionsService
from agent_assist.services.tickets import TicketService
from agent_assist.ui.dialogs.connection_dialog import ConnectionDialog
from agent_assist.ui.pages.connections_page import ConnectionsPage


class Connected(Surface):
    connections: ConnectionService


@pytest.fixture
def small() -> SmallZammad:
    return SmallZammad()


@pytest.fixture
def address(small: SmallZammad) -> Iterator[str]:
    with serving(small.answer) as server:
        yield server.url


@pytest.fixture
def surface(tmp_path: Path, qtbot: QtBot) -> Iterator[Connected]:
    """The real services over a real database; the helpdesk is a server on this machine."""
    database, events, clock = open_database(tmp_path), EventBus(), Clock()
    options = OptionsService(tmp_path / "settings.json", events)
    store = ConnectionStore(database)
    tickets = TicketService(TicketStore(database), events, clock)
    connections = ConnectionService(
        store, Vault(database, bytes(32), None, ""), EntryPointRegistry(), events, clock
    )
    sync = SyncService(connections, store, tickets, events, clock, options)
    surface = Connected(
        tmp_path, events=events, options=options, tickets=tickets, connections=connections, sync=sync
    )
    surface.connections = connections
    sync.start()
    yield surface
    sync.close()
    surface.close()
    connections.close()
    database.close()


@pytest.fixture
def page(surface: Connected, qtbot: QtBot) -> ConnectionsPage:
    page = ConnectionsPage(surface.ui)
    qtbot.addWidget(page)
    page.resize(900, 640)
    page.show()
    qtbot.waitUntil(page.add.isEnabled)
    return page


def _filled(page: ConnectionsPage, address: str, token: str = "secret") -> ConnectionDialog:
    dialog = page.ask()
    dialog.kind.setCurrentIndex(dialog.kind.findData("zammad"))
    dialog.form.rows["url"].set_value(address)
    dialog.form.rows["token"].set_value(token)
    return dialog


def _connected(page: ConnectionsPage, address: str, qtbot: QtBot) -> None:
    dialog = _filled(page, address)
    qtbot.mouseClick(dialog.save, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(page.cards) == 1)


def test_an_empty_page_says_what_can_be_connected(page: ConnectionsPage, surface: Connected) -> None:
    assert any("No helpdesk is connected" in text for text in texts(page))
    assert not unnamed(page)
    picture(page, surface.theme, "connections-empty", (900, 640))


def test_a_form_is_made_for_every_helpdesk(page: ConnectionsPage, surface: Connected) -> None:
    dialog = page.ask()
    for index in range(dialog.kind.count()):
        dialog.kind.setCurrentIndex(index)
        kind = surface.connections.kind(dialog.kind.currentData())
        assert list(dialog.form.rows) == [field.name for field in kind.fields]
        assert not unnamed(dialog)
    assert dialog.kind.findData("rt") >= 0
    assert dialog.kind.findData("mail") >= 0
    picture(dialog, surface.theme, "connection-form", (520, 620))
    dialog.reject()


def test_a_connection_is_tested_before_it_is_saved(
    page: ConnectionsPage, address: str, surface: Connected, qtbot: QtBot
) -> None:
    dialog = _filled(page, address)
    token = dialog.form.rows["token"].editor
    assert isinstance(token, QLineEdit)
    assert token.echoMode() is QLineEdit.EchoMode.Password
    qtbot.mouseClick(dialog.test, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(dialog.banner.isVisible)
    assert "Signed in as Ada Agent." in texts(dialog)
    picture(dialog, surface.theme, "connection-tested", (520, 620))
    dialog.form.rows["token"].set_value("wrong")
    assert not dialog.banner.isVisible()  # what the test said was about another token
    qtbot.mouseClick(dialog.test, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(dialog.banner.isVisible)
    assert any("refused the login" in text for text in texts(dialog))
    assert surface.connections.all() == []
    dialog.reject()


def test_what_is_missing_is_said_under_its_field(page: ConnectionsPage, qtbot: QtBot) -> None:
    dialog = _filled(page, "not an address", token="")
    qtbot.mouseClick(dialog.save, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(dialog.form.rows["url"].problem.text()))
    assert "Address" in dialog.form.rows["url"].problem.text()
    assert dialog.form.rows["token"].problem.text()
    assert dialog.isVisible()
    dialog.reject()


def test_a_connected_helpdesk_brings_its_tickets(
    page: ConnectionsPage, address: str, surface: Connected, qtbot: QtBot
) -> None:
    _connected(page, address, qtbot)
    card = page.cards["zammad"]
    qtbot.waitUntil(lambda: card.state.text() == "Up to date")
    ticket = surface.desk.tickets.get("zammad:9")
    assert ticket is not None
    assert ticket.subject == "Parcel is late"
    assert not unnamed(page)
    picture(page, surface.theme, "connections", (900, 640))
    picture(page, surface.theme, "connections-narrow", (420, 640))


def test_a_refused_login_is_said_on_the_card(
    page: ConnectionsPage, address: str, surface: Connected, qtbot: QtBot
) -> None:
    surface.connections.add("zammad", "Desk", {"url": address}, {"token": "wrong"})
    qtbot.waitUntil(lambda: "desk" in page.cards)
    qtbot.waitUntil(lambda: page.cards["desk"].state.text() == "Needs you")
    assert "refused" in page.cards["desk"].problem.text()
    assert any("next try at" in text for text in texts(page.cards["desk"]))
    picture(page, surface.theme, "connections-refused", (900, 640))


def test_a_connection_is_changed_without_its_secret_being_shown(
    page: ConnectionsPage, address: str, surface: Connected, qtbot: QtBot
) -> None:
    _connected(page, address, qtbot)
    page.cards["zammad"].edit.click()
    qtbot.waitUntil(lambda: any(d.isVisible() for d in page.findChildren(ConnectionDialog)))
    dialog = next(d for d in page.findChildren(ConnectionDialog) if d.isVisible())
    token = dialog.form.rows["token"].editor
    assert isinstance(token, QLineEdit)
    assert token.text() == ""
    assert "Kept" in token.placeholderText()
    dialog.name.setText("Help desk")
    qtbot.mouseClick(dialog.save, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: surface.connections.all()[0].title == "Help desk")
    assert surface.connections.has_secret("zammad", "token")


def test_a_connection_is_switched_off_and_removed_only_when_asked_twice(
    page: ConnectionsPage, address: str, surface: Connected, qtbot: QtBot
) -> None:
    _connected(page, address, qtbot)
    page.cards["zammad"].on.click()
    qtbot.waitUntil(lambda: not surface.connections.all()[0].enabled)
    qtbot.waitUntil(lambda: page.cards["zammad"].state.text() == "Off")
    page.cards["zammad"].remove.click()
    assert page.banner.isVisible()
    assert len(surface.connections.all()) == 1
    remove = next(b for b in page.banner.findChildren(type(page.add)) if b.text() == "Remove")
    remove.click()
    qtbot.waitUntil(lambda: page.nothing.isVisible())
    assert surface.connections.all() == []


class Opener(QObject):
    """What the desktop opens web pages with."""

    def __init__(self, open_page: Callable[[str], None]) -> None:
        super().__init__()
        self._open = open_page

    @Slot(QUrl)
    def go(self, address: QUrl) -> None:
        self._open(address.toString(QUrl.ComponentFormattingOption.FullyEncoded))


@pytest.fixture
def signing_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[AuthorizationServer, list[str]]]:
    """An authorisation server, and the addresses that were opened."""
    folder = tmp_path / "tls"
    folder.mkdir()
    with authorization_server(folder, monkeypatch) as (server, browser):
        opener = Opener(browser.open)
        QDesktopServices.setUrlHandler("https", opener, "go")
        yield server, browser.opened
        QDesktopServices.unsetUrlHandler("https")


def _zendesk(page: ConnectionsPage, server: AuthorizationServer) -> ConnectionDialog:
    dialog = page.ask()
    dialog.kind.setCurrentIndex(dialog.kind.findData("zendesk"))
    assert not dialog.sign_in.isEnabled()  # nothing to sign in to yet
    dialog.form.rows["url"].set_value(server.url)
    dialog.form.rows["client_id"].set_value(CLIENT)
    return dialog


def test_signing_in_in_the_browser_connects(
    page: ConnectionsPage,
    surface: Connected,
    signing_in: tuple[AuthorizationServer, list[str]],
    qtbot: QtBot,
) -> None:
    server, opened = signing_in
    dialog = _zendesk(page, server)
    assert dialog.sign_in.text() == "Sign in to Zendesk"
    qtbot.mouseClick(dialog.sign_in, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "You are signed in" in texts(dialog))
    assert len(opened) == 1
    picture(dialog, surface.theme, "connection-signed-in", (520, 620))
    qtbot.mouseClick(dialog.test, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "Signed in as Ada." in texts(dialog))
    qtbot.mouseClick(dialog.save, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(page.cards) == 1)
    # What the test has renewed is what was kept, and is renewed for all connectors from then on.
    connections = surface.connections
    for purpose in ("desk", "sync", "pull"):
        with connections.use("zendesk", purpose) as connector:
            assert connector.check().email == "ada@example.com"
    server.expire()
    with connections.use("zendesk", "sync") as connector:
        assert connector.check().name == "Ada"
    assert not any("invalid" in grant for grant in server.grants)
    assert not connections.has_secret("zendesk", "token")


def test_signing_in_can_be_stopped_and_never_blocks_the_window(
    page: ConnectionsPage,
    signing_in: tuple[AuthorizationServer, list[str]],
    qtbot: QtBot,
) -> None:
    server, _ = signing_in
    server.forges_state = True  # the browser never comes back with the right one
    dialog = _zendesk(page, server)
    for _ in range(2):  # stopped, it can be begun again: its port is free
        qtbot.mouseClick(dialog.sign_in, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: "Waiting for your browser" in texts(dialog))
        assert not dialog.form.isEnabled()
        stop = next(b for b in dialog.banner.findChildren(QAbstractButton) if b.text() == "Stop")
        qtbot.mouseClick(stop, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(dialog.form.isEnabled)
        assert "Waiting for your browser" not in texts(dialog)
    server.refuses, server.forges_state = True, False
    qtbot.mouseClick(dialog.sign_in, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: any("was not allowed" in text for text in texts(dialog)))
    dialog.reject()
