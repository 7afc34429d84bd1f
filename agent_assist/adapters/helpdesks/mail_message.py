"""A mail as it lies in a mailbox: headers and bodies in every encoding that is about, never trusted.

The standard library's older interface (`compat32`) is used on purpose: the newer one raises on headers
that are merely wrong, and mail is often wrong.
"""

from __future__ import annotations

import email
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.header import decode_header
from email.message import Message as Mail
from email.utils import getaddresses, parsedate_to_datetime

import charset_normalizer

from agent_assist.domain.mailtext import Reduced, reduce_mail
from agent_assist.domain.ticket import Attachment

TOKEN_HEADER = "X-Agent-Assist-Token"
HEADERS = (
    "Message-ID References In-Reply-To Subject From To Cc Reply-To Date Auto-Submitted Precedence List-Id "
    f"Return-Path Content-Type X-Autoreply X-Autorespond X-Failed-Recipients {TOKEN_HEADER}"
)
"""What threading and recognition need of each mail."""
LONGEST_BODY = 256_000
"""Bytes of a mail that are read; what lies behind is attachments, nearly always."""
CUT = "[The rest of this mail was not read: it is too long.]"
_MOST_PARTS = 200
_MOST_IDS = 100
_MOST_ADDRESSES = 200
_LONGEST_HEADER = 20_000
_ID = re.compile(r"<[^<>\s\x00-\x1f]{1,250}>")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]+")
# What mail programs call these charsets is a subset of what they mean.
_CHARSETS = {
    **dict.fromkeys(("us-ascii", "ascii", "iso-8859-1", "latin1", "latin-1", "ansi_x3.4-1968"), "cp1252"),
    **dict.fromkeys(("gb2312", "gbk", "x-gbk", "gb_2312-80"), "gb18030"),
    **dict.fromkeys(("ks_c_5601-1987", "euc-kr", "ksc5601"), "cp949"),
    **dict.fromkeys(("shift_jis", "x-sjis", "sjis"), "cp932"),
    **dict.fromkeys(("iso-8859-9", "latin5"), "cp1254"),
    **dict.fromkeys(("tis-620", "iso-8859-11"), "cp874"),
    "unicode-1-1-utf-7": "utf-7",
    "iso-8859-8-i": "iso-8859-8",
    "utf8mb4": "utf-8",
    "cp-850": "cp850",
}


@dataclass(frozen=True, slots=True)
class Address:
    """One mailbox of a header."""

    name: str
    email: str
    """In lower case."""

    @property
    def shown(self) -> str:
        return f"{self.name} <{self.email}>" if self.name else self.email


@dataclass(frozen=True, slots=True)
class Envelope:
    """What is known of a mail without its body."""

    id: str
    """The Message-ID, or one made of the other headers."""
    references: tuple[str, ...]
    """Oldest first; the last one is what it answers."""
    subject: str
    sender: Address
    reply_to: Address
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    at: datetime
    automatic: str
    """`auto-reply`, `bounce`, `mailing-list` or `automatic`; empty for a mail that a person wrote."""
    token: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """Two copies of one mail have the same; a forged Message-ID alone does not make one."""
        return self.id, self.sender.email


@dataclass(frozen=True, slots=True)
class Body:
    """A mail's text, and its attachments by name and size."""

    reduced: Reduced
    attachments: tuple[Attachment, ...]


# --- headers ------------------------------------------------------------------------------------


def read_envelope(raw: bytes, received: datetime | None) -> Envelope:
    """Of the bytes of a mail's headers, or of a whole mail; `received` is the server's own time."""
    mail = _parse(raw)
    sender = next(iter(_addresses(mail, "From")), Address("", ""))
    identity = next(iter(_ids(_header(mail, "Message-ID"))), "")
    if not identity:
        told = "\0".join(_header(mail, name) for name in ("Date", "From", "To", "Subject"))
        identity = f"<{hashlib.sha256(told.encode('utf-8', 'replace')).hexdigest()[:24]}@no-message-id>"
    references = _ids(_header(mail, "References"))
    answered = _ids(_header(mail, "In-Reply-To"))[:1]
    chain = tuple(dict.fromkeys(r for r in (*(r for r in references if r not in answered), *answered)))
    return Envelope(
        id=identity,
        references=tuple(r for r in chain if r != identity),
        subject=header_text(_header(mail, "Subject")),
        sender=sender,
        reply_to=next(iter(_addresses(mail, "Reply-To")), sender),
        to=_addresses(mail, "To"),
        cc=_addresses(mail, "Cc"),
        at=_moment(_header(mail, "Date"), received),
        automatic=_automatic(mail, sender),
        token=_header(mail, TOKEN_HEADER).strip()[:80],
    )


