"""django-helpdesk, through its REST interface (2.x).

It tells neither who one is nor what has changed: the open tickets are listed, with their threads, and
compared with a mark of each.  It keeps no token of ours: a reply is found again by its words and time.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from agent_assist.adapters.helpdesks.http import HttpSession
from agent_assist.adapters.helpdesks.rest import (
    RestConnector,
    an_object,
    attachment,
    message,
    needs_text,
    number_of,
    rows_of,
    sent_before,
)
from agent_assist.domain.helpdesk import Ability, Account, Changes, ConnectionField, FieldKind, Queue
from agent_assist.domain.ticket import Channel, Customer, Message, Role, Ticket, TicketStatus, parse_time
from agent_assist.errors import Cancelled, TicketGone, UnexpectedAnswer
from agent_assist.ports import CancelToken

PER_PAGE = 100
_MOST_PAGES = 200
_AT_ONCE = 500
_STATUS = {3: TicketStatus.SOLVED, 4: TicketStatus.SOLVED, 5: TicketStatus.SOLVED}
_CHANGES: Mapping[TicketStatus, Mapping[str, Any]] = {
    TicketStatus.OPEN: {"status": 2, "on_hold": False},
    TicketStatus.PENDING: {"on_hold": True},
    TicketStatus.SOLVED: {"status": 3, "on_hold": False},
}
_TICKET_PAGE = re.compile(r"/(?:tickets|view)/(\d+)/?(?:[?#].*)?$")
_FIRST = "description"


class DjangoHelpdeskConnector(RestConnector):
    """Implements ports.HelpdeskConnector."""

    kind: ClassVar[str] = "django_helpdesk"
    title: ClassVar[str] = "django-helpdesk"
    fields: ClassVar[Sequence[ConnectionField]] = (
        ConnectionField(
            "url", "Address", "https://support.example.com/helpdesk", kind=FieldKind.URL, required=True
        ),
        ConnectionField("username", "User name", "Empty where you enter an access token."),
        ConnectionField(
            "token",
            "Access token or password",
            "The token of a staff account, or with a user name its password.",
            FieldKind.SECRET,
            required=True,
        ),
        ConnectionField(
            "user",
            "Number of your account",
            "Only tickets that are assigned to it; empty for all. It stands in the address of your page in "
            "the administration.",
        ),
        ConnectionField("queues", "Queues", "Numbers of the queues; empty for all.", FieldKind.LIST),
        ConnectionField(
            "statuses",
            "Open states",
            "Numbers of the states in which a ticket is shown.",
            FieldKind.LIST,
            default="1,2",
        ),
    )
    abilities: ClassVar[frozenset[Ability]] = frozenset({Ability.NOTE, Ability.STATUS})

    def check(self) -> Account:
        rows = self._http.get("tickets/", params={"page_size": 1}, missing=UnexpectedAnswer).json()
        rows_of(an_object(rows, "tickets").get("results"), "tickets")
        name = self._values.get("username", "").strip()
        self._account = Account(self._user or name, name)
        return self._account

    def queues(self) -> list[Queue]:
        numbers = {row.get("queue") for row in self._open_tickets(None)}
        return [Queue(str(n), f"Queue {n}") for n in sorted(n for n in numbers if isinstance(n, int))]

    def changes(self, cursor: str, cancel: CancelToken) -> Changes:
        known = _marks(cursor)
        marks = dict(known)
        tickets: list[Ticket] = []
        gone: list[str] = []
        there = set()
        for row in self._open_tickets(cancel):
            name = str(row["id"])
            if not self._wanted(row):
                continue
            there.add(name)
            mark = _mark(row)
            if marks.get(name) != mark and len(tickets) < _AT_ONCE:
                tickets.append(_ticket(row))
                marks[name] = mark
        more = len(tickets) >= _AT_ONCE
        for name in [n for n in known if n not in there]:
            # Closed, given to somebody else, or deleted.
            del marks[name]
            try:
                row = self._row(name)
            except TicketGone:
                gone.append(name)
                continue
            if self._wanted(row):
                tickets.append(_ticket(row))
            else:
                gone.append(name)
        return Changes(tuple(tickets), json.dumps({"marks": marks}), more, tuple(gone))

    def ticket(self, ticket: str) -> Ticket:
        return _ticket(self._row(ticket))

    def find_reply(self, ticket: str, token: str, text: str, since: datetime) -> Message | None:
        written = [f for f in _follow_ups(self._row(ticket)) if f.get("user") is not None]
        mine = {str(f.get("id")) for f in written if not self._user or str(f.get("user")) == self._user}
        return sent_before([_message(f, "") for f in written], lambda m: m.id in mine, text, since)

    def reply(self, ticket: str, text: str, token: str) -> Message:
        return self._write(ticket, text, token, Role.AGENT)

    def note(self, ticket: str, text: str, token: str) -> Message:
        return self._write(ticket, text, token, Role.NOTE)

    def set_status(self, ticket: str, status: TicketStatus) -> None:
        self._http.send("PATCH", f"tickets/{number_of(ticket)}/", json=dict(_CHANGES[status]), once=False)

    def ticket_of(self, url: str) -> str | None:
        path = self._path_on_site(url)
        found = _TICKET_PAGE.match(path) if path else None
        return found[1] if found else None

    def page_of(self, ticket: str) -> str:
        return f"{self._site}/tickets/{ticket}/"

    # --- inside -----------------------------------------------------------------------------------

    def _open(self) -> HttpSession:
        secret = self._secrets.get("token", "")
        name = self._values.get("username", "").strip()
        return HttpSession(
            f"{self._site}/api",
            auth=(name, secret) if name else None,
            headers={} if name else {"Authorization": f"Token {secret}"},
            clock=self._clock,
        )

    @property
    def _user(self) -> str:
        return self._values.get("user", "").strip()

    def _open_tickets(self, cancel: CancelToken | None) -> list[dict[str, Any]]:
        """All of them, with their threads."""
        states = re.sub(r"[^\d,]", "", self._values.get("statuses", "")) or "1,2"
        found: dict[Any, dict[str, Any]] = {}
        for page in range(1, _MOST_PAGES + 1):
            if cancel is not None and cancel.is_set():
                raise Cancelled("Looking for changes was stopped.")
            query = {"status": states, "page_size": PER_PAGE, "page": page}
            answer = an_object(
                self._http.get("tickets/", params=query, cancel=cancel, missing=UnexpectedAnswer).json(),
                "tickets",
            )
            found.update({r["id"]: r for r in rows_of(answer.get("results"), "tickets") if "id" in r})
            if not answer.get("next"):
                break
        return list(found.values())

    def _row(self, ticket: str) -> dict[str, Any]:
        return an_object(self._http.get(f"tickets/{number_of(ticket)}/").json(), "ticket")

    def _wanted(self, row: Mapping[str, Any]) -> bool:
        if self._user and str(row.get("assigned_to")) != self._user:
            return False
        return not self._chosen or str(row.get("queue")) in self._chosen

    def _write(self, ticket: str, text: str, token: str, role: Role) -> Message:
        # No title: the server would give the ticket that title.
        content = {
            "ticket": number_of(ticket),
            "comment": as_template(needs_text(text)),
            "public": role is Role.AGENT,
        }
        made = self._http.send("POST", "followups/", json=content).json()
        row = made if isinstance(made, dict) else {}
        return Message(
            str(row.get("id") or token), role, text, parse_time(row.get("date")) or self._clock.now()
        )


def as_template(text: str) -> str:
    """What the server, which reads comments as Django templates, renders to `text`.

    Without this a reply with braces loses words, or fails after it may have arrived.
    """
    if not any(sign in text for sign in ("{{", "{%", "{#", "%}")):
        return text
    return "".join({"{": '{{ "{" }}', "}": '{{ "}" }}'}.get(c, c) for c in text)


def _marks(cursor: str) -> dict[str, str]:
    try:
        return {str(k): str(v) for k, v in json.loads(cursor)["marks"].items()} if cursor else {}
    except (ValueError, TypeError, KeyError, AttributeError):
        return {}  # of another time: all comes again


def _mark(row: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(row, sort_keys=True).encode()).hexdigest()[:12]


def _follow_ups(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    found = row.get("followup_set")
    rows = [f for f in found if isinstance(f, dict)] if isinstance(found, list) else []
    return sorted(rows, key=lambda f: int(f["id"]) if isinstance(f.get("id"), int) else 0)


def _ticket(row: Mapping[str, Any]) -> Ticket:
    name = str(row.get("id"))
    email = str(row.get("submitter_email") or "")
    first = message(
        f"{name}-{_FIRST}", Role.CUSTOMER, row.get("description"), is_html=False, at=None, author=email
    )
    # A change of state or owner is a follow-up too, without words.
    said = [
        f for f in _follow_ups(row) if str(f.get("comment") or "").strip() or f.get("followupattachment_set")
    ]
    number = row.get("status")
    status = _STATUS.get(number if isinstance(number, int) else 1, TicketStatus.OPEN)
    if status is TicketStatus.OPEN and row.get("on_hold"):
        status = TicketStatus.PENDING
    return Ticket(
        id=name,
        subject=str(row.get("title") or ""),
        channel=Channel.EMAIL if email else Channel.WEB,
        customer=Customer(email, "", email),
        messages=(first, *(_message(f, email) for f in said)),
        fields={k: str(row[k]) for k in ("queue", "priority", "due_date") if row.get(k) not in (None, "")},
        status=status,
    )


def _message(row: Mapping[str, Any], customer: str) -> Message:
    by_staff = row.get("user") is not None
    role = Role.NOTE if not row.get("public") else Role.AGENT if by_staff else Role.CUSTOMER
    files = row.get("followupattachment_set")
    return message(
        row.get("id"),
        role,
        row.get("comment"),
        is_html=False,
        at=row.get("date"),
        author=customer if role is Role.CUSTOMER else "",
        attachments=[
            attachment(f.get("filename"), f.get("mime_type"), f.get("size"))
            for f in (files if isinstance(files, list) else ())
            if isinstance(f, dict)
        ],
    )
