"""What is known of a mailbox: its folders' states, all mails' headers, and the conversations they make."""

from __future__ import annotations

import json
import logging
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from agent_assist.adapters.helpdesks.mail_imap import FolderState, Mailbox
from agent_assist.adapters.helpdesks.mail_message import Body, Envelope
from agent_assist.adapters.helpdesks.mail_options import MailOptions
from agent_assist.adapters.helpdesks.mail_threads import Known, Place, Threads
from agent_assist.domain.mailtext import Reduced
from agent_assist.errors import AgentAssistError, Cancelled
from agent_assist.ports import CancelToken

log = logging.getLogger(__name__)
_KEPT_BODIES = 3_000
_KEPT_TICKETS = 2_000
_SENDER_FILES = timedelta(minutes=1)
_LOOKUPS = 20
"""Older mails that are looked for, for each look at the mailbox."""
Key = tuple[str, str]


@dataclass(slots=True)
class News:
    """What one look at the mailbox found."""

    touched: set[Key] = field(default_factory=set)
    """Mails that are new or changed."""
    left: set[str] = field(default_factory=set)
    """Conversations that lost a mail."""
    first: bool = False
    """True where everything is new, as nothing was known before."""


class MailIndex:
    """In memory only, and read anew by each connector; used by one thread at a time, as the connector is."""

    def __init__(self, mailbox: Mailbox, options: MailOptions) -> None:
        self._mailbox = mailbox
        self._options = options
        self.threads = Threads(options.ours)
        self._states: dict[str, FolderState] = {}
        self._bodies: OrderedDict[Key, Body] = OrderedDict()
        self._sought: set[str] = set()
        self._copies: set[Key] = set()
        """Our own replies of which a copy may still lie among the customers' mails."""
        self._ids: dict[str, Key] | None = None

    @property
    def folders(self) -> tuple[str, ...]:
        """The chosen folders, then the one for sent mails."""
        sent = self._mailbox.sent
        return tuple(dict.fromkeys((*self._options.folders, *((sent,) if sent else ()))))

    # --- cursor -----------------------------------------------------------------------------------

    def cursor(self, given: Mapping[str, Place]) -> str:
        """How far the folders were read, and where the newest mail of each ticket that was given lies."""
        states = {name: [s.uid_validity, s.uid_next] for name, s in self._states.items()}
        newest = sorted(given.items(), key=lambda item: item[1].uid)[-_KEPT_TICKETS:]
        tickets = {name: [place.folder, place.uid] for name, place in newest}
        return json.dumps({"v": 1, "folders": states, "tickets": tickets})

    def after(self, cursor: str) -> set[Key]:
        """The mails that came after a cursor; all of a folder that the server has numbered anew since."""
        read = _read_cursor(cursor)[0]
        found = set()
        for place, key in self.threads.places():
            state = self._states.get(place.folder)
            validity, following = read.get(place.folder, (0, 0))
            if state is None or validity != state.uid_validity or place.uid >= following:
                found.add(key)
        return found

    def given_before(self, cursor: str) -> tuple[dict[str, Place], set[str]]:
        """The tickets that a cursor names and that are still there, and those that are not."""
        folders, tickets = _read_cursor(cursor)
        there: dict[str, Place] = {}
        left: set[str] = set()
        asked: dict[str, dict[int, str]] = {}
        for name, place in tickets.items():
            state = self._states.get(place.folder)
            if self.conversation(name):
                there[name] = place
            elif state is not None and folders.get(place.folder, (0, 0))[0] == state.uid_validity:
                asked.setdefault(place.folder, {})[place.uid] = name
        for folder, by_uid in asked.items():  # older than what is looked through, or moved away
            uids = ",".join(str(uid) for uid in sorted(by_uid))
            found = set(self._mailbox.search(folder, ["UID", uids]))
            there.update({name: Place(folder, uid) for uid, name in by_uid.items() if uid in found})
            left |= {name for uid, name in by_uid.items() if uid not in found}
        return there, left

    # --- looking ----------------------------------------------------------------------------------

    def refresh(self, cancel: CancelToken | None = None) -> News:
        """Take in what has changed since the last look."""
        news = News(first=not self._states)
        for folder in self.folders:
            state = self._mailbox.state(folder)
            known = self._states.get(folder)
            if known is not None and known.uid_validity != state.uid_validity:
                log.info("the server has numbered the mails of a folder anew")
                news.left.update(self.threads.forget(folder))
                known = None
            if known is None:
                self._add(folder, self._mailbox.since(folder, self._options.days), news, cancel)
            elif known != state:
                self._update(folder, known, state, news, cancel)
            self._states[folder] = state
        if news.touched or news.left:
            self._ids = None
        if news.touched and not news.first:
            self._complete(news)
        for key in news.touched:
            mail = self.threads.get(key)
            if mail is not None and is_own_copy(mail.envelope, self._options):
                self._copies.add(key)
        self._tidy()
        return news

    def _add(self, folder: str, uids: Sequence[int], news: News, cancel: CancelToken | None) -> None:
        for found in self._mailbox.headers(folder, uids):
            if cancel is not None and cancel.is_set():
                raise Cancelled("Looking through the mailbox was stopped.")
            known = self.threads.add(found.envelope, Place(folder, found.uid), found.answered)
            news.touched.add(known.envelope.key)

    def _update(
        self, folder: str, known: FolderState, state: FolderState, news: News, cancel: CancelToken | None
    ) -> None:
        fresh = self._mailbox.newer(folder, known.uid_next) if state.uid_next != known.uid_next else []
        self._add(folder, fresh, news, cancel)
        if state.mod_seq and known.mod_seq and state.mod_seq != known.mod_seq:
            changed = self._mailbox.changed(folder, known.mod_seq)
            old = [uid for uid in changed if uid < known.uid_next and self.threads.at(Place(folder, uid))]
            for found in self._mailbox.headers(folder, old):
                before = self.threads.at(Place(folder, found.uid))
                if before is not None and before.answered != found.answered:
                    before.answered = found.answered
                    news.touched.add(before.envelope.key)
        if state.messages != known.messages + len(fresh):
            self._drop_removed(folder, news)

    def _drop_removed(self, folder: str, news: News) -> None:
        """Mails that were moved or deleted by somebody else."""
        there = set(self._mailbox.search(folder, ["ALL"]))
        for place, _ in list(self.threads.places()):
            if place.folder == folder and place.uid not in there:
                conversation = self.threads.remove(place)
                if conversation:
                    news.left.add(conversation)

    def _complete(self, news: News) -> None:
        """Find older mails that the new ones refer to, beyond the days of the first look."""
        mails = [k for key in news.touched if (k := self.threads.get(key)) is not None]
        wanted = [m for m in self.threads.missing(mails) if m not in self._sought][-_LOOKUPS:]
        for identity in wanted:
            self._sought.add(identity)
            try:
                for folder in self.folders:
                    uids = self._mailbox.find(folder, "Message-ID", identity)
                    self._add(folder, uids[:1], news, None)
            except AgentAssistError as error:
                log.info("an older mail could not be looked for: %s", error.title)
                return

    def _tidy(self) -> None:
        """The copy of a reply that went to the mailbox itself has done its work once it is filed.

        Whoever sent it files it at once; only one that nobody filed, as after a crash, is filed here.
        """
        sent = self._mailbox.sent
        if not sent or self._options.server_files_copies:
            self._copies.clear()
        for key in list(self._copies):
            known = self.threads.get(key)
            copies = [p for p in known.places if p.folder != sent] if known else []
            if known is None or not copies:
                self._copies.discard(key)
                continue
            filed = any(p.folder == sent for p in known.places)
            try:
                if filed:
                    for place in copies:
                        self._mailbox.discard(place.folder, place.uid)
                elif datetime.now(UTC) - known.envelope.at > _SENDER_FILES:
                    self.file(copies[0], known.envelope)
                else:
                    continue
            except AgentAssistError as error:
                log.warning("the copy of a reply could not be filed: %s", error.title)
            self._copies.discard(key)

    def file(self, place: Place, envelope: Envelope) -> None:
        """Put a copy of our own mail into the folder for sent mails."""
        content = self._mailbox.whole(place.folder, place.uid)
        if content:
            self._mailbox.file_copy(self._mailbox.sent, content, envelope.id, envelope.at)

    # --- conversations ----------------------------------------------------------------------------

    def conversation(self, ticket: str) -> list[Known]:
        """Its mails, oldest first; empty where there is none or where none is left in a chosen folder."""
        if self._ids is None:
            self._ids = {
                name: mails[0].envelope.key for name, mails in self.threads.conversations().items() if mails
            }
        key = self._ids.get(ticket)
        known = self.threads.get(key) if key else None
        return self.chosen(self.threads.mails_with(known.envelope)) if known else []

    def chosen(self, mails: list[Known]) -> list[Known]:
        """The same mails where one of them lies in a chosen folder, else none."""
        wanted = set(self._options.folders)
        own = self._options
        there = any(p.folder in wanted for k in mails if not is_own_copy(k.envelope, own) for p in k.places)
        return mails if there else []

    def bodies(self, mails: Iterable[Known]) -> dict[Key, Body]:
        """What these mails say; those that have been read lately are not fetched again."""
        found: dict[Key, Body] = {}
        wanted: dict[str, dict[int, Key]] = {}
        for known in mails:
            key = known.envelope.key
            if key in self._bodies:
                self._bodies.move_to_end(key)
                found[key] = self._bodies[key]
            elif known.places:
                place = min(known.places, key=lambda p: (p.folder, p.uid))
                wanted.setdefault(place.folder, {})[place.uid] = key
        for folder, by_uid in wanted.items():
            for uid, body in self._mailbox.bodies(folder, sorted(by_uid)):
                found[by_uid[uid]] = self._bodies[by_uid[uid]] = body
        while len(self._bodies) > _KEPT_BODIES:
            self._bodies.popitem(last=False)
        return found


def _read_cursor(cursor: str) -> tuple[dict[str, tuple[int, int]], dict[str, Place]]:
    """Of each folder UIDVALIDITY and UIDNEXT, and where tickets lay; nothing of a cursor of another time."""
    try:
        data = json.loads(cursor.partition("#")[0]) if cursor.partition("#")[0] else {}
        folders = {str(n): (int(e[0]), int(e[1])) for n, e in data.get("folders", {}).items()}
        return folders, {str(n): Place(str(e[0]), int(e[1])) for n, e in data.get("tickets", {}).items()}
    except (ValueError, TypeError, KeyError, IndexError, AttributeError):
        return {}, {}


EMPTY = Body(Reduced("", ""), ())


def is_own_copy(envelope: Envelope, options: MailOptions) -> bool:
    """Whether a mail is a reply that this program sent."""
    return (
        bool(envelope.token)
        and envelope.sender.email == options.address
        and envelope.id.startswith(f"<{envelope.token}@")
    )
