"""No log record names anybody of a ticket: a draft, a reply that cannot be delivered, faults that quote."""

from __future__ import annotations

import io
import logging
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent_assist.adapters.privacy.logs import PrivacyFilter
from agent_assist.app import open_desk
from agent_assist.domain.knowledge import Article
from agent_assist.domain.suggestion import mark_id
from agent_assist.domain.ticket import Customer, Message, Role, Ticket
from agent_assist.services.desk import Desk
from agent_assist.services.jobs import JobContext

pytestmark = [pytest.mark.real_model, pytest.mark.timeout(600)]

SAID = "Hi, my name is Zebulon Quackenbush. My wife Philippa Wolstenholme wants to return a lamp."
TICKET = Ticket(
    "T-log",
    (
        Message("m1", Role.CUSTOMER, SAID, author="Zebulon Quackenbush"),
        Message("m2", Role.NOTE, "Ask in the shop.", author="Crispin Featherstonehaugh"),
        Message("m3", Role.CUSTOMER, "How many days do I have to return a lamp?"),
    ),
    customer=Customer("C-7", "Zebulon Quackenbush", "zeb.q@quackenbush.example"),
)
NAMES = ("zebulon", "quackenbush", "philippa", "wolstenholme", "crispin", "featherstonehaugh", "zeb.q")


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """Everything that is logged, at the lowest level, through what every handler of ours has."""
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s %(message)s"))
    handler.addFilter(PrivacyFilter())
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield out
    root.setLevel(before)
    root.removeHandler(handler)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = open_desk(tmp_path / "w", passphrase=lambda: "a long enough passphrase")
    made.knowledge.add_articles([Article("returns", "Returns", "A lamp can be returned within 90 days.")])
    made.models.start()
    yield made
    made.close()


def fails(desk: Desk, message: str) -> None:
    """A fault of our own in a job, which quotes what it was about."""

    def work(_: JobContext) -> None:
        raise ValueError(message)

    job = desk.jobs.submit("A job with a fault", work)
    with pytest.raises(ValueError, match=r"cannot read|no such key"):
        job.result(60)


def test_no_record_of_a_draft_a_failed_reply_and_a_fault_names_anybody(
    desk: Desk, written: io.StringIO
) -> None:
    desk.tickets.save([TICKET])
    suggestion = desk.drafting.draft(TICKET)
    assert "90 days" in suggestion.text
    desk.options.change({"outbox.undo_seconds": 0})
    confirmed = {mark_id(m, suggestion.text) for m in suggestion.marks}
    item = desk.outbox.send("T-log", suggestion.text, suggestion.id, confirmed=confirmed)
    desk.outbox.deliver_due()
    assert desk.outbox.get(item.id) is not None
    fails(desk, f"cannot read {SAID!r}")
    fails(desk, "no such key: 'Zebulon Quackenbush <zeb.q@quackenbush.example>'")
    logging.getLogger("agent_assist.test").warning("looked for %s", TICKET.customer.name)
    log = written.getvalue()
    assert "the job 'A job with a fault' failed" in log
    assert "ValueError" in log
    assert "looked for [NAME]" in log
    said = [name for name in NAMES if name in log.casefold()]
    assert said == [], log


def test_on_the_main_thread_a_fault_that_quotes_is_left_out_until_the_classifier_is_there(
    written: io.StringIO,
) -> None:
    from agent_assist.adapters.privacy import logs

    logs._classifier.cache_clear()
    assert threading.current_thread() is threading.main_thread()
    try:
        raise KeyError("Philippa Wolstenholme")
    except KeyError:
        logging.getLogger("agent_assist.test").exception("not found")
    assert f"KeyError: {logs.LEFT_OUT}" in written.getvalue()
