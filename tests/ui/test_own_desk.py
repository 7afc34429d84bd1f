"""From the demo desk to one's own, back to the demo, and home again: one process, real services."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QDialog
from pytestqt.qtbot import QtBot

from agent_assist import opening as root
from agent_assist.services.desk import KeyNeed
from agent_assist.ui.dialogs.unlock import UnlockDialog
from agent_assist.ui.session import Session
from agent_assist.ui.shell import Shell
from agent_assist.ui.theme import Theme
from agent_assist.ui.wizard.first_run import FirstRun

pytestmark = [pytest.mark.real_model, pytest.mark.timeout(240)]
PATIENCE = 60_000
PASSPHRASE = "four plain words together"


@pytest.fixture
def shell(qtbot: QtBot) -> Iterator[Shell]:
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    made = Shell(Theme(app))
    opener = root.window_opener(None, demo=False)
    assert opener.demo  # nobody has a workspace here yet
    assert made.claim(opener)
    made.start(opener)
    yield made
    made.close()
    for widget in app.topLevelWidgets():
        widget.close()


def session_of(shell: Shell, qtbot: QtBot, *, demo: bool) -> Session:
    def there() -> bool:
        desk = shell.session.desk if shell.session is not None else None
        return desk is not None and desk.demo is demo

    qtbot.waitUntil(there, timeout=PATIENCE)
    assert shell.session is not None
    return shell.session


def dialog(kind: type[QDialog], qtbot: QtBot) -> QDialog:
    def shown() -> list[QDialog]:
        return [w for w in QApplication.topLevelWidgets() if isinstance(w, kind) and w.isVisible()]

    qtbot.waitUntil(lambda: bool(shown()), timeout=PATIENCE)
    return shown()[0]


def unlock(qtbot: QtBot, *, new: bool) -> None:
    asked = dialog(UnlockDialog, qtbot)
    assert isinstance(asked, UnlockDialog)
    qtbot.keyClicks(asked.first, PASSPHRASE)
    if new:
        qtbot.keyClicks(asked.second, PASSPHRASE)
    qtbot.mouseClick(asked.go, Qt.MouseButton.LeftButton)


def test_the_demo_desk_leads_to_an_own_one_and_back(shell: Shell, qtbot: QtBot) -> None:
    demo = session_of(shell, qtbot, demo=True)
    assert demo.window.demo.isVisible()
    own_folder = root.window_opener(None, demo=True).own().folder
    assert own_folder is not None

    qtbot.mouseClick(demo.window.demo.button, Qt.MouseButton.LeftButton)
    asked = dialog(UnlockDialog, qtbot)
    asked.reject()
    assert shell.session is demo
    assert demo.window.isVisible()

    qtbot.mouseClick(demo.window.demo.button, Qt.MouseButton.LeftButton)
    unlock(qtbot, new=True)
    own = session_of(shell, qtbot, demo=False)
    assert not demo.window.isVisible()
    assert own.window.isVisible()
    assert not own.window.demo.isVisible()
    assert own.desk is not None
    assert own.desk.folder == own_folder
    wizard = dialog(FirstRun, qtbot)
    assert isinstance(wizard, FirstRun)

    wizard.go_to(1)
    qtbot.mouseClick(wizard.articles.demo, Qt.MouseButton.LeftButton)
    again = session_of(shell, qtbot, demo=True)
    assert not own.window.isVisible()
    assert root.window_opener(None, demo=False).need() is KeyNeed.PASSPHRASE

    assert again.ui is not None
    assert again.ui.actions.trigger("desk.own")
    unlock(qtbot, new=False)
    home = session_of(shell, qtbot, demo=False)
    assert home.desk is not None
    assert home.desk.folder == own_folder
    wizard = dialog(FirstRun, qtbot)
    wizard.reject()
    desk = home.desk
    qtbot.waitUntil(lambda: desk.options.current.first_run_done, timeout=PATIENCE)


def test_the_own_desk_that_is_open_elsewhere_is_left_alone(
    shell: Shell, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    demo = session_of(shell, qtbot, demo=True)
    own = root.window_opener(None, demo=True).own()
    other = Shell(Theme(QApplication.instance()))  # type: ignore[arg-type]
    assert other.claim(own)
    monkeypatch.setattr("agent_assist.ui.instance.SingleInstance._hand_over", lambda *_: True)
    shell.move_to(own)
    qtbot.waitUntil(lambda: "another window" in demo.window.status.said, timeout=PATIENCE)
    assert shell.session is demo
    assert other._next is not None
    other._next.release()
