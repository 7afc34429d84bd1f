"""A real Request Tracker 5 for tests: Debian's packages, everything of its own in a temporary folder.

The `rt_server` fixture (tests/conftest.py) starts one for a test session.  Customers write through RT's
own mail gateway, and what RT mails to them lies in a mailbox file, so that a test sees both ends.
"""

from __future__ import annotations

import contextlib
import mailbox
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from email.message import EmailMessage, Message
from email.utils import formatdate
from pathlib import Path
from typing import Any

import httpx
from support_servers import require

SERVER = "/usr/share/request-tracker5/libexec/rt-server"
AGENT, PASSWORD = "agent", "agentpass123"
QUEUE = "Support"
DOMAIN = "support.example"

SITE_CONFIG = """\
Set($rtname, '{domain}');
Set($Organization, '{domain}');
Set($CorrespondAddress, 'support@{domain}');
Set($CommentAddress, 'support-comment@{domain}');
Set($WebDomain, '127.0.0.1');
Set($WebPort, {port});
Set($WebPath, '');
Set($Timezone, 'UTC');
Set($DatabaseType, 'SQLite');
Set($DatabaseName, '{var}/rt.sqlite3');
Set($MailCommand, 'mbox');
Set($LogToSyslog, undef);
Set($LogToSTDERR, 'warning');
Set($WebSessionClass, 'Apache::Session::File');
$RT::VarPath = '{var}';
$RT::MasonDataDir = '{var}/mason';
$RT::MasonSessionDir = '{var}/sessions';
1;
"""

