"""Cuts a Markdown article into passages along its own structure.

A section of the article becomes one passage where it is short enough.  A long one is cut between
paragraphs, list items or table rows, never inside one that fits; a table keeps its head on every
part.  The parts of one section share a sentence, so that an answer that straddles the cut is found;
sections share nothing, because the heading path already says where a passage stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.token import Token

from agent_assist.domain.knowledge import Article

MOST_WORDS: Final = 220
"""The default encoder reads 256 tokens; more words would be shown but not searched."""
FEWEST_WORDS: Final = 80
"""Neighbouring sections below this are joined while they fit, so that a passage says something."""
MOST_CHARS: Final = 1800
"""For text without spaces between words."""
PATH_JOIN: Final = " › "

_SENTENCE_END: Final = re.compile(r"(?<=[.!?…。！？])[\"'»”)]*\s+")
_parser: Final = MarkdownIt("commonmark", {"html": False}).enable("table")
# Only blocks are looked at, and the inline rules take quadratic time on hostile text.
_parser.core.ruler.disable("inline")


@dataclass(slots=True)
class _Block:
    """A stretch of Markdown that is not cut where it fits."""

    text: str
    items: list[str] = field(default_factory=list)
    """List items or table rows, at which it may be cut where it does not fit."""
    head: str = ""
    """The head of a table, repeated on every part."""


@dataclass(slots=True)
class _Section:
    path: tuple[str, ...]
    blocks: list[_Block] = field(default_factory=list)

    @property
    def words(self) -> int:
        return sum(_size(b.text) for b in self.blocks)


def passages_of(article: Article) -> list[tuple[str, str]]:
    """The article's passages as (heading, text); an article with a title and no body has one."""
    context = context_heading(article.context)
    sections = list(_joined(_sections(article.body, article.title)))
    found: list[tuple[str, str]] = []
    for section in sections:
        heading = PATH_JOIN.join(filter(None, (context, *section.path)))
        found.extend((heading, text) for text in _cut(section) if text.strip())
    return found or [(context, article.title)]


def context_heading(context: Mapping[str, str]) -> str:
    """What an article is about, as it stands before the heading path: "entity: Grand Hotel"."""
    return PATH_JOIN.join(f"{key}: {value}" for key, value in context.items() if value)


def passage_input(title: str, heading: str, text: str) -> str:
    """What the encoder reads of a passage: what it is about, title and headings, then its text."""
    steps = []
    for step in heading.split(PATH_JOIN):
        _, colon, value = step.partition(": ")
        steps.append(value if colon else step)
    lead = [s for s in steps if s and s.casefold() not in title.casefold()]
    return "\n".join(filter(None, (", ".join(lead), title if title not in text else "", text)))


def _sections(body: str, title: str) -> Iterator[_Section]:
    # Lines as Markdown counts them: `splitlines` also ends one at a form feed, and there the places of the
    # parser's blocks would no longer be ours.
    lines = re.split(r"(?<=\n)", re.sub(r"\r\n?", "\n", body))
    tokens = _parser.parse("".join(lines))
    path: list[tuple[int, str]] = []
    section = _Section(())
    end = 0
    for place, token in enumerate(tokens):
        if token.level or not token.map or token.nesting < 0:
            continue
        start, stop = token.map
        if gap := "".join(lines[end:start]).strip():  # link definitions make no token: keep them
            section.blocks.append(_Block(gap))
        end = stop
        if token.type == "heading_open":
            depth = int(token.tag[1:])
            if section.blocks:
                yield section
            elif path and path[-1][0] >= depth:
                yield _heading_alone(section)
            path = [step for step in path if step[0] < depth]
            name = tokens[place + 1].content.strip()
            if not (depth == 1 and name.casefold() == title.casefold()):
                path.append((depth, name))
            section = _Section(tuple(name for _, name in path if name))
            continue
        section.blocks.append(_block(token, tokens, place, lines))
    if rest := "".join(lines[end:]).strip():
        section.blocks.append(_Block(rest))
    if section.blocks:
        yield section
    elif path:
        yield _heading_alone(section)


def _heading_alone(section: _Section) -> _Section:
    """A heading with nothing under it still says something: it stands as the text."""
    return _Section(section.path, [_Block(section.path[-1])]) if section.path else section


