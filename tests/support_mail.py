"""A real mail server for tests: Dovecot and Exim with configurations of their own in a temporary folder.

Mails to *@support.example and *@customer.example lie in Maildirs that Dovecot serves; nothing leaves the
machine.  As root the servers run as Exim's user, else as the one who runs the tests.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import getpass
import ipaddress
import os
import pwd
import shutil
import smtplib
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from email.utils import formatdate
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from imapclient import IMAPClient
from support_rt import PACKAGING, absent, free_port

ADDRESS, PASSWORD = "support@support.example", "mailpass123"
CARLA, DAN = "carla@customer.example", "dan@customer.example"

DOVECOT = """\
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
protocols = imap
listen = 127.0.0.1
ssl = yes
ssl_cert = <{folder}/cert.pem
ssl_key = <{folder}/key.pem
disable_plaintext_auth = no
auth_failure_delay = 0
default_internal_user = {internal}
default_internal_group = {internal_group}
default_login_user = {login}
first_valid_uid = 0
mail_location = maildir:~/Maildir
mail_home = {folder}/mail/%n
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={folder}/mail/%n allow_all_users=yes
}}
namespace inbox {{
  inbox = yes
  mailbox Sent {{
    auto = subscribe
    special_use = \\Sent
  }}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    address = 127.0.0.1
    port = {imap}
  }}
  inet_listener imaps {{
    address = 127.0.0.1
    port = {imaps}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
"""
# Logins by token too: an authorisation server's introspection (RFC 7662) says whether it is good.
DOVECOT_TOKENS = """\
auth_mechanisms = plain login xoauth2
passdb {{
  driver = oauth2
  mechanisms = xoauth2
  args = {folder}/oauth2.conf
}}
"""
OAUTH2 = """\
introspection_mode = auth
introspection_url = {tokens}/introspect
username_attribute = user
active_attribute = active
active_value = true
"""
EXIM_TOKENS = """\
xoauth2:
  driver = plaintext
  public_name = XOAUTH2
  server_prompts = :
  server_condition = ${{if match{{$auth1}}{{\\NBearer ([\\w-]+)\\N}}{{${{if match{{\\
    ${{readsocket{{inet:{introspection}}}\\
      {{GET /introspect HTTP/1.0\\r\\nAuthorization: Bearer $1\\r\\n\\r\\n}}{{5s}}{{ }}{{}}}}\\
    }}{{^HTTP/1.. 200}}{{yes}}{{no}}}}}}{{no}}}}
  server_set_id = support
"""
EXIM = """\
primary_hostname = mx.support.example
local_interfaces = 127.0.0.1
daemon_smtp_ports = {smtp}
spool_directory = {folder}/spool
log_file_path = {folder}/log/%slog
pid_file_path = {folder}/exim.pid
deliver_drop_privilege = true
tls_advertise_hosts = *
tls_certificate = {folder}/cert.pem
tls_privatekey = {folder}/key.pem
auth_advertise_hosts = *
host_lookup =
rfc1413_query_timeout = 0s
acl_smtp_rcpt = acl_rcpt
acl_smtp_data = accept
never_users =
keep_environment =
message_size_limit = 20M
begin acl
acl_rcpt:
  deny local_parts = refused
       message = mailbox unavailable
  accept authenticated = *
  accept domains = support.example
  deny message = authentication required to relay
begin routers
maildirs:
  driver = accept
  domains = support.example : customer.example
  local_parts = support : carla : dan
  transport = to_maildir
deadend:
  driver = redirect
  data = :fail: no outside delivery from this test server
  allow_fail
begin transports
to_maildir:
  driver = appendfile
  directory = {folder}/mail/$local_part_data/Maildir
  maildir_format
  create_directory
  directory_mode = 0700
  delivery_date_add
  return_path_add
begin retry
* * F,1h,1m
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${{if and{{{{eq{{$auth2}}{{support}}}}{{eq{{$auth3}}{{{password}}}}}}}}}
  server_set_id = $auth2
"""


def require() -> None:
    """Install the servers where we may; else skip, or fail in CI."""
    sys.path.insert(0, str(PACKAGING))
    try:
        from system_packages import ensure_servers

        missing = ensure_servers(["IMAP server", "mail transfer agent"])
    finally:
        sys.path.remove(str(PACKAGING))
    if missing:
        absent("Dovecot or Exim is not installed: as root, `make test` installs both on Debian and Ubuntu.")


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
        write_certificate(self.folder)
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


def write_certificate(folder: Path) -> None:
    """A certificate for this machine that nobody has vouched for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    (folder / "key.pem").chmod(0o600)


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
    require()
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