def _parse(raw: bytes) -> Mail:
    return email.message_from_bytes(raw.lstrip(b"\r\n"))


def _header(mail: Mail, name: str) -> str:
    """The header as it stands; bytes beyond ASCII are read as UTF-8 or as Western European."""
    for found, value in mail.raw_items():
        if found.lower() == name.lower():
            text = str(value)[:_LONGEST_HEADER]
            if any("\udc80" <= c <= "\udcff" for c in text):
                text = decode(text.encode("utf-8", "surrogateescape"), "")
            return text
    return ""


def header_text(value: str) -> str:
    """A header as people read it: encoded words decoded, on one line, no control characters."""
    value = re.sub(r"\r?\n[ \t]?", " ", value)
    if "=?" in value:
        try:
            parts = decode_header(value)
        except Exception:  # a broken encoded word: it is shown as it stands
            parts = []
        joined = "".join(p if isinstance(p, str) else decode(p, c or "cp1252") for p, c in parts)
        value = joined or value
    return " ".join(_CONTROLS.sub(" ", value).split())


def _addresses(mail: Mail, name: str) -> tuple[Address, ...]:
    value = re.sub(r"[\r\n]+", " ", _header(mail, name))
    try:
        pairs = getaddresses([value])[:_MOST_ADDRESSES]
    except Exception:  # of Python's own parser, on hostile input
        return ()
    found = (Address(header_text(n), _CONTROLS.sub("", a).strip().lower()) for n, a in pairs)
    return tuple(address for address in found if "@" in address.email and " " not in address.email)


def _ids(value: str) -> list[str]:
    found = list(dict.fromkeys(_ID.findall(value)))
    return found if len(found) <= _MOST_IDS else [found[0], *found[-_MOST_IDS + 1 :]]


