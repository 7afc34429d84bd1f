"""A real worker process that echoes, counts, hangs and dies on demand."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent_assist.adapters.workers.process import run_worker, worker_command, worker_environment
from agent_assist.adapters.workers.supervisor import Supervisor
from agent_assist.errors import Cancelled, ModelDamaged, WorkerCrashed

WORKER = """
import os, sys, time
from agent_assist.adapters.workers.serve import serve
from agent_assist.errors import ModelDamaged

def echo(request):
    print("noise that must not reach the frames")
    os.write(1, b"more noise")
    return {"text": request.header["text"]}, request.block

def count(request):
    for i in range(request.header["to"]):
        request.emit("number", {"i": i})
        time.sleep(request.header.get("pause", 0))
        request.check()

def deaf(request):
    while not os.path.exists(request.header["until"]):
        time.sleep(0.01)

def fail(request):
    raise ModelDamaged("The file is damaged.", "Get another.")

def bug(request):
    return 1 / 0

def die(request):
    os._exit(7)

def env(request):
    return {"env": dict(os.environ)}

serve({"echo": echo, "count": count, "deaf": deaf, "fail": fail, "bug": bug, "die": die, "env": env})
"""


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    script = tmp_path / "echo_worker.py"
    script.write_text(WORKER, encoding="utf-8")
    return [sys.executable, str(script)]


@pytest.fixture
def supervisor(command: list[str]) -> Iterator[Supervisor]:
    made = Supervisor("echo", command, backoff=(0.02, 0.05), most_crashes=3)
    yield made
    made.close()


def threads_of(name: str) -> list[str]:
    return [t.name for t in threading.enumerate() if t.name.startswith(name)]


def test_answers_with_text_and_bytes_whatever_the_worker_prints(supervisor: Supervisor) -> None:
    header, block = supervisor.ask("echo", {"text": "grüße \x00 🙂"}, b"\x00\x01" * 100_000)
    assert header["text"] == "grüße \x00 🙂"
    assert block == b"\x00\x01" * 100_000


def test_every_event_comes_in_order_and_finished_last(supervisor: Supervisor) -> None:
    events = [header for header, _ in supervisor.call("count", {"to": 5})]
    assert [e.get("i") for e in events] == [0, 1, 2, 3, 4, None]
    assert events[-1]["event"] == "finished"


def test_errors_keep_their_class_sentence_and_remedy(supervisor: Supervisor) -> None:
    with pytest.raises(ModelDamaged, match="damaged") as caught:
        supervisor.ask("fail")
    assert caught.value.remedy == "Get another."
    with pytest.raises(Exception, match="ZeroDivisionError"):
        supervisor.ask("bug")
    with pytest.raises(Exception, match="no operation"):
        supervisor.ask("nonsense")
    assert supervisor.ask("echo", {"text": "still here"})[0]["text"] == "still here"


def test_cancel_comes_back_at_once_and_the_worker_goes_on(supervisor: Supervisor) -> None:
    supervisor.start()
    cancel = threading.Event()
    events = iter(supervisor.call("count", {"to": 100_000, "pause": 0.01}, cancel=cancel))
    next(events)
    cancel.set()
    with pytest.raises(Cancelled):  # long before it has counted so far
        for _ in events:
            pass
    pid = supervisor.pid
    assert supervisor.ask("echo", {"text": "x"})[0]["text"] == "x"
    assert supervisor.pid == pid


def test_cancel_does_not_wait_for_a_deaf_worker(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.start()
    cancel, hears_again = threading.Event(), tmp_path / "hears again"
    call = supervisor.call("deaf", {"until": str(hears_again)}, cancel=cancel)
    threading.Timer(0.1, cancel.set).start()
    with pytest.raises(Cancelled):
        call.result()
    hears_again.touch()
    assert supervisor.ask("echo", {"text": "after"})[0]["text"] == "after"


def test_leaving_the_loop_early_stops_the_request(supervisor: Supervisor) -> None:
    for header, _ in supervisor.call("count", {"to": 100_000, "pause": 0.01}):
        if header["i"] == 2:
            break
    # Counting so far would take longer than a test may.
    assert supervisor.ask("echo", {"text": "free"})[0]["text"] == "free"


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_killed_worker_is_reported_and_started_again(supervisor: Supervisor) -> None:
    supervisor.start()
    first = supervisor.pid
    assert first is not None
    events = iter(supervisor.call("count", {"to": 1000, "pause": 0.01}))
    next(events)
    os.kill(first, signal.SIGKILL)
    with pytest.raises(WorkerCrashed):
        for _ in events:
            pass
    assert supervisor.ask("echo", {"text": "again"})[0]["text"] == "again"
    assert supervisor.pid != first


@pytest.mark.skipif(os.name == "nt", reason="no SIGKILL")
def test_whoever_asks_again_at_once_is_not_given_the_dead_worker(command: list[str]) -> None:
    supervisor = Supervisor("echo", command, backoff=(0.0,), most_crashes=99)
    try:
        for _ in range(6):
            supervisor.ask("echo", {"text": "ready"})
            pid = supervisor.pid
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            block = bytes(1_000_000)  # more than a pipe holds: writing meets the broken pipe
            try:
                answer = supervisor.ask("echo", {"text": "first"}, block)
            except WorkerCrashed:
                answer = supervisor.ask("echo", {"text": "second"}, block)
            assert answer[0]["text"] in ("first", "second")
            assert supervisor.pid != pid
    finally:
        supervisor.close()


def test_gives_up_after_too_many_deaths_until_started_again(command: list[str]) -> None:
    deaths: list[WorkerCrashed] = []
    supervisor = Supervisor("echo", command, backoff=(0.01,), most_crashes=3, on_crash=deaths.append)
    try:
        for _ in range(3):
            with pytest.raises(WorkerCrashed):
                supervisor.ask("die")
        with pytest.raises(WorkerCrashed, match="3 times"):
            supervisor.ask("echo", {"text": "x"})
        assert len(deaths) == 3
        supervisor.start()
        assert supervisor.ask("echo", {"text": "x"})[0]["text"] == "x"
    finally:
        supervisor.close()


def test_every_new_process_is_prepared_before_anyone_else_reaches_it(command: list[str]) -> None:
    prepared: list[int] = []
    supervisor = Supervisor(
        "echo",
        command,
        backoff=(0.01,),
        on_start=lambda w: prepared.append(w.ask("echo", {"text": ""}) and w.pid),
    )
    try:
        supervisor.start()
        with pytest.raises(WorkerCrashed):
            supervisor.ask("die")
        supervisor.ask("echo", {"text": "x"})
        assert prepared[-1] == supervisor.pid
        assert len(prepared) == 2
    finally:
        supervisor.close()


def test_what_preparing_raises_reaches_the_caller(command: list[str]) -> None:
    supervisor = Supervisor("echo", command, on_start=lambda w: w.ask("fail") and None)
    with pytest.raises(ModelDamaged):
        supervisor.ask("echo", {"text": "x"})
    supervisor.close()
    assert supervisor.pid is None


def test_close_waits_for_no_answer_and_leaves_nothing(command: list[str], tmp_path: Path) -> None:
    supervisor = Supervisor("leak", command)
    supervisor.start()
    pid = supervisor.pid
    call = supervisor.call("deaf", {"until": str(tmp_path / "never there")})
    supervisor.close()
    # What the worker had not begun is cancelled by the closing pipe; what it was deaf in dies with it.
    with pytest.raises((WorkerCrashed, Cancelled)):
        call.result()
    with pytest.raises(WorkerCrashed):
        supervisor.ask("echo", {"text": "x"})
    assert threads_of("leak") == []
    with pytest.raises(ProcessLookupError):
        os.kill(pid or 0, 0)


def test_a_program_that_cannot_start_is_a_sentence() -> None:
    supervisor = Supervisor("echo", ["/nowhere/to/be/found"])
    with pytest.raises(WorkerCrashed, match="cannot be started"):
        supervisor.start()
    supervisor.close()


def test_the_worker_ends_when_the_application_dies(command: list[str]) -> None:
    code = (
        "import sys, time\n"
        "from agent_assist.adapters.workers.supervisor import Supervisor\n"
        f"s = Supervisor('echo', {command!r})\n"
        "s.start(); s.call('deaf', {'until': '/never/there'}); print(s.pid, flush=True); time.sleep(60)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, env=worker_environment(), text=True
    )
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and _alive(pid):
        time.sleep(0.05)
    assert not _alive(pid)


def _alive(pid: int) -> bool:
    """A process whose parent died may stay a zombie where nobody collects it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_the_worker_sees_no_secrets(monkeypatch: pytest.MonkeyPatch, supervisor: Supervisor) -> None:
    monkeypatch.setenv("AGENT_ASSIST_PASSPHRASE", "correct horse")
    monkeypatch.setenv("HF_TOKEN", "hf_x")
    monkeypatch.setenv("SOME_API_KEY", "k")
    seen = supervisor.ask("env")[0]["env"]
    assert not {"AGENT_ASSIST_PASSPHRASE", "HF_TOKEN", "SOME_API_KEY"} & set(seen)
    assert seen["HF_HUB_OFFLINE"] == "1"


def test_a_frozen_application_starts_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert worker_command("inference") == [sys.executable, "--worker", "inference"]
    start = "from agent_assist.adapters.workers.process import run_worker; run_worker('inference')"
    supervisor = Supervisor("inference", [sys.executable, "-c", start])
    try:
        assert supervisor.ask("probe")[0]["pid"] == supervisor.pid
    finally:
        supervisor.close()
    with pytest.raises(ValueError, match="no worker"):
        run_worker("nonsense")
