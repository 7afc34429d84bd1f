"""Real Dovecot and Exim behind a proxy, as in an office that lets nothing out directly."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from support_mail import ADDRESS, CARLA, PASSWORD, MailServer, serve
from support_proxy import serving_proxy

from agent_assist.adapters.helpdesks.mail import MailConnector
from agent_assist.adapters.helpdesks.mail_proxy import proxy_for
from agent_assist.domain.helpdesk import Connection
from agent_assist.errors import ServerUnreachable
from agent_assist.ground import SystemClock

NAME = "localhost"
"""A proxy is asked for a name, which it looks up itself."""


@pytest.fixture(scope="module")
def server() -> Iterator[MailServer]:
    yield from serve()


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("all", "http", "https", "imap", "imaps", "smtp", "smtps", "no"):
        monkeypatch.delenv(f"{name}_proxy", raising=False)
        monkeypatch.delenv(f"{name}_proxy".upper(), raising=False)


def _connector(server: MailServer, host: str = NAME) -> MailConnector:
    given = {
        "address": ADDRESS,
        "username": "support",
        "imap_host": host,
        "imap_port": str(server.imap),
        "imap_security": "none",
        "smtp_host": host,
        "smtp_port": str(server.smtp),
        "smtp_security": "none",
    }
    return MailConnector(Connection("shared", "mail", "Shared", given), {"password": PASSWORD}, SystemClock())


@pytest.mark.parametrize("kind", ["http", "socks5", "socks5h"])
def test_mail_comes_and_goes_through_the_proxy(
    kind: str, server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.wipe()
    server.send(CARLA, "Where is my order?", "Hello, it has not come.", "<c1@example.com>")
    with serving_proxy() as proxy:
        monkeypatch.setenv("all_proxy", f"{kind}://127.0.0.1:{proxy.port}")
        connector = _connector(server)
        try:
            (ticket,) = connector.changes("", threading.Event()).tickets
            connector.reply(ticket.id, "It is on its way.", "token-1")
        finally:
            connector.close()
    assert set(proxy.reached) == {(NAME, server.imap), (NAME, server.smtp)}


def test_a_proxy_that_refuses_or_wants_a_login_or_is_away_is_said(
    server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving_proxy(refuse=True) as proxy:
        for kind in ("http", "socks5"):
            monkeypatch.setenv("all_proxy", f"{kind}://127.0.0.1:{proxy.port}")
            with pytest.raises(ServerUnreachable, match="did not let us through to localhost"):
                _connector(server).changes("", threading.Event())
    with pytest.raises(ServerUnreachable, match=f"The proxy 127.0.0.1:{proxy.port} cannot be reached"):
        _connector(server).changes("", threading.Event())
    with serving_proxy("ana:s3cret") as proxy:
        monkeypatch.setenv("all_proxy", f"http://127.0.0.1:{proxy.port}")
        with pytest.raises(ServerUnreachable, match="wants a login"):
            _connector(server).changes("", threading.Event())
        monkeypatch.setenv("imap_proxy", f"http://ana:s3cret@127.0.0.1:{proxy.port}")
        assert _connector(server).changes("", threading.Event()) is not None
    monkeypatch.setenv("imap_proxy", "gopher://old")
    with pytest.raises(ServerUnreachable, match="address cannot be used"):
        _connector(server).changes("", threading.Event())


def test_the_proxy_of_a_protocol_comes_before_that_of_all_and_some_hosts_have_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("all_proxy", "socks5://one:1")
    monkeypatch.setenv("imaps_proxy", "http://two:2")
    monkeypatch.setenv("no_proxy", "localhost,inside.example")
    assert proxy_for("imap.example", "imaps", "imap") == "http://two:2"
    assert proxy_for("smtp.example", "smtps", "smtp") == "socks5://one:1"
    assert proxy_for("mx.inside.example", "imaps", "imap") == ""
