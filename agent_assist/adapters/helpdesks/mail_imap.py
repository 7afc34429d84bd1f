"""A mailbox over IMAP: what is new in it, mails' headers and bodies, and where copies of replies go."""

from __future__ import annotations

import contextlib
import logging
import ssl
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from imapclient import IMAPClient, SocketTimeout, imap4, tls
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError, LoginError
from imapclient.imapclient import SENT

from agent_assist.adapters.helpdesks.mail_errors import imap_login_refused, imap_refused, unreachable
from agent_assist.adapters.helpdesks.mail_message import (
    HEADERS,
    LONGEST_BODY,
    Body,
    Envelope,
    read_body,
    read_envelope,
)
from agent_assist.adapters.helpdesks.mail_options import MailOptions
from agent_assist.adapters.helpdesks.mail_proxy import connect
from agent_assist.adapters.helpdesks.mail_structure import attachments_of
from agent_assist.adapters.helpdesks.watch import Verdict, Watch, Wire
from agent_assist.domain.ticket import Attachment
from agent_assist.errors import AgentAssistError, ServerFailed, ServerUnreachable

log = logging.getLogger(__name__)
# At DEBUG the library logs whole mails, and logs are no place for what customers write.
logging.getLogger("imapclient").setLevel(logging.WARNING)
T = TypeVar("T")
BATCH = 250
"""Mails whose headers are asked for at once."""
_BODIES = 10
LONGEST = 300.0
"""Seconds that one exchange may take, however steadily the server sends."""
TIMEOUT = SocketTimeout(connect=15, read=60)


@dataclass(frozen=True, slots=True)
class FolderState:
    """What tells whether anything in a folder changed (RFC 3501, section 2.3.1.1; RFC 7162)."""

    uid_validity: int
    """Another one than before: the server has numbered all mails anew."""
    uid_next: int
    """The next mail gets this UID or a higher one."""
    messages: int
    mod_seq: int = 0
    """0 where the server counts no changes (CONDSTORE)."""


@dataclass(frozen=True, slots=True)
class Found:
    """A mail of the folder that was listed; `uid` is its number there."""

    uid: int
    envelope: Envelope
    answered: bool
    r"""Its flag \Answered."""


class _WatchedClient(IMAPClient):  # type: ignore[misc] # the library has no types
    """Looked after from its first byte on: opening it already reads a greeting and capabilities."""

    def __init__(self, watch: Watch, host: str, port: int, context: ssl.SSLContext | None) -> None:
        self._looks_after = watch
        super().__init__(host, port, ssl=context is not None, ssl_context=context, timeout=TIMEOUT)

    def _create_IMAP4(self) -> Any:  # noqa: N802 - the library's name
        watch, encrypted = self._looks_after, bool(self.ssl)
        base = tls.IMAP4_TLS if self.ssl else imap4.IMAP4WithTimeout

        class Watched(base):  # type: ignore[misc, valid-type]
            def _create_socket(self, *_: Any) -> Any:
                end = connect(self.host, self.port, TIMEOUT.connect, "imaps", "imap")
                end.settimeout(TIMEOUT.connect)
                if encrypted:
                    end = tls.wrap_socket(end, self.ssl_context, self.host)
                end.settimeout(TIMEOUT.read)
                watch.connected(Wire(end))
                return end

        if self.ssl:
            return Watched(self.host, self.port, self.ssl_context, TIMEOUT.connect)
        return Watched(self.host, self.port, TIMEOUT.connect)


