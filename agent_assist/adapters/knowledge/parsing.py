"""Files and folders to articles: `.md .txt .html .pdf .docx .csv .jsonl`.

A file is one article, its id the path; a row of a CSV or JSON Lines file is one article with the
row's own id.  Columns that are not known, and hold a short text in words, say what the article is
about (an "entity", a "product", a "plan"): they become its context, which is searched with each of
its passages and matched against the names in a conversation.
"""

from __future__ import annotations

import codecs
import csv
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from charset_normalizer import from_bytes

from agent_assist.adapters.knowledge.conversion import Converter
from agent_assist.domain.knowledge import Article, Collection
from agent_assist.domain.ticket import parse_time
from agent_assist.errors import Cancelled, UnreadableDocument
from agent_assist.ports import CancelToken

CONVERTED: Final = {".html": "html", ".htm": "html", ".pdf": "pdf", ".docx": "docx"}
ROWS: Final = (".csv", ".jsonl")
KINDS: Final = (".md", ".markdown", ".txt", *CONVERTED, *ROWS)
LARGEST_FILE: Final = 100 * 2**20
"""Bytes of one document; row files are read line by line and may be larger."""
CONTEXT_COLUMNS: Final = 6
CONTEXT_CHARS: Final = 80
_KNOWN: Final = frozenset({"id", "title", "body", "url", "updated_at", "collection", "language"})
_NO_SUBJECT: Final = frozenset(
    {
        "author",
        "channel",
        "editor",
        "format",
        "locale",
        "slug",
        "source",
        "state",
        "status",
        "type",
        "visibility",
    }
)
"""Columns that helpdesks export about an article itself; no customer names what stands in them."""
_SAMPLE: Final = 64 * 1024
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_IMAGE: Final = re.compile(r"!\[([^\]\n]{0,300})\]\([^)\n]*\)")
_HEADING: Final = re.compile(r"^#{1,3}\s+(.+?)\s*#*\s*$", re.MULTILINE)
_NOT_WORDS: Final = re.compile(
    r"https?://|^\d{4}-\d\d-\d\d|^[0-9a-fA-F-]{16,}$|^(true|false|yes|no|null|none|n/a)$", re.IGNORECASE
)

Item = Article | tuple[str, str]


class FileReader:
    """`ports.DocumentReader` for files; thread-safe, each `read` has a converter of its own."""

    def __init__(self, time_limit: float | None = None) -> None:
        self._time_limit = time_limit

    def read(self, paths: Sequence[Path], collection: str | None, cancel: CancelToken) -> Iterator[Item]:
        """Articles, or (path or row, sentence) for what cannot be read; raises Cancelled."""
        converter = Converter(self._time_limit) if self._time_limit else Converter()
        try:
            for path in _files(paths):
                if cancel.is_set():
                    raise Cancelled("The import was stopped.")
                yield from self._read_file(path, collection, converter, cancel)
        finally:
            converter.close()

    def _read_file(
        self, path: Path, collection: str | None, converter: Converter, cancel: CancelToken
    ) -> Iterator[Item]:
        suffix = path.suffix.lower()
        try:
            if suffix not in KINDS:
                raise UnreadableDocument(
                    f"{suffix or 'A file without an ending'} is not a kind of document that can be added.",
                    f"Use {' '.join(KINDS)}.",
                )
            if suffix in ROWS:
                yield from _read_rows(path, suffix, collection, cancel)
                return
            article = _read_document(path, suffix, collection, converter, cancel)
        except UnreadableDocument as error:
            yield str(path), str(error)
        except OSError as error:
            yield str(path), f"It cannot be opened: {error.strerror or error}."
        else:
            yield article


def _files(paths: Sequence[Path]) -> Iterator[Path]:
    """Files as named, and those of known kinds below folders, in a stable order, hidden ones left out."""
    for path in paths:
        absolute = Path(path).expanduser().resolve()
        if not absolute.is_dir():
            yield absolute
            continue
        for found in sorted(absolute.rglob("*")):
            hidden = any(part.startswith(".") for part in found.relative_to(absolute).parts)
            if not hidden and found.suffix.lower() in KINDS and found.is_file():
                yield found


