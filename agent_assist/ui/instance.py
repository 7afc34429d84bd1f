"""One window per workspace: a second start brings the first window to the front.

The first process holds a lock file and listens on a local socket, both in the user's own runtime
folder, both named after the workspace.  A later one finds the lock taken, hands its argument over
and ends.  A lock or socket that a killed process left behind is taken over.
"""

from __future__ import annotations

import getpass
import hashlib
import json
import sys
import time
from enum import Enum
from pathlib import Path

from PySide6.QtCore import QLockFile, QObject, QStandardPaths, Qt, Signal
from PySide6.QtNetwork import QLocalServer, QLocalSocket
from PySide6.QtWidgets import QWidget

MAX_MESSAGE = 8192
"""Bytes; longer messages are not from this program."""
_ACK = b"ok\n"


class Claim(Enum):
    """What `SingleInstance.claim` found."""

    FIRST = "first"
    HANDED_OVER = "handed_over"
    """Another window has this workspace; it has been brought to the front."""
    SILENT = "silent"
    """Another process has this workspace and does not answer."""


def instance_name(folder: Path, user: str | None = None) -> str:
    """A short name, the same for every start of this user on this workspace."""
    who = getpass.getuser() if user is None else user
    key = f"{who}\0{folder.expanduser().resolve()}".encode("utf-8", "surrogatepass")
    return f"agent-assist-{hashlib.sha256(key).hexdigest()[:16]}"


class SingleInstance(QObject):
    """Call `claim` once, before the workspace is opened; keep the object as long as the window."""

    activated = Signal(str)
    """Another start asked for this window; carries its argument, "" for none."""

    def __init__(self, folder: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        name = instance_name(folder)
        runtime = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.RuntimeLocation)
        if not runtime:
            runtime = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.TempLocation)
        # Windows' named pipes have no folder; elsewhere the user's own folder keeps others away.
        self._address = name if sys.platform == "win32" else str(Path(runtime) / name)
        self._lock = QLockFile(str(Path(runtime) / f"{name}.lock"))
        # Only the end of the process that holds it makes a lock stale, never its age.
        self._lock.setStaleLockTime(0)
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._on_connection)
        self._received: dict[QLocalSocket, bytearray] = {}

    def claim(self, argument: str = "", timeout_ms: int = 3000) -> Claim:
        """Become the first, or hand `argument` to the one that is; waits at most `timeout_ms`."""
        deadline = time.monotonic() + timeout_ms / 1000
        while True:
            if self._lock.tryLock(0):
                QLocalServer.removeServer(self._address)
                self._server.listen(self._address)
                return Claim.FIRST
            left = int((deadline - time.monotonic()) * 1000)
            if left <= 0:
                return Claim.SILENT
            if self._hand_over(argument, left):
                return Claim.HANDED_OVER
            # The first one holds the lock and may not listen yet, or is just ending.
            time.sleep(0.05)

    def release(self) -> None:
        """Let another process become the first."""
        self._server.close()
        self._lock.unlock()

    def _hand_over(self, argument: str, timeout_ms: int) -> bool:
        socket = QLocalSocket()
        socket.connectToServer(self._address)
        if not socket.waitForConnected(timeout_ms):
            return False
        socket.write(json.dumps({"activate": argument[: MAX_MESSAGE // 8]}).encode() + b"\n")
        socket.flush()
        answer = b""
        deadline = time.monotonic() + timeout_ms / 1000
        while not answer.endswith(_ACK) and (left := int((deadline - time.monotonic()) * 1000)) > 0:
            if not socket.waitForReadyRead(left):
                break
            answer += bytes(socket.readAll().data())
        socket.disconnectFromServer()
        return answer.endswith(_ACK)

    def _on_connection(self) -> None:
        while (socket := self._server.nextPendingConnection()) is not None:
            self._received[socket] = bytearray()
            socket.readyRead.connect(self._on_ready_read)
            socket.disconnected.connect(self._on_disconnected)
            if socket.bytesAvailable():
                self._read(socket)

    def _on_ready_read(self) -> None:
        sender = self.sender()
        if isinstance(sender, QLocalSocket):
            self._read(sender)

    def _on_disconnected(self) -> None:
        sender = self.sender()
        if isinstance(sender, QLocalSocket):
            self._received.pop(sender, None)
            sender.deleteLater()

    def _read(self, socket: QLocalSocket) -> None:
        buffer = self._received.get(socket)
        if buffer is None:
            return
        buffer += bytes(socket.readAll().data())
        if len(buffer) > MAX_MESSAGE:
            socket.abort()
            return
        line, newline, _rest = bytes(buffer).partition(b"\n")
        if not newline:
            return
        try:
            message = json.loads(line)
            argument = message["activate"]
        except (ValueError, KeyError, TypeError):
            socket.abort()
            return
        socket.write(_ACK)
        socket.flush()
        buffer.clear()
        self.activated.emit(argument if isinstance(argument, str) else "")


def bring_to_front(window: QWidget) -> None:
    """Show `window` above the others, out of the tray or the task bar if need be."""
    window.setWindowState(window.windowState() & ~Qt.WindowState.WindowMinimized)
    window.show()
    window.raise_()
    window.activateWindow()
