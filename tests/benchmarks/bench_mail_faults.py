"""Replies through a mail server whose connection breaks anywhere: is one lost, does one arrive twice?

Usage: python tests/benchmarks/bench_mail_faults.py [RUNS] [SEED]     (real Dovecot and Exim; about 2 s a run)
Each run sends one reply as the outbox does, while the way to the SMTP server is cut after a random number
of bytes or answers (also just before the last one), the IMAP connection breaks, and the application ends
and starts anew.  Exit code 1 where a reply was lost or doubled, for the customer or among the sent mails.
"""

from __future__ import annotations

import contextlib
import email
import random
import socket
import sys
import threading
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "tests" / "integration")]

from support_mail import CARLA, MailServer, serve  # noqa: E402
from test_mailbox import connect, look  # noqa: E402

from agent_assist.adapters.helpdesks import mail, mail_index  # noqa: E402
from agent_assist.adapters.helpdesks.mail import MailConnector  # noqa: E402
from agent_assist.errors import AgentAssistError, DeliveryUncertain  # noqa: E402

SETTLE = 4.0
MOST_TRIES = 15


class Way:
    """A way to the SMTP server that breaks once when it was told to."""

    def __init__(self, port: int, chance: random.Random) -> None:
        self._target, self._chance = port, chance
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._mode = ""
        threading.Thread(target=self._serve, daemon=True).start()

    def arm(self) -> None:
        self._mode = self._chance.choice(["bytes", "answers", "answers", "last answer"])

    def _serve(self) -> None:
        while True:
            client, _ = self._listener.accept()
            threading.Thread(target=self._relay, args=(client,), daemon=True).start()

    def _relay(self, client: socket.socket) -> None:
        mode, self._mode = self._mode, ""
        server = socket.create_connection(("127.0.0.1", self._target))
        left = self._chance.randrange(0, 1500) if mode == "bytes" else sys.maxsize
        answers = self._chance.randrange(0, 9) if mode == "answers" else sys.maxsize

        def cut() -> None:
            for end in (client, server):
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

        def back() -> None:
            count = 0
            with contextlib.suppress(OSError):
                while data := server.recv(65536):
                    count += 1
                    if count > answers or (mode == "last answer" and b"OK id=" in data):
                        break
                    client.sendall(data)
            cut()

        threading.Thread(target=back, daemon=True).start()
        with contextlib.suppress(OSError):
            while left > 0 and (data := client.recv(65536)):
                server.sendall(data[:left])
                left -= len(data)
        cut()


class Desk:
    """An application that sends, is killed and starts anew."""

    def __init__(self, server: MailServer, way: Way, chance: random.Random) -> None:
        self._server, self._way, self._chance = server, way, chance
        self.counts: Counter[str] = Counter()
        self.connector = self._connect()

    def _connect(self) -> MailConnector:
        return connect(self._server, smtp_port=str(self._way.port))

    def disturb(self, attempt: int) -> None:
        if attempt < 3 and self._chance.random() < 0.8:
            self._way.arm()
        if attempt and self._chance.random() < 0.2:
            self.connector.close()
            self.connector = self._connect()
            self.counts["restarted"] += 1
        if self._chance.random() < 0.1:
            with contextlib.suppress(Exception):
                self.connector._mailbox._client.socket().shutdown(socket.SHUT_RDWR)  # type: ignore[union-attr]

    def send(self, ticket: str, number: int) -> bool:
        """As the outbox does: looked for before each further try, and given time to arrive."""
        token, text = f"fault-token-{number:05d}", f"Reply {number} " + "x" * self._chance.randrange(800)
        since = datetime.now(UTC) - timedelta(minutes=10)
        unsure: float | None = None
        for attempt in range(MOST_TRIES):
            self.disturb(attempt)
            try:
                if attempt:
                    if self.connector.find_reply(ticket, token, text, since) is not None:
                        return True
                    if unsure is not None and time.monotonic() - unsure < SETTLE:
                        time.sleep(1)
                        continue
                self.connector.reply(ticket, text, token)
                return True
            except DeliveryUncertain:
                self.counts["uncertain"] += 1
                unsure = unsure or time.monotonic()
                time.sleep(1)
            except AgentAssistError:
                self.counts["failed"] += 1
        return False


def tokens(server: MailServer, user: str, folder: str = "INBOX") -> Counter[str]:
    found = (email.message_from_bytes(m)["X-Agent-Assist-Token"] for m in server.mails(user, folder))
    return Counter(token for token in found if token)


def main(runs: int, seed: int) -> int:
    mail.PROOF_SECONDS, mail.SETTLED = 2.0, timedelta(seconds=SETTLE)
    chance = random.Random(seed)
    running = serve()
    server = next(running)
    try:
        server.send(f"Carla <{CARLA}>", "Reset", "Expired", "<f1@customer.example>")
        desk = Desk(server, Way(server.smtp, chance), chance)
        ticket = look(desk.connector)[0]["Reset"].id
        begun = time.monotonic()
        unsent = sum(not desk.send(ticket, number) for number in range(runs))
        desk.connector.close()
        mail_index._SENDER_FILES = timedelta(0)
        last = connect(server)
        for _ in range(3):
            look(last)
        last.close()
        bad = 0
        for name, found in (
            ("customer", tokens(server, "carla")),
            ("sent", tokens(server, "support", "Sent")),
        ):
            lost, doubled = runs - unsent - len(found), sum(count > 1 for count in found.values())
            print(f"{name}: {lost} lost, {doubled} doubled of {runs}")
            bad += abs(lost) + doubled
        rest = sum(tokens(server, "support").values())
        print(f"copies left in the mailbox: {rest}; gave up: {unsent}; {dict(desk.counts)}")
        print(f"{time.monotonic() - begun:.0f} s")
        return int(bool(bad or rest or unsent))
    finally:
        running.close()


if __name__ == "__main__":
    sys.exit(main(*(int(a) for a in [*sys.argv[1:], *("200", "1")[len(sys.argv) - 1 :]])))
