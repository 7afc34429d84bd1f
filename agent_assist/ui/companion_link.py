"""Where the browsers' native hosts reach the window: a local socket, and a token only this user can read."""

from __future__ import annotations

import hmac
import json
import logging
import secrets
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from PySide6.QtCore import QObject, QStandardPaths, QTimer, Signal
from PySide6.QtNetwork import QLocalServer, QLocalSocket

from agent_assist.domain.companion import (
    MAX_FROM_BROWSER,
    RENDEZVOUS,
    Rendezvous,
    Status,
    ToBrowser,
    encode,
    from_browser,
)
from agent_assist.files import write_whole
from agent_assist.ui.instance import instance_name

log = logging.getLogger(__name__)
GREETING_MS = 5000
"""Who has not shown the token by then is not a native host."""
MOST_LINKS = 16


@dataclass
class _Peer:
    number: int
    socket: QLocalSocket
    buffer: bytearray = field(default_factory=bytearray)
    known: bool = False


class CompanionLink(QObject):
    """One for each window of a workspace; `close` it with the window."""

    arrived = Signal(int, object)
    """(browser, domain.companion.FromBrowser)"""
    joined = Signal(int)
    lost = Signal(int)

    def __init__(self, folder: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._file = folder / RENDEZVOUS
        name = f"{instance_name(folder)}-c"
        runtime = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.RuntimeLocation)
        if not runtime:
            runtime = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.TempLocation)
        self._address = name if sys.platform == "win32" else str(Path(runtime) / name)
        self._token = secrets.token_urlsafe(32)
        self._peers: dict[QLocalSocket, _Peer] = {}
        self._count = 0
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._on_connection)

    def listen(self) -> bool:
        """Begin; False where that is not possible here, and then there is no companion."""
        QLocalServer.removeServer(self._address)
        if not self._server.listen(self._address):
            log.warning("no companion: %s", self._server.errorString())
            return False
        place = Rendezvous(self._server.fullServerName(), self._token)
        try:
            write_whole(self._file, json.dumps(place.as_json()).encode())
        except OSError as error:
            log.warning("no companion: %s", error)
            self._server.close()
            return False
        return True

    def send(self, peer: int, message: ToBrowser) -> bool:
        """False where that browser is gone."""
        found = next((p for p in self._peers.values() if p.number == peer and p.known), None)
        if found is None:
            return False
        found.socket.write(json.dumps(encode(message)).encode() + b"\n")
        found.socket.flush()
        return True

    def send_all(self, message: ToBrowser) -> None:
        for peer in list(self._peers.values()):
            self.send(peer.number, message)

    @property
    def browsers(self) -> int:
        """How many are connected."""
        return sum(peer.known for peer in self._peers.values())

    def close(self) -> None:
        """Stop listening; the hosts wait for the next window."""
        with suppress(OSError, ValueError):
            place = Rendezvous.from_json(json.loads(self._file.read_text(encoding="utf-8")))
            if place.token == self._token:
                self._file.unlink()
        self._server.close()
        for socket in list(self._peers):
            self._drop(socket)

    # --- inside ---------------------------------------------------------------------------------

    def _on_connection(self) -> None:
        while (socket := self._server.nextPendingConnection()) is not None:
            if len(self._peers) >= MOST_LINKS:
                socket.abort()
                continue
            self._count += 1
            self._peers[socket] = _Peer(self._count, socket)
            socket.readyRead.connect(self._on_ready_read)
            socket.disconnected.connect(self._on_disconnected)
            # A function of Python's own that waits with the socket would hold this object, and let go of it,
            # the socket's parent, in the middle of the socket's end: both would be destroyed twice.
            greeting = QTimer(socket)
            greeting.setSingleShot(True)
            greeting.timeout.connect(self._on_greeting_over)
            greeting.start(GREETING_MS)
            self._read(socket)

    def _on_greeting_over(self) -> None:
        timer = self.sender()
        socket = timer.parent() if timer is not None else None
        if isinstance(socket, QLocalSocket) and (peer := self._peers.get(socket)) and not peer.known:
            self._drop(socket)

    def _on_ready_read(self) -> None:
        sender = self.sender()
        if isinstance(sender, QLocalSocket):
            self._read(sender)

    def _on_disconnected(self) -> None:
        sender = self.sender()
        if isinstance(sender, QLocalSocket):
            self._drop(sender)

    def _drop(self, socket: QLocalSocket) -> None:
        peer = self._peers.pop(socket, None)
        if peer is None:
            return
        socket.abort()
        socket.deleteLater()
        if peer.known:
            self.lost.emit(peer.number)

    def _read(self, socket: QLocalSocket) -> None:
        peer = self._peers.get(socket)
        if peer is None or not socket.bytesAvailable():
            return
        peer.buffer += bytes(socket.readAll().data())
        while (end := peer.buffer.find(b"\n")) >= 0:
            line = bytes(peer.buffer[:end])
            del peer.buffer[: end + 1]
            if len(line) > MAX_FROM_BROWSER or not self._take(peer, line):
                self._drop(socket)
                return
        if len(peer.buffer) > MAX_FROM_BROWSER:
            self._drop(socket)

    def _take(self, peer: _Peer, line: bytes) -> bool:
        """One line; False for what no native host of ours sends."""
        try:
            data = json.loads(line)
            if not peer.known:
                return self._greet(peer, data)
            self.arrived.emit(peer.number, from_browser(data))
        except (ValueError, RecursionError):
            return False
        return True

    def _greet(self, peer: _Peer, data: object) -> bool:
        token = data.get("token") if isinstance(data, dict) else None
        if not isinstance(token, str) or not hmac.compare_digest(token.encode(), self._token.encode()):
            return False
        peer.known = True
        self.send(peer.number, Status("present"))
        self.joined.emit(peer.number)
        return True
