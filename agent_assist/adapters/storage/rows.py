"""Small conversions between the columns of the database and the domain."""

from __future__ import annotations

from datetime import UTC, datetime


def clean(text: str) -> str:
    """Text that the database can hold: lone surrogates, which have no UTF-8 form, become `?`."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode()
    return text


def stamp(moment: datetime | None) -> str | None:
    """A time as text of fixed width in UTC, so that the order of texts is the order of times.

    None for a time that does not exist in UTC (the first hours of the year 1 in a zone east of it).
    """
    try:
        return moment.astimezone(UTC).isoformat(timespec="microseconds") if moment else None
    except OverflowError:
        return None


def moment(text: str | None) -> datetime | None:
    """The inverse of `stamp`."""
    return datetime.fromisoformat(text) if text else None
