"""Synchronising a helpdesk, against the bare HTTP client that reads the same pages.

    .venv/bin/python tests/benchmarks/bench_sync.py [--tickets 5000] [--messages 10] [--work 0.01]

A synthetic helpdesk in a process of its own serves pages of whole tickets.  `--work` is the time in
seconds that it takes for one ticket (a database has to find it): real ones take 1 to 60 ms.  Reported are
the speed of both, its ratio, what one hour of polling (simulated: 180 looks, each with a change) leaves
in memory, and the longest time for which another thread, as the window's, was kept waiting.
"""

from __future__ import annotations

import argparse
import gc
import itertools
import json
import multiprocessing
import random
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import psutil

from agent_assist.adapters.helpdesks.http import HttpSession
from agent_assist.adapters.storage.connections import ConnectionStore
from agent_assist.adapters.storage.database import Database
from agent_assist.adapters.storage.tickets import TicketStore
from agent_assist.adapters.storage.vault import Vault
from agent_assist.domain.helpdesk import Changes, Connection, ConnectionField, ConnectorKind, FieldKind
from agent_assist.domain.ticket import ticket_from_json
from agent_assist.services.events import EventBus
from agent_assist.services.helpdesks.connections import ConnectionService
from agent_assist.services.helpdesks.sync import SyncService
from agent_assist.services.options import OptionsService
from agent_assist.services.tickets import TicketService

PAGE = 50
WORDS = (Path(__file__).parents[2] / "ARCHITECTURE.md").read_text(encoding="utf-8").split()


class Clock:
    def now(self) -> datetime:
        return datetime.now(UTC)


def make_ticket(number: int, messages: int) -> dict[str, Any]:
    dice = random.Random(number)
    begin = datetime(2026, 11, 1, tzinfo=UTC) + timedelta(minutes=number)
    return {
        "id": str(number),
        "subject": " ".join(dice.choices(WORDS, k=6)),
        "customer": {"id": f"c{number}", "name": "Crystal Minh", "email": f"c{number}@example.com"},
        "messages": [
            {
                "id": f"{number}-{i}",
                "role": ("customer", "agent")[i % 2],
                "text": " ".join(dice.choices(WORDS, k=60)),
                "created_at": (begin + timedelta(hours=i)).isoformat(),
                "author": "Crystal Minh",
            }
            for i in range(messages)
        ],
    }


