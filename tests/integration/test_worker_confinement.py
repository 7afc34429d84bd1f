"""A worker has no network, no other process and no program to start; models still load and draft."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent_assist.adapters.inference.client import InferenceClient
from agent_assist.adapters.knowledge.client import RetrievalClient
from agent_assist.adapters.workers.confinement import program
from agent_assist.adapters.workers.supervisor import Supervisor
from agent_assist.domain.model import ChatMessage, Finished, GenerationRequest, ModelRecord

linux = pytest.mark.skipif(sys.platform != "linux", reason="the filter is Linux's")

PROBE = """
import ctypes, os, socket, subprocess, sys, threading
from agent_assist.adapters.workers.serve import serve

def attempt(work):
    try:
        work()
    except OSError as error:
        return error.errno
    return 0

def tries(request):
    path = request.header["path"]
    libc = ctypes.CDLL(None, use_errno=True)
    def raw(number, *arguments):
        if libc.syscall(number, *arguments) < 0:
            raise OSError(ctypes.get_errno(), "refused")
    def dial(family, address):
        with socket.socket(family) as s:
            s.connect(address)
    def in_thread(work):
        found = []
        thread = threading.Thread(target=lambda: found.append(attempt(work)))
        thread.start()
        thread.join()
        return found[0]
    def grow():
        with open(path, "wb") as out:
            out.truncate(64 * 2**20)
    return {
        "ipv4": attempt(lambda: dial(socket.AF_INET, ("127.0.0.1", request.header["port"]))),
        "ipv6": attempt(lambda: socket.socket(socket.AF_INET6)),
        "unix": attempt(lambda: dial(socket.AF_UNIX, "/run/nothing")),
        "thread": in_thread(lambda: dial(socket.AF_INET, ("127.0.0.1", request.header["port"]))),
        "program": attempt(lambda: subprocess.run(["/bin/true"])),
        "io_uring": attempt(lambda: raw(425, 1, ctypes.create_string_buffer(120))),
        "parent": attempt(lambda: open(f"/proc/{os.getppid()}/mem", "rb+").read(1) and None),
        "big_file": attempt(grow),
        "pair": attempt(lambda: [s.close() for s in socket.socketpair()]),
        "secrets": [n for n in os.environ if n in ("HF_TOKEN", "DBUS_SESSION_BUS_ADDRESS", "HTTPS_PROXY")],
        "offline": os.environ.get("HF_HUB_OFFLINE", "") + os.environ.get("DO_NOT_TRACK", ""),
    }

serve({"tries": tries})
"""


@pytest.fixture
def server() -> Iterator[int]:
    """A server on this machine that would answer."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


@linux
def test_a_worker_reaches_nothing(tmp_path: Path, server: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HF_TOKEN", "DBUS_SESSION_BUS_ADDRESS", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "x")
    script = tmp_path / "probe.py"
    script.write_text(PROBE)
    supervisor = Supervisor("probe", [sys.executable, str(script)])
    try:
        told, _ = supervisor.ask("protection")
        found, _ = supervisor.ask("tries", {"port": server, "path": str(tmp_path / "big")})
    finally:
        supervisor.close()
    assert (told["network"], told["programs"], told["core_dumps"]) == ("seccomp", True, "off")
    for name in ("ipv4", "ipv6", "unix", "thread", "program", "io_uring"):
        assert found[name] == 1, f"{name}: {found[name]}"
    assert found["big_file"] == 27
    assert found["pair"] == 0
    assert found["secrets"] == []
    assert found["offline"] == "11"


@linux
@pytest.mark.real_model
def test_the_model_loads_and_drafts_behind_the_filter(record: ModelRecord) -> None:
    client = InferenceClient()
    try:
        client.load(record)
        status = Path(f"/proc/{client.pid}/status").read_text()
        assert "Seccomp:\t2" in status
        assert "NoNewPrivs:\t1" in status
        request = GenerationRequest(
            (ChatMessage("system", "You help."), ChatMessage("user", "Say hello.")), max_tokens=8
        )
        events = list(client.generate(request, threading.Event()))
        assert isinstance(events[-1], Finished)
        # Each of its threads, those of llama.cpp included.
        for task in Path(f"/proc/{client.pid}/task").iterdir():
            assert "Seccomp:\t2" in (task / "status").read_text()
    finally:
        client.close()


@linux
@pytest.mark.real_model
def test_the_encoder_loads_and_encodes_behind_the_filter() -> None:
    client = RetrievalClient("")
    try:
        dimension, vectors = client.encode(["Where is my parcel?"])
        assert len(vectors) == 4 * dimension
    finally:
        client.close()


def test_the_filter_is_a_whole_program_for_both_machines() -> None:
    for machine in ("x86_64", "aarch64"):
        code = program(machine)
        assert len(code) % 8 == 0
        assert 0 < len(code) // 8 < 4096
        lines = [code[i : i + 8] for i in range(0, len(code), 8)]
        for place, line in enumerate(lines):
            jump_true, jump_false = line[2], line[3]
            assert place + 1 + max(jump_true, jump_false) <= len(lines)
    with pytest.raises(KeyError):
        program("riscv64")
