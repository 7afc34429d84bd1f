"""Replies as mails: what they look like, and what a server's answers mean."""

from __future__ import annotations

import contextlib
import email
import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_assist.adapters.helpdesks.mail_imap import Mailbox
from agent_assist.adapters.helpdesks.mail_message import Address, read_body, read_envelope
from agent_assist.adapters.helpdesks.mail_options import MailOptions
from agent_assist.adapters.helpdesks.mail_smtp import Outgoing, Submission, compose, message_id, reachable
from agent_assist.errors import (
    AgentAssistError,
    BadInput,
    DeliveryUncertain,
    HelpdeskProblem,
    InvalidSetting,
    LoginRefused,
    PermissionMissing,
    ServerBusy,
    ServerFailed,
    ServerUnreachable,
)

AT = datetime(2026, 1, 5, 10, tzinfo=UTC)
VALUES = {
    "address": "Support@Support.example",
    "name": "Acme",
    "imap_host": "localhost",
    "smtp_host": "127.0.0.1",
    "smtp_security": "none",
}


def options(**values: str) -> MailOptions:
    return MailOptions.read({**VALUES, **values}, {"password": "secret"})


def composed(**changes: object) -> Outgoing:
    given: dict[str, object] = {
        "to": Address("Carla", "carla@customer.example"),
        "cc": (),
        "subject": "Re: Reset",
        "text": "Hello",
        "references": ("<a@x>",),
        "token": "token-0001",
        "at": AT,
    }
    return compose(options(), **{**given, **changes})  # type: ignore[arg-type]


def test_a_reply_looks_as_it_should() -> None:
    mail = composed(
        cc=(Address("Dän", "d@x.example"),),
        subject="Re: Grüße an " + "alle " * 30,
        text="Grüße\n.\n..two\nFrom me\r\nend " + "x" * 3000,
        references=tuple(f"<{n}@{'long' * 15}.example>" for n in range(50)),
    )
    parsed = email.message_from_bytes(mail.content)
    assert all(len(line) < 1000 for line in mail.content.split(b"\r\n"))
    assert b"\n" not in mail.content.replace(b"\r\n", b"")
    assert parsed["References"].split()[0].startswith("<0@")
    assert parsed["References"].split()[-1] == parsed["In-Reply-To"]
    assert len(parsed["References"].split()) == 20
    read = read_envelope(mail.content, None)
    assert read.subject == ("Re: Grüße an " + "alle " * 30).strip()
    assert (read.id, read.sender.email, read.cc[0].name) == (mail.id, "support@support.example", "Dän")
    assert read_body(mail.content).reduced.text.startswith("Grüße\n.\n..two\nFrom me\nend xxx")


@given(
    st.text(max_size=60),
    st.text(max_size=60),
    st.text(max_size=40),
    st.lists(st.text(max_size=30), max_size=3),
)
@settings(max_examples=150, deadline=None)
def test_nothing_becomes_a_header(subject: str, text: str, name: str, references: list[str]) -> None:
    hostile = "\r\nBcc: eve@x.example\r\n\r\n"
    mail = composed(
        subject=subject + hostile + subject,
        text=text + hostile,
        to=Address(name + hostile, "carla@customer.example"),
        references=[*references, f"<a@x>{hostile}<b@x>", "<ok@x>"],
        token=name + hostile,
    )
    parsed = email.message_from_bytes(mail.content)
    assert sorted(parsed.keys()) == sorted(
        [
            "From",
            "To",
            "Subject",
            "Date",
            "Message-ID",
            "In-Reply-To",
            "References",
            "X-Agent-Assist-Token",
            "MIME-Version",
            "Content-Type",
            "Content-Transfer-Encoding",
        ]
    )
    # What was made up may be an id by chance ("<0>"); nothing else may stand beside them.
    kept = parsed["References"].split()
    assert kept[-1] == parsed["In-Reply-To"] == "<ok@x>"
    assert set(kept) <= {*references, "<ok@x>"}