def serve(port: Any, tickets: int, messages: int, work: float) -> None:
    """The helpdesk; its pages are made before the clock runs."""
    pages = [
        json.dumps(
            {
                "tickets": [make_ticket(n, messages) for n in range(at, min(at + PAGE, tickets))],
                "next": at + PAGE,
                "more": at + PAGE < tickets,
            }
        ).encode()
        for at in range(0, tickets, PAGE)
    ]
    looks = itertools.count()

    def changed() -> bytes:
        """After the first look: one ticket of which a text has changed."""
        ticket = make_ticket(0, messages)
        ticket["messages"][-1]["text"] += f" {next(looks)}"
        return json.dumps({"tickets": [ticket], "next": None, "more": False}).encode()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            at = int(parse_qs(urlsplit(self.path).query).get("after", ["0"])[0])
            body = pages[at // PAGE] if at < tickets else changed()
            if at < tickets:
                time.sleep(work * PAGE)
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    port.send(server.server_port)
    server.serve_forever()


class Connector:
    kind = "bench"
    title = "Bench"
    fields = (ConnectionField("url", "Address", kind=FieldKind.URL, required=True),)
    abilities: frozenset[Any] = frozenset()

    def __init__(self, connection: Connection) -> None:
        self.http = HttpSession(connection.values["url"])

    def changes(self, cursor: str, cancel: threading.Event) -> Changes:
        data = self.http.get("tickets", params={"after": cursor or "0"}, cancel=cancel).json()
        tickets = tuple(ticket_from_json(row) for row in data["tickets"])
        following = cursor if data["next"] is None else str(data["next"])
        return Changes(tickets, following, data["more"])

    def close(self) -> None:
        self.http.close()


class Registry:
    def kinds(self) -> list[ConnectorKind]:
        return [ConnectorKind("bench", "Bench", Connector.fields)]

    def make(self, connection: Connection, secrets: Mapping[str, str], clock: Any) -> Any:
        return Connector(connection)


def bare(url: str) -> tuple[int, float]:
    """(tickets, seconds) of a client that reads the pages and keeps nothing."""
    began, at, count = time.perf_counter(), 0, 0
    with httpx.Client() as client:
        while True:
            data = client.get(f"{url}/tickets", params={"after": at}).json()
            count += len(data["tickets"])
            if not data["more"]:
                return count, time.perf_counter() - began
            at = data["next"]


class Watcher(threading.Thread):
    """A thread that wants the processor every 5 ms, as the window does: how late it gets it."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.late: list[float] = []
        self.ended = threading.Event()

    def run(self) -> None:
        while not self.ended.is_set():
            began = time.perf_counter()
            time.sleep(0.005)
            self.late.append(time.perf_counter() - began - 0.005)


def measure(url: str, folder: Path, looks: int) -> dict[str, float]:
    database = Database(folder / "workspace.db", bytes(32))
    events, clock = EventBus(), Clock()
    options = OptionsService(None, events)
    store, tickets = ConnectionStore(database), TicketService(TicketStore(database), events, clock)
    vault = Vault(database, bytes(32), lambda: None, "bench")
    connections = ConnectionService(store, vault, Registry(), events, clock)  # type: ignore[arg-type]
    sync = SyncService(connections, store, tickets, events, clock, options)
    connections.add("bench", "Bench", {"url": url})
    watcher = Watcher()
    watcher.start()
    began, worked = time.perf_counter(), time.process_time()
    count = sync.pull("bench")
    seconds, worked = time.perf_counter() - began, time.process_time() - worked
    watcher.ended.set()
    watcher.join()
    process = psutil.Process()
    memory: list[int] = []
    for look in range(looks):
        sync.pull("bench")
        if look in (looks // 10, looks - 1):
            gc.collect()
            memory.append(process.memory_info().rss)
    sync.close()
    connections.close()
    database.close()
    return {
        "tickets": count,
        "seconds": seconds,
        "cpu_ms": 1000 * worked / max(1, count),
        "late_ms_max": 1000 * max(watcher.late),
        "late_ms_p99": 1000 * statistics.quantiles(watcher.late, n=100)[98],
        "memory_growth_mb": (memory[-1] - memory[0]) / 1e6 if memory else 0.0,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tickets", type=int, default=5000)
    parser.add_argument("--messages", type=int, default=10)
    parser.add_argument("--work", type=float, default=0.01, help="seconds of the server for one ticket")
    parser.add_argument("--looks", type=int, default=180, help="an hour at one look each 20 s")
    wanted = parser.parse_args()
    receive, send = multiprocessing.Pipe(duplex=False)
    arguments = (send, wanted.tickets, wanted.messages, wanted.work)
    server = multiprocessing.Process(target=serve, args=arguments, daemon=True)
    server.start()
    url = f"http://127.0.0.1:{receive.recv()}"
    try:
        count, seconds = bare(url)
        with tempfile.TemporaryDirectory() as folder:
            ours = measure(url, Path(folder), wanted.looks)
    finally:
        server.kill()
    assert count == ours["tickets"] == wanted.tickets
    print(f"bare client   {count / seconds:8.0f} tickets/s  ({seconds:.1f} s)")
    print(f"synchronising {count / ours['seconds']:8.0f} tickets/s  ({ours['seconds']:.1f} s)")
    print(f"ratio         {seconds / ours['seconds']:8.2f}  (at least 0.8)")
    print(f"processor     {ours['cpu_ms']:8.2f} ms a ticket of {wanted.messages} messages")
    print(f"another thread waited at most {ours['late_ms_max']:.0f} ms, p99 {ours['late_ms_p99']:.1f} ms")
    print(f"memory after an hour of polling: {ours['memory_growth_mb']:+.1f} MB")
    sys.exit(seconds / ours["seconds"] < 0.8 or ours["memory_growth_mb"] > 5)


if __name__ == "__main__":
    main()
