"""Only hosts of configured helpdesks are reached; tried in a process of its own, as the hook stays."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from agent_assist.adapters.network import host_of

SCRIPT = """
import http.server, json, socket, threading, urllib.request
from agent_assist.adapters import network
from agent_assist.adapters.helpdesks.registry import EntryPointRegistry
from agent_assist.domain.helpdesk import Connection

server = http.server.HTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
threading.Thread(target=server.serve_forever, daemon=True).start()
port = server.server_port

def tried(work):
    found = []
    def run():
        try:
            work()
            found.append("reached")
        except OSError as error:
            found.append("refused" if "no host of a configured" in str(error) else str(error))
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return found[0]

def fetch(host):
    return tried(lambda: urllib.request.urlopen(f"http://{host}:{port}/", timeout=5).close())

def dial(host):
    return tried(lambda: socket.create_connection((host, port), 5).close())

def raw():
    def work():
        with socket.socket() as s:
            s.connect(("127.0.0.1", port))
    return tried(work)

report = {"before": fetch("127.0.0.1")}
network.guard()
network.guard()
report["guarded"] = [fetch("127.0.0.1"), dial("localhost"), raw(), fetch("telemetry.example.com")]
with network.unlimited():
    report["pull"] = fetch("127.0.0.1")
report["after the pull"] = fetch("127.0.0.1")
try:
    values = {"url": f"http://127.0.0.1:{port}", "user": "ada"}
    EntryPointRegistry().make(Connection("c", "rt", "RT", values), {}, None)
except Exception:
    pass
report["configured"] = [fetch("127.0.0.1"), raw(), dial("localhost")]
a, b = socket.socketpair()
a.close(); b.close()
print(json.dumps(report))
"""


def test_the_list_is_what_is_configured() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=120, check=True
    )
    assert json.loads(done.stdout) == {
        "before": "reached",
        "guarded": ["refused"] * 4,
        "pull": "reached",
        "after the pull": "refused",
        "configured": ["reached", "reached", "refused"],
    }, done.stderr


@pytest.mark.parametrize(
    ("value", "host"),
    [
        ("https://Help.Shop.example/rt/", "help.shop.example"),
        ("imap.shop.example:993", "imap.shop.example"),
        ("imap.shop.example", "imap.shop.example"),
        ("http://[::1]:8080", "::1"),
        ("ada@shop.example", ""),
        ("two words", ""),
        ("", ""),
        ("http://[broken", ""),
    ],
)
def test_hosts_are_read_from_what_people_type(value: str, host: str) -> None:
    assert host_of(value) == host
