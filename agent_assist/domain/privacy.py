"""Which personal data a ticket itself names."""

from __future__ import annotations

import re

from agent_assist.domain.ticket import Ticket

_PERSONAL_FIELD = re.compile(
    r"name|mail|phone|mobile|tel|address|street|city|zip|post|birth|account|iban|card|number|order|invoice"
    r"|tracking|parcel|booking|serial|customer|contract|licen|policy|(^|_)(id|no|nr|ref)($|_)",
    re.IGNORECASE,
)
_SHORTEST = 3
"""Characters: a shorter value ("XL", "1") stands in too many ordinary sentences."""


def known_values(ticket: Ticket) -> list[tuple[str, str]]:
    """(type, value) pairs to be replaced wherever they stand: the customer's name and address, and
    the fields whose name or value says that they belong to one person.  Longest first."""
    customer = ticket.customer
    pairs = [("NAME", customer.name), ("EMAIL", customer.email), ("CUSTOMER_ID", customer.id)]
    pairs += [("NAME", part) for part in customer.name.split() if part[:1].isupper()]
    for name, value in ticket.fields.items():
        if _PERSONAL_FIELD.search(name) or sum(c.isdigit() for c in value) >= 5:
            pairs.append((re.sub(r"\W+", "_", name).strip("_").upper() or "FIELD", value))
    cleaned = dict.fromkeys((kind, value.strip()) for kind, value in pairs)
    return sorted((p for p in cleaned if len(p[1]) >= _SHORTEST), key=lambda p: -len(p[1]))
