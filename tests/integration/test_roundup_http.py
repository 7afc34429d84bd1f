"""The shared HTTP layer against a server nobody here wrote that really answers 429 and 412: Roundup."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from support_roundup import CALLS, PASSWORD, USER, roundup

from agent_assist.adapters.helpdesks.http import HttpSession
from agent_assist.errors import LoginRefused, ServerBusy, StaleThread, TicketGone

ISSUES = "rest/data/issue"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with roundup(tmp_path_factory.mktemp("roundup")) as address:
        yield address


@pytest.fixture
def session(url: str) -> Iterator[HttpSession]:
    made = connect(url)
    yield made
    made.close()


def connect(url: str, password: str = PASSWORD, **options: object) -> HttpSession:
    # Roundup wants these of whoever writes, against forged requests from web pages.
    headers = {"X-Requested-With": "agent-assist", "Origin": url, "Referer": f"{url}/"}
    return HttpSession(url, headers=headers, auth=(USER, password), **options)  # type: ignore[arg-type]


def test_412_tells_that_the_thread_has_moved_on(session: HttpSession) -> None:
    made = session.send("POST", ISSUES, json={"title": "Wrong size"}, expect=(201,)).json()["data"]
    path = f"{ISSUES}/{made['id']}"
    etag = session.get(path).headers["ETag"]
    session.send("PATCH", path, json={"title": "Wrong colour"}, headers={"If-Match": etag})
    with pytest.raises(StaleThread):
        session.send("PATCH", path, json={"title": "Wrong colour again"}, headers={"If-Match": etag})
    assert session.get(f"{path}/title").json()["data"]["data"] == "Wrong colour"


def test_429_is_waited_for_as_long_as_it_says_and_nothing_is_sent_twice(session: HttpSession) -> None:
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        time.sleep(seconds)

    session._sleep = sleep
    for number in range(CALLS + 2):
        session.send("POST", ISSUES, json={"title": f"Reply {number}."}, expect=(201,))
    assert slept, "the limit was reached"
    assert all(1.0 <= seconds <= 3.5 for seconds in slept), slept
    found = session.get(ISSUES, params={"@fields": "title"}).json()["data"]["collection"]
    titles = sorted(row["title"] for row in found if row["title"].startswith("Reply"))
    assert titles == [f"Reply {number}." for number in range(CALLS + 2)]


def test_with_no_patience_the_pause_is_told(url: str) -> None:
    hasty = connect(url, tries=1)

    def hurry() -> None:
        for _ in range(3 * CALLS):
            hasty.get(ISSUES)

    with pytest.raises(ServerBusy) as caught:
        hurry()
    assert caught.value.wait_seconds >= 1
    hasty.close()


def test_a_wrong_password_and_a_missing_issue_are_told_apart(url: str, session: HttpSession) -> None:
    stranger = connect(url, "wrong")
    with pytest.raises(LoginRefused):  # in plain text, where JSON was asked for
        stranger.get(ISSUES)
    stranger.close()
    with pytest.raises(TicketGone):
        session.get(f"{ISSUES}/99999")
