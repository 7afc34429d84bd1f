"""Request Tracker 5 (and 4.4 with its REST 2.0 extension), through REST 2.0.

What was found out on a real server, and is tested against one (tests/integration/test_rt*.py):

- An empty reply is taken and mailed (201), so none is ever sent.
- A change that fails can be a 200 with a sentence in the user's language: what was changed is read again.
- Dates in a query are taken for the user's time zone, and RT's own form of them for midnight; the cursor
  is a transaction's id (see `rt_cursor`).
- Lists of transactions and attachments have no next_page and short pages in between (see `rt_session`).
- A reply with If-Match is always refused (412): the thread is read again just before it is sent.
- A message keeps parameters of its Content-Type and mails none: one is the id that finds a reply again.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from json import dumps
from typing import ClassVar
from urllib.parse import parse_qs, urlsplit

from agent_assist.adapters.helpdesks.rest import RestConnector, same_text
from agent_assist.adapters.helpdesks.rt_cursor import Cursor, read_cursor
from agent_assist.adapters.helpdesks.rt_session import (
    PER_PAGE,
    Row,
    RtSession,
    as_object,
    name_of,
    number,
    quoted,
    sentence,
)
from agent_assist.adapters.helpdesks.rt_thread import (
    PEOPLE,
    STATUS,
    TICKET_FIELDS,
    TYPES,
    chunks,
    is_text,
    message,
    one_of,
    read_parts,
    read_threads,
    to_ticket,
)
from agent_assist.domain.helpdesk import (
    Ability,
    Account,
    Changes,
    Connection,
    ConnectionField,
    FieldKind,
    Queue,
)
from agent_assist.domain.outbox import is_empty
from agent_assist.domain.ticket import Message, Role, Ticket, TicketStatus, parse_time
from agent_assist.errors import (
    BadInput,
    Cancelled,
    DeliveryUncertain,
    HelpdeskProblem,
    PermissionMissing,
    StaleThread,
    TicketGone,
    UnexpectedAnswer,
)
from agent_assist.ports import CancelToken, Clock

FIRST_PAGE = 25
"""Tickets read at a time in the first look: what was read is saved before the next page is asked for."""
IN_FLIGHT = 20
"""Transactions below the newest one that may not be visible yet."""
TOKEN_PARAMETER = "x-agent-assist-id"
CLOCKS_DIFFER = timedelta(minutes=2)
_EVENTS = "ObjectType = 'RT::Ticket' AND Type != 'EmailRecord' AND Type != 'CommentEmailRecord'"
_STATUS_NAMES = {
    TicketStatus.OPEN: "open",
    TicketStatus.PENDING: "stalled",
    TicketStatus.SOLVED: "resolved",
}
_TICKET_PAGES = re.compile(r"/(?:Ticket/\w+\.html|SelfService/Display\.html|m/ticket/\w+)/?")


class RtConnector(RestConnector):
    """Implements ports.HelpdeskConnector."""

    kind = "rt"
    title = "Request Tracker"
    fields: ClassVar[Sequence[ConnectionField]] = (
        ConnectionField(
            "url",
            "Address",
            "Of the page that Request Tracker begins with, such as https://rt.example.com",
            FieldKind.URL,
            required=True,
        ),
        ConnectionField("user", "User name", "With a password. Much faster than a token."),
        ConnectionField("password", "Password", kind=FieldKind.SECRET),
        ConnectionField(
            "token",
            "Authentication token",
            "Instead of user name and password: Request Tracker, Logged in as › Settings › Auth Tokens.",
            FieldKind.SECRET,
        ),
        ConnectionField(
            "queues",
            "Queues",
            "Their names, separated by commas. Your own tickets are followed in any case.",
            FieldKind.LIST,
        ),
        ConnectionField(
            "certificates",
            "Certificates",
            "A file of your company's certificate authority, where the system does not know it.",
            FieldKind.PATH,
        ),
    )
    abilities: ClassVar[frozenset[Ability]] = frozenset({Ability.NOTE, Ability.STATUS})

    def __init__(self, connection: Connection, secrets: Mapping[str, str], clock: Clock) -> None:
        super().__init__(connection, secrets, clock)
        self._session = RtSession(
            self._values.get("url", ""),
            self._values.get("user", "").strip(),
            secrets.get("password", ""),
            secrets.get("token", "").strip(),
            verify=self._values.get("certificates", "").strip() or True,
            clock=clock,
        )
        self._all_queues: list[Queue] | None = None
        self._statuses = dict(STATUS)
        self._newest_read: dict[str, int] = {}
        """Ticket to the newest message that was read: what comes later, a reply does not answer."""

    def check(self) -> Account:
        """Sign in and say as whom; also raises PermissionMissing for a chosen queue that is not there."""
        account = self._session.account()[1]
        self._queue_ids()
        return account

    def queues(self) -> list[Queue]:
        if self._all_queues is None:
            rows = self._session.walk("queues", [], "Name", None)
            self._all_queues = [Queue(str(row.get("id")), str(row.get("Name") or "")) for row in rows]
        return self._all_queues

    # --- reading --------------------------------------------------------------------------------

    def changes(self, cursor: str, cancel: CancelToken) -> Changes:
        place = read_cursor(cursor) or Cursor(max(0, self._newest_event() - IN_FLIGHT), first=0)
        if place.first is not None:
            return self._first_look(place, place.first, cancel)
        while True:
            events = self._events(place.start, cancel)
            ids = {number(event["id"]) for event in events}
            fresh = {str(e.get("ObjectId")) for e in events if number(e["id"]) not in place.seen}
            place = place.took(ids)
            if not events:
                return Changes((), place.finished(self._clock.now().timestamp()).text())
            if fresh:
                tickets, gone = self._changed(fresh, cancel)
                return Changes(tuple(tickets), place.text(), more=True, gone=tuple(gone))

    def ticket(self, ticket: str) -> Ticket:
        found = self._search(f"id = {_number(ticket)}", None)
        if not found:
            # Merged into another one, deleted, or never there: only the record itself tells.
            target = self._record(ticket)
            if str(target.get("Status")) == "deleted":
                raise TicketGone(f"Ticket {ticket} was deleted in Request Tracker.")
            found = self._search(f"id = {number(target.get('id'))}", None)
        if not found:
            raise TicketGone(f"Request Tracker shows ticket {ticket} no more.")
        return self._read(found, None)[0]

    def find_reply(self, ticket: str, token: str, text: str, since: datetime) -> Message | None:
        # Only letters and digits: the value goes into a LIKE of the database.
        wanted = [{"field": "Headers", "operator": "LIKE", "value": f"{TOKEN_PARAMETER}=%{_plain(token)}"}]
        for part in self._session.walk(f"ticket/{ticket}/attachments", wanted, "TransactionId", None):
            return self._sent(number(name_of(part.get("TransactionId"))), text)
        return self._without_token(ticket, text, since - CLOCKS_DIFFER)

    # --- writing --------------------------------------------------------------------------------

    def reply(self, ticket: str, text: str, token: str) -> Message:
        if not is_empty(text):
            self._still_as_read(ticket)
        return self._post(ticket, "correspond", text, token)

    def note(self, ticket: str, text: str, token: str) -> Message:
        return self._post(ticket, "comment", text, token)

    def set_status(self, ticket: str, status: TicketStatus) -> None:
        if self._status_of(self._record(ticket)) is status:
            return
        name = _STATUS_NAMES[status]
        answer = self._session.send("PUT", f"ticket/{ticket}", {"Status": name}, expect=(200,), once=False)
        # 200 may say "'stalled' isn't a valid status for this ticket", in any language.
        if str(self._record(ticket).get("Status")) != name:
            raise PermissionMissing(f"Request Tracker did not set the status: {sentence(answer.json())}")

    def ticket_of(self, url: str) -> str | None:
        path = self._path_on_site(url)
        if path is None or not _TICKET_PAGES.fullmatch(path.partition("#")[0]):
            return None
        shown = parse_qs(urlsplit(url).query).get("id", [""])[0]
        return shown if re.fullmatch(r"[1-9][0-9]{0,17}", shown) else None

    def page_of(self, ticket: str) -> str:
        return f"{self._site}/Ticket/Display.html?id={_number(ticket)}"

    def close(self) -> None:
        self._session.close()

    # --- what changed ---------------------------------------------------------------------------

    def _first_look(self, place: Cursor, last: int, cancel: CancelToken) -> Changes:
        query = f"({self._scope()}) AND Status = '__Active__' AND id > {last}"
        rows = self._search(query, cancel, FIRST_PAGE)
        if not rows:
            return Changes((), place.first_done().text(), more=True)
        place = place.after_tickets(max(number(row["id"]) for row in rows))
        return Changes(tuple(self._read(rows, cancel)), place.text(), more=True)

    def _events(self, after: int, cancel: CancelToken | None) -> list[Row]:
        query = f"id > {after} AND {_EVENTS} AND ({self._event_scope()})"
        return self._session.items(
            "transactions",
            {"query": query, "fields": "ObjectId", "orderby": "id", "per_page": PER_PAGE},
            cancel,
        )

    def _newest_event(self) -> int:
        query = f"{_EVENTS} AND ({self._event_scope()})"
        rows = self._session.items(
            "transactions", {"query": query, "orderby": "id", "order": "DESC", "per_page": PER_PAGE}
        )
        return max((number(row["id"]) for row in rows), default=0)

    def _changed(self, ids: Collection[str], cancel: CancelToken) -> tuple[list[Ticket], list[str]]:
        """The tickets of these that are still in scope, and the ids of those that are not."""
        rows = self._in_scope(ids, cancel)
        gone = set(ids) - {str(row["id"]) for row in rows}
        # A ticket that was merged into another one leads there, and gives it its messages.
        targets = {self._merged_into(ticket) for ticket in gone} - {"", *ids}
        return self._read([*rows, *self._in_scope(targets, cancel)], cancel), sorted(gone)

    def _merged_into(self, ticket: str) -> str:
        try:
            found = str(self._record(ticket).get("id"))
        except (TicketGone, PermissionMissing):
            return ""
        return "" if found == ticket else found

    def _in_scope(self, ids: Collection[str], cancel: CancelToken) -> list[Row]:
        rows: list[Row] = []
        for part in chunks(sorted(ids, key=number)):
            these = " OR ".join(f"id = {number(i)}" for i in part)
            rows += self._search(f"({these}) AND ({self._scope()})", cancel)
        return rows

    def _search(self, query: str, cancel: CancelToken | None, per_page: int = PER_PAGE) -> list[Row]:
        params = {"query": query, "orderby": "id", "per_page": per_page, **TICKET_FIELDS}
        return self._session.items("tickets", params, cancel)

    def _read(self, rows: Sequence[Row], cancel: CancelToken | None) -> list[Ticket]:
        me = self._session.account()[1].id
        threads = read_threads(self._session, [str(row["id"]) for row in rows], cancel)
        if cancel is not None and cancel.is_set():
            raise Cancelled("Looking for changes was stopped.")
        tickets = []
        for row in rows:
            ticket = str(row["id"])
            thread = threads[ticket]
            self._newest_read[ticket] = max((number(t["id"]) for t in thread.transactions), default=0)
            tickets.append(to_ticket(row, thread, me, self._status_of(row), self._session.is_staff))
        return tickets

    def _scope(self) -> str:
        return " OR ".join(["Owner = '__CurrentUser__'", *(f"Queue = {i}" for i in self._queue_ids())])

    def _event_scope(self) -> str:
        """Also what has just left the scope: another owner, another queue."""
        me = self._session.account()[0]
        parts = ["TicketOwner = '__CurrentUser__'", f"(Field = 'Owner' AND OldValue = {quoted(me)})"]
        for queue in self._queue_ids():
            parts += [f"TicketQueue = {queue}", f"(Field = 'Queue' AND OldValue = '{queue}')"]
        return " OR ".join(parts)

    def _queue_ids(self) -> list[int]:
        if not self._chosen:
            return []
        known = {**{q.id: q.id for q in self.queues()}, **{q.name.casefold(): q.id for q in self.queues()}}
        missing = [name for name in self._chosen if name.casefold() not in known]
        if missing:
            raise PermissionMissing(
                f"Request Tracker shows you no queue named {missing[0]}.",
                "Correct the name in Connections, or ask for the right to see the queue.",
            )
        return [number(known[name.casefold()]) for name in self._chosen]

    def _status_of(self, row: Row) -> TicketStatus:
        name = str(row.get("Status") or "open")
        if name not in self._statuses:
            # A status of the company's own: whether it is one of the closed ones, RT knows.
            query = f"id = {number(row['id'])} AND Status = '__Inactive__'"
            closed = self._session.items("tickets", {"query": query})
            self._statuses[name] = TicketStatus.SOLVED if closed else TicketStatus.OPEN
        return self._statuses[name]

    def _record(self, ticket: str) -> Row:
        try:
            data = self._session.get(f"ticket/{_number(ticket)}").json()
        except TicketGone:
            raise TicketGone(f"Request Tracker has no ticket {ticket}.") from None
        if not isinstance(data, Mapping):
            raise UnexpectedAnswer("Request Tracker answered without the ticket.")
        return data

    # --- what was sent --------------------------------------------------------------------------

    def _still_as_read(self, ticket: str) -> None:
        """Raises StaleThread where somebody wrote to the customer, or the customer, since it was read."""
        read = self._newest_read.get(ticket)
        if read is None:
            return
        wanted = [*one_of("Type", TYPES[:2]), {"field": "id", "operator": ">", "value": str(read)}]
        params = {"query": dumps(wanted), "fields": "Creator", "per_page": PER_PAGE}
        if self._session.items(f"ticket/{ticket}/history", params):
            raise StaleThread("There is a newer message in Request Tracker than the one this answers.")

    def _post(self, ticket: str, kind: str, text: str, token: str) -> Message:
        if is_empty(text):
            raise BadInput("An empty reply was not sent.", "Write something first.")
        body = {
            "Content": text,
            "ContentType": f'text/plain; charset="utf-8"; {TOKEN_PARAMETER}="{_plain(token)}"',
        }
        self._session.account()  # what is needed afterwards: no error may come from it then
        answer = self._session.send("POST", f"ticket/{_number(ticket)}/{kind}", body, expect=(201, 400))
        if answer.status == 400:
            self._record(ticket)  # raises TicketGone where that is the reason
            raise PermissionMissing(f"Request Tracker did not take it: {sentence(answer.json())}")
        sent = number(answer.headers.get("location", "").rpartition("/")[2])
        if not sent:
            raise DeliveryUncertain("Request Tracker took the message without saying where it is.")
        if kind == "correspond":
            self._newest_read[ticket] = max(sent, self._newest_read.get(ticket, 0))
        role = Role.AGENT if kind == "correspond" else Role.NOTE
        return self._sent(sent, text, role)

    def _sent(self, transaction: int, text: str, role: Role = Role.AGENT) -> Message:
        """What was sent as it stands in the thread; as we sent it where that cannot be read just now."""
        try:
            record = self._session.get(f"transaction/{transaction}").json()
            parts = read_parts(self._session, [transaction], None).get(transaction, [])
            if isinstance(record, Mapping):
                role = Role.NOTE if record.get("Type") == "Comment" else Role.AGENT
                person = {**as_object(record.get("Creator")), "RealName": self._session.account()[1].name}
                return message({**record, "Creator": person}, parts, role)
        except HelpdeskProblem:
            pass
        return Message(str(transaction), role, text, self._clock.now(), self._session.account()[1].name)

    def _without_token(self, ticket: str, text: str, since: datetime) -> Message | None:
        """A message of ours with this text, where RT kept no token."""
        me = self._session.account()[1].id
        types = one_of("Type", TYPES[1:])
        rows = self._session.walk(f"ticket/{ticket}/history", types, "Type,Creator,Created", None, **PEOPLE)
        own = [
            row
            for row in rows
            if name_of(row.get("Creator")) == me and (parse_time(row.get("Created")) or since) >= since
        ]
        parts = read_parts(self._session, [number(row["id"]) for row in own], None)
        for row in reversed(own):
            texts = [part for part in parts.get(number(row["id"]), []) if is_text(part)]
            if any(same_text(str(part["Content"]), text) for part in texts) and not self._marked(row):
                return message(row, texts, Role.NOTE if row.get("Type") == "Comment" else Role.AGENT)
        return None

    def _marked(self, transaction: Row) -> bool:
        """Whether it is another message that we sent: the same words may be sent twice."""
        path = f"transaction/{number(transaction['id'])}/attachments"
        parts = self._session.items(path, {"fields": "Headers"})
        return any(TOKEN_PARAMETER in str(part.get("Headers")) for part in parts)


def _number(ticket: str) -> int:
    if not number(ticket):
        raise TicketGone(f"{ticket} is not the number of a ticket in Request Tracker.")
    return number(ticket)


def _plain(token: str) -> str:
    return re.sub(r"[^A-Za-z0-9]", "", token)
