"""Background work."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from agent_assist.domain.jobs import JobState
from agent_assist.errors import BadInput, Cancelled
from agent_assist.services.events import Event, EventBus, JobChanged
from agent_assist.services.jobs import JobContext, JobQueue

WAIT = 10


@pytest.fixture
def bus() -> EventBus:
    return EventBus()


@pytest.fixture
def queue(bus: EventBus) -> Iterator[JobQueue]:
    queue = JobQueue(bus, threads=1)
    yield queue
    queue.close()


def blocked(queue: JobQueue) -> threading.Event:
    """Occupy the only thread until the event is set."""
    running, gate = threading.Event(), threading.Event()

    def work(_: JobContext) -> None:
        running.set()
        gate.wait(WAIT)

    queue.submit("Block", work)
    assert running.wait(WAIT)
    return gate


def test_a_job_gives_its_value_and_tells_its_states(queue: JobQueue, bus: EventBus) -> None:
    seen: list[Event] = []
    bus.subscribe(seen.append)

    def work(context: JobContext) -> int:
        context.progress(1, 2, "half")
        context.progress(2, 2)
        return 42

    assert queue.submit("Count", work).result(WAIT) == 42
    states = [e.job.state for e in seen if isinstance(e, JobChanged)]
    assert states[0] is JobState.WAITING
    assert states[-1] is JobState.DONE
    assert any(isinstance(e, JobChanged) and e.job.done == 2 for e in seen)


def test_urgent_work_runs_first_and_equal_work_in_order(queue: JobQueue) -> None:
    order: list[str] = []
    gate = blocked(queue)
    jobs = [
        queue.submit(n, lambda _, n=n: order.append(n), priority=p)
        for n, p in (("late", 5), ("a", 0), ("b", 0))
    ]  # type: ignore[misc]
    gate.set()
    for job in jobs:
        job.result(WAIT)
    assert order == ["a", "b", "late"]


def test_the_same_key_is_one_job_until_it_ends(queue: JobQueue) -> None:
    gate = blocked(queue)
    one = queue.submit("Import", lambda _: 1, key="import")
    assert queue.submit("Import", lambda _: 2, key="import") is one
    gate.set()
    assert one.result(WAIT) == 1
    assert queue.submit("Import", lambda _: 3, key="import").result(WAIT) == 3


def test_a_waiting_job_that_is_cancelled_never_runs(queue: JobQueue) -> None:
    ran: list[int] = []
    gate = blocked(queue)
    job = queue.submit("Never", lambda _: ran.append(1))
    job.cancel()
    gate.set()
    with pytest.raises(Cancelled):
        job.result(WAIT)
    assert job.status.state is JobState.CANCELLED
    assert ran == []


def test_a_running_job_stops_at_its_next_check(queue: JobQueue) -> None:
    running = threading.Event()

    def work(context: JobContext) -> None:
        running.set()
        context.cancel.wait(WAIT)
        context.check()

    job = queue.submit("Long", work)
    assert running.wait(WAIT)
    job.cancel()
    with pytest.raises(Cancelled):
        job.result(WAIT)


def test_a_failure_has_a_sentence_and_the_queue_goes_on(queue: JobQueue) -> None:
    def bad(_: JobContext) -> None:
        raise BadInput("The row is empty.")

    def worse(_: JobContext) -> None:
        raise ZeroDivisionError

    first, second = queue.submit("Bad", bad), queue.submit("Worse", worse)
    with pytest.raises(BadInput):
        first.result(WAIT)
    with pytest.raises(ZeroDivisionError):
        second.result(WAIT)
    assert first.status.error is not None
    assert first.status.error.sentence == "The row is empty."
    assert second.status.error is not None
    assert queue.submit("Good", lambda _: "ok").result(WAIT) == "ok"


def test_closing_cancels_what_waits_and_refuses_more(bus: EventBus) -> None:
    queue = JobQueue(bus, threads=1)
    gate = blocked(queue)
    waiting = queue.submit("Waiting", lambda _: 1)
    threading.Timer(0.05, gate.set).start()
    queue.close()
    with pytest.raises(Cancelled):
        waiting.result(WAIT)
    with pytest.raises(Cancelled):
        queue.submit("Late", lambda _: 1)
    assert queue.active() == []


def test_waiting_for_a_value_can_time_out(queue: JobQueue) -> None:
    gate = blocked(queue)
    job = queue.submit("Slow", lambda _: 1)
    with pytest.raises(TimeoutError):
        job.result(0.01)
    gate.set()
