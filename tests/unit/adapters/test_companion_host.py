"""The native host: frames, whom it lets in, and the way between a browser and a window's socket."""

from __future__ import annotations

import contextlib
import io
import json
import os
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_assist.adapters.companion.host import FrameError, caller, read_frame, write_frame
from agent_assist.domain.companion import (
    EXTENSION_ID,
    FIREFOX_ID,
    MAX_FROM_BROWSER,
    MAX_TO_BROWSER,
    RENDEZVOUS,
    Hello,
    PageShown,
    Rendezvous,
    Status,
    encode,
)
from agent_assist.errors import BadInput

ORIGIN = f"chrome-extension://{EXTENSION_ID}/"
SHOWN = PageShown(3, "12345678-page.1", "rt", "12")


def framed(data: bytes) -> bytes:
    return struct.pack("=I", len(data)) + data


def test_a_frame_goes_there_and_back() -> None:
    stream = io.BytesIO()
    write_frame(stream, {"text": "Größe 😀"})
    stream.seek(0)
    assert read_frame(stream) == {"text": "Größe 😀"}
    assert read_frame(stream) is None


@pytest.mark.parametrize(
    "data",
    [
        b"\x01",
        struct.pack("=I", 0),
        struct.pack("=I", MAX_FROM_BROWSER + 1) + b"x",
        struct.pack("=I", 0xFFFFFFFF),
        struct.pack("=I", 10) + b"{}",
        framed(b"{"),
        framed(b"\xff\xfe"),
        framed(b"[" * 60_000),
    ],
)
def test_bytes_that_no_browser_sends_are_refused(data: bytes) -> None:
    with pytest.raises(FrameError):
        read_frame(io.BytesIO(data))


@given(st.binary(max_size=200))
@settings(max_examples=100)
def test_any_bytes_are_a_message_the_end_or_refused(data: bytes) -> None:
    with contextlib.suppress(FrameError):
        read_frame(io.BytesIO(data))


def test_a_message_longer_than_a_browser_takes_is_not_sent() -> None:
    with pytest.raises(FrameError):
        write_frame(io.BytesIO(), "x" * MAX_TO_BROWSER)


def test_only_our_extension_is_let_in() -> None:
    assert caller([ORIGIN]) == EXTENSION_ID
    assert caller([ORIGIN, "--parent-window=0"]) == EXTENSION_ID
    assert caller(["/home/ada/host.json", FIREFOX_ID]) == FIREFOX_ID
    own = "abcdefghijklmnopabcdefghijklmnop"
    assert caller([f"chrome-extension://{own}/"], [own]) == own
    for arguments in (
        [],
        [f"chrome-extension://{own}/"],
        [f"chrome-extension://{EXTENSION_ID}"],
        ["https://evil.example/", ORIGIN],
        ["/home/ada/host.json", "other@extension"],
        [FIREFOX_ID],
    ):
        with pytest.raises(BadInput):
            caller(arguments)


class Window:
    """The end that the window has: a socket and the file that leads to it."""

    def __init__(self, folder: Path) -> None:
        self.token = "t" * 40
        self.address = str(folder / "socket")
        self.server = socket.socket(socket.AF_UNIX)
        self.server.bind(self.address)
        self.server.listen()
        self.server.settimeout(20)
        (folder / RENDEZVOUS).write_text(json.dumps(Rendezvous(self.address, self.token).as_json()))

    def accept(self) -> tuple[socket.socket, Any]:
        connection, _ = self.server.accept()
        connection.settimeout(20)
        lines = connection.makefile("r", encoding="utf-8")
        assert json.loads(lines.readline()) == {"token": self.token}
        return connection, lines


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("w")  # a short path: a socket's has a limit


@pytest.fixture
def host(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-P", "-m", "agent_assist", "--workspace", str(folder), "companion", "host"]
    with subprocess.Popen(
        [*command, ORIGIN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ
    ) as process:
        killer = threading.Timer(60, process.kill)
        killer.start()
        yield process
        killer.cancel()
        process.kill()


def said(process: subprocess.Popen[bytes]) -> Any:
    assert process.stdout is not None
    (length,) = struct.unpack("=I", process.stdout.read(4))
    return json.loads(process.stdout.read(length))


def send(process: subprocess.Popen[bytes], data: object) -> None:
    assert process.stdin is not None
    process.stdin.write(framed(json.dumps(data).encode()))
    process.stdin.flush()


@pytest.mark.skipif(sys.platform == "win32", reason="a Unix socket stands for the window here")
def test_it_says_that_no_window_runs_and_finds_the_one_that_comes(
    folder: Path, host: subprocess.Popen[bytes]
) -> None:
    assert said(host) == encode(Status("absent"))
    window = Window(folder)
    connection, lines = window.accept()
    connection.sendall(json.dumps(encode(Status("present"))).encode() + b"\n")
    assert said(host) == encode(Status("present"))
    send(host, encode(SHOWN))
    assert json.loads(lines.readline()) == encode(SHOWN)
    # What the window may not say is dropped, and the next message passes.
    connection.sendall(b'{"v": 1, "type": "eval", "code": "1"}\nnot json\n')
    connection.sendall(b'{"v": 1, "type": "sites", "sites": []}\n')
    assert said(host) == {"v": 1, "type": "sites", "sites": []}
    lines.close()
    connection.close()
    window.server.close()
    assert said(host) == encode(Status("absent"))


@pytest.mark.parametrize("data", [{"v": 2, "type": "hello"}, {"v": 1, "type": "page"}, [], "text"])
def test_it_ends_when_the_browser_says_what_the_extension_never_says(
    host: subprocess.Popen[bytes], data: object
) -> None:
    assert said(host) == encode(Status("absent"))
    send(host, data)
    assert host.wait(20) == 1


def test_it_ends_with_the_browser(host: subprocess.Popen[bytes]) -> None:
    assert said(host) == encode(Status("absent"))
    send(host, encode(Hello("chromium", "0.1.0")))
    assert host.stdin is not None
    host.stdin.close()
    assert host.wait(20) == 0


def test_started_by_anybody_else_it_says_nothing_on_its_output(folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "agent_assist", "companion", "host", "chrome-extension://other/"],
        capture_output=True,
        input=b"",
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout == b""
    assert b"Only the Agent Assist extension" in done.stderr