# One queue, one group of agents that may work in it, customers who may write to it, and a token.
SEED = """\
@Queues = ({{
    Name => '{queue}', Description => 'Questions of customers',
    CorrespondAddress => 'support@{domain}', CommentAddress => 'support-comment@{domain}',
}});
@Groups = ({{ Name => 'Agents' }});
@Users = map {{ +{{
    Name => $_, EmailAddress => "$_\\@{domain}", RealName => ucfirst($_), Password => '{password}',
    Privileged => 1,
}} }} qw(agent colleague);
@CustomFields = ({{
    Name => 'Order', Type => 'FreeformSingle', LookupType => 'RT::Queue-RT::Ticket', Queue => ['{queue}'],
}});
@ACL = (
    (map {{ +{{ GroupDomain => 'UserDefined', GroupId => 'Agents', Queue => '{queue}', Right => $_ }} }}
        qw(SeeQueue ShowTicket ShowTicketComments ShowOutgoingEmail CreateTicket ReplyToTicket OwnTicket
           CommentOnTicket TakeTicket StealTicket ModifyTicket SeeCustomField ModifyCustomField)),
    (map {{ +{{ GroupDomain => 'UserDefined', GroupId => 'Agents', Right => $_ }} }}
        qw(ModifySelf ManageAuthTokens)),
    (map {{ +{{
        GroupDomain => 'SystemInternal', GroupType => 'Everyone', Queue => '{queue}', Right => $_
    }} }} qw(CreateTicket ReplyToTicket)),
);
push @Final, sub {{
    my $group = RT::Group->new(RT->SystemUser);
    $group->LoadUserDefinedGroup('Agents');
    for my $name (qw(agent colleague)) {{
        my $user = RT::User->new(RT->SystemUser);
        $user->Load($name);
        $group->AddMember($user->PrincipalId);
        my (undef, undef, $token) =
            RT::AuthToken->new(RT->SystemUser)->Create(Owner => $user->Id, Description => 'tests');
        open my $file, '>', "{folder}/$name.token" or die $!;
        print $file $token;
        close $file;
    }}
}};
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class RequestTracker:
    """One server in `folder`; `prepare` once, then `start` and `stop` as often as wanted."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.var = folder / "var"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None
        self._clients: dict[str, httpx.Client] = {}

    @property
    def token(self) -> str:
        return (self.folder / f"{AGENT}.token").read_text(encoding="utf-8")

    @property
    def running(self) -> bool:
        return self._process is not None

    def prepare(self) -> None:
        """Write the configuration and make the database."""
        for name in ("mason", "sessions", "log"):
            (self.var / name).mkdir(parents=True, exist_ok=True)
        (self.folder / "conf.d").mkdir()
        values = {
            "port": self.port,
            "var": self.var,
            "folder": self.folder,
            "domain": DOMAIN,
            "queue": QUEUE,
            "password": PASSWORD,
        }
        self._write("RT_SiteConfig.pm", SITE_CONFIG.format(**values))
        self._write("seed.pl", SEED.format(**values))
        self._write("root.password", "rootpass123\n")
        setup = shutil.which("rt-setup-database-5", path=os.environ.get("PATH", "") + ":/usr/sbin")
        assert setup
        password = f"--root-password-file={self.folder / 'root.password'}"
        self._run([setup, "--action=init", "--skip-create", password])
        self._run([setup, "--action=insert", f"--datafile={self.folder / 'seed.pl'}"])

    def start(self) -> None:
        output = (self.var / "log" / "server.log").open("ab")
        command = [SERVER, "--server", "Starlet", "--host", "127.0.0.1", "--port", str(self.port)]
        self._process = subprocess.Popen(
            [*command, "--max-workers", "2"],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        output.close()
        for _ in range(300):
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"{self.url}/NoAuth/Login.html", trust_env=False, timeout=30).status_code:
                    return
            if self._process.poll() is not None:
                break
            time.sleep(0.1)
        raise RuntimeError((self.var / "log" / "server.log").read_text("utf-8", "replace")[-2000:])

    def stop(self) -> None:
        """Stop the server with its workers; what they were just doing is cut off."""
        while self._clients:
            self._clients.popitem()[1].close()
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def mail(
        self,
        sender: str,
        subject: str,
        text: str,
        *,
        html: str = "",
        attachment: tuple[str, bytes] | None = None,
        command: bool = False,
    ) -> None:
        """A customer's mail through RT's gateway.

        A subject with the `ticket_tag` of a ticket joins that ticket, any other opens a new one.  With
        `command` it goes through rt-mailgate-5, as a mail server would call it; without, as that command
        sends it on, which saves the start of a Perl.
        """
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = sender, f"support@{DOMAIN}", subject
        message["Message-ID"] = f"<{time.time_ns()}@customer.example>"
        message["Date"] = formatdate()
        message.set_content(text)
        if html:
            message.add_alternative(html, subtype="html")
        if attachment:
            name, body = attachment
            message.add_attachment(body, maintype="application", subtype="octet-stream", filename=name)
        if command:
            gateway = ["rt-mailgate-5", "--queue", QUEUE, "--action", "correspond", "--url", f"{self.url}/"]
            subprocess.run(gateway, input=message.as_bytes(), check=True, capture_output=True, timeout=60)
            return
        form = {"queue": (None, QUEUE), "action": (None, "correspond")}
        answer = httpx.post(
            f"{self.url}/REST/1.0/NoAuth/mail-gateway",
            files={**form, "message": ("", message.as_bytes(), "application/octet-stream")},
            trust_env=False,
            timeout=60,
        )
        assert answer.text.startswith("ok"), answer.text

    def ticket_tag(self, ticket: str) -> str:
        """What a subject holds so that RT puts the mail to a ticket."""
        return f"[{DOMAIN} #{ticket}]"

    def newest(self, subject: str) -> str:
        """The id of the newest ticket with this subject."""
        query = f"Subject = '{subject}'"
        found = self.call("GET", "/tickets", params={"query": query, "orderby": "id", "order": "DESC"}).json()
        return str(found["items"][0]["id"])

    def outgoing(self) -> list[Message]:
        """Every mail that RT has sent."""
        return [mail for file in sorted(self.var.glob("*.mbox")) for mail in mailbox.mbox(file)]

    def call(self, method: str, path: str, *, user: str = AGENT, **options: Any) -> httpx.Response:
        """A bare REST 2.0 request, beside the connector under test."""
        if user not in self._clients:
            client = httpx.Client(base_url=self.url, trust_env=False, timeout=60)
            client.post("/NoAuth/Login.html", data={"user": user, "pass": PASSWORD})
            self._clients[user] = client
        answer = self._clients[user].request(method, f"/REST/2.0{path}", **options)
        if answer.status_code == 302:  # the session is gone: the server was made new, or a test took it
            self._clients.pop(user).close()
            return self.call(method, path, user=user, **options)
        return answer

    def take(self, ticket: str, owner: str = AGENT) -> None:
        """Make `owner` the ticket's owner."""
        assert self.call("PUT", f"/ticket/{ticket}", json={"Owner": owner}).status_code == 200

    @property
    def _environment(self) -> dict[str, str]:
        return os.environ | {
            "RT_SITE_CONFIG": str(self.folder / "RT_SiteConfig.pm"),
            "RT_SITE_CONFIG_DIR": str(self.folder / "conf.d"),
        }

    def _write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text, encoding="utf-8")

    def _run(self, command: list[str]) -> None:
        done = subprocess.run(command, env=self._environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def serve(folder: Path) -> Iterator[RequestTracker]:
    """What the session's fixture yields from."""
    require("Request Tracker")
    server = RequestTracker(folder)
    server.prepare()
    server.start()
    try:
        yield server
    finally:
        server.stop()


if __name__ == "__main__":  # PYTHONPATH=tests python -m support_rt FOLDER: a server to look at
    for running in serve(Path(sys.argv[1])):
        sys.stdout.write(f"{running.url} {running.token}\n")
        sys.stdout.flush()
        signal.pause()
