"""Signing in in the browser at an authorisation server that keeps to the RFCs, and renewing afterwards."""

from __future__ import annotations

import threading
from contextlib import suppress
from urllib.parse import urlsplit

import httpx
import pytest
from support_helpdesk import eventually
from support_oauth import CLIENT, AuthorizationServer, Browser
from support_zammad import Clock

from agent_assist.adapters.helpdesks import oauth
from agent_assist.adapters.helpdesks.oauth import TokenSource
from agent_assist.adapters.helpdesks.zendesk import Zendesk
from agent_assist.domain.helpdesk import Connection
from agent_assist.domain.oauth import OAuthServer
from agent_assist.errors import (
    AgentAssistError,
    Cancelled,
    HelpdeskProblem,
    InvalidSetting,
    LoginRefused,
    UnexpectedAnswer,
)


@pytest.fixture
def server(sign_in: tuple[AuthorizationServer, Browser]) -> AuthorizationServer:
    return sign_in[0]


@pytest.fixture
def browser(sign_in: tuple[AuthorizationServer, Browser]) -> Browser:
    return sign_in[1]


def at(server: AuthorizationServer, **changes: str) -> OAuthServer:
    values = {"authorize": f"{server.url}/oauth/authorizations/new", "token": f"{server.url}/oauth/tokens"}
    return OAuthServer("t", "Test Desk", scopes=("read", "write"), **(values | changes))


def signed_in(server: AuthorizationServer, browser: Browser) -> dict[str, str]:
    return oauth.sign_in(at(server), {"client_id": CLIENT}, {}, browser.open, threading.Event())


def source(server: AuthorizationServer, secrets: dict[str, str]) -> TokenSource:
    return TokenSource(at(server), {"client_id": CLIENT}, secrets, "Test Desk")


def test_a_person_signs_in_and_what_is_kept_is_a_refresh_token(
    server: AuthorizationServer, browser: Browser
) -> None:
    secrets = signed_in(server, browser)
    browser.close()
    assert secrets["refresh_token"].startswith("r-")
    assert secrets["token"] == ""
    assert server.grants == ["authorization_code given"]
    (status, page) = browser.pages[0]
    assert (status, "You can close this tab" in page) == (200, True)
    asked = server.asked[0]
    assert asked["scope"] == "read write"
    assert urlsplit(asked["redirect_uri"]).hostname == "127.0.0.1"
    with pytest.raises(httpx.ConnectError):  # nobody listens any more
        httpx.get(asked["redirect_uri"], trust_env=False)


def test_without_refresh_tokens_the_token_itself_is_kept(
    server: AuthorizationServer, browser: Browser
) -> None:
    server.renews = False
    assert signed_in(server, browser)["token"].startswith("a-")


def test_a_refusal_is_told(server: AuthorizationServer, browser: Browser) -> None:
    server.refuses = True
    with pytest.raises(LoginRefused, match="was not allowed to let Agent Assist in"):
        signed_in(server, browser)


def test_another_state_and_another_name_are_not_taken(server: AuthorizationServer, browser: Browser) -> None:
    """Neither a page that guesses the port nor one that calls this machine by its own name gets in."""
    server.forges_state = True
    stop, told = threading.Event(), list[str]()
    failure: list[Exception] = []

    def work() -> None:
        try:
            oauth.sign_in(at(server), {"client_id": CLIENT}, {}, told.append, stop)
        except AgentAssistError as error:
            failure.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    eventually(lambda: told)
    browser.open(told[0])
    browser.close()
    assert browser.pages[0][0] == 400
    asked = server.asked[0]
    elsewhere = httpx.get(
        f"{asked['redirect_uri']}?code=x&state={asked['state']}",
        headers={"Host": "evil.example"},
        trust_env=False,
    )
    assert elsewhere.status_code == 400
    assert thread.is_alive()  # still waiting for the right one
    assert server.grants == []
    stop.set()
    thread.join(10)
    assert isinstance(failure[0], Cancelled)


