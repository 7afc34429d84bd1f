"""Mails as they come: wrong, old, hostile."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_assist.adapters.helpdesks.mail_message import CUT, decode, header_text, read_body, read_envelope
from agent_assist.adapters.helpdesks.mail_structure import attachments_of
from agent_assist.domain.mailtext import Reduced

AT = datetime(2026, 1, 5, 10, tzinfo=UTC)


def envelope(headers: str, received: datetime | None = AT):
    return read_envelope(headers.replace("\n", "\r\n").encode("utf-8", "surrogateescape"), received)


def test_headers_are_read() -> None:
    mail = envelope(
        "Message-ID: <a@x>\nReferences: <r1@x> <r2@x>\n <r1@x> junk\nIn-Reply-To: <r1@x> (by Dan)\n"
        "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\n =?utf-8?b?IPCfmIA=?=\n"
        'From: "Jones, =?iso-8859-1?q?C=E4rla?=" <Carla@Customer.Example>\n'
        "To: Support <support@support.example>, undisclosed\nCc: d@x.example\nReply-To: <other@x.example>\n"
        "Date: Mon, 5 Jan 2026 09:59:00 +0100\n\n"
    )
    assert (mail.id, mail.references) == ("<a@x>", ("<r2@x>", "<r1@x>"))
    assert mail.subject == "Grüße 😀"
    assert (mail.sender.name, mail.sender.email) == ("Jones, Cärla", "carla@customer.example")
    assert mail.sender.shown == "Jones, Cärla <carla@customer.example>"
    assert [a.email for a in mail.to] == ["support@support.example"]
    assert (mail.cc[0].email, mail.reply_to.email, mail.at) == ("d@x.example", "other@x.example", AT)


@pytest.mark.parametrize(
    ("date", "received", "at"),
    [
        ("Mon, 5 Jan 2026 09:00:00 +0000", AT, AT),
        ("Mon, 5 Jan 2099 09:00:00 +0000", AT, AT),
        ("Fri, 5 Jan 2024 09:00:00 +0000", AT, datetime(2024, 1, 5, 9, tzinfo=UTC)),
        ("Mon, 5 Jan 2026 09:00:00", None, AT - timedelta(hours=1)),
        ("yesterday", AT, AT),
        ("Mon, 99 Foo 2026 99:00:00", None, datetime.fromtimestamp(0, UTC)),
    ],
)
def test_the_servers_clock_is_believed(date: str, received: datetime | None, at: datetime) -> None:
    assert envelope(f"Date: {date}\n\n", received).at == at


def test_without_a_message_id_it_gets_one_that_lasts() -> None:
    one, other = envelope("Subject: a\nFrom: c@x.example\n\n"), envelope("Subject: b\nFrom: c@x.example\n\n")
    assert one.id == envelope("Subject: a\nFrom: c@x.example\n\n", AT + timedelta(1)).id
    assert one.id != other.id


@pytest.mark.parametrize(
    ("headers", "kind"),
    [
        ("Auto-Submitted: auto-replied", "auto-reply"),
        ("Auto-Submitted: auto-generated; type=x", "automatic"),
        ("Auto-Submitted: no", ""),
        ("X-Autoreply: yes", "auto-reply"),
        ("Precedence: bulk", "mailing-list"),
        ("List-Id: <x.y>", "mailing-list"),
        ("Return-Path: <>", "auto-reply"),
        ("Return-Path: <>\nX-Failed-Recipients: a@b.example", "bounce"),
        ('Content-Type: multipart/report; report-type="delivery-status"; boundary=x', "bounce"),
        ("From: MAILER-DAEMON@mx.example", "bounce"),
        ("From: carla@x.example", ""),
    ],
)
def test_what_no_person_wrote_is_recognised(headers: str, kind: str) -> None:
    assert envelope(headers + "\n\n").automatic == kind


@pytest.mark.parametrize(
    ("data", "charset", "text"),
    [
        ("Grüße".encode(), "utf-8", "Grüße"),
        ("Grüße".encode("cp1252"), "", "Grüße"),
        ("“5 €”".encode("cp1252"), "iso-8859-1", "“5 €”"),
        ("Grüße".encode(), "iso-8859-1", "Grüße"),
        ("Grüße".encode(), "us-ascii", "Grüße"),
        ("5 €".encode("iso-8859-15"), "iso-8859-15", "5 €"),
        ("你好".encode("gb18030"), "gb2312", "你好"),
        ("こんにちは".encode("iso-2022-jp"), "ISO-2022-JP", "こんにちは"),
        ("Привет".encode("koi8-r"), "koi8-r", "Привет"),
        ("안녕".encode("cp949"), "ks_c_5601-1987", "안녕"),
        ("Grüße".encode("utf-7"), "unicode-1-1-utf-7", "Grüße"),
        (b"plain", "x-nobody-knows", "plain"),
        ("Grüße".encode(), "x-nobody-knows", "Grüße"),
        ("Это довольно длинное сообщение о возврате денег за заказ".encode("cp1251"), "", None),
        (b"", "", ""),
    ],
)
def test_any_charset(data: bytes, charset: str, text: str | None) -> None:
    found = decode(data, charset)
    assert found == text if text is not None else "заказ" in found


@given(
    st.binary(max_size=300), st.sampled_from(["", "utf-8", "ascii", "utf-16", "idna", "hex", "rot13", "x"])
)
@settings(max_examples=100, deadline=None)
def test_bytes_always_become_text(data: bytes, charset: str) -> None:
    assert isinstance(decode(data, charset), str)


@given(st.binary(max_size=400))
@settings(max_examples=100, deadline=None)
def test_any_bytes_are_a_mail(data: bytes) -> None:
    read_envelope(data, AT)
    read_body(b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" + data)
    read_body(data)


@given(st.text(max_size=200))
@settings(max_examples=100, deadline=None)
def test_a_header_is_one_line(text: str) -> None:
    shown = header_text(f"=?utf-8?q?{text}?= {text} =?x?b?!!?=")
    assert not any(ord(c) < 32 for c in shown)


PARTS = {
    "plain": "Content-Type: text/plain; charset=utf-8\r\n\r\nplain",
    "empty": "Content-Type: text/plain\r\n\r\n \r\n",
    "html": "Content-Type: text/html\r\n\r\n<p>rich <b>text</b></p>",
    "file": "Content-Type: image/png; name=a.png\r\nContent-Transfer-Encoding: base64\r\n\r\nQUJDRA==",
    "attached": "Content-Type: text/plain\r\nContent-Disposition: attachment; filename=../x.txt\r\n\r\nno",
    "mail": "Content-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\nno",
}


def mixed(kind: str, *names: str) -> bytes:
    inner = "".join(f"--b\r\n{PARTS[name]}\r\n" for name in names)
    return f"Content-Type: multipart/{kind}; boundary=b\r\n\r\n{inner}--b--\r\n".encode()


@pytest.mark.parametrize(
    ("raw", "text", "files"),
    [
        (mixed("alternative", "plain", "html"), "plain", []),
        (mixed("alternative", "empty", "html"), "rich text", []),
        (mixed("mixed", "html", "file"), "rich text", [("a.png", "image/png", 4)]),
        (mixed("mixed", "plain", "attached"), "plain", [(".._x.txt", "text/plain", 2)]),
        (mixed("mixed", "plain", "mail"), "plain", [("inner", "message/rfc822", None)]),
        (
            b"Content-Type: text/plain; format=flowed; delsp=yes\r\n\r\nlong \r\nline\r\n> q \r\n-- \r\nx",
            "longline",
            [],
        ),
        (b"Content-Type: text/plain; format=flowed\r\n\r\nlong \r\nline\r\n from\r\n", "long line\nfrom", []),
        (b"Content-Transfer-Encoding: quoted-printable\r\n\r\nGr=C3=BC=\r\n=C3=9Fe", "Grüße", []),
        (b"Content-Transfer-Encoding: base64\r\n\r\nR3LDvMOf!!ZQ", "Grüße", []),
    ],
)
def test_bodies(raw: bytes, text: str, files: list[tuple[str, str, int | None]]) -> None:
    body = read_body(raw)
    assert body.reduced.text == text
    assert [(a.name, a.media_type, a.size) for a in body.attachments] == files


def test_a_long_mail_says_that_it_is_cut() -> None:
    body = read_body(mixed("mixed", "plain")[:-8], cut=True)
    assert body.reduced == Reduced(f"plain\n\n{CUT}", "")


def test_attachments_of_a_structure() -> None:
    text = (b"TEXT", b"PLAIN", (b"CHARSET", b"utf-8"), None, None, b"7BIT", 10, 1)
    file = (
        *(b"APPLICATION", b"PDF", (b"NAME", b"=?utf-8?q?B=C3=A4r?=.pdf"), None, None, b"BASE64", 780),
        *(None, (b"ATTACHMENT", (b"FILENAME*", b"utf-8''B%C3%A4r%2Fx.pdf")), None),
    )
    (found,) = attachments_of(([text, file], b"MIXED"))
    assert (found.name, found.media_type, found.size) == ("Bär_x.pdf", "application/pdf", 570)
    assert list(attachments_of(None)) == []
