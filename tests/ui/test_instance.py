"""A second start, as a real process, finds the first."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtNetwork import QLocalSocket
from PySide6.QtWidgets import QWidget

from agent_assist.ui.instance import Claim, SingleInstance, bring_to_front, instance_name

START = """
import sys
from pathlib import Path
from PySide6.QtCore import QCoreApplication
from agent_assist.ui.instance import SingleInstance
app = QCoreApplication([])
instance = SingleInstance(Path(sys.argv[1]))
print(instance.claim(sys.argv[2], int(sys.argv[3])).value, flush=True)
if sys.argv[4] == "stay":
    instance.activated.connect(lambda argument: print("activated", argument, flush=True))
    app.exec()
"""


@pytest.fixture(autouse=True)
def runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "run"
    folder.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))


def start(
    folder: Path, argument: str = "", timeout_ms: int = 3000, stay: bool = False
) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", START, str(folder), argument, str(timeout_ms), "stay" if stay else "end"],
        stdout=subprocess.PIPE,
        text=True,
    )


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()
    assert process.stdout is not None
    process.stdout.close()


def test_a_second_process_hands_its_argument_to_the_first(tmp_path: Path) -> None:
    first = start(tmp_path, stay=True)
    try:
        assert first_line(first) == "first"
        second = start(tmp_path, "agent-assist://ticket/1042 ü")
        assert second.communicate()[0].strip() == "handed_over"
        assert first_line(first) == "activated agent-assist://ticket/1042 ü"
        other_folder = start(tmp_path / "other")
        assert other_folder.communicate()[0].strip() == "first"
    finally:
        end(first)


def test_what_a_killed_process_left_behind_is_taken_over(tmp_path: Path) -> None:
    first = start(tmp_path, stay=True)
    assert first_line(first) == "first"
    end(first)
    second = start(tmp_path)
    assert second.communicate()[0].strip() == "first"


def test_a_first_process_that_hangs_is_reported_and_not_waited_for_for_ever(
    qapp: object, tmp_path: Path
) -> None:
    holder = SingleInstance(tmp_path)
    assert holder.claim() is Claim.FIRST
    # This thread runs no event loop while the other process waits, as a frozen window would.
    second = start(tmp_path, timeout_ms=400)
    assert second.communicate()[0].strip() == "silent"
    holder.release()
    assert SingleInstance(tmp_path).claim() is Claim.FIRST


@pytest.mark.parametrize("sent", [b"no json\n", b'{"other": 1}\n', b"x" * 10_000])
def test_other_bytes_on_the_socket_do_not_activate_and_do_not_stop_it(
    qtbot: object, tmp_path: Path, sent: bytes
) -> None:
    first = SingleInstance(tmp_path)
    assert first.claim() is Claim.FIRST
    heard: list[str] = []
    first.activated.connect(heard.append)
    socket = QLocalSocket()
    socket.connectToServer(first._address)
    assert socket.waitForConnected(1000)
    socket.write(sent)
    socket.flush()
    qtbot.waitUntil(lambda: socket.state() is QLocalSocket.LocalSocketState.UnconnectedState)  # type: ignore[attr-defined]
    assert heard == []
    second = start(tmp_path, "again")
    qtbot.waitUntil(lambda: heard == ["again"])  # type: ignore[attr-defined]
    assert second.communicate()[0].strip() == "handed_over"
    first.release()


def test_the_name_depends_on_folder_and_user_and_hides_both(tmp_path: Path) -> None:
    name = instance_name(tmp_path, "ada")
    assert name == instance_name(tmp_path / "." / "x" / "..", "ada")
    assert name != instance_name(tmp_path, "bob")
    assert name != instance_name(tmp_path / "x", "ada")
    assert "ada" not in name
    assert len(name) < 40


def test_a_minimised_window_comes_to_the_front(qtbot: object) -> None:
    window = QWidget()
    qtbot.addWidget(window)  # type: ignore[attr-defined]
    window.showMinimized()
    bring_to_front(window)
    assert window.isVisible()
    assert not window.windowState() & Qt.WindowState.WindowMinimized
