"""The socket that the browsers' native hosts reach the window by: its end."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

_CLOSES_WITH_STRANGERS = """
import json, socket, sys
from pathlib import Path
from PySide6.QtCore import QCoreApplication, QEventLoop, QTimer
from agent_assist.domain.companion import RENDEZVOUS
from agent_assist.ui.companion_link import CompanionLink

def turn(milliseconds):
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()

def open_and_leave(folder):
    link = CompanionLink(folder)
    assert link.listen()
    place = json.loads((folder / RENDEZVOUS).read_text())
    strangers = []
    for _ in range(3):
        strangers.append(socket.socket(socket.AF_UNIX))
        strangers[-1].connect(place["address"])
    while len(link._peers) < 3:
        turn(10)
    link.close()

app = QCoreApplication([])
for _ in range(3):
    open_and_leave(Path(sys.argv[1]))
turn(50)
print("ended")
"""


def test_a_window_that_goes_while_browsers_are_connected_destroys_nothing_twice(tmp_path: Path) -> None:
    """In a process of its own: glibc overwrites what is freed there, so that using it again crashes."""
    ended = subprocess.run(
        [sys.executable, "-c", _CLOSES_WITH_STRANGERS, str(tmp_path)],
        env=os.environ | {"MALLOC_PERTURB_": "165", "XDG_RUNTIME_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.stdout == "ended\n", ended.stderr
