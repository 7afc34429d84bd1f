"""Chatwoot, through its application API v1."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from agent_assist.adapters.helpdesks.http import HttpSession
from agent_assist.adapters.helpdesks.rest import (
    ONLY_MINE,
    RestConnector,
    an_object,
    attachment,
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

PAGE = 25
"""Conversations on a page; Chatwoot's own number."""
MOST_PAGES = 40
_STATUS = {
    "open": TicketStatus.OPEN,
    "pending": TicketStatus.PENDING,
    "snoozed": TicketStatus.PENDING,
    "resolved": TicketStatus.SOLVED,
}
_STATUS_NAMES = {TicketStatus.OPEN: "open", TicketStatus.PENDING: "pending", TicketStatus.SOLVED: "resolved"}
_INCOMING, _OUTGOING, _ACTIVITY, _TEMPLATE = 0, 1, 2, 3
_CHANNELS = {
    "Channel::Email": Channel.EMAIL,
    "Channel::WebWidget": Channel.CHAT,
    "Channel::Api": Channel.CHAT,
    "Channel::Whatsapp": Channel.MESSAGING,
    "Channel::Sms": Channel.MESSAGING,
    "Channel::TwilioSms": Channel.MESSAGING,
    "Channel::Telegram": Channel.MESSAGING,
    "Channel::Line": Channel.MESSAGING,
    "Channel::FacebookPage": Channel.SOCIAL,
    "Channel::Instagram": Channel.SOCIAL,
    "Channel::TwitterProfile": Channel.SOCIAL,
}
_TICKET_PAGE = re.compile(r"/app/accounts/(\d+)/(?:.+/)?conversations/(\d+)\b")
_TOKEN_KEY = "agent_assist"


