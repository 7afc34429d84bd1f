"""What connectors of helpdesks with a REST interface have in common."""

from __future__ import annotations

import html
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import urlsplit

from agent_assist.adapters.helpdesks.http import HttpSession
from agent_assist.domain.helpdesk import Ability, Account, Changes, Connection, ConnectionField, FieldKind
from agent_assist.domain.mailtext import reduce_mail
from agent_assist.domain.outbox import is_empty
from agent_assist.domain.ticket import Attachment, Message, Role, Ticket, parse_time
from agent_assist.errors import BadInput, TicketGone, UnexpectedAnswer
from agent_assist.ports import CancelToken, Clock

OVERLAP = timedelta(minutes=2)
"""Search indexes lag, and clocks differ: each look begins this much before the end of the last one."""

ONLY_MINE = ConnectionField(
    "only_mine",
    "Only my tickets",
    "Those assigned to you. Off: all tickets of the chosen queues.",
    FieldKind.SWITCH,
    default="true",
)


def queues_field(title: str, description: str) -> ConnectionField:
    """The field in which a person names the queues that are read besides their own tickets."""
    return ConnectionField("queues", title, description, FieldKind.LIST)


class RestConnector:
    """Base of a connector: holds the session, the account and the values of the connection."""

    kind: ClassVar[str]
    title: ClassVar[str]
    fields: ClassVar[Sequence[ConnectionField]]
    abilities: ClassVar[frozenset[Ability]]

    def __init__(self, connection: Connection, secrets: Mapping[str, str], clock: Clock) -> None:
        self._values = connection.values
        self._secrets = secrets
        self._clock = clock
        self._opened: HttpSession | None = None
        self._account: Account | None = None

    def check(self) -> Account:
        """Sign in and say as whom."""
        raise NotImplementedError

    def close(self) -> None:
        """Drop the connection; the next call opens another."""
        opened, self._opened = self._opened, None
        if opened is not None:
            opened.close()

    def wait(self, seconds: float, cancel: CancelToken) -> bool:
        """Nothing is pushed: sleeps until it is time to look again."""
        cancel.wait(seconds)
        return False

    def set_status(self, ticket: str, status: Any) -> None:
        raise BadInput(f"{self.title} takes no status from here.")

    def set_tags(self, ticket: str, tags: Sequence[str]) -> None:
        raise BadInput(f"{self.title} takes no tags from here.")

    # --- for the connectors -----------------------------------------------------------------------

    def _open(self) -> HttpSession:
        """A session with this connection's address and credentials."""
        raise NotImplementedError

    @property
    def _http(self) -> HttpSession:
        if self._opened is None:
            self._opened = self._open()
        return self._opened

    @property
    def _me(self) -> Account:
        if self._account is None:
            self._account = self.check()
        return self._account

    @property
    def _only_mine(self) -> bool:
        return self._values.get("only_mine", "true").casefold() not in ("false", "no", "off", "0")

    @property
    def _chosen(self) -> tuple[str, ...]:
        return tuple(filter(None, (name.strip() for name in self._values.get("queues", "").split(","))))

    def _path_on_site(self, url: str) -> str | None:
        """Path and fragment of a page of this helpdesk; None for a page of any other site."""
        try:
            page, site = urlsplit(url.strip()), urlsplit(self._site)
            if (page.scheme, page.hostname, page.port) != (site.scheme, site.hostname, site.port):
                return None
        except ValueError:
            return None
        root = site.path.rstrip("/")
        if not page.path.startswith(root):
            return None
        return page.path[len(root) :] + (f"#{page.fragment}" if page.fragment else "")

    @property
    def _site(self) -> str:
        """The address of the pages that agents see, without a slash at its end."""
        return self._values.get("url", "").strip().rstrip("/")


