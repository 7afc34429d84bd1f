"""The HTTP layer of the connectors against a real server on this machine."""

from __future__ import annotations

import logging
import socket
from pathlib import Path
from typing import Any

import pytest
from support_http import Pauses, Request, in_turn, own_certificate, serving, session
from support_proxy import serving_proxy

from agent_assist.adapters.helpdesks import http as module
from agent_assist.adapters.helpdesks.http import HttpSession
from agent_assist.errors import (
    BadInput,
    DeliveryUncertain,
    HelpdeskProblem,
    LoginRefused,
    PermissionMissing,
    ServerFailed,
    ServerUnreachable,
    StaleThread,
    TicketGone,
    UnexpectedAnswer,
)


def test_json_comes_back_with_the_credentials_sent() -> None:
    with session(in_turn((200, {"a": 1}, {})), auth=("ann", "pw"), headers={"X-Key": "k"}) as (s, server, _):
        answer = s.get("tickets", params={"page": 2})
    assert (answer.status, answer.json(), answer.headers["CONTENT-TYPE"]) == (
        200,
        {"a": 1},
        "application/json",
    )
    assert server.seen == ["GET /api/tickets?page=2"]
    assert server.requests[0].headers["Authorization"].startswith("Basic ")
    assert server.requests[0].headers["X-Key"] == "k"


def test_one_connection_is_used_for_many_requests() -> None:
    with session(in_turn((200, {}, {}))) as (s, server, _):
        for _ in range(5):
            s.get("x")
        assert len({r.handler.client_address for r in server.requests}) == 1


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, LoginRefused),
        (403, PermissionMissing),
        (404, TicketGone),
        (410, TicketGone),
        (400, UnexpectedAnswer),
        (422, UnexpectedAnswer),
    ],
)
def test_refusals_have_their_own_errors_and_are_not_repeated(status: int, error: type[Exception]) -> None:
    with session(in_turn((status, {"message": "no such thing"}, {}))) as (s, server, _):
        with pytest.raises(error):
            s.get("x")
        with pytest.raises(error):
            s.send("POST", "x", json={})
        assert len(server.requests) == 2


def test_the_caller_says_what_a_404_means_and_which_answers_are_fine() -> None:
    with session(in_turn((404, {}, {}))) as (s, _, _):
        with pytest.raises(PermissionMissing):
            s.get("me", missing=PermissionMissing)
        assert s.get("x", expect=(200, 404)).status == 404


def test_the_servers_own_words_stand_in_the_error() -> None:
    with (
        session(in_turn((422, {"message": "Subject is missing"}, {}))) as (s, _, _),
        pytest.raises(HelpdeskProblem, match="Subject is missing"),
    ):
        s.get("x")


@pytest.mark.parametrize("status", [409, 412])
def test_a_ticket_that_changed_meanwhile_is_stale(status: int) -> None:
    with session(in_turn((status, {}, {}))) as (s, _, _), pytest.raises(StaleThread):
        s.send("POST", "x", json={}, headers={"If-Match": '"1"'})


def test_a_server_error_while_sending_is_uncertain_and_never_repeated() -> None:
    for status in (500, 502, 503, 504):
        with session(in_turn((status, {}, {}))) as (s, server, _):
            with pytest.raises(DeliveryUncertain):
                s.send("POST", "reply", json={"text": "hi"})
            assert len(server.requests) == 1
            with pytest.raises(ServerFailed):
                s.send("PUT", "status", json={}, once=False)


def test_a_connection_lost_after_sending_is_uncertain_and_a_read_is_repeated() -> None:
    with session(lambda request: request.hang_up()) as (s, server, _):
        with pytest.raises(DeliveryUncertain, match="lost"):
            s.send("POST", "reply", json={"text": "hi"})
        assert len(server.requests) == 1
        with pytest.raises(ServerUnreachable, match="lost"):
            s.get("x")
        assert len(server.requests) == 5


def test_a_connection_refused_means_that_nothing_was_sent() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        pauses = Pauses()
        s = HttpSession(f"http://127.0.0.1:{held.getsockname()[1]}", sleep=pauses)
        with pytest.raises(ServerUnreachable, match="did not take the connection"):
            s.send("POST", "reply", json={})
        assert len(pauses) == 3
        s.close()


def test_a_name_that_nobody_knows_is_said_so() -> None:
    s = HttpSession("http://helpdesk.invalid", sleep=Pauses(), tries=1)
    with pytest.raises(ServerUnreachable, match=r"helpdesk\.invalid"):
        s.get("x")
    s.close()


def test_a_login_page_instead_of_data_is_an_unexpected_answer() -> None:
    def page(request: Request) -> None:
        request.answer(200, b"<!DOCTYPE html><title>Sign in</title>", media="text/html")

    with session(page) as (s, _, _):
        answer = s.get("x")
        assert answer.is_page
        with pytest.raises(UnexpectedAnswer, match="web page"):
            answer.json()
        with pytest.raises(DeliveryUncertain):
            s.send("POST", "x", json={}).json()


def test_broken_json_is_an_unexpected_answer() -> None:
    with session(in_turn((200, b'{"a": ', {}))) as (s, _, _), pytest.raises(UnexpectedAnswer):
        s.get("x").json()
    with session(in_turn((201, b"", {}))) as (s, _, _):
        assert s.send("POST", "x", json={}).json() is None


