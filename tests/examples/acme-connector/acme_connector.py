"""A connector in a package of its own: all that a helpdesk of your own needs.

Acme's system keeps its tickets as `GET /tickets?after=N` and takes replies as `POST /tickets/ID/replies`.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar

from agent_assist.adapters.helpdesks.http import HttpSession
from agent_assist.domain.helpdesk import (
    Ability,
    Account,
    Changes,
    Connection,
    ConnectionField,
    FieldKind,
    Queue,
)
from agent_assist.domain.ticket import Message, Role, Ticket, TicketStatus, parse_time, ticket_from_json
from agent_assist.ports import CancelToken, Clock


class Acme:
    kind: ClassVar[str] = "acme"
    title: ClassVar[str] = "Acme Tickets"
    fields: ClassVar[Sequence[ConnectionField]] = (
        ConnectionField("url", "Address", kind=FieldKind.URL, required=True),
        ConnectionField("token", "Token", kind=FieldKind.SECRET, required=True),
    )
    abilities: ClassVar[frozenset[Ability]] = frozenset()

    def __init__(self, connection: Connection, secrets: Mapping[str, str], clock: Clock) -> None:
        self._site = connection.values["url"]
        self._http = HttpSession(self._site, headers={"X-Token": secrets["token"]}, clock=clock)

    def check(self) -> Account:
        me = self._http.get("me").json()
        return Account(me["id"], me["name"])

    def queues(self) -> list[Queue]:
        return []

    def changes(self, cursor: str, cancel: CancelToken) -> Changes:
        page = self._http.get("tickets", params={"after": cursor or "0"}, cancel=cancel).json()
        return Changes(tuple(map(ticket_from_json, page["tickets"])), str(page["last"]), page["more"])

    def ticket(self, ticket: str) -> Ticket:
        return ticket_from_json(self._http.get(f"tickets/{ticket}").json())

    def find_reply(self, ticket: str, token: str, text: str, since: datetime) -> Message | None:
        return next((m for m in self.ticket(ticket).messages if m.id == token), None)

    def reply(self, ticket: str, text: str, token: str) -> Message:
        sent = self._http.send("POST", f"tickets/{ticket}/replies", json={"id": token, "text": text}).json()
        return Message(token, Role.AGENT, text, parse_time(sent["at"]))

    def note(self, ticket: str, text: str, token: str) -> Message:
        raise NotImplementedError

    def set_status(self, ticket: str, status: TicketStatus) -> None:
        raise NotImplementedError

    def set_tags(self, ticket: str, tags: Sequence[str]) -> None:
        raise NotImplementedError

    def wait(self, seconds: float, cancel: CancelToken) -> bool:
        return cancel.wait(seconds)

    def ticket_of(self, url: str) -> str | None:
        start = f"{self._site}/show/"
        return url.removeprefix(start) if url.startswith(start) else None

    def page_of(self, ticket: str) -> str:
        return f"{self._site}/show/{ticket}"

    def close(self) -> None:
        self._http.close()