def _moment(date: str, received: datetime | None) -> datetime:
    """The server's time; the sender's own, which any clock may have made, only where that is far older
    (a mailbox that was moved) or where the server has none."""
    try:
        written = parsedate_to_datetime(date.strip())
        written = (written if written.tzinfo else written.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return received or datetime.fromtimestamp(0, UTC)
    if received is None or written < received - timedelta(days=2):
        return written
    return received


def _automatic(mail: Mail, sender: Address) -> str:
    kind = mail.get_content_type()
    submitted = _header(mail, "Auto-Submitted").split(";")[0].strip().lower()
    precedence = _header(mail, "Precedence").strip().lower()
    local = sender.email.partition("@")[0]
    report = "report-type=delivery-status" in _header(mail, "Content-Type").lower().replace('"', "").replace(
        " ", ""
    )
    if (kind == "multipart/report" and report) or local == "mailer-daemon":
        return "bounce"
    if _header(mail, "Return-Path").strip() == "<>" and not submitted.startswith("auto-generated"):
        return "bounce" if _header(mail, "X-Failed-Recipients") or local == "postmaster" else "auto-reply"
    if submitted.startswith("auto-replied") or precedence == "auto_reply":
        return "auto-reply"
    if _header(mail, "X-Autoreply") or _header(mail, "X-Autorespond"):
        return "auto-reply"
    if submitted not in ("", "no"):
        return "automatic"
    if _header(mail, "List-Id") or precedence in ("list", "bulk", "junk"):
        return "mailing-list"
    return ""


# --- bodies -------------------------------------------------------------------------------------


def decode(data: bytes, charset: str) -> str:
    """Bytes as text: in the charset that is named where that fits, else in one that does."""
    name = charset.strip(" \"'").lower()
    for candidate in (name if name not in ("us-ascii", "ascii") else "", "utf-8", _CHARSETS.get(name, "")):
        if candidate in ("", "binary", "unknown-8bit", "x-unknown"):
            continue
        actual = candidate if candidate == "utf-8" else _CHARSETS.get(candidate, candidate)
        # Pure ASCII claims nothing, and what says Latin-1 but is valid UTF-8 is UTF-8.
        if actual == "cp1252" and not data.isascii():
            actual = _utf8_or(data, actual)
        try:
            return data.decode(actual)
        except (LookupError, UnicodeDecodeError, ValueError):
            continue
    # Little can be said of a few bytes: then it is the commonest.
    telling = sum(byte > 127 for byte in data[:20_000]) >= 20
    guess = charset_normalizer.from_bytes(data[:20_000]).best() if telling else None
    try:
        return data.decode(guess.encoding if guess else "cp1252", "replace")
    except LookupError:
        return data.decode("cp1252", "replace")


def _utf8_or(data: bytes, other: str) -> str:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return other
    return "utf-8"


def read_body(raw: bytes, *, cut: bool = False, files: Sequence[Attachment] | None = None) -> Body:
    """The new text of a mail, what is folded, and its attachments, which are not opened.

    `cut` says that `raw` is only a mail's beginning; `files` are the attachments where they are known
    otherwise.
    """
    plain: list[str] = []
    html: list[str] = []
    found: list[Attachment] = []
    _walk(_parse(raw), plain, html, found, [0])
    if plain and any(part.strip() for part in plain):
        reduced = reduce_mail("\n\n".join(plain))
    else:
        reduced = reduce_mail("\n".join(html), html=True)
    if cut and not files:
        reduced = Reduced(f"{reduced.text}\n\n{CUT}".strip(), reduced.folded)
    return Body(reduced, tuple(found if files is None else files))


def _walk(part: Mail, plain: list[str], html: list[str], files: list[Attachment], count: list[int]) -> None:
    count[0] += 1
    if count[0] > _MOST_PARTS:
        return
    kind = part.get_content_type()
    # Only of what has parts: for a text Python's parser tries the charset at once, and fails on a NUL in it.
    payload: object = part.get_payload() if part.is_multipart() else None
    children = [c for c in payload if isinstance(c, Mail)] if isinstance(payload, list) else None
    if children is not None and kind != "message/rfc822":
        chosen = _alternative(children) if kind == "multipart/alternative" else children
        for child in chosen:
            _walk(child, plain, html, files, count)
        return
    name = _filename(part)
    attached = part.get_content_disposition() == "attachment" or bool(name)
    if kind in ("text/plain", "text/html") and not attached:
        data = part.get_payload(decode=True)
        text = decode(data if isinstance(data, bytes) else b"", _charset(part))
        if kind == "text/html":
            html.append(text)
        else:
            plain.append(_unwrapped(text, part))
        return
    if kind == "message/rfc822":
        name = name or (header_text(_header(children[0], "Subject")) if children else "") or "mail"
    if kind.startswith("multipart/") or (kind == "message/delivery-status" and not attached):
        return
    files.append(Attachment(name or "attachment", kind, _size(part)))


def _alternative(children: Sequence[Mail]) -> Sequence[Mail]:
    """One of several forms of the same: plain text with something in it, else the last one."""
    plain = [c for c in children if c.get_content_type() == "text/plain"]
    rich = [c for c in children if c.get_content_type() != "text/plain"]
    for child in plain:
        payload = child.get_payload(decode=True)
        if isinstance(payload, bytes) and _says_something(payload):
            # Pictures and files may hang on the other form.
            return [
                child,
                *(c for c in rich if c.is_multipart() and c.get_content_type() == "multipart/mixed"),
            ]
    return rich[-1:] or plain[-1:]


def _says_something(payload: bytes) -> bool:
    words = payload.strip()
    return bool(words) and not (len(words) < 200 and b"html" in words.lower())


def _filename(part: Mail) -> str:
    try:
        name = part.get_filename("")
    except Exception:  # of Python's own parser, on hostile parameters
        return "attachment"
    return re.sub(r"[/\\]", "_", header_text(str(name)))[:200] if name else ""


def _charset(part: Mail) -> str:
    try:
        return part.get_content_charset(failobj="") or ""
    except Exception:  # of Python's own parser, on hostile parameters
        return ""


def _size(part: Mail) -> int | None:
    try:
        payload = part.get_payload()
    except Exception:  # of Python's own parser: it tries the charset, which may be anything
        return None
    if not isinstance(payload, str):
        return None
    if str(part.get("Content-Transfer-Encoding", "")).strip().lower() == "base64":
        return len("".join(payload.split())) * 3 // 4 - payload.rstrip().count("=", -2)
    return len(payload)


def _unwrapped(text: str, part: Mail) -> str:
    """Plain text whose lines were wrapped on the way (RFC 3676) with its own line ends."""
    try:
        flowed = str(part.get_param("format", "")).lower() == "flowed"
        joined = "" if str(part.get_param("delsp", "")).lower() == "yes" else " "
    except Exception:  # of Python's own parser, on hostile parameters
        return text
    if not flowed:
        return text
    lines: list[str] = []
    soft = False
    for line in text.replace("\r\n", "\n").split("\n"):
        quoted = line.startswith(">")
        content = line.removeprefix(" ")
        if soft and not quoted and content != "-- ":
            lines[-1] = lines[-1][:-1] + joined + content
        else:
            lines.append(content)
        soft = content.endswith(" ") and content != "-- " and not quoted
    return "\n".join(lines)