@pytest.mark.parametrize("announced", [True, False])
def test_a_body_of_20_mb_is_not_read(announced: bool) -> None:
    read = []

    def large(request: Request) -> None:
        handler = request.handler
        handler.send_response(200)
        if announced:
            handler.send_header("Content-Length", str(21_000_000))
        handler.send_header("Connection", "close")
        handler.end_headers()
        handler.close_connection = True
        for _ in range(210):
            handler.wfile.write(bytes(100_000))
            read.append(1)

    with session(large) as (s, _, _):
        with pytest.raises(UnexpectedAnswer, match="more than 20 MB"):
            s.get("x")
        with pytest.raises(DeliveryUncertain):
            s.send("POST", "x", json={})
    if announced:
        assert len(read) < 150


def test_a_redirect_to_another_host_is_refused_and_never_sees_the_login() -> None:
    with serving(in_turn((200, {}, {}))) as other:
        away = in_turn((302, {}, {"Location": other.url.replace("127.0.0.1", "localhost") + "/steal"}))
        with session(away, auth=("ann", "pw")) as (s, _, _):
            with pytest.raises(UnexpectedAnswer, match="another server"):
                s.get("x")
            with pytest.raises(UnexpectedAnswer):
                s.send("POST", "x", json={})
            with pytest.raises(UnexpectedAnswer, match="another server"):
                s.get(other.url + "/next")
        assert other.seen == []


def test_redirects_on_the_same_host_are_followed_and_posts_stay_posts() -> None:
    def answer(request: Request) -> None:
        if request.path == "/api/old":
            request.answer(308, headers={"Location": "/api/new"})
        elif request.path == "/api/loop":
            request.answer(301, headers={"Location": "/api/loop"})
        elif request.path == "/api/taken":
            request.answer(303, headers={"Location": "/api/new"})
        else:
            request.answer(200, {"method": request.method, "body": request.body.decode()})

    with session(answer) as (s, _, _):
        assert s.get("old").json()["method"] == "GET"
        assert s.send("POST", "old", json=1).json() == {"method": "POST", "body": "1"}
        with pytest.raises(UnexpectedAnswer, match="without an end"):
            s.get("loop")
        with pytest.raises(DeliveryUncertain):
            s.send("POST", "taken", json=1)
        assert s.send("POST", "taken", data={"user": "ann"}, expect=(303,), once=False).status == 303


def test_cookies_of_a_login_are_kept() -> None:
    def answer(request: Request) -> None:
        request.answer(200, {"cookie": request.headers.get("Cookie", "")}, {"Set-Cookie": "sid=7; Path=/"})

    with session(answer) as (s, _, _):
        assert s.get("login").json() == {"cookie": ""}
        assert s.get("x").json() == {"cookie": "sid=7"}


@pytest.mark.parametrize("address", ["", "ftp://x", "support", "http://", "https://ann:pw@support.example"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(BadInput) as caught:
        HttpSession(address)
    assert "pw" not in str(caught.value)


def test_secrets_stand_in_no_repr_log_or_error(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with session(in_turn((401, {}, {})), headers={"Authorization": "token s3cret"}) as (s, _, _):
        with pytest.raises(LoginRefused) as caught:
            s.get("x", params={"q": "crystal@example.com"})
        text = f"{s!r} {caught.value} {caplog.text}"
    assert "s3cret" not in text
    assert "crystal" not in text
    with (
        session(in_turn((200, {}, {})), headers={"Authorization": "token s3cret\nx"}) as (s, _, _),
        pytest.raises(BadInput) as refused,
    ):
        s.get("x")
    assert "s3cret" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_certificates_are_verified_with_the_systems_and_further_ones(tmp_path: Any) -> None:
    assert module._certificates(True).verify_mode.name == "CERT_REQUIRED"  # type: ignore[union-attr]
    with pytest.raises(BadInput, match="cannot be read"):
        module._certificates(str(tmp_path / "none.pem"))


def test_a_success_that_was_not_expected_leaves_it_open_whether_a_message_arrived() -> None:
    with session(in_turn((200, b"<html>Please sign in</html>", {}))) as (s, server, _):
        with pytest.raises(DeliveryUncertain):
            s.send("POST", "reply", json={"text": "hi"}, expect=(201,))
        assert len(server.requests) == 1


def test_a_certificate_that_nobody_knows_is_refused_and_one_of_the_own_authority_taken(
    tmp_path: Path,
) -> None:
    tls, certificate = own_certificate(tmp_path)
    with serving(in_turn((200, {"a": 1}, {})), tls) as server:
        stranger = HttpSession(server.url, headers={"Authorization": "token s3cret"}, sleep=Pauses())
        with pytest.raises(ServerUnreachable, match="is not trusted"):
            stranger.get("x")
        assert server.requests == []
        stranger.close()
        friend = HttpSession(server.url, verify=str(certificate))
        assert friend.get("x").json() == {"a": 1}
        friend.close()


def test_the_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(in_turn((200, {"by": "proxy"}, {}))) as proxy:
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("http_proxy", proxy.url)
        made = HttpSession("http://helpdesk.invalid/api", sleep=Pauses())
        assert made.get("x").json() == {"by": "proxy"}
        assert proxy.seen == ["GET http://helpdesk.invalid/api/x"]
        made.close()


def test_a_socks_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(in_turn((200, {"by": "server"}, {}))) as server, serving_proxy() as proxy:
        for name in ("NO_PROXY", "no_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("all_proxy", f"socks5://127.0.0.1:{proxy.port}")
        port = int(server.url.rpartition(":")[2].partition("/")[0])
        made = HttpSession(f"http://helpdesk.invalid:{port}/api", sleep=Pauses())
        assert made.get("x").json() == {"by": "server"}
        assert proxy.reached == [("helpdesk.invalid", port)]
        made.close()
