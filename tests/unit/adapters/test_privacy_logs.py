from __future__ import annotations

import io
import logging

import pytest

from agent_assist.adapters.privacy.logs import LONGEST, PrivacyFilter, clean, protect_logs


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Sent to a@b.com", "Sent to [EMAIL_1]"),
        ("password=hunter22 next", "password=[SECRET] next"),
        ("Authorization: Bearer abcdef.ghi", "Authorization: Bearer [SECRET]"),
        ("key sk-proj-abcdefghij1234567890 refused", "key [API_KEY_1] refused"),
        ("Worker knowledge started, pid 8812", "Worker knowledge started, pid 8812"),
    ],
)
def test_records_are_cleaned(line: str, expected: str) -> None:
    assert clean(line) == expected


def test_long_records_are_cut() -> None:
    assert len(clean("x" * 100_000)) < LONGEST + 10


def test_arguments_and_tracebacks_are_cleaned_too() -> None:
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.addFilter(PrivacyFilter())
    log = logging.getLogger("test.privacy")
    log.addHandler(handler)
    try:
        try:
            raise ValueError("no such customer: a@b.com")
        except ValueError:
            log.exception("Looking for %s", "c@d.org")
        log.warning("broken %d", "a@b.com")
    finally:
        log.removeHandler(handler)
    written = out.getvalue()
    assert "Looking for [EMAIL_1]" in written
    assert "ValueError" in written
    assert "a@b.com" not in written
    assert "could not be read" in written


def test_handlers_are_protected_once() -> None:
    handler = logging.StreamHandler(io.StringIO())
    logging.getLogger().addHandler(handler)
    try:
        protect_logs()
        protect_logs()
        assert sum(isinstance(f, PrivacyFilter) for f in handler.filters) == 1
    finally:
        logging.getLogger().removeHandler(handler)
        for other in logging.getLogger().handlers:
            other.filters = [f for f in other.filters if not isinstance(f, PrivacyFilter)]
