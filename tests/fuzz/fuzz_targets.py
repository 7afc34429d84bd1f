"""What is fuzzed: each target takes any bytes and may raise nothing but the product's own errors."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from support_gguf import SMALL, SMALL_TENSORS, gguf_bytes

from agent_assist.adapters.conversion import worker as conversion
from agent_assist.adapters.helpdesks.mail_message import read_body, read_envelope
from agent_assist.adapters.inference import gguf
from agent_assist.adapters.knowledge.chunking import passages_of
from agent_assist.adapters.knowledge.parsing import FileReader
from agent_assist.domain.knowledge import Article
from agent_assist.domain.mailtext import reduce_mail
from agent_assist.domain.ticket import Ticket, ticket_from_json, ticket_to_json
from agent_assist.errors import AgentAssistError
from agent_assist.services.events import EventBus
from agent_assist.services.tickets import TicketService

Target = Callable[[bytes], None]
_MEMORY = Path("/dev/shm")  # a folder of our own below it: a disk would set the pace
_FOLDER = tempfile.TemporaryDirectory(
    prefix="agent-assist-fuzz-", dir=_MEMORY if os.access(_MEMORY, os.W_OK) else None
)
_PLACE = Path(_FOLDER.name)


class _Kept:
    """A repository that keeps the last ticket only."""

    def __init__(self) -> None:
        self.last: Ticket | None = None

    def get(self, _: str) -> Ticket | None:
        return self.last

    def save(self, tickets: list[Ticket], *, source: str = "") -> None:
        for self.last in tickets:
            again = ticket_from_json(json.loads(json.dumps(ticket_to_json(self.last))))
            if again != self.last:
                raise AssertionError("a ticket does not survive its own form")


_TICKETS = TicketService(_Kept(), EventBus(), None)  # type: ignore[arg-type]


def tickets(data: bytes) -> None:
    """Files of tickets, as an import reads them: JSON and JSON Lines."""
    for name in ("t.json", "t.jsonl"):
        path = _PLACE / name
        path.write_bytes(data)
        _TICKETS.import_files([path])


def mail(data: bytes) -> None:
    """A message as it comes from a mailbox, and its text with quotes and signature folded."""
    read_envelope(data, None)
    body = read_body(data)
    if not isinstance(body.reduced.text, str):
        raise AssertionError("a mail has no text")


def mail_text(data: bytes) -> None:
    """The text of a mail alone, plain and as HTML."""
    text = data.decode("utf-8", "replace")
    for html in (False, True):
        reduce_mail(text, html=html)


def articles(data: bytes) -> None:
    """Documents that are read in the application itself, and cut into passages."""
    for name in ("a.md", "a.txt", "a.csv", "a.jsonl"):
        path = _PLACE / name
        path.write_bytes(data)
        for item in FileReader().read([path], None, threading.Event()):
            if isinstance(item, Article):
                passages_of(item)


def html_articles(data: bytes) -> None:
    """An HTML document, as the conversion worker reads it."""
    request: Any = SimpleNamespace(header={"kind": "html", "charset": None}, block=data)
    conversion.convert(request)


def model_header(data: bytes) -> None:
    """The header of a GGUF file."""
    path = _PLACE / "m.gguf"
    path.write_bytes(data)
    info = gguf.read_header(path)
    _ = info.layers, info.kv_bytes_per_token, info.context_tokens, info.licence, info.languages


TARGETS: Mapping[str, Target] = {
    "tickets": tickets,
    "mail": mail,
    "mail_text": mail_text,
    "articles": articles,
    "html_articles": html_articles,
    "model_header": model_header,
}


def tried(target: Target, data: bytes) -> None:
    """Run a target; the product's own errors are answers, everything else comes through."""
    with contextlib.suppress(AgentAssistError):
        target(data)


