"""What the browser companion and the application say to each other: names, limits, and the messages.

Both sides are programs of this project, yet neither trusts the other's bytes: a message is a JSON object
with exactly the fields declared here, or it is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

VERSION = 1
"""Of the messages; raised when an older extension could not understand a newer application."""
HOST = "com.agent_assist.companion"
"""The native messaging host's name."""
EXTENSION_ID = "ljdpeghobdimgholimpgdlpejlmdheep"
"""Chromium's id of the extension: it follows from the `key` of its manifest."""
FIREFOX_ID = "companion@agent-assist"
RENDEZVOUS = "companion.json"
"""The file of the workspace that says where the running application listens, and the token."""
MAX_FROM_BROWSER = 64 * 1024
"""Bytes of one message."""
MAX_TO_BROWSER = 1024 * 1024
"""Bytes of one message; browsers take no longer one from a native host."""
LONGEST_TEXT = 100_000
"""Characters of one reply."""
KINDS = ("rt", "zendesk", "freshdesk", "zammad", "chatwoot", "django_helpdesk")
"""Connectors whose pages the extension knows."""

_CONNECTION = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_TICKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_PAGE = re.compile(r"[A-Za-z0-9.-]{8,80}")
_REQUEST = re.compile(r"[0-9a-f]{32}")
_WORD = re.compile(r"[A-Za-z0-9 ._/-]{0,80}")


class PutOutcome(StrEnum):
    """What became of a text that was to be put into a page."""

    INSERTED = "inserted"
    APPENDED = "appended"
    OCCUPIED = "occupied"
    """Something else stands in the reply box; nothing was changed."""
    NOTE = "note"
    """The box is set to an internal note; nothing was changed."""
    NO_BOX = "no_box"
    OTHER_TICKET = "other_ticket"
    """The tab shows another ticket by now; nothing was changed."""
    GONE = "gone"
    """The tab was closed, or the site is no longer allowed."""
    UNCERTAIN = "uncertain"
    """The page took the text and does not show it as it was."""


class Mode(StrEnum):
    """Where in the reply box a text goes."""

    FILL = "fill"
    """Only into an empty box, or over the text that the companion itself put there."""
    APPEND = "append"
    """Below what stands there."""


# --- from the browser ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Hello:
    """The extension is there and wants to know the helpdesks."""

    browser: str
    extension: str


@dataclass(frozen=True, slots=True)
class PageShown:
    """A ticket's page came to the foreground."""

    tab: int
    """The browser's number for it."""
    page: str
    """Random, new for each page load and each ticket: a text is put into this very page or nowhere."""
    connection: str
    ticket: str
    """The helpdesk's own id."""


@dataclass(frozen=True, slots=True)
class PageLeft:
    """The tab was closed or shows no ticket any more."""

    tab: int


@dataclass(frozen=True, slots=True)
class Result:
    """The answer to an `Insert`, whose `request` it repeats."""

    request: str
    outcome: PutOutcome


FromBrowser = Hello | PageShown | PageLeft | Result


# --- to the browser -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Site:
    """A helpdesk that is connected here."""

    connection: str
    title: str
    kind: str
    url: str
    """Its address: scheme, host, port and the path below which it lies."""


@dataclass(frozen=True, slots=True)
class Sites:
    """All helpdesks that are connected here, in place of those said before: the extension asks to see these
    only."""

    sites: tuple[Site, ...]


@dataclass(frozen=True, slots=True)
class Insert:
    """Put `text` into the reply box of one page; refused where the tab shows another page or ticket
    by now."""

    request: str
    """Random: the `Result` repeats it."""
    tab: int
    page: str
    """As `PageShown` named it."""
    connection: str
    ticket: str
    text: str
    mode: Mode = Mode.FILL


@dataclass(frozen=True, slots=True)
class Status:
    """Said by the native host: whether the application runs."""

    app: str
    """`present` or `absent`."""


ToBrowser = Sites | Insert | Status

_TYPES: dict[str, type] = {
    "hello": Hello,
    "page": PageShown,
    "left": PageLeft,
    "result": Result,
    "sites": Sites,
    "insert": Insert,
    "status": Status,
}
_NAMES = {kind: name for name, kind in _TYPES.items()}


