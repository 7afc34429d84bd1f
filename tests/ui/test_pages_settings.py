"""The settings form is made from the settings, saves at once, and says what is wrong where it is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QComboBox, QLineEdit
from pytestqt.qtbot import QtBot
from support_pages import Surface, picture, unnamed

from agent_assist import settings as files
from agent_assist.settings import Settings, ThemeMode
from agent_assist.ui.pages.option_fields import OptionKind, option_groups, settings_chapter
from agent_assist.ui.pages.settings_page import SettingsPage


@pytest.fixture
def page(qtbot: QtBot, surface: Surface) -> SettingsPage:
    made = SettingsPage(surface.ui)
    qtbot.addWidget(made)
    made.resize(900, 700)
    made.show()
    qtbot.waitExposed(made)
    qtbot.waitUntil(lambda: len(made.rows) == sum(len(group.fields) for group in option_groups()))
    return made


def test_every_option_of_every_section_has_a_row(page: SettingsPage) -> None:
    declared = {
        f"{section}.{name}"
        for section in Settings.model_fields
        if isinstance(getattr(Settings(), section), files.Section)
        for name in getattr(Settings(), section).model_dump()
    }
    assert set(page.rows) == declared
    assert unnamed(page) == []


def test_a_switch_is_saved_at_once(
    qtbot: QtBot, page: SettingsPage, surface: Surface, tmp_path: Path
) -> None:
    row = page.rows["appearance.reduced_motion"]
    assert isinstance(row.editor, QCheckBox)
    assert not row.restore.isVisible()
    with qtbot.waitSignal(surface.bridge.settings_changed):
        row.editor.click()
    assert surface.options.current.appearance.reduced_motion
    assert files.load(tmp_path / "settings.json").appearance.reduced_motion
    qtbot.waitUntil(row.restore.isVisible)
    with qtbot.waitSignal(surface.bridge.settings_changed):
        row.restore.click()
    assert not surface.options.current.appearance.reduced_motion
    assert not row.editor.isChecked()


def test_a_choice_is_picked_with_the_keyboard(qtbot: QtBot, page: SettingsPage, surface: Surface) -> None:
    row = page.rows["appearance.theme"]
    assert isinstance(row.editor, QComboBox)
    row.editor.setFocus()
    with qtbot.waitSignal(surface.bridge.settings_changed):
        qtbot.keyClick(row.editor, Qt.Key.Key_D)
        row.editor.activated.emit(row.editor.currentIndex())
    assert surface.options.current.appearance.theme is ThemeMode.DARK


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("many", "whole number"),
        ("5", "1,024 to 131,072"),
        ("9,999,999", "1,024 to 131,072"),
        ("", "whole number"),
    ],
)
def test_a_number_that_cannot_be_used_is_explained_and_kept(
    qtbot: QtBot, page: SettingsPage, surface: Surface, typed: str, said: str
) -> None:
    row = page.rows["model.context_tokens"]
    assert isinstance(row.editor, QLineEdit)
    row.editor.setText(typed)
    qtbot.keyClick(row.editor, Qt.Key.Key_Return)
    assert row.problem.isVisible()
    assert said in row.problem.text()
    assert row.editor.text() == typed
    assert surface.options.current.model.context_tokens == 4096
    row.editor.setText("8,192")
    with qtbot.waitSignal(surface.bridge.settings_changed):
        qtbot.keyClick(row.editor, Qt.Key.Key_Return)
    assert surface.options.current.model.context_tokens == 8192
    assert not row.problem.isVisible()


def test_up_and_down_step_within_the_limits(qtbot: QtBot, page: SettingsPage) -> None:
    editor = page.rows["model.candidates"].editor
    assert isinstance(editor, QLineEdit)
    for _ in range(5):
        qtbot.keyClick(editor, Qt.Key.Key_Up)
    assert editor.text() == "4"
    qtbot.keyClick(editor, Qt.Key.Key_Down)
    assert editor.text() == "3"


def test_a_change_that_cannot_be_saved_says_so_under_the_option(
    qtbot: QtBot, page: SettingsPage, surface: Surface, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, settings: Settings) -> None:
        raise files.DiskFull("The settings could not be saved: No space left on device.")

    monkeypatch.setattr(files, "save", full)
    row = page.rows["reply.company"]
    assert isinstance(row.editor, QLineEdit)
    row.editor.setText("Northwind")
    qtbot.keyClick(row.editor, Qt.Key.Key_Return)
    qtbot.waitUntil(row.problem.isVisible)
    assert "No space left" in row.problem.text()
    assert row.editor.text() == "Northwind"


def test_a_change_made_elsewhere_is_shown(qtbot: QtBot, page: SettingsPage, surface: Surface) -> None:
    surface.options.change({"reply.prefetch": 7})
    editor = page.rows["reply.prefetch"].editor
    assert isinstance(editor, QLineEdit)
    qtbot.waitUntil(lambda: editor.text() == "7")


def test_search_leaves_the_options_that_have_the_words(qtbot: QtBot, page: SettingsPage) -> None:
    qtbot.keyClicks(page.search, "gpu")
    assert page.rows["model.gpu_layers"].isVisible()
    assert not page.rows["appearance.theme"].isVisible()
    page.search.setText("appearance")
    assert page.rows["appearance.theme"].isVisible()
    page.search.setText("zzz")
    assert page.nothing.isVisible()
    page.search.clear()
    assert all(row.isVisible() for row in page.rows.values())
    assert not page.nothing.isVisible()


def test_pictures(qtbot: QtBot, page: SettingsPage, surface: Surface) -> None:
    page.rows["model.context_tokens"].say("Enter a number from 1,024 to 131,072.")
    picture(page, surface.theme, "settings", (900, 800))
    picture(page, surface.theme, "settings-narrow", (420, 700))
    assert page.width() == 420


def test_the_help_chapter_names_every_option() -> None:
    chapter = settings_chapter()
    for group in option_groups():
        assert f"## {group.title}" in chapter
        for option in group.fields:
            assert f"**{option.title}**" in chapter
            assert option.kind is OptionKind.TEXT or option.description in chapter
