"""The pages on the real demo desk: what they call is there and answers as they expect."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot
from support_pages import Surface, picture

from agent_assist.app import open_desk
from agent_assist.services.desk import Desk
from agent_assist.ui.bridge import Bridge
from agent_assist.ui.context import UiContext
from agent_assist.ui.pages.feedback_page import FeedbackPage
from agent_assist.ui.pages.knowledge_page import KnowledgePage
from agent_assist.ui.pages.models_page import ModelsPage
from agent_assist.ui.pages.settings_page import SettingsPage

SLOW = 120_000


@pytest.fixture
def desk() -> Iterator[Desk]:
    made = open_desk(None, demo=True)
    yield made
    made.close()


@pytest.fixture
def surface(qtbot: QtBot, tmp_path: Path, desk: Desk) -> Iterator[Surface]:
    made = Surface(tmp_path, events=desk.events, options=desk.options)
    made.bridge.close()
    made.bridge = Bridge(desk.events, desk.jobs)
    made.ui = UiContext(desk, made.bridge, made.theme, made.actions)
    yield made
    made.close()


@pytest.mark.real_model
def test_articles_are_listed_removed_and_brought_back(qtbot: QtBot, surface: Surface, desk: Desk) -> None:
    page = KnowledgePage(surface.ui)
    qtbot.addWidget(page)
    page.resize(1180, 720)
    page.show()
    qtbot.waitUntil(lambda: page.articles.model.total() > 150, timeout=SLOW)
    picture(page, surface.theme, "knowledge-demo")
    total, first = page.articles.model.total(), page.articles.model.article(0)
    page.articles.table.selectRow(0)
    qtbot.mouseClick(page.articles.remove_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: page.articles.model.total() == total - 1, timeout=SLOW)
    assert desk.knowledge.article(first.id) is None
    qtbot.mouseClick(page.toast.button, Qt.MouseButton.LeftButton)
    # It is back at once; that it is encoded again takes longer and is not waited for here.
    qtbot.waitUntil(lambda: desk.knowledge.article(first.id) is not None, timeout=SLOW)


def test_the_packaged_model_is_listed_and_whole(qtbot: QtBot, surface: Surface, desk: Desk) -> None:
    page = ModelsPage(surface.ui)
    qtbot.addWidget(page)
    page.resize(900, 800)
    page.show()
    qtbot.waitUntil(lambda: bool(page.installed) and bool(page.catalogue), timeout=SLOW)
    row = next(iter(page.installed.values()))
    assert row.record.licence == "Apache-2.0"
    qtbot.mouseClick(row.verify, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: row.verdict.text() == "The file is whole.", timeout=SLOW)
    picture(page, surface.theme, "models-demo")


def test_settings_and_feedback_open(qtbot: QtBot, surface: Surface, desk: Desk) -> None:
    settings = SettingsPage(surface.ui)
    qtbot.addWidget(settings)
    qtbot.waitUntil(lambda: "reply.company" in settings.rows)
    assert settings.rows["reply.company"].editor.text() == desk.options.current.reply.company  # type: ignore[attr-defined]
    feedback = FeedbackPage(surface.ui)
    qtbot.addWidget(feedback)
    feedback.show()
    qtbot.waitUntil(lambda: feedback.facts.text() == "No drafts in this time", timeout=SLOW)
