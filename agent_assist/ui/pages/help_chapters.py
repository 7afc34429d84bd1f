"""The help texts as chapters and sections that can be listed and searched."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from agent_assist.ui.pages.option_fields import settings_chapter

_HEADING = re.compile(r"^(#{1,2})\s+(.+?)\s*$", re.MULTILINE)
_MARKS = re.compile(r"[*_`]+")


@dataclass(frozen=True, slots=True)
class HelpSection:
    """A heading of the second level with what stands below it."""

    title: str
    searched: str
    """Heading and text in lower case."""


@dataclass(frozen=True, slots=True)
class Chapter:
    """One help file."""

    name: str
    """The file's name, which other chapters link to."""
    title: str
    text: str
    """Markdown."""
    sections: tuple[HelpSection, ...]

    def sections_with(self, words: str) -> tuple[HelpSection, ...]:
        """Those that have all words; all of them where the chapter's title has them."""
        wanted = words.casefold().split()
        if all(word in self.title.casefold() for word in wanted):
            return self.sections
        return tuple(s for s in self.sections if all(word in s.searched for word in wanted))

    def has(self, words: str) -> bool:
        text = self.text.casefold()
        return all(word in text for word in words.casefold().split())


def chapter(name: str, text: str) -> Chapter:
    """Split Markdown at its second-level headings."""
    found = list(_HEADING.finditer(text))
    title = next((plain(m.group(2)) for m in found if m.group(1) == "#"), Path(name).stem)
    sections = []
    for place, match in enumerate(found):
        if match.group(1) == "##":
            end = found[place + 1].start() if place + 1 < len(found) else len(text)
            sections.append(HelpSection(plain(match.group(2)), text[match.start() : end].casefold()))
    return Chapter(name, title, text, tuple(sections))


def plain(heading: str) -> str:
    """A heading without its emphasis."""
    return _MARKS.sub("", heading)


def read_chapters(folder: Path) -> list[Chapter]:
    """The chapters of the help folder by file name, then the one on settings; called off the UI thread."""
    files = sorted(folder.glob("*.md")) if folder.is_dir() else []
    chapters = [chapter(path.name, path.read_text(encoding="utf-8")) for path in files]
    return [*chapters, chapter("settings.md", settings_chapter())]
