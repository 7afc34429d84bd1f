"""Zendesk Support, through its API v2."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar

from agent_assist.adapters.helpdesks.http import HttpSession
from agent_assist.adapters.helpdesks.oauth import BearerAuth, TokenSource
from agent_assist.adapters.helpdesks.rest import (
    ONLY_MINE,
    ListedTicket,
    RestConnector,
    attachment,
    changed_since,
    message,
    needs_text,
    number_of,
    queues_field,
    sent_before,
)
from agent_assist.domain.helpdesk import Ability, Account, Changes, ConnectionField, FieldKind, Queue
from agent_assist.domain.oauth import CLIENT_ID, REFRESH_TOKEN, OAuthServer, SignIn
from agent_assist.domain.ticket import Channel, Customer, Message, Role, Ticket, TicketStatus, parse_time
from agent_assist.errors import LoginRefused, PermissionMissing, TicketGone, UnexpectedAnswer
from agent_assist.ports import CancelToken

PAGE = 50
_STATUS = {
    "new": TicketStatus.OPEN,
    "open": TicketStatus.OPEN,
    "pending": TicketStatus.PENDING,
    "hold": TicketStatus.PENDING,
    "solved": TicketStatus.SOLVED,
    "closed": TicketStatus.SOLVED,
}
_STATUS_NAMES = {TicketStatus.OPEN: "open", TicketStatus.PENDING: "pending", TicketStatus.SOLVED: "solved"}
_CHANNELS = {
    "email": Channel.EMAIL,
    "chat": Channel.CHAT,
    "chat_transcript": Channel.CHAT,
    "native_messaging": Channel.MESSAGING,
    "sms": Channel.MESSAGING,
    "whatsapp": Channel.MESSAGING,
    "any_channel": Channel.MESSAGING,
    "twitter": Channel.SOCIAL,
    "facebook": Channel.SOCIAL,
    "instagram_dm": Channel.SOCIAL,
    "voice": Channel.PHONE,
    "phone": Channel.PHONE,
}
_TICKET_PAGE = re.compile(r"/agent/tickets/(\d+)\b")
_TOKEN_KEY = "agent_assist"
REDIRECT_PORT = 47923


class Zendesk(RestConnector):
    """Replies carry their token in the update's metadata, where the ticket's audits show it."""

    kind: ClassVar[str] = "zendesk"
    title: ClassVar[str] = "Zendesk"
    fields: ClassVar[Sequence[ConnectionField]] = (
        ConnectionField(
            "url", "Address", "https://YOUR-COMPANY.zendesk.com", kind=FieldKind.URL, required=True
        ),
        ConnectionField("email", "Your e-mail", "With an API token: the one you sign in with; else empty."),
        ConnectionField(
            "token",
            "API or OAuth token",
            "Admin Center › Apps and integrations › APIs; not needed where you sign in in the browser.",
            FieldKind.SECRET,
        ),
        ConnectionField(
            CLIENT_ID,
            "OAuth client",
            "To sign in in the browser: the identifier of a public OAuth client with the redirect URL "
            f"http://localhost:{REDIRECT_PORT}/, which your administrator makes.",
        ),
        ONLY_MINE,
        queues_field("Groups", "Names of the groups whose tickets are shown; empty for all."),
    )
    abilities: ClassVar[frozenset[Ability]] = frozenset({Ability.NOTE, Ability.STATUS, Ability.TAGS})
    sign_in: ClassVar[SignIn] = SignIn(
        (
            OAuthServer(
                "zendesk",
                "Zendesk",
                "{url}/oauth/authorizations/new",
                "{url}/oauth/tokens",
                ("read", "write"),
                host="localhost",
                port=REDIRECT_PORT,  # Zendesk compares the whole address, its port included
            ),
        )
    )

    _field_names: Mapping[str, str] | None = None
    _groups: Sequence[Queue] | None = None

    def check(self) -> Account:
        user = _part(self._http.get("users/me", missing=UnexpectedAnswer).json(), "user")
        if not user.get("id"):  # without a valid login Zendesk answers as an anonymous user
            raise LoginRefused("Zendesk does not know this e-mail with this token.")
        self._account = Account(str(user["id"]), str(user.get("name") or ""), str(user.get("email") or ""))
        return self._account

    def queues(self) -> list[Queue]:
        groups = self._pages("groups/assignable", "groups")
        return [Queue(str(g["id"]), str(g.get("name") or g["id"])) for g in groups]

    def changes(self, cursor: str, cancel: CancelToken) -> Changes:
        def listed(since: datetime | None, page: int) -> tuple[list[ListedTicket], bool]:
            query = {
                "query": self._query(since),
                "sort_by": "updated_at",
                "sort_order": "asc",
                "per_page": PAGE,
                "page": page,
            }
            answer = self._http.get("search", params=query, cancel=cancel, missing=UnexpectedAnswer)
            found = _list(answer.json(), "results")
            rows = [ListedTicket(str(t["id"]), str(t.get("updated_at") or "")) for t in found if "id" in t]
            return rows, len(found) >= PAGE

        return changed_since(cursor, listed, self.ticket, cancel)

    def left(self, tickets: Sequence[str], cancel: CancelToken) -> list[str]:
        wanted = {str(number_of(ticket)) for ticket in tickets}
        query = {"ids": ",".join(sorted(wanted, key=int))}
        answer = self._http.get("tickets/show_many", params=query, cancel=cancel, missing=UnexpectedAnswer)
        rows = {str(t["id"]): t for t in _list(answer.json(), "tickets") if "id" in t}
        groups = self._group_ids()
        return [ticket for ticket in tickets if ticket not in rows or not self._mine(rows[ticket], groups)]

    def ticket(self, ticket: str) -> Ticket:
        number = number_of(ticket)
        answer = self._http.get(f"tickets/{number}", params={"include": "users"}).json()
        raw = _part(answer, "ticket")
        people = _people(answer)
        comments = self._comments(number, people)
        requester = people.get(str(raw.get("requester_id")), {})
        customer = Customer(
            str(raw.get("requester_id") or ""),
            str(requester.get("name") or ""),
            str(requester.get("email") or ""),
        )
        via = raw.get("via")
        return Ticket(
            id=ticket,
            subject=str(raw.get("subject") or raw.get("raw_subject") or ""),
            channel=_CHANNELS.get(str(via.get("channel")) if isinstance(via, dict) else "", Channel.WEB),
            customer=customer,
            messages=tuple(_message(c, customer.id, people) for c in comments),
            fields=self._fields(raw),
            tags=tuple(str(t) for t in raw.get("tags") or ()),
            status=_STATUS.get(str(raw.get("status")), TicketStatus.OPEN),
        )

    def find_reply(self, ticket: str, token: str, text: str, since: datetime) -> Message | None:
        thread = {m.id: m for m in self.ticket(ticket).messages}
        for audit in reversed(self._pages(f"tickets/{number_of(ticket)}/audits", "audits")):
            metadata = audit.get("metadata")
            custom = metadata.get("custom") if isinstance(metadata, dict) else None
            if isinstance(custom, dict) and custom.get(_TOKEN_KEY) == token:
                for event in audit.get("events") or ():
                    if str(event.get("id")) in thread:
                        return thread[str(event["id"])]
        me = self._me.id
        mine = {str(c["id"]) for c in self._comments(number_of(ticket), {}) if str(c.get("author_id")) == me}
        return sent_before(list(thread.values()), lambda m: m.id in mine, text, since)

    def reply(self, ticket: str, text: str, token: str) -> Message:
        return self._comment(ticket, text, token, public=True)

    def note(self, ticket: str, text: str, token: str) -> Message:
        return self._comment(ticket, text, token, public=False)

    def set_status(self, ticket: str, status: TicketStatus) -> None:
        change = {"ticket": {"status": _STATUS_NAMES[status]}}
        self._http.send("PUT", f"tickets/{number_of(ticket)}", json=change, once=False)

    def set_tags(self, ticket: str, tags: Sequence[str]) -> None:
        change = {"ticket": {"tags": list(tags)}}
        self._http.send("PUT", f"tickets/{number_of(ticket)}", json=change, once=False)

    def ticket_of(self, url: str) -> str | None:
        path = self._path_on_site(url)
        found = _TICKET_PAGE.match(path) if path else None
        return found[1] if found else None

    def page_of(self, ticket: str) -> str:
        return f"{self._site}/agent/tickets/{ticket}"

    # --- inside -----------------------------------------------------------------------------------

    def _open(self) -> HttpSession:
        email, token = self._values.get("email", "").strip(), self._secrets.get("token", "")
        server = self.sign_in.server(self._values)
        if server is not None and self._secrets.get(REFRESH_TOKEN):
            source = TokenSource(server, self._values, self._secrets, self.title)
            return HttpSession(f"{self._site}/api/v2", auth=BearerAuth(source), clock=self._clock)
        if not token:
            raise LoginRefused(
                "There is no token for Zendesk.", "Enter one under Connections, or sign in there."
            )
        if email:
            return HttpSession(f"{self._site}/api/v2", auth=(f"{email}/token", token), clock=self._clock)
        return HttpSession(
            f"{self._site}/api/v2", headers={"Authorization": f"Bearer {token}"}, clock=self._clock
        )

    def _group_ids(self) -> frozenset[str]:
        if self._chosen and self._groups is None:
            self._groups = self.queues()
        names = {name.casefold() for name in self._chosen}
        return frozenset(q.id for q in self._groups or () if q.name.casefold() in names)

    def _mine(self, row: Mapping[str, Any], groups: frozenset[str]) -> bool:
        """Whether the search would find it; a group that this account cannot list hides none."""
        if self._only_mine and str(row.get("assignee_id")) != self._me.id:
            return False
        return not groups or str(row.get("group_id")) in groups

    def _query(self, since: datetime | None) -> str:
        """Zendesk joins equal keywords with OR and different ones with AND."""
        parts = ["type:ticket"]
        if self._only_mine:
            parts.append(f"assignee:{self._me.id}")
        parts += [f'group:"{name}"' for name in self._chosen if '"' not in name]
        if since is None:
            parts.append("status<solved")  # the first look: what is to be worked on
        else:
            parts.append(f"updated>={since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}")
        return " ".join(parts)

    def _comments(self, number: int, people: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
        return self._pages(f"tickets/{number}/comments", "comments", people)

    def _pages(
        self, path: str, name: str, people: dict[str, dict[str, Any]] | None = None
    ) -> list[dict[str, Any]]:
        """All rows of a list, by cursor; `people` collects those who are named beside them."""
        query: dict[str, Any] = {"page[size]": 100}
        if people is not None:
            query["include"] = "users"
        rows: list[dict[str, Any]] = []
        while True:
            answer = self._http.get(path, params=query).json()
            rows += _list(answer, name)
            if people is not None:
                people.update(_people(answer))
            meta = answer.get("meta")
            after = meta.get("after_cursor") if isinstance(meta, dict) and meta.get("has_more") else None
            if not after or after == query.get("page[after]"):
                return rows
            query["page[after]"] = after

    def _comment(self, ticket: str, text: str, token: str, *, public: bool) -> Message:
        needs_text(text)
        number = number_of(ticket)
        stamp = _part(self._http.get(f"tickets/{number}").json(), "ticket").get("updated_at")
        change: dict[str, Any] = {
            "comment": {"body": text, "public": public},
            "metadata": {_TOKEN_KEY: token},
        }
        if public and stamp:
            # Somebody who answered between that look and this request makes Zendesk refuse it (409).
            change |= {"safe_update": True, "updated_stamp": stamp}
        author = self._me.name  # asked for before sending: nothing may fail once the reply has left
        answer = self._http.send("PUT", f"tickets/{number}", json={"ticket": change}).json()
        audit = answer.get("audit") if isinstance(answer, dict) else None
        events = audit.get("events") if isinstance(audit, dict) else None
        made = next((e for e in events or () if e.get("type") == "Comment"), None)
        identity = str(made["id"]) if made and "id" in made else token
        at = parse_time(audit.get("created_at")) if isinstance(audit, dict) else None
        role = Role.AGENT if public else Role.NOTE
        return Message(identity, role, text, at or self._clock.now(), author=author)

    def _fields(self, raw: Mapping[str, Any]) -> dict[str, str]:
        """Filled custom fields by their titles."""
        filled = {
            str(f["id"]): _shown(f["value"])
            for f in raw.get("custom_fields") or ()
            if isinstance(f, dict) and "id" in f and f.get("value") not in (None, "", False, [])
        }
        if filled and self._field_names is None:
            try:
                found = _list(self._http.get("ticket_fields").json(), "ticket_fields")
                self._field_names = {str(f["id"]): str(f.get("title") or f["id"]) for f in found}
            except (PermissionMissing, TicketGone):
                self._field_names = {}
        names = self._field_names or {}
        return {names.get(i, i): value for i, value in filled.items()}


def _shown(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _message(raw: Mapping[str, Any], customer: str, people: Mapping[str, Mapping[str, Any]]) -> Message:
    author = str(raw.get("author_id") or "")
    person = people.get(author, {})
    if raw.get("public") is False:
        role = Role.NOTE
    elif author == customer or person.get("role") == "end-user":
        role = Role.CUSTOMER
    else:
        role = Role.AGENT
    is_html = isinstance(raw.get("html_body"), str)
    content = raw["html_body"] if is_html else raw.get("plain_body") or raw.get("body")
    files = [
        attachment(f.get("file_name"), f.get("content_type"), f.get("size"))
        for f in raw.get("attachments") or ()
    ]
    return message(
        raw.get("id"),
        role,
        content,
        is_html=is_html,
        at=raw.get("created_at"),
        author=person.get("name") or "",
        attachments=files,
    )


def _people(answer: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return {str(u["id"]): u for u in answer.get("users") or () if isinstance(u, dict) and "id" in u}


def _part(answer: object, name: str) -> dict[str, Any]:
    found = answer.get(name) if isinstance(answer, dict) else None
    if not isinstance(found, dict):
        raise UnexpectedAnswer(f"Zendesk's answer has no {name}.")
    return found


def _list(answer: object, name: str) -> list[dict[str, Any]]:
    found = answer.get(name) if isinstance(answer, dict) else None
    if not isinstance(found, list):
        raise UnexpectedAnswer(f"Zendesk's answer has no {name}.")
    return [row for row in found if isinstance(row, dict)]