def _read_document(
    path: Path, suffix: str, collection: str | None, converter: Converter, cancel: CancelToken
) -> Article:
    size = path.stat().st_size
    if size > LARGEST_FILE:
        raise UnreadableDocument(f"It has {size // 2**20} MB.", "Split it into smaller documents.")
    data = path.read_bytes()
    if not data.strip():
        raise UnreadableDocument("It is empty.", "Write something into it, or leave it out.")
    fields: Mapping[str, Any] = {}
    title = ""
    if suffix in CONVERTED:
        kind = CONVERTED[suffix]
        charset = encoding_of(data) if kind == "html" else None
        body, title = converter.convert(data, kind, charset, cancel)
    else:
        body = decode(data)
        if suffix != ".txt":
            fields, body = _front_matter(body)
    body = clean(_IMAGE.sub(r"\1", body))
    if not body:
        raise UnreadableDocument("It holds no text.", "Write something into it, or leave it out.")
    title = clean(str(fields.get("title") or title)) or _title_of(body, path, suffix)
    return Article(
        id=str(path),
        title=" ".join(title.split())[:300],
        body=body,
        collection=collection or clean(str(fields.get("collection") or "")) or Collection.ARTICLES,
        url=clean(str(fields.get("url") or "")),
        language=clean(str(fields.get("language") or "")) or None,
        updated_at=parse_time(fields.get("updated_at")) or datetime.fromtimestamp(path.stat().st_mtime, UTC),
        context=context_of(fields),
    )


def _read_rows(path: Path, suffix: str, collection: str | None, cancel: CancelToken) -> Iterator[Item]:
    modified = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    count = 0
    for number, row in _csv_rows(path) if suffix == ".csv" else _jsonl_rows(path):
        if cancel.is_set():
            raise Cancelled("The import was stopped.")
        count += 1
        try:
            if isinstance(row, UnreadableDocument):
                raise row
            yield _row_article(row, collection, modified)
        except UnreadableDocument as error:
            yield f"{path}, line {number}", str(error)
    if not count:
        raise UnreadableDocument("It has no rows.", "Rows need the columns id, title and body.")


def _row_article(row: Mapping[str, Any], collection: str | None, modified: datetime) -> Article:
    identity = row.get("id")
    if identity is None or isinstance(identity, bool | list | dict) or not str(identity).strip():
        raise UnreadableDocument("The row has no id.", "Rows need the columns id, title and body.")
    title, body = (clean(_plain(row.get(name))) for name in ("title", "body"))
    if not title and not body:
        raise UnreadableDocument(f"Row {identity} has neither title nor body.", "Fill one of them.")
    return Article(
        id=clean(str(identity)),
        title=" ".join(title.split())[:1000] or body.splitlines()[0][:120],
        body=body or title,
        collection=collection or clean(_plain(row.get("collection"))) or Collection.ARTICLES,
        url=clean(_plain(row.get("url"))),
        language=clean(_plain(row.get("language"))) or None,
        updated_at=parse_time(row.get("updated_at")) or modified,
        context=context_of(row),
    )


def _plain(value: object) -> str:
    if value is None or isinstance(value, dict | list):
        return ""
    return str(value)


def context_of(fields: Mapping[str, Any]) -> dict[str, str]:
    """What an article is about, from fields that are not known ones: short texts in words.

    Numbers, dates, addresses, flags and keys say nothing that a customer would name.
    """
    found: dict[str, str] = {}
    for key, value in fields.items():
        if not isinstance(key, str) or not isinstance(value, str):
            continue
        name = key.strip().lower()
        if name in _KNOWN or name in _NO_SUBJECT or name.endswith("id"):
            continue
        text = " ".join(clean(value).split())
        wordy = any(c.isalpha() for c in text) and not _NOT_WORDS.search(text)
        if wordy and len(text) <= CONTEXT_CHARS and len(found) < CONTEXT_COLUMNS:
            found[" ".join(clean(key).split())[:40]] = text.replace(" › ", " > ")
    return found