@pytest.mark.parametrize(
    "address", ["a b@x.example", "a@x.example\r\nRCPT TO:<e@x>", "a@", "@x", "ä@x.example", "a,b@x"]
)
def test_an_address_that_cannot_be_written_to(address: str) -> None:
    assert not reachable(address)
    with pytest.raises(BadInput):
        composed(to=Address("", address))


def test_ids_come_from_the_token_alone() -> None:
    assert message_id("0123456789abcdef", "x.example") == "<agent-assist.0123456789abcdef@x.example>"
    assert message_id("a b>", "bücher.example").endswith("@xn--bcher-kva.example>")
    assert message_id("x", "y") == message_id("x", "y") != message_id("z", "y")
    assert reachable("a@bücher.example")


@pytest.mark.parametrize(
    "values",
    [
        {"address": "nobody"},
        {"imap_host": "mail.example", "imap_security": "none"},
        {"smtp_host": "mail.example"},
        {"smtp_port": "0"},
        {"imap_port": "x"},
        {"imap_security": "ssl3"},
        {"imap_host": ""},
        {"username": "a\r\nb"},
        {"days": "99999"},
        {"smtp_host": "a b"},
    ],
)
def test_settings_that_cannot_be_used(values: dict[str, str]) -> None:
    with pytest.raises(InvalidSetting):
        options(**values)


def test_settings_are_read() -> None:
    read = options(ours="Ada@Support.example, staff.example", queues="INBOX, Sales", reply_all="no")
    assert (read.address, read.username, read.domain) == (
        "support@support.example",
        "Support@Support.example",
        "support.example",
    )
    assert read.ours == ("support@support.example", "ada@support.example", "staff.example")
    assert (read.folders, read.reply_all, read.server_files_copies) == (("INBOX", "Sales"), False, False)
    assert options(smtp_host="smtp.gmail.com", smtp_security="tls").server_files_copies
    assert "secret" not in repr(read)
    with pytest.raises(BadInput):
        options(ca_file="/nowhere").certificates()


# --- a server that says what it is told to ------------------------------------------------------


class Script:
    """A server that answers each command by the first word it begins with; "" ends the connection."""

    def __init__(self, answers: dict[str, str]) -> None:
        self._answers = {"EHLO": "250-x\r\n250 AUTH PLAIN", "QUIT": "221 bye", "AUTH": "235 ok", **answers}
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.mails: list[bytes] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with client, client.makefile("rb") as lines:
                client.sendall(self._answers.get("hello", "220 x").encode() + b"\r\n")
                self._talk(client, lines.readline)

    def _talk(self, client: socket.socket, read: Callable[[], bytes]) -> None:
        while line := read():
            word = line.split(b":")[0].split()[0].decode().upper()
            said = line.decode().strip()
            # smtplib wrote "rcpt TO" until Python 3.12; commands are the same in either case (RFC 5321, 2.4).
            answer = self._answers.get(said.upper(), self._answers.get(word, "250 ok"))
            if word == "DATA" and "DATA" not in self._answers:
                client.sendall(b"354 go on\r\n")
                content = b""
                while not content.endswith(b"\r\n.\r\n"):
                    part = read()
                    if not part:
                        return
                    content += part
                self.mails.append(content)
                answer = self._answers.get("dot", "250 taken")
            if not answer:
                return
            client.sendall(answer.encode() + b"\r\n")