def encode(message: FromBrowser | ToBrowser) -> dict[str, Any]:
    """The JSON object of a message."""
    return {"v": VERSION, "type": _NAMES[type(message)], **asdict(message)}


def from_browser(data: object) -> FromBrowser:
    """Read a message of the extension.  Raises ValueError for anything else."""
    kind, fields = _opened(data)
    if kind == "hello" and _exactly(fields, "browser", "extension"):
        return Hello(_text(fields["browser"], _WORD), _text(fields["extension"], _WORD))
    if kind == "page" and _exactly(fields, "tab", "page", "connection", "ticket"):
        return PageShown(*_place(fields))
    if kind == "left" and _exactly(fields, "tab"):
        return PageLeft(_tab(fields["tab"]))
    if kind == "result" and _exactly(fields, "request", "outcome"):
        return Result(_text(fields["request"], _REQUEST), PutOutcome(fields["outcome"]))
    raise ValueError("not a message of the extension")


def to_browser(data: object) -> ToBrowser:
    """Read a message to the extension.  Raises ValueError for anything else."""
    kind, fields = _opened(data)
    if kind == "sites" and _exactly(fields, "sites") and isinstance(fields["sites"], list):
        return Sites(tuple(_site(site) for site in fields["sites"]))
    if kind == "status" and _exactly(fields, "app") and fields["app"] in ("present", "absent"):
        return Status(str(fields["app"]))
    if kind == "insert" and _exactly(
        fields, "request", "tab", "page", "connection", "ticket", "text", "mode"
    ):
        text = fields["text"]
        if not isinstance(text, str) or not text.strip() or len(text) > LONGEST_TEXT:
            raise ValueError("not a reply's text")
        return Insert(_text(fields["request"], _REQUEST), *_place(fields), text, Mode(fields["mode"]))
    raise ValueError("not a message to the extension")


def _opened(data: object) -> tuple[str, Mapping[str, Any]]:
    if not isinstance(data, dict) or data.get("v") != VERSION or not isinstance(data.get("type"), str):
        raise ValueError("not a message of this version")
    return data["type"], {name: value for name, value in data.items() if name not in ("v", "type")}


def _exactly(fields: Mapping[str, Any], *names: str) -> bool:
    if set(fields) != set(names):
        raise ValueError(f"expected the fields {', '.join(names)}")
    return True


def _text(value: object, pattern: re.Pattern[str]) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise ValueError(f"not {pattern.pattern}")
    return value


def _tab(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**53:
        raise ValueError("not a tab")
    return value


def _place(fields: Mapping[str, Any]) -> tuple[int, str, str, str]:
    return (
        _tab(fields["tab"]),
        _text(fields["page"], _PAGE),
        _text(fields["connection"], _CONNECTION),
        _text(fields["ticket"], _TICKET),
    )


def _site(data: object) -> Site:
    if not isinstance(data, dict) or set(data) != {"connection", "title", "kind", "url"}:
        raise ValueError("not a site")
    url = data["url"]
    if data["kind"] not in KINDS or not isinstance(url, str) or not re.match(r"https?://[^\s@]+$", url):
        raise ValueError("not a site")
    return Site(_text(data["connection"], _CONNECTION), str(data["title"])[:120], data["kind"], url[:500])


# --- where the application is -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Rendezvous:
    """Where the application of a workspace listens for the native host; readable by its user only."""

    address: str
    """A local socket's path, or a named pipe's name on Windows."""
    token: str

    def as_json(self) -> dict[str, Any]:
        return {"v": VERSION, "address": self.address, "token": self.token}

    @classmethod
    def from_json(cls, data: object) -> Rendezvous:
        """Raises ValueError."""
        if not isinstance(data, dict) or data.get("v") != VERSION:
            raise ValueError("not a rendezvous of this version")
        address, token = data.get("address"), data.get("token")
        if not isinstance(address, str) or not address or not isinstance(token, str) or len(token) < 32:
            raise ValueError("not a rendezvous")
        return cls(address, token)
