"""A shared mailbox as a helpdesk: tickets are conversations in IMAP folders, replies leave by SMTP."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import ClassVar
from urllib.parse import unquote

from agent_assist.adapters.helpdesks.mail_idle import Watcher
from agent_assist.adapters.helpdesks.mail_imap import Mailbox
from agent_assist.adapters.helpdesks.mail_index import EMPTY, Key, MailIndex
from agent_assist.adapters.helpdesks.mail_message import TOKEN_HEADER, Address, Body
from agent_assist.adapters.helpdesks.mail_options import FIELDS, MailOptions
from agent_assist.adapters.helpdesks.mail_providers import SIGN_IN
from agent_assist.adapters.helpdesks.mail_smtp import Outgoing, Submission, compose, message_id, reachable
from agent_assist.adapters.helpdesks.mail_threads import Known, Place, bare_subject
from agent_assist.adapters.helpdesks.mail_ticket import ticket_of_mails
from agent_assist.domain.helpdesk import Ability, Account, Changes, Connection, ConnectionField, Queue
from agent_assist.domain.oauth import SignIn
from agent_assist.domain.ticket import Message, Role, Ticket
from agent_assist.errors import AgentAssistError, BadInput, DeliveryUncertain, HelpdeskProblem, TicketGone
from agent_assist.ports import CancelToken, Clock

log = logging.getLogger(__name__)
PAGE = 20
PROOF_SECONDS = 10.0
"""How long a reply whose fate is not known is looked for at once."""
SETTLED = timedelta(minutes=3)
"""After this a mail that a server has taken must lie in its mailbox."""
_MOST_COPIES = 20


class MailConnector:
    """Implements ports.HelpdeskConnector.

    What lies in the mailbox is held in memory as headers only; a ticket's bodies are fetched when it has
    changed.  Whether a reply left is proven by a copy of it: in the folder for sent mails, or, where the
    connection broke, in the mailbox itself, to which each reply goes as a blind copy.
    """

    kind: ClassVar[str] = "mail"
    title: ClassVar[str] = "Shared mailbox (IMAP and SMTP)"
    fields: ClassVar[Sequence[ConnectionField]] = FIELDS
    abilities: ClassVar[frozenset[Ability]] = frozenset({Ability.PUSH})
    sign_in: ClassVar[SignIn] = SIGN_IN

    def __init__(self, connection: Connection, secrets: Mapping[str, str], clock: Clock) -> None:
        self._options = MailOptions.read(connection.values, secrets)
        self._clock = clock
        self._lock = threading.RLock()
        self._mailbox = Mailbox(self._options)
        self._index = MailIndex(self._mailbox, self._options)
        self._submission = Submission(self._options)
        self._watcher = Watcher(self._options)
        self._waiting = threading.Lock()
        self._told: str | None = None
        """The cursor that was given last."""
        self._touched: set[Key] = set()
        self._queue: list[Key] = []
        """What is still to be given of the last look: one mail of each conversation, newest first."""
        self._left: set[str] = set()
        self._given: dict[Key, str] = {}
        """The ticket that each mail was last given with."""
        self._lies: dict[str, Place] = {}
        """Where the newest mail of each ticket that was given lies."""
        self._uncertain: dict[str, datetime] = {}
        self._not_sent: set[str] = set()

    def __repr__(self) -> str:
        return f"MailConnector({self._options.address})"

    # --- who and where ----------------------------------------------------------------------------

    def check(self) -> Account:
        options = self._options
        with self._lock:
            for folder in options.folders:
                self._mailbox.state(folder)
            if not self._mailbox.sent and not options.server_files_copies:
                raise HelpdeskProblem(
                    f"{options.imap.host} names no folder for sent mails.",
                    "Enter its name under Connections.",
                )
            self._submission.check()
        return Account(options.username, options.name, options.address)

    def queues(self) -> list[Queue]:
        with self._lock:
            return [Queue(name, name) for name in self._mailbox.folders()]

    def ticket_of(self, url: str) -> str | None:
        """Of the links `mid:` and `message:` with which mail programs name a mail."""
        scheme, colon, rest = url.strip().partition(":")
        if not colon or scheme.lower() not in ("mid", "message"):
            return None
        identity = "<" + unquote(rest.strip("/")).strip("<>") + ">"
        with self._lock:
            found = self._index.threads.find(identity)
            return self._index.threads.conversation(found[0].envelope) if found else None

    def page_of(self, ticket: str) -> str:
        return ""

    # --- reading ----------------------------------------------------------------------------------

    def changes(self, cursor: str, cancel: CancelToken) -> Changes:
        with self._lock:
            if not self._queue or cursor != self._told:
                self._look(cursor, cancel)
                self._queue = self._newest_first()
            page = [mails for key in self._queue[:PAGE] if (mails := self._mails_of(key))]
            tickets = self._read(page)
            for mails in page:
                self._touched -= {known.envelope.key for known in mails}
            del self._queue[:PAGE]
            more = bool(self._queue)
            gone = self._gone(tickets)
            # Until all is told the cursor stays: whoever starts anew from it gets everything again.
            base = cursor.partition("#")[0]
            self._told = f"{base}#{time.monotonic_ns()}" if more else self._index.cursor(self._lies)
            return Changes(tuple(tickets), self._told, more, gone)

    def ticket(self, ticket: str) -> Ticket:
        with self._lock:
            return self._ticket(self._conversation(ticket))

    def find_reply(self, ticket: str, token: str, text: str, since: datetime) -> Message | None:
        with self._lock:
            found = self._sent(message_id(token, self._options.domain))
            if found is not None:
                self._uncertain.pop(token, None)
                return replace(found, text=text)
            if token in self._not_sent:
                return None
            tried = self._uncertain.get(token, since)
            if self._clock.now() - tried < SETTLED:
                raise DeliveryUncertain("The reply may still be on its way into the mailbox.")
            return None

    def wait(self, seconds: float, cancel: CancelToken) -> bool:
        with self._waiting:
            return self._watcher.wait(seconds, cancel)

    # --- writing ----------------------------------------------------------------------------------

    def reply(self, ticket: str, text: str, token: str) -> Message:
        if not text.strip():
            raise BadInput("An empty reply was not sent.", "Write something first.")
        with self._lock:
            mails = self._conversation(ticket)
            last = self._last_of_customer(mails)
            mail = self._compose(last, text, token)
            self._not_sent.discard(token)
            try:
                self._hand_over(mail, token)
            except DeliveryUncertain:
                raise
            except AgentAssistError:
                self._not_sent.add(token)
                raise
            self._settle(mail, last)
            return Message(mail.id, Role.AGENT, text, self._clock.now(), author=self._options.name)

    def note(self, ticket: str, text: str, token: str) -> Message:
        raise BadInput("A mailbox has no internal notes.")

    def set_status(self, ticket: str, status: object) -> None:
        raise BadInput("A mailbox has no status that can be set.")

    def set_tags(self, ticket: str, tags: Sequence[str]) -> None:
        raise BadInput("A mailbox has no tags.")

    def close(self) -> None:
        with self._lock:
            self._mailbox.close()
        # Whoever waits ends with its own signal; it is not waited for long.
        waited = self._waiting.acquire(timeout=2)
        try:
            self._watcher.close()
        finally:
            if waited:
                self._waiting.release()

    # --- tickets ----------------------------------------------------------------------------------

    def _look(self, cursor: str, cancel: CancelToken) -> None:
        news = self._index.refresh(cancel)
        self._left |= news.left
        if cursor == self._told:
            self._touched |= news.touched
            return
        # A new start, or somebody else has gone on from here.
        self._touched = self._index.after(cursor) | (set() if news.first else news.touched)
        there, left = self._index.given_before(cursor)
        self._lies = {**self._lies, **there}
        self._left |= left

    def _newest_first(self) -> list[Key]:
        """One mail of each conversation in which something has changed."""
        threads = self._index.threads
        found: dict[Key, datetime] = {}
        done: set[Key] = set()
        for key in list(self._touched):
            if key in done:
                continue
            known = threads.get(key)
            mails = self._index.chosen(threads.mails_with(known.envelope)) if known else []
            if mails:
                done.update(m.envelope.key for m in mails)
                found[key] = mails[-1].envelope.at
            else:
                self._touched.discard(key)
        return sorted(found, key=lambda key: found[key], reverse=True)

    def _mails_of(self, key: Key) -> list[Known]:
        threads = self._index.threads
        known = threads.get(key)
        return self._index.chosen(threads.mails_with(known.envelope)) if known else []

    def _read(self, page: Sequence[Sequence[Known]]) -> list[Ticket]:
        bodies = self._index.bodies(known for mails in page for known in mails)
        return [self._ticket(mails, bodies) for mails in page]

    def _ticket(self, mails: Sequence[Known], bodies: Mapping[Key, Body] | None = None) -> Ticket:
        if bodies is None:
            bodies = self._index.bodies(mails)
        threads = self._index.threads
        name = threads.conversation(mails[0].envelope)
        for known in mails:
            before = self._given.get(known.envelope.key)
            if before and before != name:  # two conversations turned out to be one
                self._left.add(before)
            self._given[known.envelope.key] = name
        lying = [p for k in mails for p in k.places if p.folder in self._options.folders]
        if lying:
            self._lies[name] = max(lying, key=lambda p: p.uid)
        return ticket_of_mails(name, mails, bodies, threads, self._options, self._mailbox.sent)

    def _gone(self, tickets: Sequence[Ticket]) -> tuple[str, ...]:
        there = {ticket.id for ticket in tickets}
        left, self._left = self._left, set()
        gone = sorted(name for name in left - there if not self._index.conversation(name))
        for name in gone:
            self._lies.pop(name, None)
        return tuple(gone)

    def _conversation(self, ticket: str) -> list[Known]:
        self._touched |= self._index.refresh().touched
        mails = self._index.conversation(ticket)
        if not mails:
            raise TicketGone(f"There is no conversation {ticket[:40]} in this mailbox.")
        return mails

    # --- replies ----------------------------------------------------------------------------------

    def _last_of_customer(self, mails: Sequence[Known]) -> Known:
        roles = {m.id: m.role for m in self._ticket(mails).messages}
        for known in reversed(mails):
            customer = roles.get(known.envelope.id) is Role.CUSTOMER
            if customer and not self._index.threads.is_ours(self._answer_to(known).email):
                return known
        raise BadInput("There is nobody in this conversation whom a reply could go to.")

    def _answer_to(self, known: Known) -> Address:
        """Who gets the reply: as asked for in Reply-To, unless that is ourselves."""
        envelope = known.envelope
        ours = self._index.threads.is_ours(envelope.reply_to.email)
        return envelope.sender if ours or not envelope.reply_to.email else envelope.reply_to

    def _compose(self, last: Known, text: str, token: str) -> Outgoing:
        envelope, to = last.envelope, self._answer_to(last)
        copies: list[Address] = []
        if self._options.reply_all:
            others = {a.email: a for a in (*envelope.to, *envelope.cc)}
            copies = [a for a in others.values() if a.email != to.email and reachable(a.email)]
            copies = [a for a in copies if not self._index.threads.is_ours(a.email)][:_MOST_COPIES]
        references = [i for i in (*envelope.references, envelope.id) if not i.endswith("@no-message-id>")]
        bare, _ = bare_subject(envelope.subject)
        return compose(
            self._options,
            to=to,
            cc=copies,
            subject=f"Re: {bare}".strip(),
            text=text,
            references=references,
            token=token,
            at=self._clock.now(),
        )

    def _hand_over(self, mail: Outgoing, token: str) -> None:
        copy_to = "" if self._options.server_files_copies else self._options.address
        try:
            refused = self._submission.send(mail, copy_to=copy_to)
        except DeliveryUncertain:
            self._uncertain[token] = self._clock.now()
            if not self._proven(mail.id):
                raise
            refused = []
        self._uncertain.pop(token, None)
        if refused:
            log.warning("%d recipients in Cc were refused by the server", len(refused))

    def _proven(self, identity: str) -> bool:
        """Whether a copy of the reply turns up within PROOF_SECONDS."""
        deadline = time.monotonic() + PROOF_SECONDS
        while True:
            try:
                if self._sent(identity) is not None:
                    return True
            except AgentAssistError as error:
                log.info("the reply could not be looked for: %s", error.title)
                return False
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.5)

    def _sent(self, identity: str) -> Message | None:
        """The reply with this Message-ID, wherever a copy of it lies."""
        token = identity[1:-1].partition("@")[0]
        for folder in dict.fromkeys((self._mailbox.sent, *self._options.folders)):
            for header, value in (("Message-ID", identity), (TOKEN_HEADER, token)):
                uids = self._mailbox.find(folder, header, value)
                for found in self._mailbox.headers(folder, uids[:5]):
                    envelope = found.envelope
                    if envelope.sender.email == self._options.address:
                        body = next((b for _, b in self._mailbox.bodies(folder, [found.uid])), EMPTY)
                        text = body.reduced.text
                        return Message(identity, Role.AGENT, text, envelope.at, author=self._options.name)
        return None

    def _settle(self, mail: Outgoing, last: Known) -> None:
        """What follows a reply that has left: its copy, and the mark on what it answers.  Never raises."""
        try:
            if self._mailbox.sent and not self._options.server_files_copies:
                self._mailbox.file_copy(self._mailbox.sent, mail.content, mail.id, self._clock.now())
            for place in last.places:
                if place.folder in self._options.folders:
                    self._mailbox.mark_answered(place.folder, place.uid)
        except AgentAssistError as error:
            log.warning("the reply left, but its copy could not be filed: %s", error.title)