@pytest.fixture
def script() -> Iterator[Callable[[dict[str, str]], Script]]:
    made: list[Script] = []

    def make(answers: dict[str, str]) -> Script:
        made.append(Script(answers))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.mark.parametrize(
    ("answers", "error", "taken"),
    [
        ({}, None, 1),
        ({"dot": ""}, DeliveryUncertain, 1),
        ({"dot": "451 later"}, ServerFailed, 1),
        ({"dot": "421 closing"}, ServerBusy, 1),
        ({"dot": "554 spam"}, HelpdeskProblem, 1),
        ({"DATA": "554 no"}, HelpdeskProblem, 0),
        ({"DATA": ""}, ServerUnreachable, 0),
        ({"MAIL": "550 sender not allowed"}, PermissionMissing, 0),
        ({"MAIL": ""}, ServerUnreachable, 0),
        ({"RCPT": "550 unknown"}, HelpdeskProblem, 0),
        ({"RCPT": "450 greylisted"}, ServerFailed, 0),
        ({"RCPT": ""}, ServerUnreachable, 0),
        ({"AUTH": "535 no"}, LoginRefused, 0),
        ({"AUTH": ""}, ServerUnreachable, 0),
        ({"hello": "554 go away"}, ServerFailed, 0),
        ({"hello": "421 busy"}, ServerBusy, 0),
        ({"EHLO": "250-x\r\n250 AUTH NTLM"}, ServerFailed, 0),
    ],
)
def test_what_answers_mean(
    script: Callable[[dict[str, str]], Script],
    answers: dict[str, str],
    error: type[AgentAssistError] | None,
    taken: int,
) -> None:
    server = script(answers)
    submission = Submission(options(smtp_port=str(server.port)))
    if error is None:
        submission.check()
        assert submission.send(composed(text=".\nx"), copy_to="support@support.example") == []
        assert b"\r\n..\r\nx" in server.mails[0]
    else:
        with pytest.raises(error) as caught:
            submission.send(composed())
        assert type(caught.value) is error
    assert len(server.mails) == taken


def test_a_copy_that_is_refused_does_not_stop_the_reply(script: Callable[[dict[str, str]], Script]) -> None:
    server = script({"RCPT TO:<D@X.EXAMPLE>": "550 unknown"})
    mail = composed(cc=(Address("", "d@x.example"),))
    assert Submission(options(smtp_port=str(server.port))).send(mail) == ["d@x.example"]
    assert len(server.mails) == 1


def test_no_password_goes_out_unprotected(script: Callable[[dict[str, str]], Script]) -> None:
    server = script({})
    with pytest.raises(ServerUnreachable, match="offers no STARTTLS"):
        Submission(options(smtp_port=str(server.port), smtp_security="starttls")).check()
    wide = MailOptions.read({**VALUES, "smtp_port": str(server.port)}, {"password": "pässword"})
    with pytest.raises(LoginRefused, match="ASCII"):
        Submission(wide).check()


def test_nobody_there_is_said_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(ServerUnreachable, match="refused the connection"):
        Submission(options(smtp_port=str(port))).check()
    with pytest.raises(ServerUnreachable, match="no server named"):
        Submission(options(smtp_host="nowhere.invalid", smtp_security="tls")).check()


def test_a_server_that_never_ends_its_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slow-loris: each byte comes in time, the answer never ends."""
    listener = socket.create_server(("127.0.0.1", 0))
    port = str(listener.getsockname()[1])

    def trickle() -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                with client, contextlib.suppress(OSError):
                    client.sendall(b"* OK 220 hello\r\n" if imap else b"220 hello\r\n")
                    while True:
                        client.sendall(b"x")
                        time.sleep(0.05)

    imap = True
    monkeypatch.setattr("agent_assist.adapters.helpdesks.mail_imap.LONGEST", 0.6)
    monkeypatch.setattr("agent_assist.adapters.helpdesks.mail_smtp.LONGEST", 0.6)
    threading.Thread(target=trickle, daemon=True).start()
    values = {"imap_port": port, "imap_security": "none", "smtp_port": port}
    with pytest.raises(ServerUnreachable):
        Mailbox(options(**values)).folders()
    imap = False
    with pytest.raises(ServerUnreachable):
        Submission(options(**values)).send(composed())
    listener.close()


def test_a_token_signs_in(script: Callable[[dict[str, str]], Script]) -> None:
    server = script({})
    token = MailOptions.read({**VALUES, "smtp_port": str(server.port)}, {"token": "abc"})
    Submission(token).check()
    refusing = script({"AUTH": "535 expired"})
    token = MailOptions.read({**VALUES, "smtp_port": str(refusing.port)}, {"token": "abc"})
    with pytest.raises(LoginRefused) as caught:
        Submission(token).check()
    assert "token" in caught.value.remedy
