"""Zammad, through its REST API v1."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parseaddr
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
from agent_assist.errors import PermissionMissing, TicketGone, UnexpectedAnswer
from agent_assist.ports import CancelToken

PAGE = 50
_STATUS = {
    "new": TicketStatus.OPEN,
    "open": TicketStatus.OPEN,
    "pending reminder": TicketStatus.PENDING,
    "pending close": TicketStatus.PENDING,
    "closed": TicketStatus.SOLVED,
    "merged": TicketStatus.SOLVED,
}
_STATES = {TicketStatus.OPEN: "open", TicketStatus.SOLVED: "closed"}
_CHANNELS = {
    "email": Channel.EMAIL,
    "phone": Channel.PHONE,
    "chat": Channel.CHAT,
    "web": Channel.WEB,
    "sms": Channel.MESSAGING,
    "telegram personal-message": Channel.MESSAGING,
    "whatsapp message": Channel.MESSAGING,
    "twitter status": Channel.SOCIAL,
    "twitter direct-message": Channel.SOCIAL,
    "facebook feed post": Channel.SOCIAL,
    "facebook feed comment": Channel.SOCIAL,
}
_REPLY_TYPES = frozenset({"email", "sms", "telegram personal-message", "whatsapp message"})
"""Types of article that a reply can be of; to any other a note is written that the customer sees."""
_TICKET_PAGE = re.compile(r"/?#ticket/zoom/(\d+)(?:/\d+)?/?$")


class Zammad(RestConnector):
    """Zammad keeps no token of ours with an article: it is found again by its words, author and time."""

    kind: ClassVar[str] = "zammad"
    title: ClassVar[str] = "Zammad"
    fields: ClassVar[Sequence[ConnectionField]] = (
        ConnectionField("url", "Address", "https://support.example.com", kind=FieldKind.URL, required=True),
        ConnectionField(
            "token",
            "Access token",
            "Profile › Token Access, with the right ticket.agent.",
            FieldKind.SECRET,
            required=True,
        ),
        ONLY_MINE,
        queues_field("Groups", "Names of the groups whose tickets are shown; empty for all."),
    )
    abilities: ClassVar[frozenset[Ability]] = frozenset({Ability.NOTE, Ability.STATUS, Ability.TAGS})

    def check(self) -> Account:
        user = an_object(self._http.get("users/me", missing=UnexpectedAnswer).json(), "account")
        name = f"{user.get('firstname') or ''} {user.get('lastname') or ''}".strip()
        self._account = Account(str(user.get("id") or ""), name, str(user.get("email") or ""))
        return self._account

    def queues(self) -> list[Queue]:
        rows = rows_of(self._http.get("groups", missing=UnexpectedAnswer).json(), "groups")
        return [Queue(str(g["id"]), str(g.get("name") or g["id"])) for g in rows if g.get("active", True)]

    def changes(self, cursor: str, cancel: CancelToken) -> Changes:
        def listed(since: datetime | None, page: int) -> tuple[list[ListedTicket], bool]:
            query = {
                "query": self._query(since),
                "sort_by": "updated_at",
                "order_by": "asc",
                "per_page": PAGE,
                "page": page,
                "expand": "true",
            }
            answer = self._http.get("tickets/search", params=query, cancel=cancel, missing=UnexpectedAnswer)
            found = _found(answer.json())
            rows = [ListedTicket(str(t["id"]), str(t.get("updated_at") or "")) for t in found if "id" in t]
            return rows, len(found) >= PAGE

        return changed_since(cursor, listed, self.ticket, cancel)

    def left(self, tickets: Sequence[str], cancel: CancelToken) -> list[str]:
        """What the search does not know may be too new for it, and stays."""
        numbers = " OR ".join(str(number_of(ticket)) for ticket in tickets)
        query = {"query": f"id:({numbers})", "per_page": len(tickets), "expand": "true"}
        answer = self._http.get("tickets/search", params=query, cancel=cancel, missing=UnexpectedAnswer)
        rows = {str(t["id"]): t for t in _found(answer.json()) if "id" in t}
        return [ticket for ticket in tickets if ticket in rows and not self._mine(rows[ticket])]

    def ticket(self, ticket: str) -> Ticket:
        number = number_of(ticket)
        raw = an_object(self._http.get(f"tickets/{number}", params={"expand": "true"}).json(), "ticket")
        articles = self._articles(number)
        # A welcome or system article is nobody's message.
        shown = [a for a in articles if str(a.get("sender") or "").casefold() != "system"]
        first = next((a for a in shown if _role(a) is Role.CUSTOMER), None)
        name, email = parseaddr(str(first.get("from") or "")) if first else ("", "")
        customer = str(raw.get("customer") or "")
        if "@" not in email:
            email = customer if "@" in customer else ""
            name = name or (str(first.get("from") or "") if first else "")
        return Ticket(
            id=ticket,
            subject=str(raw.get("title") or ""),
            channel=_CHANNELS.get(str(first.get("type") or "") if first else "", Channel.WEB),
            customer=Customer(str(raw.get("customer_id") or customer), name, email),
            messages=tuple(_message(a) for a in shown),
            fields={"number": str(raw["number"])} if raw.get("number") else {},
            tags=self._tags(number),
            status=_STATUS.get(str(raw.get("state") or ""), TicketStatus.OPEN),
        )

    def find_reply(self, ticket: str, token: str, text: str, since: datetime) -> Message | None:
        me = self._me
        articles = self._articles(number_of(ticket))
        mine = {str(a.get("id")) for a in articles if str(a.get("created_by_id")) == me.id} | {
            str(a.get("id")) for a in articles if me.email and str(a.get("created_by") or "") == me.email
        }
        return sent_before([_message(a) for a in articles], lambda m: m.id in mine, text, since)

    def reply(self, ticket: str, text: str, token: str) -> Message:
        """As a mail where the customer wrote one, else as a note that the customer can see."""
        needs_text(text)
        number = number_of(ticket)
        latest: Mapping[str, Any] = next(
            (a for a in reversed(self._articles(number)) if _role(a) is Role.CUSTOMER), {}
        )
        kind = str(latest.get("type") or "")
        to = str(latest.get("reply_to") or latest.get("from") or "")
        if kind in ("web", "phone") and "@" in parseaddr(to)[1]:
            kind = "email"
        article: dict[str, Any] = {
            "ticket_id": number,
            "body": as_html(text),
            "content_type": "text/html",
            "internal": False,
            "sender": "Agent",
            "type": kind if kind in _REPLY_TYPES else "note",
        }
        if article["type"] == "email":
            article |= {"to": to, "subject": str(latest.get("subject") or "")}
            if latest.get("message_id"):
                article["in_reply_to"] = str(latest["message_id"])
        return self._post(article, Role.AGENT, text, token)

    def note(self, ticket: str, text: str, token: str) -> Message:
        # The type decides whether a mail leaves: an internal article of type email would be mailed too.
        article = {
            "ticket_id": number_of(ticket),
            "body": as_html(needs_text(text)),
            "content_type": "text/html",
            "internal": True,
            "sender": "Agent",
            "type": "note",
        }
        return self._post(article, Role.NOTE, text, token)

    def set_status(self, ticket: str, status: TicketStatus) -> None:
        # Zammad's pending states want a date that only the agent can know: the ticket stays open.
        change = {"state": _STATES.get(status, "open")}
        self._http.send("PUT", f"tickets/{number_of(ticket)}", json=change, once=False)

    def set_tags(self, ticket: str, tags: Sequence[str]) -> None:
        number = number_of(ticket)
        before = set(self._tags(number))
        for tag in [t for t in tags if t not in before]:
            self._tag("add", number, tag)
        for tag in sorted(before - set(tags)):
            self._tag("remove", number, tag)

    def ticket_of(self, url: str) -> str | None:
        path = self._path_on_site(url)
        found = _TICKET_PAGE.match(path) if path else None
        return found[1] if found else None

    def page_of(self, ticket: str) -> str:
        return f"{self._site}/#ticket/zoom/{ticket}"

    # --- inside -----------------------------------------------------------------------------------

    def _open(self) -> HttpSession:
        token = self._secrets.get("token", "")
        return HttpSession(
            f"{self._site}/api/v1", headers={"Authorization": f"Token token={token}"}, clock=self._clock
        )

    def _mine(self, row: Mapping[str, Any]) -> bool:
        """Whether the search would find it; what the row does not tell speaks for it."""
        if self._only_mine and str(row.get("owner_id") or self._me.id) != self._me.id:
            return False
        group = str(row.get("group") or "").casefold()
        return not self._chosen or not group or group in {name.casefold() for name in self._chosen}

    def _query(self, since: datetime | None) -> str:
        """In the search engine's own language."""
        parts = []
        if self._only_mine:
            parts.append(f"owner.id:{self._me.id}")
        names = " OR ".join(f'"{name}"' for name in self._chosen if '"' not in name)
        if names:
            parts.append(f"group.name:({names})")
        if since is None:
            parts.append('NOT state.name:(closed OR merged OR "pending close")')
        else:
            parts.append(f"updated_at:[{since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ} TO *]")
        return " AND ".join(parts)

    def _articles(self, number: int) -> list[dict[str, Any]]:
        path = f"ticket_articles/by_ticket/{number}"
        rows = rows_of(self._http.get(path, params={"expand": "true"}).json(), "articles")
        return sorted(rows, key=lambda a: a.get("id", 0))

    def _tags(self, number: int) -> tuple[str, ...]:
        try:
            answer = self._http.get("tags", params={"object": "Ticket", "o_id": number}).json()
        except (PermissionMissing, TicketGone):
            return ()
        found = answer.get("tags") if isinstance(answer, dict) else None
        return tuple(str(t) for t in found) if isinstance(found, list) else ()

    def _tag(self, verb: str, number: int, tag: str) -> None:
        method = "POST" if verb == "add" else "DELETE"
        query = {"item": tag, "object": "Ticket", "o_id": number}
        self._http.send(method, f"tags/{verb}", json=query, once=False)

    def _post(self, article: Mapping[str, Any], role: Role, text: str, token: str) -> Message:
        author = self._me.name  # asked for before sending: nothing may fail once the reply has left
        made = self._http.send("POST", "ticket_articles", json=dict(article)).json()
        row = made if isinstance(made, dict) else {}
        at = parse_time(row.get("created_at")) or self._clock.now()
        return Message(str(row.get("id") or token), role, text, at, author=author)


