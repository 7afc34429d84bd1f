"""What the connector of Request Tracker makes of answers that a real one gives seldom or never."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from agent_assist.adapters.helpdesks.rt import RtConnector
from agent_assist.adapters.helpdesks.rt_thread import LONGEST_PART, body
from agent_assist.domain.helpdesk import Connection
from agent_assist.domain.ticket import Role, TicketStatus
from agent_assist.errors import (
    AgentAssistError,
    DeliveryUncertain,
    LoginRefused,
    PermissionMissing,
    UnexpectedAnswer,
)
from tests.support_http import Request, serving

USER = {"id": 28, "Name": "agent", "RealName": "Agent"}
PAGE = b"<!doctype html><html>Please sign in</html>"


class Clock:
    def now(self) -> datetime:
        return datetime.now(UTC)


@contextmanager
def connected(answers: dict[str, Any], **values: str) -> Iterator[RtConnector]:
    """A connector with a token before a server that answers these paths: (status, body) or a body."""

    def answer(request: Request) -> None:
        path = request.path.partition("?")[0].removeprefix("/REST/2.0")
        found = answers.get(f"{request.method} {path}", answers.get(path, (404, {})))
        status, content = found if isinstance(found, tuple) else (200, found)
        media = "text/html" if content == PAGE else "application/json"
        request.answer(status, content, {"Location": "/"} if status == 302 else {}, media)

    with serving(answer) as server:
        connection = Connection("rt", "rt", "RT", {"url": server.url, **values})
        made = RtConnector(connection, {"token": "1-28-0123abcd"}, Clock())
        try:
            yield made
        finally:
            made.close()


@pytest.mark.parametrize(
    ("answers", "error"),
    [
        ({"/user/28": PAGE}, UnexpectedAnswer),
        ({"/user/28": {"message": "hello"}}, UnexpectedAnswer),
        ({}, LoginRefused),
        ({"/user/28": (401, {})}, LoginRefused),
        ({"/user/28": (302, {})}, LoginRefused),
        ({"/user/28": (403, {})}, PermissionMissing),
    ],
)
def test_what_is_no_request_tracker_is_told(answers: dict[str, Any], error: type[AgentAssistError]) -> None:
    with connected(answers) as rt, pytest.raises(error):
        rt.check()


@pytest.mark.parametrize("content", [{"items": None}, {"items": ["x"]}, ["x"], PAGE])
def test_what_is_no_list_is_told(content: object) -> None:
    with connected({"/user/28": USER, "/tickets": content}) as rt, pytest.raises(UnexpectedAnswer):
        rt.ticket("1")


@pytest.mark.parametrize("answer", [(201, ["Correspondence added"]), (200, PAGE), (500, b""), (204, b"")])
def test_an_answer_without_the_message_leaves_it_open(answer: tuple[int, Any]) -> None:
    """Also the empty 500 that RT gives: it may have taken the reply in before."""
    with (
        connected({"/user/28": USER, "POST /ticket/1/correspond": answer}) as rt,
        pytest.raises(DeliveryUncertain),
    ):
        rt.reply("1", "Hello", "abc")


def test_a_refused_reply_gives_rts_own_words() -> None:
    refused = (400, {"message": "Permission Denied"})
    answers = {"/user/28": USER, "/ticket/1": {"id": 1}, "POST /ticket/1/correspond": refused}
    with connected(answers) as rt, pytest.raises(PermissionMissing, match="Permission Denied"):
        rt.reply("1", "Hello", "abc")


def test_a_status_of_the_companys_own_is_asked_for() -> None:
    row = {"id": "1", "Subject": "S", "Status": "waiting for parts", "Requestors": []}
    seen: list[str] = []

    def answers(request: Request) -> None:
        seen.append(request.path)
        closed = "__Inactive__" in request.path
        lists = [] if "history" in request.path else [{"id": "1"} if closed else row]
        request.answer(200, USER if "/user/" in request.path else {"items": lists})

    with serving(answers) as server:
        rt = RtConnector(Connection("rt", "rt", "RT", {"url": server.url}), {"token": "1-28-ab"}, Clock())
        assert [rt.ticket("1").status for _ in range(2)] == [TicketStatus.SOLVED] * 2
        rt.close()
    assert sum("__Inactive__" in path for path in seen) == 1, "once for each status"


def test_a_text_that_is_too_long_is_told_and_not_read() -> None:
    part = {
        "ContentType": "text/plain",
        "Filename": "",
        "ContentLength": str(LONGEST_PART + 1),
        "Content": "",
    }
    assert "too long" in body([part]).text
    assert body([]).text == ""


def test_a_message_that_cannot_be_read_back_is_still_the_message_that_was_sent() -> None:
    def answers(request: Request) -> None:
        if request.method == "POST":
            request.answer(201, ["Correspondence added"], {"Location": "/REST/2.0/transaction/58"})
        elif "/user/" in request.path:
            request.answer(200, USER)
        else:
            request.answer(403, {})

    with serving(answers) as server:
        rt = RtConnector(Connection("rt", "rt", "RT", {"url": server.url}), {"token": "1-28-ab"}, Clock())
        sent = rt.reply("1", "Hello", "abc")
        note = rt.note("1", "Hello", "abd")
        rt.close()
    assert (sent.id, sent.role, sent.text, sent.author) == ("58", Role.AGENT, "Hello", "Agent")
    assert note.role is Role.NOTE
