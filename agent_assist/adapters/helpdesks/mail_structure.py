"""The attachments of a mail that is too long to be read, from the server's own account of its parts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from agent_assist.adapters.helpdesks.mail_message import header_text
from agent_assist.domain.ticket import Attachment


def attachments_of(part: Any) -> Iterator[Attachment]:
    """The files of a BODYSTRUCTURE."""
    if not isinstance(part, (tuple, list)) or not part:
        return
    if isinstance(part[0], (list, tuple)):
        children = part[0] if isinstance(part[0], list) else [p for p in part if isinstance(p, tuple)]
        for child in children:
            yield from attachments_of(child)
        return
    kind = f"{_word(part[0])}/{_word(part[1])}"
    names = {**_pairs(part[2])}
    disposition = ""
    for extra in part[7:]:
        if isinstance(extra, tuple) and extra and isinstance(extra[0], bytes) and len(extra) >= 2:
            disposition = disposition or _word(extra[0])
            names.update(_pairs(extra[1]))
    name = next((names[key] for key in ("filename*", "filename", "name*", "name") if names.get(key)), "")
    if kind.startswith("text/") and disposition != "attachment" and not name:
        return
    size = part[6] if len(part) > 6 and isinstance(part[6], int) else None
    if size is not None and _word(part[5]) == "base64":
        size = size * 57 // 78  # lines of 76 characters and their ends
    yield Attachment(re.sub(r"[/\\]", "_", name)[:200] or "attachment", kind, size)


def _word(value: Any) -> str:
    return value.decode("ascii", "replace").lower() if isinstance(value, bytes) else ""


def _pairs(values: Any) -> dict[str, str]:
    if not isinstance(values, tuple):
        return {}
    found = {}
    for key, value in zip(values[::2], values[1::2]):
        if isinstance(key, bytes) and isinstance(value, bytes):
            text = value.decode("utf-8", "replace")
            if _word(key).endswith("*") and text.count("'") >= 2:
                charset, _, rest = text.split("'", 2)
                text = _unquoted(rest, charset)
            found[_word(key)] = header_text(text)
    return found


def _unquoted(text: str, charset: str) -> str:
    try:
        return unquote(text, encoding=charset or "utf-8", errors="replace")
    except LookupError:
        return unquote(text, errors="replace")
