"""Markup cut into tags and text.

A tokenizer of its own: the standard library's is quadratic on unfinished markup in many of the Python
versions that are about, and mail is hostile input.  Every step here moves forward only, so that time is
linear in the length whatever the markup holds.  Nothing is fetched and nothing is run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html import unescape

_TAG = re.compile(r"</?([a-zA-Z][^\s/>]{0,60}+)")
_ATTRIBUTE = re.compile(
    r"""[\s/]*+([^\s/>=][^\s/>=]*+)?+(?:\s*+=\s*+(?:"([^"]*+)"|'([^']*+)'|([^\s>]*+)))?+"""
)
_ENTITY = re.compile(
    r"&(?:#[0-9]{1,7}(?![0-9])|#[xX][0-9a-fA-F]{1,6}(?![0-9a-fA-F])|[a-zA-Z][a-zA-Z0-9]{1,31});?"
)
# Elements whose content is not shown: it is jumped over as it stands, whatever tags are in it.
_RAW = frozenset(("script", "style", "template", "title", "noembed", "iframe", "object", "noframes"))
_RAW_END = {name: re.compile(f"</{name}", re.IGNORECASE) for name in _RAW}
_MOST_ATTRIBUTES = 50
_LONGEST_VALUE = 2_000


def _decode(text: str) -> str:
    # Numeric references are limited in length here: unescape() turns any number of digits into an int.
    return _ENTITY.sub(lambda m: unescape(m.group()), text) if "&" in text else text


@dataclass(frozen=True, slots=True)
class Token:
    """A tag, or text where `name` is empty."""

    text: str
    name: str = ""
    closing: bool = False
    attributes: Mapping[str, str] = field(default_factory=dict)


def tokens(content: str) -> Iterator[Token]:
    """The tags and texts of `content` in order; what is no finished tag is text."""
    position, length = 0, len(content)
    no_comment_end = False
    no_raw_end: set[str] = set()
    while position < length:
        opening = content.find("<", position)
        if opening < 0:
            yield Token(_decode(content[position:]))
            return
        if opening > position:
            yield Token(_decode(content[position:opening]))
        if content.startswith("<!--", opening) and not no_comment_end:
            end = content.find("-->", opening + 2)
            if end >= 0:
                position = end + 3
                continue
            no_comment_end = True
        if content.startswith(("<!", "<?"), opening):
            end = content.find(">", opening)
            if end < 0:
                yield Token(_decode(content[opening:]))
                return
            position = end + 1
            continue
        match = _TAG.match(content, opening)
        if match is None or "@" in match[1] or match[1].endswith(":"):  # "<carla@example.com>", not escaped
            yield Token("<")
            position = opening + 1
            continue
        attributes, position = _attributes(content, match.end())
        if position < 0:
            yield Token(_decode(content[opening:]))
            return
        name, closing = match[1].lower(), content[opening + 1] == "/"
        if name in _RAW and not closing and name not in no_raw_end:
            found = _RAW_END[name].search(content, position)
            if found:
                position = found.start()
            else:  # never closed: the text would be lost with it
                no_raw_end.add(name)
        yield Token("", name, closing, attributes)


def _attributes(content: str, position: int) -> tuple[dict[str, str], int]:
    """The attributes of the tag whose name ends at `position`, and where it ends; -1 where it does not."""
    attributes: dict[str, str] = {}
    while True:
        match = _ATTRIBUTE.match(content, position)
        if match is None or match.end() >= len(content):
            return attributes, -1
        name = match[1]
        if name and len(attributes) < _MOST_ATTRIBUTES:
            value = next((v for v in match.groups()[1:] if v is not None), "")
            attributes.setdefault(name.lower(), _decode(value[:_LONGEST_VALUE]) if value else "")
        position = match.end()
        if content[position] == ">":
            return attributes, position + 1
        if match.end() == match.start():
            position += 1  # a character that begins nothing
