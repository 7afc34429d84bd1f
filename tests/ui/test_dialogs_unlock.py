"""The passphrase: chosen for a new workspace, asked for an old one, and never taken away when wrong."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot
from support_pages import picture, texts, unnamed

from agent_assist.adapters.workspace import Workspace
from agent_assist.app import open_desk
from agent_assist.services.desk import Desk, KeyNeed
from agent_assist.ui.dialogs.passphrase_strength import Strength, passphrase_strength
from agent_assist.ui.dialogs.unlock import UnlockDialog
from agent_assist.ui.theme import Theme

PASSPHRASE = "kettle orbit lamp river"


class Opener:
    """Opens a real workspace, without starting its workers."""

    def __init__(self, folder: Path) -> None:
        self.folder: Path | None = folder
        self.demo = False
        self.threads: list[str] = []

    def need(self) -> KeyNeed:
        return KeyNeed.PASSPHRASE

    def open(self, passphrase: str = "") -> Desk:
        self.threads.append(threading.current_thread().name)
        return open_desk(self.folder, passphrase=lambda: passphrase)

    def own(self) -> Opener:
        return self

    def demo_desk(self) -> Opener:
        return self


@pytest.fixture
def desks() -> Iterator[list[Desk]]:
    opened: list[Desk] = []
    yield opened
    for desk in opened:
        desk.close()


def dialog_of(qtbot: QtBot, theme: Theme, folder: Path, need: KeyNeed, desks: list[Desk]) -> UnlockDialog:
    dialog = UnlockDialog(theme, Opener(folder), need)
    dialog.opened.connect(desks.append)
    qtbot.addWidget(dialog)
    dialog.show()
    return dialog


def test_a_passphrase_is_chosen_twice_and_makes_the_workspace(
    qtbot: QtBot, theme: Theme, tmp_path: Path, desks: list[Desk]
) -> None:
    folder = tmp_path / "work"
    dialog = dialog_of(qtbot, theme, folder, KeyNeed.NEW_PASSPHRASE, desks)
    assert any("cannot be recovered" in text for text in texts(dialog))
    assert not dialog.go.isEnabled()
    qtbot.keyClicks(dialog.first, "short")
    assert "at least 8" in dialog.strength.text()
    dialog.first.clear()
    qtbot.keyClicks(dialog.first, PASSPHRASE)
    assert dialog.strength.text() in ("Good.", "Strong.")
    qtbot.keyClicks(dialog.second, "kettle")
    assert "not the same" in dialog.strength.text()
    assert not dialog.go.isEnabled()
    dialog.second.setText(PASSPHRASE)
    assert unnamed(dialog) == []
    picture(dialog, theme, "passphrase-new")
    with qtbot.waitSignal(dialog.opened):
        qtbot.mouseClick(dialog.go, Qt.MouseButton.LeftButton)
    assert Workspace.exists(folder)
    assert dialog.first.text() == ""
    assert desks[0].key_source == "passphrase"
    assert dialog._opener.threads[0].startswith("window")  # type: ignore[attr-defined]


def test_a_wrong_passphrase_is_explained_and_can_be_corrected(
    qtbot: QtBot, theme: Theme, tmp_path: Path, desks: list[Desk]
) -> None:
    folder = tmp_path / "work"
    open_desk(folder, passphrase=lambda: PASSPHRASE).close()
    dialog = dialog_of(qtbot, theme, folder, KeyNeed.PASSPHRASE, desks)
    qtbot.keyClicks(dialog.first, "kettle orbit lamp rivet")
    qtbot.keyClick(dialog.first, Qt.Key.Key_Return)
    qtbot.waitUntil(dialog.banner.isVisible)
    assert dialog.isVisible()
    assert dialog.first.text() == "kettle orbit lamp rivet"
    assert dialog.first.selectionLength() == len(dialog.first.text())
    assert any("Caps Lock" in text for text in texts(dialog.banner))
    picture(dialog, theme, "unlock")
    dialog.reveal.click()
    assert dialog.first.echoMode() is QLineEdit.EchoMode.Normal
    dialog.first.setText(PASSPHRASE)
    with qtbot.waitSignal(dialog.opened):
        qtbot.keyClick(dialog.first, Qt.Key.Key_Return)
    assert desks[0].folder == folder


def test_quitting_opens_nothing(qtbot: QtBot, theme: Theme, tmp_path: Path, desks: list[Desk]) -> None:
    dialog = dialog_of(qtbot, theme, tmp_path / "work", KeyNeed.NEW_PASSPHRASE, desks)
    with qtbot.waitSignal(dialog.rejected):
        qtbot.mouseClick(dialog.quit, Qt.MouseButton.LeftButton)
    assert desks == []
    assert dialog.desk is None


@pytest.mark.parametrize(
    ("text", "strength"),
    [
        ("abc", Strength.SHORT),
        ("password123", Strength.WEAK),
        ("aaaaaaaaaaaa", Strength.WEAK),
        ("12345678", Strength.WEAK),
        ("river stone", Strength.WEAK),
        ("kettle lamp orbit", Strength.FAIR),
        ("kettle orbit lamp river", Strength.GOOD),
        ("x8#kQ!v92Lm$w0Zp", Strength.STRONG),
    ],
)
def test_strength_in_words(text: str, strength: Strength) -> None:
    assert passphrase_strength(text) is strength
