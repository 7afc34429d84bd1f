"""Mails as records: grouped into threads by their references, each thread one ticket."""

from __future__ import annotations

import base64
import email
import email.policy
import json
import mailbox
from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import parseaddr, parsedate_to_datetime
from pathlib import Path

from agent_assist.domain.mailtext import reduce_mail
from agent_assist.domain.ticket import Customer, Message, Role, Ticket
from training.prepare.record import Read, Record

Mail = tuple[str, bytes]
"""(where it stands, the mail as it is)."""


def eml(path: Path) -> Read:
    """One mail as a thread of its own."""
    yield from threads(iter([(path.name, path.read_bytes())]))


def eml_files(folder: Path) -> Iterator[Mail]:
    """Name and bytes of every .eml below a folder, in the order of their paths."""
    for path in sorted(folder.rglob("*.eml")):
        yield path.name, path.read_bytes()


def mbox(path: Path) -> Read:
    """The threads of an mbox; its mails are counted from 1 in what is said of them."""
    box = mailbox.mbox(str(path), create=False)
    yield from threads((f"{path.name}#{n}", bytes(m)) for n, m in enumerate(box, 1))


def _parsed(raw: bytes) -> EmailMessage:
    made = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(made, EmailMessage)  # noqa: S101 -- what the policy makes
    return made


def threads(mails: Iterator[Mail]) -> Read:
    """Mails grouped by their references."""
    root: dict[str, str] = {}
    groups: dict[str, list[tuple[str, str]]] = {}
    for where, raw in mails:
        mail = email.message_from_bytes(raw.split(b"\n\n", 1)[0] + b"\n\n", policy=email.policy.default)
        own = str(mail["Message-ID"] or where).strip()
        links = f"{mail['References'] or ''} {mail['In-Reply-To'] or ''}".split()
        first = next((root[link] for link in links if link in root), links[0] if links else own)
        root[own] = first
        for link in links:
            root.setdefault(link, first)
        groups.setdefault(first, []).append((where, base64.b64encode(raw).decode()))
    for group in groups.values():
        yield Record("mail", group[0][0], json.dumps(group))


def mail_ticket(payload: str) -> Ticket:
    """Who wrote first is the customer."""
    return _thread([(where, _parsed(base64.b64decode(raw))) for where, raw in json.loads(payload)])


def _thread(group: list[tuple[str, EmailMessage]]) -> Ticket:
    ordered = sorted(group, key=lambda pair: _sent(pair[1]))
    customer = parseaddr(str(ordered[0][1]["From"] or ""))[1].casefold()
    messages = []
    for where, mail in ordered:
        name, address = parseaddr(str(mail["From"] or ""))
        body = mail.get_body(("plain", "html"))
        if body is None:
            continue
        text = reduce_mail(str(body.get_content()), html=body.get_content_type() == "text/html").text
        role = Role.CUSTOMER if address.casefold() == customer else Role.AGENT
        messages.append(Message(where, role, text, _sent(mail), address or name))
    first = ordered[0][1]
    return Ticket(
        str(first["Message-ID"] or ordered[0][0]),
        tuple(messages),
        subject=str(first["Subject"] or ""),
        customer=Customer(email=customer, name=parseaddr(str(first["From"] or ""))[0]),
    )


def _sent(mail: EmailMessage) -> datetime:
    try:
        moment = parsedate_to_datetime(str(mail["Date"]))
    except (TypeError, ValueError):
        return datetime.min.replace(tzinfo=UTC)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
