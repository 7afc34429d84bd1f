"""Replies and feedback survive kill -9 at any moment: nothing acknowledged is lost or goes out twice."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from support_store import ticket

from agent_assist.adapters.helpdesks.local import LocalDelivery
from agent_assist.adapters.storage.database import Database
from agent_assist.adapters.storage.outbox import OutboxStore
from agent_assist.adapters.storage.suggestions import SuggestionStore
from agent_assist.adapters.storage.tickets import TicketStore
from agent_assist.domain.outbox import OutboxState
from agent_assist.services.events import EventBus
from agent_assist.services.helpdesks.outbox import OutboxService
from agent_assist.services.options import OptionsService
from agent_assist.services.tickets import TicketService

RUNS = 30
KEY = bytes(range(32))
TESTS = Path(__file__).parents[1]

SENDER = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[3])
import test_outbox_kill as kill
from support_store import suggestion
from agent_assist.domain.feedback import Outcome, OutcomeKind
database = kill.Database(Path(sys.argv[1]), kill.KEY)
outbox, _ = kill.services(database)
feedback = kill.SuggestionStore(database)
outbox.start()
print("ready", flush=True)
for number in range(100_000):
    name = f"{sys.argv[2]}-{number}"
    item = outbox.send("T-1", f"Reply {name}.")
    print("sent", item.id, flush=True)
    feedback.save(suggestion(name))
    feedback.record(Outcome(name, OutcomeKind.ACCEPTED, f"Reply {name}."))
    print("kept", name, flush=True)
"""


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


def services(database: Database) -> tuple[OutboxService, TicketService]:
    """An outbox with no undo time, on the demo desk's delivery."""
    events, clock = EventBus(), SystemClock()
    tickets = TicketService(TicketStore(database), events, clock)
    options = OptionsService(None, events)
    options.change({"outbox.undo_seconds": 0})
    delivery = LocalDelivery(tickets, {}, clock=clock)
    return OutboxService(OutboxStore(database), tickets, delivery, events, clock, options), tickets


def test_kill_at_random_moments_loses_and_doubles_nothing(tmp_path: Path) -> None:
    path = tmp_path / "workspace.db"
    database = Database(path, KEY)
    TicketStore(database).save([ticket("T-1")])
    database.close()
    dice = random.Random(20261122)
    acknowledged: list[str] = []
    kept: list[str] = []
    for run in range(RUNS):
        for kind, name in _run_and_kill(path, run, dice.uniform(0, 0.15)):
            (acknowledged if kind == "sent" else kept).append(name)
    assert acknowledged
    assert kept

    database = Database(path, KEY)
    outbox, tickets = services(database)
    outbox.start()
    deadline = time.monotonic() + 60
    while outbox.pending() and time.monotonic() < deadline:
        time.sleep(0.05)
    outbox.close()
    thread = tickets.get("T-1")
    assert thread is not None
    ids = Counter(message.id for message in thread.messages)
    texts = Counter(message.text for message in thread.messages)
    assert [name for name in acknowledged if ids[name] != 1] == []
    assert max(texts.values()) == 1
    assert all(outbox.get(name).state is OutboxState.SENT for name in acknowledged)  # type: ignore[union-attr]
    store = SuggestionStore(database)
    assert [name for name in kept if store.outcome(name) is None] == []
    check = database.read(lambda t: t.conn.execute("PRAGMA integrity_check").fetchall())
    assert check == [("ok",)]
    database.close()


def _run_and_kill(path: Path, run: int, after: float) -> list[tuple[str, str]]:
    """What one process acknowledged until it was killed `after` seconds from being ready."""
    process = subprocess.Popen(
        [sys.executable, "-c", SENDER, path, str(run), Path(__file__).parent],
        env=os.environ | {"PYTHONPATH": str(TESTS)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline().strip() == "ready"
    time.sleep(after)
    process.kill()
    output, _ = process.communicate()
    # The last line may be cut: what was not told whole was not acknowledged.
    lines = [line.split() for line in output.splitlines(keepends=True) if line.endswith("\n")]
    return [(kind, name) for kind, name in lines]
