"""Freshdesk, through its API v2."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar

from agent_assist.adapters.helpdesks.http import HttpSession
from agent_assist.adapters.helpdesks.rest import (
    ONLY_MINE,
    ListedTicket,
    RestConnector,
    an_object,
    as_html,
    attachment,
    changed_since,
    inner,
    message,
    needs_text,
    number_of,
    queues_field,
    rows_of,
    sent_before,
)
from agent_assist.domain.helpdesk import Ability, Account, Changes, ConnectionField, FieldKind, Queue
from agent_assist.domain.ticket import Channel, Customer, Message, Role, Ticket, TicketStatus, parse_time
from agent_assist.errors import TicketGone, UnexpectedAnswer
from agent_assist.ports import CancelToken

PAGE = 50
_STATUS = {
    2: TicketStatus.OPEN,
    3: TicketStatus.PENDING,
    4: TicketStatus.SOLVED,
    5: TicketStatus.SOLVED,
    6: TicketStatus.PENDING,  # waiting for the customer
    7: TicketStatus.PENDING,  # waiting for a third party
}
_STATUS_NUMBERS = {TicketStatus.OPEN: 2, TicketStatus.PENDING: 3, TicketStatus.SOLVED: 4}
_SOURCES = {
    1: Channel.EMAIL,
    2: Channel.WEB,
    3: Channel.PHONE,
    5: Channel.SOCIAL,
    6: Channel.SOCIAL,
    7: Channel.CHAT,
    9: Channel.WEB,
    10: Channel.EMAIL,
    13: Channel.MESSAGING,
}
_TICKET_PAGE = re.compile(r"/(?:a|helpdesk)/tickets/(\d+)\b")
_FIRST = "description"
"""Id of the first message, which stands in the ticket itself."""


class Freshdesk(RestConnector):
    """Freshdesk keeps no token of ours with a reply: it is found again by its words, author and time."""

    kind: ClassVar[str] = "freshdesk"
    title: ClassVar[str] = "Freshdesk"
    fields: ClassVar[Sequence[ConnectionField]] = (
        ConnectionField(
            "url", "Address", "https://YOUR-COMPANY.freshdesk.com", kind=FieldKind.URL, required=True
        ),
        ConnectionField(
            "token", "API key", "Your picture › Profile settings.", FieldKind.SECRET, required=True
        ),
        ONLY_MINE,
        queues_field("Groups", "Names of the groups whose tickets are shown; empty for all."),
    )
    abilities: ClassVar[frozenset[Ability]] = frozenset({Ability.NOTE, Ability.STATUS, Ability.TAGS})

    api: ClassVar[str] = "/api/v2"
    _groups: Sequence[Queue] | None = None

    def check(self) -> Account:
        agent = an_object(self._http.get("agents/me", missing=UnexpectedAnswer).json(), "account")
        contact = inner(agent, "contact") or agent
        self._account = Account(
            str(agent.get("id") or ""), str(contact.get("name") or ""), str(contact.get("email") or "")
        )
        return self._account

    def queues(self) -> list[Queue]:
        rows = rows_of(
            self._http.get("groups", params={"per_page": 100}, missing=UnexpectedAnswer).json(), "groups"
        )
        return [Queue(str(g["id"]), str(g.get("name") or g["id"])) for g in rows if "id" in g]

    def changes(self, cursor: str, cancel: CancelToken) -> Changes:
        groups = self._group_ids()

        def listed(since: datetime | None, page: int) -> tuple[list[ListedTicket], bool]:
            query: dict[str, Any] = {
                "order_by": "updated_at",
                "order_type": "asc",
                "per_page": PAGE,
                "page": page,
            }
            if since is not None:  # without it only the last thirty days are given
                query["updated_since"] = f"{since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
            elif self._only_mine:
                query["filter"] = "new_and_my_open"
            answer = self._http.get("tickets", params=query, cancel=cancel, missing=UnexpectedAnswer)
            found = rows_of(answer.json(), "tickets")
            rows = [
                ListedTicket(str(t["id"]), str(t.get("updated_at") or ""), self._wanted(t, groups))
                for t in found
                if "id" in t
            ]
            return rows, len(found) >= PAGE

        return changed_since(cursor, listed, self.ticket, cancel)

    def ticket(self, ticket: str) -> Ticket:
        number = number_of(ticket)
        raw = an_object(self._http.get(f"tickets/{number}", params={"include": "requester"}).json(), "ticket")
        if raw.get("deleted") or raw.get("spam"):
            raise TicketGone(f"Ticket {ticket} was deleted, or marked as spam.")
        requester = inner(raw, "requester")
        name = str(requester.get("name") or "")
        is_html = isinstance(raw.get("description"), str)
        first = message(
            f"{ticket}-{_FIRST}",
            Role.CUSTOMER,
            raw.get("description") if is_html else raw.get("description_text"),
            is_html=is_html,
            at=raw.get("created_at"),
            author=name,
            attachments=_files(raw),
        )
        return Ticket(
            id=ticket,
            subject=str(raw.get("subject") or ""),
            channel=_SOURCES.get(raw.get("source", 0), Channel.WEB),
            customer=Customer(str(raw.get("requester_id") or ""), name, str(requester.get("email") or "")),
            messages=(first, *(_message(c, name) for c in self._conversations(number))),
            fields={
                str(k).removeprefix("cf_"): str(v)
                for k, v in (raw.get("custom_fields") or {}).items()
                if v not in (None, "", False)
            },
            tags=tuple(str(t) for t in raw.get("tags") or ()),
            status=_STATUS.get(raw.get("status", 2), TicketStatus.OPEN),
        )

    def find_reply(self, ticket: str, token: str, text: str, since: datetime) -> Message | None:
        me = self._me.id
        mine = [c for c in self._conversations(number_of(ticket)) if str(c.get("user_id")) == me]
        return sent_before([_message(c, "") for c in mine], lambda _: True, text, since)

    def reply(self, ticket: str, text: str, token: str) -> Message:
        return self._post(f"tickets/{number_of(ticket)}/reply", {}, Role.AGENT, text, token)

    def note(self, ticket: str, text: str, token: str) -> Message:
        path = f"tickets/{number_of(ticket)}/notes"
        return self._post(path, {"private": True}, Role.NOTE, text, token)

    def set_status(self, ticket: str, status: TicketStatus) -> None:
        change = {"status": _STATUS_NUMBERS[status]}
        self._http.send("PUT", f"tickets/{number_of(ticket)}", json=change, once=False)

    def set_tags(self, ticket: str, tags: Sequence[str]) -> None:
        self._http.send("PUT", f"tickets/{number_of(ticket)}", json={"tags": list(tags)}, once=False)

    def ticket_of(self, url: str) -> str | None:
        path = self._path_on_site(url)
        found = _TICKET_PAGE.match(path) if path else None
        return found[1] if found else None

    def page_of(self, ticket: str) -> str:
        return f"{self._site}/a/tickets/{ticket}"

    # --- inside -----------------------------------------------------------------------------------

    def _open(self) -> HttpSession:
        # The key stands where a user name would; the password is any text.
        return HttpSession(
            f"{self._site}{self.api}", auth=(self._secrets.get("token", ""), "X"), clock=self._clock
        )

    def _group_ids(self) -> frozenset[str]:
        if not self._chosen:
            return frozenset()
        if self._groups is None:
            self._groups = self.queues()
        names = {name.casefold() for name in self._chosen}
        return frozenset(q.id for q in self._groups if q.name.casefold() in names or q.id in names)

    def _wanted(self, row: Mapping[str, Any], groups: frozenset[str]) -> bool:
        if row.get("deleted") or row.get("spam"):
            return False
        if self._only_mine and str(row.get("responder_id")) != self._me.id:
            return False
        return not self._chosen or str(row.get("group_id")) in groups

    def _conversations(self, number: int) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for page in range(1, 1000):
            query = {"page": page, "per_page": 100}
            rows = rows_of(
                self._http.get(f"tickets/{number}/conversations", params=query).json(), "conversations"
            )
            found += rows
            if len(rows) < 100:
                break
        return found

    def _post(self, path: str, more: Mapping[str, Any], role: Role, text: str, token: str) -> Message:
        body = {"body": as_html(needs_text(text)), **more}
        author = self._me.name  # asked for before sending: nothing may fail once the reply has left
        made = self._http.send("POST", path, json=body).json()
        row = made if isinstance(made, dict) else {}
        at = parse_time(row.get("created_at")) or self._clock.now()
        return Message(str(row.get("id") or token), role, text, at, author=author)


def _message(raw: Mapping[str, Any], customer: str) -> Message:
    incoming = bool(raw.get("incoming"))
    role = Role.NOTE if raw.get("private") else Role.CUSTOMER if incoming else Role.AGENT
    is_html = isinstance(raw.get("body"), str)
    return message(
        raw.get("id"),
        role,
        raw.get("body") if is_html else raw.get("body_text"),
        is_html=is_html,
        at=raw.get("created_at"),
        author=customer if incoming else raw.get("from_email") or "",
        attachments=_files(raw),
    )


def _files(raw: Mapping[str, Any]) -> list[Any]:
    found = raw.get("attachments")
    rows = [f for f in found if isinstance(f, dict)] if isinstance(found, list) else []
    return [attachment(f.get("name"), f.get("content_type"), f.get("size")) for f in rows]