class Chatwoot(RestConnector):
    """A reply's token stands in the message's attributes.

    There is no list by time of update: each look reads the open conversations, of which only those with
    news are read further.
    """

    kind: ClassVar[str] = "chatwoot"
    title: ClassVar[str] = "Chatwoot"
    fields: ClassVar[Sequence[ConnectionField]] = (
        ConnectionField(
            "url",
            "Address",
            "https://app.chatwoot.com or your own",
            FieldKind.URL,
            required=True,
        ),
        ConnectionField(
            "account",
            "Account number",
            "The number after /accounts/ in the address of your pages.",
            FieldKind.NUMBER,
            required=True,
        ),
        ConnectionField(
            "token",
            "Access token",
            "Profile settings › Access token.",
            FieldKind.SECRET,
            required=True,
        ),
        ONLY_MINE,
        queues_field("Inboxes", "Names of the inboxes whose conversations are shown; empty for all."),
    )
    abilities: ClassVar[frozenset[Ability]] = frozenset({Ability.NOTE, Ability.STATUS, Ability.TAGS})

    _inboxes: Sequence[Queue] | None = None

    def check(self) -> Account:
        user = an_object(self._http.get("/api/v1/profile", missing=UnexpectedAnswer).json(), "account")
        name = user.get("available_name") or user.get("name") or ""
        self._account = Account(str(user.get("id") or ""), str(name), str(user.get("email") or ""))
        return self._account

    def queues(self) -> list[Queue]:
        answer = an_object(
            self._http.get(f"{self._root}/inboxes", missing=UnexpectedAnswer).json(), "inboxes"
        )
        rows = [row for row in answer.get("payload") or () if isinstance(row, dict)]
        return [Queue(str(i["id"]), str(i.get("name") or i["id"])) for i in rows if "id" in i]

    def changes(self, cursor: str, cancel: CancelToken) -> Changes:
        known = _known(cursor)
        rows, complete = self._listed(cancel)
        now = {str(row["id"]): str(row.get("last_activity_at") or row.get("timestamp") or "") for row in rows}
        tickets: list[Ticket] = []
        gone: list[str] = []
        for identity, updated in now.items():
            if known.get(identity) == updated and updated:
                continue
            if cancel.is_set():
                return Changes(tuple(tickets), json.dumps(known), more=True)
            try:
                tickets.append(self.ticket(identity))
            except TicketGone:
                gone.append(identity)
            known[identity] = updated
        if complete:
            # What left the list was solved or given to somebody else: it is read once more to know which.
            for identity in [i for i in known if i not in now]:
                del known[identity]
                try:
                    left = self.ticket(identity)
                except TicketGone:
                    gone.append(identity)
                else:
                    tickets.append(left) if left.status is TicketStatus.SOLVED else gone.append(identity)
        return Changes(tuple(tickets), json.dumps(known), gone=tuple(gone))

    def ticket(self, ticket: str) -> Ticket:
        number = number_of(ticket)
        raw = an_object(self._http.get(f"{self._root}/conversations/{number}").json(), "conversation")
        meta = inner(raw, "meta")
        sender = inner(meta, "sender")
        attributes = inner(raw, "custom_attributes")
        return Ticket(
            id=ticket,
            subject=str(inner(raw, "additional_attributes").get("mail_subject") or ""),
            channel=_CHANNELS.get(str(meta.get("channel") or ""), Channel.CHAT),
            customer=Customer(
                str(sender.get("id") or ""), str(sender.get("name") or ""), str(sender.get("email") or "")
            ),
            messages=tuple(_message(m) for m in self._messages(number) if _is_said(m)),
            fields={str(k): str(v) for k, v in attributes.items() if v not in (None, "")},
            tags=tuple(str(t) for t in raw.get("labels") or ()),
            status=_STATUS.get(str(raw.get("status") or ""), TicketStatus.OPEN),
        )

    def find_reply(self, ticket: str, token: str, text: str, since: datetime) -> Message | None:
        rows = [m for m in self._messages(number_of(ticket)) if _is_said(m)]
        for row in rows:
            if inner(row, "content_attributes").get(_TOKEN_KEY) == token:
                return _message(row)
        me = self._me.id
        mine = {
            str(r.get("id"))
            for r in rows
            if r.get("message_type") == _OUTGOING and str(inner(r, "sender").get("id")) == me
        }
        return sent_before([_message(r) for r in rows], lambda m: m.id in mine, text, since)

    def reply(self, ticket: str, text: str, token: str) -> Message:
        return self._post(ticket, text, token, private=False)

    def note(self, ticket: str, text: str, token: str) -> Message:
        return self._post(ticket, text, token, private=True)

    def set_status(self, ticket: str, status: TicketStatus) -> None:
        path = f"{self._root}/conversations/{number_of(ticket)}/toggle_status"
        self._http.send("POST", path, json={"status": _STATUS_NAMES[status]}, once=False)

    def set_tags(self, ticket: str, tags: Sequence[str]) -> None:
        path = f"{self._root}/conversations/{number_of(ticket)}/labels"
        self._http.send("POST", path, json={"labels": list(tags)}, once=False)

    def ticket_of(self, url: str) -> str | None:
        path = self._path_on_site(url)
        found = _TICKET_PAGE.match(path) if path else None
        return found[2] if found and found[1] == self._account_number else None

    def page_of(self, ticket: str) -> str:
        return f"{self._site}/app/accounts/{self._account_number}/conversations/{ticket}"

    # --- inside -----------------------------------------------------------------------------------

    def _open(self) -> HttpSession:
        return HttpSession(
            self._site, headers={"api_access_token": self._secrets.get("token", "")}, clock=self._clock
        )

    @property
    def _account_number(self) -> str:
        return self._values.get("account", "").strip()

    @property
    def _root(self) -> str:
        return f"/api/v1/accounts/{self._account_number}"

    def _listed(self, cancel: CancelToken) -> tuple[list[dict[str, Any]], bool]:
        """Open and pending conversations, and whether these are all of them."""
        inboxes = self._inbox_ids()
        rows: list[dict[str, Any]] = []
        for status in ("open", "pending"):
            for page in range(1, MOST_PAGES + 1):
                query = {
                    "assignee_type": "me" if self._only_mine else "all",
                    "status": status,
                    "page": page,
                }
                path = f"{self._root}/conversations"
                answer = self._http.get(path, params=query, cancel=cancel, missing=UnexpectedAnswer)
                data = inner(an_object(answer.json(), "conversations"), "data")
                found = rows_of(data.get("payload"), "conversations")
                rows += [row for row in found if "id" in row]
                if len(found) < PAGE:
                    break
            else:
                return rows, False
        return [r for r in rows if not self._chosen or str(r.get("inbox_id")) in inboxes], True

    def _inbox_ids(self) -> frozenset[str]:
        if not self._chosen:
            return frozenset()
        if self._inboxes is None:
            self._inboxes = self.queues()
        names = {name.casefold() for name in self._chosen}
        return frozenset(q.id for q in self._inboxes if q.name.casefold() in names or q.id in names)

    def _messages(self, number: int) -> list[dict[str, Any]]:
        """The whole thread: Chatwoot gives the last twenty, and those before a message."""
        path = f"{self._root}/conversations/{number}/messages"
        found: dict[int, dict[str, Any]] = {}
        before: int | None = None
        while True:
            query = {"before": before} if before is not None else None
            answer = an_object(self._http.get(path, params=query).json(), "messages")
            rows = [m for m in answer.get("payload") or () if isinstance(m, dict) and "id" in m]
            fresh = [m for m in rows if m["id"] not in found]
            found |= {m["id"]: m for m in fresh}
            if len(rows) < 20 or not fresh:
                return [found[i] for i in sorted(found)]
            before = min(found)

    def _post(self, ticket: str, text: str, token: str, *, private: bool) -> Message:
        body = {
            "content": needs_text(text),
            "message_type": "outgoing",
            "private": private,
            "content_attributes": {_TOKEN_KEY: token},
            "echo_id": token,
        }
        path = f"{self._root}/conversations/{number_of(ticket)}/messages"
        author = self._me.name  # asked for before sending: nothing may fail once the reply has left
        made = self._http.send("POST", path, json=body).json()
        row = made if isinstance(made, dict) else {}
        at = parse_time(row.get("created_at")) or self._clock.now()
        role = Role.NOTE if private else Role.AGENT
        return Message(str(row.get("id") or token), role, text, at, author=author)


def _is_said(raw: Mapping[str, Any]) -> bool:
    """Not "assigned to …" and the like."""
    return raw.get("message_type") in (_INCOMING, _OUTGOING, _TEMPLATE) and bool(
        raw.get("content") or raw.get("attachments")
    )


def _message(raw: Mapping[str, Any]) -> Message:
    incoming = raw.get("message_type") == _INCOMING
    role = Role.NOTE if raw.get("private") else Role.CUSTOMER if incoming else Role.AGENT
    files = [
        attachment(
            str(f.get("data_url") or f.get("file_type") or "").rsplit("/", 1)[-1],
            f.get("file_type"),
            f.get("file_size"),
        )
        for f in raw.get("attachments") or ()
        if isinstance(f, dict)
    ]
    return message(
        raw.get("id"),
        role,
        raw.get("content"),
        is_html=False,
        at=raw.get("created_at"),
        author=inner(raw, "sender").get("name") or "",
        attachments=files,
    )


def _known(cursor: str) -> dict[str, str]:
    try:
        data = json.loads(cursor) if cursor else {}
        return {str(k): str(v) for k, v in data.items()}
    except (ValueError, AttributeError):
        return {}