def _role(raw: Mapping[str, Any]) -> Role:
    if raw.get("internal"):
        return Role.NOTE
    return Role.CUSTOMER if str(raw.get("sender") or "").casefold() == "customer" else Role.AGENT


def _message(raw: Mapping[str, Any]) -> Message:
    files = []
    for file in raw.get("attachments") or ():
        preferences = inner(file, "preferences")
        kind = preferences.get("Mime-Type") or preferences.get("Content-Type")
        size = file.get("size")
        files.append(attachment(file.get("filename"), kind, int(size) if str(size or "").isdigit() else None))
    author = str(raw.get("from") or "")
    return message(
        raw.get("id"),
        _role(raw),
        raw.get("body"),
        is_html=raw.get("content_type") == "text/html",
        at=raw.get("created_at"),
        author=parseaddr(author)[0] or author,
        attachments=files,
    )


def _found(answer: object) -> list[dict[str, Any]]:
    """Search results, expanded (a list) or not (ids with the tickets beside them)."""
    if isinstance(answer, dict) and isinstance(answer.get("tickets"), list):
        assets = answer.get("assets")
        beside = assets.get("Ticket", {}) if isinstance(assets, dict) else {}
        rows = [t if isinstance(t, dict) else beside.get(str(t)) for t in answer["tickets"]]
        return [row for row in rows if isinstance(row, dict)]
    return rows_of(answer, "tickets")
