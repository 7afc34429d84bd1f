"""The HTTP that every connector shares: polite, bounded, and honest about whether a request arrived.

- A pause that the server orders (429 or 503 with Retry-After) is kept; other failures of something that
  may be repeated are repeated with exponential backoff and full jitter; a server that keeps failing is
  left alone for a while (circuit breaker).
- An answer is limited in size while it is read, and in time as a whole (see `watch`).
- Redirects are followed on the same host only, so that no other server ever gets the credentials.
- A message to a customer is sent once: where its request may have left and no readable answer came,
  `DeliveryUncertain` says so, and nothing is sent again before the thread has been looked through.

Proxies and certificates are taken from the environment and the system (HTTPS_PROXY, NO_PROXY,
SSL_CERT_FILE); certificates are verified.
"""

from __future__ import annotations

import logging
import ssl
import threading
import time
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from typing import Any

import certifi
import httpx

from agent_assist import __version__
from agent_assist.adapters.helpdesks.answers import EXCERPT, Answer, Trouble, no_answer, refusal, uncertain
from agent_assist.adapters.helpdesks.pace import Breaker, backoff
from agent_assist.adapters.helpdesks.watch import Watch
from agent_assist.errors import (
    BadInput,
    Cancelled,
    DeliveryUncertain,
    HelpdeskProblem,
    ServerUnreachable,
    TicketGone,
    UnexpectedAnswer,
)
from agent_assist.ports import CancelToken, Clock

__all__ = ["Answer", "HttpSession"]

TRIES = 4
LONGEST_ORDERED_PAUSE = 30.0
"""Seconds of Retry-After that are waited for here; more is told to the caller (`ServerBusy.wait_seconds`)."""
WHOLE_ANSWER = 3
"""A whole answer may take so many times the timeout, which is for the silence between two bytes."""
REDIRECTS = 5
KEEP_ALIVE = 30.0
_REDIRECT = frozenset({301, 302, 303, 307, 308})

# At INFO httpx logs whole addresses, and queries hold customers' names.
logging.getLogger("httpx").setLevel(logging.WARNING)


