"""What knowledge tests are built on: a real database, the real retrieval worker, small documents."""

from __future__ import annotations

import atexit
import functools
import io
import os
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from agent_assist.adapters.knowledge.cache import IndexCache
from agent_assist.adapters.knowledge.chunking import passage_input, passages_of
from agent_assist.adapters.knowledge.client import RetrievalClient
from agent_assist.adapters.knowledge.parsing import FileReader
from agent_assist.adapters.storage.database import Database
from agent_assist.adapters.storage.knowledge import SqlKnowledgeRepository
from agent_assist.domain.knowledge import Article
from agent_assist.services.events import EventBus
from agent_assist.services.knowledge.retrieval import RetrievalService
from agent_assist.services.knowledge.service import KnowledgeService
from agent_assist.services.options import OptionsService

ENCODER = "all-MiniLM-L6-v2"
KEY = bytes(range(32))


@functools.cache
def shared_worker() -> RetrievalClient:
    """One worker for all tests that only need its encoder: it takes seconds to start.

    Its index starts empty; a test fills it with `load`.
    """
    client = RetrievalClient(ENCODER)
    atexit.register(client.close)
    return client


@dataclass
class Library:
    """A knowledge base on a database of its own."""

    database: Database
    repository: SqlKnowledgeRepository
    index: RetrievalClient
    service: KnowledgeService
    retrieval: RetrievalService
    events: EventBus
    own_worker: bool

    def close(self) -> None:
        self.service.close()
        if self.own_worker:
            self.index.close()
        self.database.close()


def library(folder: Path, *, own_worker: bool = False, cache_from: int = 20_000) -> Library:
    """An empty knowledge base; with `own_worker` on a process that a test may kill."""
    database = Database(folder / "knowledge.db", KEY)
    repository = SqlKnowledgeRepository(database)
    if own_worker:
        index = RetrievalClient(
            ENCODER,
            vectors=repository.vectors,
            vector_ids=repository.vector_ids,
            cache=IndexCache(folder / "cache", KEY),
            cache_from=cache_from,
        )
    else:
        index = shared_worker()
        index.load([])
    events = EventBus()
    options = OptionsService(None, events)
    retrieval = RetrievalService(repository, index, options)
    service = KnowledgeService(
        repository,
        index,
        FileReader(),
        events,
        options,
        cut=passages_of,
        wording=passage_input,
        on_change=retrieval.forget_topics,
    )
    return Library(database, repository, index, service, retrieval, events, own_worker)


def articles(count: int, start: int = 0) -> list[Article]:
    """Articles that differ by number."""
    return [
        Article(f"a{n}", f"Question {n} about lamps", f"Lamp number {n} is switched on with button {n % 7}.")
        for n in range(start, start + count)
    ]


SHOP = (
    Article(
        "pets", "Animals", "Dogs and cats are welcome on the ground floor.", context={"hotel": "Harbour View"}
    ),
    Article("pets2", "Animals", "We are sorry, no animals.", context={"hotel": "The Old Mill"}),
    Article("park", "Parking", "Parking costs nine euros a night.", context={"hotel": "Harbour View"}),
    Article("park2", "Parking", "Parking is free behind the house.", context={"hotel": "The Old Mill"}),
    Article("gym", "Sports", "The fitness room is open around the clock.", context={"hotel": "Harbour View"}),
    Article(
        "cancel", "Cancellation", "Bookings can be cancelled free of charge up to 24 hours before arrival."
    ),
    Article("m1", "Parking reply", "Thank you for asking about parking.", collection="macros"),
)


def pdf(text: str) -> bytes:
    """The smallest PDF that shows one line."""
    stream = f"BT /F1 12 Tf 72 720 Td ({text}) Tj ET".encode("latin-1")
    parts = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        (
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R "
            b"/Resources << /Font << /F1 5 0 R >> >> >>"
        ),
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    out = io.BytesIO(b"%PDF-1.4\n")
    out.seek(0, os.SEEK_END)
    places = []
    for number, part in enumerate(parts, 1):
        places.append(out.tell())
        out.write(b"%d 0 obj\n%s\nendobj\n" % (number, part))
    start = out.tell()
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(parts) + 1))
    out.writelines(b"%010d 00000 n \n" % place for place in places)
    out.write(b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(parts) + 1, start))
    return out.getvalue()


def docx(paragraphs: Iterable[tuple[str, str]]) -> bytes:
    """A Word document of (style, text) paragraphs; the style is "" or a heading's name."""
    space = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    body = "".join(
        f"<w:p>{f'<w:pPr><w:pStyle w:val={chr(34)}{style}{chr(34)}/></w:pPr>' if style else ''}"
        f"<w:r><w:t>{text}</w:t></w:r></w:p>"
        for style, text in paragraphs
    )
    relations = "http://schemas.openxmlformats.org/package/2006/relationships"
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"
    main = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(
            "[Content_Types].xml",
            '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
            '<Default Extension="rels" '
            'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Override PartName="/word/document.xml" ContentType="{main}"/></Types>',
        )
        archive.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{relations}"><Relationship Id="r1" Type="{kind}" '
            'Target="word/document.xml"/></Relationships>',
        )
        archive.writestr(
            "word/document.xml", f'<w:document xmlns:w="{space}"><w:body>{body}</w:body></w:document>'
        )
    return out.getvalue()
