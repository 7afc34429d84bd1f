"""Servers that answer a byte at a time or not at all: deadlines, cancelling and closing."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from support_http import Request, own_certificate, serving, session

from agent_assist.adapters.helpdesks.http import HttpSession
from agent_assist.errors import (
    Cancelled,
    DeliveryUncertain,
    ServerUnreachable,
)


def drip(*, in_headers: bool) -> Callable[[Request], None]:
    """Slow-loris: a byte now and then, until the other side hangs up."""

    def answer(request: Request) -> None:
        handler = request.handler
        handler.close_connection = True
        start = b"HTTP/1.1 200 OK\r\nX-Slow: " if in_headers else b"HTTP/1.1 200 OK\r\n\r\n"
        handler.wfile.write(start)
        while True:
            handler.wfile.write(b"a")
            time.sleep(0.05)

    return answer


@pytest.mark.parametrize("in_headers", [True, False])
def test_a_slow_loris_ends_at_the_total_deadline(in_headers: bool) -> None:
    with session(drip(in_headers=in_headers), timeout=0.2, tries=1) as (s, _, _):
        with pytest.raises(ServerUnreachable, match="did not finish"):
            s.get("x")
        with pytest.raises(DeliveryUncertain):
            s.send("POST", "x", json={})


def test_a_request_under_way_is_cancelled() -> None:
    cancel = threading.Event()
    with session(drip(in_headers=True), timeout=3600) as (s, _, _):
        timer = threading.Timer(0.2, cancel.set)
        timer.start()
        with pytest.raises(Cancelled):
            s.get("x", cancel=cancel)
        timer.join()


def test_a_silent_server_is_given_up() -> None:
    with session(lambda _: time.sleep(1), timeout=0.1, tries=1) as (s, _, _):
        with pytest.raises(ServerUnreachable, match="did not answer"):
            s.get("x")
        with pytest.raises(DeliveryUncertain):
            s.send("POST", "x", json={})


def test_a_slow_loris_over_tls_ends_at_the_deadline(tmp_path: Path) -> None:
    tls, certificate = own_certificate(tmp_path)
    with serving(drip(in_headers=True), tls) as server:
        made = HttpSession(server.url, verify=str(certificate), timeout=0.3, tries=1)
        with pytest.raises(ServerUnreachable, match="did not finish"):
            made.get("x")
        made.close()


def test_closing_ends_a_request_that_is_under_way() -> None:
    ended: list[BaseException] = []
    with session(drip(in_headers=True), timeout=3600) as (s, server, _):

        def call() -> None:
            try:
                s.send("POST", "x", json={})
            except DeliveryUncertain as error:
                ended.append(error)

        thread = threading.Thread(target=call)
        thread.start()
        while not server.requests:
            time.sleep(0.01)
        time.sleep(0.1)
        s.close()
        thread.join(60)
        assert not thread.is_alive()
    assert len(ended) == 1
