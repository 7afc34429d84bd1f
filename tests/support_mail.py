"""A real mail server for tests: Dovecot and Exim with configurations of their own in a temporary folder.

Mails to *@support.example and *@customer.example lie in Maildirs that Dovecot serves; nothing leaves the
machine.  As root the servers run as Exim's user, else as the one who runs the tests.
"""

from __future__ import annotations

import contextlib
import getpass
import os
import pwd
import shutil
import smtplib
import socket
import ssl
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from email.utils import formatdate
from pathlib import Path

import pytest
from imapclient import IMAPClient
from support_certificates import self_signed
from support_mail_config import DOVECOT, DOVECOT_TOKENS, EXIM, EXIM_TOKENS, OAUTH2
from support_rt import free_port
from support_servers import absent, require

ADDRESS, PASSWORD = "support@support.example", "mailpass123"
CARLA, DAN = "carla@customer.example", "dan@customer.example"


class MailServer:
    """Dovecot and Exim in `folder`, on free ports of this machine."""

    def __init__(self, folder: Path, tokens: str = "") -> None:
        """`tokens` is the address that says of a token whether it is good; without one there are none."""
        self.folder, self._tokens = folder, tokens
        self.imap, self.imaps, self.smtp = free_port(), free_port(), free_port()
        self._processes: list[subprocess.Popen[bytes]] = []

    @property
    def certificates(self) -> Path:
        return self.folder / "cert.pem"

    def prepare(self) -> None:
        root = os.geteuid() == 0
        user = "Debian-exim" if root else getpass.getuser()
        account = pwd.getpwnam(user)
        for name in ("run", "state", "mail", "spool", "log"):
            (self.folder / name).mkdir()
        for name in ("support", "carla", "dan"):
            (self.folder / "mail" / name).mkdir()
        certificate, key = self_signed()
        (self.folder / "cert.pem").write_bytes(certificate)
        (self.folder / "key.pem").write_bytes(key)
        (self.folder / "key.pem").chmod(0o600)
        values = {
            "folder": self.folder,
            "user": user,
            "group": account.pw_gid,
            "internal": "dovecot" if root else user,
            "internal_group": "dovecot" if root else account.pw_gid,
            "login": "dovenull" if root else user,
            "password": PASSWORD,
            "imap": self.imap,
            "imaps": self.imaps,
            "smtp": self.smtp,
        }
        dovecot, exim = DOVECOT, EXIM
        if self._tokens:
            values |= {"tokens": self._tokens, "introspection": self._tokens.removeprefix("http://")}
            dovecot, exim = DOVECOT_TOKENS + DOVECOT, EXIM + EXIM_TOKENS
            (self.folder / "oauth2.conf").write_text(OAUTH2.format(**values), encoding="utf-8")
        (self.folder / "dovecot.conf").write_text(dovecot.format(**values), encoding="utf-8")
        (self.folder / "exim.conf").write_text(exim.format(**values), encoding="utf-8")
        self.folder.chmod(0o755)
        if root:
            for path in (self.folder / "mail", self.folder / "spool", self.folder / "log"):
                for entry in (path, *path.rglob("*")):
                    os.chown(entry, account.pw_uid, account.pw_gid)
            for name in ("key.pem", "cert.pem"):
                os.chown(self.folder / name, account.pw_uid, account.pw_gid)

    def start(self) -> None:
        commands = (
            ["/usr/sbin/dovecot", "-F", "-c", f"{self.folder}/dovecot.conf"],
            ["/usr/sbin/exim4", "-C", f"{self.folder}/exim.conf", "-bdf", "-q1m"],
        )
        for command in commands:
            log = (self.folder / f"{Path(command[0]).name}.out").open("wb")
            with log:
                self._processes.append(subprocess.Popen(command, stdout=log, stderr=log))
        for port in (self.imap, self.smtp):
            until(lambda port=port: _answers(port), 15)

    def stop(self) -> None:
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            process.wait(20)
        self._processes.clear()

    def wipe(self) -> None:
        """No mail anywhere."""
        for user in ("support", "carla", "dan"):
            with self.client(user) as client:
                for _, _, name in client.list_folders():
                    client.select_folder(name)
                    client.delete_messages(client.search())
                    client.expunge()

    def send(
        self,
        sender: str,
        subject: str,
        text: str,
        identity: str,
        *,
        to: str = ADDRESS,
        references: str = "",
        **headers: str,
    ) -> None:
        """A customer writes."""
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"], mail["Message-ID"] = sender, to, subject, identity
        mail["Date"] = formatdate()
        if references:
            mail["In-Reply-To"], mail["References"] = references.split()[-1], references
        for name, value in headers.items():
            mail[name.replace("_", "-")] = value
        mail.set_content(text)
        self.send_raw(mail.as_bytes(), sender, to)

    def send_raw(self, content: bytes, sender: str = CARLA, to: str = ADDRESS) -> None:
        before = self.count("support")
        with smtplib.SMTP("127.0.0.1", self.smtp, timeout=10) as server:
            server.sendmail(sender, [to], content)
        until(lambda: self.count("support") > before, 15)

    def client(self, user: str = "support") -> IMAPClient:
        client = IMAPClient("127.0.0.1", self.imap, ssl=False, timeout=10)
        client.login(user, PASSWORD)
        return client

    def count(self, user: str, folder: str = "INBOX") -> int:
        """How many mails lie there."""
        with self.client(user) as client:
            return int(client.select_folder(folder, readonly=True)[b"EXISTS"])

    def mails(self, user: str, folder: str = "INBOX") -> list[bytes]:
        with self.client(user) as client:
            client.select_folder(folder, readonly=True)
            found = client.fetch(client.search(), ["BODY.PEEK[]"])
            return [bytes(found[uid][b"BODY[]"]) for uid in sorted(found)]

    def number_anew(self) -> None:
        """The server gives INBOX a new UIDVALIDITY, as after a restored backup."""
        for path in (self.folder / "mail" / "support" / "Maildir").glob("dovecot*"):
            path.unlink()


