"""Text in the terminal: wrapped, growing, and harmless."""

from __future__ import annotations

import io

import pytest

from agent_assist.cli.terminal import Page, Stream


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("TERM", "xterm")
    return 40


TEXT = "Hi Crystal,\n\nYou can return most items within 60 days of delivery, unused and with their tags."


def grow(stream: Stream, text: str, step: int = 3) -> None:
    for end in range(1, len(text) + step, step):
        stream.update(text[:end])
    stream.end()


def test_growing_text_is_wrapped_at_words_and_complete(narrow: int) -> None:
    out = io.StringIO()
    grow(Stream(Page(out)), TEXT)
    lines = out.getvalue().splitlines()
    assert all(len(line) < narrow for line in lines)
    assert " ".join(out.getvalue().split()) == " ".join(TEXT.split())
    assert lines[1] == ""


def test_a_word_is_shown_only_when_it_is_complete(narrow: int) -> None:
    out = io.StringIO()
    stream = Stream(Page(out))
    stream.update("within 6")
    assert out.getvalue().strip() == "within"
    stream.update("within 60 days")
    assert out.getvalue().split() == ["within", "60"]


def test_text_that_starts_anew_gets_a_line_of_its_own(narrow: int) -> None:
    out = io.StringIO()
    stream = Stream(Page(out))
    stream.update("The first wording was")
    stream.update("Another one is")
    stream.end()
    lines = [line.strip() for line in out.getvalue().splitlines()]
    assert lines == ["The first wording was", "Another one is"]


def test_a_live_page_counts_the_lines_it_takes_back(narrow: int) -> None:
    out = Terminal()
    page = Page(out)
    stream = Stream(page)
    grow(stream, TEXT)
    assert stream.lines == out.getvalue().count("\n")
    page.erase(stream.lines)
    assert out.getvalue().endswith(f"\033[{stream.lines}F\033[J")


def test_a_pipe_gets_no_control_characters(narrow: int) -> None:
    out = io.StringIO()
    page = Page(out)
    page.heading("Title")
    page.line("A customer wrote \033[2J and \u202eevil\u202c.", indent=2)
    page.erase(3)
    assert "\033" not in out.getvalue()
    assert "\u202e" not in out.getvalue()


def test_a_terminal_without_unicode_is_written_to(narrow: int) -> None:
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding="ascii")
    Page(out).line("Loading … done · ready")
    assert raw.getvalue().decode().startswith("Loading ? done")


def test_a_word_longer_than_the_line_is_kept(narrow: int) -> None:
    out = io.StringIO()
    grow(Stream(Page(out)), "see larchwheel.example/" + "x" * 80 + " today")
    assert "x" * 80 in out.getvalue()