def test_a_code_is_good_for_its_own_verifier_only(
    server: AuthorizationServer, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = oauth.WebApplicationClient.prepare_request_body

    def other(self: oauth.WebApplicationClient, **given: str) -> str:
        return str(make(self, **(given | {"code_verifier": "v" * 64})))

    monkeypatch.setattr(oauth.WebApplicationClient, "prepare_request_body", other)
    with pytest.raises(LoginRefused, match="expired or was withdrawn"):
        signed_in(server, browser)
    assert server.grants == ["authorization_code invalid_grant"]


def test_a_code_that_has_expired_is_told(server: AuthorizationServer, browser: Browser) -> None:
    server.code_seconds = -1
    with pytest.raises(LoginRefused, match="expired"):
        signed_in(server, browser)


def test_stopping_and_nobody_coming(server: AuthorizationServer, monkeypatch: pytest.MonkeyPatch) -> None:
    stop = threading.Event()
    with pytest.raises(Cancelled):
        oauth.sign_in(at(server), {"client_id": CLIENT}, {}, lambda _: stop.set(), stop)
    monkeypatch.setattr(oauth, "PATIENCE", 0.2)
    with pytest.raises(HelpdeskProblem, match="Nobody signed in"):
        oauth.sign_in(at(server), {"client_id": CLIENT}, {}, lambda _: None, threading.Event())


def test_what_cannot_be_signed_in_to(server: AuthorizationServer, browser: Browser) -> None:
    never = threading.Event()
    with pytest.raises(InvalidSetting, match="client id"):
        oauth.sign_in(at(server), {}, {}, browser.open, never)
    with pytest.raises(InvalidSetting, match="not be protected"):
        oauth.sign_in(at(server, token="http://127.0.0.1/t"), {"client_id": CLIENT}, {}, browser.open, never)
    with pytest.raises(UnexpectedAnswer):
        oauth.sign_in(
            at(server, token=f"{server.url}/nothing"), {"client_id": CLIENT}, {}, browser.open, never
        )
    with oauth.Redirect("localhost", 0, "s", "T") as taken, suppress(KeyError):
        port = urlsplit(taken.url).port
        assert port is not None
        with pytest.raises(HelpdeskProblem, match=f"port {port}"):
            oauth.Redirect("localhost", port, "s", "T")


def test_tokens_are_renewed_and_the_new_refresh_token_is_kept(
    server: AuthorizationServer, browser: Browser
) -> None:
    secrets = signed_in(server, browser)
    first = secrets["refresh_token"]
    tokens = source(server, secrets)
    one = tokens.token()
    assert tokens.token() == one  # while it holds
    second = secrets["refresh_token"]
    assert second != first
    tokens.refused("another")
    assert tokens.token() == one
    tokens.refused(one)
    assert tokens.token() != one
    assert secrets["refresh_token"] not in (first, second)
    assert server.grants[1:] == ["refresh_token given"] * 2
    assert one not in repr(tokens)


def test_many_threads_renew_once(server: AuthorizationServer, browser: Browser) -> None:
    tokens = source(server, signed_in(server, browser))
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(tokens.token())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(found) == 8
    assert len(set(found)) == 1
    assert server.grants.count("refresh_token given") == 1


def test_a_sign_in_that_was_withdrawn_asks_for_another(server: AuthorizationServer, browser: Browser) -> None:
    tokens = source(server, signed_in(server, browser))
    server.withdraw()
    with pytest.raises(LoginRefused, match="withdrawn") as told:
        tokens.token()
    assert "Sign in" in told.value.remedy
    with pytest.raises(LoginRefused, match="not signed in"):
        source(server, {}).token()


def test_zendesk_answers_who_signed_in_and_goes_on_when_a_token_ends(
    server: AuthorizationServer, browser: Browser
) -> None:
    secrets = signed_in(server, browser)
    connection = Connection("d", "zendesk", "D", {"url": server.url, "client_id": CLIENT})
    desk = Zendesk(connection, secrets, Clock())
    assert desk.check().email == "ada@example.com"
    server.expire()  # before its time: the request is signed anew and sent again
    assert desk.check().name == "Ada"
    server.withdraw()
    with pytest.raises(LoginRefused):
        desk.check()
    desk.close()