def _csv_rows(path: Path) -> Iterator[tuple[int, Mapping[str, Any] | UnreadableDocument]]:
    csv.field_size_limit(2**30)
    with path.open("rb") as raw:
        encoding = encoding_of(raw.read(_SAMPLE))
    with path.open(encoding=encoding, errors="replace", newline="") as source:
        head = source.readline()
        source.seek(0)
        separator = max(",;\t|", key=head.count)
        reader = csv.DictReader((line.replace("\0", "") for line in source), delimiter=separator)
        names = [(name or "").strip().lower().lstrip("\ufeff") for name in reader.fieldnames or []]
        if names and "id" not in names:
            raise UnreadableDocument(
                "It has no column named id.", "The first row must name id, title and body."
            )
        reader.fieldnames = names
        try:
            for row in reader:
                row.pop(None, None)
                yield reader.line_num, row
        except csv.Error as error:
            yield reader.line_num, UnreadableDocument(f"The rest of the file is not valid CSV: {error}.")


def _jsonl_rows(path: Path) -> Iterator[tuple[int, Mapping[str, Any] | UnreadableDocument]]:
    with path.open("rb") as raw:
        encoding = encoding_of(raw.read(_SAMPLE))
    with path.open(encoding=encoding, errors="replace") as source:
        for number, line in enumerate(source, 1):
            if not line.strip().strip("\ufeff\0"):
                continue
            try:
                row = json.loads(line.lstrip("\ufeff"))
            except (ValueError, RecursionError):
                yield (
                    number,
                    UnreadableDocument("The line is not valid JSON.", "Correct it and add the file again."),
                )
                continue
            if isinstance(row, dict):
                yield number, row
            else:
                yield (
                    number,
                    UnreadableDocument(
                        "The line is not a JSON object.", "Correct it and add the file again."
                    ),
                )


def encoding_of(data: bytes) -> str:
    """The encoding of a text: by its mark, UTF-8 where it is valid, else the likeliest."""
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if data.startswith(mark):
            return name
    sample = data[:_SAMPLE]
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError:
        high = sum(byte >= 0x80 for byte in sample)
        undefined = any(byte in sample for byte in (0x81, 0x8D, 0x8F, 0x90, 0x9D))
        if high < 0.25 * len(sample) and not undefined:
            return "cp1252"  # mostly plain letters: Western European; too little to guess from
        best = from_bytes(sample).best()
        return best.encoding if best is not None else "cp1252"
    return "utf-8"


def decode(data: bytes) -> str:
    """Text of a file; raises UnreadableDocument where it is no text."""
    encoding = encoding_of(data)
    controls = len(_CONTROL.findall(data[:_SAMPLE].decode("latin-1")))
    if not encoding.startswith("utf-16") and controls > len(data[:_SAMPLE]) // 50 + 4:
        raise UnreadableDocument(
            "It is not a text, whatever its name says.", "Check that it is the file you meant."
        )
    return data.decode(encoding, "replace")


def clean(text: str) -> str:
    """Without control characters and lone surrogates, which neither database nor window can hold."""
    plain = _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    return plain.encode("utf-8", "replace").decode("utf-8").strip()


def _front_matter(text: str) -> tuple[dict[str, str], str]:
    """`key: value` lines between two `---` lines at the top of a Markdown file, and the rest."""
    lines = text.lstrip("\ufeff").splitlines()
    if not lines or lines[0].strip() != "---":
        return {}, text
    for end, line in enumerate(lines[1:60], 1):
        if line.strip() == "---":
            pairs = (
                entry.partition(":")
                for entry in lines[1:end]
                if ":" in entry and not entry.startswith((" ", "#"))
            )
            return {k.strip().lower(): v.strip().strip("\"'") for k, _, v in pairs}, "\n".join(
                lines[end + 1 :]
            )
    return {}, text


def _title_of(body: str, path: Path, suffix: str) -> str:
    if suffix != ".txt" and (heading := _HEADING.search(body)):
        return re.sub(r"[*_`]", "", heading.group(1))
    first, _, rest = body.partition("\n")
    if (
        suffix in (".txt", ".pdf")
        and len(first) <= 90
        and rest
        and not first.rstrip().endswith((".", ",", ";"))
    ):
        return first.strip("#= ")
    return path.stem.replace("_", " ").replace("-", " ").strip() or path.name
