"""How gently a helpdesk is asked, against a real server: ordered pauses, growing ones, and the breaker."""

from __future__ import annotations

import threading
from datetime import timedelta
from email.utils import format_datetime

import pytest
from support_http import Request, in_turn, serving, session
from support_store import START

from agent_assist.adapters.helpdesks import http
from agent_assist.adapters.helpdesks.http import HttpSession
from agent_assist.adapters.helpdesks.pace import FAILURES_TO_OPEN, Breaker, backoff, retry_after
from agent_assist.errors import (
    Cancelled,
    HelpdeskProblem,
    ServerBusy,
    ServerUnreachable,
)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7.0), (format_datetime(START + timedelta(seconds=9), usegmt=True), 9.0), ("1.5", 1.5)],
)
@pytest.mark.parametrize("status", [429, 503])
def test_the_pause_that_the_server_orders_is_kept_for_reading_and_sending(
    header: str, seconds: float, status: int
) -> None:
    busy = (status, {}, {"Retry-After": header})
    with session(in_turn(busy, (201, {}, {}))) as (s, server, pauses):
        assert s.send("POST", "reply", json={"text": "hi"}).status == 201
        assert len(server.requests) == 2
    assert len(pauses) == 1
    assert seconds <= pauses[0] <= seconds + 0.5
    with session(in_turn(busy, (200, {}, {}))) as (s, _, pauses):
        s.get("x")
        assert seconds <= pauses[0] <= seconds + 0.5


def test_a_long_ordered_pause_is_told_instead_of_waited_for() -> None:
    with session(in_turn((429, {}, {"Retry-After": "3600"}))) as (s, server, pauses):
        with pytest.raises(ServerBusy) as caught:
            s.get("x")
        assert (caught.value.wait_seconds, len(server.requests), pauses) == (3600, 1, [])


def test_retry_after_that_cannot_be_read_counts_as_none() -> None:
    assert retry_after("soon", START) is None
    assert retry_after("nan", START) is None
    assert retry_after(None, START) is None
    assert retry_after("-3", START) == 0.0
    assert retry_after("9e99", START) == 86_400
    assert retry_after("Wed, 21 Oct 2015 07:28:00 GMT", START) == 0.0


def test_backoff_doubles_its_bound_and_has_full_jitter() -> None:
    assert [backoff(n, lambda _, high: high) for n in range(4)] == [0.5, 1, 2, 4]
    assert backoff(50, lambda _, high: high) == 30
    assert backoff(3, lambda low, _: low) == 0
    drawn = [backoff(4) for _ in range(200)]
    assert min(drawn) < 1 < 7 < max(drawn) <= 8


def test_a_failing_read_is_repeated_with_growing_pauses() -> None:
    with session(in_turn((500, {}, {}), (502, {}, {}), (200, {"ok": 1}, {}))) as (s, server, pauses):
        assert s.get("x").json() == {"ok": 1}
        assert len(server.requests) == 3
    assert len(pauses) == 2
    assert pauses[0] <= 0.5
    assert pauses[1] <= 1.0


def test_the_breaker_leaves_a_failing_server_alone_and_tries_it_again() -> None:
    now = [0.0]
    breaker = Breaker(lambda: now[0])
    for _ in range(FAILURES_TO_OPEN - 1):
        breaker.failed()
    assert breaker.remaining() == 0
    breaker.failed()
    assert breaker.remaining() == 15
    now[0] = 15
    assert breaker.remaining() == 0
    breaker.failed()
    assert breaker.remaining() == 30
    now[0] = 45
    breaker.succeeded()
    breaker.failed()
    assert breaker.remaining() == 0


def test_an_open_breaker_asks_nobody() -> None:
    with session(in_turn((500, {}, {}))) as (s, server, _):
        for _ in range(3):
            with pytest.raises(HelpdeskProblem):
                s.get("x")
        assert len(server.requests) == FAILURES_TO_OPEN
        with pytest.raises(ServerUnreachable, match="left alone"):
            s.send("POST", "x", json={})
        assert len(server.requests) == FAILURES_TO_OPEN


def test_a_cancelled_wait_ends_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "LONGEST_ORDERED_PAUSE", 7200.0)
    cancel = threading.Event()

    def busy(request: Request) -> None:
        cancel.set()
        request.answer(429, {}, {"Retry-After": "3600"})

    with serving(busy) as server:
        s = HttpSession(server.url)
        with pytest.raises(Cancelled):
            s.get("x", cancel=cancel)
        assert len(server.requests) == 1
        s.close()
