"""A proxy of our own: HTTP CONNECT or SOCKS 5, with or without a login, which writes down whom it reached."""

from __future__ import annotations

import base64
import contextlib
import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Proxy(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, login: str = "", *, refuse: bool = False) -> None:
        self.login, self.refuse = login, refuse
        self.reached: list[tuple[str, int]] = []
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def port(self) -> int:
        return int(self.server_address[1])


@contextmanager
def serving_proxy(login: str = "", *, refuse: bool = False) -> Iterator[Proxy]:
    """`login` is `user:password`, empty for none; `refuse` lets nobody through."""
    with Proxy(login, refuse=refuse) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


class _Handler(socketserver.StreamRequestHandler):
    server: Any

    def handle(self) -> None:
        first = self.rfile.read(1)
        reach = self._socks() if first == b"\x05" else self._http(first)
        if reach is None:
            return
        self.server.reached.append(reach)
        with socket.create_connection(("127.0.0.1", reach[1])) as far:
            threading.Thread(target=_copy, args=(far, self.connection), daemon=True).start()
            _copy(self.connection, far)

    def _http(self, first: bytes) -> tuple[str, int] | None:
        line = (first + self.rfile.readline()).decode()
        headers = {}
        while (header := self.rfile.readline().decode().strip()) != "":
            name, _, value = header.partition(":")
            headers[name.lower()] = value.strip()
        wanted = "Basic " + base64.b64encode(self.server.login.encode()).decode()
        if self.server.login and headers.get("proxy-authorization") != wanted:
            self.wfile.write(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
            return None
        if self.server.refuse:
            self.wfile.write(b"HTTP/1.1 403 Forbidden\r\n\r\n")
            return None
        host, _, port = line.split()[1].rpartition(":")
        self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        return host, int(port)

    def _socks(self) -> tuple[str, int] | None:
        """RFC 1928: the methods, the request with a name or an address, the answer."""
        self.rfile.read(self.rfile.read(1)[0])
        self.wfile.write(b"\x05\x00")
        _, _, _, kind = self.rfile.read(4)
        host = (
            socket.inet_ntoa(self.rfile.read(4))
            if kind == 1
            else self.rfile.read(self.rfile.read(1)[0]).decode()
        )
        port = int.from_bytes(self.rfile.read(2), "big")
        code = 2 if self.server.refuse else 0
        self.wfile.write(bytes([5, code, 0, 1]) + bytes(6))
        return None if code else (host, port)


def _copy(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
