"""Told by the mail server that something has arrived: IDLE, and NOOP where the server has no IDLE."""

from __future__ import annotations

import contextlib
import logging
import time

from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError

from agent_assist.adapters.helpdesks.mail_imap import Mailbox
from agent_assist.adapters.helpdesks.mail_options import MailOptions
from agent_assist.ports import CancelToken

log = logging.getLogger(__name__)
RENEWAL = 25 * 60.0
"""Seconds after which IDLE is begun anew: servers end it at half an hour, some routers before."""
NOOP_EVERY = 30.0
_SLICE = 0.5
"""Seconds after which a wish to stop is noticed."""


class Watcher:
    """Waits on a connection of its own, so that the mailbox can be read meanwhile."""

    def __init__(
        self, options: MailOptions, *, renewal: float = RENEWAL, noop_every: float = NOOP_EVERY
    ) -> None:
        self._folder = options.folders[0]
        self._mailbox = Mailbox(options)
        self._renewal = renewal
        self._noop_every = noop_every
        self._idle_since: float | None = None
        self._client: IMAPClient | None = None
        self._seen: tuple[int, int] | None = None
        """UIDVALIDITY and UIDNEXT when the mailbox was last looked at."""

    def wait(self, seconds: float, cancel: CancelToken) -> bool:
        """True as soon as something may have happened; False after `seconds` or when told to stop.

        Raises the errors of a mailbox that cannot be reached.
        """
        deadline = time.monotonic() + seconds
        if self._mailbox.has_idle:
            return self._idle(deadline, cancel)
        return self._poll(deadline, cancel)

    def close(self) -> None:
        with contextlib.suppress(IMAPClientError, OSError, EOFError):
            self._stop()
        self._mailbox.close()

    def _idle(self, deadline: float, cancel: CancelToken) -> bool:
        try:
            if self._idle_since is None and self._start():
                return True  # something came between two connections
            while not cancel.is_set() and (left := deadline - time.monotonic()) > 0:
                if self._idle_since and time.monotonic() - self._idle_since > self._renewal:
                    self._stop()
                    if self._start():
                        return True
                if self._told(min(_SLICE, left)):
                    return True
        except (IMAPClientAbortError, OSError, EOFError) as error:
            log.debug("IDLE ended: %s", type(error).__name__)
            self.close()
            return True  # what came meanwhile is not known
        return False

    def _start(self) -> bool:
        """Begin IDLE; whether something has arrived since the last one, which is then not begun."""

        def work(client: IMAPClient) -> tuple[int, int]:
            state = client.select_folder(self._folder, readonly=True)
            return int(state.get(b"UIDVALIDITY", 0)), int(state.get(b"UIDNEXT", 0))

        before, self._seen = self._seen, self._mailbox.run(work)
        if before is not None and before != self._seen:
            return True

        def begin(client: IMAPClient) -> IMAPClient:
            client.idle()
            return client

        self._client = self._mailbox.run(begin)
        self._idle_since = time.monotonic()
        return False

    def _told(self, seconds: float) -> bool:
        client = self._client
        if client is None:
            return True
        begun = time.monotonic()
        told = client.idle_check(timeout=seconds)
        if not told and time.monotonic() - begun < seconds / 2:
            # The library reads the end of the connection as silence.
            raise IMAPClientAbortError("the connection has ended")
        for response in told:
            if response and response[0] == b"BYE":
                raise IMAPClientAbortError("the server has ended the connection")
        return any(len(r) > 1 and r[1] in (b"EXISTS", b"EXPUNGE", b"FETCH") for r in told)

    def _stop(self) -> None:
        client, self._client, self._idle_since = self._client, None, None
        if client is not None:
            client.idle_done()

    def _poll(self, deadline: float, cancel: CancelToken) -> bool:
        while not cancel.is_set():
            state = self._mailbox.state(self._folder)
            now = (state.uid_validity, state.uid_next)
            before, self._seen = self._seen, now
            if before is not None and before != now:
                return True
            left = deadline - time.monotonic()
            if left <= 0:
                break
            cancel.wait(min(self._noop_every, left))
        return False
