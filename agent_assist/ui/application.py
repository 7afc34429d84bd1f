"""Starts the window: one for each workspace, unlocked where that is needed."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from agent_assist.services.desk import Desk, DeskOpener, KeyNeed
from agent_assist.ui import icons
from agent_assist.ui.theme import Theme

SWITCH_SECONDS = 0.0002


def make_application(argv: Sequence[str] = ()) -> QApplication:
    """The application object, or the one that exists."""
    existing = QApplication.instance()
    if isinstance(existing, QApplication):
        return existing
    # Threads that compute give way to the window after 0.2 ms, not 5: it waits anew after each call to Qt.
    sys.setswitchinterval(SWITCH_SECONDS)
    app = QApplication([sys.argv[0], *argv])
    app.setApplicationName("agent-assist")
    app.setApplicationDisplayName("Agent Assist")
    app.setDesktopFileName("agent-assist")
    return app


def run_window(opener: DeskOpener, link: str = "") -> int:
    """Show the window until it is closed; returns the exit code.

    Where another window has the workspace, that one comes to the front, with `link`, and this call
    returns at once.  Raises WorkspaceBusy where that other process does not answer.
    """
    from agent_assist.ui.shell import Shell

    app = make_application()
    theme = Theme(app)
    shell = Shell(theme)
    if not shell.claim(opener, link):
        return 0
    QGuiApplication.setWindowIcon(icons.icon(theme, "logo", "accent", 64))
    desk: Desk | None = None
    need = opener.need()
    if need is not KeyNeed.NOTHING:
        desk = _unlock(theme, opener, need)
        if desk is None:
            return 0
    shell.start(opener, desk, link)
    code = app.exec()
    shell.close()
    return code


def _unlock(theme: Theme, opener: DeskOpener, need: KeyNeed) -> Desk | None:
    from agent_assist.ui.dialogs.unlock import UnlockDialog

    dialog = UnlockDialog(theme, opener, need)
    dialog.exec()
    return dialog.desk
