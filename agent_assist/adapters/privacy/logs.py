"""Personal data and secrets stay out of logs, whatever a message was made of."""

from __future__ import annotations

import logging
import re
from typing import Final

_SUSPECT = re.compile(r"@|\d[\d ().-]{5,}|://|pass|pwd|key|token|secret|bearer|-----BEGIN", re.IGNORECASE)
"""What a record without any of these cannot hold; the rules are loaded by the first that has one."""
_SECRET = re.compile(
    r"(?P<name>(?:api[-_ ]?key|token|secret|passphrase|passw(?:or)?d|pwd|authorization)[\"']?"
    r"\s{0,3}[:=]\s{0,3}[\"']?(?:bearer\s{1,3}|basic\s{1,3})?|\bbearer\s{1,3})(?P<value>[^\s\"',;&]{4,400})",
    re.IGNORECASE,
)
LONGEST: Final = 20_000
"""Characters of one record; what is longer is cut."""


def clean(text: str) -> str:
    """`text` with personal data and secrets replaced; long texts cut."""
    text = text if len(text) <= LONGEST else text[:LONGEST] + " (cut)"
    if not _SUSPECT.search(text):
        return text
    from agent_assist.adapters.privacy.rules import RuleRedactor

    text = _SECRET.sub(lambda m: f"{m.group('name')}[SECRET]", text)
    return RuleRedactor().redact(text)[0]


class PrivacyFilter(logging.Filter):
    """Rewrites a record before a handler writes it; put it on handlers, not on loggers."""

    def filter(self, record: logging.LogRecord) -> bool:
        try:
            record.msg = clean(record.getMessage())
        except Exception:  # a log line must never end the program, and must not come out unread either
            record.msg = f"A log record of {record.name} could not be read."
        record.args = None
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = clean(record.exc_text)
        return True


def protect_logs() -> None:
    """Put the filter on every handler of the root logger; done again, it changes nothing."""
    for handler in logging.getLogger().handlers:
        if not any(isinstance(f, PrivacyFilter) for f in handler.filters):
            handler.addFilter(PrivacyFilter())
