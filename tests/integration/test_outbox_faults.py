"""A reply is neither lost nor sent twice, whatever happens to the helpdesk, the network or the app.

RUNS seeded runs: in most of them a kill is an exception that nothing catches, in KILLS of them it is
SIGKILL to a process of its own.
"""

from __future__ import annotations

import logging
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support_faulty import Fuse, Killed, PassingClock, Services, services
from support_small_helpdesk import FAULTS, MAY_RECORD, Fault, SmallHelpdesk

from agent_assist.adapters.storage.database import Database
from agent_assist.domain.outbox import OutboxState
from agent_assist.errors import ServerUnreachable

RUNS, KILLS = 200, 20
SEED = 20261122
KEY = bytes(range(32))
TESTS = Path(__file__).parents[1]
SETTLE = 30.0
WEIGHTS = [1 if kind in ("silent", "loris", "huge") else 3 for kind in FAULTS]
"""Those that a test has to sit out come less often."""

# Forks an app for each line "folder url name count" and tells its process id: importing everything anew would
# take a second and more for each.
NURSERY = """
import os, sys, time
from datetime import timedelta
from pathlib import Path
import support_faulty as faulty
from agent_assist.adapters.storage.database import Database
from agent_assist.services.helpdesks import courier
courier.FIRST_LOOK = courier.FIRST_RETRY = timedelta(seconds=0.3)
def app(folder, name, count):
    database = Database(Path(folder) / "workspace.db", bytes(range(32)))
    desk = faulty.services(database, faulty.PassingClock(), settle=0.4)
    log = os.open(Path(folder) / "acknowledged", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    desk.outbox.start()
    for number in range(int(count)):
        item = desk.outbox.send(f"small:{number % 3}", f"Reply {name}-{number}.")
        os.write(log, f"{item.id}\\n".encode())
        time.sleep(0.02)
    while desk.outbox.pending():
        time.sleep(0.02)
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        app(*line.split())
        os._exit(0)
    print(child, flush=True)
    os.waitpid(child, 0)
    print("ended", flush=True)
"""


@pytest.fixture
def helpdesk() -> Iterator[SmallHelpdesk]:
    made = SmallHelpdesk()
    made.listen()
    yield made
    made.go_away()


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)


def test_randomised_faults_lose_and_double_nothing(
    tmp_path: Path, helpdesk: SmallHelpdesk, record_testsuite_property: Callable[[str, object], None]
) -> None:
    database = Database(tmp_path / "workspace.db", KEY)
    first = services(database, PassingClock())
    first.connections.add("small", "Small", {"url": helpdesk.url})
    first.close()
    sent = kills = 0
    bad: list[str] = []
    for run in range(RUNS - KILLS):
        one = Run(SEED + run, database, helpdesk)
        one.play()
        sent += len(one.acknowledged)
        kills += one.kills
        bad += one.verdict()
    database.close()
    assert bad == []
    assert max(helpdesk.arrived.values()) == 1
    assert set(helpdesk.met) == set(FAULTS), "each fault was met"
    record_testsuite_property("outbox fault runs", RUNS - KILLS)
    record_testsuite_property("replies acknowledged", sent)
    record_testsuite_property("kills between two steps", kills)
    record_testsuite_property("faults met", dict(helpdesk.met))
    assert sent >= RUNS - KILLS
    assert kills > 50


