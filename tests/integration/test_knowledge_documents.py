"""Documents of every kind, whole and broken, through the real conversion process."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import pytest
from support_knowledge import docx, pdf

from agent_assist.adapters.knowledge.conversion import Converter
from agent_assist.adapters.knowledge.parsing import FileReader, encoding_of
from agent_assist.domain.knowledge import Article
from agent_assist.errors import Cancelled, UnreadableDocument


def read(*paths: Path, collection: str | None = None) -> tuple[list[Article], dict[str, str]]:
    articles: list[Article] = []
    failed: dict[str, str] = {}
    for item in FileReader().read(list(paths), collection, threading.Event()):
        if isinstance(item, Article):
            articles.append(item)
        else:
            failed[item[0]] = item[1]
    return articles, failed


def test_office_and_web_documents_become_markdown(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text(
        "<html><head><title>Returns</title><script>alert(1)</script></head><body><h1>Returns</h1>"
        "<p>Within <b>30 days</b>.</p><img src='http://127.0.0.1:9/x.png' alt='Box'>"
        "<table><tr><th>Size</th></tr><tr><td>M</td></tr></table></body></html>"
    )
    (tmp_path / "b.pdf").write_bytes(pdf("Refunds take five days"))
    (tmp_path / "c.docx").write_bytes(docx([("Heading1", "Guarantee"), ("", "Two years on frames.")]))
    articles, failed = read(tmp_path)
    assert not failed
    page, paper, word = articles
    assert page.title == "Returns"
    assert "30 days" in page.body
    assert "| Size |" in page.body
    assert "alert" not in page.body
    assert "127.0.0.1" not in page.body
    assert "Refunds take five days" in paper.body
    assert "Two years on frames." in word.body
    assert [a.id for a in articles] == [str((tmp_path / n).resolve()) for n in ("a.html", "b.pdf", "c.docx")]
    assert all(a.updated_at is not None for a in articles)


def test_text_documents_bring_title_fields_and_encoding(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(
        "---\ntitle: Care\nproduct: Trail Jacket\nlanguage: en\n---\n# Washing\n\nCold."
    )
    (tmp_path / "b.md").write_text("# Shoe *sizes*\n\nMeasure your foot.")
    (tmp_path / "c.txt").write_bytes("Größen\n\nSchöne Grüße aus München.".encode("cp1252"))
    (tmp_path / "d.txt").write_bytes(
        "Привет, как вернуть заказ? Деньги придут через пять дней.".encode("cp1251")
    )
    (tmp_path / "e.txt").write_text(
        "Zeichen\n\n\ud83d".encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    )
    (tmp_path / "f.md").write_text("Emoji 🙂, bidi \u202eabc\u202c and a NUL \0 stay readable.")
    articles, failed = read(tmp_path)
    assert not failed
    care, sizes, western, russian, _, odd = articles
    assert (care.title, care.context, care.language) == ("Care", {"product": "Trail Jacket"}, "en")
    assert sizes.title == "Shoe sizes"
    assert (western.title, "Grüße aus München" in western.body) == ("Größen", True)
    assert "вернуть заказ" in russian.body
    assert "🙂" in odd.body
    assert "\0" not in odd.body


def test_rows_of_csv_and_json_lines(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(
        "\ufeffID;Title;Body;product;views;updated_at;order_id\n"
        '1;"How; exactly";Like this;Trail Jacket;12;2026-01-02;x\n2;;;;;;\n;no id;b;;;;\n',
        encoding="utf-8",
    )
    (tmp_path / "b.jsonl").write_text(
        '{"id": "q1", "title": "T", "body": "B", "entity": "HOTEL X", "collection": "macros", "ok": true}\n'
        '\n[1]\n{bad\n{"id": 7, "title": "Only a title"}\n'
    )
    articles, failed = read(tmp_path)
    first, second, third = articles
    assert (first.id, first.title, first.context) == ("1", "How; exactly", {"product": "Trail Jacket"})
    assert str(first.updated_at).startswith("2026-01-02")
    assert (second.collection, second.context) == ("macros", {"entity": "HOTEL X"})
    assert (third.id, third.body) == ("7", "Only a title")
    assert len(failed) == 4
    assert all(sentence.endswith(".") for sentence in failed.values())
    assert {place.rsplit(", ", 1)[1] for place in failed} == {"line 3", "line 4"}


def test_each_broken_document_gets_a_sentence_and_the_others_are_read(tmp_path: Path) -> None:
    whole = pdf("Some text")
    broken = {
        "cut.pdf": whole[: len(whole) // 3],
        "noise.pdf": bytes(range(256)) * 40,
        "empty.pdf": b"",
        "picture.pdf": pdf(""),
        "noise.docx": b"PK\x03\x04" + bytes(500),
        "cut.docx": docx([("", "x")])[:300],
        "noise.txt": bytes(range(256)) * 40,
        "blank.md": b" \n \n",
        "empty.jsonl": b"",
        "names.csv": b"a,b\n1,2\n",
    }
    for name, data in broken.items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / "good.md").write_text("# Fine\n\nYes.")
    articles, failed = read(tmp_path)
    assert [a.title for a in articles] == ["Fine"]
    assert {Path(place).name for place in failed} == set(broken)
    assert all(s.endswith(".") and "Traceback" not in s for s in failed.values())


def test_files_that_are_no_documents(tmp_path: Path) -> None:
    (tmp_path / "photo.png").write_bytes(b"x")
    (tmp_path / ".hidden.md").write_text("secret")
    articles, failed = read(tmp_path)
    assert (articles, failed) == ([], {})
    articles, failed = read(tmp_path / "photo.png", tmp_path / "gone.md")
    assert not articles
    assert len(failed) == 2
    assert ".png is not a kind" in failed[str((tmp_path / "photo.png").resolve())]


def test_five_megabytes_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "big.txt").write_text("word " * 1_000_000)
    articles, failed = read(tmp_path)
    assert not failed
    assert len(articles[0].body) > 4_900_000


def test_a_document_that_hangs_is_given_up() -> None:
    converter = Converter(0.5, [sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        with pytest.raises(UnreadableDocument, match="longer than"):
            converter.convert(b"x", "pdf", None, threading.Event())
    finally:
        converter.close()


def test_a_document_that_ends_its_reader_is_one_failed_document() -> None:
    converter = Converter(20, [sys.executable, "-c", "import os; os.abort()"])
    try:
        for _ in range(7):  # more often than a worker may crash
            with pytest.raises(UnreadableDocument, match="damaged"):
                converter.convert(b"x", "pdf", None, threading.Event())
    finally:
        converter.close()


def test_cancelling_stops_a_conversion() -> None:
    # Neither the limit nor the reader's end comes before the test's own.
    converter = Converter(3600, [sys.executable, "-c", "import time; time.sleep(3600)"])
    token = threading.Event()
    threading.Timer(0.3, token.set).start()
    try:
        with pytest.raises(Cancelled):
            converter.convert(b"x", "pdf", None, token)
    finally:
        converter.close()


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"plain", "utf-8"),
        ("é".encode(), "utf-8"),
        (b"\xef\xbb\xbfx", "utf-8-sig"),
        ("x".encode("utf-16"), "utf-16"),
        ("café au lait".encode("latin-1"), "cp1252"),
    ],
)
def test_encodings(data: bytes, expected: str) -> None:
    assert encoding_of(data) == expected
