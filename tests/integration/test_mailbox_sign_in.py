"""A shared mailbox whose account signed in in the browser: XOAUTH2 at a real Dovecot and a real Exim, which
ask the authorisation server whether a token is good."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
from support_http import Request, serving
from support_mail import ADDRESS, CARLA, MailServer, serve, until
from support_oauth import CLIENT, AuthorizationServer, Browser
from support_zammad import Clock

from agent_assist.adapters.helpdesks import mail_options, oauth
from agent_assist.adapters.helpdesks.mail import MailConnector
from agent_assist.adapters.helpdesks.mail_providers import SIGN_IN
from agent_assist.domain.helpdesk import Connection
from agent_assist.domain.oauth import SignIn
from agent_assist.errors import LoginRefused


@pytest.fixture
def mailbox(sign_in: tuple[AuthorizationServer, Browser]) -> Iterator[MailServer]:
    server, _ = sign_in

    def answer(request: Request) -> None:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        good = server.holds(token)
        request.answer(200 if good else 401, {"active": good, "user": "support"})

    with serving(answer) as introspection:
        yield from serve(tokens=introspection.url)


def signed_in(
    server: AuthorizationServer, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> dict[str, str]:
    """Google's way, at our server."""
    google = replace(
        SIGN_IN.servers[0],
        authorize=f"{server.url}/oauth/authorizations/new",
        token=f"{server.url}/oauth/tokens",
    )
    monkeypatch.setattr(mail_options, "SIGN_IN", SignIn((google,), "provider"))
    secrets = oauth.sign_in(google, {"client_id": CLIENT}, {}, browser.open, threading.Event())
    assert server.asked[0]["scope"] == "https://mail.google.com/"
    assert (server.asked[0]["access_type"], server.asked[0]["prompt"]) == ("offline", "consent")
    return secrets


def test_mails_are_read_and_answered_with_tokens_that_are_renewed(
    sign_in: tuple[AuthorizationServer, Browser], mailbox: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, browser = sign_in
    secrets = signed_in(server, browser, monkeypatch)
    values = {
        "provider": "google",
        "client_id": CLIENT,
        "address": ADDRESS,
        "username": "support",
        "imap_host": "127.0.0.1",
        "imap_port": str(mailbox.imap),
        "imap_security": "starttls",
        "smtp_host": "127.0.0.1",
        "smtp_port": str(mailbox.smtp),
        "smtp_security": "starttls",
        "ca_file": str(mailbox.certificates),
        "sent_copy": "own",
    }
    connector = MailConnector(Connection("shared", "mail", "Shared", values), secrets, Clock())
    mailbox.send(f"Carla <{CARLA}>", "Reset", "The link expired", "<m1@customer.example>")
    assert connector.check().email == ADDRESS
    (ticket,) = connector.changes("", threading.Event()).tickets
    server.expire()  # before its time: a login that is refused is tried once more with a new token
    connector.reply(ticket.id, "Unlocked.", "token-0001")
    until(lambda: mailbox.count("carla") == 1, 15)
    assert server.grants.count("refresh_token given") == 2
    connector.close()
    server.withdraw()
    with pytest.raises(LoginRefused) as refused:
        connector.check()
    assert "Sign in" in refused.value.remedy
    connector.close()


def test_a_providers_servers_are_filled_in() -> None:
    made = mail_options.MailOptions.read({"provider": "microsoft", "address": "a@b.example"}, {"token": "x"})
    assert (made.imap.host, made.imap.port, made.imap.security) == ("outlook.office365.com", 993, "tls")
    assert (made.smtp.host, made.smtp.port, made.smtp.security) == ("smtp.office365.com", 587, "starttls")
    assert made.server_files_copies
