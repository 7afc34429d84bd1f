"""What goes wrong with mail servers, as the product's errors."""

from __future__ import annotations

import re
import socket
import ssl

from imapclient.exceptions import IMAPClientError, LoginError

from agent_assist.adapters.helpdesks.mail_message import header_text
from agent_assist.adapters.helpdesks.mail_options import MailOptions, Server
from agent_assist.errors import (
    HelpdeskProblem,
    LoginRefused,
    PermissionMissing,
    ServerBusy,
    ServerFailed,
    ServerUnreachable,
)

APP_PASSWORD = (
    "Check user name and password under Connections. Where sign-in takes a second step, the provider "
    "wants an app password instead; Microsoft 365 and Google Workspace may want an access token."
)


def _words(error: BaseException) -> str:
    """The server's own words, on one line and cut."""
    text = str(error)
    match = re.fullmatch(r"""(?:\w+ failed: )?b?(['"])(.*)\1""", text, re.DOTALL)
    return header_text(match[2] if match else text)[:200]


def unreachable(error: BaseException, server: Server) -> HelpdeskProblem:
    """What it means that a server could not be talked to."""
    place = f"{server.host}, port {server.port},"
    if isinstance(error, ssl.SSLCertVerificationError):
        return ServerUnreachable(
            f"The certificate of {server.host} was not accepted: {error.verify_message}.",
            "Check the server's name. A company's own authority goes into “Certificates”.",
        )
    if isinstance(error, ssl.SSLError):
        return ServerUnreachable(
            f"{place} did not agree on encryption.",
            "Check port and encryption: TLS is 993 (IMAP) or 465 (SMTP), STARTTLS 143 or 587.",
        )
    if isinstance(error, socket.gaierror):
        return ServerUnreachable(f"There is no server named {server.host}.")
    if isinstance(error, ConnectionRefusedError):
        return ServerUnreachable(f"{place} refused the connection.")
    if isinstance(error, TimeoutError):
        return ServerUnreachable(f"{place} did not answer in time.")
    return ServerUnreachable(f"The connection to {server.host} was lost ({_words(error)}).")


def imap_login_refused(error: LoginError, options: MailOptions) -> HelpdeskProblem:
    """What a failed login means: a refusal, or a server that takes nobody in now (RFC 5530)."""
    words = _words(error)
    host = options.imap.host
    if re.search(r"\[(?:UNAVAILABLE|INUSE|LIMIT)\]|too many", words, re.IGNORECASE):
        return ServerBusy(f"{host} cannot sign anybody in now: {words}.")
    if re.search(r"\bEOF\b|socket error|timed out", words):
        return ServerUnreachable(f"{host} ended the connection during the login.")
    return login_refused(host, options, words)


def login_refused(host: str, options: MailOptions, words: str) -> LoginRefused:
    """A refused login, with the remedy for the way in which this mailbox signs in."""
    sentence = f"{host} refused the login of {options.username}: {words.rstrip('.')}."
    if options.source:
        return LoginRefused(sentence, "Sign in again under Connections.")
    if options.token:
        return LoginRefused(sentence, "The access token may have expired: enter a new one.")
    if not options.password:
        return LoginRefused(f"There is no password for {options.username}.", "Enter it under Connections.")
    return LoginRefused(sentence, APP_PASSWORD)


def imap_refused(error: IMAPClientError, host: str) -> HelpdeskProblem:
    """What a NO or BAD means, by its response code (RFC 5530) or else by its words."""
    words = _words(error)
    if re.search(r"\[(?:NOPERM|ACL|READ-ONLY)\]|permission|not permitted", words, re.IGNORECASE):
        return PermissionMissing(f"{host}: {words}.")
    if re.search(r"\[(?:UNAVAILABLE|INUSE|LIMIT|THROTTLED)\]", words, re.IGNORECASE):
        return ServerBusy(f"{host}: {words}.")
    if re.search(
        r"\[(?:NONEXISTENT|TRYCREATE)\]|doesn't exist|unknown mailbox|no such", words, re.IGNORECASE
    ):
        return HelpdeskProblem(f"{host}: {words}.", "Check the names of the folders under Connections.")
    return ServerFailed(f"{host}: {words}.")
