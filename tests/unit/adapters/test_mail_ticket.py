"""A conversation of mails as a ticket: who is who."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from agent_assist.adapters.helpdesks.mail_message import Address, Body, Envelope
from agent_assist.adapters.helpdesks.mail_options import MailOptions
from agent_assist.adapters.helpdesks.mail_threads import Place, Threads
from agent_assist.adapters.helpdesks.mail_ticket import ticket_of_mails
from agent_assist.domain.mailtext import Reduced
from agent_assist.domain.ticket import Role, Ticket, TicketStatus

AT = datetime(2026, 1, 5, 10, tzinfo=UTC)
SUPPORT, ADA, CARLA = "support@support.example", "ada@staff.example", "carla@customer.example"
OPTIONS = MailOptions.read(
    {
        "address": SUPPORT,
        "ours": "staff.example",
        "imap_host": "localhost",
        "smtp_host": "localhost",
    },
    {},
)


def ticket(*mails: tuple[str, str, str, str], answered: bool = False, reply_to: str = "") -> Ticket:
    """Of (sender, recipient, folder, automatic), an hour apart."""
    threads = Threads(OPTIONS.ours)
    before: tuple[str, ...] = ()
    for hour, (sender, to, folder, automatic) in enumerate(mails):
        who = Address(sender.partition("@")[0].title(), sender)
        answer_to = Address("", reply_to) if reply_to else who
        to_all = tuple(Address("", a) for a in to.split())
        at = AT + timedelta(hours=hour)
        mail = Envelope(f"<{hour}@x>", before, "Reset", who, answer_to, to_all, (), at, automatic)
        threads.add(mail, Place(folder, hour + 1), answered)
        before = (mail.id,)
    ((name, found),) = threads.conversations().items()
    bodies = {k.envelope.key: Body(Reduced("text", "quote"), ()) for k in found}
    return ticket_of_mails(name, found, bodies, threads, OPTIONS, "Sent")


def roles(found: Ticket) -> list[Role]:
    return [m.role for m in found.messages]


def test_customers_and_colleagues() -> None:
    found = ticket(
        (CARLA, SUPPORT, "INBOX", ""),
        (ADA, f"{CARLA} {SUPPORT}", "INBOX", ""),
        (ADA, SUPPORT, "INBOX", ""),
        (SUPPORT, CARLA, "Sent", ""),
    )
    assert roles(found) == [Role.CUSTOMER, Role.AGENT, Role.NOTE, Role.AGENT]
    assert (found.customer.name, found.customer.email) == ("Carla", CARLA)
    assert found.status is TicketStatus.PENDING
    assert found.messages[0].folded == "quote"


def test_a_colleague_can_be_the_customer() -> None:
    found = ticket((ADA, SUPPORT, "INBOX", ""), (SUPPORT, ADA, "Sent", ""))
    assert roles(found) == [Role.CUSTOMER, Role.AGENT]
    assert found.customer.email == ADA


@pytest.mark.parametrize(
    ("automatic", "role", "status"),
    [
        ("auto-reply", Role.NOTE, TicketStatus.PENDING),
        ("bounce", Role.NOTE, TicketStatus.PENDING),
        ("mailing-list", Role.CUSTOMER, TicketStatus.OPEN),
        ("automatic", Role.CUSTOMER, TicketStatus.OPEN),
    ],
)
def test_what_no_person_wrote(automatic: str, role: Role, status: TicketStatus) -> None:
    found = ticket((CARLA, SUPPORT, "INBOX", automatic))
    assert (roles(found), found.tags, found.status) == ([role], (automatic,), status)


def test_who_is_written_to() -> None:
    assert ticket((CARLA, SUPPORT, "INBOX", ""), reply_to="dan@x.example").customer.email == "dan@x.example"
    assert ticket((CARLA, SUPPORT, "INBOX", ""), reply_to=SUPPORT).customer.email == CARLA
    assert ticket((CARLA, SUPPORT, "INBOX", ""), answered=True).status is TicketStatus.PENDING
