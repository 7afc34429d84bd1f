"""Background work with priorities, duplicate suppression, cancel and progress."""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Generic, TypeVar

from agent_assist.domain.jobs import JobState, JobStatus
from agent_assist.errors import AgentAssistError, Cancelled, ErrorInfo
from agent_assist.ports import CancelToken
from agent_assist.services.events import EventBus, JobChanged

log = logging.getLogger(__name__)

T = TypeVar("T")

PROGRESS_INTERVAL = 0.05
"""Seconds between two progress events of one job: more often than the eye reads helps nobody."""


def error_info(error: BaseException) -> ErrorInfo:
    """What is shown of any exception; an unexpected one becomes a plain sentence."""
    if isinstance(error, AgentAssistError):
        return error.info
    return AgentAssistError(f"An unexpected fault stopped this: {type(error).__name__}.").info


class JobContext:
    """What a piece of work is handed: its cancel token and a way to report progress."""

    def __init__(self, cancel: CancelToken, report: Callable[[int, int, str], None]) -> None:
        self.cancel = cancel
        self._report = report

    def progress(self, done: int, total: int = 0, note: str = "") -> None:
        """Say how far the work is; `total` is 0 where it is not known."""
        self._report(done, total, note)

    def check(self) -> None:
        """Raise Cancelled when the person has stopped the work."""
        if self.cancel.is_set():
            raise Cancelled("This was stopped.")


class Job(Generic[T]):
    """One submitted piece of work."""

    def __init__(self, title: str, work: Callable[[JobContext], T], key: str | None, visible: bool) -> None:
        self.id = uuid.uuid4().hex
        self.key = key
        self.cancel_token: CancelToken = threading.Event()
        self._work = work
        self._status = JobStatus(self.id, title, JobState.WAITING, visible=visible)
        self._finished = threading.Event()
        self._value: T | None = None
        self._error: BaseException | None = None

    @property
    def status(self) -> JobStatus:
        return self._status

    def cancel(self) -> None:
        """Ask it to stop; work that has not begun never begins."""
        self.cancel_token.set()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for its end, however it ends; False where that takes longer than `timeout` seconds."""
        return self._finished.wait(timeout)

    def result(self, timeout: float | None = None) -> T:
        """Wait for the value; raises what the work raised, Cancelled, or TimeoutError."""
        if not self.wait(timeout):
            raise TimeoutError(self._status.title)
        if self._error is not None:
            raise self._error
        return self._value  # type: ignore[return-value]  # set whenever there is no error


class JobQueue:
    """A few threads that take the most urgent job first.

    The same `key` while a job waits or runs returns that job.  Every change of a job is published
    as JobChanged on the thread that caused it.
    """

    def __init__(self, events: EventBus, threads: int = 4) -> None:
        self._events = events
        self._changed = threading.Condition()
        self._heap: list[tuple[int, int, Job[Any]]] = []
        self._order = itertools.count()
        self._live: dict[str, Job[Any]] = {}
        self._closed = False
        self._threads = [
            threading.Thread(target=self._run, name=f"job-{number}", daemon=True) for number in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def submit(
        self,
        title: str,
        work: Callable[[JobContext], T],
        *,
        key: str | None = None,
        priority: int = 0,
        visible: bool = True,
    ) -> Job[T]:
        """Queue `work`; a lower `priority` runs earlier, equal ones in order of arrival."""
        with self._changed:
            if self._closed:
                raise Cancelled("Agent Assist is closing.")
            if key is not None:
                existing = next(
                    (j for j in self._live.values() if j.key == key and not j.cancel_token.is_set()), None
                )
                if existing is not None:
                    return existing
            job = Job(title, work, key, visible)
            self._live[job.id] = job
            heapq.heappush(self._heap, (priority, next(self._order), job))
            self._changed.notify()
        self._events.publish(JobChanged(job.status))
        return job

    def active(self) -> list[JobStatus]:
        """Jobs that wait or run, in order of arrival."""
        with self._changed:
            return [job.status for job in self._live.values()]

    def find(self, key: str) -> Job[Any] | None:
        """The job of that key while it waits or runs."""
        with self._changed:
            return next((job for job in self._live.values() if job.key == key), None)

    def cancel(self, job_id: str) -> None:
        """Stop the job of that id; one that has ended, or is not known, stays as it is."""
        with self._changed:
            job = self._live.get(job_id)
        if job is not None:
            job.cancel()

    def close(self, timeout: float = 5.0) -> None:
        """Stop all jobs and wait up to `timeout` seconds for those that run."""
        with self._changed:
            self._closed = True
            waiting = [job for _, _, job in self._heap]
            self._heap.clear()
            for job in self._live.values():
                job.cancel_token.set()
            self._changed.notify_all()
        for job in waiting:
            self._finish(job, None, Cancelled("Agent Assist is closing."))
        deadline = time.monotonic() + timeout
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(max(0.0, deadline - time.monotonic()))

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._heap and not self._closed:
                    self._changed.wait()
                if not self._heap:
                    return
                _, _, job = heapq.heappop(self._heap)
            self._perform(job)

    def _perform(self, job: Job[Any]) -> None:
        if job.cancel_token.is_set():
            self._finish(job, None, Cancelled("This was stopped."))
            return
        self._set(job, replace(job.status, state=JobState.RUNNING))
        last = 0.0

        def report(done: int, total: int, note: str) -> None:
            nonlocal last
            now = time.monotonic()
            quiet = now - last < PROGRESS_INTERVAL and done != total
            job._status = replace(job.status, done=done, total=total, note=note)
            if not quiet:
                last = now
                self._events.publish(JobChanged(job.status))

        try:
            value = job._work(JobContext(job.cancel_token, report))
        except BaseException as error:  # the thread serves the next job whatever this one did
            if not isinstance(error, AgentAssistError):
                log.exception("the job %r failed", job.status.title)
            self._finish(job, None, error)
        else:
            self._finish(job, value, None)

    def _finish(self, job: Job[Any], value: Any, error: BaseException | None) -> None:
        if error is None:
            status = replace(job.status, state=JobState.DONE)
        elif isinstance(error, Cancelled):
            status = replace(job.status, state=JobState.CANCELLED)
        else:
            status = replace(job.status, state=JobState.FAILED, error=error_info(error))
        job._value, job._error = value, error
        with self._changed:
            self._live.pop(job.id, None)
        self._set(job, status)
        job._finished.set()

    def _set(self, job: Job[Any], status: JobStatus) -> None:
        job._status = status
        self._events.publish(JobChanged(status))