class Mailbox:
    """One signed-in connection, opened when needed and again when it broke; for one caller at a time."""

    def __init__(self, options: MailOptions) -> None:
        self._options = options
        self._client: IMAPClient | None = None
        self._selected: tuple[str, bool] | None = None
        self._sent: str | None = None
        self._watch = Watch()

    def run(self, work: Callable[[IMAPClient], T]) -> T:
        """`work` on the connection; once more on a new one where an old one has broken meanwhile.

        `work` must bear to be done twice.
        """
        host = self._options.imap.host
        for last in (self._client is None, True):
            self._watch.begin(time.monotonic() + LONGEST, None)
            try:
                return work(self._client or self._open())
            except (IMAPClientAbortError, OSError, EOFError) as error:
                self.close()
                if self._watch.end() is Verdict.LATE:
                    raise ServerUnreachable(
                        f"{host} did not finish its answer within {LONGEST:.0f} s."
                    ) from error
                if last:
                    raise unreachable(error, self._options.imap) from error
                log.debug("IMAP connection to %s broke, opening another: %s", host, type(error).__name__)
            except IMAPClientError as error:
                self.close()  # a session whose folder was replaced under it refuses everything
                if last:
                    raise imap_refused(error, host) from error
            except (ValueError, AssertionError, IndexError, KeyError, UnicodeError) as error:
                self.close()  # an answer that IMAP does not know
                raise ServerFailed(f"{host} gave an answer that cannot be read ({error}).") from error
            finally:
                self._watch.end()
        raise AssertionError  # pragma: no cover

    def close(self) -> None:
        client, self._client, self._selected = self._client, None, None
        if client is not None:
            with contextlib.suppress(Exception):
                client.socket().settimeout(2)
                client.logout()
            with contextlib.suppress(Exception):
                client.shutdown()

    @property
    def has_idle(self) -> bool:
        return bool(self.run(lambda client: client.has_capability("IDLE")))

    # --- folders ----------------------------------------------------------------------------------

    def folders(self) -> list[str]:
        def work(client: IMAPClient) -> list[str]:
            return [str(name) for flags, _, name in client.list_folders() if rb"\Noselect" not in flags]

        return self.run(work)

    @property
    def sent(self) -> str:
        """The folder for sent mails; empty where there is none."""
        if self._sent is None:
            self._sent = self._options.sent_folder or str(
                self.run(lambda client: client.find_special_folder(SENT)) or ""
            )
        return self._sent

    def state(self, folder: str) -> FolderState:
        """How the folder is now."""

        def work(client: IMAPClient) -> FolderState:
            wanted = [b"UIDVALIDITY", b"UIDNEXT", b"MESSAGES", b"HIGHESTMODSEQ"]
            # A session goes on with the numbers that it began with: what is open is closed first.
            opened = self._selected is not None
            self._selected = None
            if opened and client.has_capability("UNSELECT"):
                client.unselect_folder()
                opened = False
            if opened:
                told = client.select_folder(folder, readonly=True)
                self._selected, wanted[2] = (folder, False), b"EXISTS"
            else:
                wanted = wanted if client.has_capability("CONDSTORE") else wanted[:3]
                told = client.folder_status(folder, [name.decode() for name in wanted])
            return FolderState(*(int(told.get(name, 0) or 0) for name in wanted))

        return self.run(work)

    def select(self, client: IMAPClient, folder: str, *, write: bool = False) -> None:
        if self._selected not in ((folder, True), (folder, write)):
            self._selected = None
            client.select_folder(folder, readonly=not write)
            self._selected = (folder, write)

    # --- reading ----------------------------------------------------------------------------------

    def search(self, folder: str, criteria: str | Sequence[Any]) -> list[int]:
        """The numbers (UID) of the mails that fit, ascending."""

        def work(client: IMAPClient) -> list[int]:
            self.select(client, folder)
            return sorted(int(uid) for uid in client.search(criteria))

        return self.run(work)

    def since(self, folder: str, days: int) -> list[int]:
        start = (datetime.now(UTC) - timedelta(days=days)).date()
        return self.search(folder, ["SINCE", start])

    def newer(self, folder: str, uid: int) -> list[int]:
        # "n:*" names the last mail even where its number is below n.
        return [found for found in self.search(folder, ["UID", f"{uid}:*"]) if found >= uid]

    def changed(self, folder: str, mod_seq: int) -> list[int]:
        return self.search(folder, ["MODSEQ", str(mod_seq + 1)])

    def headers(self, folder: str, uids: Sequence[int]) -> Iterator[Found]:
        """What is known of mails without their bodies; those that are gone are left out."""
        wanted = f"BODY.PEEK[HEADER.FIELDS ({HEADERS.upper()})]"
        for batch in _batches(uids, BATCH):

            def work(client: IMAPClient, batch: Sequence[int] = batch) -> dict[int, dict[bytes, Any]]:
                self.select(client, folder)
                return dict(client.fetch(batch, [wanted, "INTERNALDATE", "FLAGS"]))

            for uid, told in self.run(work).items():
                raw = next((v for k, v in told.items() if k.startswith(b"BODY[HEADER")), None)
                if isinstance(raw, bytes):
                    envelope = read_envelope(raw, _received(told))
                    yield Found(uid, envelope, rb"\Answered" in told.get(b"FLAGS", ()))

    def bodies(self, folder: str, uids: Sequence[int]) -> Iterator[tuple[int, Body]]:
        """Each mail's first LONGEST_BODY bytes read, with all its attachments listed."""
        for batch in _batches(uids, _BODIES):

            def work(client: IMAPClient, batch: Sequence[int] = batch) -> dict[int, dict[bytes, Any]]:
                self.select(client, folder)
                return dict(client.fetch(batch, [f"BODY.PEEK[]<0.{LONGEST_BODY}>", "RFC822.SIZE"]))

            for uid, told in self.run(work).items():
                raw = next((v for k, v in told.items() if k.startswith(b"BODY[]")), None)
                if not isinstance(raw, bytes):
                    continue
                cut = int(told.get(b"RFC822.SIZE", 0) or 0) > len(raw) >= LONGEST_BODY
                yield uid, read_body(raw, cut=cut, files=self._files(folder, uid) if cut else None)

    def _files(self, folder: str, uid: int) -> list[Attachment] | None:
        """The attachments of a long mail from the server's own reading of it; None where it has none."""

        def work(client: IMAPClient) -> Any:
            self.select(client, folder)
            return client.fetch([uid], ["BODYSTRUCTURE"]).get(uid, {}).get(b"BODYSTRUCTURE")

        try:
            return list(attachments_of(self.run(work)))
        except (AgentAssistError, ValueError, IndexError, TypeError, RecursionError):
            log.info("the structure of a long mail could not be read")
            return None

    def whole(self, folder: str, uid: int) -> bytes:
        """All of one mail; empty where it is gone."""

        def work(client: IMAPClient) -> bytes:
            self.select(client, folder)
            told = client.fetch([uid], ["BODY.PEEK[]"]).get(uid, {})
            return bytes(told.get(b"BODY[]") or b"")

        return self.run(work)

    # --- writing ----------------------------------------------------------------------------------

    def find(self, folder: str, header: str, value: str) -> list[int]:
        """The mails with this header; what has only just arrived too."""
        if not folder or not value.isascii():
            return []
        self.run(lambda client: client.noop())
        return self.search(folder, _with_header(header, value))

    def file_copy(self, folder: str, content: bytes, message_id: str, at: datetime) -> None:
        """Put a copy of a sent mail into a folder, once."""

        def work(client: IMAPClient) -> None:
            self.select(client, folder)
            if not client.search(_with_header("Message-ID", message_id)):
                client.append(folder, content, [rb"\Seen"], at)

        self.run(work)

    def mark_answered(self, folder: str, uid: int) -> None:
        def work(client: IMAPClient) -> None:
            self.select(client, folder, write=True)
            client.add_flags([uid], [rb"\Answered", rb"\Seen"], silent=True)

        self.run(work)

    def discard(self, folder: str, uid: int) -> None:
        """Remove one mail, and no other that may be marked as deleted."""

        def work(client: IMAPClient) -> None:
            self.select(client, folder, write=True)
            if client.has_capability("UIDPLUS"):
                client.delete_messages([uid], silent=True)
                client.uid_expunge([uid])
            else:
                client.add_flags([uid], [rb"\Seen"], silent=True)

        self.run(work)

    # --- opening ----------------------------------------------------------------------------------

    def _open(self) -> IMAPClient:
        options, server = self._options, self._options.imap
        try:
            context = options.certificates() if server.security == "tls" else None
            client = _WatchedClient(self._watch, server.host, server.port, context)
        except (OSError, IMAPClientError) as error:
            raise unreachable(error, server) from error
        try:
            client.normalise_times = False
            if server.security == "starttls":
                _start_tls(client, options)
                self._watch.connected(Wire(client.socket()))
            self._login(client)
        except (OSError, IMAPClientError) as error:
            with contextlib.suppress(Exception):
                client.shutdown()
            if isinstance(error, LoginError):
                raise imap_login_refused(error, options) from error
            raise unreachable(error, server) from error
        except AgentAssistError:
            with contextlib.suppress(Exception):
                client.shutdown()
            raise
        self._client, self._selected = client, None
        return client

    def _login(self, client: IMAPClient) -> None:
        options = self._options
        if token := options.access_token():
            try:
                client.oauth2_login(options.username, token)
            except LoginError:
                if options.source is None:
                    raise
                options.source.refused(token)
                client.oauth2_login(options.username, options.access_token())
        elif (options.username + options.password).isascii():
            client.login(options.username, options.password)
        else:  # LOGIN knows ASCII only
            client.plain_login(options.username, options.password)


def _start_tls(client: IMAPClient, options: MailOptions) -> None:
    if not client.has_capability("STARTTLS"):
        raise ServerUnreachable(
            f"{options.imap.host} offers no STARTTLS: the password was not sent.",
            "Choose tls with port 993, or ask the mail server's administrator.",
        )
    client.starttls(options.certificates())


def _with_header(name: str, value: str) -> str:
    # The library quotes only where it sees a space: brackets of a stranger's Message-ID would be commands.
    quoted = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'HEADER {name} "{quoted}"'


def _batches(uids: Sequence[int], size: int) -> Iterable[Sequence[int]]:
    return (uids[start : start + size] for start in range(0, len(uids), size))


def _received(told: dict[bytes, Any]) -> datetime | None:
    at = told.get(b"INTERNALDATE")
    return at.astimezone(UTC) if isinstance(at, datetime) else None
