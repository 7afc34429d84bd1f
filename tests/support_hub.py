"""A model hub on this machine: the part of the Hugging Face hub's HTTP interface that a pull uses."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class FakeHub:
    """Serves files by (repo, file); `cut_after` breaks each transfer after that many bytes."""

    def __init__(self) -> None:
        self.files: dict[tuple[str, str], bytes] = {}
        self.gated: set[str] = set()
        self.etag: str | None = None
        """Instead of the file's true sha256."""
        self.cut_after: int | None = None
        self.cuts_left = 0
        self.ranges = True
        self.status: int | None = None
        self.slow: threading.Event | None = None
        self.requests: list[tuple[str, str, str]] = []
        """(method, path, Range header)"""
        self.url = ""

    @contextmanager
    def running(self) -> Iterator[FakeHub]:
        server = _Server(self)
        self.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), name="fake-hub")
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


class _Server(ThreadingHTTPServer):
    def __init__(self, hub: FakeHub) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.hub = hub


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    @property
    def _hub(self) -> FakeHub:
        return self.server.hub

    def log_message(self, *_: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self._hub.requests.append(("HEAD", self.path, ""))
        self._answer(body=False)

    def do_GET(self) -> None:
        self._hub.requests.append(("GET", self.path, self.headers.get("Range", "")))
        self._answer(body=True)

    def _answer(self, *, body: bool) -> None:
        owner, name, _, revision, *rest = self.path.strip("/").split("/")
        repo, file = f"{owner}/{name}", "/".join(rest)
        if self._hub.status is not None:
            return self._refuse(self._hub.status, "")
        if repo in self._hub.gated:
            return self._refuse(403, "GatedRepo")
        if not any(known == repo for known, _ in self._hub.files):
            return self._refuse(401, "RepoNotFound")
        if (repo, file) not in self._hub.files:
            return self._refuse(404, "EntryNotFound")
        self._send(self._hub.files[repo, file], revision, body=body)
        return None

    def _refuse(self, status: int, code: str) -> None:
        self.send_response(status)
        if code:
            self.send_header("X-Error-Code", code)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _send(self, data: bytes, revision: str, *, body: bool) -> None:
        wanted = self.headers.get("Range", "")
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and self._hub.ranges else 0
        self.send_response(206 if start else 200)
        self.send_header("X-Repo-Commit", "0" * 40 if revision == "main" else revision)
        self.send_header("ETag", f'"{self._hub.etag or hashlib.sha256(data).hexdigest()}"')
        self.send_header("Content-Length", str(len(data) - start))
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        self.end_headers()
        if not body:
            return
        end = len(data)
        if self._hub.cut_after is not None and self._hub.cuts_left:
            self._hub.cuts_left -= 1
            end = min(end, start + self._hub.cut_after)
        for at in range(start, end, 65536):
            self.wfile.write(data[at : min(at + 65536, end)])
            if self._hub.slow is not None and at > end // 4:
                self._hub.slow.wait(5)
        if end < len(data):
            self.close_connection = True
            self.connection.close()
