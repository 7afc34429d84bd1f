"""A real Roundup, for its 429 and 412: a tracker of its own in a temporary folder, served by a child."""

from __future__ import annotations

import configparser
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from support_rt import free_port

USER, PASSWORD = "agent", "agentpass123"
CALLS, SECONDS = 6, 6
"""So many requests may be made at once; one more is allowed each second."""

# roundup-server refuses to run as root; the WSGI application that it serves does not mind.
SERVER = """
import sys
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server
from roundup.cgi.wsgi_handler import RequestDispatcher
class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
class Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        pass
application = RequestDispatcher(sys.argv[1])
make_server("127.0.0.1", int(sys.argv[2]), application, Server, Quiet).serve_forever()
"""


@contextmanager
def roundup(folder: Path) -> Iterator[str]:
    """The address of a running tracker with one agent; writing is limited as above."""
    home, port = folder / "tracker", free_port()
    url = f"http://127.0.0.1:{port}"
    _admin(home, "install", "classic", "sqlite")
    options = {
        # Each request brings the password: with the usual number of rounds none would ever be too early.
        "main": {"password_pbkdf2_default_rounds": "1000"},
        "tracker": {"web": f"{url}/"},
        "mail": {"domain": "support.example", "host": "localhost", "debug": str(folder / "mail.log")},
        "web": {"api_calls_per_interval": str(CALLS), "api_interval_in_sec": str(SECONDS)},
    }
    config = configparser.RawConfigParser()
    config.read(home / "config.ini", encoding="utf-8")
    for section, values in options.items():
        for name, value in values.items():
            config.set(section, name, value)
    with (home / "config.ini").open("w", encoding="utf-8") as file:
        config.write(file)
    _admin(home, "initialise", "adminpass123")
    address = f"address={USER}@support.example"
    _admin(home, "create", "user", f"username={USER}", f"password={PASSWORD}", address, "roles=User")
    server = subprocess.Popen([sys.executable, "-c", SERVER, str(home), str(port)])
    try:
        _wait(url)
        yield url
    finally:
        server.kill()
        server.wait()


def _admin(home: Path, *arguments: str) -> None:
    command = [sys.executable, "-m", "roundup.scripts.roundup_admin", "-i", str(home), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def _wait(url: str) -> None:
    for _ in range(200):
        try:
            httpx.get(url, trust_env=False, timeout=10)
            return
        except httpx.TransportError:
            time.sleep(0.05)
    raise AssertionError("Roundup did not start.")
