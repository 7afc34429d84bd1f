"""Personal data and secrets stay out of logs, whatever a message was made of.

Our own messages hold ids, counts and sentences of ours, never text of a ticket.  What this module is for is
what slips in all the same: names of the tickets that were read or saved since the start are replaced wherever
they stand; rules find addresses, numbers and secrets; and the message of an unexpected fault, which may quote
anything, is read by the classifier of names, too, or left out where that would hold somebody up.
"""

from __future__ import annotations

import logging
import re
import threading
import traceback
from collections import OrderedDict
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from agent_assist.domain.ticket import Ticket

if TYPE_CHECKING:
    from agent_assist.adapters.privacy.redactor import TicketRedactor

_SUSPECT = re.compile(r"@|\d[\d ().-]{5,}|://|pass|pwd|key|token|secret|bearer|-----BEGIN", re.IGNORECASE)
"""What a record without any of these cannot hold; the rules are loaded by the first that has one."""
_SECRET = re.compile(
    r"(?P<name>(?:api[-_ ]?key|token|secret|passphrase|passw(?:or)?d|pwd|authorization)[\"']?"
    r"\s{0,3}[:=]\s{0,3}[\"']?(?:bearer\s{1,3}|basic\s{1,3})?|\bbearer\s{1,3})(?P<value>[^\s\"',;&]{4,400})",
    re.IGNORECASE,
)
LONGEST: Final = 20_000
"""Characters of one record; what is longer is cut."""
REMEMBERED: Final = 3000
"""Names that are looked for in records: those that were met last."""
LEFT_OUT: Final = "(its message is left out)"
_PART: Final = 4
"""Characters from which a part of a name is looked for by itself: "May" and "Ed" are words, too."""


class _Names:
    """The names of tickets that came into this process; thread-safe."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.Lock()

    def add(self, values: Iterable[str]) -> None:
        wanted = [v for value in values for v in (value, *value.split()) if len(v) >= _PART]
        with self._lock:
            for value in wanted:
                self._known[value.casefold()] = None
                self._known.move_to_end(value.casefold())
            while len(self._known) > REMEMBERED:
                self._known.popitem(last=False)

    def taken_out(self, text: str) -> str:
        folded = text.casefold()
        with self._lock:
            found = [name for name in self._known if name in folded]
        for name in sorted(found, key=len, reverse=True):
            text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", "[NAME]", text, flags=re.IGNORECASE)
        return text


_names: Final = _Names()
_reading = threading.local()


def remember(ticket: Ticket) -> None:
    """Replace the names of this ticket's people in every record from now on."""
    authors = (m.author for m in ticket.messages[-50:] if m.author)
    _names.add(v for v in (ticket.customer.name, ticket.customer.email, *authors) if v)


def clean(text: str) -> str:
    """`text` with personal data and secrets replaced; long texts cut."""
    text = _names.taken_out(text if len(text) <= LONGEST else text[:LONGEST] + " (cut)")
    if not _SUSPECT.search(text):
        return text
    from agent_assist.adapters.privacy.rules import RuleRedactor

    text = _SECRET.sub(lambda m: f"{m.group('name')}[SECRET]", text)
    return RuleRedactor().redact(text)[0]


def clean_fault(fault: BaseException) -> str:
    """The traceback of a fault: our own lines, and messages without personal data."""
    chain: list[BaseException] = []
    while fault is not None and fault not in chain and len(chain) < 8:
        chain.append(fault)
        before = fault.__cause__ or (None if fault.__suppress_context__ else fault.__context__)
        if before is None:
            break
        fault = before
    parts = []
    for one in reversed(chain):
        lines = "".join(traceback.format_tb(one.__traceback__))
        said = _message(str(one))
        parts.append(f"{clean(lines)}{type(one).__name__}{': ' + said if said else ''}")
    return "\n\n".join(parts)[:LONGEST]


def _message(text: str) -> str:
    """What a fault says, as the classifier of names lets it pass.

    It is loaded by the first such fault; that takes a second, so on the main thread, which may be the
    window's, and while it is itself being loaded, the message is left out instead.
    """
    text = clean(text[:2000])
    if not re.search(r"[^\W\d_]{3}", text):
        return text
    if getattr(_reading, "busy", False) or (
        threading.current_thread() is threading.main_thread() and not _classifier.cache_info().currsize
    ):
        return LEFT_OUT
    _reading.busy = True
    try:
        return _classifier().redact(text)[0]
    except Exception:  # a log line must never end the program
        return LEFT_OUT
    finally:
        _reading.busy = False


@lru_cache(maxsize=1)
def _classifier() -> TicketRedactor:
    from agent_assist.adapters.privacy.redactor import TicketRedactor, packaged_tagger

    packaged_tagger()
    return TicketRedactor(packaged_tagger, presidio=lambda: False)


class PrivacyFilter(logging.Filter):
    """Rewrites a record before a handler writes it; put it on handlers, not on loggers."""

    def filter(self, record: logging.LogRecord) -> bool:
        try:
            record.msg = clean(record.getMessage())
            if record.exc_info and record.exc_info[1] is not None:
                # Anew even where another handler has formatted it: what that one keeps is not cleaned.
                record.exc_text = clean_fault(record.exc_info[1])
            elif record.exc_text:
                record.exc_text = clean(record.exc_text)
        except Exception:  # a log line must never end the program, and must not come out unread either
            record.msg = f"A log record of {record.name} could not be read."
            record.exc_text = "" if record.exc_info else record.exc_text
            record.exc_info = None
        record.args = None
        return True


def protect_logs() -> None:
    """Put the filter on every handler of the root logger; done again, it changes nothing."""
    for handler in logging.getLogger().handlers:
        if not any(isinstance(f, PrivacyFilter) for f in handler.filters):
            handler.addFilter(PrivacyFilter())
