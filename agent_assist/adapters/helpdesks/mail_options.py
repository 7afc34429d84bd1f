"""What a shared mailbox's settings form asks, and what is made of the answers."""

from __future__ import annotations

import ipaddress
import re
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import certifi

from agent_assist.adapters.helpdesks.mail_providers import OTHER, PROVIDERS, SIGN_IN
from agent_assist.adapters.helpdesks.oauth import TokenSource
from agent_assist.domain.helpdesk import ConnectionField, FieldKind
from agent_assist.domain.oauth import CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN
from agent_assist.errors import BadInput, InvalidSetting

_LOCAL_ONLY = "“none” sends the password unprotected: only for a server on this machine."
FIELDS: Sequence[ConnectionField] = (
    ConnectionField(
        "provider",
        "Provider",
        "Google Workspace and Microsoft 365: their servers are filled in, and you sign in in the browser.",
        FieldKind.CHOICE,
        default=OTHER,
        choices=(OTHER, *PROVIDERS),
    ),
    ConnectionField("address", "Mail address", "support@example.com: customers write to it.", required=True),
    ConnectionField("name", "Name of the sender", "Stands before the address in replies: Acme Support."),
    ConnectionField("username", "User name", "Empty where it is the mail address."),
    ConnectionField(
        "password",
        "Password",
        "Where sign-in takes a second step, an app password: most providers refuse the usual one.",
        FieldKind.SECRET,
    ),
    ConnectionField(
        "token",
        "Access token",
        "Instead of a password: OAuth 2 (XOAUTH2), for Microsoft 365 and Google Workspace.",
        FieldKind.SECRET,
    ),
    ConnectionField(
        CLIENT_ID,
        "Client id",
        "To sign in in the browser: your company's registration of this program.",
    ),
    ConnectionField(CLIENT_SECRET, "Client secret", "Beside it; Google gives one.", FieldKind.SECRET),
    ConnectionField("imap_host", "IMAP server", "imap.example.com; empty: the provider's."),
    ConnectionField("imap_port", "IMAP port", "993; 143 with STARTTLS.", FieldKind.NUMBER, default="993"),
    ConnectionField(
        "imap_security",
        "IMAP encryption",
        _LOCAL_ONLY,
        FieldKind.CHOICE,
        default="tls",
        choices=("tls", "starttls", "none"),
    ),
    ConnectionField("smtp_host", "SMTP server", "smtp.example.com; empty: the provider's."),
    ConnectionField("smtp_port", "SMTP port", "587; 465 with TLS.", FieldKind.NUMBER, default="587"),
    ConnectionField(
        "smtp_security",
        "SMTP encryption",
        _LOCAL_ONLY,
        FieldKind.CHOICE,
        default="starttls",
        choices=("tls", "starttls", "none"),
    ),
    ConnectionField("queues", "Folders", "Whose mails are tickets.", FieldKind.LIST, default="INBOX"),
    ConnectionField("sent_folder", "Folder for sent mails", "Empty: the one that the server names."),
    ConnectionField(
        "ours",
        "Our addresses",
        "Further addresses or whole domains of people who answer here: what they write is a reply.",
        FieldKind.LIST,
    ),
    ConnectionField("days", "Days", "How far back the first look goes.", FieldKind.NUMBER, default="30"),
    ConnectionField("reply_all", "Reply to all", "Whoever was in Cc too.", FieldKind.SWITCH, default="true"),
    ConnectionField(
        "sent_copy",
        "Copy of sent mails",
        "“server” where the provider files them itself, as Gmail and Microsoft 365 do; else “own”: a copy "
        "goes into the folder for sent mails, and one to the mailbox itself as a proof that the reply left.",
        FieldKind.CHOICE,
        default="auto",
        choices=("auto", "own", "server"),
    ),
    ConnectionField(
        "ca_file", "Certificates", "A file with your company's own certificate authority.", FieldKind.PATH
    ),
)
_ADDRESS = re.compile(r"[^\s@<>\"(),:;\\]{1,64}@[^\s@<>\"(),:;\\]{1,190}")
_FILING_HOSTS = ("gmail.com", "googlemail.com", "office365.com", "outlook.com", "hotmail.com")


@dataclass(frozen=True, slots=True)
class Server:
    """An IMAP or SMTP server."""

    host: str
    port: int
    security: str
    """`tls` from the first byte, `starttls`, or `none`, which only this machine may have."""