_TICKET = {
    "id": "T-1",
    "subject": "Größe",
    "channel": "chat",
    "language": "de",
    "customer": {"id": "C-7", "name": "Ada", "email": "ada@mail.example.com"},
    "messages": [
        {
            "id": "m1",
            "role": "customer",
            "text": "Hallo\ud83d\ude00 \u202e",
            "created_at": "2026-11-22T09:00:00Z",
        },
        {"id": "m2", "role": "agent", "text": "Guten Tag", "created_at": 1700000000},
    ],
    "fields": {"order_id": "3348917502", "n": 7},
    "tags": ["a"],
    "status": "open",
}
_MAIL = (
    b"From: =?utf-8?q?Ad=C3=A1?= <ada@mail.example.com>\r\nTo: help@shop.example\r\n"
    b"Subject: =?iso-8859-1?Q?Gr=F6=DFe?=\r\nDate: Sun, 22 Nov 2026 09:00:00 +0100\r\n"
    b"Message-ID: <1@mail.example.com>\r\nReferences: <0@shop.example>\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\nContent-Type: multipart/alternative; '
    b'boundary="c"\r\n\r\n--c\r\nContent-Type: text/plain; charset=utf-8; format=flowed; delsp=yes\r\n'
    b"Content-Transfer-Encoding: quoted-printable\r\n\r\nHello =C3=A4 \r\n\r\n-- \r\nAda\r\n\r\n"
    b"On Sun, Nov 22, 2026 at 9:00 AM Help <help@shop.example> wrote:\r\n> Hi\r\n>> older\r\n--c\r\n"
    b"Content-Type: text/html; charset=windows-1252\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    b"PHA+SGVsbG88L3A+PGJsb2NrcXVvdGU+aGk8L2Jsb2NrcXVvdGU+\r\n--c--\r\n--b\r\nContent-Type: image/png; "
    b"name*=utf-8''%e2%82%ac.png\r\nContent-Disposition: attachment; filename=a.png\r\n"
    b"Content-Transfer-Encoding: base64\r\n\r\niVBORw0KGgo=\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n"
    b"From: x@y.example\r\n\r\ninner\r\n--b--\r\n"
)
_HTML = (
    b"<!doctype html><html><head><title>T</title><style>p{}</style></head><body><h1>A</h1><p>b &amp; c"
    b"<table><tr><td>1<td>2</table><ul><li>x<ul><li>y</ul></ul><blockquote type=cite>q</blockquote>"
    b"<div class=gmail_quote>On 1 May wrote:<br>z</div><!-- c --><pre>\n a</pre></body></html>"
)
_MARKDOWN = (
    b"---\ntitle: T\nupdated_at: 2026-01-01\n---\n# A\n\ntext [l](http://x.example) ![i](x)\n\n"
    b"| a | b |\n|---|---|\n"
    b"| 1 | 2 |\n\n- x\n  - y\n\n> q\n\n```\ncode\n```\n## B\nmore\n"
)

SEEDS: Mapping[str, tuple[bytes, ...]] = {
    "tickets": (
        json.dumps(_TICKET).encode(),
        json.dumps([_TICKET, _TICKET]).encode(),
        b"\n".join([json.dumps(_TICKET).encode()] * 3),
        b"\xef\xbb\xbf{}",
    ),
    "mail": (
        _MAIL,
        b"\n\nbody",
        b"Subject: x\n\n" + _HTML,
        # Found by fuzzing: Python's parser fails on it.
        b"Content-Type: multipart/mixed; boundary=c\n\n--c\nContent-Type: text/plain; charset=e\0\n\n\xff",
        b"Content-Type: multipart/mixed; boundary=c\n\n--c\nContent-Type: image/png; charset=e\0\n\n\xff",
        b"Content-Type: text/plain; charset*=e\0''x\n\n\xff",
        b"Content-Type: multipart/mixed; boundary=c\n\n--c\nContent-Type: image/png; charset*=e''x\n\n\xff",
    ),
    "mail_text": (_HTML, _MAIL.split(b"\r\n\r\n")[3], b"Am 1. Mai schrieb Ada:\n> hallo"),
    "articles": (
        _MARKDOWN,
        b'id,title,body,entity\n1,T,"a\nb",Shop\n2;x;y;z\n',
        b'{"id":"1","title":"T","body":"b","url":"u","updated_at":1}\n',
        "Größe\n".encode("utf-16"),
    ),
    "html_articles": (_HTML,),
    "model_header": (
        gguf_bytes(SMALL, SMALL_TENSORS),
        gguf_bytes({**SMALL, "tokenizer.ggml.tokens": ["a", "b"], "x": True, "y": 1.5}, SMALL_TENSORS[:1]),
    ),
}

WORDS: tuple[bytes, ...] = (
    b"\0", b"\xff\xff\xff\xff", b"\xff" * 8, b"\x7f" * 8, b"\x80\0\0\0", b"{", b"}", b"[", b"]", b'"',
    b"\\u0000", b"\\ud800", b"null", b"true", b"-1", b"1e999", b"NaN", b"<", b">", b"<!--", b"<![CDATA[",
    b"</p", b"&#", b"&#x110000;", b"\r\n\r\n", b"--b", b"--c--", b"=?utf-8?q?", b"?=", b"Content-Type: ",
    b"charset=utf-7", b"charset=idna", b"charset=punycode", b"charset=unicode_escape",
    b"charset=undefined", b"base64", b"> " * 50, b"| " * 50, "\u202e\u200b\U000e0041".encode(),
    b"\xed\xa0\x80", b"---\n", b"[" * 300, b"(" * 300, b"`" * 300, b"*" * 300, b"GGUF", b"9" * 400, b"\t",
    b"\x0b", b"\x1c", b"\xc2\x85", b"\xe2\x80\xa8",
)  # fmt: skip
