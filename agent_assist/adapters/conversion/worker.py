"""The conversion worker: bytes of a PDF, DOCX or HTML document in, Markdown out.

Such documents come from anywhere and their parsers are large.  This process is given the bytes and
nothing else: it opens no path, fetches nothing, and is ended when it takes too long.
"""

from __future__ import annotations

import contextlib
import io
import sys
import zipfile
from typing import Any, Final

from agent_assist.adapters.workers.frames import Header
from agent_assist.adapters.workers.serve import Request, serve
from agent_assist.errors import UnreadableDocument

MEMORY: Final = 3 * 2**30
"""Bytes of address space, where the system lets a process limit itself."""
UNPACKED: Final = 400 * 2**20
"""Bytes that a DOCX may unpack to."""


def convert(request: Request) -> Header:
    """`kind` is html, pdf or docx; gives `markdown` and `title`."""
    kind = str(request.header["kind"])
    if kind == "docx":
        _check_archive(request.block)
    from markitdown import StreamInfo, converters

    makers = {
        "html": converters.HtmlConverter,
        "pdf": converters.PdfConverter,
        "docx": converters.DocxConverter,
    }
    information = StreamInfo(extension=f".{kind}", charset=request.header.get("charset"))
    try:
        result: Any = makers[kind]().convert(io.BytesIO(request.block), information)
    except Exception as error:
        raise UnreadableDocument(
            f"It is damaged or not a {kind.upper()} document ({type(error).__name__})."
        ) from error
    text = result.markdown or ""
    if kind == "pdf" and not text.strip():
        raise UnreadableDocument(
            "It holds pictures of text and no text.", "Run text recognition (OCR) on it and add it again."
        )
    return {"markdown": text.replace("\f", "\n\n"), "title": (result.title or "").strip()}


def _check_archive(data: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise UnreadableDocument("It is damaged or not a DOCX document.") from error
    if size > UNPACKED:
        raise UnreadableDocument(f"It unpacks to {size // 2**20} MB.", "Split it into smaller documents.")


def main() -> None:
    """Serve until the application closes the pipe."""
    if sys.platform != "win32":
        import resource

        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    sys.setrecursionlimit(5000)
    serve({"convert": convert})


if __name__ == "__main__":
    main()