class HttpSession:
    """One connection's HTTP; takes one caller at a time (a second one waits)."""

    def __init__(
        self,
        base_url: str,
        *,
        headers: Mapping[str, str] | None = None,
        auth: httpx.Auth | tuple[str, str] | None = None,
        verify: bool | str = True,
        timeout: float = 20.0,
        clock: Clock | None = None,
        max_body: int = 20_000_000,
        sleep: Callable[[float], None] | None = None,
        tries: int = TRIES,
    ) -> None:
        """Opens nothing.

        `verify` is True for the system's certificates, or the path of a file of further ones.
        `timeout`, in seconds, is for silence; a whole answer may take three times as long.
        `max_body` is in bytes, unpacked.  `sleep` is for tests.  Raises BadInput for an address that
        cannot be one.
        """
        self._base = _base(base_url)
        self.host = self._base.netloc.decode()
        self._headers = {"User-Agent": f"agent-assist/{__version__}", **(headers or {})}
        self._auth, self._verify, self._timeout = auth, verify, timeout
        self._clock, self._max_body, self._sleep, self._tries = clock, max_body, sleep, max(1, tries)
        self._breaker = Breaker()
        self._watch = Watch()
        self._lock = threading.RLock()
        self._client: httpx.Client | None = None

    def __repr__(self) -> str:
        return f"HttpSession({self.host})"

    def get(
        self,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        cancel: CancelToken | None = None,
        expect: Collection[int] = (200, 204),
        missing: type[HelpdeskProblem] = TicketGone,
    ) -> Answer:
        """Read `path` (below the base address, or a whole address on the same host); tried again at need.

        A status in `expect` is an answer, any other an error: LoginRefused (401), PermissionMissing
        (403), `missing` (404, 410), ServerBusy (429), ServerFailed (5xx), HelpdeskProblem; also
        ServerUnreachable, UnexpectedAnswer and Cancelled.
        """
        content = {"params": params, "headers": headers}
        return self._call("GET", path, content, cancel, expect, missing, once=False)

    def send(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        data: Mapping[str, Any] | bytes | None = None,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        cancel: CancelToken | None = None,
        expect: Collection[int] = (200, 201, 202, 204),
        once: bool = True,
        missing: type[HelpdeskProblem] = TicketGone,
    ) -> Answer:
        """Send JSON, a form or bytes.

        With `once` it is never sent again after it may have left: a lost connection, a 5xx or an
        answer that cannot be read raises DeliveryUncertain; every other error means that nothing was
        done.  A 429, and a 503 with Retry-After, were not processed and are tried again.  412 and 409
        raise StaleThread unless they are expected; `cancel` counts only until the request leaves.
        Without `once` it is treated as `get`: for what may be repeated.
        """
        content: dict[str, Any] = {"params": params, "headers": headers}
        if json is not None:
            content["json"] = json
        elif isinstance(data, bytes):
            content["content"] = data
        elif data is not None:
            content["data"] = data
        return self._call(method, path, content, cancel, expect, missing, once=once)

    def close(self) -> None:
        """Drop the connection; a call that is under way ends with an error."""
        self._watch.close()
        client, self._client = self._client, None
        if client is not None:
            client.close()

    # --- one call, with its repetitions ---------------------------------------------------------

    def _call(
        self,
        method: str,
        path: str,
        content: Mapping[str, Any],
        cancel: CancelToken | None,
        expect: Collection[int],
        missing: type[HelpdeskProblem],
        *,
        once: bool,
    ) -> Answer:
        url = self._address(path)
        content = {name: value for name, value in content.items() if value is not None}
        give_up = time.monotonic() + self._timeout * WHOLE_ANSWER
        with self._lock:
            for attempt in range(1, self._tries + 1):
                self._may_call(cancel)
                try:
                    answer = self._follow(method, url, content, None if once else cancel, expect, once)
                    if answer.status in expect:
                        self._breaker.succeeded()
                        return answer
                    now = self._clock.now() if self._clock else datetime.now(UTC)
                    trouble = refusal(answer, self.host, now, missing)
                except Trouble as lost:
                    trouble = lost
                if trouble.server_fault:
                    self._breaker.failed()
                elif not isinstance(trouble.error, Cancelled):
                    self._breaker.succeeded()  # it answers, if not what was hoped for
                pause = backoff(attempt - 1) if trouble.pause is None else trouble.pause
                last = attempt == self._tries or not trouble.again or pause > LONGEST_ORDERED_PAUSE
                if last or time.monotonic() > give_up or self._breaker.remaining():
                    raise trouble.error
                self._rest(pause, cancel)
        raise AssertionError("the last try returns or raises")

    def _may_call(self, cancel: CancelToken | None) -> None:
        if cancel is not None and cancel.is_set():
            raise Cancelled(f"The request to {self.host} was stopped.")
        if pause := self._breaker.remaining():
            raise ServerUnreachable(f"{self.host} failed several times and is left alone for {pause:.0f} s.")

    def _rest(self, seconds: float, cancel: CancelToken | None) -> None:
        if self._sleep is not None:
            self._sleep(seconds)
        elif cancel is not None:
            cancel.wait(seconds)
        else:
            time.sleep(seconds)

    def _follow(
        self,
        method: str,
        url: httpx.URL,
        content: Mapping[str, Any],
        cancel: CancelToken | None,
        expect: Collection[int],
        once: bool,
    ) -> Answer:
        for _ in range(REDIRECTS + 1):
            answer = self._exchange(method, url, content, cancel, once)
            if answer.status in expect or answer.status not in _REDIRECT:
                return answer
            target = self._redirected(url, answer)
            if method != "GET" and answer.status in (301, 302, 303) and target.path != url.path:
                # A form that was taken often answers so, and so does one that needs a login first.
                sentence = f"{self.host} led on to another page instead of answering."
                raise Trouble(DeliveryUncertain(sentence) if once else UnexpectedAnswer(sentence))
            content = {name: value for name, value in content.items() if name != "params"}
            url = target
        raise Trouble(UnexpectedAnswer(f"{self.host} leads from one address to the next without an end."))

    def _redirected(self, url: httpx.URL, answer: Answer) -> httpx.URL:
        try:
            target = url.join(answer.headers.get("location", ""))
        except httpx.InvalidURL:
            raise Trouble(UnexpectedAnswer(f"{self.host} leads to an address that is none.")) from None
        if not _same_server(url, target):
            raise Trouble(
                UnexpectedAnswer(
                    f"{self.host} leads to another server ({target.host}); that is not followed.",
                    "If the helpdesk has moved, enter its new address under Connections.",
                )
            )
        return target

    # --- one exchange ---------------------------------------------------------------------------

    def _exchange(
        self,
        method: str,
        url: httpx.URL,
        content: Mapping[str, Any],
        cancel: CancelToken | None,
        once: bool,
    ) -> Answer:
        client = self._opened()
        limit = self._timeout * WHOLE_ANSWER
        self._watch.begin(time.monotonic() + limit, cancel)
        try:
            request = client.build_request(method, url, extensions={"trace": self._traced}, **content)
            response = client.send(request, stream=True)
            try:
                answer = Answer(response.status_code, response.headers, self._read(response), str(url), once)
            finally:
                response.close()
            if verdict := self._watch.end():  # a body of no known length just ends when its socket is shut
                raise no_answer(httpx.ReadError(""), verdict, self.host, self._timeout, limit, once)
            return answer
        except Trouble as trouble:
            raise (uncertain(trouble.error.sentence) if once else trouble) from None
        except Exception as error:
            verdict = self._watch.end()
            if not verdict and not isinstance(error, httpx.HTTPError | httpx.StreamError):
                raise
            # Without the cause: it may quote a header, and headers hold the token.
            raise no_answer(error, verdict, self.host, self._timeout, limit, once) from None
        finally:
            self._watch.end()

    def _read(self, response: httpx.Response) -> bytes:
        announced = response.headers.get("content-length", "")
        parts, size = [], int(announced) if announced.isdigit() else 0
        if size <= self._max_body:
            size = 0
            for part in response.iter_bytes():
                parts.append(part)
                size += len(part)
                if size > self._max_body:
                    break
        if size > self._max_body:
            megabytes = self._max_body // 1_000_000
            raise Trouble(UnexpectedAnswer(f"{self.host} sent an answer of more than {megabytes} MB."))
        return b"".join(parts)

    def _traced(self, event: str, info: dict[str, Any]) -> None:
        if event.endswith((".connect_tcp.complete", ".start_tls.complete")):
            self._watch.connected(info.get("return_value"))

    def _opened(self) -> httpx.Client:
        if self._client is None:
            self._client = httpx.Client(
                headers=self._headers,
                auth=self._auth,
                verify=_certificates(self._verify) if self._base.scheme == "https" else True,
                timeout=httpx.Timeout(self._timeout, connect=min(10.0, self._timeout)),
                # One connection: its socket is the one that `watch` closes.
                limits=httpx.Limits(max_connections=1, keepalive_expiry=KEEP_ALIVE),
                follow_redirects=False,
            )
        return self._client

    def _address(self, path: str) -> httpx.URL:
        try:
            if path.startswith(("http://", "https://")):
                url = httpx.URL(path)
                if not _same_server(self._base, url):
                    raise UnexpectedAnswer(
                        f"{self.host} points to another server ({url.host}), which is not asked."
                    )
                return url
            base = str(self._base).rstrip("/")
            return httpx.URL(f"{base}/{path.lstrip('/')}" if path else base)
        except httpx.InvalidURL:
            raise UnexpectedAnswer(f"{self.host} points to an address that is none.") from None


def _base(text: str) -> httpx.URL:
    try:
        url = httpx.URL(text.strip())
    except httpx.InvalidURL:
        url = httpx.URL("")
    if url.scheme not in ("http", "https") or not url.host:
        raise BadInput(f"{text.strip()[:EXCERPT] or 'An empty text'} is not the address of a web site.")
    if url.userinfo:
        raise BadInput("The address holds a user name.", "Put it into its own field.")
    return url


def _same_server(known: httpx.URL, other: httpx.URL) -> bool:
    """The same scheme, host and port; or its upgrade from http to https."""
    if (known.scheme, known.host, known.port) == (other.scheme, other.host, other.port):
        return not other.userinfo
    return (known.scheme, other.scheme) == ("http", "https") and known.host == other.host and not known.port


def _certificates(verify: bool | str) -> ssl.SSLContext | bool:
    """The system's certificates (companies add their own there), certifi's, and those of a file."""
    if verify is False:
        return False
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    if isinstance(verify, str) and verify:
        try:
            context.load_verify_locations(verify)
        except (OSError, ssl.SSLError):
            raise BadInput(f"The certificates in {verify} cannot be read.") from None
    return context