class Cutter:
    """A way to the SMTP server on which the connection breaks at a chosen moment."""

    def __init__(self, port: int, *, after_dot: bool) -> None:
        """`after_dot`: once the server has all of the mail, else in the middle of it."""
        self._port, self._after_dot = port, after_dot
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.cuts = 0
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with client, socket.create_connection(("127.0.0.1", self._port)) as server:
                self._relay(client, server)

    def _relay(self, client: socket.socket, server: socket.socket) -> None:
        done = threading.Event()

        def back() -> None:
            with contextlib.suppress(OSError):
                while not done.is_set() and (data := server.recv(65536)):
                    if not done.is_set():
                        client.sendall(data)

        thread = threading.Thread(target=back, daemon=True)
        thread.start()
        seen = b""
        in_mail = False
        while data := client.recv(65536):
            in_mail = in_mail or seen[-200:].lower().endswith(b"data\r\n")
            seen += data
            if in_mail and not self._after_dot:
                break
            if in_mail and seen.endswith(b"\r\n.\r\n"):
                done.set()
                server.sendall(data)
                server.settimeout(5)
                with contextlib.suppress(OSError):
                    server.recv(100)  # its answer, which the client never gets
                break
            server.sendall(data)
        done.set()
        self.cuts += 1
        for end in (client, server):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        thread.join(5)


def until(done: Callable[[], bool], seconds: float) -> None:
    """Wait for what another process does; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            pytest.fail(f"it did not happen within {seconds} s")
        time.sleep(0.05)


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as probe:
            probe.settimeout(2)
            return bool(probe.recv(100))
    except (OSError, ssl.SSLError):
        return False


def serve(tokens: str = "") -> Iterator[MailServer]:
    """A running server, for a fixture."""
    require("Dovecot", "Exim")
    # Not in pytest's own folder, into which other users cannot look; short, as sockets are named so.
    folder = Path(tempfile.mkdtemp(prefix="aa-mail-"))
    server = MailServer(folder, tokens)
    try:
        try:
            server.prepare()
            server.start()
        except (pytest.fail.Exception, OSError, KeyError) as error:
            if os.geteuid() == 0:
                raise
            absent(f"Dovecot and Exim do not start for this user: {error}")
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
