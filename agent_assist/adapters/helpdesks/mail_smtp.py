"""A reply as a mail: composed so that nothing of it can become a header, and handed over exactly once.

A mail is the server's from the moment in which it has the line with the single dot.  Whatever breaks
before means that nothing was sent; what breaks after, and before the server's answer, is uncertain.
"""

from __future__ import annotations

import contextlib
import email
import hashlib
import logging
import re
import smtplib
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.charset import QP, Charset
from email.header import Header
from email.mime.text import MIMEText
from email.utils import format_datetime

from agent_assist.adapters.helpdesks.mail_errors import login_refused, unreachable
from agent_assist.adapters.helpdesks.mail_message import TOKEN_HEADER, Address
from agent_assist.adapters.helpdesks.mail_options import MailOptions
from agent_assist.adapters.helpdesks.mail_proxy import ProxiedSMTP, ProxiedSMTPS
from agent_assist.adapters.helpdesks.watch import Watch, Wire
from agent_assist.errors import (
    BadInput,
    DeliveryUncertain,
    HelpdeskProblem,
    PermissionMissing,
    ServerBusy,
    ServerFailed,
    ServerUnreachable,
)

log = logging.getLogger(__name__)
TIMEOUT = 60.0
LONGEST = 300.0
"""Seconds that handing one mail over may take, however steadily the server answers."""
_MOST_REFERENCES = 20
_LONGEST_LINE = 900
_CONTROLS = re.compile(r"[\x00-\x1f\x7f\u0085\u2028\u2029]+")
_PLAIN_TOKEN = re.compile(r"[A-Za-z0-9-]{8,64}")
_ID = re.compile(r"<[!-;=?-~]{1,250}>")
_ME = "[127.0.0.1]"
"""What is said in EHLO: no server needs this machine's name, and looking it up can take seconds."""
_TRANSIENT = range(400, 500)
_LOST = smtplib.SMTPServerDisconnected


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A composed reply; `to` is who must get it, `others` who should."""

    id: str
    content: bytes
    to: str
    others: tuple[str, ...]


def message_id(token: str, domain: str) -> str:
    """The Message-ID of the reply with this token: always the same, so that it can be looked for."""
    if not _PLAIN_TOKEN.fullmatch(token):
        token = hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()[:32]
    return f"<agent-assist.{token}@{_ascii_domain(domain)}>"


def compose(
    options: MailOptions,
    *,
    to: Address,
    cc: Sequence[Address],
    subject: str,
    text: str,
    references: Sequence[str],
    token: str,
    at: datetime,
) -> Outgoing:
    """A reply to the last of `references`.  Raises BadInput where an address cannot be written to."""
    utf8 = Charset("utf-8")
    utf8.body_encoding = QP
    text = text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")
    mail = MIMEText(text.replace("\r\n", "\n").replace("\r", "\n"), "plain", utf8)  # type: ignore[arg-type]
    identity = message_id(token, options.domain)
    recipients = [_reachable(to.email), *(_reachable(a.email) for a in cc)]
    kept = [r for r in references if _ID.fullmatch(r)]
    if len(kept) > _MOST_REFERENCES:
        kept = [kept[0], *kept[-_MOST_REFERENCES + 1 :]]
    headers = {
        "From": _written(Address(options.name, _reachable(options.address))),
        "To": _written(Address(to.name, recipients[0])),
        "Cc": ", ".join(_written(Address(a.name, e)) for a, e in zip(cc, recipients[1:])),
        "Subject": Header(_one_line(subject), "utf-8" if not subject.isascii() else None).encode(),
        "Date": format_datetime(at),
        "Message-ID": identity,
        "In-Reply-To": kept[-1] if kept else "",
        "References": "\r\n ".join(kept),
        TOKEN_HEADER: identity[1:-1].partition("@")[0],
    }
    headers = {name: value for name, value in headers.items() if value}
    body = mail.as_bytes(policy=policy.compat32.clone(linesep="\r\n"))
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    content = _crlf(head.encode("ascii")) + body
    _proven(content, [*headers, "MIME-Version", "Content-Type", "Content-Transfer-Encoding"])
    return Outgoing(identity, content, recipients[0], tuple(dict.fromkeys(recipients[1:])))


def _crlf(data: bytes) -> bytes:
    return re.sub(rb"\r?\n", b"\r\n", data)


def _proven(content: bytes, names: Sequence[str]) -> None:
    """Raises BadInput where the mail has other headers than those that were meant."""
    found = [name.lower() for name in email.message_from_bytes(content).keys()]  # noqa: SIM118 - a dict would lose doubles
    longest = max(len(line) for line in content.split(b"\r\n"))
    if sorted(found) != sorted(name.lower() for name in names) or longest > _LONGEST_LINE:
        raise BadInput("This reply cannot be made a mail: its subject or an address is malformed.")


def _one_line(text: str) -> str:
    return " ".join(_CONTROLS.sub(" ", text).split())[:400]


def _written(address: Address) -> str:
    name = _one_line(address.name)[:120]
    if not name:
        return address.email
    if name.isascii():
        quoted = name.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{quoted}" <{address.email}>'
    return f"{Header(name, 'utf-8').encode()} <{address.email}>"


def _ascii_domain(domain: str) -> str:
    if domain.isascii():
        return domain
    try:
        return domain.encode("idna").decode("ascii")
    except UnicodeError:
        raise BadInput(f"“{domain[:80]}” is not a domain that a mail can go to.") from None


def reachable(address: str) -> bool:
    """Whether a mail can be sent to this address."""
    try:
        return bool(_reachable(address))
    except BadInput:
        return False


def _reachable(address: str) -> str:
    local, _, domain = address.rpartition("@")
    if (
        not domain
        or not re.fullmatch(r"[!-?A-~]{1,64}", local)
        or re.search(r'[\s<>()\[\],;:\\"]', local + domain)
    ):
        raise BadInput(f"No mail can be sent to “{_one_line(address)[:80]}”.")
    return f"{local}@{_ascii_domain(domain)}"


# --- handing over -------------------------------------------------------------------------------


class Submission:
    """The server that takes replies; a connection for each."""

    def __init__(self, options: MailOptions) -> None:
        self._options = options
        self._watch = Watch()

    def check(self) -> None:
        """Sign in and out again."""
        with contextlib.closing(self._open()) as server, contextlib.suppress(smtplib.SMTPException, OSError):
            server.quit()

    def send(self, mail: Outgoing, *, copy_to: str = "") -> list[str]:
        """Hand the mail over; returns whom of `others` the server refused.

        DeliveryUncertain: the server had it all and did not answer.  Any other error: it was not sent.
        `copy_to` gets it too, without being named in it.
        """
        host = self._options.smtp.host
        self._watch.begin(time.monotonic() + LONGEST, None)
        try:
            return self._send(mail, copy_to, host)
        finally:
            self._watch.end()

    def _send(self, mail: Outgoing, copy_to: str, host: str) -> list[str]:
        server = self._open()
        try:
            refused = self._envelope(server, mail, copy_to)
            self._hand_over(server, mail.content)
        except smtplib.SMTPServerDisconnected as error:
            raise ServerUnreachable(f"{host} ended the connection before the reply was sent.") from error
        except OSError as error:
            raise unreachable(error, self._options.smtp) from error
        finally:
            with contextlib.suppress(smtplib.SMTPException, OSError):
                server.close()
        return refused

    def _envelope(self, server: smtplib.SMTP, mail: Outgoing, copy_to: str) -> list[str]:
        self._expect(server.mail(_reachable(self._options.address)), "the sender")
        self._expect(server.rcpt(mail.to), mail.to)
        refused = []
        for address in mail.others:
            code, words = server.rcpt(address)
            if code not in (250, 251):
                log.info("a recipient in Cc was refused: %d %s", code, _said(words))
                refused.append(address)
        if copy_to and copy_to not in (mail.to, *mail.others):
            server.rcpt(copy_to)
        return refused

    def _hand_over(self, server: smtplib.SMTP, content: bytes) -> None:
        self._expect(server.docmd("data"), "the mail", wanted=(354,))
        stuffed = re.sub(rb"(?m)^\.", b"..", content if content.endswith(b"\r\n") else content + b"\r\n")
        server.send(stuffed)
        try:
            server.send(b".\r\n")
            answer = server.getreply()
        except (OSError, smtplib.SMTPException) as error:
            host = self._options.smtp.host
            raise DeliveryUncertain(f"{host} did not say whether it took the reply.") from error
        self._expect(answer, "the mail")
        with contextlib.suppress(smtplib.SMTPException, OSError):
            server.quit()

    def _expect(self, answer: tuple[int, bytes], what: str, wanted: Sequence[int] = (250, 251)) -> None:
        """Raises what the server's refusal means."""
        code, words = answer
        if code in wanted:
            return
        sentence = f"{self._options.smtp.host} refused {what}: {code} {_said(words)}."
        if code == 421:
            raise ServerBusy(sentence)
        if code in _TRANSIENT:
            raise ServerFailed(sentence)
        if code in (530, 535, 550, 551, 553) and re.search(r"auth|relay|sender", _said(words), re.IGNORECASE):
            raise PermissionMissing(
                sentence, "This login may not send from this address: ask the mail server's administrator."
            )
        raise HelpdeskProblem(
            sentence, "Nothing was sent. Change the reply or its recipient, then send again."
        )

    def _open(self) -> smtplib.SMTP:
        options, place = self._options, self._options.smtp
        server: smtplib.SMTP | None = None
        try:
            if place.security == "tls":
                server = ProxiedSMTPS(
                    place.host, place.port, _ME, timeout=TIMEOUT, context=options.certificates()
                )
            else:
                server = ProxiedSMTP(place.host, place.port, _ME, timeout=TIMEOUT)
            self._watched(server)
            server.ehlo_or_helo_if_needed()
            if place.security == "starttls":
                self._start_tls(server)
                self._watched(server)
            self._login(server)
        except smtplib.SMTPAuthenticationError as error:
            _drop(server)
            raise login_refused(place.host, options, _said(error.smtp_error)) from error
        except smtplib.SMTPResponseException as error:
            _drop(server)
            kind = ServerBusy if error.smtp_code in _TRANSIENT else ServerFailed
            raise kind(f"{place.host}: {error.smtp_code} {_said(error.smtp_error)}.") from error
        except OSError as error:  # all of smtplib's errors are among them
            _drop(server)
            if isinstance(error, smtplib.SMTPException) and not isinstance(error, _LOST):
                raise ServerFailed(f"{place.host}: {_said(str(error))}.") from error
            raise unreachable(error, place) from error
        except HelpdeskProblem:
            _drop(server)
            raise
        return server

    def _watched(self, server: smtplib.SMTP) -> None:
        if server.sock is not None:
            self._watch.connected(Wire(server.sock))

    def _start_tls(self, server: smtplib.SMTP) -> None:
        if not server.has_extn("starttls"):
            raise ServerUnreachable(
                f"{self._options.smtp.host} offers no STARTTLS: the password was not sent.",
                "Choose tls with port 465, or ask the mail server's administrator.",
            )
        server.starttls(context=self._options.certificates())
        server.ehlo()

    def _login(self, server: smtplib.SMTP) -> None:
        options = self._options
        if not server.has_extn("auth"):
            return  # a server that knows its own network
        if token := options.access_token():
            try:
                _with_token(server, options.username, token)
            except smtplib.SMTPAuthenticationError:
                if options.source is None:
                    raise
                options.source.refused(token)
                _with_token(server, options.username, options.access_token())
        elif not (options.username + options.password).isascii():
            raise login_refused(options.smtp.host, options, "SMTP knows only ASCII characters in a password")
        else:
            server.login(options.username, options.password)


def _with_token(server: smtplib.SMTP, username: str, token: str) -> None:
    told = f"user={username}\1auth=Bearer {token}\1\1"
    server.auth("XOAUTH2", lambda challenge=None: told if not challenge else "")


def _drop(server: smtplib.SMTP | None) -> None:
    if server is not None:
        with contextlib.suppress(smtplib.SMTPException, OSError, ssl.SSLError):
            server.close()


def _said(words: bytes | str) -> str:
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    return _one_line(text)[:200].rstrip(".")
