"""Which personal data a ticket itself names, and what a placeholder for it looks like."""

from __future__ import annotations

import re

from agent_assist.domain.ticket import Ticket

PLACEHOLDER = re.compile(r"\[[A-Z][A-Z0-9_]{0,40}_\d{1,6}\]")
"""What stands where personal data was taken out: "[NAME_1]"."""

_PERSONAL_FIELD = re.compile(
    r"name|mail|phone|mobile|tel|address|street|city|zip|post|birth|account|iban|card|number|order|invoice"
    r"|tracking|parcel|booking|serial|customer|contract|licen|policy|(^|_)(id|no|nr|ref)($|_)",
    re.IGNORECASE,
)
_SHORTEST = 3
"""Characters: a shorter value ("XL", "1") stands in too many ordinary sentences."""


_SHARED_BOX = frozenset(
    [
        "info",
        "support",
        "sales",
        "contact",
        "hello",
        "mail",
        "office",
        "admin",
        "service",
        "help",
        "billing",
        "team",
        "orders",
        "customer",
        "kontakt",
    ]
)


def name_forms(name: str) -> list[str]:
    """The other ways in which a full name is written: its parts, initials, the family name first."""
    words = name.replace(",", " ").split()
    if len(words) < 2:
        return []
    first, last = words[0], words[-1]
    forms = [f"{last} {first}", f"{last}, {first}", f"{first} {last}", f"{first}{last}", f"{first}.{last}"]
    forms += [
        f"{first[0]} {last}",
        f"{first[0]}. {last}",
        f"{first} {last[0]}.",
        f"{first[0]}{last}",
        f"{first[0]}.{last}",
    ]
    forms += [f"{last}, {first[0]}.", f"{first}_{last}", f"{first}-{last}"]
    if len(words) > 2:
        forms.append(" ".join(w[0] + "." for w in words[:-1]) + f" {last}")
    return [f for f in dict.fromkeys(forms) if len(f) >= _SHORTEST and f != name]


def email_names(email: str) -> list[str]:
    """The part of an address before the @ and its words, where they may be somebody's name."""
    local = email.partition("@")[0]
    if local.lower() in _SHARED_BOX or len(local) < 4 or not any(c.isalpha() for c in local):
        return []
    return [local]


def ticket_values(ticket: Ticket) -> list[tuple[str, str]]:
    """`known_values`, and the names of everybody who wrote in the ticket."""
    known = known_values(ticket)
    known += [("NAME", n) for n in email_names(ticket.customer.email)]
    return known + [("NAME", m.author) for m in ticket.messages if m.author.strip()]


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
