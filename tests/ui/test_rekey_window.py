"""A new data key from the window: tried first, the desk closed, encrypted anew, and back in a new window."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from support_pages import picture, texts, unnamed
from support_store import ticket

from agent_assist import opening
from agent_assist.adapters.workspace import Workspace
from agent_assist.domain.access import TeamRole
from agent_assist.errors import WrongPassphrase
from agent_assist.services import beginning
from agent_assist.services.access import AccessService
from agent_assist.ui.dialogs.rekey_dialog import RekeyDialog
from agent_assist.ui.session import Session
from agent_assist.ui.shell import Shell
from agent_assist.ui.theme import Theme

pytestmark = pytest.mark.timeout(240)
PATIENCE = 60_000
OLD, NEW = "four plain words together", "another four plain words"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "w"


@pytest.fixture
def shell(qtbot: QtBot, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    monkeypatch.setattr(beginning, "begin", lambda _: None)  # no model is needed here
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    opener = opening.Opener(folder)
    desk = opener.open(OLD)
    desk.options.change({"first_run_done": True})
    desk.tickets.save([ticket("T-1", "Hello")])
    made = Shell(Theme(app))
    assert made.claim(opener)
    made.start(opener, desk)
    yield made
    made.close()
    for widget in app.topLevelWidgets():
        widget.close()


def says(dialog: RekeyDialog, words: str) -> bool:
    return any(words in text for text in texts(dialog.banner))


def opens_with(folder: Path, passphrase: str) -> None:
    Workspace.open(folder, passphrase=lambda: passphrase).close()


def asked(session: Session) -> RekeyDialog:
    session.ask_rekey()
    return next(d for d in session.window.findChildren(RekeyDialog) if d.isVisible())


def test_the_workspace_is_encrypted_anew_and_comes_back(qtbot: QtBot, shell: Shell, folder: Path) -> None:
    first = shell.session
    assert first is not None
    assert first.desk is not None
    assert first.desk.keys is not None
    printed = first.desk.keys.make_recovery_key()
    dialog = asked(first)
    assert not dialog.go.isEnabled()
    dialog.now.setText("not the one")
    dialog.go.click()
    qtbot.waitUntil(lambda: says(dialog, "not the one of this workspace"), timeout=PATIENCE)
    dialog.now.setText(printed)
    dialog.go.click()
    qtbot.waitUntil(lambda: says(dialog, "Give a new passphrase."), timeout=PATIENCE)
    dialog.now.setText(OLD)
    dialog.new.setText(NEW)
    assert unnamed(dialog) == []
    picture(dialog, first._theme, "rekey")
    dialog.go.click()

    def back() -> bool:
        return shell.session is not None and shell.session is not first and shell.session.desk is not None

    qtbot.waitUntil(back, timeout=PATIENCE)
    assert shell.session is not None
    desk = shell.session.desk
    assert desk is not None
    assert desk.tickets.get("T-1") is not None
    assert desk.audit is not None
    assert desk.audit.verify().intact
    assert desk.keys is not None
    assert not desk.keys.has_recovery_key
    assert not first.window.isVisible()
    shell.close()
    for wrong in (OLD, printed):
        with pytest.raises(WrongPassphrase):
            opens_with(folder, wrong)
    opens_with(folder, NEW)


def test_an_agent_may_not(qtbot: QtBot, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    session = shell.session
    assert session is not None
    monkeypatch.setattr(AccessService, "role", property(lambda _: TeamRole.AGENT))
    dialog = asked(session)
    dialog.now.setText(OLD)
    dialog.go.click()
    qtbot.waitUntil(lambda: says(dialog, "Only an admin may make a recovery key"), timeout=PATIENCE)
    assert dialog.isVisible()
    assert shell.session is session
    dialog.reject()
