"""A helpdesk's answer, and what it means when there is none or a bad one: HTTP to the product's errors."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import httpx

from agent_assist.adapters.helpdesks.pace import backoff, retry_after
from agent_assist.adapters.helpdesks.watch import Verdict
from agent_assist.errors import (
    AgentAssistError,
    BadInput,
    Cancelled,
    DeliveryUncertain,
    HelpdeskProblem,
    LoginRefused,
    PermissionMissing,
    ServerBusy,
    ServerFailed,
    ServerUnreachable,
    StaleThread,
    UnexpectedAnswer,
)

EXCERPT = 200
_UNKNOWN_NAME = ("name or service", "nodename", "getaddrinfo", "resolution")
_BEFORE_LEAVING = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a helpdesk answered, read to its end."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    """Names in any case."""
    body: bytes = field(repr=False)
    url: str
    sent: bool = False
    """True for the answer to something that must not be sent twice."""

    @property
    def media_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def is_page(self) -> bool:
        """Whether it is HTML: a login or proxy page where data was asked for."""
        start = self.body[:300].lstrip().lower()
        return "html" in self.media_type or start.startswith((b"<!doctype", b"<html"))

    @property
    def text(self) -> str:
        """In the charset that the answer names, else UTF-8; what does not fit becomes U+FFFD."""
        charset = self.headers.get("content-type", "").lower().partition("charset=")[2].split(";")[0]
        try:
            return self.body.decode(charset.strip(" \"'") or "utf-8", "replace")
        except LookupError:
            return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """The parsed body, None for an empty one.

        Raises UnexpectedAnswer for HTML (a login or proxy page) or broken JSON; DeliveryUncertain
        instead where it answers something that must not be sent twice.
        """
        if not self.body.strip():
            return None
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            kind = "a web page" if self.is_page else "something that is not JSON"
            host = urlsplit(self.url).netloc.rpartition("@")[2]
            sentence = f"{host} answered with {kind} instead of data."
            raise (DeliveryUncertain if self.sent else UnexpectedAnswer)(sentence) from None

    @property
    def excerpt(self) -> str:
        """The status with the server's own words, cut; the bare status where it shows a page."""
        if self.is_page:
            return f"status {self.status}"
        words = " ".join(self.text[: EXCERPT * 10].split())
        try:
            data = json.loads(self.body)
            found = [data.get(name) for name in ("message", "description", "error", "detail")]
            words = next((w for w in found if isinstance(w, str) and w), words)
        except (ValueError, AttributeError, RecursionError):
            pass
        return f"status {self.status}: {words[:EXCERPT]}" if words else f"status {self.status}"


class Trouble(Exception):
    """Why one try failed, and whether there may be another."""

    def __init__(
        self,
        error: AgentAssistError,
        *,
        again: bool = False,
        pause: float | None = None,
        server_fault: bool = False,
    ) -> None:
        super().__init__(error.sentence)
        self.error = error
        self.again = again
        self.pause = pause
        """Seconds that the server ordered; None for a pause of our own."""
        self.server_fault = server_fault


def uncertain(sentence: str) -> Trouble:
    """Something that must not be sent twice may have arrived."""
    return Trouble(DeliveryUncertain(sentence), server_fault=True)


def no_answer(
    error: Exception, verdict: Verdict, host: str, timeout: float, limit: float, once: bool
) -> Trouble:
    """What it means that an exchange failed with `error`.

    `timeout` is the silence and `limit` the whole time that it may take, in seconds.
    """
    left = not isinstance(error, _BEFORE_LEAVING)
    if verdict is Verdict.CANCELLED and not once:
        return Trouble(Cancelled(f"The request to {host} was stopped."))
    if verdict is Verdict.LATE:
        sentence = f"{host} did not finish its answer within {limit:.0f} s."
    elif isinstance(error, httpx.TimeoutException):
        sentence = f"{host} did not answer within {timeout:.0f} s."
    elif isinstance(error, httpx.DecodingError):
        sentence = f"{host} sent an answer that cannot be unpacked."
    elif left:
        sentence = f"The connection to {host} was lost."
    else:
        return _not_reached(error, host)
    if once and left:
        return uncertain(sentence)
    if isinstance(error, httpx.DecodingError):
        return Trouble(UnexpectedAnswer(sentence))
    return Trouble(ServerUnreachable(sentence), again=True, server_fault=True)


def _not_reached(error: Exception, host: str) -> Trouble:
    reason = str(error).lower()
    if isinstance(error, httpx.LocalProtocolError):
        return Trouble(BadInput("The token or another field holds characters that cannot be sent."))
    if "certificate" in reason:
        return Trouble(
            ServerUnreachable(
                f"The certificate of {host} is not trusted.",
                "Check the address; where your company has its own certificate authority, "
                "name its file in SSL_CERT_FILE or in the connection.",
            )
        )
    if isinstance(error, httpx.ProxyError):
        sentence = f"The proxy did not let the request to {host} through."
    elif any(words in reason for words in _UNKNOWN_NAME):
        sentence = f"{host} is not known."
    else:
        sentence = f"{host} did not take the connection."
    return Trouble(ServerUnreachable(sentence), again=True, server_fault=True)


def refusal(answer: Answer, host: str, now: datetime, missing: type[HelpdeskProblem]) -> Trouble:
    """What an answer that was not expected means."""
    status = answer.status
    ordered = retry_after(answer.headers.get("retry-after"), now)
    if status == 429 or (status == 503 and ordered is not None):
        busy = ServerBusy(f"{host} asks for a pause{f' of {ordered:.0f} s' if ordered else ''}.")
        busy.wait_seconds = ordered or 0.0
        # A little more than was asked for: clients told the same second must not all come back in it.
        return Trouble(busy, again=True, pause=None if ordered is None else ordered + backoff(0))
    if status >= 500 or status == 408:
        sentence = f"{host} failed with status {status}."
        if answer.sent:
            return uncertain(sentence)
        return Trouble(ServerFailed(sentence), again=status != 501, server_fault=True)
    if status == 401:
        return Trouble(LoginRefused(f"{host} refused the login."))
    if status == 403:
        return Trouble(PermissionMissing(f"{host} does not allow this ({answer.excerpt})."))
    if status in (404, 410):
        return Trouble(missing(f"{host} has no {urlsplit(answer.url).path}."))
    if status == 407:
        return Trouble(ServerUnreachable("The proxy wants a login.", "Put it into HTTPS_PROXY."))
    if status in (409, 412):
        return Trouble(StaleThread("The ticket has changed in the helpdesk meanwhile."))
    if answer.sent and status < 300:
        return uncertain(f"{host} gave an answer that was not expected ({answer.excerpt}).")
    return Trouble(
        UnexpectedAnswer(
            f"{host} did not take the request ({answer.excerpt}).",
            "Check the connection's settings; the helpdesk's own words say what it misses.",
        )
    )
