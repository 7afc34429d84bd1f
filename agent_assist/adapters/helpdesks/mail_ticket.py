"""A conversation of mails as a ticket: who is the customer, who answers, and what no person wrote."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from agent_assist.adapters.helpdesks.mail_index import EMPTY, Key, is_own_copy
from agent_assist.adapters.helpdesks.mail_message import Body, Envelope
from agent_assist.adapters.helpdesks.mail_options import MailOptions
from agent_assist.adapters.helpdesks.mail_threads import Known, Threads, bare_subject
from agent_assist.domain.ticket import Channel, Customer, Message, Role, Ticket, TicketStatus

_ANSWERS_ITSELF = frozenset(("auto-reply", "bounce"))
"""What nobody waits for an answer to: shown as a note."""


def ticket_of_mails(
    name: str,
    mails: Sequence[Known],
    bodies: Mapping[Key, Body],
    threads: Threads,
    options: MailOptions,
    sent: str,
) -> Ticket:
    """`mails` are the conversation, oldest first; `sent` is the folder for sent mails."""
    roles = _roles(mails, threads, options, sent)
    seen: set[str] = set()
    messages = []
    for known, role in zip(mails, roles):
        envelope = known.envelope
        body = bodies.get(envelope.key, EMPTY)
        identity = envelope.id
        if identity in seen:  # another mail with the same Message-ID
            identity += "#" + hashlib.sha256(envelope.sender.email.encode()).hexdigest()[:8]
        seen.add(identity)
        author = envelope.sender.name or envelope.sender.email
        reduced = body.reduced
        messages.append(
            Message(identity, role, reduced.text, envelope.at, author, reduced.folded, body.attachments)
        )
    customer = next((k.envelope for k, r in zip(mails, roles) if r is Role.CUSTOMER), None)
    return Ticket(
        id=name,
        messages=tuple(messages),
        subject=bare_subject(mails[0].envelope.subject)[0],
        channel=Channel.EMAIL,
        customer=_customer(customer, threads),
        tags=tuple(sorted({k.envelope.automatic for k in mails if k.envelope.automatic})),
        status=_status(mails, roles),
    )


def _roles(mails: Sequence[Known], threads: Threads, options: MailOptions, sent: str) -> list[Role]:
    roles = [_role(known, threads, options, sent) for known in mails]
    if Role.CUSTOMER not in roles:
        # A colleague who writes to the shared mailbox is its customer.
        for position, known in enumerate(mails):
            envelope = known.envelope
            elsewhere = any(place.folder != sent for place in known.places)
            if elsewhere and envelope.sender.email != options.address and not envelope.automatic:
                roles[position] = Role.CUSTOMER
    return roles


def _role(known: Known, threads: Threads, options: MailOptions, sent: str) -> Role:
    envelope = known.envelope
    if envelope.automatic in _ANSWERS_ITSELF:
        return Role.NOTE
    if any(place.folder == sent for place in known.places) or is_own_copy(envelope, options):
        return Role.AGENT
    if not threads.is_ours(envelope.sender.email):
        return Role.CUSTOMER
    recipients = (*envelope.to, *envelope.cc)
    # Among ourselves: the customer has not seen it.
    return Role.NOTE if recipients and all(threads.is_ours(a.email) for a in recipients) else Role.AGENT


def _customer(envelope: Envelope | None, threads: Threads) -> Customer:
    if envelope is None:
        return Customer()
    who = envelope.reply_to
    if not who.email or threads.is_ours(who.email):
        who = envelope.sender
    return Customer(who.email, who.name or envelope.sender.name, who.email)


def _status(mails: Sequence[Known], roles: Sequence[Role]) -> TicketStatus:
    """Open where the customer waits; one who was answered from elsewhere does not."""
    public = [(k, r) for k, r in zip(mails, roles) if r is not Role.NOTE]
    if not public:
        return TicketStatus.PENDING
    known, role = public[-1]
    return TicketStatus.PENDING if role is Role.AGENT or known.answered else TicketStatus.OPEN