def _block(token: Token, tokens: list[Token], place: int, lines: list[str]) -> _Block:
    start, stop = token.map or (0, 0)
    text = "".join(lines[start:stop]).rstrip()
    if token.type in ("bullet_list_open", "ordered_list_open"):
        return _Block(text, _children(tokens, place, "list_item_open", lines, stop))
    if token.type == "table_open":
        rows = "".join(lines[start:stop]).splitlines()
        return _Block(text, rows[2:], "\n".join(rows[:2]))
    return _Block(text)


def _children(tokens: list[Token], place: int, kind: str, lines: list[str], stop: int) -> list[str]:
    starts = []
    for token in tokens[place + 1 :]:
        if token.level == 0:
            break
        if token.type == kind and token.level == 1 and token.map:
            starts.append(token.map[0])
    ends = [*starts[1:], stop]
    return ["".join(lines[a:b]).rstrip() for a, b in zip(starts, ends, strict=True)]


def _joined(sections: Iterable[_Section]) -> Iterator[_Section]:
    """Short neighbours under the same parent heading as one section, with their headings kept in the text."""
    waiting: _Section | None = None
    for section in sections:
        if waiting is not None and _may_join(waiting, section):
            waiting.blocks.extend([_Block(f"**{section.path[-1]}**"), *section.blocks])
            continue
        if waiting is not None:
            yield waiting
        waiting = section
    if waiting is not None:
        yield waiting


def _may_join(first: _Section, second: _Section) -> bool:
    """True for a short piece followed by its own short subsection: "Refunds" and "Refunds › By card"."""
    if (
        not second.path
        or second.path[: len(first.path)] != first.path
        or len(second.path) != len(first.path) + 1
    ):
        return False
    return first.words < FEWEST_WORDS // 2 and first.words + second.words <= FEWEST_WORDS


def _cut(section: _Section) -> Iterator[str]:
    if section.words <= MOST_WORDS and sum(len(b.text) for b in section.blocks) <= MOST_CHARS:
        yield "\n\n".join(b.text for b in section.blocks)
        return
    part: list[str] = []
    size = chars = 0
    for text in (piece for block in section.blocks for piece in _pieces(block)):
        words = _size(text)
        if part and (size + words > MOST_WORDS or chars + len(text) > MOST_CHARS):
            yield "\n\n".join(part)
            overlap = _last_sentence(part[-1])
            part, size, chars = [], 0, 0
            if overlap and _size(overlap) + words <= MOST_WORDS and len(overlap) + len(text) <= MOST_CHARS:
                part, size, chars = [overlap], _size(overlap), len(overlap)
        part.append(text)
        size += words
        chars += len(text)
    if part:
        yield "\n\n".join(part)


def _pieces(block: _Block) -> Iterator[str]:
    """A block that fits, else its items or rows in groups that fit, else its sentences."""
    if _fits(block.text):
        yield block.text
        return
    if block.items:
        group: list[str] = []
        for item in block.items:
            if group and not _fits("\n".join(filter(None, (block.head, *group, item)))):
                yield "\n".join(filter(None, (block.head, *group)))
                group = []
            if _fits(item):
                group.append(item)
            else:
                yield from _sentences(item)
        if group:
            yield "\n".join(filter(None, (block.head, *group)))
        return
    yield from _sentences(block.text)


def _sentences(text: str) -> Iterator[str]:
    group = ""
    for sentence in _SENTENCE_END.split(text):
        for piece in _slices(sentence):
            joined = f"{group} {piece}" if group else piece
            if group and not _fits(joined):
                yield group
                joined = piece
            group = joined
    if group:
        yield group


def _slices(sentence: str) -> Iterator[str]:
    """A sentence that fits, else cut between words, and a word without end by length."""
    if _fits(sentence):
        yield sentence
        return
    group: list[str] = []
    size = 0
    for word in sentence.split():
        for start in range(0, len(word), MOST_CHARS):
            part = word[start : start + MOST_CHARS]
            if group and (len(group) >= MOST_WORDS or size + len(part) + 1 > MOST_CHARS):
                yield " ".join(group)
                group, size = [], 0
            group.append(part)
            size += len(part) + 1
    if group:
        yield " ".join(group)


def _last_sentence(text: str) -> str:
    if text.lstrip().startswith(("|", "-", "*", "+", "#", "`", ">")) or text.lstrip()[:1].isdigit():
        return ""
    last = _SENTENCE_END.split(text)[-1].strip()
    return last if 3 <= _size(last) <= 40 and last != text.strip() else ""


def _fits(text: str) -> bool:
    return len(text) <= MOST_CHARS and _size(text) <= MOST_WORDS


def _size(text: str) -> int:
    return len(text.split())
