"""The guide: contents, search, links between chapters, and nothing loaded from outside its folder."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QGuiApplication, QImage, QTextDocument
from pytestqt.qtbot import QtBot
from support_pages import Surface, picture, unnamed

from agent_assist.resources import resource
from agent_assist.settings import Settings
from agent_assist.ui.pages.help_page import HelpPage
from agent_assist.ui.places import PLACES


@pytest.fixture
def guide(tmp_path: Path) -> Path:
    folder = tmp_path / "help"
    folder.mkdir()
    (folder / "01-start.md").write_text(
        "# Getting *started*\n\nHello.\n\n## First draft\n\nOpen a ticket. See [models](02-models.md).\n\n"
        "## Sending\n\nPress the button. [Site](https://elsewhere.example/x)\n\n"
        "![p](p.png) ![q](../secret.png)\n"
    )
    filler = "\n\n".join(f"Line {n}." for n in range(120))
    (folder / "02-models.md").write_text(f"# Models\n\n{filler}\n\n## Download\n\nA model is a file.\n")
    for path in (folder / "p.png", tmp_path / "secret.png"):
        image = QImage(30, 30, QImage.Format.Format_RGB32)
        image.fill(0xFF00FF)
        image.save(str(path))
    return folder


@pytest.fixture
def page(qtbot: QtBot, surface: Surface, guide: Path) -> HelpPage:
    made = HelpPage(surface.ui, folder=guide)
    qtbot.addWidget(made)
    made.resize(900, 640)
    made.show()
    qtbot.waitUntil(lambda: made.contents.topLevelItemCount() == 3)
    return made


def titles(page: HelpPage) -> list[str]:
    found = []
    for place in range(page.contents.topLevelItemCount()):
        item = page.contents.topLevelItem(place)
        found += [item.text(0), *(f"- {item.child(n).text(0)}" for n in range(item.childCount()))]
    return found


def test_chapters_sections_and_the_settings_are_listed(page: HelpPage) -> None:
    shown = titles(page)
    assert shown[:5] == ["Getting started", "- First draft", "- Sending", "Models", "- Download"]
    assert shown[5] == "Settings"
    assert f"- {Settings.model_fields['model'].title}" in shown
    assert page.text.toPlainText().startswith("Getting started")
    assert unnamed(page) == []


def test_a_section_is_opened_where_it_begins(qtbot: QtBot, page: HelpPage) -> None:
    item = page.contents.topLevelItem(1).child(0)
    page.contents.setCurrentItem(item)
    assert "A model is a file." in page.text.toPlainText()
    qtbot.waitUntil(lambda: page.text.verticalScrollBar().value() > 0)


def test_search_leaves_what_has_the_words_and_marks_them(qtbot: QtBot, page: HelpPage) -> None:
    qtbot.keyClicks(page.search, "button")
    qtbot.waitUntil(lambda: titles(page) == ["Getting started", "- Sending"])
    assert [s.cursor.selectedText() for s in page.text.extraSelections()] == ["button"]
    qtbot.keyClick(page.search, Qt.Key.Key_Return)
    assert page.text.textCursor().selectedText() == "button"
    page.search.setText("qwxyz")
    qtbot.waitUntil(page.empty.isVisible)
    page.search.clear()
    qtbot.waitUntil(lambda: page.contents.topLevelItemCount() == 3)


def test_links_stay_inside_the_guide(qtbot: QtBot, page: HelpPage) -> None:
    page.text.anchorClicked.emit(QUrl("02-models.md"))
    assert page.text.toPlainText().startswith("Models")
    page.text.anchorClicked.emit(QUrl("https://elsewhere.example/x"))
    assert page.text.toPlainText().startswith("Models")
    assert QGuiApplication.clipboard().text() == "https://elsewhere.example/x"
    assert "copied" in page.toast.text


def test_only_pictures_of_the_guide_are_loaded(page: HelpPage, guide: Path) -> None:
    def width(address: str) -> int:
        loaded = page.text.document().resource(QTextDocument.ResourceType.ImageResource.value, QUrl(address))
        assert isinstance(loaded, QImage)
        return loaded.width()

    assert width("p.png") == 30
    outside = QUrl.fromLocalFile(str(guide.parent / "secret.png")).toString()
    for address in ("../secret.png", outside, "https://x.example/p.png", "01-start.md"):
        assert width(address) == 1


def test_the_real_guide(qtbot: QtBot, surface: Surface) -> None:
    made = HelpPage(surface.ui)
    qtbot.addWidget(made)
    made.show()
    files = list(resource("help").glob("*.md"))
    qtbot.waitUntil(lambda: made.contents.topLevelItemCount() == len(files) + 1)
    picture(made, surface.theme, "help", (960, 700))
    picture(made, surface.theme, "help-narrow", (400, 700))
    made.open_chapter("settings.md", "Knowledge")
    picture(made, surface.theme, "help-settings", (960, 700))
    assert "Search model" in made.text.toPlainText()


def test_every_page_has_a_title_and_an_icon() -> None:
    assert [place.title for place in PLACES] == [
        "Knowledge",
        "Models",
        "Feedback",
        "Learning",
        "Connections",
        "Security",
        "Help",
        "Settings",
    ]
    for place in PLACES:
        assert resource("icons", f"{place.icon}.svg").is_file()
