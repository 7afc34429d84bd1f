"""The native messaging host: a small process that a browser starts, between the extension and the window.

The browser speaks frames of a 4-byte length and JSON over the standard streams, the window lines of JSON
over a local socket.  Every message is read and written anew on its way: what is not declared in
`domain.companion` does not pass.  Format of the frames: the browsers' native messaging documentation.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import struct
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from agent_assist.domain.companion import (
    EXTENSION_ID,
    FIREFOX_ID,
    MAX_FROM_BROWSER,
    MAX_TO_BROWSER,
    RENDEZVOUS,
    Rendezvous,
    Status,
    encode,
    from_browser,
    to_browser,
)
from agent_assist.errors import BadInput

RETRY_SECONDS = 1.0
"""How often a window that does not run is looked for: one small file is read."""
_LENGTH = struct.Struct("=I")


class Readable(Protocol):
    """A binary stream, buffered or not."""

    def read(self, count: int, /) -> bytes | None: ...


class FrameError(Exception):
    """Bytes that no browser sends; the host ends."""


def caller(arguments: Sequence[str], extension_ids: Sequence[str] = ()) -> str:
    """Who started the host, by what browsers put on the command line; raises BadInput for anybody else.

    Chromium gives the extension's origin (and on Windows a window's handle), Firefox the path of the
    host's manifest and the extension's id.
    """
    for extension in (EXTENSION_ID, *extension_ids):
        if arguments and arguments[0] == f"chrome-extension://{extension}/":
            return extension
    if len(arguments) >= 2 and arguments[1] == FIREFOX_ID and arguments[0].endswith(".json"):
        return FIREFOX_ID
    raise BadInput(
        "Only the Agent Assist extension may talk to this program.", "It is started by your browser."
    )


def read_frame(stream: Readable) -> Any:
    """The next message of the browser; None at the end.  Raises FrameError."""
    head = _read(stream, _LENGTH.size)
    if not head:
        return None
    if len(head) < _LENGTH.size:
        raise FrameError("cut off in a length")
    (length,) = _LENGTH.unpack(head)
    if not 0 < length <= MAX_FROM_BROWSER:
        raise FrameError(f"a message of {length} bytes")
    body = _read(stream, length)
    if len(body) < length:
        raise FrameError("cut off in a message")
    try:
        return json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError):
        raise FrameError("a message that is not JSON") from None


def write_frame(stream: BinaryIO, data: Any) -> None:
    """Send one message to the browser.  Raises FrameError for one that is too long, OSError."""
    body = json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    if len(body) > MAX_TO_BROWSER:
        raise FrameError(f"a message of {len(body)} bytes")
    stream.write(_LENGTH.pack(len(body)) + body)
    stream.flush()


def _read(stream: Readable, count: int) -> bytes:
    """Up to `count` bytes; fewer only at the end."""
    found = b""
    while len(found) < count:
        part = stream.read(count - len(found))
        if not part:
            break
        found += part
    return found


class Host:
    """Relays until the browser closes the streams."""

    def __init__(self, folder: Path, incoming: Readable, outgoing: BinaryIO) -> None:
        """`folder` is the workspace whose window is spoken to."""
        self._rendezvous = folder / RENDEZVOUS
        self._incoming, self._outgoing = incoming, outgoing
        self._writer: asyncio.StreamWriter | None = None
        self._told = ""

    def run(self) -> int:
        """Serve; returns the exit code."""
        return asyncio.run(self._run())

    async def _run(self) -> int:
        loop, queue = asyncio.get_running_loop(), asyncio.Queue[Any]()

        def read() -> None:
            # A thread: Windows cannot wait for a pipe and the standard input in one loop.
            with contextlib.suppress(RuntimeError):  # the loop has ended
                while True:
                    try:
                        message = read_frame(self._incoming)
                    except (FrameError, OSError) as error:
                        message = error
                    loop.call_soon_threadsafe(queue.put_nowait, message)
                    if message is None or isinstance(message, Exception):
                        return

        threading.Thread(target=read, name="browser", daemon=True).start()
        window = asyncio.create_task(self._serve_window())
        try:
            return await self._serve_browser(queue)
        finally:
            window.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await window

    async def _serve_browser(self, queue: asyncio.Queue[Any]) -> int:
        while True:
            data = await queue.get()
            if data is None:
                return 0
            if isinstance(data, Exception):
                return 1
            try:
                line = json.dumps(encode(from_browser(data))).encode()
            except ValueError:
                return 1
            if self._writer is not None:
                with contextlib.suppress(OSError):
                    self._writer.write(line + b"\n")
                    await self._writer.drain()

    async def _serve_window(self) -> None:
        while True:
            try:
                place = Rendezvous.from_json(json.loads(self._rendezvous.read_text(encoding="utf-8")))
                reader, writer = await _open(place.address)
            except (OSError, ValueError):
                self._say("absent")
            else:
                await self._relay(place, reader, writer)
            await asyncio.sleep(RETRY_SECONDS)

    async def _relay(
        self, place: Rendezvous, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            writer.write(json.dumps({"token": place.token}).encode() + b"\n")
            await writer.drain()
            while line := await reader.readline():
                try:
                    message = to_browser(json.loads(line))
                except ValueError:
                    continue
                if isinstance(message, Status):
                    self._writer = writer
                    self._say(message.app)
                else:
                    self._send(encode(message))
        except (OSError, ValueError):  # ValueError: a line longer than any message
            pass
        finally:
            self._writer = None
            writer.close()
            self._say("absent")

    def _say(self, app: str) -> None:
        if app != self._told:
            self._told = app
            self._send(encode(Status(app)))

    def _send(self, data: dict[str, Any]) -> None:
        with contextlib.suppress(FrameError, OSError):  # a closed stream ends the reading thread as well
            write_frame(self._outgoing, data)


async def _open(address: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if sys.platform == "win32":
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(limit=MAX_TO_BROWSER, loop=loop)
        protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
        transport, _ = await loop.create_pipe_connection(lambda: protocol, address)
        return reader, asyncio.StreamWriter(transport, protocol, reader, loop)
    else:  # noqa: RET505  -- the type checker follows the platform only like this
        return await asyncio.open_unix_connection(address, limit=MAX_TO_BROWSER)
