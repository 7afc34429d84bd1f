"""Starts the window: opens the desk off the UI thread, asks for the passphrase, runs the event loop."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from agent_assist.services.desk import Desk
from agent_assist.ui import icons
from agent_assist.ui.theme import Theme

DeskFactory = Callable[[Callable[[], str] | None], Desk]
"""Opens the desk; gets what answers with the passphrase, None for the first try without one."""


def make_application(argv: Sequence[str] = ()) -> QApplication:
    """The application object, or the one that exists."""
    existing = QApplication.instance()
    if isinstance(existing, QApplication):
        return existing
    app = QApplication([sys.argv[0], *argv])
    app.setApplicationName("agent-assist")
    app.setApplicationDisplayName("Agent Assist")
    app.setDesktopFileName("agent-assist")
    return app


def run(open_desk: DeskFactory, argv: Sequence[str] = ()) -> int:
    """Show the window until it is closed; returns the exit code."""
    from agent_assist.ui.session import Session

    app = make_application(argv)
    theme = Theme(app)
    QGuiApplication.setWindowIcon(icons.icon(theme, "logo", "accent", 64))
    session: QObject = Session(app, theme, open_desk)
    code = app.exec()
    session.deleteLater()
    return code