def inner(raw: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The object below a name; an empty one where there is none."""
    found = raw.get(name)
    return found if isinstance(found, dict) else {}


def an_object(answer: object, what: str) -> dict[str, Any]:
    """Raises UnexpectedAnswer where the answer is no object."""
    if not isinstance(answer, dict):
        raise UnexpectedAnswer(f"The helpdesk's answer holds no {what}.")
    return answer


def rows_of(answer: object, what: str) -> list[dict[str, Any]]:
    """Raises UnexpectedAnswer where the answer is no list."""
    if not isinstance(answer, list):
        raise UnexpectedAnswer(f"The helpdesk's answer holds no {what}.")
    return [row for row in answer if isinstance(row, dict)]


def number_of(ticket: str) -> int:
    """A ticket id as the number that it is.  Raises TicketGone."""
    if not ticket.isascii() or not ticket.isdigit():
        raise TicketGone(f"There is no ticket {ticket[:40]}.")
    return int(ticket)


def needs_text(text: str) -> str:
    """Raises BadInput for a text without a word: no helpdesk may be given one."""
    if is_empty(text):
        raise BadInput("An empty reply was not sent.", "Write something first.")
    return text


def as_html(text: str) -> str:
    """Plain text as HTML that looks the same."""
    lines = html.escape(text.replace("\r\n", "\n"), quote=False).split("\n")
    return "<div>" + "<br>".join(lines) + "</div>"


def message(
    identity: object,
    role: Role,
    content: object,
    *,
    is_html: bool,
    at: object,
    author: object = "",
    attachments: Sequence[Attachment] = (),
) -> Message:
    """A message with its quotes and signature folded."""
    reduced = reduce_mail(content if isinstance(content, str) else "", html=is_html)
    return Message(
        str(identity),
        role,
        reduced.text,
        parse_time(at),
        author=author if isinstance(author, str) else "",
        folded=reduced.folded,
        attachments=tuple(attachments),
    )


def attachment(name: object, media_type: object = "", size: object = None) -> Attachment:
    """An attachment from what a server says of it; a size that is no size becomes None."""
    return Attachment(
        str(name or ""), str(media_type or ""), size if isinstance(size, int) and size >= 0 else None
    )


def same_text(one: str, other: str) -> bool:
    """Equal but for white space, which helpdesks and HTML change."""
    return one.split() == other.split()


def sent_before(
    messages: Sequence[Message], mine: Callable[[Message], bool], text: str, since: datetime
) -> Message | None:
    """The reply that this text became, where the helpdesk keeps no token: written by this account, not
    before `since` (a minute is allowed for clocks that differ), the same words."""
    earliest = since - timedelta(minutes=1)
    for one in reversed(messages):
        young = one.created_at is None or one.created_at >= earliest
        if young and mine(one) and same_text(_whole(one), text):
            return one
    return None


def _whole(one: Message) -> str:
    """What was sent may end with a signature, which reading it back has folded."""
    return f"{one.text}\n{one.folded}" if one.folded else one.text


@dataclass(frozen=True, slots=True)
class ListedTicket:
    """One line of a list of tickets."""

    id: str
    updated: str
    """As the helpdesk writes it."""
    wanted: bool = True
    """Whether it is this account's; one that is not any more leaves."""


@dataclass(frozen=True, slots=True)
class _Place:
    """How far a list that is ordered by its updates has been read."""

    latest: str = ""
    """The newest update that was seen."""
    start: str = ""
    """Where the walk that is under way lists from; empty between two walks."""
    page: int = 1
    seen: Mapping[str, str] = field(default_factory=dict)
    """Id to update of what lies within the overlap, which comes again unchanged."""

    @staticmethod
    def read(cursor: str) -> _Place:
        try:
            data = json.loads(cursor) if cursor else {}
            seen = {str(k): str(v) for k, v in dict(data.get("seen", {})).items()}
            page = max(1, int(data.get("page", 1)))
            return _Place(str(data.get("latest", "")), str(data.get("start", "")), page, seen)
        except (ValueError, TypeError, AttributeError):
            return _Place()  # a cursor of another time: the first look is repeated

    def __str__(self) -> str:
        return json.dumps(
            {"latest": self.latest, "start": self.start, "page": self.page, "seen": dict(self.seen)}
        )

    @property
    def since(self) -> datetime | None:
        if self.start:
            return parse_time(self.start)
        latest = parse_time(self.latest)
        return latest - OVERLAP if latest else None


def changed_since(
    cursor: str,
    listed: Callable[[datetime | None, int], tuple[Sequence[ListedTicket], bool]],
    read: Callable[[str], Ticket],
    cancel: CancelToken,
) -> Changes:
    """One page of changes of a helpdesk that lists tickets by their update.

    `listed` gives the rows updated since a moment (inclusive), oldest first, of one page, and whether the
    page was full; `read` gives the whole ticket.  The next page begins at the last row's update rather
    than at the next page number, as a ticket that is updated meanwhile leaves its place and moves all
    others up by one.  Where a page brings no later moment the number is used, and the page before is
    looked at once more for what has moved up into it.
    """
    place = _Place.read(cursor)
    rows, full = listed(place.since, place.page)
    if place.page > 1:
        rows = [*listed(place.since, place.page - 1)[0], *rows]
    seen = dict(place.seen)
    tickets: list[Ticket] = []
    gone: list[str] = []
    for row in rows:
        if seen.get(row.id) == row.updated:
            continue
        if cancel.is_set():
            return Changes(tuple(tickets), str(replace(place, seen=seen)), more=True, gone=tuple(gone))
        try:
            tickets.append(read(row.id)) if row.wanted else gone.append(row.id)
        except TicketGone:
            gone.append(row.id)
        seen[row.id] = row.updated
    latest = max((place.latest, *(row.updated for row in rows)), key=_moment)
    start = place.start or (place.since.isoformat() if place.since else "")
    if not full:
        after = _Place(latest, "", 1, seen)
    elif _moment(rows[-1].updated) > _moment(start):
        after = _Place(latest, rows[-1].updated, 1, seen)
    else:
        after = _Place(latest, start, place.page + 1, seen)
    horizon = min(_moment(after.start or latest), _moment(latest)) - 2 * OVERLAP.total_seconds()
    kept = {i: u for i, u in seen.items() if _moment(u) >= horizon}
    return Changes(tuple(tickets), str(replace(after, seen=kept)), more=full, gone=tuple(gone))


def _moment(text: str) -> float:
    found = parse_time(text)
    return found.timestamp() if found else 0.0