@dataclass(frozen=True, slots=True)
class MailOptions:
    """A shared mailbox, ready to be opened."""

    address: str
    name: str
    username: str
    imap: Server
    smtp: Server
    folders: tuple[str, ...]
    """Those that customers' mails come into."""
    sent_folder: str
    ours: tuple[str, ...]
    """Addresses of the company: what they send is an answer."""
    days: int
    """How far the first look goes back."""
    reply_all: bool
    sent_copy: str
    ca_file: str
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    """For XOAUTH2, typed in by hand."""
    source: TokenSource | None = field(default=None, repr=False, compare=False)
    """Where the tokens of a browser's sign-in come from."""

    def access_token(self) -> str:
        """For XOAUTH2, good for now; empty where there is a password.  Raises HelpdeskProblem."""
        return self.source.token() if self.source else self.token

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]

    @property
    def server_files_copies(self) -> bool:
        if self.sent_copy == "auto":
            host = self.smtp.host.lower()
            return any(host == known or host.endswith(f".{known}") for known in _FILING_HOSTS)
        return self.sent_copy == "server"

    def certificates(self) -> ssl.SSLContext:
        """The system's certificates, certifi's and those of the file; names are checked."""
        context = ssl.create_default_context()
        context.load_verify_locations(certifi.where())
        if self.ca_file:
            try:
                context.load_verify_locations(self.ca_file)
            except (OSError, ssl.SSLError):
                raise BadInput(f"The certificates in {self.ca_file} cannot be read.") from None
        return context

    @staticmethod
    def read(values: Mapping[str, str], secrets: Mapping[str, str]) -> MailOptions:
        """Raises InvalidSetting for values that cannot be used."""
        defaults = {f.name: f.default for f in FIELDS}
        given = {**defaults, **{k: v.strip() for k, v in values.items() if v.strip()}}
        for name, value in given.items():
            if any(ord(c) < 32 or ord(c) == 127 for c in value):
                raise InvalidSetting(f"The setting “{name}” holds a character that cannot be in it.")
        address = given["address"].lower()
        if provider := PROVIDERS.get(given["provider"]):
            given["imap_host"] = given["imap_host"] or provider.imap
            given["smtp_host"] = given["smtp_host"] or provider.smtp
        if not _ADDRESS.fullmatch(address):
            raise InvalidSetting(f"“{given['address'][:80]}” is not a mail address.")
        return MailOptions(
            address=address,
            name=given["name"],
            username=given["username"] or given["address"],
            password=secrets.get("password", ""),
            token=secrets.get("token", "").strip(),
            source=_source(given, secrets),
            imap=_server(given, "imap"),
            smtp=_server(given, "smtp"),
            folders=_listed(given["queues"]) or ("INBOX",),
            sent_folder=given["sent_folder"],
            ours=(address, *(entry.lower() for entry in _listed(given["ours"]))),
            days=_number(given["days"], "Days", 1, 3650),
            reply_all=given["reply_all"].casefold() not in ("false", "no", "off", "0"),
            sent_copy=given["sent_copy"],
            ca_file=given["ca_file"],
        )


def _source(given: Mapping[str, str], secrets: Mapping[str, str]) -> TokenSource | None:
    server = SIGN_IN.server(given)
    if server is None or not secrets.get(REFRESH_TOKEN):
        return None
    return TokenSource(server, given, secrets, given["address"])


def _listed(value: str) -> tuple[str, ...]:
    return tuple(filter(None, (part.strip() for part in value.split(","))))


def _number(value: str, title: str, least: int, most: int) -> int:
    number = int(value) if value.isascii() and value.isdigit() and len(value) < 8 else -1
    if not least <= number <= most:
        raise InvalidSetting(f"{title} must be a number from {least} to {most}.")
    return number


def _server(given: Mapping[str, str], kind: str) -> Server:
    host = given[f"{kind}_host"].removeprefix(f"{kind}://").rstrip("/")
    title = kind.upper()
    if not host or not re.fullmatch(r"[\w.:-]+", host):
        raise InvalidSetting(
            f"The {title} server's name is missing or holds a character that cannot be in it."
        )
    security = given[f"{kind}_security"]
    if security not in ("tls", "starttls", "none"):
        raise InvalidSetting(f"{title} encryption must be tls, starttls or none.")
    if security == "none" and not is_this_machine(host):
        raise InvalidSetting(
            f"{title} without encryption is only for a server on this machine: "
            f"the password would go to {host} unprotected.",
            "Choose tls or starttls.",
        )
    return Server(host, _number(given[f"{kind}_port"], f"{title} port", 1, 65535), security)


def is_this_machine(host: str) -> bool:
    """Whether what is sent there stays on this machine; a name is not looked up."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