class Run:
    """One agent's replies through a stretch of bad luck, until all of them have arrived."""

    def __init__(self, seed: int, database: Database, helpdesk: SmallHelpdesk) -> None:
        self.dice = random.Random(seed)
        self.name = str(seed)
        self.database, self.helpdesk = database, helpdesk
        self.clock = PassingClock()
        self.fuse = Fuse()
        self.acknowledged: list[str] = []
        self.kills = 0
        self.desk = self._start()

    def _start(self) -> Services:
        desk = services(self.database, self.clock, SETTLE, self.fuse)
        desk.outbox._settle()  # as `start` does it, whose thread would run in real time
        return desk

    def _fetch(self) -> None:
        """The weather is calm, but a busy machine may take longer than the patience of the faults."""
        for _ in range(20):
            try:
                self.desk.sync.fetch("small", self.name)
            except ServerUnreachable:
                self.clock.pass_time(300)  # the breaker lets the next one through
            else:
                return
        raise AssertionError("the helpdesk does not answer in calm weather")

    def play(self) -> None:
        dice, helpdesk = self.dice, self.helpdesk
        helpdesk.keeps_tokens = dice.random() < 0.6
        helpdesk.plan.clear()
        helpdesk.write(self.name, "customer", "Where is my parcel?")
        self._fetch()
        kinds = dice.choices(FAULTS, WEIGHTS, k=dice.randint(0, 6))
        helpdesk.plan.extend(Fault(k, k in MAY_RECORD and dice.random() < 0.6) for k in kinds)
        self.fuse.left = dice.choice((0, dice.randint(1, 30)))
        same = dice.random() < 0.3
        for number in range(dice.randint(1, 3)):
            self._send("It is on its way." if same else f"Reply {number}.")
        for step in range(60):
            if step > 25:  # the sun comes out
                helpdesk.plan.clear()
                self.fuse.left = 0
            self._step(gone=step < 25 and dice.random() < 0.15)
            if not self.desk.outbox.pending():
                break
            if step == 1 and dice.random() < 0.2:
                helpdesk.write(self.name, "customer", "Any news?")
            if not self.fuse.left and dice.random() < 0.2:
                self.fuse.left = dice.randint(1, 12)
        self.desk.close()

    def verdict(self) -> list[str]:
        """A sentence for each reply that was lost or came twice."""
        counts = [(i, self.helpdesk.arrived[i], self.desk.outbox.get(i)) for i in self.acknowledged]
        return [
            f"run {self.name}: {identity} arrived {count} times, {item and item.state}"
            for identity, count, item in counts
            if count != 1 or item is None or item.state is not OutboxState.SENT
        ]

    def _send(self, text: str) -> None:
        try:
            self.acknowledged.append(self.desk.outbox.send(f"small:{self.name}", text).id)
        except Killed:
            self._again()

    def _step(self, *, gone: bool) -> None:
        if gone:
            self.helpdesk.go_away()
        try:
            self.desk.outbox.deliver_due()
            for item in self.desk.outbox.pending():
                if item.state is OutboxState.CHANGED:  # the agent has read what is new
                    self.desk.outbox.send_anyway(item.id)
        except Killed:
            self._again()
        self.helpdesk.listen()
        # The helpdesk settles within the time that the product allows it; here that time just passes.
        self.helpdesk.rest()
        self.clock.pass_time(self.dice.choice((6, 20, SETTLE + 1, 120)))

    def _again(self) -> None:
        self.kills += 1
        self.desk.close()
        self.desk = self._start()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")
def test_sigkill_at_random_moments_loses_and_doubles_nothing(
    tmp_path: Path, helpdesk: SmallHelpdesk, record_testsuite_property: Callable[[str, object], None]
) -> None:
    dice = random.Random(SEED)
    database = Database(tmp_path / "workspace.db", KEY)
    first = services(database, PassingClock())
    first.connections.add("small", "Small", {"url": helpdesk.url})
    for ticket in ("0", "1", "2"):
        helpdesk.write(ticket, "customer", "Where is my parcel?")
        first.sync.fetch("small", ticket)
    first.close()
    database.close()
    nursery = subprocess.Popen(
        [sys.executable, "-c", NURSERY],
        env=os.environ | {"PYTHONPATH": str(TESTS)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert nursery.stdin is not None
    assert nursery.stdout is not None
    for run in range(KILLS + 1):
        last = run == KILLS
        helpdesk.plan.clear()
        if not last:
            kinds = [
                dice.choice(("reset", "500", "short", "late", "busy")) for _ in range(dice.randint(0, 3))
            ]
            helpdesk.plan.extend(Fault(k, k in MAY_RECORD and dice.random() < 0.6) for k in kinds)
        nursery.stdin.write(f"{tmp_path} {run} {0 if last else 200}\n")
        nursery.stdin.flush()
        child = int(nursery.stdout.readline())
        if not last:
            time.sleep(dice.uniform(0.03, 0.45))
            os.kill(child, signal.SIGKILL)
        assert nursery.stdout.readline() == "ended\n"
        helpdesk.rest()
    nursery.stdin.close()
    assert nursery.wait() == 0
    acknowledged = (tmp_path / "acknowledged").read_text(encoding="utf-8").split()
    counts = Counter(helpdesk.arrived)
    assert [identity for identity in acknowledged if counts[identity] != 1] == []
    assert max(counts.values()) == 1
    assert len(acknowledged) >= KILLS
    record_testsuite_property("sigkill runs", KILLS)
    record_testsuite_property("replies acknowledged before a sigkill", len(acknowledged))
