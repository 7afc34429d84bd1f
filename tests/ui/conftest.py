"""Shared by the tests of the window."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from support_pages import Surface

from agent_assist import settings
from agent_assist.opening import window_opener
from agent_assist.ui.main_window import MainWindow
from agent_assist.ui.session import Session
from agent_assist.ui.theme import Theme
from agent_assist.ui.views.draft_panel import DraftPanel


@pytest.fixture(autouse=True)
def collected() -> Iterator[None]:
    """A window sets aside what there is until its process ends; tests open many in one process."""
    yield
    if gc.get_freeze_count():
        gc.unfreeze()
        gc.enable()
        gc.collect()


@pytest.fixture
def theme(qtbot: QtBot) -> Iterator[Theme]:
    """The light theme."""
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    # Windows of earlier tests would be styled along with this one's.
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    made = Theme(app)
    made.set_mode(settings.ThemeMode.LIGHT)
    yield made
    made.set_mode(settings.ThemeMode.LIGHT)


@pytest.fixture
def window(qtbot: QtBot, theme: Theme) -> MainWindow:
    """The window's frame, without a desk."""
    made = MainWindow(theme)
    qtbot.addWidget(made)
    made.show()
    qtbot.waitExposed(made)
    return made


@pytest.fixture
def surface(qtbot: QtBot, tmp_path: Path) -> Iterator[Surface]:
    """What a page needs around it, with no services."""
    made = Surface(tmp_path)
    yield made
    made.close()


@pytest.fixture
def panel(qtbot: QtBot, theme: Theme) -> DraftPanel:
    """The reply of one ticket, without a desk."""
    made = DraftPanel(theme)
    qtbot.addWidget(made)
    made.resize(640, 520)
    made.show()
    qtbot.waitExposed(made)
    made.show_ticket("1042")
    return made


@pytest.fixture
def session(qtbot: QtBot) -> Iterator[Session]:
    """The window on the demo desk, with its first ticket open."""
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    made = Session(Theme(app), window_opener(None, demo=True))
    made.start()
    qtbot.addWidget(made.window)
    qtbot.waitUntil(
        lambda: made.controllers is not None and bool(made.controllers.tickets.current_id), timeout=60_000
    )
    yield made
    made.close()
